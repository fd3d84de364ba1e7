/*
 * A team's counters, and one of them. What the member adds shows at once; when the server refuses it is taken away again,
 * and `error` says why; when it cannot be reached it waits in the outbox.
 */
import { skipToken, useInfiniteQuery, useIsMutating, useMutation, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import {
    newIdempotencyKey,
    PorchlightError,
    type CounterMetadata,
    type HistoryItem,
    type List,
} from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { counterChange, counterScope, countsOf } from "./counterChange.ts";
import { applyCounter, withHeard } from "./counters.ts";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";
import { useWaiting } from "./useOutbox.ts";

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
    const client = useClient();
    const { queryClient } = client;
    const { team, outbox } = useConnection();
    const { counters, error, isPending, retry } = useCounters();
    const metadata = counters.find((it) => it.name === name) ?? null;
    const added = useQuery<number>({ queryKey: keys.counter.added(team, name), queryFn: skipToken }).data ?? 0;
    const waiting = countsOf(useWaiting(), team, name).reduce((sum, { amount }) => sum + amount, 0);
    const change = useMutation(counterChange(client, outbox, team, name));
    const correction = useCorrection(team, name);
    const isSaving = useIsMutating({ mutationKey: keys.counter.change(team, name) }) > 0;
    const history = useHistory(team, name, metadata?.operationCount ?? 0);

    return {
        value: (metadata?.value ?? 0) + added + waiting,
        metadata,
        isPending,
        /* The server will hear of some of it when there is a network. */
        waits: waiting !== 0,
        isSaving,
        error: change.error ?? error,
        retry: () => {
            change.reset();
            if (error) retry();
            void queryClient.invalidateQueries({ queryKey: keys.counter.history(team, name) });
        },
        ...history,
        add: (amount = 1) => change.mutate(amount),
        take: (amount = 1) => change.mutate(-amount),
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

/* Read anew, soon, when the counter has moved. */
function useHistory(team: string, name: string, operationCount: number) {
    const { api, queryClient } = useClient();
    const pages = useInfiniteQuery({
        queryKey: keys.counter.history(team, name),
        /* What nobody has counted yet has none. */
        enabled: operationCount > 0,
        initialPageParam: undefined as string | undefined,
        queryFn: ({ pageParam }) =>
            api.counterHistory(name, { team: team || undefined, page: pageParam }).catch((error: unknown) => {
                if (error instanceof PorchlightError && error.status === 404) return NO_HISTORY;
                throw error;
            }),
        getNextPageParam: (page) => page.next ?? undefined,
    });
    const seen = useRef<number | null>(null);
    const timer = useRef<number>(0);
    useEffect(() => {
        const before = seen.current;
        seen.current = operationCount;
        if (before === null || before === operationCount || timer.current) return;
        timer.current = window.setTimeout(
            () => {
                timer.current = 0;
                void queryClient.invalidateQueries({ queryKey: keys.counter.history(team, name) });
            },
            HISTORY_MS * (0.5 + Math.random()),
        );
    }, [queryClient, team, name, operationCount]);
    useEffect(
        () => () => {
            window.clearTimeout(timer.current);
            timer.current = 0;
            seen.current = null;
        },
        [team, name],
    );
    const { fetchNextPage } = pages;
    return {
        /* Newest first. */
        history: pages.data?.pages.flatMap((page) => page.items) ?? [],
        historyPending: pages.isPending,
        hasOlder: pages.hasNextPage,
        loadingOlder: pages.isFetchingNextPage,
        older: useCallback(() => void fetchNextPage(), [fetchNextPage]),
    };
}
