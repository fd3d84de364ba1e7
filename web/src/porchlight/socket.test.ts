/* One socket, from its opening to its end. */
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { PorchlightError } from "./errors.ts";
import { createClock, createPage, FakeWebSocket, settle } from "./fakes.ts";
import { openSocket, type SocketEnd } from "./socket.ts";
import type { ServerMessage } from "./types.ts";

globalThis.crypto ??= webcrypto as Crypto;

function stage({ since = "c1" as string | null, forbidden = false } = {}) {
    const clock = createClock();
    const { environment } = createPage(clock);
    const wires: FakeWebSocket[] = [];
    const heard: ServerMessage[] = [];
    const ends: SocketEnd[] = [];
    const socket = openSocket({
        url: "ws://porch.test/ws",
        join: { type: "JOIN_TEAM", teamId: "2", ...(since && { since }) },
        greeting: "WELCOME",
        open: (url) => {
            if (forbidden) throw new Error("SecurityError");
            const wire = new FakeWebSocket(url);
            wires.push(wire);
            return wire;
        },
        environment,
        heard: (message) => heard.push(message),
        ended: (end) => ends.push(end),
    });
    return { clock, wire: wires[0] as FakeWebSocket, heard, ends, socket };
}

const isLost = (error: PorchlightError): boolean => error.kind === "network";

test("joins its team from the cursor, and is welcomed once", async () => {
    const { wire, socket, heard, ends, clock } = stage();
    assert.equal(wire.url, "ws://porch.test/ws");
    wire.opens();
    assert.deepEqual({ ...wire.sent[0], id: "" }, { type: "JOIN_TEAM", teamId: "2", since: "c1", id: "" });
    assert.equal(socket.welcomed, false);
    await wire.welcomes();
    assert.equal(socket.welcomed, true);
    assert.deepEqual(heard.map((it) => it.type), ["WELCOME"]);
    assert.deepEqual([ends, clock.waits()], [[], [30_000]], "what waits is the heartbeat alone");
});

test("without a cursor it joins from now", () => {
    const { wire } = stage({ since: null });
    wire.opens();
    assert.deepEqual(Object.keys(wire.sent[0] ?? {}).sort(), ["id", "teamId", "type"]);
});

test("one that is not welcomed in time is given up", async () => {
    const { clock, wire, ends } = stage();
    await clock.advance(9_999);
    assert.deepEqual(ends, []);
    await clock.advance(1);
    assert.deepEqual(ends, [{ code: 1006, reason: "did not open", welcomed: false }]);
    assert.equal(wire.closed, true);
    await wire.ends(1006);
    wire.says({ type: "RESET", cursor: "x" });
    assert.equal(ends.length, 1, "the end is heard once");
    assert.deepEqual(clock.waits(), []);
});

test("a page whose policy forbids sockets hears of an end like any other", async () => {
    const { clock, ends, socket } = stage({ forbidden: true });
    assert.deepEqual(ends, [], "not before it has got its socket");
    await clock.advance(0);
    assert.deepEqual(ends, [{ code: 1006, reason: "forbidden", welcomed: false }]);
    await assert.rejects(socket.ask({ type: "ping" }), isLost);
    assert.deepEqual(clock.waits(), []);
});

test("a refused JOIN_TEAM ends it", async () => {
    const { wire, ends } = stage();
    wire.opens();
    wire.says({ type: "error", id: wire.sent[0]?.["id"], code: "not-found", message: "No such team." });
    await settle();
    assert.deepEqual(ends, [{ code: 1006, reason: "not-found", welcomed: false }]);
});

test("pings as the server asks, and any word is a sign of life", async () => {
    const { clock, wire, ends } = stage();
    await wire.welcomes("w1", 20);
    await clock.advance(20_000);
    assert.deepEqual(wire.sent.at(-1), { type: "ping" });
    wire.says({ type: "LIKE_UPDATE", postId: "7", count: 1 });
    await clock.advance(20_000);
    assert.equal(wire.sent.filter((it) => it["type"] === "ping").length, 2);
    assert.deepEqual(ends, []);
    await clock.advance(20_000);
    assert.deepEqual(ends, [{ code: 1006, reason: "silence", welcomed: true }]);
    assert.deepEqual(clock.waits(), []);
});

test("a ping that cannot be sent ends it, and leaves no timer behind", async () => {
    const { clock, wire, ends } = stage();
    await wire.welcomes();
    wire.broken = true;
    await clock.advance(30_000);
    assert.deepEqual(ends, [{ code: 1006, reason: "not open", welcomed: true }]);
    assert.deepEqual(clock.waits(), []);
});

test("answers find their questions; errors are sorted", async () => {
    const { wire, socket, heard } = stage();
    await wire.welcomes();
    const liked = socket.ask({ type: "POST_LIKE", postId: "7" });
    const cheered = socket.ask({ type: "SEND_CHEER", icon: "heart" });
    const [like, cheer] = wire.sent.slice(-2);
    assert.notEqual(like?.["id"], cheer?.["id"]);
    wire.says({ type: "error", id: cheer?.["id"], code: "rate-limited", message: "Slowly.", retryAfter: 1500 });
    wire.says({ type: "ACK", id: like?.["id"], postId: "7", liked: true, count: 3 });
    wire.says({ type: "ACK", id: "nobody's" });
    assert.equal((await liked).count, 3);
    await assert.rejects(cheered, (error: PorchlightError) => error.kind === "limited" && error.retryAfterMs === 1500);
    assert.deepEqual(heard.map((it) => it.type), ["WELCOME"], "an answer is nobody else's");
});

test("an error that answers nothing is heard; what is no message is not", async () => {
    const { wire, heard } = stage();
    await wire.welcomes();
    for (const noise of ["", "null", "[1]", "{", '"x"', '{"typ":"WELCOME"}']) wire.says(noise);
    wire.onmessage?.({ data: new ArrayBuffer(4) });
    wire.says({ type: "error", code: "invalid", message: "What?" });
    assert.deepEqual(heard.map((it) => it.type), ["WELCOME", "error"]);
});

test("a question without an answer is lost in time, the socket stays", async () => {
    const { clock, wire, socket, ends } = stage();
    await wire.welcomes();
    const asked = assert.rejects(socket.ask({ type: "POST_LIKE", postId: "7" }), isLost);
    await clock.advance(10_000);
    await asked;
    assert.deepEqual(ends, []);
});

test("the end answers all questions, and later ones at once", async () => {
    const { clock, wire, socket, ends } = stage();
    await wire.welcomes();
    const asked = [socket.ask({ type: "ping" }), socket.ask({ type: "POST_LIKE", postId: "7" })];
    const lost = Promise.all(asked.map((it) => assert.rejects(it, isLost)));
    await wire.ends(1012, '{"retryAfter":500}');
    await lost;
    await assert.rejects(socket.ask({ type: "ping" }), isLost);
    assert.deepEqual(ends, [{ code: 1012, reason: '{"retryAfter":500}', welcomed: true }]);
    assert.deepEqual([socket.welcomed, clock.waits()], [false, []]);
});

test("closing it is an end too", async () => {
    const { clock, wire, socket, ends } = stage();
    await wire.welcomes();
    socket.close();
    socket.close();
    assert.deepEqual([wire.closed, ends.map((it) => it.code), clock.waits()], [true, [1000], []]);
});
