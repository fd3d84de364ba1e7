/*
 * Every change of a counter, in order and once, also over a pause: by a socket of its own, and while there is none from
 * the counter's history, as soon as the app's one line says that it has moved. The value goes into the cache, the history
 * is loaded again where it is shown. useCounter needs none of this: this is for who wants each change.
 */
import { useEffect, useRef, useState } from "react";
import {
    changesAfter,
    createCounterWebSocket,
    isCounterEvent,
    type CounterMetadata,
    type CounterUpdate,
} from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { applyCounter } from "./counters.ts";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";
import { useCounters } from "./useCounters.ts";
import { useRoom } from "./useRoom.ts";

export interface CounterHookOptions {
    enabled?: boolean;
    onUpdate?: (event: CounterUpdate) => void;
    /* The base of the backoff, in milliseconds. */
    reconnectInterval?: number;
    pingInterval?: number;
}

/* Up to where a counter's changes have been told. */
interface Told {
    room: string;
    cursor: string | null;
    /* null: none yet; what was before is not told. */
    operationCount: number | null;
    reading: boolean;
}

export function useCounterWebSocket(name: string, options: CounterHookOptions = {}) {
    const { enabled = true, onUpdate, reconnectInterval = 3_000, pingInterval = 30_000 } = options;
    const { api, baseUrl, queryClient } = useClient();
    const { team } = useConnection();
    const { counters, isPending } = useCounters();
    const [lastUpdate, setLastUpdate] = useState<Date | null>(null);
    const room = `${team}/${name}`;
    const told = useRef<Told>(anew(room));
    if (told.current.room !== room) told.current = anew(room);

    const tell = (event: CounterUpdate): void => {
        const { current } = told;
        if (event.metadata.operationCount <= (current.operationCount ?? 0)) return;
        current.operationCount = event.metadata.operationCount;
        setLastUpdate(new Date(event.timestamp));
        applyCounter(queryClient, team, event.metadata);
        onUpdate?.(event);
    };
    const latest = useRef(tell);
    latest.current = tell;

    const heard = (message: unknown): void => {
        const { type, cursor } = (message ?? {}) as { type?: unknown; cursor?: unknown };
        const { current } = told;
        if (type === "RESET") {
            /* Another history: what was missed cannot be told one by one. */
            told.current = anew(room);
            void queryClient.invalidateQueries({ queryKey: keys.counters(team) });
        }
        /* After a WELCOME what was missed may still come: it moves the cursor by itself. */
        const begins = type === "WELCOME" && current.cursor === null;
        if (typeof cursor === "string" && (begins || type === "RESET")) told.current.cursor = cursor;
        if (!isCounterEvent(message)) return;
        tell(message);
        current.cursor = message.cursor;
    };

    const { isConnected, isConnecting, error, reconnect, disconnect } = useRoom(room, {
        enabled,
        reconnectInterval,
        pingInterval,
        open: () => createCounterWebSocket(name, { baseUrl, team: team || undefined, since: told.current.cursor }),
        heard,
    });

    const metadata = find(counters, name);
    useEffect(() => {
        if (!enabled || isPending) return;
        told.current.operationCount ??= metadata?.operationCount ?? 0;
        if (!isConnected) void readMissed(told.current);

        async function readMissed(current: Told): Promise<void> {
            if (current.reading) return;
            current.reading = true;
            try {
                for (;;) {
                    const now = find(queryClient.getQueryData<CounterMetadata[]>(keys.counters(team)), name);
                    const operationCount = current.operationCount ?? 0;
                    if (!now || now.operationCount <= operationCount || told.current !== current) break;
                    const missed = await changesAfter(api, { name, team: team || undefined, operationCount }, now);
                    if (told.current === current) missed.forEach((it) => latest.current(it));
                    if (missed.length === 0) break;
                }
            } catch {
                /* The counter's next move, or the socket, tells it. */
            } finally {
                current.reading = false;
            }
        }
    }, [api, queryClient, team, name, enabled, isPending, isConnected, metadata]);

    return { isConnected, isConnecting, error, lastUpdate, reconnect, disconnect };
}

const anew = (room: string): Told => ({ room, cursor: null, operationCount: null, reading: false });

const find = (counters: CounterMetadata[] | undefined, name: string): CounterMetadata | undefined =>
    counters?.find((it) => it.name === name);
