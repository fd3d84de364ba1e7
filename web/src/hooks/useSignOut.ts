/*
 * Signing out asks nothing and can be taken back for ten seconds: the app closes at once, and the server is told when
 * the time is over, when the page goes or when somebody else signs in. A device that did not get so far does it when
 * the app is next opened, before anything else.
 *
 *   in -> leaving ("undo") --- time is over ---> the server is told -> gone
 *            |                                        '- no answer -> "failed": told again by hand, or when online
 *            '-- taken back -> in, with what was being written
 */
import { skipToken, useMutation, useQuery, type QueryClient } from "@tanstack/react-query";
import { useCallback, useEffect } from "react";
import { clearOutboxes, isUnauthenticated, newIdempotencyKey, type Api, type Outbox, type User } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { noteMember } from "./kept.ts";
import { keys } from "./keys.ts";
import { leavePush } from "./push.ts";
import { noteLeaving, wasLeaving } from "./notes.ts";
import { useConnection } from "./useConnection.tsx";
import { putDrafts, takeDrafts } from "./useDraft.ts";

const UNDO_MS = 10_000;

export interface Leaving {
    /* null: the page was opened anew, and there is no way back. */
    user: User | null;
    state: "undo" | "sending" | "failed";
    /* The device has a note of it. */
    noted: boolean;
    /* What was being written: it is in memory only, where the next member does not find it. */
    drafts: Map<string, string>;
}

/* Ends the session at the server. One that it does not know has ended. */
export async function endSession(api: Api): Promise<void> {
    try {
        await api.logout();
    } catch (error) {
        if (!isUnauthenticated(error)) throw error;
    }
    clearOutboxes();
    noteLeaving(false);
}

/* The page went before the server knew: it is told before anything else. Without a network nobody is signed in either. */
export async function leaveFirst(api: Api, cache: QueryClient): Promise<void> {
    try {
        await endSession(api);
    } catch {
        set(cache, { user: null, state: "failed", noted: true, drafts: new Map() });
    }
}

const get = (cache: QueryClient): Leaving | null => cache.getQueryData<Leaving | null>(keys.leaving) ?? null;
const set = (cache: QueryClient, leaving: Leaving | null): void => void cache.setQueryData(keys.leaving, leaving);

let finishing: Promise<void> | null = null;

/* Once: whoever comes while it is under way waits for it, since its answer takes the cookie away. */
function finish(api: Api, cache: QueryClient): Promise<void> {
    finishing ??= tell(api, cache).finally(() => {
        finishing = null;
    });
    return finishing;
}

async function tell(api: Api, cache: QueryClient): Promise<void> {
    const leaving = get(cache);
    if (!leaving) return;
    /* Another tab has done it, and somebody else may have signed in there since. */
    if (leaving.noted && !wasLeaving()) {
        set(cache, null);
        return;
    }
    set(cache, { ...leaving, state: "sending", drafts: new Map() });
    try {
        await endSession(api);
        set(cache, null);
    } catch {
        set(cache, { ...leaving, state: "failed", drafts: new Map() });
    }
}

/* Before somebody signs in: the session of before is over. A server that does not answer will not sign in either. */
export async function finishLeaving(api: Api, cache: QueryClient): Promise<void> {
    await finish(api, cache);
    set(cache, null);
    noteLeaving(false);
}

/* Forgets everything but who is signed in and who is leaving: views that watch that go on watching. */
export function forget(cache: QueryClient): void {
    const kept: unknown[] = [keys.session[0], keys.expired[0], keys.leaving[0]];
    cache.removeQueries({ predicate: (query) => !kept.includes(query.queryKey[0]) });
    /* A press that waits for another one must not be sent in the next member's name. */
    cache.getMutationCache().clear();
}

/* Presses that wait for an earlier one of the same post: the last of each is what the member wants. */
export function keepQueuedLikes(cache: QueryClient, outbox: Pick<Outbox, "add">): void {
    const queued = cache.getMutationCache().findAll({ mutationKey: ["like"], predicate: ({ state }) => state.isPaused });
    for (const { options, state } of queued) {
        const [, postId] = options.mutationKey ?? [];
        outbox.add({ kind: "like", key: newIdempotencyKey(), postId: String(postId), liked: state.variables === true });
    }
}

/*
 * What waits is sent while it can be, what is held too: nobody is left to take it back. The connection ends first, so
 * that neither a poll nor the good-bye runs into the end of the session.
 */
export function useSignOut() {
    const { api, queryClient } = useClient();
    const { stop, outbox } = useConnection();
    return useMutation({
        mutationFn: async () => {
            keepQueuedLikes(queryClient, outbox);
            if (outbox.waiting().length > 0) await outbox.send(true);
            await leavePush(api);
            await stop();
        },
        onSettled: (_data, _error, user: User) => {
            set(queryClient, { user, state: "undo", noted: noteLeaving(true), drafts: takeDrafts() });
            noteMember(null);
            queryClient.setQueryData(keys.session, null);
            forget(queryClient);
        },
    });
}

/* For the door: who has just left, and the way back. */
export function useLeaving() {
    const { api, queryClient } = useClient();
    const leaving = useQuery<Leaving | null>({ queryKey: keys.leaving, queryFn: skipToken }).data ?? null;
    const state = leaving?.state;
    const end = useCallback(() => void finish(api, queryClient), [api, queryClient]);

    useEffect(() => {
        if (state === undefined || state === "sending") return undefined;
        const timer = state === "undo" ? window.setTimeout(end, UNDO_MS) : 0;
        window.addEventListener("pagehide", end);
        window.addEventListener("online", end);
        return () => {
            window.clearTimeout(timer);
            window.removeEventListener("pagehide", end);
            window.removeEventListener("online", end);
        };
    }, [state, end]);

    const undo = useCallback(() => {
        const left = get(queryClient);
        if (left?.state !== "undo" || !left.user) return;
        /* Another tab has told the server, and somebody else may be signed in there. */
        if (left.noted && !wasLeaving()) {
            set(queryClient, null);
            return;
        }
        noteLeaving(false);
        noteMember(left.user.id);
        putDrafts(left.drafts);
        set(queryClient, null);
        queryClient.setQueryData(keys.session, left.user);
    }, [queryClient]);

    return { state, undo, tryAgain: end };
}
