/*
 * A chat channel's own socket: what is said in it goes to `onMessage`, parsed.
 */
import { socketUrlOf, type WebSocketLike } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { useRoom } from "./useRoom.ts";

export interface ChannelHookOptions {
    enabled?: boolean;
    onMessage: (message: unknown) => void;
    reconnectInterval?: number;
    pingInterval?: number;
}

export function useChannel(id: string, options: ChannelHookOptions) {
    const { enabled = true, onMessage, reconnectInterval = 3_000, pingInterval = 30_000 } = options;
    const { baseUrl } = useClient();
    const path = `/channel/${encodeURIComponent(id)}/websocket`;
    return useRoom(id, {
        enabled,
        reconnectInterval,
        pingInterval,
        open: () => new WebSocket(socketUrlOf(baseUrl, path)) as unknown as WebSocketLike,
        heard: onMessage,
    });
}
