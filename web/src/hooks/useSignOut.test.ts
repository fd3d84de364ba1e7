/* What a member pressed and what waits when they sign out: kept for them, and never done in the next member's name. */
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { MutationObserver, QueryClient } from "@tanstack/react-query";
import type { Deed } from "../porchlight/index.ts";
import { keys } from "./keys.ts";
import { forget, keepQueuedLikes } from "./useSignOut.ts";

globalThis.crypto ??= webcrypto as Crypto;

/* Presses of hearts, as useLike makes them: those of one post one after another. */
function stage() {
    const cache = new QueryClient({ defaultOptions: { mutations: { networkMode: "always" } } });
    const sent: string[] = [];
    const answers: (() => void)[] = [];
    const press = (postId: string, liked: boolean): void => {
        const like = new MutationObserver(cache, {
            mutationKey: keys.like(postId),
            scope: { id: `like-${postId}` },
            mutationFn: (wanted: boolean) => {
                sent.push(`${postId} ${wanted}`);
                return new Promise<void>((done) => answers.push(done));
            },
        });
        void like.mutate(liked).catch(() => undefined);
    };
    const added: Deed[] = [];
    const outbox = { add: (deed: Deed): boolean => (added.push(deed), true) };
    const settle = (): Promise<void> => new Promise((done) => setImmediate(done));
    return { cache, sent, answers, press, added, outbox, settle };
}

test("what waits for an earlier press of the same heart goes to the outbox; what is on its way does not", async () => {
    const { cache, sent, press, added, outbox, settle } = stage();
    press("7", true);
    press("7", false);
    press("8", true);
    await settle();
    assert.deepEqual(sent, ["7 true", "8 true"]);
    keepQueuedLikes(cache, outbox);
    assert.deepEqual(
        added.map((it) => it.kind === "like" && [it.postId, it.liked, it.key !== ""]),
        [["7", false, true]],
    );
});

test("after who is signed in is forgotten no press that waited is sent", async () => {
    const { cache, sent, answers, press, settle } = stage();
    cache.setQueryData(keys.session, { id: "4" });
    cache.setQueryData(keys.post("7"), { id: "7" });
    press("7", true);
    press("7", false);
    await settle();
    forget(cache);
    answers.forEach((answer) => answer());
    await settle();
    await settle();
    assert.deepEqual(sent, ["7 true"]);
    assert.equal(cache.getMutationCache().getAll().length, 0);
    assert.deepEqual([cache.getQueryData(keys.session), cache.getQueryData(keys.post("7"))], [{ id: "4" }, undefined]);
});
