/*
 * The two catalogues: plain enough for everybody, of one shape, and the Spanish one really Spanish.
 *
 * Each sentence is measured by itself. What has fewer than four words is a label and not a sentence: the formulas
 * measure sentences, and "Notices" is not one.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import readability from "text-readability";
import { entries } from "./sayings.ts";
import { spanish } from "./words.es.ts";
import { words as english } from "./words.ts";

const GRADE_MAX = 8;
const EASE_MIN = 60;
const SENTENCE_WORDS_MIN = 4;

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((it) => /[\p{L}\d]/u.test(it));

const sentences = (catalogue: unknown): string[] => [
    ...new Set(
        entries(catalogue)
            .flatMap(({ text }) => text.split(/(?<=[.!?…])\s+/))
            .filter((it) => wordsOf(it).length >= SENTENCE_WORDS_MIN),
    ),
];

/* ---- how hard a sentence is ------------------------------------------------------------------------------------- */

/*
 * Syllables of a Spanish word: a, e, o and an accented í or ú make one each; an i or u beside them makes none, and one
 * when it stands alone.
 */
function syllables(word: string): number {
    const runs =
        word
            .toLowerCase()
            .replace(/y(?![aeiouáéíóú])/g, "i")
            .match(/[aeiouáéíóúü]+/g) ?? [];
    return Math.max(
        1,
        runs.reduce((sum, run) => sum + Math.max(1, run.match(/[aeoáéóíú]/g)?.length ?? 0), 0),
    );
}

/*
 * Reading ease of Spanish, 60 and up is plain: José Fernández Huerta, "Medidas sencillas de lecturabilidad", Consigna
 * 214 (1959), with F as words in a sentence, as Gwillim Law has shown it to be meant (LINGUIST List 22.2332, 2011).
 */
function ease(sentence: string): number {
    const all = wordsOf(sentence);
    const sum = all.reduce((before, word) => before + syllables(word), 0);
    return 206.84 - 60 * (sum / all.length) - 1.02 * all.length;
}

test("the syllables of Spanish are counted", () => {
    const counts = { su: 1, aviso: 3, día: 2, hoy: 1, quien: 1, leer: 2, página: 3, línea: 3, ahí: 2, aún: 2 };
    for (const [word, count] of Object.entries(counts)) assert.equal(syllables(word), count, word);
});

test("the catalogues are not empty", () => {
    for (const catalogue of [english, spanish]) {
        const { length } = sentences(catalogue);
        assert.ok(length > 200, String(length));
    }
});

test("no English sentence is above US grade 8 (Flesch-Kincaid)", () => {
    const hard = sentences(english)
        .map((text) => ({ text, grade: readability.fleschKincaidGrade(text) }))
        .filter(({ grade }) => !(grade <= GRADE_MAX));
    assert.deepEqual(hard, []);
});

test("no Spanish sentence is harder than plain (Fernández Huerta)", () => {
    const hard = sentences(spanish)
        .map((text) => ({ text, ease: Math.round(ease(text)) }))
        .filter((it) => !(it.ease >= EASE_MIN));
    assert.deepEqual(hard, []);
});

test("a hard sentence would be found", () => {
    const text = "Unfortunately, authentication credentials necessitate immediate administrative verification.";
    assert.ok(readability.fleschKincaidGrade(text) > GRADE_MAX);
    assert.ok(ease("Lamentablemente, las credenciales requieren verificación administrativa.") < EASE_MIN);
});

/* ---- one shape -------------------------------------------------------------------------------------------------- */

function shape(part: unknown, path = ""): string[] {
    if (typeof part !== "object" || part === null) return [`${path}: ${typeof part}`];
    return Object.entries(part).flatMap(([name, it]) => shape(it, `${path}.${name}`));
}

test("both catalogues have the same shape", () => {
    assert.deepEqual(shape(spanish).sort(), shape(english).sort());
});

/* What is the same in both languages: names, and words that Spanish has from English or English from Spanish. */
const SAME = new Set([
    "brand",
    "title",
    "languages.en",
    "languages.es",
    "active.coach",
    "nav.corner",
    "nav.chat",
    "chat.view",
    "post.coach",
    "nav.admin",
    "post.admin",
    "admin.view",
    "settings.sizes.normal",
    "admin.megabytes",
    "admin.milliseconds",
    "admin.backupSize",
]);

test("what is said in Spanish is not English", () => {
    const said = new Map(entries(english).map(({ path, how, text }) => [`${path} ${how}`, text]));
    const same = entries(spanish).filter(({ path, how, text }) => {
        const own = text.replace(/Sarah|true/g, "");
        return /\p{L}/u.test(own) && said.get(`${path} ${how}`) === text;
    });
    const paths = new Set(same.map(({ path }) => path));
    assert.deepEqual(
        [...paths].filter((it) => !SAME.has(it)),
        [],
    );
    for (const path of SAME) assert.ok(paths.has(path), `${path} differs, and need not be listed`);
});
