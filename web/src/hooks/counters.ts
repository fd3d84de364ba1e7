/*
 * What is known of counters, and how news changes it. Pure work on the query cache, as in cache.ts.
 *
 * Invariant: a counter never goes back to an earlier state, in whichever order two of them arrive. Its operationCount
 * tells which is later.
 */
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { CounterMetadata, HistoryItem, List } from "../porchlight/index.ts";
import type { CountDeed } from "./counterChange.ts";
import { keys } from "./keys.ts";

export type HistoryData = InfiniteData<List<HistoryItem>, string | undefined>;

const later = (a: CounterMetadata, b: CounterMetadata | undefined): CounterMetadata =>
    b === undefined || a.operationCount >= b.operationCount ? a : b;

function put(list: readonly CounterMetadata[], counter: CounterMetadata): CounterMetadata[] {
    const known = list.some((it) => it.name === counter.name);
    return known ? list.map((it) => (it.name === counter.name ? later(counter, it) : it)) : [...list, counter];
}

/* An answer that was on its way while news came. */
export function withHeard(cache: QueryClient, team: string, list: CounterMetadata[]): CounterMetadata[] {
    return cache
        .getQueriesData<CounterMetadata>({ queryKey: ["counter", team] })
        .flatMap(([key, heard]) => (key[3] === "heard" && heard ? [heard] : []))
        .reduce(put, list);
}

/*
 * While the member's own change is on its way, or its answer got lost, news may have it in already, and it would be
 * counted twice: they wait for its answer.
 */
export function applyCounter(cache: QueryClient, team: string, counter: CounterMetadata): void {
    const { name } = counter;
    cache.setQueryData<CounterMetadata>(keys.counter.heard(team, name), (heard) => later(counter, heard));
    if (!held(cache).has(idOf({ team, name }))) showHeard(cache, team, name);
}

/* The answer to the member's own change: it has no later one of theirs in it. */
export function applyOwnCount(cache: QueryClient, team: string, counter: CounterMetadata): void {
    applyCounter(cache, team, counter);
    show(cache, team, counter);
}

const idOf = ({ team, name }: { team: string; name: string }): string => `${team}/${name}`;

const held = (cache: QueryClient): ReadonlyMap<string, CountDeed> =>
    cache.getQueryData<ReadonlyMap<string, CountDeed>>(keys.heldCounters) ?? new Map();

/* `tried`: the member's changes that the server may have. News of their counters wait until they are answered. */
export function holdCounters(cache: QueryClient, tried: readonly CountDeed[]): void {
    const before = held(cache);
    const now = new Map(tried.map((deed) => [idOf(deed), deed]));
    cache.setQueryData(keys.heldCounters, now);
    for (const [id, { team, name }] of before) if (!now.has(id)) showHeard(cache, team, name);
}

function showHeard(cache: QueryClient, team: string, name: string): void {
    const heard = cache.getQueryData<CounterMetadata>(keys.counter.heard(team, name));
    if (heard) show(cache, team, heard);
}

function show(cache: QueryClient, team: string, counter: CounterMetadata): void {
    cache.setQueryData<CounterMetadata[]>(keys.counters(team), (list) => list && put(list, counter));
}

/* The history with its newest page read again: what was read before stays, unless there is a hole between the two. */
export function withNewestPage(data: HistoryData, page: List<HistoryItem>): HistoryData {
    const [first, ...rest] = data.pages;
    const oldest = page.items.at(-1)?.operationCount;
    const newest = first?.items[0]?.operationCount;
    if (!first || oldest === undefined || newest === undefined || oldest > newest + 1) {
        return { pages: [page], pageParams: data.pageParams.slice(0, 1) };
    }
    const fresh = page.items.filter((it) => it.operationCount > newest);
    return { ...data, pages: [{ ...first, items: [...fresh, ...first.items] }, ...rest] };
}
