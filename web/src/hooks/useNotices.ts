/*
 * Notices: the list, how many are new to this device, and the one that a toast shows.
 */
import { skipToken, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useSyncExternalStore } from "react";
import type { Notice } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { askForNotices, keptNotices, orKept } from "./kept.ts";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";

/* A device that has shown no notices yet calls the ones of the last days new, not those of years. */
const FIRST_VISIT_MS = 3 * 24 * 3600 * 1000;

/* When the newest notice was seen is a thing of this device; two tabs share it. */
const SEEN = "porchlight.seen.";
const watchers = new Set<() => void>();
const memory = new Map<string, string>();

function readSeen(userId: string): string {
    try {
        return localStorage.getItem(SEEN + userId) ?? memory.get(userId) ?? "";
    } catch {
        return memory.get(userId) ?? "";
    }
}

function writeSeen(userId: string, time: string): void {
    memory.set(userId, time);
    try {
        localStorage.setItem(SEEN + userId, time);
    } catch {
        /* Then it is known until the page closes. */
    }
    watchers.forEach((it) => it());
}

function watchSeen(changed: () => void): () => void {
    watchers.add(changed);
    window.addEventListener("storage", changed);
    return () => {
        watchers.delete(changed);
        window.removeEventListener("storage", changed);
    };
}

export function useNotices(userId: string, enabled = true) {
    const { api, queryClient } = useClient();
    const { state, team } = useConnection();
    const notices = useInfiniteQuery({
        queryKey: keys.notices(team),
        enabled,
        initialPageParam: null as string | null,
        queryFn: ({ pageParam }) => {
            const asked = api.notices({ team: team || undefined, page: pageParam ?? undefined });
            if (pageParam !== null || queryClient.getQueryData(keys.notices(team))) return asked;
            return orKept(
                asked,
                (page) => page,
                (kept) => (kept.team === team ? keptNotices(queryClient, kept) : undefined),
            );
        },
        getNextPageParam: (page) => page.next,
    });
    useEffect(() => {
        if (state === "live") askForNotices(queryClient, team);
    }, [state, team, queryClient, notices.data]);

    const items = notices.data?.pages.flatMap((page) => page.items) ?? [];

    const seen = useSyncExternalStore(watchSeen, () => readSeen(userId));
    const since = seen || new Date(notices.dataUpdatedAt - FIRST_VISIT_MS).toISOString();
    const isNew = (notice: Notice): boolean => notice.createdAt > since;
    const newest = items[0]?.createdAt ?? "";
    const markSeen = useCallback(() => {
        if (newest > readSeen(userId)) writeSeen(userId, newest);
    }, [newest, userId]);

    return {
        items,
        isNew,
        unread: items.filter(isNew).length,
        markSeen,
        loading: notices.isPending,
        error: notices.data ? null : notices.error,
        retry: () => void notices.refetch(),
        hasOlder: notices.hasNextPage,
        loadingOlder: notices.isFetchingNextPage,
        loadOlder: notices.fetchNextPage,
    };
}

/*
 * The newest notice that came while the app was open and was not closed yet. Good news from all teams has a quieter
 * place: the line on top of the feed.
 */
export function useArrivedNotice() {
    const { queryClient } = useClient();
    const { team } = useConnection();
    const list = useQuery<Notice[]>({ queryKey: keys.arrived(team), queryFn: skipToken }).data;
    return {
        notice: list?.find((it) => it.kind !== "win") ?? null,
        close: useCallback(() => queryClient.setQueryData(keys.arrived(team), []), [queryClient, team]),
    };
}
