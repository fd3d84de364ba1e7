import assert from "node:assert/strict";
import { test } from "node:test";
import { timeInWords } from "./time.ts";

/* Local times: the words speak of the reader's own days. */
const now = new Date(2026, 10, 20, 15, 30).getTime();
const at = (...parts: [number, number, number, number, number]): string => new Date(...parts).toISOString();

const scenarios: [name: string, time: string, words: RegExp][] = [
    ["now", at(2026, 10, 20, 15, 30), /^just now$/],
    ["a clock that is behind", at(2026, 10, 20, 15, 45), /^just now$/],
    ["a minute", at(2026, 10, 20, 15, 29), /^1 minute ago$/],
    ["minutes", at(2026, 10, 20, 14, 31), /^59 minutes ago$/],
    ["an hour", at(2026, 10, 20, 14, 30), /^1 hour ago$/],
    ["hours", at(2026, 10, 20, 1, 0), /^14 hours ago$/],
    ["yesterday, less than a day ago", at(2026, 10, 19, 16, 10), /^yesterday at 4:10\sPM$/],
    ["yesterday, more than a day ago", at(2026, 10, 19, 9, 0), /^yesterday at 9:00\sAM$/],
    ["this week", at(2026, 10, 16, 8, 5), /^Monday at 8:05\sAM$/],
    ["this year", at(2026, 10, 3, 8, 5), /^November 3$/],
    ["another year", at(2025, 11, 31, 8, 5), /^December 31, 2025$/],
    ["no time at all", "soon", /^$/],
];

for (const [name, time, words] of scenarios) {
    test(`time in words: ${name}`, () => assert.match(timeInWords(time, now), words));
}
