/*
 * What is known of counters, and how news changes it. Pure work on the query cache, as in cache.ts.
 *
 * Invariant: a counter never goes back to an earlier state, in whichever order two of them arrive. Its operationCount
 * tells which is later.
 */
import type { QueryClient } from "@tanstack/react-query";
import type { CounterMetadata } from "../porchlight/index.ts";
import { keys } from "./keys.ts";

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
 * While the member's own change is on its way, news may have it in already, and it would be counted twice: they wait for
 * its answer.
 */
export function applyCounter(cache: QueryClient, team: string, counter: CounterMetadata): void {
    const { name } = counter;
    cache.setQueryData<CounterMetadata>(keys.counter.heard(team, name), (heard) => later(counter, heard));
    if (cache.isMutating({ mutationKey: keys.counter.change(team, name) }) === 0) showHeard(cache, team, name);
}

/* The answer to the member's own change. */
export function showHeard(cache: QueryClient, team: string, name: string, own?: CounterMetadata): void {
    const heard = own ?? cache.getQueryData<CounterMetadata>(keys.counter.heard(team, name));
    if (heard) cache.setQueryData<CounterMetadata[]>(keys.counters(team), (list) => list && put(list, heard));
}

/* What the member adds shows before the server knows. */
export function addTo(cache: QueryClient, team: string, name: string, amount: number): void {
    cache.setQueryData<number>(keys.counter.added(team, name), (sum) => (sum ?? 0) + amount);
}
