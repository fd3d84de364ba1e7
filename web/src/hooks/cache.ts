/*
 * What is known, and how news changes it. Pure work on the query cache, without React and without requests.
 *
 * Invariant: news never adds to, removes from or reorders what a list shows. New posts and changed pins wait in
 * `newPosts` until the member presses the button; only the words and numbers inside a shown post change at once.
 */
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { Changes, Feed, Notice, NoticeList, Post } from "../porchlight/index.ts";
import { applyChannels } from "./channels.ts";
import { applyCounter } from "./counters.ts";
import { keys } from "./keys.ts";

export interface FeedPage {
    ids: string[];
    pinnedIds: string[];
    next: string | null;
    /* How many posts of this page the member's choice leaves out. */
    hidden?: number;
}

export interface NewPosts {
    /* Newest first. */
    ids: string[];
    /* A pin came or went. */
    pins: boolean;
    /* Something may have been missed: the feed must be loaded again. */
    reset: boolean;
}

export type FeedData = InfiniteData<FeedPage, string | null>;
export type NoticesData = InfiniteData<NoticeList, string | null>;

export const NO_NEW_POSTS: NewPosts = { ids: [], pins: false, reset: false };

/* What happened longer ago does not pop up: who comes back is not greeted by yesterday's news, the bell counts it. */
export const POP_UP_MS_MAX = 10 * 60_000;

/* A post that was taken away stays away, whatever an answer from before that says. */
export function putPosts(cache: QueryClient, posts: Post[]): void {
    for (const post of posts) {
        cache.setQueryData<Post | null>(keys.post(post.id), (before) => (before === null ? null : post));
    }
}

export function patchPost(cache: QueryClient, id: string, patch: Partial<Post>): void {
    cache.setQueryData<Post | null>(keys.post(id), (post) => post && { ...post, ...patch });
}

/* A wish that was shown and then refused. */
export function takeBackLike(cache: QueryClient, id: string, wanted: boolean): void {
    cache.setQueryData<Post | null>(keys.post(id), (post) =>
        post?.liked === wanted ? { ...post, liked: !wanted, count: Math.max(0, post.count + (wanted ? -1 : 1)) } : post,
    );
}

/* Puts the posts of a feed's answer away, each under its own key, and leaves the ids. */
export function takeFeedPage(cache: QueryClient, feed: Feed): FeedPage {
    putPosts(cache, feed.items);
    putPosts(cache, feed.pinned);
    return {
        ids: feed.items.map((post) => post.id),
        pinnedIds: feed.pinned.map((post) => post.id),
        next: feed.next,
        hidden: (feed as { hidden?: number }).hidden ?? 0,
    };
}

export function shownIds(feed: FeedData | undefined): Set<string> {
    return new Set(feed?.pages.flatMap((page) => [...page.ids, ...page.pinnedIds]));
}

/* The pins as they are now, newest first, among the posts that are known. */
export function pinnedNow(cache: QueryClient, shown: FeedData): string[] {
    const before = shown.pages[0]?.pinnedIds ?? [];
    const teams = new Set(
        [...shownIds(shown)].map((id) => cache.getQueryData<Post | null>(keys.post(id))?.teamId).filter(Boolean),
    );
    return cache
        .getQueriesData<Post | null>({ queryKey: keys.allPosts })
        .flatMap(([, post]) => (post?.pinned ? [post] : []))
        .filter((post) => teams.has(post.teamId) || before.includes(post.id))
        .sort((a, b) => (b.pinnedAt ?? "").localeCompare(a.pinnedAt ?? ""))
        .map((post) => post.id);
}

/* Shows what waits. Answers the id of the first post that is new, or null when there is none. */
export function showNewPosts(cache: QueryClient, team: string): string | null {
    const waiting = cache.getQueryData<NewPosts>(keys.newPosts(team)) ?? NO_NEW_POSTS;
    const fresh = waiting.ids.filter((id) => cache.getQueryData(keys.post(id)));
    cache.setQueryData<FeedData>(keys.posts(team), (feed) => {
        if (!feed) return feed;
        const known = new Set(feed.pages.flatMap((page) => page.ids));
        const pages = feed.pages.map((page, index) =>
            index > 0 ? page : { ...page, ids: [...fresh.filter((id) => !known.has(id)), ...page.ids] },
        );
        const first = pages[0];
        if (first) {
            const next = { ...feed, pages };
            pages[0] = { ...first, pinnedIds: pinnedNow(cache, next) };
        }
        return { ...feed, pages };
    });
    cache.setQueryData(keys.newPosts(team), NO_NEW_POSTS);
    return fresh[0] ?? null;
}

/* The member's own post goes up at once. */
export function addOwnPost(cache: QueryClient, team: string, post: Post): void {
    putPosts(cache, [post]);
    cache.setQueryData<NewPosts>(keys.newPosts(team), (waiting) =>
        waiting ? { ...waiting, ids: waiting.ids.filter((id) => id !== post.id) } : waiting,
    );
    cache.setQueryData<FeedData>(keys.posts(team), (feed) => {
        if (!feed || shownIds(feed).has(post.id)) return feed;
        const pages = feed.pages.map((page, index) =>
            index === 0 ? { ...page, ids: [post.id, ...page.ids] } : page,
        );
        return { ...feed, pages };
    });
}

/* Before it goes out: a pin's notice may come sooner than the answer, and nobody needs to be told of their own. */
export function noteOwnPin(cache: QueryClient, postId: string): void {
    cache.setQueryData<string[]>(keys.ownPins, (ids) => [...(ids ?? []), postId]);
}

/* A pin that the member set or took away moves at once. */
export function applyOwnPin(cache: QueryClient, team: string, post: Post): void {
    putPosts(cache, [post]);
    cache.setQueryData<FeedData>(keys.posts(team), (feed) => {
        if (!feed) return feed;
        const pages = feed.pages.map((page, index) => {
            if (index > 0) return page;
            const others = page.pinnedIds.filter((id) => id !== post.id);
            return { ...page, pinnedIds: post.pinned ? [post.id, ...others] : others };
        });
        return { ...feed, pages };
    });
}

export function applyChanges(
    cache: QueryClient,
    team: string,
    changes: Changes,
    reset: boolean,
    nowMs = Date.now(),
): void {
    const heardAtMs = cache.getQueryState(keys.cursor(team))?.dataUpdatedAt || nowMs;
    cache.setQueryData(keys.cursor(team), changes.cursor, { updatedAt: nowMs });
    cache.setQueryData(keys.presence(team), changes.presence);
    applyPosts(cache, team, changes, reset);
    applyLikes(cache, changes.likes);
    applyTogether(cache, team, changes, reset);
    if (reset) void cache.invalidateQueries({ queryKey: keys.notices(team) });
    else applyNotices(cache, team, changes.notices, nowMs, heardAtMs);
}

/* Counters and chat. */
function applyTogether(cache: QueryClient, team: string, changes: Changes, reset: boolean): void {
    if (reset) {
        void cache.invalidateQueries({ queryKey: keys.counters(team) });
        void cache.invalidateQueries({ queryKey: keys.channels(team) });
        return;
    }
    for (const counter of changes.counters) applyCounter(cache, team, counter);
    applyChannels(cache, team, changes.channels);
}

export function applyLikes(cache: QueryClient, likes: { postId: string; count: number }[]): void {
    for (const { postId, count } of likes) {
        /* While a like is on its way its own answer brings the count. */
        if (!cache.isMutating({ mutationKey: keys.like(postId) })) patchPost(cache, postId, { count });
    }
}

function applyPosts(cache: QueryClient, team: string, changes: Changes, reset: boolean): void {
    const { created, changed, deleted } = changes.posts;
    const feed = cache.getQueryData<FeedData>(keys.posts(team));
    const shown = shownIds(feed);
    const shownPins = new Set(feed?.pages[0]?.pinnedIds);
    const waiting = cache.getQueryData<NewPosts>(keys.newPosts(team)) ?? NO_NEW_POSTS;

    const known = new Set([...shown, ...waiting.ids]);
    const fresh = created.filter((post) => !known.has(post.id));
    /* What a like that is under way wants stays as it shows. */
    const withOwnLike = (post: Post): Post => {
        const before = cache.getQueryData<Post>(keys.post(post.id));
        const liking = cache.isMutating({ mutationKey: keys.like(post.id) }) > 0;
        return before && liking ? { ...post, liked: before.liked, count: before.count } : post;
    };
    putPosts(cache, [...created, ...changed].map(withOwnLike));
    for (const id of deleted) cache.setQueryData(keys.post(id), null);
    if (!feed) return;

    const pinMoved = [...created, ...changed].some((post) => post.pinned !== shownPins.has(post.id));
    const gone = new Set(deleted);
    const newestFirst = [...fresh].sort((a, b) => b.createdAt.localeCompare(a.createdAt)).map((post) => post.id);
    const next: NewPosts = {
        ids: [...newestFirst, ...waiting.ids].filter((id) => !gone.has(id)),
        pins: waiting.pins || pinMoved,
        reset: waiting.reset || reset,
    };
    const same = next.ids.length === waiting.ids.length && next.pins === waiting.pins && next.reset === waiting.reset;
    if (!same) cache.setQueryData(keys.newPosts(team), next);
}

/*
 * `heardAtMs`: up to when all news is known. What comes soon after is new, whatever the device's clock says; after a
 * pause its own time counts.
 */
export function applyNotices(
    cache: QueryClient,
    team: string,
    notices: Notice[],
    nowMs = Date.now(),
    heardAtMs = nowMs,
): void {
    if (notices.length === 0) return;
    const paused = nowMs - heardAtMs > POP_UP_MS_MAX;
    const isRecent = (notice: Notice): boolean => !paused || nowMs - Date.parse(notice.createdAt) <= POP_UP_MS_MAX;
    const data = cache.getQueryData<NoticesData>(keys.notices(team));
    const known = new Set(data?.pages.flatMap((page) => page.items.map((it) => it.id)));
    const fresh = notices
        .filter((notice) => !known.has(notice.id))
        .sort((a, b) => b.createdAt.localeCompare(a.createdAt));
    if (!data || fresh.length === 0) return;

    const pages = data.pages.map((page, index) =>
        index === 0 ? { ...page, items: [...fresh, ...page.items] } : page,
    );
    cache.setQueryData<NoticesData>(keys.notices(team), { ...data, pages });

    /* Nobody needs to be told of a pin that they set or a notice that they sent themselves. */
    const own = new Set((cache.getQueryData<string[]>(keys.ownPins) ?? []).map((id) => `/#/posts/${id}`));
    const said = new Set(cache.getQueryData<string[]>(keys.ownNotices));
    const news = fresh
        .filter(isRecent)
        .filter((notice) =>
            notice.kind === "pin" ? !notice.link || !own.has(notice.link) : !said.has(notice.title),
        );
    if (news.length > 0) cache.setQueryData<Notice[]>(keys.arrived(team), (list) => [...news, ...(list ?? [])]);
}
