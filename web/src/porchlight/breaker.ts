/*
 * When to try a socket again. One that lived and then died is tried again with backoff. One that never opens, or that
 * dies as soon as it is open, is probably in a network that does not want it: after a few tries it is left alone for
 * minutes, then tried once, and left alone for longer each time. Polling goes on meanwhile, so nobody waits for this.
 */
import { backoffMs } from "./backoff.ts";

export const TRIES = 3;
export const REST_MIN_MS = 5 * 60_000;
export const REST_MAX_MS = 60 * 60_000;
/* A socket that was useful for so long has worked: a heartbeat came back. */
export const STEADY_MS = 45_000;

export interface Breaker {
    /* It ended, or did not open: how long to wait before the next try. `usefulMs`: since its WELCOME, 0 without one. */
    failedMs(usefulMs: number, random: number): number;
}

export function createBreaker(): Breaker {
    let failures = 0;
    let rests = 0;
    return {
        failedMs: (usefulMs, random) => {
            if (usefulMs >= STEADY_MS) failures = rests = 0;
            else failures += 1;
            if (failures < TRIES) return backoffMs(failures, random);
            const rest = Math.min(REST_MAX_MS, REST_MIN_MS * 2 ** Math.min(rests, 8));
            rests += 1;
            return Math.round(rest * (0.75 + random / 4));
        },
    };
}
