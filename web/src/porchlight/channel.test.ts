/* A chat channel over polls and sockets: one list, no gap and no double, and what is said once is there once. */
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { createChannel } from "./channel.ts";
import { PorchlightError } from "./errors.ts";
import { FakeChat } from "./fakeChat.ts";
import { createClock, createPage, FakeWebSocket, settle } from "./fakes.ts";
import { createOutbox } from "./outbox.ts";
import { memoryStore } from "./store.ts";
import type { Message } from "./types.ts";

globalThis.crypto ??= webcrypto as Crypto;

function stage({ said = 3, offers = true } = {}) {
    const clock = createClock();
    const page = createPage(clock);
    const chat = new FakeChat();
    chat.offersSocket = offers;
    for (let i = 1; i <= said; i++) chat.say(`old ${i}`);
    const api = { ...chat.api, setLike: never, createPost: never, updatePost: never, deletePost: never, changeCounter: never };
    const alone = (_: string, run: () => Promise<void>): Promise<void> => run();
    const store = memoryStore();
    const outbox = createOutbox({ api, account: "4", environment: page.environment, store, alone });
    const room = createChannel({
        api: chat.api,
        id: "1",
        member: { id: "4", name: "Ruth" },
        outbox,
        baseUrl: "https://porch.test",
        environment: page.environment,
        openWebSocket: (url) => {
            chat.wires.push(new FakeWebSocket(url));
            return chat.wire();
        },
    });
    outbox.start();
    const words = (): string[] => room.view.messages.map((it) => (it.state ? `${it.content} (${it.state})` : it.content));
    const asked = (what: string): number => chat.asked.filter((it) => it.startsWith(what)).length;
    /* Opened, loaded, and a socket let in. */
    const live = async (): Promise<void> => {
        room.open();
        await clock.advance(0);
        await settle();
        await chat.letIn();
        await settle();
    };
    const refused = (): [string, string][] => outbox.refused().map(({ deed, error }) => [deed.key, error.slug]);
    return { clock, page, chat, room, outbox, store, api, alone, refused, words, asked, live };
}

const never = (): never => assert.fail("not a matter of chat");

const shown = (messages: readonly Message[]): string[] => messages.map((it) => `${it.id} ${it.content} ${it.deleted}`);

test("loads the newest page, then asks for what came since, as the server advises", async () => {
    const { clock, chat, room, words, asked } = stage({ offers: false });
    assert.equal(room.view.isPending, true);
    const close = room.open();
    await settle();
    assert.deepEqual([words(), room.view.isPending, room.view.isConnected], [["old 1", "old 2", "old 3"], false, true]);
    chat.say("new");
    await clock.advance(5_000);
    assert.deepEqual(words().at(-1), "new");
    const before = asked("since");
    await clock.advance(8_000);
    assert.equal(asked("since") - before, 2);
    close();
    await clock.advance(60_000);
    assert.equal(asked("since") - before, 2);
});

test("a hidden page asks nothing, holds no socket, and asks at once when it is seen again", async () => {
    const { clock, page, chat, room, words, live } = stage();
    await live();
    await page.hide();
    assert.deepEqual([chat.wire().closed, room.view.isConnected, room.view.online], [true, false, null]);
    chat.welcomed.clear();
    const before = chat.asked.length;
    await clock.advance(60_000);
    assert.equal(chat.asked.length, before);
    chat.say("meanwhile");
    await page.show();
    assert.equal(words().at(-1), "meanwhile");
    await clock.advance(0);
    await settle();
    assert.equal(chat.wires.length, 2);
});

test("a socket takes the place of polls, from the cursor they were at", async () => {
    const { clock, chat, room, words, asked, live } = stage();
    await live();
    assert.equal(chat.wire().url, `wss://porch.test/channel/1/websocket?since=${chat.cursor(103)}`);
    assert.deepEqual(room.view.online?.map((it) => it.userId), ["9"]);
    const polls = asked("since");
    chat.say("live");
    chat.change("8", "mended");
    chat.change("9", null);
    await settle();
    assert.deepEqual(words(), ["mended", "", "old 3", "live"]);
    await clock.advance(50_000);
    assert.equal(asked("since"), polls);
});

test("what is said between the last poll and the socket is not lost", async () => {
    const { clock, chat, room, words } = stage();
    room.open();
    await clock.advance(0);
    await settle();
    for (let i = 1; i <= 12; i++) chat.say(`between ${i}`);
    chat.change("8", null);
    await chat.letIn();
    assert.deepEqual(shown(room.view.messages), shown(chat.table()));
    chat.say("live");
    assert.equal(words().at(-1), "live");
});

test("a socket that ends: polls go on from its last word, and another is tried", async () => {
    const { clock, chat, room, words, live } = stage();
    await live();
    chat.say("over the socket");
    await settle();
    await chat.end(chat.wire(), 1006);
    chat.say("into the gap");
    await clock.advance(1_000);
    assert.equal(chat.asked.filter((it) => it.startsWith("since")).at(-1), `since ${chat.cursor(104)}`);
    assert.deepEqual(words().slice(-2), ["over the socket", "into the gap"]);
    await clock.advance(5_000);
    assert.equal(chat.wires.length, 2);
    assert.match(chat.wire().url, /since=e1-105$/);
    assert.equal(room.view.isConnected, true);
});

test("sockets that end again and again lose nothing", async () => {
    const { clock, chat, room, live } = stage();
    await live();
    await chat.end(chat.wire(), 1006);
    chat.say("missed");
    chat.fails = Array.from({ length: 3 }, () => new PorchlightError("network"));
    await clock.advance(1_000);
    chat.fails = [];
    await clock.advance(6_000);
    const second = chat.wire();
    chat.fails = [new PorchlightError("network"), new PorchlightError("network")];
    await chat.letIn(second);
    chat.say("live");
    await settle();
    await chat.end(second, 1006);
    chat.fails = [];
    await clock.advance(40_000);
    assert.deepEqual(shown(room.view.messages), shown(chat.table()));
});

test("a socket that knows our cursor no more: everything is loaded anew, and another one is tried", async () => {
    const { clock, chat, room, words } = stage();
    room.open();
    await clock.advance(0);
    await settle();
    chat.restore();
    chat.rows = chat.rows.slice(1);
    await chat.letIn();
    await settle();
    assert.deepEqual([words(), chat.wires[0]?.closed], [["old 2", "old 3"], true]);
    await clock.advance(4_000);
    assert.match(chat.wire().url, /since=e1x-/);
    await chat.letIn();
    assert.equal(room.view.isConnected, true);
});

test("an answer that was made before the socket was let in does not tell what it missed", async () => {
    const { clock, chat, room } = stage();
    room.open();
    await clock.advance(0);
    await settle();
    let arrive = (): void => undefined;
    chat.hold = new Promise((done) => (arrive = done));
    await clock.advance(5_000);
    /* In between: neither that answer nor the socket has it, and the greeting is short. */
    for (let i = 1; i <= 9; i++) chat.say(`between ${i}`);
    await chat.letIn();
    chat.hold = null;
    arrive();
    await settle();
    chat.say("live");
    await chat.end(chat.wire(), 4001);
    await clock.advance(10_000);
    assert.deepEqual(shown(room.view.messages), shown(chat.table()));
});

for (const [code, polls, sockets] of [
    [4001, true, 1],
    [4003, true, 1],
    [4004, true, 2],
    [4005, true, 1],
] as const) {
    test(`closed with ${code}: ${sockets === 1 ? "polls" : "returns"} at first`, async () => {
        const { clock, chat, asked, live } = stage();
        await live();
        const before = asked("since");
        await chat.end(chat.wire(), code);
        await clock.advance(1_500);
        assert.equal(asked("since") > before, polls);
        await clock.advance(6_500);
        assert.equal(chat.wires.length, sockets);
        /* 4003 never comes back, the others do. */
        await clock.advance(200_000);
        assert.equal(chat.wires.length > sockets || sockets === 2, code !== 4003);
    });
}

test("a network that swallows sockets is left alone: polls carry the chat", async () => {
    const { clock, chat, words, room } = stage();
    room.open();
    await clock.advance(0);
    await settle();
    await clock.advance(4 * 60_000);
    assert.equal(chat.wires.length, 3);
    chat.say("still here");
    await clock.advance(5_000);
    assert.equal(words().at(-1), "still here");
});

test("a server whose history is another one is loaded anew", async () => {
    const { clock, chat, room, words } = stage({ offers: false });
    room.open();
    await settle();
    chat.restore();
    chat.rows = [];
    chat.say("another world");
    await clock.advance(10_000);
    assert.deepEqual(words(), ["another world"]);
});

test("older pages come before the first, and a change of what was not loaded shows no hole", async () => {
    const { clock, chat, room } = stage({ said: 13, offers: false });
    room.open();
    await settle();
    assert.deepEqual([room.view.messages.length, room.view.hasOlder], [5, true]);
    chat.change("9", "mended far up");
    await clock.advance(5_000);
    assert.equal(room.view.messages.length, 5);
    await room.older();
    await room.older();
    assert.deepEqual([shown(room.view.messages), room.view.hasOlder], [shown(chat.table()), false]);
});

test("what is said shows at once, and once, whether its echo or its answer comes first", async () => {
    const { chat, room, words, live } = stage();
    await live();
    const sent = room.send("hello", null, "c1");
    assert.equal(words().at(-1), "hello (sending)");
    await settle();
    const [said] = chat.wire().sent.filter((it) => it.type === "message");
    assert.deepEqual([said?.content, said?.clientId], ["hello", "c1"]);
    const message = chat.say("hello", "4", "c1");
    assert.deepEqual(words().slice(-1), ["hello"]);
    chat.wire().says({ type: "ack", clientId: "c1", messageId: message.id });
    await sent;
    assert.deepEqual(words().filter((it) => it.startsWith("hello")), ["hello"]);
    assert.equal(chat.asked.some((it) => it.startsWith("send")), false);
});

test("a socket's lost answer: said again by request, with the same clientId, and there once", async () => {
    const { clock, chat, room, words, live } = stage();
    await live();
    const sent = room.send("once", null, "c1");
    await settle();
    /* It arrives, and the socket dies before the word of it. */
    const wire = chat.wire();
    chat.welcomed.clear();
    chat.say("once", "4", "c1");
    await chat.end(wire, 1006);
    await sent;
    assert.ok(chat.asked.includes("send c1"));
    await clock.advance(10_000);
    assert.deepEqual(words().filter((it) => it.startsWith("once")), ["once"]);
    assert.equal(chat.rows.filter((it) => it.content === "once").length, 1);
});

test("a request's lost answer: it waits in the outbox, goes again with the same clientId, and is there once", async () => {
    const { clock, chat, room, words, refused } = stage({ offers: false });
    room.open();
    await settle();
    chat.losesAnswers = 1;
    await room.send("once", null, "c1");
    assert.match(words().at(-1) ?? "", /^once/);
    await clock.advance(60_000);
    assert.deepEqual(words().filter((it) => it.startsWith("once")), ["once"]);
    assert.equal(chat.rows.filter((it) => it.content === "once").length, 1);
    assert.equal(chat.asked.filter((it) => it === "send c1").length, 2);
    assert.deepEqual(refused(), []);
});

/* How often the member's message of this clientId is in the list, noted at every change of it. */
function watchCount({ room }: Pick<ReturnType<typeof stage>, "room">, clientId: string): () => number[] {
    const counts = new Set<number>();
    room.listen(() => void (!room.view.isPending && counts.add(room.view.messages.filter((it) => it.clientId === clientId).length)));
    return () => [...counts];
}

test("a newest page that was made before a message arrived does not make it vanish", async () => {
    const { chat, room, outbox } = stage({ offers: false });
    const counts = watchCount({ room }, "c1");
    let arrive = (): void => undefined;
    chat.hold = new Promise((done) => (arrive = done));
    room.open();
    await settle();
    chat.hold = null;
    await room.send("hello", null, "c1");
    assert.deepEqual(outbox.waiting(), []);
    arrive();
    await settle();
    assert.deepEqual([counts(), room.view.messages.at(-1)?.state], [[1], undefined]);
});

test("what is loaded anew while a message is on its way, by a socket or by polls, does not make it vanish", async () => {
    for (const offers of [true, false]) {
        const { clock, chat, room, outbox } = stage({ offers });
        room.open();
        await clock.advance(0);
        await settle();
        let [answer, arrive] = [(): void => undefined, (): void => undefined];
        chat.restore();
        chat.hold = new Promise((done) => (answer = done));
        if (offers) await chat.letIn();
        else await clock.advance(5_000);
        await settle();
        /* The poll's answer comes, that of the page is held. */
        if (!offers) chat.hold = new Promise((done) => (arrive = done));
        else arrive = answer;
        if (!offers) answer();
        await clock.advance(0);
        await settle();
        assert.equal(chat.asked.at(-1), "page newest");
        chat.hold = null;
        const counts = watchCount({ room }, "c1");
        await room.send("hello", null, "c1");
        assert.deepEqual(outbox.waiting(), []);
        arrive();
        await settle();
        assert.deepEqual(counts(), [1], offers ? "a socket" : "polls");
    }
});

test("what arrived while nobody looked is there when somebody looks again", async () => {
    const { chat, room, outbox } = stage({ offers: false });
    const close = room.open();
    await settle();
    const counts = watchCount({ room }, "c1");
    const sent = room.send("hello", null, "c1");
    close();
    await sent;
    assert.deepEqual(outbox.waiting(), []);
    chat.hold = new Promise(() => undefined);
    room.open();
    await settle();
    assert.deepEqual(counts(), [1]);
});

test("without a network it waits, in order, and goes when there is one", async () => {
    const { clock, page, chat, room, words } = stage({ offers: false });
    room.open();
    await settle();
    await page.change({ online: false });
    await Promise.all([room.send("one"), room.send("two")]);
    assert.deepEqual(words().slice(-2), ["one (waiting)", "two (waiting)"]);
    await page.change({ online: true });
    void room.send("three");
    await clock.advance(10_000);
    assert.deepEqual(words().slice(-3), ["one", "two", "three"]);
    assert.deepEqual(chat.table().slice(-3).map((it) => it.content), ["one", "two", "three"]);
});

test("what waits can be taken back", async () => {
    const { page, chat, room, words, clock } = stage({ offers: false });
    room.open();
    await settle();
    await page.change({ online: false });
    await room.send("regretted", null, "c1");
    assert.equal(await room.remove("c1"), true);
    await page.change({ online: true });
    await clock.advance(10_000);
    assert.deepEqual([words().length, chat.rows.length], [3, 3]);
});

test("what is refused is told, and shows no longer as sent", async () => {
    const { chat, room, words, refused, live } = stage();
    await live();
    const sent = room.send("secret", null, "c1");
    await settle();
    chat.wire().says({ type: "error", id: "c1", code: "forbidden", message: "Only coaches write here." });
    await sent;
    assert.deepEqual(refused(), [["c1", "forbidden"]]);
    assert.equal(words().at(-1), "secret (failed)");
    assert.equal(await room.remove("c1"), true);
    assert.equal(words().length, 3);
});

test("an edit and a deletion show at once, and are taken back when they are refused", async () => {
    const { chat, room, words, live } = stage();
    await live();
    chat.fails = [new PorchlightError("refused", { status: 403 })];
    const edit = room.edit("8", "better");
    assert.equal(words()[0], "better");
    assert.equal(await edit, false);
    assert.deepEqual([words()[0], room.view.error?.status], ["old 1", 403]);
    chat.fails = [new PorchlightError("network")];
    const removal = room.remove("8");
    assert.equal(room.view.messages[0]?.deleted, true);
    assert.deepEqual([await removal, room.view.messages[0]?.deleted], [false, false]);
    assert.deepEqual([await room.edit("8", "best"), await room.remove("9")], [true, true]);
    assert.deepEqual(shown(room.view.messages), shown(chat.table()));
});

test("typing: told seldom, shown to others for a few seconds, and over with the message", async () => {
    const { clock, chat, room, live } = stage();
    await live();
    const typed = (): unknown[] => chat.wire().sent.filter((it) => it.type === "typing").map((it) => it.isTyping);
    room.setTyping(true);
    room.setTyping(true);
    await clock.advance(3_000);
    room.setTyping(true);
    room.setTyping(false);
    room.setTyping(false);
    assert.deepEqual(typed(), [true, true, false]);

    const who = { userId: "9", username: "Member 9" };
    chat.wire().says({ type: "typing", ...who, isTyping: true });
    chat.wire().says({ type: "typing", userId: "4", username: "Ruth", isTyping: true });
    assert.deepEqual(room.view.typing, [who]);
    chat.say("done");
    assert.deepEqual(room.view.typing, []);
    chat.wire().says({ type: "typing", ...who, isTyping: true });
    await clock.advance(7_000);
    assert.deepEqual(room.view.typing, []);
});

test("who comes and goes", async () => {
    const { chat, room, live } = stage();
    await live();
    const anna = { userId: "12", username: "Anna" };
    chat.wire().says({ type: "presence", ...anna, status: "online" });
    chat.wire().says({ type: "presence", ...anna, status: "online" });
    assert.deepEqual(room.view.online?.map((it) => it.userId), ["9", "12"]);
    chat.wire().says({ type: "presence", userId: "9", username: "Ninth", status: "away" });
    assert.deepEqual(room.view.online, [{ userId: "9", username: "Ninth" }, anna]);
    chat.wire().says({ type: "user_disconnected", userId: "9", username: "Member 9" });
    assert.deepEqual(room.view.online, [anna]);
});

test("read moves only forward, one word at a time, and is told again after a lost one", async () => {
    const { clock, chat, room, asked } = stage({ offers: false });
    room.open();
    await settle();
    chat.fails = [new PorchlightError("network")];
    room.markRead("9");
    room.markRead("10");
    room.markRead("8");
    await settle();
    assert.equal(asked("read "), 1);
    await clock.advance(5_000);
    assert.deepEqual(chat.asked.filter((it) => it.startsWith("read ")), ["read 9", "read 10"]);
    assert.equal(room.view.receipts.find((it) => it.userId === "4")?.readId, "10");
    room.markRead("10");
    await clock.advance(2_000);
    assert.equal(asked("read "), 2);
    /* Read is delivered: nothing more to say. */
    assert.equal(asked("delivered"), 0);
});

test("what came and was not read is delivered: told once for all of it", async () => {
    const { clock, chat, room, asked } = stage({ offers: false });
    room.open();
    await settle();
    chat.say("one");
    chat.say("two");
    await clock.advance(8_000);
    assert.deepEqual(chat.asked.filter((it) => it.startsWith("delivered")), ["delivered 10", "delivered 12"]);
    chat.say("mine", "4");
    await clock.advance(8_000);
    assert.equal(asked("delivered"), 2);
    assert.equal(room.view.receipts.find((it) => it.userId === "4")?.deliveredId, "12");
});

test("a socket carries receipts both ways", async () => {
    const { chat, room, asked, live } = stage();
    await live();
    room.markRead("10");
    const [said] = chat.wire().sent.filter((it) => it.type === "read");
    assert.deepEqual([said?.messageId, said?.state], ["10", "read"]);
    chat.wire().says({ type: "ACK", id: said?.id });
    await settle();
    assert.equal(room.view.receipts.find((it) => it.userId === "4")?.readId, "10");
    chat.wire().says({ type: "receipt", items: [{ userId: "9", deliveredId: "10", readId: "9" }] });
    assert.deepEqual([room.view.receipts.find((it) => it.userId === "9")?.readId, asked("read ")], ["9", 0]);
});

test("a page that goes while messages are on their way: the next one sends them, and each is there once", async () => {
    const { clock, page, chat, room, api, alone, store } = stage({ offers: false });
    room.open();
    await settle();
    chat.hold = new Promise(() => undefined);
    void room.send("one", null, "c1");
    void room.send("two", null, "c2");
    await settle();
    chat.hold = null;
    const next = createOutbox({ api, account: "4", environment: page.environment, store, alone });
    next.start();
    await clock.advance(10_000);
    assert.deepEqual(chat.rows.slice(3).map((it) => it.content), ["one", "two"]);
    assert.deepEqual(next.waiting(), []);
});

test("after a refusal the chat stands still, and asks again when it is wanted", async () => {
    const { clock, chat, room, words, asked } = stage({ offers: false });
    room.open();
    await settle();
    await clock.advance(2_000);
    chat.fails = [new PorchlightError("refused", { status: 403 })];
    await clock.advance(3_000);
    assert.deepEqual([room.view.isConnected, room.view.error?.status], [false, 403]);
    const before = asked("since");
    chat.say("meanwhile");
    await clock.advance(60_000);
    assert.equal(asked("since"), before);
    room.refresh();
    await settle();
    assert.deepEqual([words().at(-1), room.view.isConnected, room.view.error], ["meanwhile", true, null]);
    await clock.advance(5_000);
    assert.ok(asked("since") > before + 1);
});

test("who is here is known by a socket only", async () => {
    const { clock, chat, room } = stage();
    room.open();
    await clock.advance(0);
    await settle();
    const here = (): number | null => room.view.online?.length ?? null;
    assert.equal(here(), null);
    await chat.letIn();
    assert.equal(here(), 1);
    await chat.end(chat.wire(), 1006);
    assert.equal(here(), null);
});

test("what was read before a socket came is asked for when it comes", async () => {
    const { clock, chat, room } = stage();
    room.open();
    await clock.advance(0);
    await settle();
    chat.receiptRows = [{ userId: "9", deliveredId: "9", readId: "9" }];
    await chat.letIn();
    await settle();
    assert.equal(room.view.receipts.find((it) => it.userId === "9")?.readId, "9");
});

test("older messages that do not come say why, and nothing else is said to be wrong", async () => {
    const { chat, room } = stage({ said: 13, offers: false });
    room.open();
    await settle();
    chat.fails = [new PorchlightError("server", { status: 503 })];
    await room.older();
    assert.deepEqual([room.view.olderError?.status, room.view.error, room.view.loadingOlder], [503, null, false]);
    await room.older();
    assert.deepEqual([room.view.olderError, room.view.messages.length], [null, 10]);
});

/* Chance decides what happens next; whatever it is, the list is the server's table in the end. */
test("whatever happens on the way, the list ends as the table, each once", async () => {
    for (let round = 0; round < 30; round++) {
        const seed = (Math.random() * 2 ** 31) | 0;
        let state = seed || 1;
        const chance = (n: number): number => {
            state = (Math.imul(state, 48271) >>> 0) % 2147483647 || 1;
            return state % n;
        };
        const { clock, page, chat, room } = stage({ said: chance(9) });
        room.open();
        let named = 0;
        const mine: string[] = [];
        /* Whatever is behind it, the member's own is there once, from its first moment; only an older page may have it. */
        room.listen(() => {
            if (room.view.isPending) return;
            const ids = room.view.messages.map((it) => it.clientId);
            const oldest = Number(room.view.messages.find((it) => !it.state)?.id ?? Infinity);
            mine.forEach((content, index) => {
                const clientId = `mine-${index}`;
                const row = chat.rows.find((it) => it.clientId === clientId);
                if (row && room.view.hasOlder && Number(row.id) < oldest) return;
                assert.equal(ids.filter((it) => it === clientId).length, 1, `seed ${seed}: ${content}`);
            });
        });
        for (let step = 0; step < 60; step++) {
            const any = chat.rows[chance(Math.max(1, chat.rows.length))];
            const act = chance(14);
            if (act < 4) chat.say(`theirs ${(named += 1)}`);
            else if (act === 4 && any && !any.deleted) chat.change(any.id, `edited ${(named += 1)}`);
            else if (act === 5 && any && !any.deleted) chat.change(any.id, null);
            else if (act < 8) {
                const content = `mine ${(named += 1)}`;
                void room.send(content, null, `mine-${mine.length}`);
                mine.push(content);
            } else if (act === 8 && chat.wires.length > 0 && !chat.wire().closed) await chat.letIn();
            else if (act === 9 && chat.wires.length > 0) await chat.end(chat.wire(), [1006, 4004, 1012][chance(3)] as number);
            else if (act === 10) chat.fails.push(new PorchlightError(chance(2) ? "network" : "server", { status: 503 }));
            else if (act === 11) chat.losesAnswers = chance(3);
            else if (act === 12) await page.change({ visible: chance(3) > 0, online: chance(3) > 0 });
            else await clock.advance(chance(6_000));
            /* What a closed socket is told, it does not hear. */
            for (const wire of chat.welcomed) if (wire.closed) chat.welcomed.delete(wire);
            const ids = room.view.messages.map((it) => it.id);
            assert.equal(new Set(ids).size, ids.length, `seed ${seed}: a double`);
        }
        chat.fails = [];
        chat.losesAnswers = 0;
        chat.offersSocket = false;
        if (chat.wires.length > 0) await chat.end(chat.wire(), 1006);
        await page.change({ visible: true, online: true });
        await clock.advance(120_000);
        while (room.view.hasOlder) await room.older();
        assert.deepEqual(shown(room.view.messages), shown(chat.table()), `seed ${seed}`);
        const arrived = chat.rows.filter((it) => it.userId === "4").map((it) => it.clientId);
        assert.equal(new Set(arrived).size, mine.length, `seed ${seed}: what the member said`);
    }
});
