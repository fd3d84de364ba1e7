/* Polls and the socket: which of them speaks, and what each end of a socket leads to. */
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import type { Api } from "./api.ts";
import { REST_MIN_MS, STEADY_MS } from "./breaker.ts";
import { PorchlightError } from "./errors.ts";
import { changes, createClock, createPage, FakeWebSocket, settle } from "./fakes.ts";
import { createLine, type LineEvent } from "./line.ts";
import type { Changes } from "./types.ts";

globalThis.crypto ??= webcrypto as Crypto;

const POLL_MS = 60_000;
/* With random at its middle. */
const OFFER_MS = 120_000;
const WORDS_MS = 500;

function stage() {
    const clock = createClock();
    const page = createPage(clock);
    const wires: FakeWebSocket[] = [];
    const asked: (string | null)[] = [];
    const heard: LineEvent[] = [];
    const script: (Changes | PorchlightError)[] = [];
    const server = {
        socket: "/ws" as string | null,
        capabilities: 0,
        left: 0,
        fails: null as PorchlightError | null,
        /* While set, answers wait for it. */
        offer: null as Promise<void> | null,
        poll: null as Promise<void> | null,
    };
    const api = {
        changes: async (since: string | null) => {
            asked.push(since);
            const reply = script.shift() ?? changes(since ?? "c1");
            await server.poll;
            if (reply instanceof Error) throw reply;
            return { data: reply, pollIntervalMs: POLL_MS, unchanged: false };
        },
        capabilities: async () => {
            server.capabilities += 1;
            await server.offer;
            if (server.fails) throw server.fails;
            const { socket } = server;
            return { realtime: socket !== null, socket, version: "", poll: { presence: 60, posts: 30 } };
        },
        leave: async () => void (server.left += 1),
    } as unknown as Api;
    const line = createLine({
        api,
        environment: page.environment,
        socketUrl: (path) => `ws://porch.test${path}`,
        openWebSocket: (url) => {
            const wire = new FakeWebSocket(url);
            wires.push(wire);
            return wire;
        },
        heard: (event) => heard.push(event),
    });
    const it = {
        clock,
        page,
        wires,
        asked,
        heard,
        script,
        server,
        line,
        wire: () => wires.at(-1) as FakeWebSocket,
        kinds: () => heard.filter((event) => event.kind !== "state").map((event) => event.kind),
        onSocket: () => heard.flatMap((event) => (event.kind === "state" ? [event.socket] : [])).at(-1),
        async begin() {
            line.start();
            await clock.advance(0);
            await settle();
        },
        /* Begun, welcomed, and all that was said until then forgotten. */
        async welcomed(lived = STEADY_MS) {
            await it.begin();
            await it.wire().welcomes();
            it.wire().says({ type: "pong", timestamp: "" });
            await clock.advance(Math.min(lived, 29_000));
            it.wire().says({ type: "pong", timestamp: "" });
            await clock.advance(Math.max(0, lived - 29_000));
            it.wire().says({ type: "pong", timestamp: "" });
            asked.length = heard.length = 0;
        },
        /* How long until another socket is opened, to within 100 ms. */
        async untilNextSocket(atMost: number): Promise<number> {
            const before = wires.length;
            const began = clock.nowMs();
            while (wires.length === before && clock.nowMs() - began < atMost) await clock.advance(100);
            return clock.nowMs() - began;
        },
    };
    return it;
}

test("polls first; the socket joins from the poll's cursor; polls rest while it is welcomed", async () => {
    const it = stage();
    await it.begin();
    assert.deepEqual([it.asked, it.wires.length, it.wire().url], [[null], 1, "ws://porch.test/ws"]);
    it.wire().opens();
    assert.deepEqual([it.wire().sent[0]?.["since"], it.wire().sent[0]?.["teamId"]], ["c1", "2"]);
    assert.equal(it.clock.waits().includes(POLL_MS), true, "until it is welcomed the poll is due");
    await it.wire().welcomes();
    assert.equal(it.onSocket(), true);
    for (let i = 0; i < 10; i++) {
        await it.clock.advance(29_000);
        it.wire().says({ type: "pong", timestamp: "" });
    }
    assert.deepEqual(it.asked, [null]);
    assert.equal(it.server.capabilities, 1);
});

test("presence, counts, cheers and notices come at once; words by one poll for several messages", async () => {
    const it = stage();
    await it.welcomed();
    const says = (message: unknown): void => it.wire().says(message);
    says({ type: "PRESENCE_UPDATE", count: 3, activeCoaches: ["Sarah"] });
    says({ type: "LIKE_UPDATE", postId: "7", count: 2 });
    says({ type: "LIVE_CHEER", userId: "5", name: "Ruth", icon: "heart" });
    says({ type: "SOMETHING_LATER" });
    assert.deepEqual(it.kinds(), ["presence", "likes", "cheer"]);
    await it.clock.advance(5_000);
    assert.deepEqual(it.asked, [], "none of them needs words");

    says({ type: "NEW_POSTS", count: 1, postIds: ["8"], cursor: "c2" });
    says({ type: "NEW_POSTS", count: 1, postIds: ["9"], cursor: "c3" });
    says({ type: "POST_CHANGED", postId: "8", change: "edited", cursor: "c4" });
    says({ type: "LIVE_NOTIFICATION", noticeId: "1", kind: "pin", title: "T", body: "", link: null, cursor: "c5" });
    it.script.push(changes("c5"));
    await it.clock.advance(5_000);
    assert.deepEqual(it.asked, ["c1"]);
    assert.equal(it.line.cursor, "c5");
    assert.deepEqual(it.kinds().slice(3), ["notice", "changes"]);
});

test("a message during a poll is followed by another poll, and a failed one keeps its backoff", async () => {
    const it = stage();
    await it.welcomed();
    let answer = (): void => undefined;
    it.server.poll = new Promise((done) => (answer = done));
    const news = { type: "NEW_POSTS", count: 1, postIds: ["8"], cursor: "c2" };
    it.wire().says(news);
    await it.clock.advance(WORDS_MS);
    it.wire().says(news);
    it.wire().says(news);
    answer();
    it.server.poll = null;
    await it.clock.advance(WORDS_MS);
    assert.equal(it.asked.length, 2);

    it.server.poll = new Promise((done) => (answer = done));
    it.script.push(new PorchlightError("limited", { status: 429, retryAfterMs: 20_000 }));
    it.wire().says(news);
    await it.clock.advance(WORDS_MS);
    it.wire().says(news);
    answer();
    await it.clock.advance(10_000);
    assert.equal(it.asked.length, 3, "not before the server's time");
});

test("beside a socket, what came after a cursor from a feed that was slow is asked for", async () => {
    const it = stage();
    await it.welcomed();
    it.line.setCursor("c0");
    it.script.push(changes("c1"));
    await it.clock.advance(5_000);
    assert.deepEqual([it.asked, it.line.cursor], [["c0"], "c1"]);
    it.line.setCursor("c1");
    await it.clock.advance(5_000);
    assert.equal(it.asked.length, 1, "what is known already is not asked for");
});

test("a cursor that moved before the socket was welcomed is asked from", async () => {
    const it = stage();
    await it.begin();
    it.wire().opens();
    it.line.setCursor("c0");
    await it.wire().welcomes();
    await settle();
    assert.deepEqual(it.asked, [null, "c0"]);
});

test("RESET is told with the poll that follows it", async () => {
    const it = stage();
    await it.welcomed();
    it.script.push(changes("d2"));
    it.wire().says({ type: "RESET", cursor: "d1" });
    await settle();
    assert.deepEqual(it.asked, ["d1"]);
    const told = it.heard.find((event) => event.kind === "changes");
    assert.deepEqual(told && [told.since, told.reset], ["d1", true]);
});

test("a loss that was not yet told survives the WELCOME", async () => {
    const it = stage();
    await it.begin();
    it.script.push(new PorchlightError("refused", { status: 400 }), changes("d1"));
    it.line.refresh();
    await settle();
    assert.equal(it.line.cursor, null);
    await it.wire().welcomes();
    const told = it.heard.filter((event) => event.kind === "changes").at(-1);
    assert.deepEqual(told && [told.changes.cursor, told.reset], ["d1", true]);
});

/* After how long a socket is tried again, and a poll asked; null: as the poll was due anyway. */
const consequences: { code: number; reason?: string; socketMs: [number, number]; what: string }[] = [
    { code: 1001, socketMs: [1_000, 2_100], what: "comes back with backoff" },
    { code: 1006, socketMs: [1_000, 2_100], what: "broken: comes back with backoff" },
    { code: 1011, socketMs: [1_000, 2_100], what: "comes back with backoff" },
    { code: 1013, socketMs: [1_000, 2_100], what: "comes back with backoff" },
    { code: 4004, socketMs: [1_000, 2_100], what: "comes back with its cursor" },
    { code: 4002, socketMs: [1_000, 2_100], what: "comes back if the poll still works" },
    { code: 1012, reason: '{"retryAfter":3700}', socketMs: [3_600, 3_800], what: "comes back when it is told" },
    { code: 1012, reason: "proxy", socketMs: [1_000, 2_100], what: "without a time: with backoff, never at once" },
    { code: 4001, socketMs: [OFFER_MS - 100, OFFER_MS + 100], what: "asks for the offer later" },
    { code: 4003, socketMs: [OFFER_MS - 100, OFFER_MS + 100], what: "does not return soon" },
    { code: 4005, socketMs: [60_000, 120_000], what: "waits a minute" },
];
for (const { code, reason = "", socketMs, what } of consequences) {
    test(`closed with ${code}${reason && ` ${reason}`}: polls at once, ${what}`, async () => {
        const it = stage();
        await it.welcomed();
        await it.wire().ends(code, reason);
        assert.equal(it.onSocket(), false);
        const waited = await it.untilNextSocket(300_000);
        assert.ok(waited >= socketMs[0] && waited <= socketMs[1], String(waited));
        assert.equal(it.asked[0], "c1", "polls go on from the cursor");
        it.wire().opens();
        assert.equal(it.wire().sent[0]?.["since"], "c1");
    });
}

test("a poll follows the end of a socket within a second", async () => {
    const it = stage();
    await it.welcomed();
    await it.wire().ends(1006);
    await it.clock.advance(1_000);
    assert.deepEqual(it.asked, ["c1"]);
});

test("401 on the poll after 4003 ends it all", async () => {
    const it = stage();
    await it.welcomed();
    it.script.push(new PorchlightError("refused", { status: 401 }));
    await it.wire().ends(4003);
    await it.clock.advance(1_000);
    assert.deepEqual([it.line.state, it.clock.waits()], ["idle", []]);
});

test("a network that blocks sockets is left alone for minutes while polls go on", async () => {
    const it = stage();
    await it.begin();
    for (let i = 0; i < 2; i++) {
        await it.wire().ends(1006);
        assert.ok((await it.untilNextSocket(60_000)) <= 10_000);
    }
    await it.wire().ends(1006);
    const polls = it.asked.length;
    const rested = await it.untilNextSocket(2 * REST_MIN_MS);
    assert.ok(rested >= 0.75 * REST_MIN_MS && rested <= REST_MIN_MS, String(rested));
    assert.ok(it.asked.length >= polls + 3, "polls go on");
    await it.wire().ends(1006);
    await it.page.hide();
    await it.page.show();
    await it.clock.advance(60_000);
    assert.equal(it.wires.length, 4, "looking away and back does not end the rest");
});

test("a socket that is welcomed and dies at once rests too", async () => {
    const it = stage();
    await it.begin();
    for (let i = 0; i < 3; i++) {
        await it.wire().welcomes();
        await it.wire().ends(1006);
        if (i < 2) await it.untilNextSocket(60_000);
    }
    assert.ok((await it.untilNextSocket(2 * REST_MIN_MS)) >= 0.75 * REST_MIN_MS);
});

test("a server that does not answer is not a network that blocks", async () => {
    const it = stage();
    it.server.fails = new PorchlightError("server", { status: 503 });
    await it.begin();
    await it.clock.advance(4 * 60_000);
    assert.ok(it.server.capabilities >= 8, String(it.server.capabilities));
    it.server.fails = null;
    assert.ok((await it.untilNextSocket(60_000)) <= 30_000);
});

test("no offer: asked again later, and only then", async () => {
    const it = stage();
    it.server.socket = null;
    await it.begin();
    assert.equal(it.server.capabilities, 1);
    await it.clock.advance(OFFER_MS - 1);
    assert.deepEqual([it.server.capabilities, it.wires.length], [1, 0]);
    it.server.socket = "/ws";
    await it.clock.advance(1);
    await settle();
    assert.deepEqual([it.server.capabilities, it.wires.length], [2, 1]);
});

test("a hidden page says good-bye once and closes; seen again it polls and comes back with its cursor", async () => {
    const it = stage();
    await it.welcomed();
    await it.page.hide();
    assert.deepEqual([it.wire().closed, it.server.left, it.onSocket(), it.clock.waits()], [true, 1, false, []]);
    it.page.leave();
    await settle();
    assert.equal(it.server.left, 1);
    it.script.push(changes("c2"));
    await it.page.show();
    assert.deepEqual(it.asked, ["c1"]);
    await it.clock.advance(0);
    await settle();
    it.wire().opens();
    assert.deepEqual([it.wires.length, it.wire().sent[0]?.["since"]], [2, "c2"]);
});

test("looking away while the offer comes does not put it off", async () => {
    const it = stage();
    let answer = (): void => undefined;
    it.server.offer = new Promise((done) => (answer = done));
    await it.begin();
    await it.page.hide();
    answer();
    await settle();
    assert.equal(it.wires.length, 0);
    await it.page.show();
    await it.clock.advance(0);
    await settle();
    assert.equal(it.wires.length, 1);
});

test("without a network the socket is dropped and none is tried; with one it is back", async () => {
    const it = stage();
    await it.welcomed();
    it.script.push(new PorchlightError("network"));
    await it.page.change({ online: false });
    assert.deepEqual([it.line.state, it.onSocket(), it.wire().closed], ["offline", false, true]);
    await it.clock.advance(1);
    assert.equal(it.wires.length, 1);
    await it.page.change({ online: true });
    await it.clock.advance(0);
    await settle();
    assert.deepEqual([it.line.state, it.wires.length], ["live", 2]);
});

test("stop ends the socket and every timer; questions go over the socket only while it is welcomed", async () => {
    const it = stage();
    await it.begin();
    assert.equal(it.line.ask({ type: "ping" }), null);
    await it.wire().welcomes();
    const asked = it.line.ask({ type: "POST_LIKE", postId: "7" });
    assert.ok(asked);
    const lost = assert.rejects(asked, (error: PorchlightError) => error.kind === "network");
    await it.line.stop();
    await lost;
    assert.deepEqual([it.line.state, it.wire().closed, it.server.left, it.clock.waits()], ["idle", true, 1, []]);
    assert.equal(it.line.ask({ type: "ping" }), null);
    await it.wire().ends(1000);
    await it.clock.advance(600_000);
    assert.deepEqual([it.wires.length, it.server.capabilities], [1, 1]);
});
