/*
 * A team's counters, and one of them. What the member adds shows at once; when the server refuses it is taken away again,
 * and `error` says why; until it is there it lies in the outbox.
 */
import { useInfiniteQuery, useMutation, useQuery, type QueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import {
    newIdempotencyKey,
    PorchlightError,
    type Api,
    type CounterMetadata,
    type HistoryItem,
    type List,
} from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { count, counterScope, countsOf, forgetRefusals, refusalOf } from "./counterChange.ts";
import { applyCounter, withHeard, withNewestPage, type HistoryData } from "./counters.ts";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";
import { useBusy, useUnsent, useWaiting } from "./useOutbox.ts";

/* A busy counter's history is read anew so often at most, and not by all who watch it at one moment. */
const HISTORY_MS = 1_500;

const NO_HISTORY: List<HistoryItem> = { items: [], next: null };

export function useCounters() {
    const { api, queryClient } = useClient();
    const { team } = useConnection();
    const { data, error, isPending, refetch } = useQuery({
        queryKey: keys.counters(team),
        queryFn: async () => withHeard(queryClient, team, (await api.counters(team || undefined)).items),
    });
    return { counters: data ?? NONE, error: data ? null : error, isPending, retry: () => void refetch() };
}

const NONE: CounterMetadata[] = [];

/* One that does not exist yet stands at 0, and is made by the first change. */
export function useCounter(name: string) {
    const { queryClient } = useClient();
    const { team, outbox } = useConnection();
    const { counters, error, isPending, retry } = useCounters();
    /* The cache tells its watchers a moment after the outbox does: between the two the total must not jump. */
    const known = queryClient.getQueryData<CounterMetadata[]>(keys.counters(team)) ?? counters;
    const metadata = known.find((it) => it.name === name) ?? null;
    const waiting = countsOf(useWaiting(), team, name).reduce((sum, { amount }) => sum + amount, 0);
    const busy = useBusy();
    useUnsent();
    const correction = useCorrection(team, name);
    const history = useHistory(team, name, metadata?.operationCount ?? 0);

    return {
        value: (metadata?.value ?? 0) + waiting,
        metadata,
        isPending,
        /* The server will hear of some of it when there is a network. */
        waits: waiting !== 0 && !busy,
        isSaving: waiting !== 0 && busy,
        error: refusalOf(outbox, team, name) ?? error,
        retry: () => {
            forgetRefusals(outbox, team, name);
            if (error) retry();
            void queryClient.invalidateQueries({ queryKey: keys.counter.history(team, name) });
        },
        ...history,
        add: (amount = 1) => count(outbox, team, name, amount),
        take: (amount = 1) => count(outbox, team, name, -amount),
        /* For who looks after the team. They fail when the server does not take it. */
        set: (value: number) => correction({ type: "setValue", value }),
        reset: () => correction({ type: "reset" }),
    };
}

/* Another number in the place of the one that is there: what the server has not heard of is not in it. */
function useCorrection(team: string, name: string) {
    const { api, queryClient } = useClient();
    const { mutateAsync } = useMutation({
        scope: counterScope(team, name),
        mutationFn: (to: { type: "setValue"; value: number } | { type: "reset" }) =>
            api.changeCounter({ ...to, name, ...(team && { teamId: team }) }, newIdempotencyKey()),
        onSuccess: ({ metadata }) => applyCounter(queryClient, team, metadata),
    });
    return mutateAsync;
}

function readHistory(api: Api, team: string, name: string, page?: string): Promise<List<HistoryItem>> {
    return api.counterHistory(name, { team: team || undefined, page }).catch((error: unknown) => {
        if (error instanceof PorchlightError && error.status === 404) return NO_HISTORY;
        throw error;
    });
}

/* When it fails, the counter's next move reads it. */
async function readNewest(api: Api, cache: QueryClient, team: string, name: string): Promise<void> {
    const page = await readHistory(api, team, name).catch(() => null);
    if (page === null) return;
    const key = keys.counter.history(team, name);
    cache.setQueryData<HistoryData>(key, (data) => data && withNewestPage(data, page));
}

/* Read anew, soon, when the counter has moved. */
function useHistory(team: string, name: string, operationCount: number) {
    const { api, queryClient } = useClient();
    const pages = useInfiniteQuery({
        queryKey: keys.counter.history(team, name),
        /* What nobody has counted yet has none. */
        enabled: operationCount > 0,
        initialPageParam: undefined as string | undefined,
        queryFn: ({ pageParam }) => readHistory(api, team, name, pageParam),
        getNextPageParam: (page) => page.next ?? undefined,
    });
    const newest = pages.data?.pages[0]?.items[0]?.operationCount ?? null;
    const timer = useRef<number>(0);
    useEffect(() => {
        if (newest === null || newest >= operationCount || timer.current) return;
        timer.current = window.setTimeout(
            () => {
                timer.current = 0;
                void readNewest(api, queryClient, team, name);
            },
            HISTORY_MS * (0.5 + Math.random()),
        );
    }, [api, queryClient, team, name, newest, operationCount]);
    useEffect(
        () => () => {
            window.clearTimeout(timer.current);
            timer.current = 0;
        },
        [team, name],
    );
    const { fetchNextPage } = pages;
    return {
        /* Newest first. */
        history: pages.data?.pages.flatMap((page) => page.items) ?? [],
        historyPending: pages.isLoading,
        historyError: pages.data ? null : pages.error,
        hasOlder: pages.hasNextPage,
        olderError: pages.isFetchNextPageError ? pages.error : null,
        loadingOlder: pages.isFetchingNextPage,
        older: useCallback(() => void fetchNextPage(), [fetchNextPage]),
    };
}
