/* How far a digest is, as news says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { QueryClient } from "@tanstack/react-query";
import type { Digest, DigestHead } from "../porchlight/index.ts";
import { applyDigest } from "./digests.ts";
import { keys } from "./keys.ts";

const job = (id: string, more: Partial<Digest> = {}): Digest => ({
    id,
    userId: "4",
    topics: [],
    worker: "built-in",
    weekly: false,
    status: "pending",
    progress: 0,
    currentStep: "",
    articleCount: 0,
    digestId: null,
    error: null,
    startedAt: "2026-11-21T18:00:00.000Z",
    updatedAt: "2026-11-21T18:00:00.000Z",
    completedAt: null,
    articles: [],
    ...more,
});

function known() {
    const cache = new QueryClient();
    cache.setQueryData<DigestHead[]>(keys.digests, [job("4:2"), job("4:1", { status: "completed", progress: 100 })]);
    cache.setQueryData<Digest>(keys.digest("4:2"), job("4:2"));
    const stale = (key: readonly unknown[]): boolean | undefined => cache.getQueryState(key)?.isInvalidated;
    return { cache, stale };
}

test("progress shows in the list and in the digest", () => {
    const { cache, stale } = known();
    applyDigest(cache, { jobId: "4:2", status: "in_progress", progress: 40, currentStep: "Reading posts" });
    assert.equal(cache.getQueryData<Digest>(keys.digest("4:2"))?.progress, 40);
    assert.equal(cache.getQueryData<DigestHead[]>(keys.digests)?.[0]?.currentStep, "Reading posts");
    assert.deepEqual([stale(keys.digests), stale(keys.digest("4:2"))], [false, false]);
});

test("the end is asked for, since its articles are not in the news", () => {
    const { cache, stale } = known();
    applyDigest(cache, { jobId: "4:2", status: "completed", progress: 100, currentStep: "" });
    assert.deepEqual([stale(keys.digests), stale(keys.digest("4:2"))], [true, true]);
});

test("a word that comes late does not bring a finished one back", () => {
    const { cache } = known();
    applyDigest(cache, { jobId: "4:1", status: "in_progress", progress: 90, currentStep: "" });
    assert.equal(cache.getQueryData<DigestHead[]>(keys.digests)?.[1]?.status, "completed");
});

test("one that nobody here began is asked for", () => {
    const { cache, stale } = known();
    applyDigest(cache, { jobId: "4:3", status: "pending", progress: 0, currentStep: "" });
    assert.equal(stale(keys.digests), true);
});
