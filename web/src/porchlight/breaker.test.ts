/* When a socket is tried again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BACKOFF_MIN_MS } from "./backoff.ts";
import { createBreaker, REST_MAX_MS, REST_MIN_MS, STEADY_MS, TRIES } from "./breaker.ts";

const SOON_MS = 30_000;

test("a socket that lived is tried again soon, however often", () => {
    const breaker = createBreaker();
    for (let i = 0; i < 10; i++) {
        assert.equal(breaker.failedMs(STEADY_MS, 0), BACKOFF_MIN_MS);
        assert.ok(breaker.failedMs(STEADY_MS, 1) <= 2 * BACKOFF_MIN_MS);
    }
});

test("one that never opens rests after a few tries, for longer each time, up to a limit", () => {
    const breaker = createBreaker();
    const waits = Array.from({ length: TRIES + 6 }, () => breaker.failedMs(0, 1));
    for (const wait of waits.slice(0, TRIES - 1)) assert.ok(wait <= SOON_MS, String(wait));
    assert.deepEqual(
        waits.slice(TRIES - 1, TRIES + 4),
        [1, 2, 4, 8, 12].map((times) => times * REST_MIN_MS),
    );
    assert.equal(waits.at(-1), REST_MAX_MS);
});

test("a rest is spread over its last quarter", () => {
    const breaker = createBreaker();
    for (let i = 1; i < TRIES; i++) breaker.failedMs(0, 0);
    assert.equal(breaker.failedMs(0, 0), 0.75 * REST_MIN_MS);
});

test("one that dies as soon as it is open is as bad as one that never opens", () => {
    const breaker = createBreaker();
    for (let i = 1; i < TRIES; i++) breaker.failedMs(STEADY_MS - 1, 1);
    assert.equal(breaker.failedMs(1, 1), REST_MIN_MS);
});

test("one that lives again is forgiven", () => {
    const breaker = createBreaker();
    for (let i = 0; i < TRIES + 2; i++) breaker.failedMs(0, 0);
    assert.equal(breaker.failedMs(STEADY_MS, 0), BACKOFF_MIN_MS);
    for (let i = 1; i < TRIES; i++) assert.ok(breaker.failedMs(0, 1) <= SOON_MS);
    assert.equal(breaker.failedMs(0, 1), REST_MIN_MS);
});
