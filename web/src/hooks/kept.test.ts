/* What the device keeps: as much as it should, of the right member, and only for when the server cannot be reached. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { QueryClient } from "@tanstack/react-query";
import { PorchlightError, type Feed, type Notice, type Post, type User } from "../porchlight/index.ts";
import { takeFeedPage, type FeedData, type NewPosts, type NoticesData } from "./cache.ts";
import { keys } from "./keys.ts";
import { notedMember, wasSignedIn } from "./notes.ts";
import {
    askForNotices,
    keptFeed,
    keptNotices,
    KEPT_CHARS_MAX,
    KEPT_POSTS_MAX,
    noteMember,
    orKept,
    readKept,
    snapshot,
    startKeeping,
} from "./kept.ts";

/* ---- a device ---- */

const stored = new Map<string, string>();
const listeners = new Map<string, () => void>();

beforeEach(() => {
    stored.clear();
    listeners.clear();
    const on = { addEventListener: (name: string, run: () => void) => void listeners.set(name, run) };
    const storage = {
        getItem: (name: string) => stored.get(name) ?? null,
        setItem: (name: string, text: string) => void stored.set(name, text),
        removeItem: (name: string) => void stored.delete(name),
    };
    Object.assign(globalThis, {
        localStorage: storage,
        window: { ...on, setTimeout: () => 1, clearTimeout: () => undefined },
        document: { ...on, hidden: false },
    });
});

/* The page goes into the background: what is to be kept is written. */
const leave = (): void => listeners.get("pagehide")?.();

const post = (id: number, more: Partial<Post> = {}): Post => ({
    id: String(id),
    teamId: "2",
    author: { id: "9", name: "Mary", role: "member" },
    body: `Post ${id}`,
    topics: [],
    hidden: null,
    pinned: false,
    pinnedAt: null,
    liked: false,
    count: 0,
    createdAt: new Date(1_790_000_000_000 + id * 1000).toISOString(),
    editedAt: null,
    ...more,
});

const mary = { id: "9", name: "Mary", role: "member", appearOffline: false, teams: [], team: null } as unknown as User;
const notice = { id: "5", kind: "pin", teamId: "2", title: "A pin", body: "", link: null, createdAt: "" } as Notice;

function fill(posts: Post[], { pinned = [] as Post[], user = mary, team = "" } = {}): QueryClient {
    const cache = new QueryClient();
    cache.setQueryData(keys.session, user);
    const page = takeFeedPage(cache, { items: posts, pinned, next: "older", cursor: "c1" } as Feed);
    cache.setQueryData<FeedData>(keys.posts(team), { pages: [page], pageParams: [null] });
    cache.setQueryData(keys.cursor(team), "c1");
    cache.setQueryData<NoticesData>(keys.notices(team), {
        pages: [{ items: [notice], next: null, cursor: "n" }],
        pageParams: [null],
    });
    return cache;
}

/* What is kept of the cache after a visit of the member whom the device has noted. */
function visit(cache: QueryClient, member = "9"): void {
    noteMember(member);
    startKeeping(cache);
    cache.setQueryData(keys.cursor(""), "c2");
    leave();
}

/* ---- what is kept ---- */

test("nothing is kept before there is a member and a feed", () => {
    assert.equal(snapshot(new QueryClient()), null);
    const cache = fill([post(1)]);
    cache.setQueryData(keys.session, null);
    assert.equal(snapshot(cache), null);
});

test("what waits for the button is kept as if it had been shown, pins too; what was taken away is not", () => {
    const cache = fill([post(3), post(2), post(1)], { pinned: [] });
    cache.setQueryData(keys.post("4"), post(4, { pinned: true, pinnedAt: "2026-11-20T10:00:00.000Z" }));
    cache.setQueryData(keys.post("2"), null);
    cache.setQueryData<NewPosts>(keys.newPosts(""), { ids: ["4"], pins: true, reset: false });
    const kept = snapshot(cache);
    assert.deepEqual(kept?.ids, ["4", "3", "1"]);
    assert.deepEqual(kept?.pinnedIds, ["4"]);
    assert.deepEqual([kept?.cursor, kept?.next, kept?.notices.length], ["c1", "older", 1]);
});

test("the copy has a bound; one that is cut, or that missed something, has no cursor", () => {
    const many = snapshot(fill(Array.from({ length: 100 }, (_, i) => post(100 - i))));
    assert.equal(many?.posts.length, KEPT_POSTS_MAX);
    assert.equal(many?.ids[0], "100");
    assert.equal(many?.cursor, null);

    const long = snapshot(fill(Array.from({ length: 4 }, (_, i) => post(9 - i, { body: "x".repeat(KEPT_CHARS_MAX / 2) }))));
    assert.equal(long?.posts.length, 2);

    const cache = fill([post(1)]);
    cache.setQueryData<NewPosts>(keys.newPosts(""), { ids: [], pins: false, reset: true });
    assert.equal(snapshot(cache)?.cursor, null);
});

test("of several teams the one that was looked at last is kept", () => {
    const cache = fill([post(1)]);
    const page = takeFeedPage(cache, { items: [post(7)], pinned: [], next: null, cursor: "x" } as unknown as Feed);
    cache.setQueryData<FeedData>(keys.posts("3"), { pages: [page], pageParams: [null] });
    cache.setQueryData(keys.cursor("3"), "x", { updatedAt: Date.now() + 1000 });
    assert.deepEqual([snapshot(cache)?.team, snapshot(cache)?.ids], ["3", ["7"]]);
});

/* ---- whose it is ---- */

test("a copy is there after the page is gone, and gone after signing out", () => {
    visit(fill([post(1)]));
    assert.deepEqual(readKept()?.ids, ["1"]);
    assert.ok(wasSignedIn());
    noteMember(null);
    assert.equal(readKept(), null);
    assert.equal(wasSignedIn(), false);
    assert.equal([...stored.values()].join("").includes("Post 1"), false, "nothing of it stays in the storage");
});

test("the next member finds nothing of the last one", () => {
    visit(fill([post(1)]));
    noteMember("10");
    assert.equal(notedMember(), "10");
    assert.equal(stored.size, 1);
});

test("a tab in which the last member is still shown writes nothing of theirs", () => {
    const cache = fill([post(1)]);
    startKeeping(cache);
    noteMember("10");
    cache.setQueryData(keys.cursor(""), "c3");
    leave();
    noteMember(null);
    cache.setQueryData(keys.cursor(""), "c4");
    leave();
    assert.equal(stored.size, 0);
});

test("a copy that cannot be read is none", () => {
    noteMember("9");
    for (const text of ["", "{", "null", "7", '{"form":0,"user":{"id":"9"}}', '{"form":1}']) {
        stored.set("porchlight.kept", text);
        assert.equal(readKept(), null, text);
    }
});

/* ---- when it is shown ---- */

const gone = (status = 0): Promise<never> =>
    Promise.reject(status ? new PorchlightError("server", { status }) : new PorchlightError("network"));
const ids = (asked: Promise<string>, patienceMs?: number): Promise<string> =>
    orKept(
        asked,
        (answer) => answer,
        (kept) => kept.ids.join(),
        patienceMs,
    );

test("the copy stands in when nobody answers, and only then", async () => {
    visit(fill([post(2), post(1)]));
    assert.equal(await ids(gone()), "2,1");
    assert.equal(await ids(gone(502)), "2,1");
    assert.equal(await ids(Promise.resolve("fresh")), "fresh");
    await assert.rejects(ids(gone(500)));
    await assert.rejects(ids(Promise.reject(new PorchlightError("refused", { status: 401 }))));
    noteMember(null);
    await assert.rejects(ids(gone()));
});

test("a network that says nothing is not waited for; its late answer changes nothing", async () => {
    visit(fill([post(2), post(1)]));
    let used = 0;
    let answer = (_: string): void => undefined;
    const asked = new Promise<string>((done) => (answer = done));
    const shown = orKept(
        asked,
        () => `${(used += 1)}`,
        (kept) => kept.ids.join(),
        1,
    );
    assert.equal(await shown, "2,1");
    answer("late");
    await asked;
    assert.equal(used, 0);
});

test("without a copy a slow answer is waited for", async () => {
    let answer = (_: string): void => undefined;
    const shown = ids(new Promise<string>((done) => (answer = done)), 1);
    setTimeout(() => answer("late"), 5);
    assert.equal(await shown, "late");
});

test("notices from the copy give way to the server's list, once", () => {
    const kept = snapshot(fill([post(1)]));
    assert.ok(kept);
    const cache = new QueryClient();
    const invalidated = (): boolean | undefined => cache.getQueryState(keys.notices(""))?.isInvalidated;
    const show = (page: NoticesData["pages"][0]): void =>
        void cache.setQueryData<NoticesData>(keys.notices(""), { pages: [page], pageParams: [null] });
    show(keptNotices(cache, kept));
    askForNotices(cache, "another team");
    assert.equal(invalidated(), false);
    askForNotices(cache, "");
    assert.equal(invalidated(), true);
    show({ items: [notice], next: "older", cursor: "n" });
    askForNotices(cache, "");
    assert.equal(invalidated(), false);
});

test("a feed from the copy says of when it is, and offers to look for more when it is not whole", () => {
    const kept = snapshot(fill([post(2), post(1)]));
    assert.ok(kept);
    const cache = new QueryClient();
    assert.deepEqual(keptFeed(cache, { ...kept, savedAt: 1234 }).ids, ["2", "1"]);
    assert.equal(cache.getQueryState(keys.cursor(""))?.dataUpdatedAt, 1234);
    assert.equal(cache.getQueryData<NewPosts>(keys.newPosts(""))?.reset, false);
    keptFeed(cache, { ...kept, cursor: null });
    assert.equal(cache.getQueryData<NewPosts>(keys.newPosts(""))?.reset, true);
});
