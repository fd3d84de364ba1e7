/*
 * A socket to one counter: /ws/counter/NAME. One event comes for each change, in order, none merged.
 */
import { socketUrlOf } from "./address.ts";
import type { CounterApi } from "./counterApi.ts";
import { addressOf } from "./request.ts";
import { messageOf } from "./room.ts";
import type { WebSocketLike } from "./socket.ts";
import type { CounterChange, CounterEvent, CounterMetadata, HistoryItem } from "./types.ts";

export interface CounterSocketOptions {
    /* "" for the page's own origin. */
    baseUrl?: string;
    /* A team's id; left out: the member's own team. */
    team?: string | undefined;
    /* Only these kinds of change. */
    filters?: CounterChange[];
    /* The cursor of the last event that is known: what came after it comes first. */
    since?: string | null;
    /* From POST /auth/ticket, for a program without the session's cookie. */
    ticket?: string;
    onOpen?: () => void;
    /* Every message, parsed: a CounterEvent or another with a type. */
    onMessage?: (message: unknown) => void;
    onClose?: (code: number, reason: string) => void;
    onError?: () => void;
    openWebSocket?: (url: string) => WebSocketLike;
}

export function counterUrl(name: string, options: CounterSocketOptions = {}): string {
    const { baseUrl = "", team, filters = [], since, ticket } = options;
    const query = { team, filters: filters.join(","), since: since ?? undefined, ticket };
    return socketUrlOf(baseUrl, addressOf("", `/ws/counter/${encodeURIComponent(name)}`, query));
}

export function isCounterEvent(message: unknown): message is CounterEvent {
    const { type, value } = (message ?? {}) as Partial<CounterEvent>;
    return typeof value === "number" && ["increment", "decrement", "setValue", "reset"].includes(String(type));
}

export function createCounterWebSocket(name: string, options: CounterSocketOptions = {}): WebSocketLike {
    const open = options.openWebSocket ?? ((url: string) => new WebSocket(url) as unknown as WebSocketLike);
    const socket = open(counterUrl(name, options));
    socket.onopen = () => options.onOpen?.();
    socket.onmessage = ({ data }) => {
        const message = messageOf(data);
        if (message !== null) options.onMessage?.(message);
    };
    socket.onclose = ({ code, reason }) => options.onClose?.(code, reason);
    socket.onerror = () => options.onError?.();
    return socket;
}

/* A change as the history tells it: without a cursor. */
export type CounterUpdate = Omit<CounterEvent, "cursor">;

/* Who was away for longer is told of the newest. */
export const MISSED_MAX = 500;

/* The changes after the one of `operationCount`, oldest first: for who has no socket that tells them. */
export async function changesAfter(
    api: Pick<CounterApi, "counterHistory">,
    { name, team, operationCount }: { name: string; team?: string | undefined; operationCount: number },
    metadata: CounterMetadata,
): Promise<CounterUpdate[]> {
    const missed: HistoryItem[] = [];
    let page: string | undefined;
    do {
        const answer = await api.counterHistory(name, { team, page });
        const fresh = answer.items.filter((it) => it.operationCount > operationCount);
        missed.push(...fresh);
        page = fresh.length === answer.items.length ? (answer.next ?? undefined) : undefined;
    } while (page !== undefined && missed.length < MISSED_MAX);
    return missed.reverse().map(({ type, value, previousValue, timestamp, operationCount: count }) => ({
        type,
        value,
        previousValue,
        timestamp,
        metadata: { ...metadata, value, updatedAt: timestamp, operationCount: count },
    }));
}
