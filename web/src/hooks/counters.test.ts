/* What is known of counters: the newest state, the member's own change at once, and nothing counted twice. */
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { QueryClient } from "@tanstack/react-query";
import {
    createOutbox,
    PorchlightError,
    type Api,
    type CounterDeed,
    type CounterEvent,
    type CounterMetadata,
    type HistoryItem,
    type List,
    type Outbox,
} from "../porchlight/index.ts";
import { createClock, createPage, settle } from "../porchlight/fakes.ts";
import { memoryStore } from "../porchlight/store.ts";
import { count, countsOf, refusalOf } from "./counterChange.ts";
import { applyCounter, applyOwnCount, holdCounters, withHeard, withNewestPage } from "./counters.ts";
import { keys } from "./keys.ts";
import { outboxOf } from "./outboxes.ts";

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
    const clock = createClock();
    const page = createPage(clock);
    const environment = { ...page.environment, nowMs: () => 1_000 + clock.nowMs() };
    const queryClient = new QueryClient();
    queryClient.setQueryData(keys.counters(TEAM), [counter(10, 1)]);
    const asked: { deed: CounterDeed; key: string; answer(event: CounterMetadata): void; fail(error: Error): void }[] = [];
    const api = {
        changeCounter: (deed: CounterDeed, key: string) =>
            new Promise<CounterEvent>((resolve, fail) => {
                asked.push({ deed, key, fail, answer: (metadata) => resolve({ metadata } as CounterEvent) });
            }),
    } as unknown as Api;
    const store = memoryStore();
    const alone = (_: string, run: () => Promise<void>): Promise<void> => run();
    const open = () => createOutbox({ api, account: "4", environment, store, alone });
    const outbox = open();
    outbox.listen({
        changed: () => holdCounters(queryClient, countsOf(outbox.waiting(), TEAM, "steps").filter(({ key }) => !outbox.mayTakeBack(key))),
        counted: ({ metadata }) => applyOwnCount(queryClient, TEAM, metadata),
    });
    outbox.start();
    const value = (): number => {
        const known = queryClient.getQueryData<CounterMetadata[]>(keys.counters(TEAM))?.[0]?.value ?? 0;
        return known + countsOf(outbox.waiting(), TEAM, "steps").reduce((sum, { amount }) => sum + amount, 0);
    };
    const add = (amount: number): void => count(outbox, TEAM, "steps", amount);
    return { queryClient, asked, outbox, open, value, add, page };
}

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
    add(5);
    await settle();
    assert.equal(value(), 15);
    applyCounter(queryClient, TEAM, counter(15, 2));
    assert.equal(value(), 15);
    asked[0]?.answer(counter(15, 2));
    await settle();
    assert.equal(value(), 15);
});

test("somebody else's news that came meanwhile show when the own change is answered", async () => {
    const { queryClient, asked, value, add } = stage();
    add(5);
    await settle();
    applyCounter(queryClient, TEAM, counter(115, 3));
    assert.equal(value(), 15);
    asked[0]?.answer(counter(15, 2));
    await settle();
    assert.equal(value(), 115);
});

test("presses that come while one is on its way are one change, and all show from the start", async () => {
    const { asked, value, add } = stage();
    add(5);
    for (let i = 0; i < 19; i++) add(1);
    await settle();
    assert.deepEqual([value(), asked.length], [34, 1]);
    asked[0]?.answer(counter(15, 2));
    await settle();
    assert.equal(value(), 34);
    assert.deepEqual(asked.map(({ deed }) => [deed.type, deed.amount]), [["increment", 5], ["increment", 19]]);
    asked[1]?.answer(counter(34, 3));
    await settle();
    assert.deepEqual([value(), asked.length], [34, 2]);
    assert.notEqual(asked[0]?.key, asked[1]?.key);
});

test("a page that goes loses no press: what was on its way keeps its key", async () => {
    const { asked, add, open } = stage();
    add(5);
    add(2);
    await settle();
    assert.deepEqual(
        countsOf(open().waiting(), TEAM, "steps").map(({ key, amount }) => [key === asked[0]?.key, amount]),
        [[true, 5], [false, 2]],
    );
});

test("a refused change is taken away again, and the next press forgets it", async () => {
    const { asked, value, add, outbox } = stage();
    add(5);
    await settle();
    asked[0]?.fail(new PorchlightError("refused", { status: 400 }));
    await settle();
    assert.deepEqual([value(), refusalOf(outbox, TEAM, "steps")?.status, outbox.waiting()], [10, 400, []]);
    add(1);
    assert.equal(refusalOf(outbox, TEAM, "steps"), null);
});

for (const [name, error] of [
    ["lost", new PorchlightError("network")],
    ["a gateway's", new PorchlightError("server", { status: 504 })],
    ["too many", new PorchlightError("limited", { status: 429 })],
    ["not signed in", new PorchlightError("refused", { status: 401 })],
    ["not the server's", new PorchlightError("fault", { status: 200 })],
] as const) {
    test(`an answer that is ${name}: it waits under the same key, shows once, and no other press joins it`, async () => {
        const { queryClient, asked, value, add, outbox } = stage();
        add(5);
        await settle();
        asked[0]?.fail(error);
        await settle();
        assert.equal(value(), 15);
        assert.deepEqual(outbox.waiting().map((it) => it.key), [asked[0]?.key]);
        /* It had arrived: the news have it in. */
        applyCounter(queryClient, TEAM, counter(15, 2));
        assert.equal(value(), 15);
        add(1);
        await settle();
        assert.equal(asked[1]?.key, asked[0]?.key);
        asked[1]?.answer(counter(15, 2));
        await settle();
        assert.deepEqual([value(), asked[2]?.deed.amount], [16, 1]);
    });
}

test("without a network presses gather, and wait as one", async (t) => {
    network.onLine = false;
    t.after(() => (network.onLine = true));
    const { asked, value, add, outbox, page } = stage();
    await page.change({ online: false });
    for (const amount of [1, 1, 1, -1]) add(amount);
    assert.deepEqual([value(), asked.length], [12, 0]);
    assert.deepEqual(countsOf(outbox.waiting(), TEAM, "steps").map((it) => it.amount), [3, -1]);
});

test("an outbox lives as long as its member, whoever asks for it", () => {
    const api = {} as Api;
    const made = [1, 2, 3].map(() => ({}) as Outbox);
    const create = (): Outbox => made.shift() as Outbox;
    const mine = outboxOf(api, "4", create);
    assert.equal(outboxOf(api, "4", create), mine);
    assert.notEqual(outboxOf(api, "5", create), mine);
    assert.notEqual(outboxOf({} as Api, "5", create), outboxOf(api, "5", create));
});

const history = (newest: number, oldest: number, next: string | null = null): List<HistoryItem> => ({
    items: Array.from({ length: newest - oldest + 1 }, (_, i) => ({ operationCount: newest - i }) as HistoryItem),
    next,
});

test("the newest page joins what was read of the history, unless there is a hole between them", () => {
    const data = { pages: [history(20, 16, "p2"), history(15, 11, "p3")], pageParams: [undefined, "p2"] };
    const joined = withNewestPage(data, history(23, 19, "p2x"));
    assert.deepEqual(joined.pages.map(({ items }) => items.map((it) => it.operationCount)), [
        [23, 22, 21, 20, 19, 18, 17, 16],
        [15, 14, 13, 12, 11],
    ]);
    assert.deepEqual(joined.pages.map(({ next }) => next), ["p2", "p3"]);
    assert.deepEqual(withNewestPage(data, history(25, 21)).pages[0]?.items.length, 10, "it begins where the other ends");
    const hole = withNewestPage(data, history(40, 36, "p9"));
    assert.deepEqual([hole.pages.length, hole.pages[0]?.next, hole.pageParams], [1, "p9", [undefined]]);
});
