/*
 * How long to wait before trying again. Full jitter: the wait is drawn from the whole range, not from its end, so that
 * a thousand clients which lost the same server do not come back in the same second.
 */
import type { PorchlightError } from "./errors.ts";

export const BACKOFF_MIN_MS = 1_000;
export const BACKOFF_MAX_MS = 30_000;

/* `attempt` is 0 after the first failure; `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(attempt + 1, 16));
    return Math.round(BACKOFF_MIN_MS + random * (ceiling - BACKOFF_MIN_MS));
}

/* The same, but never before the time that the server named, and then spread over a further quarter of it. */
export function retryMs(error: PorchlightError | null, attempt: number, random: number): number {
    const wait = backoffMs(attempt, random);
    const told = error?.retryAfterMs ?? 0;
    return told > 0 ? Math.max(wait, Math.round(told * (1 + random / 4))) : wait;
}

/* The wait before the next poll: the server's advice, give or take a tenth. */
export function pollMs(adviceMs: number, random: number): number {
    return Math.round(adviceMs * (0.9 + 0.2 * random));
}
