/* How news changes what is known, and that it never moves what is shown. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { QueryClient } from "@tanstack/react-query";
import type { Changes, Notice, Post } from "../porchlight/index.ts";
import {
    addOwnPost,
    applyChanges,
    applyOwnPin,
    noteOwnPin,
    NO_NEW_POSTS,
    POP_UP_MS_MAX,
    showNewPosts,
    takeFeedPage,
    type FeedData,
    type NewPosts,
    type NoticesData,
} from "./cache.ts";
import { keys } from "./keys.ts";

const TEAM = "";

const post = (id: string, more: Partial<Post> = {}): Post => ({
    id,
    teamId: "2",
    author: { id: "9", name: "Mary", role: "member" },
    body: `Post ${id}`,
    topics: [],
    hidden: null,
    pinned: false,
    pinnedAt: null,
    liked: false,
    count: 0,
    createdAt: `2026-11-20T10:00:${id.padStart(2, "0")}.000Z`,
    editedAt: null,
    ...more,
});

const notice = (id: string, more: Partial<Notice> = {}): Notice => ({
    id,
    kind: "pin",
    teamId: "2",
    title: "Coach Sarah pinned a post",
    body: "",
    link: "/#/posts/3",
    createdAt: `2026-11-20T10:00:${id.padStart(2, "0")}.000Z`,
    ...more,
});

interface News {
    created?: Post[];
    changed?: Post[];
    deleted?: string[];
    likes?: Changes["likes"];
    notices?: Notice[];
}

const news = (it: News): Changes => ({
    cursor: "c",
    reset: false,
    more: false,
    presence: { team: "2", count: 3, activeCoaches: ["Sarah"] },
    posts: { created: it.created ?? [], changed: it.changed ?? [], deleted: it.deleted ?? [] },
    likes: it.likes ?? [],
    notices: it.notices ?? [],
    counters: [], channels: [],
});

/* A feed that shows 3, 2, 1, with 1 pinned. */
function loaded() {
    const cache = new QueryClient();
    const pinned = post("1", { pinned: true, pinnedAt: "2026-11-20T11:00:00.000Z" });
    const page = takeFeedPage(cache, {
        items: [post("3"), post("2"), pinned],
        pinned: [pinned],
        next: null,
        hidden: 0,
        cursor: "c0",
    });
    cache.setQueryData<FeedData>(keys.posts(TEAM), { pages: [page], pageParams: [null] });
    cache.setQueryData(keys.newPosts(TEAM), NO_NEW_POSTS);
    cache.setQueryData<NoticesData>(keys.notices(TEAM), {
        pages: [{ items: [notice("1")], next: null, cursor: "c0" }],
        pageParams: [null],
    });
    const feed = () => cache.getQueryData<FeedData>(keys.posts(TEAM))?.pages[0];
    const waiting = () => cache.getQueryData<NewPosts>(keys.newPosts(TEAM));
    const known = (id: string) => cache.getQueryData<Post | null>(keys.post(id));
    return { cache, feed, waiting, known };
}

test("new posts wait, newest first, each once; the feed stays as it is", () => {
    const { cache, feed, waiting } = loaded();
    const before = feed();
    applyChanges(cache, TEAM, news({ created: [post("4"), post("5")] }), false);
    applyChanges(cache, TEAM, news({ created: [post("5"), post("6"), post("3")] }), false);
    assert.deepEqual(waiting(), { ids: ["6", "5", "4"], pins: false, reset: false });
    assert.equal(feed(), before);
    assert.equal(showNewPosts(cache, TEAM), "6");
    assert.deepEqual(feed()?.ids, ["6", "5", "4", "3", "2", "1"]);
    assert.deepEqual(waiting(), NO_NEW_POSTS);
});

test("words and counts of a shown post change in place", () => {
    const { cache, feed, known } = loaded();
    const before = feed();
    applyChanges(
        cache,
        TEAM,
        news({ changed: [post("2", { body: "Better" })], likes: [{ postId: "3", count: 9 }] }),
        false,
    );
    assert.equal(known("2")?.body, "Better");
    assert.equal(known("3")?.count, 9);
    assert.equal(feed(), before);
});

test("a new pin waits for the button, and goes on top when it is pressed", () => {
    const { cache, feed, waiting } = loaded();
    applyChanges(
        cache,
        TEAM,
        news({ changed: [post("2", { pinned: true, pinnedAt: "2026-11-20T12:00:00.000Z" })] }),
        false,
    );
    assert.deepEqual(waiting(), { ids: [], pins: true, reset: false });
    assert.deepEqual(feed()?.pinnedIds, ["1"]);
    showNewPosts(cache, TEAM);
    assert.deepEqual(feed()?.pinnedIds, ["2", "1"]);
});

test("a pin that was taken away waits too", () => {
    const { cache, feed, waiting } = loaded();
    applyChanges(cache, TEAM, news({ changed: [post("1")] }), false);
    assert.equal(waiting()?.pins, true);
    showNewPosts(cache, TEAM);
    assert.deepEqual(feed()?.pinnedIds, []);
});

test("a post that was deleted while it waited is not announced", () => {
    const { cache, waiting, known } = loaded();
    applyChanges(cache, TEAM, news({ created: [post("4")] }), false);
    applyChanges(cache, TEAM, news({ deleted: ["4", "2"] }), false);
    assert.deepEqual(waiting()?.ids, []);
    assert.equal(known("2"), null);
});

test("a post that was deleted does not come back with an answer that is late", () => {
    const { cache, known } = loaded();
    applyChanges(cache, TEAM, news({ deleted: ["2"] }), false);
    applyChanges(cache, TEAM, news({ changed: [post("2", { body: "Late" })] }), false);
    assert.equal(known("2"), null);
});

test("a change that comes while one's own like is under way is shown, and the like stays", async () => {
    const { cache, known } = loaded();
    cache.setQueryData(keys.post("2"), post("2", { liked: true, count: 1 }));
    const press = cache.getMutationCache().build(cache, { mutationKey: keys.like("2"), mutationFn: () => new Promise(() => {}) });
    void press.execute(undefined);
    applyChanges(cache, TEAM, news({ changed: [post("2", { body: "Mended", liked: false, count: 0 })] }), false);
    const { body, liked, count } = known("2") as Post;
    assert.deepEqual([body, liked, count], ["Mended", true, 1]);
});

test("one's own post goes up at once, and once, whichever answer comes first", () => {
    for (const pollFirst of [true, false]) {
        const { cache, feed, waiting } = loaded();
        if (pollFirst) applyChanges(cache, TEAM, news({ created: [post("4")] }), false);
        addOwnPost(cache, TEAM, post("4"));
        if (!pollFirst) applyChanges(cache, TEAM, news({ created: [post("4")] }), false);
        assert.deepEqual(feed()?.ids, ["4", "3", "2", "1"]);
        assert.deepEqual(waiting()?.ids, []);
    }
});

test("one's own pin moves at once and makes no toast", () => {
    const { cache, feed, waiting } = loaded();
    noteOwnPin(cache, "3");
    applyOwnPin(cache, TEAM, post("3", { pinned: true, pinnedAt: "2026-11-20T12:00:00.000Z" }));
    assert.deepEqual(feed()?.pinnedIds, ["3", "1"]);
    applyChanges(cache, TEAM, news({ notices: [notice("7"), notice("8", { link: "/#/posts/2" })] }), false);
    assert.equal(waiting()?.pins, false);
    assert.deepEqual(
        cache.getQueryData<Notice[]>(keys.arrived(TEAM))?.map((it) => it.id),
        ["8"],
    );
    const items = cache.getQueryData<NoticesData>(keys.notices(TEAM))?.pages[0]?.items;
    assert.deepEqual(
        items?.map((it) => it.id),
        ["8", "7", "1"],
    );
});

test("a notice that is known is not news", () => {
    const { cache } = loaded();
    applyChanges(cache, TEAM, news({ notices: [notice("1")] }), false);
    assert.equal(cache.getQueryData(keys.arrived(TEAM)), undefined);
});

test("after a pause only what is not ten minutes old pops up; the list has it all", () => {
    const now = Date.parse("2026-11-20T12:00:00.000Z");
    const ago = (ms: number): string => new Date(now - ms).toISOString();
    const notices = [
        notice("7", { createdAt: ago(POP_UP_MS_MAX + 1) }),
        notice("8", { createdAt: ago(POP_UP_MS_MAX) }),
    ];
    for (const [pauseMs, popped] of [
        [POP_UP_MS_MAX, ["8", "7"]],
        [POP_UP_MS_MAX + 1, ["8"]],
    ] as const) {
        const { cache } = loaded();
        cache.setQueryData(keys.cursor(TEAM), "c0", { updatedAt: now - pauseMs });
        applyChanges(cache, TEAM, news({ notices }), false, now);
        const ids = cache.getQueryData<Notice[]>(keys.arrived(TEAM))?.map((it) => it.id);
        assert.deepEqual(ids, popped, `after ${pauseMs} ms`);
        assert.equal(cache.getQueryData<NoticesData>(keys.notices(TEAM))?.pages[0]?.items.length, 3);
        assert.equal(cache.getQueryState(keys.cursor(TEAM))?.dataUpdatedAt, now);
    }
});

test("after a reset the button offers to load again", () => {
    const { cache, feed, waiting } = loaded();
    const before = feed();
    applyChanges(cache, TEAM, news({}), true);
    assert.equal(waiting()?.reset, true);
    assert.equal(feed(), before);
});

test("without a feed nothing waits: loading it will bring everything", () => {
    const cache = new QueryClient();
    applyChanges(cache, TEAM, news({ created: [post("4")] }), false);
    assert.equal(cache.getQueryData(keys.newPosts(TEAM)), undefined);
});
