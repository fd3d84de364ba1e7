/* Backoff, the sorting of errors, and requests against a server that is a function. */
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { createApi } from "./api.ts";
import { BACKOFF_MAX_MS, BACKOFF_MIN_MS, backoffMs, pollMs, retryMs } from "./backoff.ts";
import { PorchlightError, errorOfAnswer, kindOfStatus, retryAfterMs } from "./errors.ts";
import { createRequester, newIdempotencyKey } from "./request.ts";

/* Node 18 has what browsers have, under another name. */
globalThis.crypto ??= webcrypto as Crypto;

test("backoff is drawn from the whole range, which doubles up to 30 s", () => {
    assert.equal(backoffMs(0, 0), BACKOFF_MIN_MS);
    assert.equal(backoffMs(0, 1), 2_000);
    assert.equal(backoffMs(2, 1), 8_000);
    assert.equal(backoffMs(4, 1), BACKOFF_MAX_MS);
    assert.equal(backoffMs(5000, 1), BACKOFF_MAX_MS);
    assert.equal(backoffMs(5000, 0), BACKOFF_MIN_MS);
    for (let i = 0; i < 200; i++) {
        const wait = backoffMs(i % 12, Math.random());
        assert.ok(wait >= BACKOFF_MIN_MS && wait <= BACKOFF_MAX_MS, String(wait));
    }
});

test("a wait that the server names is kept, and spread", () => {
    const limited = new PorchlightError("limited", { status: 429, retryAfterMs: 40_000 });
    assert.equal(retryMs(limited, 0, 0), 40_000);
    assert.equal(retryMs(limited, 0, 1), 50_000);
    assert.equal(retryMs(null, 0, 0), BACKOFF_MIN_MS);
});

test("an answer that stops in the middle ends in time, as a lost network", async (t) => {
    /* The limit comes at once. */
    const { setTimeout: later } = globalThis;
    globalThis.setTimeout = ((run: () => void) => later(run, 0)) as typeof setTimeout;
    t.after(() => (globalThis.setTimeout = later));
    const stalls = async (): Promise<Response> => new Response(new ReadableStream({ start: (it) => it.enqueue(new Uint8Array([123])) }));
    await assert.rejects(createRequester({ fetch: stalls })("/changes"), { kind: "network" });
});

test("polls keep to the server's advice, give or take a tenth", () => {
    assert.equal(pollMs(60_000, 0), 54_000);
    assert.equal(pollMs(60_000, 1), 66_000);
});

test("errors are sorted by what helps", () => {
    const kinds = {
        400: "refused",
        401: "refused",
        403: "refused",
        404: "refused",
        408: "network",
        409: "refused",
        422: "refused",
        429: "limited",
        500: "server",
        502: "server",
        503: "server",
    } as const;
    for (const [status, kind] of Object.entries(kinds)) assert.equal(kindOfStatus(Number(status)), kind, status);
});

test("Retry-After is seconds or a date", () => {
    const now = Date.UTC(2026, 10, 20, 12, 0, 0);
    assert.equal(retryAfterMs("7", now), 7_000);
    assert.equal(retryAfterMs("Fri, 20 Nov 2026 12:00:30 GMT", now), 30_000);
    for (const nothing of [null, "", "soon", "-3"]) assert.equal(retryAfterMs(nothing, now), 0, String(nothing));
});

test("a problem's facts become the error's", () => {
    const problem = {
        type: "/docs#key-reused",
        title: "x",
        status: 422,
        detail: "Another request.",
        requestId: "r9",
    };
    const error = errorOfAnswer(422, new Headers(), problem, 0);
    assert.deepEqual(
        [error.kind, error.slug, error.detail, error.requestId],
        ["refused", "key-reused", "Another request.", "r9"],
    );
    assert.equal(errorOfAnswer(502, new Headers(), null, 0).kind, "server");
});

/* A server made of a function; what it was asked is kept. */
function served(answer: (request: Request) => Response | Promise<Response>) {
    const asked: Request[] = [];
    const send = (url: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
        const request = new Request(new URL(String(url), "http://porch.test"), init);
        asked.push(request);
        return Promise.resolve(answer(request));
    };
    return { asked, send: send as typeof fetch };
}

const json = (data: unknown, status = 200, headers: Record<string, string> = {}): Response =>
    new Response(JSON.stringify(data), { status, headers });

test("a poll that is unchanged costs no body and brings the advice", async () => {
    const { asked, send } = served((request) =>
        request.headers.get("If-None-Match") === '"a"'
            ? new Response(null, { status: 304, headers: { "X-Poll-Interval": "45" } })
            : json({ cursor: "c1" }, 200, { ETag: '"a"', "X-Poll-Interval": "30" }),
    );
    const api = createApi(createRequester({ fetch: send }));
    const first = await api.changes("c1");
    const second = await api.changes("c1");
    const third = await api.changes("c2");
    assert.deepEqual([first.unchanged, first.pollIntervalMs], [false, 30_000]);
    assert.deepEqual([second.unchanged, second.pollIntervalMs, second.data], [true, 45_000, first.data]);
    assert.equal(third.unchanged, false, "another cursor is another question");
    assert.equal(asked[0]?.headers.get("If-None-Match"), null);
    assert.match(asked[1]?.url ?? "", /\/changes\?since=c1$/);
});

test("a post carries its key, its type and nothing that was not said", async () => {
    const { asked, send } = served(() => json({ id: "7" }, 201));
    await createApi(createRequester({ fetch: send })).createPost({ body: "Hi" }, "key-1");
    const request = asked[0];
    assert.equal(request?.headers.get("Idempotency-Key"), "key-1");
    assert.equal(request?.headers.get("Content-Type"), "application/json");
    assert.equal(await request?.text(), '{"body":"Hi"}');
});

test("401 is told to whoever wants to know, once per answer", async () => {
    let told = 0;
    const { send } = served(() => json({ type: "/docs#unauthenticated" }, 401));
    const api = createApi(createRequester({ fetch: send, onUnauthenticated: () => (told += 1) }));
    await assert.rejects(api.me(), (error: PorchlightError) => error.unauthenticated && error.kind === "refused");
    assert.equal(told, 1);
});

test("what never arrived is the network's, what is not JSON is a fault", async () => {
    const lost = createRequester({ fetch: () => Promise.reject(new TypeError("lost")) });
    await assert.rejects(lost("/me"), (error: PorchlightError) => error.kind === "network");
    const broken = createRequester({ fetch: served(() => new Response("<html>")).send });
    await assert.rejects(broken("/me"), (error: PorchlightError) => error.kind === "fault");
    const proxy = createRequester({ fetch: served(() => new Response("<html>", { status: 502 })).send });
    await assert.rejects(proxy("/me"), (error: PorchlightError) => error.kind === "server");
});

test("204 is nothing, and keys differ", async () => {
    const api = createApi(createRequester({ fetch: served(() => new Response(null, { status: 204 })).send }));
    assert.equal(await api.leave(), null);
    assert.notEqual(newIdempotencyKey(), newIdempotencyKey());
    assert.match(newIdempotencyKey(), /^[\x21-\x7e]{1,128}$/);
});
