/*
 * Every change of a counter, in order and once, also over a pause: by a socket of its own, and while there is none from
 * the counter's history, as soon as the app's one line says that it has moved. The value goes into the cache, the history
 * is loaded again where it is shown. useCounter needs none of this: this is for who wants each change.
 */
import { useEffect, useMemo, useRef, useState } from "react";
import { createCounterFollower, createCounterWebSocket, type CounterUpdate } from "../porchlight/index.ts";
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

export function useCounterWebSocket(name: string, options: CounterHookOptions = {}) {
    const { enabled = true, onUpdate, reconnectInterval = 3_000, pingInterval = 30_000 } = options;
    const { api, baseUrl, queryClient } = useClient();
    const { team } = useConnection();
    const { counters, isPending } = useCounters();
    const [lastUpdate, setLastUpdate] = useState<Date | null>(null);

    const tell = (change: CounterUpdate): void => {
        setLastUpdate(new Date(change.timestamp));
        applyCounter(queryClient, team, change.metadata);
        onUpdate?.(change);
    };
    const latest = useRef({ room: "", tell });
    const room = `${team}/${name}`;
    latest.current = { room, tell };
    const follower = useMemo(
        () =>
            createCounterFollower({
                api,
                name,
                team: team || undefined,
                /* An answer may come when another counter is followed. */
                tell: (change) => {
                    if (latest.current.room === room) latest.current.tell(change);
                },
                lost: () => void queryClient.invalidateQueries({ queryKey: keys.counters(team) }),
            }),
        [api, queryClient, team, name, room],
    );

    const { isConnected, isConnecting, error, reconnect, disconnect } = useRoom(room, {
        enabled,
        reconnectInterval,
        pingInterval,
        open: () => createCounterWebSocket(name, { baseUrl, team: team || undefined, since: follower.cursor }),
        heard: (message) => follower.heard(message),
    });

    const metadata = counters.find((it) => it.name === name);
    useEffect(() => {
        if (enabled && !isPending) follower.known(metadata, isConnected);
    }, [follower, enabled, isPending, isConnected, metadata]);

    return { isConnected, isConnecting, error, lastUpdate, reconnect, disconnect };
}
