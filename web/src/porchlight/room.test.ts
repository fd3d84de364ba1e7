/* A room's own socket, and the counter's helpers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createCounterWebSocket, isCounterEvent } from "./counter.ts";
import { createClock, createPage, FakeWebSocket } from "./fakes.ts";
import { closeWebSocket, createRoom, sendPing, type RoomState } from "./room.ts";

function stage() {
    const clock = createClock();
    const page = createPage(clock);
    const wires: FakeWebSocket[] = [];
    const heard: unknown[] = [];
    const states: RoomState[] = [];
    const room = createRoom({
        open: () => (wires.push(new FakeWebSocket("ws://porch.test/x")), wires.at(-1) as FakeWebSocket),
        heard: (message) => heard.push(message),
        changed: (state) => states.push(state),
        environment: page.environment,
    });
    return { clock, page, wires, heard, states, room, wire: () => wires.at(-1) as FakeWebSocket };
}

test("a counter's socket has its address, and speaks JSON", async () => {
    const heard: unknown[] = [];
    const closed: number[] = [];
    const ws = createCounterWebSocket("steps of all", {
        baseUrl: "https://porch.test",
        filters: ["increment", "reset"],
        openWebSocket: (url) => new FakeWebSocket(url),
        onMessage: (message) => heard.push(message),
        onClose: (code) => closed.push(code),
    }) as FakeWebSocket;
    assert.equal(ws.url, "wss://porch.test/ws/counter/steps%20of%20all?filters=increment%2Creset");
    const event = { type: "increment", value: 3, previousValue: 2, metadata: {}, timestamp: "" };
    ws.says(event);
    ws.says("{");
    assert.deepEqual([heard, isCounterEvent(heard[0]), isCounterEvent({ type: "pong" })], [[event], true, false]);
    assert.equal(sendPing(ws), true);
    assert.deepEqual(ws.sent, [{ type: "ping" }]);
    ws.broken = true;
    assert.equal(sendPing(ws), false);
    closeWebSocket(ws);
    await ws.ends(1000);
    assert.deepEqual([ws.closed, closed], [true, [1000]]);
});

test("comes back with a backoff that grows from its base, and forgets it when one has lived for a while", async () => {
    const { clock, room, wires, wire } = stage();
    room.start();
    for (const wait of [1_500, 3_000, 6_000, 12_000, 15_000]) {
        await wire().ends(1006);
        assert.deepEqual(clock.waits(), [wait]);
        await clock.advance(wait);
    }
    wire().opens();
    assert.equal(room.state.isConnected, true);
    await wire().ends(1006);
    assert.deepEqual([clock.waits(), room.state.error?.kind], [[15_000], "network"], "it opened and died");
    await clock.advance(15_000);
    wire().opens();
    await clock.advance(29_000);
    wire().says({ type: "pong" });
    await clock.advance(1_000);
    wire().says({ type: "pong" });
    await clock.advance(15_000);
    await wire().ends(1006);
    assert.deepEqual([clock.waits(), wires.length], [[1_500], 7]);
});

test("pings, and gives up one that is silent", async () => {
    const { clock, room, wire, wires } = stage();
    room.start();
    wire().opens();
    await clock.advance(30_000);
    assert.deepEqual(wire().sent, [{ type: "ping" }]);
    wire().says({ type: "pong" });
    await clock.advance(30_000);
    await clock.advance(30_000);
    assert.deepEqual([wires[0]?.closed, room.state.isConnected], [true, false]);
});

test("revoked: does not return by itself; stopped: holds nothing", async () => {
    const { clock, page, room, wire, wires } = stage();
    room.start();
    wire().opens();
    await wire().ends(4003);
    assert.deepEqual(clock.waits(), []);
    await page.hide();
    await page.show();
    await page.change({ online: false });
    await page.change({ online: true });
    assert.deepEqual([clock.waits(), wires.length], [[], 1]);
    room.reconnect();
    assert.equal(wires.length, 2);
    wire().opens();
    assert.equal(room.say({ type: "increment" }), true);
    room.stop();
    assert.deepEqual([clock.waits(), wire().closed, room.say({})], [[], true, false]);
    await clock.advance(60_000);
    assert.equal(wires.length, 2);
});

test("who came too fast waits a minute, also when the page was hidden meanwhile", async () => {
    const { clock, page, room, wire, wires } = stage();
    room.start();
    wire().opens();
    await wire().ends(4005);
    assert.deepEqual(clock.waits(), [60_000]);
    await clock.advance(20_000);
    await page.hide();
    assert.deepEqual(clock.waits(), []);
    await page.show();
    assert.deepEqual([clock.waits(), wires.length], [[40_000], 1]);
    await clock.advance(40_000);
    assert.equal(wires.length, 2);
});

test("a hidden page keeps no socket", async () => {
    const { page, room, wires, wire } = stage();
    room.start();
    wire().opens();
    await page.hide();
    assert.deepEqual([wires[0]?.closed, room.state.isConnected], [true, false]);
    await page.show();
    assert.equal(wires.length, 2);
});
