/*
 * The app's one line to the server, open while somebody is signed in. What arrives goes into the cache; views read the
 * cache and never learn how it came.
 */
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import {
    connect,
    isUnauthenticated,
    mayHeal,
    type Connection,
    type ConnectionState,
    type Like,
    type Outbox,
} from "../porchlight/index.ts";
import { addOwnPost, applyChanges, applyLikes, applyNotices, patchPost, putPosts, takeBackLike } from "./cache.ts";
import { cheersFor } from "./cheers.ts";
import { useClient } from "./client.ts";
import type { CountDeed } from "./counterChange.ts";
import { applyCounter, applyOwnCount, holdCounters } from "./counters.ts";
import { applyDigest } from "./digests.ts";
import { keys } from "./keys.ts";
import { outboxOf } from "./outboxes.ts";

interface Line {
    state: ConnectionState;
    /* Whether a cheer would reach anybody now. */
    cheers: boolean;
    /* "" for the member's own team. */
    team: string;
    /* What was done without a network. */
    outbox: Outbox;
    setCursor(cursor: string): void;
    refresh(): void;
    stop(): Promise<void>;
    cheer(icon: string): Promise<void>;
    like(postId: string, liked: boolean): Promise<Like>;
}

/* A lively chat does not make everybody ask at every word of it. */
const CHANNELS_MS = 3_000;

const LineContext = createContext<Line | null>(null);

interface ConnectionProviderProps {
    userId: string;
    team: string;
    /* Somebody without a team has nothing to ask for. */
    enabled: boolean;
    children: ReactNode;
}

export function ConnectionProvider({ userId, team, enabled, children }: ConnectionProviderProps) {
    const { api, baseUrl, queryClient } = useClient();
    const [cheers, setCheers] = useState(false);
    const [state, setState] = useState<ConnectionState>("connecting");
    const outbox = outboxOf(api, userId);
    const connection = useRef<{ line: Connection; team: string } | null>(null);

    useEffect(() => {
        const hold = (): void => {
            const tried = outbox.waiting().filter((it) => it.kind === "count" && !outbox.mayTakeBack(it.key));
            holdCounters(queryClient, tried as CountDeed[]);
        };
        hold();
        const unlisten = outbox.listen({
            changed: hold,
            liked: ({ postId, liked, count }) => patchPost(queryClient, postId, { liked, count }),
            edited: (post) => putPosts(queryClient, [post]),
            posted: (post, { post: { teamId = "" } }) => addOwnPost(queryClient, teamId, post),
            deleted: (postId) => void queryClient.setQueryData(keys.post(postId), null),
            counted: ({ metadata }, { team: of }) => applyOwnCount(queryClient, of, metadata),
            refused: (deed) => {
                if (deed.kind === "like") takeBackLike(queryClient, deed.postId, deed.liked);
            },
        });
        const stop = outbox.start();
        return () => {
            stop();
            unlisten();
        };
    }, [outbox, queryClient]);

    useEffect(() => {
        if (!enabled) return undefined;
        /* What is unread there is the member's own number: it is asked for, once for all that is said meanwhile. */
        let channelsTimer = 0;
        const readChannelsSoon = (): void => {
            channelsTimer ||= window.setTimeout(
                () => {
                    channelsTimer = 0;
                    void queryClient.invalidateQueries({ queryKey: keys.channels(team) });
                },
                CHANNELS_MS * (0.5 + Math.random()),
            );
        };
        const line = connect({ api, account: userId, baseUrl, ...(team ? { team } : {}) });
        const unlisten = line.listen({
            changes: (changes, reset) => applyChanges(queryClient, team, changes, reset),
            presence: (presence) => queryClient.setQueryData(keys.presence(team), presence),
            likes: (likes) => applyLikes(queryClient, likes),
            notice: (notice) => applyNotices(queryClient, team, [notice]),
            cheer: (cheer) => cheersFor(team).arrived(cheer),
            counter: (counter) => applyCounter(queryClient, team, counter),
            channel: () => readChannelsSoon(),
            digest: (digest) => applyDigest(queryClient, digest),
            failed: (error) => {
                /* A refusal may mean that the member's teams have changed. */
                if (error.kind !== "refused" || isUnauthenticated(error)) return;
                void queryClient.invalidateQueries({ queryKey: keys.session });
            },
            state: (next) => {
                setState(next);
                setCheers(line.cheers);
                if (next !== "live") return;
                if (outbox.waiting().length > 0) void outbox.send();
                if (queryClient.getQueryData(keys.unasked)) {
                    queryClient.setQueryData(keys.unasked, false);
                    void queryClient.invalidateQueries({ queryKey: keys.session });
                }
                /* The server is back: what failed to load meanwhile loads by itself. */
                void queryClient.refetchQueries({
                    type: "active",
                    predicate: ({ state: { error } }) => mayHeal(error) && !isUnauthenticated(error),
                });
            },
        });
        /* Up to here the cache knows this team, from a feed that was here first or from before another team was chosen. */
        const known = queryClient.getQueryData<string>(keys.cursor(team));
        if (known) line.setCursor(known);
        connection.current = { line, team };
        line.start();
        return () => {
            connection.current = null;
            window.clearTimeout(channelsTimer);
            unlisten();
            void line.stop();
        };
    }, [api, baseUrl, queryClient, userId, team, enabled, outbox]);

    const setCursor = useCallback(
        (cursor: string) => {
            queryClient.setQueryData(keys.cursor(team), cursor);
            /* A feed may come when another team has been chosen. */
            if (connection.current?.team === team) connection.current.line.setCursor(cursor);
        },
        [queryClient, team],
    );
    const refresh = useCallback(() => connection.current?.line.refresh(), []);
    const stop = useCallback(async () => connection.current?.line.stop(), []);
    const cheer = useCallback(async (icon: string) => connection.current?.line.cheer(icon), []);
    const like = useCallback(
        (postId: string, liked: boolean) => connection.current?.line.like(postId, liked) ?? api.setLike(postId, liked),
        [api],
    );
    const value = useMemo(
        () => ({ state, cheers, team, outbox, setCursor, refresh, stop, cheer, like }),
        [state, cheers, team, outbox, setCursor, refresh, stop, cheer, like],
    );
    return <LineContext.Provider value={value}>{children}</LineContext.Provider>;
}

export function useConnection(): Line {
    const line = useContext(LineContext);
    if (!line) throw new Error("no ConnectionProvider");
    return line;
}
