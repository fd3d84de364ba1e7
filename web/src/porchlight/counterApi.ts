/*
 * The endpoints of named counters. A change is done once for its idempotency key, however often it is sent.
 */
import type { Requester } from "./request.ts";
import type { CounterChange, CounterEvent, CounterMetadata, HistoryItem, List } from "./types.ts";

/* The longest page that the server gives: a week of a lively team is several. */
const HISTORY_MAX = 100;

export interface CounterApi {
    /* All of a team. */
    counters(team?: string): Promise<List<CounterMetadata>>;
    counter(name: string, team?: string): Promise<CounterMetadata>;
    /* Makes the counter when there is none of that name. */
    changeCounter(change: CounterDeed, idempotencyKey: string): Promise<CounterEvent>;
    /* Newest first. */
    counterHistory(
        name: string,
        options?: { team?: string | undefined; page?: string | undefined },
    ): Promise<List<HistoryItem>>;
}

export interface CounterDeed {
    type: CounterChange;
    name: string;
    teamId?: string;
    /* Of increment and decrement: 1 when it is left out. */
    amount?: number;
    /* Of setValue. */
    value?: number;
}

export function createCounterApi(request: Requester): CounterApi {
    const call = async <T>(method: string, body: object, idempotencyKey?: string): Promise<T> =>
        (await request<T>(`/rpc/counter.${method}`, { method: "POST", body, ...(idempotencyKey && { idempotencyKey }) })).data;
    const of = (team: string | undefined): { teamId?: string } => (team ? { teamId: team } : {});

    return {
        counters: (team) => call("list", of(team)),
        counter: (name, team) => call("getMetadata", { name, ...of(team) }),
        changeCounter: ({ type, ...body }, idempotencyKey) => call(type, body, idempotencyKey),
        counterHistory: (name, { team, page } = {}) =>
            call("getHistory", { name, limit: HISTORY_MAX, ...of(team), ...(page && { page }) }),
    };
}
