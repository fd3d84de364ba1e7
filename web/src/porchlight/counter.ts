/*
 * A socket to one counter: /ws/counter/NAME. One event comes for each change, in order.
 */
import { socketUrlOf } from "./address.ts";
import { messageOf } from "./room.ts";
import type { WebSocketLike } from "./socket.ts";

export type CounterChange = "increment" | "decrement" | "setValue" | "reset";

export interface CounterEvent {
    type: CounterChange;
    value: number;
    previousValue: number;
    metadata: Record<string, unknown>;
    timestamp: string;
}

export interface CounterSocketOptions {
    /* "" for the page's own origin. */
    baseUrl?: string;
    /* Only these kinds of change. */
    filters?: CounterChange[];
    onOpen?: () => void;
    /* Every message, parsed: a CounterEvent or another with a type. */
    onMessage?: (message: unknown) => void;
    onClose?: (code: number, reason: string) => void;
    onError?: () => void;
    openWebSocket?: (url: string) => WebSocketLike;
}

export function counterUrl(name: string, { baseUrl = "", filters = [] }: CounterSocketOptions = {}): string {
    const query = filters.length > 0 ? `?filters=${filters.join(",")}` : "";
    return socketUrlOf(baseUrl, `/ws/counter/${encodeURIComponent(name)}${query}`);
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
