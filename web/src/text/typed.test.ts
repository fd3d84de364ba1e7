/* What members type, and what is made of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { safeLink } from "./link.ts";
import { charsOf, topicsOf } from "./topics.ts";
import { proposeUsername, USERNAME } from "./username.ts";

test("a sign-in name is proposed from a name", () => {
    const names = {
        "Mary O'Neill": "mary.o.neill",
        "  Tom  Becker ": "tom.becker",
        "José Muñoz": "jose.munoz",
        "Anna-Lena Groß": "anna-lena.gross",
        "J. R. Smith": "j.r.smith",
        李: "",
    };
    for (const [name, username] of Object.entries(names)) assert.equal(proposeUsername(name), username);
    assert.ok(USERNAME.test("mary.o.neill"));
    for (const bad of ["m", "Mary", "mary ann", "a".repeat(61)]) assert.ok(!USERNAME.test(bad), bad);
});

test("topics are words, each once, without signs around them", () => {
    assert.deepEqual(topicsOf(" walking, #Sleep  walking;WALKING ##tea "), ["walking", "Sleep", "tea"]);
    assert.deepEqual(topicsOf("  "), []);
});

test("characters are counted as the server counts them", () => {
    assert.equal(charsOf("naïve 👍"), 7);
});

test("a notice's link stays in the app", () => {
    assert.equal(safeLink("/#/posts/12"), "/#/posts/12");
    for (const bad of [null, "", "https://elsewhere", "//elsewhere", "/\\elsewhere", "javascript:alert(1)"]) {
        assert.equal(safeLink(bad), null, String(bad));
    }
});
