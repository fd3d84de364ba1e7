/* What is kept without a network, and that it arrives once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CounterDeed } from "./counterApi.ts";
import { PorchlightError } from "./errors.ts";
import { createClock, createPage, settle } from "./fakes.ts";
import {
    clearOutboxes,
    createOutbox,
    OUTBOX_CHARS_MAX,
    OUTBOX_HOLD_MS_MAX,
    OUTBOX_ITEMS_MAX,
    OUTBOX_REPEAT_MS_MAX,
    type Deed,
} from "./outbox.ts";
import type { Store, StoreWatcher } from "./store.ts";
import type { CounterEvent, Like, Message, NewMessage, Post } from "./types.ts";

/* A browser's storage as each of its tabs has it: what one writes is there for all at once, and told to the others later. */
function createStores({ full = false } = {}) {
    const map = new Map<string, string>();
    const watchers = new Map<object, StoreWatcher>();
    const tell = (tab: object, name: string, text: string | null): void =>
        watchers.forEach((changed, other) => other !== tab && setImmediate(() => changed(name, text)));
    return {
        names: () => [...map.keys()],
        getItem: (name: string) => map.get(name) ?? null,
        openTab: () => {
            const tab = {};
            const store: Store = {
                get length() {
                    return map.size;
                },
                key: (index) => [...map.keys()][index] ?? null,
                getItem: (name) => map.get(name) ?? null,
                setItem: (name, value) => {
                    if (full) throw new Error("QuotaExceededError");
                    map.set(name, value);
                    tell(tab, name, value);
                },
                removeItem: (name) => {
                    if (map.delete(name)) tell(tab, name, null);
                },
            };
            const watchStore = (changed: StoreWatcher): (() => void) => {
                watchers.set(tab, changed);
                return () => watchers.delete(tab);
            };
            return { store, watchStore };
        },
    };
}

/* A lock that tabs wait for. */
function createAlone() {
    let last: Promise<void> = Promise.resolve();
    return (_: string, run: () => Promise<void>): Promise<void> => {
        const mine = last.then(run);
        last = mine.catch(() => undefined);
        return mine;
    };
}

const lost = new PorchlightError("network");
const like = (postId: string, liked = true, key = `l${postId}${liked}`): Deed => ({ kind: "like", key, postId, liked });
const post = (body: string): Deed => ({ kind: "post", key: `key-${body}`, post: { body } });
const del = (postId: string, notBeforeMs: number, key = `d${postId}`): Deed => ({ kind: "delete", key, postId, notBeforeMs });

function stage({ full = false } = {}) {
    const clock = createClock();
    const stores = createStores({ full });
    const alone = createAlone();
    const arrived: string[] = [];
    const server = { fails: [] as PorchlightError[], hold: null as Promise<void> | null };
    const api = {
        async answer<T>(what: string, value: T): Promise<T> {
            arrived.push(what);
            await server.hold;
            const error = server.fails.shift();
            if (error) throw error;
            return value;
        },
        setLike: (postId: string, liked: boolean): Promise<Like> =>
            api.answer(`${liked ? "like" : "unlike"} ${postId}`, { postId, liked, count: 1 }),
        createPost: (written: { body: string }, key: string): Promise<Post> =>
            api.answer(`post ${written.body} ${key}`, { id: "9", body: written.body } as Post),
        updatePost: (id: string, change: { body?: string }): Promise<Post> =>
            api.answer(`edit ${id} ${change.body}`, { id, body: change.body } as Post),
        deletePost: (id: string): Promise<void> => api.answer(`delete ${id}`, undefined),
        deleteMessage: (channelId: string, id: string): Promise<void> => api.answer(`unsay ${channelId} ${id}`, undefined),
        sendMessage: (channelId: string, { content, clientId }: NewMessage): Promise<Message> =>
            api.answer(`say ${channelId} ${content} ${clientId}`, { id: "7", content } as Message),
        changeCounter: ({ type, name, amount }: CounterDeed, key: string): Promise<CounterEvent> =>
            api.answer(`${type} ${name} ${amount} ${key}`, { value: 3 } as CounterEvent),
    };
    const openTab = (account = "4", start = true) => {
        const page = createPage(clock);
        const outbox = createOutbox({ api, account, environment: page.environment, ...stores.openTab(), alone });
        const told: string[] = [];
        outbox.listen({
            liked: ({ postId, liked }) => told.push(`liked ${postId} ${liked}`),
            edited: ({ id }) => told.push(`edited ${id}`),
            posted: ({ body }, { key }) => told.push(`posted ${body} ${key}`),
            deleted: (postId) => told.push(`deleted ${postId}`),
            unsaid: (channelId, messageId) => told.push(`unsaid ${channelId} ${messageId}`),
            said: ({ id }) => told.push(`said ${id}`),
            counted: ({ value }, { key }) => told.push(`counted ${value} ${key}`),
            refused: ({ key }, { slug, kind }) => told.push(`refused ${key} ${slug || kind}`),
        });
        return { page, outbox, told, stop: start ? outbox.start() : undefined };
    };
    return { clock, stores, server, arrived, openTab };
}

test("waits without a network; is sent in order with its keys when there is one", async () => {
    const { clock, stores, arrived, openTab } = stage();
    const { page, outbox, told } = openTab();
    await page.change({ online: false });
    outbox.start();
    for (const deed of [like("7"), post("a"), { kind: "edit", key: "e", postId: "5", change: { body: "x" } } as const]) {
        assert.equal(outbox.add(deed), true);
    }
    await clock.advance(60_000);
    assert.deepEqual([arrived, outbox.waiting().length], [[], 3]);
    await page.change({ online: true });
    assert.deepEqual(arrived, ["like 7", "post a key-a", "edit 5 x"]);
    assert.deepEqual(told, ["liked 7 true", "posted a key-a", "edited 5"]);
    assert.deepEqual([outbox.waiting(), stores.names(), clock.waits()], [[], [], []]);
});

test("survives a reload, for the same account alone", async () => {
    const { clock, arrived, openTab } = stage();
    const before = openTab();
    before.outbox.add(post("b"));
    before.outbox.add(post("z"));
    assert.deepEqual(openTab("5").outbox.waiting(), []);
    await clock.advance(1_000);
    const after = openTab();
    assert.deepEqual(after.outbox.waiting(), [post("b"), post("z")]);
    after.outbox.add(post("a"));
    after.outbox.start();
    await settle();
    assert.deepEqual(arrived, ["post b key-b", "post z key-z", "post a key-a"]);
});

test("messages and counts go in order with their keys, none in another's place", async () => {
    const { arrived, openTab } = stage();
    const { outbox, told } = openTab();
    const message = (key: string): Deed => ({ kind: "message", key, channelId: "1", content: "hi", threadId: null, at: "" });
    const count = (key: string, amount: number): Deed => ({ kind: "count", key, name: "steps", team: "", amount });
    for (const deed of [message("m1"), count("c1", 3), message("m2"), count("c2", -2)]) outbox.add(deed);
    await outbox.send();
    assert.deepEqual(arrived, ["say 1 hi m1", "increment steps 3 c1", "say 1 hi m2", "decrement steps 2 c2"]);
    assert.deepEqual(told, ["said 7", "counted 3 c1", "said 7", "counted 3 c2"]);
});

test("a count that the server may have forgotten is not sent twice; a message may be", async () => {
    const { clock, arrived, openTab } = stage();
    const { outbox, told } = openTab("4", false);
    await clock.advance(1);
    outbox.add({ kind: "count", key: "c1", name: "steps", team: "", amount: 1 }, true);
    outbox.add({ kind: "message", key: "m1", channelId: "1", content: "hi", threadId: null, at: "" }, true);
    await clock.advance(OUTBOX_REPEAT_MS_MAX + 1);
    outbox.start();
    await outbox.send();
    assert.deepEqual(arrived, ["say 1 hi m1"]);
    assert.deepEqual(told, ["refused c1 too-old", "said 7"]);
});

test("of several wishes about one post the last counts", async () => {
    const { arrived, openTab } = stage();
    const { outbox } = openTab();
    for (const deed of [like("7"), like("8"), like("7", false), post("a"), post("b")]) outbox.add(deed);
    assert.equal(outbox.waiting().length, 4);
    await outbox.send();
    assert.deepEqual(arrived, ["like 8", "unlike 7", "post a key-a", "post b key-b"]);
});

test("a wish that changes while it is on its way is sent after it, and told once", async () => {
    const { server, arrived, openTab } = stage();
    const { outbox, told } = openTab();
    let answer = (): void => undefined;
    server.hold = new Promise((done) => (answer = done));
    outbox.add(like("7"));
    const sent = outbox.send();
    await settle();
    outbox.add(like("7", false));
    answer();
    await sent;
    assert.deepEqual([arrived, told], [["like 7", "unlike 7"], ["liked 7 false"]]);
});

test("a lost answer is asked for again with the same key, with backoff", async () => {
    const { clock, server, arrived, openTab } = stage();
    const { outbox, told } = openTab();
    server.fails = [lost, new PorchlightError("limited", { status: 429, retryAfterMs: 20_000 })];
    outbox.start();
    outbox.add(post("a"));
    await outbox.send();
    assert.deepEqual([arrived.length, clock.waits()], [1, [2_500]], "the second wait, after that of adding it");
    await clock.advance(2_500);
    await settle();
    assert.deepEqual([arrived.length, clock.waits()], [2, [22_500]], "the server's time is kept");
    await clock.advance(22_500);
    await settle();
    assert.deepEqual(arrived, Array(3).fill("post a key-a"));
    assert.deepEqual([told, outbox.waiting()], [["posted a key-a"], []]);
});

test("what is refused is reported and dropped, and what is behind it goes on", async () => {
    const { server, arrived, openTab } = stage();
    const { outbox, told } = openTab();
    server.fails = [new PorchlightError("refused", { status: 404, slug: "not-found" })];
    outbox.add(like("7"));
    outbox.add(post("a"));
    await outbox.send();
    assert.deepEqual(told, ["refused l7true not-found", "posted a key-a"]);
    assert.deepEqual([arrived, outbox.waiting()], [["like 7", "post a key-a"], []]);
});

test("an ended session keeps it all", async () => {
    const { clock, server, arrived, openTab } = stage();
    const { outbox, told } = openTab();
    server.fails = [new PorchlightError("refused", { status: 401 })];
    outbox.add(post("a"));
    await outbox.send();
    assert.deepEqual([told, outbox.waiting(), clock.waits()], [[], [post("a")], []]);
    const next = openTab("4", false);
    next.outbox.start();
    await settle();
    assert.deepEqual([arrived, next.told], [["post a key-a", "post a key-a"], ["posted a key-a"]]);
    assert.deepEqual([outbox.waiting(), next.outbox.waiting()], [[], []], "in the tab of before as well");
});

test("only one tab sends", async () => {
    const { server, arrived, openTab } = stage();
    const [first, second] = [openTab(), openTab()];
    let answer = (): void => undefined;
    server.hold = new Promise((done) => (answer = done));
    first.outbox.add(post("a"));
    const sent = [first.outbox.send(), second.outbox.send(), second.outbox.send()];
    await settle();
    assert.equal(arrived.length, 1);
    answer();
    await Promise.all(sent);
    assert.deepEqual(arrived, ["post a key-a"]);
    assert.deepEqual([first.told, second.told], [["posted a key-a"], []]);
});

test("is bounded in number and size", () => {
    const { stores, openTab } = stage();
    const { outbox } = openTab();
    for (let i = 0; i < OUTBOX_ITEMS_MAX; i++) assert.equal(outbox.add(like(String(i))), true);
    assert.equal(outbox.add(like("more")), false);
    assert.equal(outbox.add(like("5", false)), true, "another wish about the same post takes no more room");
    const kept = outbox.waiting();
    assert.deepEqual([kept.length, kept.at(-1)], [OUTBOX_ITEMS_MAX, like("5", false)], "what found no room is not there");
    clearOutboxes(stores.openTab().store);
    const next = openTab().outbox;
    assert.deepEqual(next.waiting(), []);
    assert.equal(next.add(post("x".repeat(OUTBOX_CHARS_MAX))), false);
    const around = JSON.stringify(post("")).length;
    assert.equal(next.add({ ...post(""), key: "key-", post: { body: "x".repeat(OUTBOX_CHARS_MAX - around) } } as Deed), true);
});

test("a post whose key the server has forgotten is not risked again", async () => {
    const { clock, server, arrived, openTab } = stage();
    const { outbox, told, stop } = openTab();
    server.fails = [lost];
    await clock.advance(1);
    outbox.add(post("a"));
    await outbox.send();
    stop?.();
    outbox.add(post("b"), true);
    outbox.add(post("c"));
    await clock.advance(OUTBOX_REPEAT_MS_MAX + 1);
    outbox.start();
    await outbox.send();
    assert.deepEqual(told, ["refused key-a too-old", "refused key-b too-old", "posted c key-c"], "what was never on its way is sent");
    assert.deepEqual(arrived, ["post a key-a", "post c key-c"]);
});

test("a browser that keeps nothing keeps it for the life of the page", async () => {
    const { arrived, stores, openTab } = stage({ full: true });
    const { outbox } = openTab();
    assert.equal(outbox.add(post("a")), true);
    assert.deepEqual([stores.names(), outbox.waiting().length], [[], 1]);
    await outbox.send();
    assert.deepEqual([arrived, outbox.waiting()], [["post a key-a"], []]);
});

test("a timer that rang while there was no network does not keep the next one from being set", async () => {
    const { clock, server, arrived, openTab } = stage();
    const { page, outbox } = openTab();
    outbox.start();
    server.fails = [lost];
    outbox.add(post("a"));
    await outbox.send();
    assert.equal(clock.waits().length, 1);
    page.environment.online = () => false;
    await clock.advance(60_000);
    assert.deepEqual([clock.waits(), arrived.length], [[], 1]);
    page.environment.online = () => true;
    outbox.add(post("b"));
    assert.equal(clock.waits().length, 1);
    await clock.advance(60_000);
    assert.deepEqual([arrived.slice(1), outbox.waiting()], [["post a key-a", "post b key-b"], []]);
});

/* ---- deletions are held ------------------------------------------------------------------------------------------ */

test("a deletion is held until its moment, and what is behind it goes on", async () => {
    const { clock, arrived, openTab } = stage();
    const { outbox, told } = openTab();
    outbox.start();
    outbox.add(del("7", 10_000));
    outbox.add(post("a"));
    await outbox.send();
    await clock.advance(9_999);
    assert.deepEqual([arrived, outbox.waiting()], [["post a key-a"], [del("7", 10_000)]]);
    await clock.advance(1);
    await settle();
    assert.deepEqual([arrived, outbox.waiting()], [["post a key-a", "delete 7"], []]);
    assert.deepEqual([told, clock.waits()], [["posted a key-a", "deleted 7"], []]);
});

test("deleting twice is deleting once, at the first time", async () => {
    const { clock, arrived, openTab } = stage();
    const { outbox } = openTab();
    outbox.start();
    outbox.add(del("7", 10_000));
    assert.equal(outbox.add(del("7", 15_000, "again")), true);
    await clock.advance(10_000);
    await settle();
    assert.deepEqual(arrived, ["delete 7"]);
    await clock.advance(30_000);
    assert.deepEqual(arrived, ["delete 7"]);
});

test("a deletion is taken back in any tab until it is on its way, and never after", async () => {
    const { clock, server, arrived, openTab } = stage();
    const [first, second] = [openTab(), openTab()];
    first.outbox.start();
    first.outbox.add(del("7", 10_000));
    await clock.advance(9_000);
    assert.deepEqual([second.outbox.mayTakeBack("d7"), second.outbox.takeBack("d7")], [true, true]);
    /* The other tab hears of both at once: a way back that went before the deletion would go with the focus on it. */
    assert.deepEqual([first.outbox.waiting().length, first.outbox.mayTakeBack("d7")], [1, true]);
    await settle();
    assert.deepEqual([first.outbox.waiting(), first.outbox.mayTakeBack("d7")], [[], false]);
    await clock.advance(9_000);
    assert.deepEqual([arrived, first.outbox.waiting()], [[], []]);

    let answer = (): void => undefined;
    server.hold = new Promise((done) => (answer = done));
    first.outbox.add(del("8", clock.nowMs() + 10_000));
    await clock.advance(10_000);
    await settle();
    assert.deepEqual([arrived, first.outbox.waiting().length], [["delete 8"], 1]);
    assert.deepEqual([second.outbox.mayTakeBack("d8"), second.outbox.takeBack("d8")], [false, false]);
    answer();
    await settle();
    assert.deepEqual([first.told, first.outbox.waiting()], [["deleted 8"], []]);
});

test("a deletion survives a reload, also past its moment, and is sent once by one of two tabs", async () => {
    const { clock, stores, arrived, openTab } = stage();
    openTab().outbox.add(del("7", 10_000));
    await clock.advance(4_000);
    const tabs = [openTab(), openTab()];
    await clock.advance(5_999);
    assert.deepEqual(arrived, []);
    await clock.advance(60_000);
    assert.deepEqual([arrived, stores.names()], [["delete 7"], []]);
    assert.deepEqual(tabs.map(({ told }) => told), [["deleted 7"], ["deleted 7"]], "both know it");

    openTab().outbox.add(del("8", clock.nowMs() + 10_000));
    await clock.advance(3600_000);
    openTab().outbox.start();
    await settle();
    assert.deepEqual(arrived, ["delete 7", "delete 8"]);
});

test("a hidden page sends a deletion when its time is over; one without a network when there is one", async () => {
    const { clock, arrived, openTab } = stage();
    const { page, outbox } = openTab();
    outbox.start();
    outbox.add(del("7", 10_000));
    await page.hide();
    await clock.advance(10_000);
    await settle();
    assert.deepEqual(arrived, ["delete 7"]);

    await page.change({ visible: true, online: false });
    outbox.add(del("8", 20_000));
    await clock.advance(60_000);
    assert.deepEqual([arrived.length, outbox.mayTakeBack("d8")], [1, true]);
    await page.change({ online: true });
    assert.deepEqual(arrived, ["delete 7", "delete 8"]);
});

test("a post that is gone already counts as deleted; a refusal is reported", async () => {
    const { server, openTab } = stage();
    const { outbox, told } = openTab();
    server.fails = [
        new PorchlightError("refused", { status: 404, slug: "not-found" }),
        new PorchlightError("refused", { status: 403, slug: "forbidden" }),
    ];
    outbox.add(del("7", 0));
    outbox.add(del("8", 0));
    await outbox.send();
    assert.deepEqual([told, outbox.waiting()], [["deleted 7", "refused d8 forbidden"], []]);
});

test("who leaves sends what is held, and a clock that was set back holds nothing for long", async () => {
    const { clock, arrived, openTab } = stage();
    const { outbox } = openTab();
    await clock.advance(1_000);
    outbox.add(del("7", 11_000));
    await Promise.all([outbox.send(), outbox.send(true)]);
    assert.deepEqual(arrived, ["delete 7"]);
    outbox.add(del("8", clock.nowMs() + OUTBOX_HOLD_MS_MAX + 1));
    await outbox.send();
    assert.deepEqual(arrived, ["delete 7", "delete 8"]);
});

test("a deletion that the device cannot keep goes with the page", async () => {
    for (const full of [true, false]) {
        const { arrived, openTab } = stage({ full });
        const { page, outbox } = openTab();
        outbox.start();
        outbox.add(del("7", 10_000));
        page.leave();
        await settle();
        assert.deepEqual(arrived, full ? ["delete 7"] : [], "what is kept waits for the next visit");
    }
});

const count = (key: string, amount: number): Deed => ({ kind: "count", key, name: "steps", team: "", amount });
const message = (key: string): Deed => ({ kind: "message", key, channelId: "1", content: key, threadId: null, at: "" });
const unsay = (messageId: string, notBeforeMs: number): Deed =>
    ({ kind: "unsay", key: `u${messageId}`, channelId: "1", messageId, notBeforeMs });

test("one that has been stopped sends nothing: somebody else may be signed in", async () => {
    const { server, arrived, openTab } = stage();
    const { outbox, stop } = openTab();
    let answer = (): void => undefined;
    server.hold = new Promise((done) => (answer = done));
    outbox.add(message("m1"));
    outbox.add(message("m2"));
    const sent = outbox.send();
    await settle();
    stop?.();
    answer();
    await sent;
    await outbox.send();
    assert.deepEqual([arrived, outbox.waiting().map(({ key }) => key)], [["say 1 m1 m1"], ["m2"]]);
});

test("what comes while the rest is on its way goes with it, also after the last look", async () => {
    const { arrived, openTab } = stage();
    const { outbox } = openTab();
    outbox.add(count("c1", 1));
    const sent = outbox.send();
    /* At every turn until it rests: one of them is after the last look. */
    for (let i = 2; i < 30; i++) {
        await Promise.resolve();
        outbox.add(count(`c${i}`, 1));
        void outbox.send();
    }
    await sent;
    await settle();
    await settle();
    const every = Array.from({ length: 29 }, (_, i) => `increment steps 1 c${i + 1}`);
    assert.deepEqual([outbox.waiting(), arrived], [[], every]);
    assert.equal(outbox.busy(), false);
});

test("what a server in trouble does not take keeps only its own lane waiting", async () => {
    const { clock, server, arrived, openTab } = stage();
    const { outbox } = openTab();
    await clock.advance(1);
    server.fails = [new PorchlightError("server", { status: 503 })];
    for (const deed of [count("c1", 5), count("c2", -1), message("m1")]) outbox.add(deed);
    await outbox.send();
    assert.deepEqual([arrived, outbox.waiting().map(({ key }) => key)], [["increment steps 5 c1", "say 1 m1 m1"], ["c1", "c2"]]);
    assert.deepEqual([outbox.mayTakeBack("c1"), outbox.mayTakeBack("c2")], [false, true]);
});

test("a page of a hotel's network in the place of an answer: tried again", async () => {
    const { clock, server, arrived, openTab } = stage();
    const { outbox, told } = openTab();
    server.fails = [new PorchlightError("fault", { status: 200 })];
    outbox.add(message("m1"));
    await outbox.send();
    assert.deepEqual([outbox.waiting().length, told], [1, []]);
    await clock.advance(30_000);
    assert.deepEqual([arrived.length, told], [2, ["said 7"]]);
});

test("what was refused is kept over a reload, is not sent again, and goes when it is closed", async () => {
    for (const full of [false, true]) {
        const { server, arrived, stores, openTab } = stage({ full });
        const { outbox } = openTab();
        server.fails = [new PorchlightError("refused", { status: 403, slug: "forbidden", detail: "Only coaches." })];
        outbox.add(message("m1"));
        await outbox.send();
        await outbox.send();
        const later = full ? outbox : openTab().outbox;
        await later.send();
        assert.equal(arrived.length, 1);
        assert.deepEqual(
            later.refused().map(({ deed, error }) => [deed.key, error.kind, error.status, error.slug, error.detail]),
            [["m1", "refused", 403, "forbidden", "Only coaches."]],
        );
        assert.deepEqual([later.waiting(), later.forget("m1"), later.forget("m1")], [[], true, false]);
        assert.deepEqual([later.refused(), stores.names()], [[], []]);
    }
});

test("a message's deletion is held, may be taken back, and is known to other tabs when it is done", async () => {
    const { clock, arrived, stores, openTab } = stage();
    const { outbox, told } = openTab();
    const other = openTab();
    outbox.add(unsay("8", clock.nowMs() + 10_000));
    outbox.add(unsay("9", clock.nowMs() + 10_000));
    outbox.add(unsay("9", clock.nowMs() + 20_000));
    outbox.add(message("m1"));
    await outbox.send();
    assert.deepEqual(arrived, ["say 1 m1 m1"]);
    await settle();
    assert.deepEqual(other.outbox.waiting().map(({ key }) => key), ["u8", "u9"]);
    assert.equal(outbox.takeBack("u8"), true);
    await settle();
    assert.deepEqual(other.outbox.waiting().map(({ key }) => key), ["u9"]);
    await clock.advance(10_001);
    await settle();
    assert.deepEqual([arrived.slice(1), other.outbox.waiting(), stores.names()], [["unsay 1 9"], [], []]);
    assert.deepEqual([told, other.told], Array(2).fill(["said 7", "unsaid 1 9"]), "what was taken back is not told as gone");
});

test("another tab has a message as the server stored it before it misses it among what waits", async () => {
    const { server, openTab } = stage();
    const [{ outbox }, other] = [openTab(), openTab()];
    let answer = (): void => undefined;
    server.hold = new Promise((done) => (answer = done));
    const seen: string[] = [];
    other.outbox.listen({
        said: ({ id }) => seen.push(`said ${id}`),
        changed: () => seen.push(`waits: ${other.outbox.waiting().length}`),
    });
    outbox.add(message("m1"));
    const sent = outbox.send();
    await settle();
    answer();
    await sent;
    await settle();
    assert.deepEqual([seen[0], seen.slice(-2)], ["waits: 1", ["said 7", "waits: 0"]]);
});

test("messages of a channel go by its carrier while there is one", async () => {
    const { arrived, openTab } = stage();
    const { outbox, told } = openTab();
    const carried: string[] = [];
    const stored = { id: "5" } as Message;
    const uncarry = outbox.carry("1", (deed) => (carried.push(deed.key), Promise.resolve(stored)));
    outbox.add(message("m1"));
    await outbox.send();
    uncarry();
    outbox.add(message("m2"));
    await outbox.send();
    assert.deepEqual([carried, arrived, told], [["m1"], ["say 1 m2 m2"], ["said 5", "said 7"]]);
});
