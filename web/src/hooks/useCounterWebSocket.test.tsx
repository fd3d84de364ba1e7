/* The hook's effects: a socket for as long as it is wanted, and every change from the moment the counters are known. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { QueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { FakeWebSocket } from "../porchlight/fakes.ts";
import type { CounterMetadata, HistoryItem } from "../porchlight/index.ts";
import { keys } from "./keys.ts";
import { inApp, mount } from "./stage.tsx";
import { useCounterWebSocket } from "./useCounterWebSocket.ts";

const metadata = (value: number, name = "steps"): CounterMetadata =>
    ({ id: "1", name, value, operationCount: value, createdAt: "", updatedAt: "" }) as CounterMetadata;
const event = (value: number) => ({
    ...{ type: "increment", value, previousValue: value - 1, timestamp: "2026-04-13T07:00:00.000Z" },
    ...{ metadata: metadata(value), cursor: `at-${value}` },
});

/* A counter that stands at `at`, and the sockets that were opened to it. */
async function stage(at = 1) {
    const wires: FakeWebSocket[] = [];
    const counter = { at };
    Object.assign(globalThis, {
        WebSocket: class extends FakeWebSocket {
            constructor(url: string) {
                super(url);
                wires.push(this);
            }
        },
    });
    const cache = new QueryClient({ defaultOptions: { queries: { gcTime: Infinity } } });
    const heard: number[] = [];
    const api = {
        counters: () => Promise.resolve({ items: [metadata(at)], next: null }),
        counter: () => Promise.resolve(metadata(counter.at)),
        counterHistory: () =>
            Promise.resolve({
                items: Array.from({ length: counter.at }, (_, i) => ({ ...event(counter.at - i), operationCount: counter.at - i })) as unknown as HistoryItem[],
                next: null,
            }),
    };
    const it = await mount(() => {
        const [name, setName] = useState("steps");
        const [enabled, setEnabled] = useState(true);
        const hook = useCounterWebSocket(name, { enabled, onUpdate: ({ value }) => void heard.push(value) });
        return { ...hook, setName, setEnabled };
    }, inApp(api, cache));
    const value = (): number | undefined => cache.getQueryData<CounterMetadata[]>(keys.counters(""))?.[0]?.value;
    return { it, wires, wire: () => wires.at(-1) as FakeWebSocket, counter, heard, value };
}

test("a socket is there while the component is, and what it says is in the cache", async () => {
    const { it, wires, wire, heard, value } = await stage();
    assert.deepEqual([wires.length, it.value.isConnecting, it.value.isConnected], [1, true, false]);
    assert.equal(wire().url, "wss://porch.test/ws/counter/steps");
    await it.after(() => wire().opens());
    assert.equal(it.value.isConnected, true);
    await it.after(() => wire().says({ type: "WELCOME", cursor: "at-1" }));
    await it.after(() => wire().says(event(2)));
    assert.deepEqual([heard, value(), it.value.lastUpdate?.toISOString()], [[2], 2, event(2).timestamp]);
    await it.leave();
    assert.equal(wire().closed, true);
    assert.equal(wires.length, 1);
});

test("what happened between the counters' reading and the WELCOME is told", async () => {
    const { it, wire, counter, heard, value } = await stage();
    await it.after(() => wire().opens());
    counter.at = 3;
    await it.after(() => wire().says({ type: "WELCOME", cursor: "at-3" }));
    assert.deepEqual([heard, value()], [[2, 3], 3]);
    await it.leave();
});

test("not wanted for a while: no socket; then one that goes on from the cursor", async () => {
    const { it, wires, wire, heard } = await stage();
    await it.after(() => wire().opens());
    await it.after(() => wire().says({ type: "WELCOME", cursor: "at-1" }));
    await it.after(() => wire().says(event(2)));
    await it.after(() => it.value.setEnabled(false));
    assert.deepEqual([wires.length, wire().closed, it.value.isConnected], [1, true, false]);
    await it.after(() => it.value.setEnabled(true));
    assert.deepEqual([wires.length, wire().url], [2, "wss://porch.test/ws/counter/steps?since=at-2"]);
    await it.after(() => wire().says(event(3)));
    assert.deepEqual(heard, [2, 3]);
    await it.leave();
});

test("another counter is another socket, and begins by itself", async () => {
    const { it, wires, wire, heard } = await stage();
    const first = wire();
    await it.after(() => first.opens());
    await it.after(() => first.says(event(2)));
    await it.after(() => it.value.setName("water"));
    assert.deepEqual([first.closed, wires.length, wire().url], [true, 2, "wss://porch.test/ws/counter/water"]);
    await it.after(() => first.says(event(3)));
    assert.deepEqual(heard, [2], "nothing of the one before");
    await it.leave();
});
