/*
 * One request and its answer as JSON. Owns: the address, headers, time limit, ETags of polled answers and the sorting
 * of errors. Does not own: when to try again. The session is an HttpOnly cookie that this code never sees.
 */
import { PorchlightError, errorOfAnswer } from "./errors.ts";

const TIMEOUT_MS = 20_000;

export interface Answer<T> {
    data: T;
    /* The server's advice for the next poll; 0 when it gave none. */
    pollIntervalMs: number;
    /* The answer is the one of last time. */
    unchanged: boolean;
}

export interface RequestOptions {
    method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
    query?: Record<string, string | number | undefined>;
    body?: unknown;
    /* Makes a POST safe to repeat: the server answers the same key with the same answer. */
    idempotencyKey?: string;
    /* The answer is plain text, not JSON. */
    text?: boolean;
    /* Lets the request outlive the page. */
    keepalive?: boolean;
    /* Remember this answer and ask with If-None-Match next time: for polls. */
    remember?: boolean;
}

export type Requester = <T>(path: string, options?: RequestOptions) => Promise<Answer<T>>;

export interface RequesterOptions {
    /* "" for the page's own origin. */
    baseUrl?: string;
    fetch?: typeof fetch;
    onUnauthenticated?: () => void;
}

/* A random key of 36 characters. crypto.randomUUID exists on secure pages only, and a home network may have none. */
export function newIdempotencyKey(): string {
    if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(18));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function addressOf(baseUrl: string, path: string, query: RequestOptions["query"] = {}): string {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
        if (value !== undefined && value !== "") search.set(name, String(value));
    }
    const text = search.toString();
    return baseUrl + path + (text ? `?${text}` : "");
}

export function createRequester(options: RequesterOptions = {}): Requester {
    const { baseUrl = "", onUnauthenticated } = options;
    const send = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args));
    /* One remembered answer per path: a poll's cursor moves on, and what was behind it never comes back. */
    const remembered = new Map<string, { url: string; etag: string; data: unknown }>();

    return async <T>(path: string, request: RequestOptions = {}): Promise<Answer<T>> => {
        const url = addressOf(baseUrl, path, request.query);
        const known = remembered.get(path);
        const headers: Record<string, string> = { Accept: "application/json" };
        if (request.body !== undefined) headers["Content-Type"] = "application/json";
        if (request.idempotencyKey) headers["Idempotency-Key"] = request.idempotencyKey;
        if (request.remember && known?.url === url) headers["If-None-Match"] = known.etag;

        const { response, text } = await askWithin(send, url, {
            method: request.method ?? "GET",
            headers,
            credentials: baseUrl ? "include" : "same-origin",
            keepalive: request.keepalive ?? false,
            ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
        });
        const pollIntervalMs = Math.max(0, Number(response.headers.get("X-Poll-Interval") ?? 0) * 1000) || 0;
        if (response.status === 304 && known) {
            return { data: known.data as T, pollIntervalMs, unchanged: true };
        }
        const data = request.text && response.ok ? text : jsonOf(response, text);
        if (!response.ok) {
            const error = errorOfAnswer(response.status, response.headers, data, Date.now());
            if (error.unauthenticated) onUnauthenticated?.();
            throw error;
        }
        const etag = response.headers.get("ETag");
        if (request.remember && etag) remembered.set(path, { url, etag, data });
        return { data: data as T, pollIntervalMs, unchanged: false };
    };
}

/* The answer to its last byte: a network may go in the middle of it. */
async function askWithin(send: typeof fetch, url: string, init: RequestInit): Promise<{ response: Response; text: string }> {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, failed) => {
        timer = setTimeout(() => {
            controller.abort();
            failed(new PorchlightError("network"));
        }, TIMEOUT_MS);
    });
    const answer = async (): Promise<{ response: Response; text: string }> => {
        const response = await send(url, { ...init, signal: controller.signal });
        return { response, text: await response.text() };
    };
    try {
        return await Promise.race([answer(), late]);
    } catch {
        throw new PorchlightError("network");
    } finally {
        clearTimeout(timer);
    }
}

function jsonOf(response: Response, text: string): unknown {
    if (response.status === 204) return null;
    try {
        return text ? JSON.parse(text) : null;
    } catch {
        /* A proxy's own error page is not JSON: its status still says what to do. */
        if (!response.ok) return null;
        throw new PorchlightError("fault", { status: response.status, detail: "The answer is not JSON." });
    }
}
