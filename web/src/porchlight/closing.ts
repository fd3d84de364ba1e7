/*
 * How long to stay away when a socket has ended: asyncapi.json, x-close-codes. Pure.
 */
import type { Breaker } from "./breaker.ts";

/* How often a server that offered no socket is asked again. */
export const OFFER_MS = 120_000;
const TOO_FAST_MS = 60_000;
const RESTART_MS_MAX = 600_000;

export const TURNED_OFF = 4001;
export const REVOKED = 4003;
const TOO_FAST = 4005;
const RESTARTING = 1012;

export interface Ending {
    code: number;
    reason: string;
    /* Since it was welcomed; 0 when it never was. */
    usefulMs: number;
}

export const offerMs = (random: number): number => OFFER_MS * (0.75 + random / 2);

/* What a server that restarts asks for, in milliseconds; null when it is a proxy that speaks for it. */
export function restartMs({ code, reason }: Ending): number | null {
    if (code !== RESTARTING) return null;
    try {
        const { retryAfter } = JSON.parse(reason) as { retryAfter?: unknown };
        return typeof retryAfter === "number" && retryAfter >= 0 ? Math.min(retryAfter, RESTART_MS_MAX) : null;
    } catch {
        return null;
    }
}

/* null: it has no business there any more, unless somebody asks for it. */
export function awayMs(end: Ending, breaker: Breaker, random: number): number | null {
    if (end.code === REVOKED) return null;
    if (end.code === TURNED_OFF) return offerMs(random);
    if (end.code === TOO_FAST) return TOO_FAST_MS * (1 + random);
    return restartMs(end) ?? breaker.failedMs(end.usefulMs, random);
}
