/*
 * A team's counters, and one of them. What the member adds shows at once; when the server refuses it is taken away again,
 * and `error` says why; when it cannot be reached it waits in the outbox.
 */
import { skipToken, useInfiniteQuery, useIsMutating, useMutation, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import {
    counterDeed,
    newIdempotencyKey,
    PorchlightError,
    type CounterMetadata,
    type Deed,
    type HistoryItem,
    type List,
} from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { addTo, applyCounter, showHeard, withHeard } from "./counters.ts";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";
import { useWaiting } from "./useOutbox.ts";

/* A busy counter's history is read anew so often at most, and not by all who watch it at one moment. */
const HISTORY_MS = 1_500;

type CountDeed = Deed & { kind: "count" };

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
    const { team } = useConnection();
    const { counters, error, isPending, retry } = useCounters();
    const metadata = counters.find((it) => it.name === name) ?? null;
    const added = useQuery<number>({ queryKey: keys.counter.added(team, name), queryFn: skipToken }).data ?? 0;
    const waiting = useWaiting()
        .filter((deed): deed is CountDeed => deed.kind === "count" && deed.name === name && deed.team === team)
        .reduce((sum, { amount }) => sum + amount, 0);
    const change = useChange(team, name);
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
        scope: { id: `counter-${team}-${name}` },
        mutationFn: (to: { type: "setValue"; value: number } | { type: "reset" }) =>
            api.changeCounter({ ...to, name, ...(team && { teamId: team }) }, newIdempotencyKey()),
        onSuccess: ({ metadata }) => applyCounter(queryClient, team, metadata),
    });
    return mutateAsync;
}

function useChange(team: string, name: string) {
    const { api, queryClient } = useClient();
    const { outbox } = useConnection();
    return useMutation({
        mutationKey: keys.counter.change(team, name),
        /* One after the other, so that an answer has no later change in it. */
        scope: { id: `counter-${team}-${name}` },
        /* null: it waits. */
        mutationFn: async (amount: number): Promise<CounterMetadata | null> => {
            const deed: CountDeed = { kind: "count", key: newIdempotencyKey(), name, team, amount };
            /* Behind what waits already there is one way only. */
            const behind = outbox.waiting().filter((it): it is CountDeed => it.kind === "count" && it.name === name);
            if (behind.length > 0 || !navigator.onLine) {
                const last = behind.at(-1);
                /* Ten presses on a train are one change. */
                const joins = last?.team === team && last.amount > 0 === amount > 0 && outbox.takeBack(last.key);
                const whole = joins ? { ...deed, amount: amount + last.amount } : deed;
                if (outbox.add(whole)) {
                    if (navigator.onLine) void outbox.send();
                    return null;
                }
            }
            try {
                return (await api.changeCounter(counterDeed(deed), deed.key)).metadata;
            } catch (error) {
                if (error instanceof PorchlightError && error.kind === "network" && outbox.add(deed, true)) return null;
                throw error;
            }
        },
        onMutate: (amount) => addTo(queryClient, team, name, amount),
        onSettled: (metadata, _, amount) => {
            addTo(queryClient, team, name, -amount);
            if (metadata) showHeard(queryClient, team, name, metadata);
            /* Inside a mutation's own callbacks it still counts as under way. */
            const isLast = queryClient.isMutating({ mutationKey: keys.counter.change(team, name) }) === 1;
            if (isLast) showHeard(queryClient, team, name);
        },
    });
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
