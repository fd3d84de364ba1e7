/* Which of two taps counts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTaps, DOUBLE_TAP_MS, DOUBLE_TAP_PX, type Tap } from "./taps.ts";

const tap = (atMs: number, more: Partial<Tap> = {}): Tap => ({ atMs, x: 0, y: 0, key: false, once: true, ...more });
const ignored = (...taps: Tap[]): boolean[] => {
    const { isSecond } = createTaps();
    return taps.map(isSecond);
};

test("the second of two quick taps in one place is ignored, whatever stands there by then", () => {
    assert.deepEqual(ignored(tap(0), tap(DOUBLE_TAP_MS - 1)), [false, true]);
    assert.deepEqual(ignored(tap(0), tap(100, { x: DOUBLE_TAP_PX, once: false })), [false, true]);
    assert.deepEqual(ignored(tap(0, { key: true }), tap(100, { key: true, x: 400 })), [false, true]);
});

test("later, elsewhere or by other means it counts", () => {
    assert.deepEqual(ignored(tap(0), tap(DOUBLE_TAP_MS)), [false, false]);
    assert.deepEqual(ignored(tap(0), tap(100, { y: DOUBLE_TAP_PX + 1 })), [false, false]);
    assert.deepEqual(ignored(tap(0), tap(100, { key: true })), [false, false]);
});

test("taps on what does nothing for good are all counted", () => {
    assert.deepEqual(ignored(tap(0, { once: false }), tap(100), tap(200)), [false, false, true]);
});

test("of many taps in a row the first counts", () => {
    assert.deepEqual(ignored(tap(0), tap(300), tap(600), tap(900), tap(1_400)), [false, true, true, true, false]);
});

test("another key between two presses makes them two", () => {
    const { isSecond, reset } = createTaps();
    assert.equal(isSecond(tap(0, { key: true })), false);
    reset();
    assert.equal(isSecond(tap(100, { key: true })), false);
});
