/*
 * The last feed, the last notices and whose they are, kept on the device, so that the app opens without a network. One
 * copy of one member, of bounded size. It goes when the member signs out, when the session ends, and when somebody else
 * signs in; and it is neither written nor read unless the device's note of who is signed in names its member, so that a
 * tab of yesterday's member brings nothing back.
 *
 *   cache --watch--> snapshot --storage--> kept --orKept--> a query that the network did not answer
 *
 * The copy holds the cursor up to which it is complete: back online, the poll goes on from there and tells what is new.
 */
import type { QueryClient } from "@tanstack/react-query";
import { PorchlightError, type Notice, type NoticeList, type Post, type Team, type User } from "../porchlight/index.ts";
import { NO_NEW_POSTS, pinnedNow, putPosts, type FeedData, type FeedPage, type NewPosts, type NoticesData } from "./cache.ts";
import { keys } from "./keys.ts";
import { notedMember, writeMember } from "./notes.ts";

/* The form of the copy. Another form is no copy. */
const FORM = 1;
const STORED = "porchlight.kept";

/* Three pages of a feed and two of notices; of 5 MB that a browser gives, far less than half. */
export const KEPT_POSTS_MAX = 60;
export const KEPT_NOTICES_MAX = 40;
export const KEPT_CHARS_MAX = 500_000;

/* How long the network may be silent at the start before the copy is shown. */
const PATIENCE_MS = 5_000;
const WRITE_AFTER_MS = 1_000;

export interface Kept {
    form: typeof FORM;
    user: User;
    /* For those who look after all teams. */
    teams: Team[];
    /* As in the keys: "" for the member's own team. */
    team: string;
    /* Newest first. */
    ids: string[];
    pinnedIds: string[];
    posts: Post[];
    next: string | null;
    notices: Notice[];
    /* null: news after the copy cannot be told by polls, and the feed has to be loaded again. */
    cursor: string | null;
    /* When the server last said what is new. */
    savedAt: number;
}

/* ---- the note of who is signed in ------------------------------------------------------------------------------- */

/* null: nobody is, and nothing of anybody stays. */
export function noteMember(userId: string | null): void {
    try {
        writeMember(userId);
        /* The copy of anybody else goes. */
        if (readKept() === null) localStorage.removeItem(STORED);
    } catch {
        /* Then the server is asked. */
    }
}

/* ---- the copy --------------------------------------------------------------------------------------------------- */

/* The team that was looked at last, as the cursors tell. */
function lastTeam(cache: QueryClient): { team: string; cursor: string; at: number } | null {
    const [last] = cache
        .getQueryCache()
        .findAll({ queryKey: keys.cursors })
        .filter(({ state }) => typeof state.data === "string")
        .sort((a, b) => b.state.dataUpdatedAt - a.state.dataUpdatedAt);
    if (!last) return null;
    return { team: String(last.queryKey[1]), cursor: String(last.state.data), at: last.state.dataUpdatedAt };
}

/* The feed as it would be if it were loaded now: what waits for the button is in it. null when there is none yet. */
export function snapshot(cache: QueryClient): Kept | null {
    const user = cache.getQueryData<User | null>(keys.session);
    const last = lastTeam(cache);
    const feed = last ? cache.getQueryData<FeedData>(keys.posts(last.team)) : undefined;
    const first = feed?.pages[0];
    if (!user || !last || !feed || !first) return null;

    const waiting = cache.getQueryData<NewPosts>(keys.newPosts(last.team)) ?? NO_NEW_POSTS;
    const known = (id: string): Post[] => {
        const post = cache.getQueryData<Post | null>(keys.post(id));
        return post ? [post] : [];
    };
    const all = [...new Set([...waiting.ids, ...first.ids])].flatMap(known);
    const pinned = pinnedNow(cache, feed).flatMap(known);
    const posts: Post[] = [];
    let chars = 0;
    for (const post of new Set([...pinned, ...all])) {
        chars += post.body.length;
        if (posts.length < KEPT_POSTS_MAX && chars <= KEPT_CHARS_MAX) posts.push(post);
    }
    const kept = new Set(posts);
    const ids = all.filter((it) => kept.has(it)).map((it) => it.id);
    const notices = cache.getQueryData<NoticesData>(keys.notices(last.team))?.pages[0]?.items ?? [];
    return {
        form: FORM,
        user,
        teams: cache.getQueryData<Team[]>(keys.teams) ?? [],
        team: last.team,
        ids,
        pinnedIds: pinned.filter((it) => kept.has(it)).map((it) => it.id),
        posts,
        next: first.next,
        notices: notices.slice(0, KEPT_NOTICES_MAX),
        cursor: waiting.reset || ids.length < all.length ? null : last.cursor,
        savedAt: last.at,
    };
}

export function readKept(): Kept | null {
    try {
        const kept = JSON.parse(localStorage.getItem(STORED) ?? "null") as Kept | null;
        return kept?.form === FORM && kept.user.id === notedMember() ? kept : null;
    } catch {
        return null;
    }
}

function write(kept: Kept | null, before: string): string {
    if (kept?.user.id !== notedMember()) return before;
    const text = JSON.stringify(kept);
    try {
        if (text !== before) localStorage.setItem(STORED, text);
    } catch {
        /* The device gives no room: the copy of before, if any, is still true for its time. */
    }
    return text;
}

const watched: unknown[] = [...keys.session, ...keys.teams, ...keys.allPosts, ...keys.cursors, "posts", "newPosts", "notices"];

/* From now on the copy follows the cache. */
export function startKeeping(cache: QueryClient): void {
    let timer = 0;
    let text = "";
    const save = (): void => {
        window.clearTimeout(timer);
        timer = 0;
        text = write(snapshot(cache), text);
    };
    cache.getQueryCache().subscribe(({ type, query }) => {
        if (type !== "updated" || timer || !watched.includes(query.queryKey[0])) return;
        timer = window.setTimeout(save, WRITE_AFTER_MS);
    });
    /* A page that goes into the background may never come back. */
    const leaving = (): void => {
        if (timer) save();
    };
    window.addEventListener("pagehide", leaving);
    document.addEventListener("visibilitychange", () => document.hidden && leaving());
}

/* ---- in the network's place ------------------------------------------------------------------------------------- */

/* Nobody answered, or only a gateway did, for a server that is away. */
const away = (error: unknown): boolean =>
    error instanceof PorchlightError && (error.kind === "network" || (error.status >= 502 && error.status <= 504));

/*
 * What `answered` makes of the server's answer, or, when it cannot be reached or lets wait, what `kept` finds in the
 * copy. An error stays one when there is nothing in it. An answer that comes too late is thrown away: the polls tell.
 */
export async function orKept<T, R>(
    asked: Promise<T>,
    answered: (answer: T) => R,
    kept: (copy: Kept) => R | undefined,
    patienceMs = PATIENCE_MS,
): Promise<R> {
    const look = (): R | undefined => {
        const copy = readKept();
        return copy ? kept(copy) : undefined;
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((done) => {
        timer = setTimeout(() => done("late"), patienceMs);
    });
    try {
        const first = await Promise.race([asked.then((answer) => ({ answer })), late]);
        if (first !== "late") return answered(first.answer);
        return look() ?? answered(await asked);
    } catch (error) {
        const found = away(error) ? look() : undefined;
        if (found === undefined) throw error;
        return found;
    } finally {
        clearTimeout(timer);
    }
}

/* The member of the copy: asked for again as soon as the server is back. */
export function keptMember(cache: QueryClient, kept: Kept): User {
    cache.setQueryData(keys.unasked, true);
    return kept.user;
}

/* The feed of the copy. Without a cursor the button says that something may be new. */
export function keptFeed(cache: QueryClient, kept: Kept): FeedPage {
    putPosts(cache, kept.posts);
    cache.setQueryData<NewPosts>(keys.newPosts(kept.team), { ...NO_NEW_POSTS, reset: kept.cursor === null });
    cache.setQueryData(keys.cursor(kept.team), kept.cursor ?? "", { updatedAt: kept.savedAt });
    return { ids: kept.ids, pinnedIds: kept.pinnedIds, next: kept.next };
}

/* The notices of the copy. It does not know what is older: that comes with the server (askForNotices). */
export function keptNotices(cache: QueryClient, kept: Kept): NoticeList {
    cache.setQueryData(keys.keptNotices(kept.team), true);
    return { items: kept.notices, next: null, cursor: kept.cursor ?? "" };
}

/* The server is there: a list from the copy gives way to its own, once. */
export function askForNotices(cache: QueryClient, team: string): void {
    if (!cache.getQueryData(keys.keptNotices(team))) return;
    cache.setQueryData(keys.keptNotices(team), false);
    void cache.invalidateQueries({ queryKey: keys.notices(team) });
}
