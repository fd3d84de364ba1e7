/* A session that is renewed once a day. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PorchlightError } from "./errors.ts";
import { createClock, createPage, settle } from "./fakes.ts";
import { keepSession, RENEW_FIRST_MS, RENEW_MS } from "./session.ts";
import { memoryStore } from "./store.ts";
import type { Session } from "./types.ts";

function stage() {
    const clock = createClock();
    const store = memoryStore();
    const server = { asked: 0, fails: [] as PorchlightError[], hold: null as Promise<void> | null };
    const api = {
        refresh: async (): Promise<Session> => {
            server.asked += 1;
            await server.hold;
            const error = server.fails.shift();
            if (error) throw error;
            return { token: `t${server.asked}`, expiresAt: "", user: {} } as Session;
        },
    };
    const open = () => {
        const page = createPage(clock);
        const tokens: string[] = [];
        const renewed = ({ token }: Session): void => void tokens.push(token);
        const stop = keepSession({ api, account: "4", environment: page.environment, store, renewed });
        return { page, tokens, stop };
    };
    return { clock, server, open };
}

test("renews soon on a device without a note, then once a day, over reloads", async () => {
    const { clock, server, open } = stage();
    await clock.advance(1);
    const first = open();
    await clock.advance(RENEW_FIRST_MS - 1);
    assert.equal(server.asked, 0);
    await clock.advance(1);
    await settle();
    assert.deepEqual(first.tokens, ["t1"]);
    await first.stop();
    await clock.advance(RENEW_MS / 2);
    const second = open();
    await clock.advance(RENEW_MS / 2 - 1);
    assert.equal(server.asked, 1);
    await clock.advance(1);
    await settle();
    assert.deepEqual(second.tokens, ["t2"]);
    await clock.advance(RENEW_MS);
    await settle();
    assert.deepEqual(second.tokens, ["t2", "t3"]);
});

test("a hidden page asks nothing; seen again it asks when it is due", async () => {
    const { clock, server, open } = stage();
    await clock.advance(1);
    const { page } = open();
    await page.hide();
    await clock.advance(RENEW_MS);
    assert.equal(server.asked, 0);
    await page.show();
    assert.equal(server.asked, 1);
});

test("a lost request is repeated later; a refusal is not repeated today", async () => {
    const { clock, server, open } = stage();
    await clock.advance(1);
    server.fails = [new PorchlightError("network"), new PorchlightError("refused", { status: 403 })];
    const { tokens } = open();
    await clock.advance(RENEW_FIRST_MS);
    await clock.advance(RENEW_FIRST_MS - 1);
    assert.equal(server.asked, 1);
    await clock.advance(1);
    await settle();
    assert.equal(server.asked, 2);
    await clock.advance(RENEW_MS / 2);
    assert.deepEqual([server.asked, tokens], [2, []]);
});

test("stopping waits for what is under way, and tells nobody", async () => {
    const { clock, server, open } = stage();
    await clock.advance(1);
    let answer = (): void => undefined;
    server.hold = new Promise((done) => (answer = done));
    const { tokens, stop } = open();
    await clock.advance(RENEW_FIRST_MS);
    let over = false;
    const stopped = stop().then(() => (over = true));
    await settle();
    assert.equal(over, false);
    answer();
    await stopped;
    await settle();
    assert.deepEqual([tokens, clock.waits()], [[], []]);
});
