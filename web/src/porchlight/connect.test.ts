/* The one poll, with time, chance, page and server in the test's hands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Api } from "./api.ts";
import { connect, type ConnectionState } from "./connect.ts";
import type { Environment } from "./environment.ts";
import { PorchlightError } from "./errors.ts";
import type { Changes } from "./types.ts";

const changes = (cursor: string, more: Partial<Changes> = {}): Changes => ({
    cursor,
    reset: false,
    more: false,
    presence: { team: "2", count: 1, activeCoaches: [] },
    posts: { created: [], changed: [], deleted: [] },
    likes: [],
    notices: [],
    counters: [], channels: [],
    ...more,
});

type Reply = Changes | PorchlightError;

function stage(script: Reply[]) {
    const page = { visible: true, online: true, looked: () => {}, leaving: () => {} };
    const timers = new Map<number, { run: () => void; ms: number }>();
    let timer = 0;
    const environment: Environment = {
        visible: () => page.visible,
        online: () => page.online,
        watch: (changed) => ((page.looked = changed), () => (page.looked = () => {})),
        watchLeaving: (leaving) => ((page.leaving = leaving), () => (page.leaving = () => {})),
        setTimer: (run, ms) => (timers.set(++timer, { run, ms }), timer),
        clearTimer: (id) => void timers.delete(id),
        nowMs: () => 0,
        random: () => 0.5,
    };
    const asked: (string | null)[] = [];
    let left = 0;
    /* While true, answers wait. */
    const hold = { on: false, release: [] as (() => void)[] };
    const api = {
        changes: async (since: string | null) => {
            asked.push(since);
            const reply = script.shift() ?? changes(since ?? "end");
            if (hold.on) await new Promise<void>((done) => hold.release.push(done));
            if (reply instanceof Error) throw reply;
            return { data: reply, pollIntervalMs: 10_000, unchanged: false };
        },
        leave: async () => {
            left += 1;
            if (hold.on) await new Promise<void>((done) => hold.release.push(done));
        },
    } as unknown as Api;

    const connection = connect({ api, environment });
    const seen: { cursor: string; reset: boolean }[] = [];
    const states: ConnectionState[] = [];
    connection.listen({
        changes: (news, reset) => seen.push({ cursor: news.cursor, reset }),
        state: (state) => states.push(state),
    });
    const settle = (): Promise<void> => new Promise((done) => setImmediate(done));
    return {
        page,
        connection,
        asked,
        seen,
        states,
        hold,
        settle,
        left: () => left,
        waits: () => [...timers.values()].map((it) => it.ms),
        async ring() {
            const [first] = timers;
            assert.ok(first, "no timer is set");
            timers.delete(first[0]);
            first[1].run();
            await settle();
        },
    };
}

test("asks at once, then as advised, with the cursor of the last answer", async () => {
    const it = stage([changes("c1", { reset: true }), changes("c2"), changes("c3")]);
    it.connection.start();
    await it.settle();
    assert.deepEqual(it.waits(), [10_000]);
    await it.ring();
    await it.ring();
    assert.deepEqual(it.asked, [null, "c1", "c2"]);
    assert.deepEqual(
        it.seen.map((news) => news.reset),
        [false, false, false],
        "the first answer loses nothing",
    );
    assert.deepEqual(it.states, ["connecting", "live"]);
});

test("more: asks again at once", async () => {
    const it = stage([changes("c1"), changes("c2", { more: true }), changes("c3")]);
    it.connection.start();
    await it.settle();
    await it.ring();
    assert.deepEqual(it.waits(), [0]);
    await it.ring();
    assert.deepEqual(it.asked, [null, "c1", "c2"]);
});

test("reset is told once something was known", async () => {
    const it = stage([changes("c1"), changes("d1", { reset: true })]);
    it.connection.start();
    await it.settle();
    await it.ring();
    assert.deepEqual(it.seen.at(-1), { cursor: "d1", reset: true });
});

test("a cursor that is refused is dropped, and the loss is told", async () => {
    const it = stage([changes("c1"), new PorchlightError("refused", { status: 400 }), changes("d1")]);
    it.connection.start();
    await it.settle();
    await it.ring();
    await it.ring();
    assert.deepEqual(it.asked, [null, "c1", null]);
    assert.deepEqual(it.seen.at(-1), { cursor: "d1", reset: true });
});

test("failures back off, and one success forgets them", async () => {
    const lost = new PorchlightError("network");
    const it = stage([lost, lost, changes("c1"), lost]);
    it.connection.start();
    await it.settle();
    assert.deepEqual(it.waits(), [1_500]);
    await it.ring();
    assert.deepEqual(it.waits(), [2_500]);
    await it.ring();
    assert.deepEqual(it.waits(), [10_000]);
    await it.ring();
    assert.deepEqual(it.waits(), [1_500]);
    assert.deepEqual(it.states, ["connecting", "waiting", "live", "waiting"]);
});

test("a server that names a time is not asked before", async () => {
    const it = stage([new PorchlightError("limited", { status: 429, retryAfterMs: 60_000 })]);
    it.connection.start();
    await it.settle();
    assert.deepEqual(it.waits(), [67_500]);
});

test("a hidden page says good-bye and asks nothing; seen again it catches up", async () => {
    const it = stage([changes("c1"), changes("c2")]);
    it.connection.start();
    await it.settle();
    it.page.visible = false;
    it.page.looked();
    await it.settle();
    assert.deepEqual([it.waits(), it.left()], [[], 1]);
    it.page.visible = true;
    it.page.looked();
    await it.settle();
    assert.deepEqual(it.asked, [null, "c1"]);
    it.page.leaving();
    assert.equal(it.left(), 2);
});

test("an answer from before the feed was loaded is thrown away", async () => {
    const it = stage([changes("old"), changes("c6")]);
    it.hold.on = true;
    it.connection.start();
    it.connection.setCursor("c5");
    it.hold.on = false;
    it.hold.release.forEach((go) => go());
    await it.settle();
    assert.deepEqual(it.seen, []);
    await it.ring();
    assert.deepEqual(it.asked, [null, "c5"]);
    assert.deepEqual(it.seen, [{ cursor: "c6", reset: false }]);
});

test("401 ends it; stop says good-bye; nothing is asked afterwards", async () => {
    const it = stage([new PorchlightError("refused", { status: 401 }), changes("c1")]);
    it.connection.start();
    await it.settle();
    assert.deepEqual([it.connection.state, it.waits()], ["idle", []]);
    it.hold.on = true;
    it.connection.start();
    await it.settle();
    let heard = false;
    const stopped = it.connection.stop().then(() => {
        heard = true;
    });
    assert.deepEqual([it.connection.state, it.waits(), it.left()], ["idle", [], 1]);
    await it.settle();
    assert.equal(heard, false, "whoever ends the session waits for the poll and the good-bye");
    const [poll, goodBye] = it.hold.release;
    goodBye?.();
    await it.settle();
    assert.equal(heard, false, "the poll is still under way");
    poll?.();
    await stopped;
    it.connection.refresh();
    await it.settle();
    assert.equal(it.asked.length, 2);
});

test("a device without a network says so", async () => {
    const it = stage([changes("c1"), new PorchlightError("network"), changes("c2")]);
    it.connection.start();
    await it.settle();
    it.page.online = false;
    it.page.looked();
    await it.settle();
    it.page.online = true;
    it.page.looked();
    await it.settle();
    assert.deepEqual(it.states, ["connecting", "live", "offline", "live"]);
});
