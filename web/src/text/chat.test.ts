import assert from "node:assert/strict";
import { test } from "node:test";
import { hereLine, typingLine, type Person } from "./chat.ts";

const people = (...names: string[]): Person[] => names.map((username) => ({ userId: username, username }));

test("who is active now, without oneself", () => {
    const cases: [string[], string, number?][] = [
        [[], "You are the only one here right now"],
        [["Me"], "You are the only one here right now"],
        [["Me", "Tom"], "Tom is active now"],
        [["Tom", "Me", "Ruth"], "Tom and Ruth are active now"],
        [["Tom", "Ruth", "Jo"], "Tom, Ruth and Jo are active now"],
        [["Tom", "Ruth", "Jo", "Ann", "Me"], "Tom, Ruth and 2 others are active now"],
        [["Tom", "Ruth", "Jo", "Me"], "Tom, Ruth and 97 others are active now", 100],
        [["Tom"], "Tom and 1 other are active now", 2],
    ];
    for (const [names, line, online = names.length] of cases)
        assert.equal(hereLine({ people: people(...names), online }, "Me"), line);
});

test("who is writing, without oneself", () => {
    assert.equal(typingLine(people("Me"), "Me"), "");
    assert.equal(typingLine(people("Tom"), "Me"), "Tom is writing…");
    assert.equal(typingLine(people("Tom", "Ruth"), "Me"), "Tom and Ruth are writing…");
});
