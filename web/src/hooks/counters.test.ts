/* What is known of counters: the newest state, the member's own change at once, and nothing counted twice. */
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { MutationObserver, QueryClient } from "@tanstack/react-query";
import { PorchlightError, type Api, type CounterDeed, type CounterEvent, type CounterMetadata, type Deed } from "../porchlight/index.ts";
import { counterChange, countsOf } from "./counterChange.ts";
import { addTo, applyCounter, withHeard } from "./counters.ts";
import { keys } from "./keys.ts";

globalThis.crypto ??= webcrypto as Crypto;

const network = { onLine: true };
Object.defineProperty(globalThis, "navigator", { value: network, configurable: true });

const TEAM = "";

const counter = (value: number, operationCount: number, name = "steps"): CounterMetadata => ({
    id: "1",
    name,
    teamId: "2",
    value,
    createdAt: "2026-11-21T18:00:00.000Z",
    updatedAt: "2026-11-21T18:00:00.000Z",
    operationCount,
});

function stage() {
    const queryClient = new QueryClient();
    queryClient.setQueryData(keys.counters(TEAM), [counter(10, 1)]);
    const asked: { deed: CounterDeed; key: string; answer(event: CounterMetadata): void; fail(error: Error): void }[] = [];
    const api = {
        changeCounter: (deed: CounterDeed, key: string) =>
            new Promise<CounterEvent>((resolve, fail) => {
                asked.push({ deed, key, fail, answer: (metadata) => resolve({ metadata } as CounterEvent) });
            }),
    } as unknown as Api;
    let kept: Deed[] = [];
    const outbox = {
        waiting: () => kept,
        add: (deed: Deed) => ((kept = [...kept, deed]), true),
        takeBack: (key: string) => {
            const before = kept.length;
            kept = kept.filter((it) => it.key !== key);
            return kept.length < before;
        },
        send: () => Promise.resolve(),
    };
    const observer = new MutationObserver(queryClient, counterChange({ api, queryClient }, outbox, TEAM, "steps"));
    const value = (): number => {
        const known = queryClient.getQueryData<CounterMetadata[]>(keys.counters(TEAM))?.[0]?.value ?? 0;
        const added = queryClient.getQueryData<number>(keys.counter.added(TEAM, "steps")) ?? 0;
        return known + added + countsOf(kept, TEAM, "steps").reduce((sum, { amount }) => sum + amount, 0);
    };
    const add = (amount: number): Promise<unknown> => observer.mutate(amount).catch((error: unknown) => error);
    return { queryClient, asked, outbox, value, add };
}

const tick = (): Promise<void> => new Promise((done) => setImmediate(done));

test("the newest state stays, in whichever order two come", () => {
    const cache = new QueryClient();
    cache.setQueryData(keys.counters(TEAM), [counter(1, 1)]);
    for (const [value, count] of [[5, 3], [4, 2], [9, 4], [5, 3]] as const) applyCounter(cache, TEAM, counter(value, count));
    assert.deepEqual(cache.getQueryData(keys.counters(TEAM)), [counter(9, 4)]);
    applyCounter(cache, TEAM, counter(1, 1, "water"));
    assert.deepEqual(cache.getQueryData<CounterMetadata[]>(keys.counters(TEAM))?.map((it) => it.name), ["steps", "water"]);
    /* Another team's counter of that name is another counter. */
    applyCounter(cache, "7", counter(100, 50));
    assert.deepEqual(withHeard(cache, TEAM, [counter(1, 1)]), [counter(9, 4), counter(1, 1, "water")]);
});

test("news that come while the list is on its way are in it", () => {
    const cache = new QueryClient();
    applyCounter(cache, TEAM, counter(5, 3));
    assert.equal(cache.getQueryData(keys.counters(TEAM)), undefined);
    assert.deepEqual(withHeard(cache, TEAM, [counter(4, 2)]), [counter(5, 3)]);
});

test("a change shows at once, and news that have it in do not count it twice", async () => {
    const { queryClient, asked, value, add } = stage();
    const added = add(5);
    await tick();
    assert.equal(value(), 15);
    applyCounter(queryClient, TEAM, counter(15, 2));
    assert.equal(value(), 15);
    asked[0]?.answer(counter(15, 2));
    await added;
    assert.equal(value(), 15);
});

test("somebody else's news that came meanwhile show when the own change is answered", async () => {
    const { queryClient, asked, value, add } = stage();
    const added = add(5);
    await tick();
    applyCounter(queryClient, TEAM, counter(115, 3));
    asked[0]?.answer(counter(15, 2));
    await added;
    assert.equal(value(), 115);
});

test("two changes go one after the other, and both show from the start", async () => {
    const { asked, value, add } = stage();
    const both = [add(5), add(-2)];
    await tick();
    assert.deepEqual([value(), asked.length], [13, 1]);
    asked[0]?.answer(counter(15, 2));
    await tick();
    await tick();
    assert.equal(value(), 13);
    assert.deepEqual(asked.map(({ deed }) => [deed.type, deed.amount]), [["increment", 5], ["decrement", 2]]);
    asked[1]?.answer(counter(13, 3));
    await Promise.all(both);
    assert.equal(value(), 13);
    assert.notEqual(asked[0]?.key, asked[1]?.key);
});

test("a refused change is taken away again", async () => {
    const { asked, value, add, outbox } = stage();
    const added = add(5);
    await tick();
    asked[0]?.fail(new PorchlightError("refused", { status: 400 }));
    const error = await added;
    assert.deepEqual([value(), (error as PorchlightError).status, outbox.waiting()], [10, 400, []]);
});

test("a lost answer: it waits under the same key, and shows once", async () => {
    const { asked, value, add, outbox } = stage();
    const added = add(5);
    await tick();
    asked[0]?.fail(new PorchlightError("network"));
    await added;
    assert.equal(value(), 15);
    assert.deepEqual(outbox.waiting().map((it) => it.key), [asked[0]?.key]);
});

test("without a network presses gather, and wait as one", async (t) => {
    network.onLine = false;
    t.after(() => (network.onLine = true));
    const { asked, value, add, outbox } = stage();
    for (const amount of [1, 1, 1, -1]) await add(amount);
    assert.deepEqual([value(), asked.length], [12, 0]);
    assert.deepEqual(countsOf(outbox.waiting(), TEAM, "steps").map((it) => it.amount), [3, -1]);
});

test("what is added belongs to its counter", () => {
    const cache = new QueryClient();
    addTo(cache, TEAM, "steps", 3);
    addTo(cache, "7", "steps", 4);
    assert.equal(cache.getQueryData(keys.counter.added(TEAM, "steps")), 3);
});
