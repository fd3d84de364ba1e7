/*
 * What can go wrong between the app and the server, sorted by what helps:
 *
 *   network   the request or its answer got lost: trying again helps, and is safe with an idempotency key
 *   refused   the server understood and said no (4xx): trying again does not help
 *   limited   too many requests (429): trying again helps after `retryAfterMs`
 *   server    the server is in trouble (5xx): trying again helps, later
 *   fault     a fault of this program, such as an answer that is not what the contract says
 */

import type { ErrorMessage } from "./types.ts";

export type ErrorKind = "network" | "refused" | "limited" | "server" | "fault";

export interface ErrorFacts {
    status?: number;
    /* The last part of the problem's type, such as "not-found". */
    slug?: string;
    /* The server's sentence, which is safe to show. */
    detail?: string;
    retryAfterMs?: number;
    requestId?: string;
}

export class PorchlightError extends Error {
    readonly kind: ErrorKind;
    readonly status: number;
    readonly slug: string;
    readonly detail: string;
    readonly retryAfterMs: number;
    readonly requestId: string;

    constructor(kind: ErrorKind, facts: ErrorFacts = {}) {
        super(facts.detail || facts.slug || kind);
        this.name = "PorchlightError";
        this.kind = kind;
        this.status = facts.status ?? 0;
        this.slug = facts.slug ?? "";
        this.detail = facts.detail ?? "";
        this.retryAfterMs = facts.retryAfterMs ?? 0;
        this.requestId = facts.requestId ?? "";
    }

    get unauthenticated(): boolean {
        return this.status === 401;
    }
}

export function kindOfStatus(status: number): ErrorKind {
    if (status === 429) return "limited";
    /* 408 says that the request did not arrive in time: the network's doing, not the member's. */
    if (status === 408) return "network";
    if (status >= 500) return "server";
    if (status >= 400) return "refused";
    return "fault";
}

/*
 * Retry-After in seconds or as a date (RFC 9110, section 10.2.3), in milliseconds from `nowMs`; 0 when it says
 * nothing.
 */
export function retryAfterMs(header: string | null, nowMs: number): number {
    if (!header) return 0;
    const seconds = Number(header);
    if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
    const date = Date.parse(header);
    return Number.isNaN(date) ? 0 : Math.max(0, date - nowMs);
}

/* The error that an answer other than 2xx stands for. `body` is its parsed JSON, or null when there was none. */
export function errorOfAnswer(status: number, headers: Headers, body: unknown, nowMs: number): PorchlightError {
    const problem = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
    const text = (name: string): string => (typeof problem[name] === "string" ? (problem[name] as string) : "");
    const type = text("type");
    return new PorchlightError(kindOfStatus(status), {
        status,
        slug: type.slice(type.indexOf("#") + 1),
        detail: text("detail"),
        requestId: text("requestId"),
        retryAfterMs: retryAfterMs(headers.get("Retry-After"), nowMs),
    });
}

/* What a socket's error message stands for: its code is a problem's slug. */
export function errorOfMessage({ code, message, retryAfter }: ErrorMessage): PorchlightError {
    const kind: ErrorKind =
        code === "rate-limited" ? "limited" : code === "busy" || code === "storage" ? "server" : "refused";
    return new PorchlightError(kind, { slug: code, detail: message, retryAfterMs: retryAfter ?? 0 });
}

/* The same, sent again, may yet be taken: by a server that is well again, or after signing in. */
export function mayHeal(error: unknown): boolean {
    return error instanceof PorchlightError && (error.kind !== "refused" || error.unauthenticated);
}

export function isUnauthenticated(error: unknown): boolean {
    return error instanceof PorchlightError && error.unauthenticated;
}
