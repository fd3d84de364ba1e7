/* Several tabs of one member: who has the line, and that each hears everything once. */
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import type { Api } from "./api.ts";
import { connect, type ConnectionState } from "./connect.ts";
import { PorchlightError } from "./errors.ts";
import { changes, createClock, createPage, createTabs, FakeWebSocket, settle } from "./fakes.ts";
import { RENEW_FIRST_MS } from "./session.ts";
import { memoryStore } from "./store.ts";
import type { Changes } from "./types.ts";

globalThis.crypto ??= webcrypto as Crypto;

const POLL_MS = 60_000;

/* A browser with several tabs, in front of a server whose cursor is the number of its changes. */
function stage() {
    const clock = createClock();
    const openTabs = createTabs();
    const store = memoryStore();
    const server = { at: 1, signedIn: true, renewed: 0, socket: null as string | null };
    const wires: FakeWebSocket[] = [];

    const openTab = ({ visible = true } = {}) => {
        const page = createPage(clock);
        void page.change({ visible });
        const asked: (string | null)[] = [];
        const seen: string[] = [];
        const resets: string[] = [];
        const states: ConnectionState[] = [];
        const failed: PorchlightError[] = [];
        const likes: string[] = [];
        const hold: { on: Promise<void> | null } = { on: null };
        const answer = (since: string | null): Changes => {
            const known = since === null ? server.at : Number(since);
            const created = Array.from({ length: server.at - known }, (_, i) => ({ id: String(known + i + 1) }));
            const posts = { created, changed: [], deleted: [] } as unknown as Changes["posts"];
            return changes(String(server.at), { posts });
        };
        const api = {
            changes: async (since: string | null) => {
                asked.push(since);
                const data = answer(since);
                await hold.on;
                if (!server.signedIn) throw new PorchlightError("refused", { status: 401 });
                return { data, pollIntervalMs: POLL_MS, unchanged: false };
            },
            capabilities: async () => ({ realtime: !!server.socket, socket: server.socket, version: "", poll: {} }),
            leave: async () => undefined,
            refresh: async () => ({ token: `t${(server.renewed += 1)}` }),
            setLike: async (postId: string, liked: boolean) => (likes.push(postId), { postId, liked, count: 1 }),
        } as unknown as Api;
        const connection = connect({
            api,
            account: "4",
            baseUrl: "http://porch.test",
            environment: page.environment,
            tabs: openTabs(),
            store,
            openWebSocket: (url) => {
                const wire = new FakeWebSocket(url);
                wires.push(wire);
                return wire;
            },
        });
        connection.listen({
            changes: (news, reset) => {
                seen.push(...news.posts.created.map((it) => it.id));
                if (reset) resets.push(news.cursor);
            },
            state: (state) => states.push(state),
            failed: (error) => failed.push(error),
        });
        return { page, connection, asked, seen, resets, states, failed, likes, hold };
    };
    return { clock, server, wires, openTab };
}

type Tab = ReturnType<ReturnType<typeof stage>["openTab"]>;
const start = async (...tabs: Tab[]): Promise<void> => {
    for (const tab of tabs) {
        tab.connection.start();
        await settle();
    }
};

test("one asks, both hear, and each of every change once", async () => {
    const { clock, server, openTab } = stage();
    const [first, second] = [openTab(), openTab()];
    await start(first, second);
    const before = second.asked.length;
    assert.ok(before <= 1, "who follows asks once at most to begin with");
    for (const at of [2, 3, 5]) {
        server.at = at;
        await clock.advance(POLL_MS);
        await settle();
    }
    assert.deepEqual(first.seen, ["2", "3", "4", "5"]);
    assert.deepEqual(second.seen, ["2", "3", "4", "5"]);
    assert.equal(second.asked.length, before);
    assert.deepEqual([first.connection.state, second.connection.state], ["live", "live"]);
});

test("a follower that knows less asks once itself, and misses nothing", async () => {
    const { clock, server, openTab } = stage();
    const [first, second] = [openTab(), openTab()];
    await start(first);
    server.at = 4;
    await clock.advance(POLL_MS);
    second.connection.setCursor("2");
    await start(second);
    await settle();
    assert.deepEqual(second.seen, ["3", "4"]);
    assert.deepEqual(second.asked, ["2"]);
    server.at = 5;
    await clock.advance(POLL_MS);
    await settle();
    assert.deepEqual(second.seen, ["3", "4", "5"]);
    assert.deepEqual(second.asked, ["2"]);
});

test("news that overtakes a follower's own question is neither lost nor doubled", async () => {
    const { clock, server, openTab } = stage();
    const [first, second] = [openTab(), openTab()];
    await start(first);
    let go = (): void => undefined;
    second.hold.on = new Promise((done) => (go = done));
    second.connection.setCursor("0");
    await start(second);
    assert.deepEqual(second.asked, ["0"]);
    server.at = 2;
    await clock.advance(POLL_MS);
    await settle();
    second.hold.on = null;
    go();
    await settle();
    assert.deepEqual(second.seen, ["1", "2"]);
    assert.deepEqual(second.resets, []);
});

test("a follower's question from before its feed was loaded is asked again from there", async () => {
    const { server, openTab } = stage();
    const [first, second] = [openTab(), openTab()];
    server.at = 3;
    await start(first);
    let go = (): void => undefined;
    second.hold.on = new Promise((done) => (go = done));
    second.connection.setCursor("0");
    await start(second);
    second.connection.setCursor("2");
    second.hold.on = null;
    go();
    await settle();
    assert.deepEqual([second.asked, second.seen], [["0", "2"], ["3"]]);
});

test("the lead moves when its tab is hidden, and nothing is lost on the way", async () => {
    const { clock, server, openTab } = stage();
    const [first, second] = [openTab(), openTab()];
    await start(first, second);
    server.at = 2;
    await first.page.hide();
    await settle();
    assert.deepEqual(second.seen, ["2"], "the new leader asks at once");
    const asked = first.asked.length;
    server.at = 3;
    await clock.advance(POLL_MS);
    await settle();
    assert.deepEqual(second.seen, ["2", "3"]);
    assert.equal(first.asked.length, asked, "a hidden page asks nothing");
    await first.page.show();
    await settle();
    assert.deepEqual(first.seen, ["2", "3"], "it follows now, and has caught up");
    server.at = 4;
    await clock.advance(POLL_MS);
    await settle();
    assert.deepEqual([first.seen.at(-1), second.seen.at(-1)], ["4", "4"]);
});

test("a hidden follower asks nothing, and catches up when it is seen", async () => {
    const { clock, server, openTab } = stage();
    const [first, second] = [openTab(), openTab()];
    await start(first, second);
    await second.page.hide();
    second.connection.setCursor("0");
    const asked = second.asked.length;
    server.at = 3;
    await clock.advance(POLL_MS);
    await settle();
    assert.equal(second.asked.length, asked);
    await second.page.show();
    await settle();
    assert.deepEqual(second.seen, ["1", "2", "3"]);
});

test("the lead moves when its tab stops, with its socket", async () => {
    const { clock, server, wires, openTab } = stage();
    server.socket = "/ws";
    const [first, second] = [openTab(), openTab()];
    await start(first);
    await clock.advance(0);
    await settle();
    await wires[0]?.welcomes();
    await start(second);
    assert.deepEqual([first.connection.live, second.connection.live, wires.length], [true, true, 1]);
    wires[0]?.says({ type: "ACK", id: "?" });
    const stopped = first.connection.stop();
    await settle();
    await stopped;
    await clock.advance(0);
    await settle();
    assert.deepEqual([wires[0]?.closed, wires.length], [true, 2]);
    assert.equal(first.connection.state, "idle");
    await wires[1]?.welcomes();
    assert.equal(second.connection.live, true);
});

test("likes go over the leader's socket; a follower's go by a request", async () => {
    const { clock, server, wires, openTab } = stage();
    server.socket = "/ws";
    const [first, second] = [openTab(), openTab()];
    await start(first);
    await clock.advance(0);
    await settle();
    await wires[0]?.welcomes();
    await start(second);
    const liked = first.connection.like("7", true);
    const question = wires[0]?.sent.at(-1);
    wires[0]?.says({ type: "ACK", id: question?.["id"], postId: "7", liked: true, count: 5 });
    assert.deepEqual(await liked, { postId: "7", liked: true, count: 5 });
    await second.connection.like("8", true);
    assert.deepEqual([first.likes, second.likes], [[], ["8"]]);

    const lost = first.connection.like("9", false);
    await wires[0]?.ends(1006);
    assert.deepEqual(await lost, { postId: "9", liked: false, count: 1 });
    assert.deepEqual(first.likes, ["9"], "a socket that broke is no reason to lose a like");
});

test("who leads renews the session, and tells the socket the new token", async () => {
    const { clock, server, wires, openTab } = stage();
    server.socket = "/ws";
    const [first, second] = [openTab(), openTab()];
    await start(first, second);
    await clock.advance(0);
    await settle();
    await wires[0]?.welcomes("1", 3600);
    await clock.advance(2 * RENEW_FIRST_MS);
    await settle();
    assert.equal(server.renewed, 1);
    const { type, token } = wires[0]?.sent.at(-1) ?? {};
    assert.deepEqual([type, token], ["AUTH", "t1"]);
});

test("signing out in one tab ends the others when they ask", async () => {
    const { clock, server, openTab } = stage();
    const [first, second] = [openTab(), openTab()];
    await start(first, second);
    const stopped = first.connection.stop();
    server.signedIn = false;
    await stopped;
    await settle();
    await clock.advance(POLL_MS);
    await settle();
    assert.equal(second.failed.at(-1)?.unauthenticated, true);
    assert.deepEqual([first.connection.state, second.connection.state, clock.waits()], ["idle", "idle", []]);
});

test("a session that ends under the leader ends for its followers", async () => {
    const { clock, server, openTab } = stage();
    const [first, second] = [openTab(), openTab()];
    await start(first, second);
    server.signedIn = false;
    await clock.advance(POLL_MS);
    await settle();
    assert.equal(first.failed.at(-1)?.unauthenticated, true);
    assert.equal(second.failed.at(-1)?.unauthenticated, true);
    assert.deepEqual([first.connection.state, clock.waits()], ["idle", []]);
});
