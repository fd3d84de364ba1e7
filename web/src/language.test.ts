/* Which language is chosen, and what is said once Spanish is spoken. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { languageOf, speak } from "./language.ts";
import { PorchlightError } from "./porchlight/index.ts";
import { activeLine } from "./text/active.ts";
import { noticeTitle } from "./text/notice.ts";
import { joinProblem, problemSentence } from "./text/problem.ts";
import { timeInWords } from "./text/time.ts";
import { spanish } from "./words.es.ts";
import { words } from "./words.ts";

const choices: [name: string, chosen: string | null, preferred: string[], language: string][] = [
    ["the browser's first that there is", null, ["fr-CA", "es-MX", "en-US"], "es"],
    ["English before Spanish", null, ["en-GB", "es"], "en"],
    ["only others", null, ["de", "fr"], "en"],
    ["none at all", null, [], "en"],
    ["written large", null, ["ES"], "es"],
    ["not Estonian", null, ["et-EE", "est"], "en"],
    ["what was chosen comes first", "en", ["es-US"], "en"],
    ["and so does Spanish", "es", ["en-US"], "es"],
    ["a choice that is none", "xx", ["es-US"], "es"],
];
for (const [name, chosen, preferred, language] of choices) {
    test(`language: ${name}`, () => assert.equal(languageOf(chosen, preferred), language));
}

const refused = (status: number, slug: string, detail = "Server words."): PorchlightError =>
    new PorchlightError("refused", { status, slug, detail });

const sentence = (...facts: Parameters<typeof refused>): string => problemSentence(refused(...facts), true);

test("in English the server's sentence is shown where there is none of our own", () => {
    assert.equal(sentence(400, "invalid"), "Server words.");
    assert.equal(sentence(404, "not-found"), words.status.problem.gone);
    assert.equal(sentence(403, ""), words.status.problem.forbidden);
    assert.equal(sentence(403, "muted"), words.status.problem.muted);
    assert.equal(sentence(418, "", ""), words.status.problem.refused);
    assert.equal(joinProblem(refused(404, "not-found")), words.join.badInvite);
    assert.equal(joinProblem(refused(409, "conflict")), words.join.manyTeams);
    assert.equal(noticeTitle({ kind: "pin", title: "Coach Sarah pinned a post" }), "Coach Sarah pinned a post");
});

/* From here on Spanish is spoken. */
test("Spanish takes the place of English, and the sections stay what they are", () => {
    const { feed } = words;
    const { problem } = words.status;
    speak(spanish);
    assert.equal(feed.view, "Inicio");
    assert.equal(feed, words.feed);
    assert.equal(problem.gone, spanish.status.problem.gone);
    assert.deepEqual(words, spanish);
});

test("no server sentence is shown to who reads Spanish", () => {
    for (const slug of [
        "invalid",
        "not-found",
        "conflict",
        "too-large",
        "forbidden",
        "muted",
        "key-reused",
        "teapot",
        "",
    ]) {
        const said = sentence(400, slug);
        assert.ok(Object.values(spanish.status.problem).includes(said), `${slug}: ${said}`);
    }
});

test("the title of a pin is said in Spanish; other titles are somebody's own", () => {
    assert.equal(noticeTitle({ kind: "pin", title: "Coach Sarah pinned a post" }), "Coach Sarah fijó un mensaje");
    assert.equal(noticeTitle({ kind: "pin", title: "Read this" }), "Read this");
    const own = { kind: "announcement", title: "Coach Sarah pinned a post" } as const;
    assert.equal(noticeTitle(own), own.title);
});

const now = new Date(2026, 10, 20, 15, 30).getTime();
const times: [time: [number, number, number, number, number], words: RegExp][] = [
    [[2026, 10, 20, 15, 30], /^ahora mismo$/],
    [[2026, 10, 20, 15, 29], /^hace 1 minuto$/],
    [[2026, 10, 20, 15, 25], /^hace 5 minutos$/],
    [[2026, 10, 20, 14, 30], /^hace 1 hora$/],
    [[2026, 10, 19, 16, 10], /^ayer a las 4:10\sp\.\s?m\.$/],
    [[2026, 10, 19, 13, 10], /^ayer a la 1:10\sp\.\s?m\.$/],
    [[2026, 10, 19, 11, 10], /^ayer a las 11:10\sa\.\s?m\.$/],
    [[2026, 10, 16, 8, 5], /^el lunes a las 8:05\sa\.\s?m\.$/],
    [[2026, 10, 3, 8, 5], /^el 3 de noviembre$/],
    [[2025, 11, 31, 8, 5], /^el 31 de diciembre de 2025$/],
];
for (const [time, said] of times) {
    test(`time in Spanish: ${said.source}`, () => {
        assert.match(timeInWords(new Date(...time).toISOString(), now), said);
    });
}

const mary = { name: "Mary", role: "member", appearOffline: false } as const;
const hidden = { ...mary, appearOffline: true } as const;
const lines = [
    { count: 13, coaches: ["Sarah"], me: mary, line: "Coach Sarah y 12 personas más están aquí ahora" },
    { count: 2, coaches: ["Sarah"], me: mary, line: "Coach Sarah y usted están aquí ahora" },
    { count: 2, coaches: ["Sarah"], me: hidden, line: "Coach Sarah y 1 persona más están aquí ahora" },
    { count: 1, coaches: ["Sarah"], me: hidden, line: "Coach Sarah está aquí ahora" },
    { count: 13, coaches: [], me: mary, line: "Usted y 12 personas más están aquí ahora" },
    { count: 1, coaches: [], me: hidden, line: "1 persona está aquí ahora" },
    { count: 13, coaches: [], me: hidden, line: "13 personas están aquí ahora" },
    { count: 1235, coaches: ["Sarah"], me: mary, line: "Coach Sarah y 1,234 personas más están aquí ahora" },
    { count: 0, coaches: [], me: hidden, line: "No hay nadie aquí ahora" },
];
for (const { count, coaches, me, line } of lines) {
    test(`active line in Spanish: ${line}`, () => {
        assert.equal(activeLine({ team: "2", count, activeCoaches: coaches }, me), line);
    });
}

test("“y” is “e” before the sound of an i", () => {
    assert.equal(words.active.and(["Ana", "Inés"]), "Ana e Inés");
    assert.equal(words.active.and(["Ana", "Hilda"]), "Ana e Hilda");
    assert.equal(words.active.and(["Ana", "Hielo"]), "Ana y Hielo");
    assert.equal(words.active.and(["Ana", "Yvonne"]), "Ana e Yvonne");
    assert.equal(words.active.and(["Ana", "Yolanda"]), "Ana y Yolanda");
    assert.equal(words.active.and(["Ana", "Luis", "Bo"]), "Ana, Luis y Bo");
    assert.equal(words.active.and(["Ana"]), "Ana");
});

test("one and many are told apart", () => {
    assert.equal(words.like.count(1), "1 me gusta");
    assert.equal(words.newPosts.some(1), "1 mensaje nuevo");
    assert.equal(words.newPosts.some(3), "3 mensajes nuevos");
    assert.equal(words.compose.left(1), "Queda 1 letra");
    assert.equal(words.compose.over(2), "A su mensaje le sobran 2 letras.");
    assert.equal(words.corner.pinsIntro(1).split(".")[0], "1 de 10 lugares está ocupado");
    assert.equal(words.corner.membersCount(1, 0), "1 persona en el equipo.");
    assert.equal(words.corner.membersCount(40, 1), "40 personas en el equipo, 1 nueva esta semana.");
});
