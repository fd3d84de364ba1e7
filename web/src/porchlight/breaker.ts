/*
 * When to try a socket again. A socket that opens and later dies is tried again with backoff. One that never opens is
 * probably blocked by the network it is in: after a few tries it is left alone for minutes, then tried once, and left
 * alone for longer each time. Polling goes on meanwhile, so nobody waits for this.
 */
import { backoffMs } from "./backoff.ts";

const TRIES = 3;
const REST_MIN_MS = 5 * 60_000;
const REST_MAX_MS = 60 * 60_000;

export interface Breaker {
    /* The socket was open and useful. */
    worked(): void;
    /* It ended, or did not open: how long to wait before the next try. `opened`: it had been useful. */
    failedMs(opened: boolean, random: number): number;
}

export function createBreaker(): Breaker {
    let failures = 0;
    let rests = 0;
    return {
        worked: () => {
            failures = 0;
            rests = 0;
        },
        failedMs: (opened, random) => {
            if (!opened) failures += 1;
            if (failures < TRIES) return backoffMs(failures, random);
            const rest = Math.min(REST_MAX_MS, REST_MIN_MS * 2 ** Math.min(rests, 8));
            rests += 1;
            return Math.round(rest * (0.75 + random / 4));
        },
    };
}
