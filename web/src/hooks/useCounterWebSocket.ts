/*
 * A counter as it changes: its value and metadata go into the cache, its history is loaded again where it is shown.
 */
import { useState } from "react";
import { createCounterWebSocket, isCounterEvent, type CounterEvent } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { useRoom } from "./useRoom.ts";

export interface CounterHookOptions {
    enabled?: boolean;
    onUpdate?: (event: CounterEvent) => void;
    /* The base of the backoff, in milliseconds. */
    reconnectInterval?: number;
    pingInterval?: number;
}

export function useCounterWebSocket(name: string, options: CounterHookOptions = {}) {
    const { enabled = true, onUpdate, reconnectInterval = 3_000, pingInterval = 30_000 } = options;
    const { baseUrl, queryClient } = useClient();
    const [lastUpdate, setLastUpdate] = useState<CounterEvent | null>(null);
    const { isConnected, isConnecting, error, reconnect, disconnect } = useRoom(name, {
        enabled,
        reconnectInterval,
        pingInterval,
        open: () => createCounterWebSocket(name, { baseUrl }),
        heard: (message) => {
            if (!isCounterEvent(message)) return;
            setLastUpdate(message);
            queryClient.setQueryData(keys.counter.value(name), message.value);
            queryClient.setQueryData(keys.counter.metadata(name), message.metadata);
            void queryClient.invalidateQueries({ queryKey: keys.counter.history(name) });
            onUpdate?.(message);
        },
    });
    return { isConnected, isConnecting, error, lastUpdate, reconnect, disconnect };
}
