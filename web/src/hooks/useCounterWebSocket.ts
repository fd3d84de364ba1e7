/*
 * A counter's own socket: every change of it, in order and once, also over a pause. The value and the metadata go into
 * the cache, the history is loaded again where it is shown. useCounter needs none of this: it hears of the newest value
 * over the app's one line. This is for who wants each change.
 */
import { useRef, useState } from "react";
import { createCounterWebSocket, isCounterEvent, type CounterEvent } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { applyCounter } from "./counters.ts";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";
import { useRoom } from "./useRoom.ts";

export interface CounterHookOptions {
    enabled?: boolean;
    onUpdate?: (event: CounterEvent) => void;
    /* The base of the backoff, in milliseconds. */
    reconnectInterval?: number;
    pingInterval?: number;
}

/* Up to where a counter's changes are known. */
interface Known {
    room: string;
    cursor: string | null;
    operationCount: number;
}

export function useCounterWebSocket(name: string, options: CounterHookOptions = {}) {
    const { enabled = true, onUpdate, reconnectInterval = 3_000, pingInterval = 30_000 } = options;
    const { baseUrl, queryClient } = useClient();
    const { team } = useConnection();
    const [lastUpdate, setLastUpdate] = useState<Date | null>(null);
    const room = `${team}/${name}`;
    const known = useRef<Known>({ room, cursor: null, operationCount: 0 });
    if (known.current.room !== room) known.current = { room, cursor: null, operationCount: 0 };

    const heard = (message: unknown): void => {
        const { type, cursor } = (message ?? {}) as { type?: unknown; cursor?: unknown };
        const { current } = known;
        if (type === "RESET") {
            /* What was missed cannot be told one by one. */
            current.operationCount = 0;
            void queryClient.invalidateQueries({ queryKey: keys.counters(team) });
            void queryClient.invalidateQueries({ queryKey: keys.counter.history(team, name) });
        }
        /* After a WELCOME what was missed may still come: it moves the cursor by itself. */
        const begins = type === "WELCOME" && current.cursor === null;
        if (typeof cursor === "string" && (begins || type === "RESET")) current.cursor = cursor;
        if (!isCounterEvent(message) || message.metadata.operationCount <= current.operationCount) return;
        current.operationCount = message.metadata.operationCount;
        current.cursor = message.cursor;
        setLastUpdate(new Date(message.timestamp));
        applyCounter(queryClient, team, message.metadata);
        void queryClient.invalidateQueries({ queryKey: keys.counter.history(team, name) });
        onUpdate?.(message);
    };

    const { isConnected, isConnecting, error, reconnect, disconnect } = useRoom(room, {
        enabled,
        reconnectInterval,
        pingInterval,
        open: () =>
            createCounterWebSocket(name, { baseUrl, team: team || undefined, since: known.current.cursor }),
        heard,
    });
    return { isConnected, isConnecting, error, lastUpdate, reconnect, disconnect };
}
