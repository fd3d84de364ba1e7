/*
 * A room's own socket for as long as a component is on the page.
 */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { createRoom, type RoomState, type WebSocketLike } from "../porchlight/index.ts";

export interface RoomHookOptions {
    open(): WebSocketLike;
    heard(message: unknown): void;
    enabled: boolean;
    reconnectInterval: number;
    pingInterval: number;
}

const APART: RoomState = { isConnected: false, isConnecting: false, error: null };

/* `key`: which room; another one is another socket. */
export function useRoom(key: string, { enabled, reconnectInterval, pingInterval, ...calls }: RoomHookOptions) {
    const [state, setState] = useState<RoomState>(APART);
    const latest = useRef(calls);
    latest.current = calls;
    const room = useMemo(
        () =>
            createRoom({
                open: () => latest.current.open(),
                heard: (message) => latest.current.heard(message),
                changed: setState,
                reconnectMs: reconnectInterval,
                pingMs: pingInterval,
            }),
        [key, reconnectInterval, pingInterval],
    );
    useEffect(() => {
        if (enabled) room.start();
        /* Also when it was only started by hand. */
        return () => room.stop();
    }, [room, enabled]);
    return {
        ...state,
        reconnect: useCallback(() => room.reconnect(), [room]),
        disconnect: useCallback(() => room.stop(), [room]),
        say: useCallback((message: unknown) => room.say(message), [room]),
    };
}
