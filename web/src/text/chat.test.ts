import assert from "node:assert/strict";
import { test } from "node:test";
import { hereLine, typingLine, type Person } from "./chat.ts";

const people = (...names: string[]): Person[] => names.map((username) => ({ userId: username, username }));

test("who is in the chat, without oneself", () => {
    const cases: [string[], string][] = [
        [[], "You are the only one in the chat right now"],
        [["Me"], "You are the only one in the chat right now"],
        [["Me", "Tom"], "Tom is in the chat"],
        [["Tom", "Me", "Ruth"], "Tom and Ruth are in the chat"],
        [["Tom", "Ruth", "Jo"], "Tom, Ruth and Jo are in the chat"],
        [["Tom", "Ruth", "Jo", "Ann", "Me"], "Tom, Ruth and 2 others are in the chat"],
    ];
    for (const [names, line] of cases) assert.equal(hereLine(people(...names), "Me"), line);
});

test("who is writing, without oneself", () => {
    assert.equal(typingLine(people("Me"), "Me"), "");
    assert.equal(typingLine(people("Tom"), "Me"), "Tom is writing…");
    assert.equal(typingLine(people("Tom", "Ruth"), "Me"), "Tom and Ruth are writing…");
});
