/* Links in posts: which words are one, where they end, and that nothing is lost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { endOf, withLinks } from "./links.ts";

const links = (text: string): string[] =>
    withLinks(text).flatMap((part) => (typeof part === "string" ? [] : [part.text]));

test("http and https addresses are links, wherever they stand", () => {
    const cases: Record<string, string[]> = {
        "https://a.example": ["https://a.example"],
        "Look: http://a.example/b?c=d&e#f now": ["http://a.example/b?c=d&e#f"],
        "HTTPS://A.example/B": ["HTTPS://A.example/B"],
        "one https://a.example\ntwo https://b.example": ["https://a.example", "https://b.example"],
        "https://a.example:8080/b": ["https://a.example:8080/b"],
        "https://bücher.example/ä": ["https://bücher.example/ä"],
    };
    for (const [text, expected] of Object.entries(cases)) assert.deepEqual(links(text), expected, text);
});

test("nothing else is one: no mail, no other scheme, no bare name, no half address", () => {
    for (const text of [
        "mary@a.example",
        "mailto:mary@a.example",
        "www.a.example and a.example",
        "javascript:alert(1)//https:",
        "data:text/html,<b>x</b>",
        "ftp://a.example file:///etc/passwd",
        "https:// and http://",
        "https://.",
        "xhttps://a.example",
        "https://bank.example@evil.example",
        "https://user:word@a.example",
    ]) {
        assert.deepEqual(withLinks(text), [text], text);
    }
    assert.deepEqual(withLinks(""), []);
});

test("what belongs to the sentence does not belong to the address", () => {
    const cases: Record<string, string> = {
        "(see https://a.example/b).": "https://a.example/b",
        "https://a.example/b_(c)": "https://a.example/b_(c)",
        "(https://a.example/b_(c))": "https://a.example/b_(c)",
        "“https://a.example”, she said": "https://a.example",
        "<https://a.example>": "https://a.example",
        "Go to https://a.example/!?": "https://a.example/",
        "https://a.example/b...": "https://a.example/b",
        "**https://a.example**": "https://a.example",
        "https://a.example/\u202egnp.exe": "https://a.example/",
    };
    for (const [text, expected] of Object.entries(cases)) assert.deepEqual(links(text), [expected], text);
});

test("the parts are the text again, and an href is an address of the web", () => {
    const text = "a https://a.example/x y\n(http://b.example). https://u@c.example \"https://d.example/<script>\"";
    const parts = withLinks(text);
    assert.equal(parts.map((part) => (typeof part === "string" ? part : part.text)).join(""), text);
    const hrefs = parts.flatMap((part) => (typeof part === "string" ? [] : [part.href]));
    assert.deepEqual(hrefs, ["https://a.example/x", "http://b.example/", "https://d.example/"]);
});

test("a text full of brackets is looked at twice, not once for each of them", () => {
    const text = `https://a.example/${")".repeat(5_000)}`;
    assert.deepEqual(links(text), ["https://a.example/"]);
    let looks = 0;
    const signs = new Proxy([...text], { get: (all, name) => ((looks += Number(name !== "length")), Reflect.get(all, name)) });
    assert.equal(endOf(signs), "https://a.example/".length);
    assert.ok(looks <= 2 * text.length, `${looks} looks`);
});
