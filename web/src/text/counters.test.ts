import assert from "node:assert/strict";
import { test } from "node:test";
import type { HistoryItem } from "../porchlight/index.ts";
import {
    counterLabel,
    counterName,
    countOf,
    daysOf,
    nextMilestone,
    reachedMilestones,
} from "./counters.ts";

test("a counter's name is read as words, and words make a name", () => {
    assert.equal(counterLabel("steps"), "Steps");
    assert.equal(counterLabel("push-ups"), "Push ups");
    assert.equal(counterName("Glasses of water!"), "glasses-of-water");
    assert.equal(counterName("  ¿Canción número 1? "), "cancion-numero-1");
    assert.equal(counterName("..."), "");
    assert.equal(counterName("a".repeat(80)).length, 64);
});

test("numbers are read as people type them", () => {
    const cases: [string, number | null][] = [
        ["2500", 2500],
        [" 2,500 ", 2500],
        ["2.500", 2500],
        ["1 000 000", 1_000_000],
        ["2.5", null],
        ["25,00", null],
        ["-3", null],
        ["", null],
        ["ten", null],
    ];
    for (const [typed, count] of cases) assert.equal(countOf(typed), count, typed);
});

test("milestones are 1, 2.5 and 5 times a power of ten from 10,000 on", () => {
    assert.equal(nextMilestone(0), 10_000);
    assert.equal(nextMilestone(10_000), 25_000);
    assert.equal(nextMilestone(99_999), 100_000);
    assert.deepEqual(reachedMilestones(9_999), []);
    assert.deepEqual(reachedMilestones(100_000), [10_000, 25_000, 50_000, 100_000]);
    assert.equal(nextMilestone(Number.MAX_SAFE_INTEGER), null);
});

const NOW = new Date(2026, 10, 21, 15).getTime();
const at = (day: number, hour: number): string => new Date(2026, 10, day, hour).toISOString();
let ids = 0;
const change = (timestamp: string, previousValue: number, value: number, type: HistoryItem["type"] = "increment") => ({
    ...{ id: String((ids += 1)), operationCount: ids, amount: Math.abs(value - previousValue), userId: "4", username: "Ruth" },
    ...{ type, timestamp, previousValue, value },
});

test("a history day by day: quiet days are there, a new count is no loss", () => {
    const history = [
        change(at(21, 9), 50, 60),
        change(at(20, 20), 0, 50),
        change(at(20, 19), 180, 0, "reset"),
        change(at(18, 23), 200, 180, "decrement"),
        change(at(18, 8), 0, 200),
    ];
    const days = daysOf(history, true, NOW, 7).map(({ date, added, total }) => [date.getDate(), added, total]);
    assert.deepEqual(days, [
        [18, 180, 180],
        [19, 0, 180],
        [20, 50, 50],
        [21, 10, 60],
    ]);
});

test("a day that is not known from its start is left out", () => {
    const history = [change(at(21, 9), 50, 60), change(at(20, 20), 0, 50)];
    assert.deepEqual(
        daysOf(history, false, NOW, 7).map((it) => it.date.getDate()),
        [21],
    );
    assert.equal(daysOf(history, true, NOW, 1).length, 1);
    assert.deepEqual(daysOf([], true, NOW, 7), []);
});
