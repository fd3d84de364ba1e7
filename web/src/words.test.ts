/*
 * Every sentence of the catalogue at US grade 8 or below (Flesch-Kincaid). Single labels are left out: the formula
 * measures sentences, and "Notices" is not one.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { words } from "./words.ts";

const GRADE_MAX = 8;
const SENTENCE_WORDS_MIN = 4;

function sentences(part: unknown): string[] {
    if (typeof part === "string") return [part];
    if (typeof part === "function") {
        const argument = part === words.active.and ? ["Coach Sarah", "12 others"] : 12;
        try {
            return [String((part as (value: unknown, more: boolean) => unknown)(argument, true))];
        } catch {
            return [];
        }
    }
    return typeof part === "object" && part !== null ? Object.values(part).flatMap(sentences) : [];
}

function syllables(word: string): number {
    const letters = word.toLowerCase().replace(/[^a-z]/g, "");
    const groups = letters.replace(/(?<![aeiouy])e$|es$|(?<![td])ed$/, "").match(/[aeiouy]+/g);
    return Math.max(1, groups?.length ?? 1);
}

function grade(text: string): number {
    const parts = text.split(/[.!?:]+(?=\s|$)/).filter((it) => it.trim());
    const all = text.split(/\s+/).filter((it) => /[a-z0-9]/i.test(it));
    const total = all.reduce((sum, word) => sum + syllables(word), 0);
    return 0.39 * (all.length / Math.max(1, parts.length)) + 11.8 * (total / all.length) - 15.59;
}

const long = sentences(words).filter((it) => it.split(/\s+/).length >= SENTENCE_WORDS_MIN);

test("the catalogue is not empty", () => assert.ok(long.length > 60, String(long.length)));

for (const sentence of long) {
    test(`words: ${sentence}`, () => {
        assert.ok(grade(sentence) <= GRADE_MAX, `grade ${grade(sentence).toFixed(1)}`);
    });
}
