/*
 * A socket to one room of its own (a counter, a channel) that comes back by itself. The app's main line is line.ts; this
 * is for who wants one room and no more.
 *
 *   start ─> connecting ─> connected ─> lost ─> (full jitter, from `reconnectMs` up to 30 s) ─> connecting ...
 *
 * A hidden page keeps no socket, and returning to it does not end a rest. 4003 (revoked) ends it: only `reconnect` tries
 * again. The backoff is forgotten by a socket that lived for a while, not by one that opens and dies.
 */
import { BACKOFF_MAX_MS, BACKOFF_MIN_MS } from "./backoff.ts";
import { STEADY_MS } from "./breaker.ts";
import { browserEnvironment, type Environment } from "./environment.ts";
import { PorchlightError } from "./errors.ts";
import type { WebSocketLike } from "./socket.ts";

const NORMAL = 1000;
const REVOKED = 4003;
const TURNED_OFF = 4001;
/* Realtime was turned off: it will hardly be on again in a moment. */
const TURNED_OFF_MS = 120_000;
const TOO_FAST = 4005;
const TOO_FAST_MS = 60_000;

export interface RoomState {
    isConnected: boolean;
    isConnecting: boolean;
    error: PorchlightError | null;
}

export interface RoomOptions {
    open(): WebSocketLike;
    heard(message: unknown): void;
    changed(state: RoomState): void;
    environment?: Environment;
    /* The base of the backoff. */
    reconnectMs?: number;
    pingMs?: number;
}

export interface Room {
    readonly state: RoomState;
    start(): void;
    stop(): void;
    reconnect(): void;
    /* False when it is not connected. */
    say(message: unknown): boolean;
}

/* A sign of life; false when the socket is not open. */
export function sendPing(ws: WebSocketLike): boolean {
    try {
        ws.send('{"type":"ping"}');
        return true;
    } catch {
        return false;
    }
}

/* Ends it as one who is done. Harmless on one that has ended. */
export function closeWebSocket(ws: WebSocketLike): void {
    try {
        ws.close(NORMAL);
    } catch {
        /* It never opened. */
    }
}

export function messageOf(data: unknown): unknown {
    try {
        return typeof data === "string" ? (JSON.parse(data) as unknown) : null;
    } catch {
        return null;
    }
}

export function createRoom(options: RoomOptions): Room {
    const { open, heard, changed, environment = browserEnvironment() } = options;
    const { reconnectMs = 3_000, pingMs = 30_000 } = options;
    let state: RoomState = { isConnected: false, isConnecting: false, error: null };
    let socket: WebSocketLike | null = null;
    let timer: number | null = null;
    let attempt = 0;
    let silent = false;
    /* Since when the socket is open; null while it is not. */
    let openedAtMs: number | null = null;
    /* No socket is tried before this time. */
    let restUntilMs = 0;
    let unwatch: (() => void) | null = null;

    const set = (next: Partial<RoomState>): void => {
        state = { ...state, ...next };
        changed(state);
    };
    const wait = (run: () => void, ms: number): void => {
        if (timer !== null) environment.clearTimer(timer);
        timer = environment.setTimer(run, ms);
    };
    const drop = (): void => {
        if (timer !== null) environment.clearTimer(timer);
        timer = null;
        const old = socket;
        socket = null;
        if (openedAtMs !== null && environment.nowMs() - openedAtMs >= STEADY_MS) attempt = 0;
        openedAtMs = null;
        if (old) closeWebSocket(old);
    };
    const rest = (ms: number): void => {
        restUntilMs = environment.nowMs() + ms;
        wait(connectNow, ms);
    };
    const lost = (code: number): void => {
        drop();
        set({ isConnected: false, isConnecting: false, error: new PorchlightError("network", { slug: String(code) }) });
        if (code === REVOKED) restUntilMs = Infinity;
        if (!unwatch || code === REVOKED) return;
        const ceiling = Math.min(BACKOFF_MAX_MS, reconnectMs * 2 ** Math.min(attempt, 8));
        const jittered = Math.max(BACKOFF_MIN_MS, environment.random() * ceiling);
        attempt += 1;
        rest(code === TURNED_OFF ? TURNED_OFF_MS : code === TOO_FAST ? TOO_FAST_MS : jittered);
    };
    const beat = (): void => {
        if (!socket) return;
        if (silent || !sendPing(socket)) {
            lost(1006);
            return;
        }
        silent = true;
        wait(beat, pingMs);
    };

    function connect(): void {
        if (!unwatch || socket || !environment.visible() || !environment.online()) return;
        set({ isConnecting: true });
        let mine: WebSocketLike;
        try {
            mine = open();
        } catch {
            lost(1006); /* a page whose policy forbids sockets */
            return;
        }
        socket = mine;
        silent = true; /* its opening is the first word that is due */
        wait(beat, pingMs);
        mine.onopen = () => {
            if (socket !== mine) return;
            openedAtMs = environment.nowMs();
            silent = false;
            set({ isConnected: true, isConnecting: false, error: null });
        };
        mine.onmessage = ({ data }) => {
            if (socket !== mine) return;
            silent = false;
            const message = messageOf(data);
            if (message !== null) heard(message);
        };
        mine.onclose = ({ code }) => {
            if (socket === mine) lost(code);
        };
        mine.onerror = () => undefined; /* the end follows */
    }

    function connectNow(): void {
        timer = null;
        connect();
    }

    const looked = (): void => {
        if (!environment.visible() || !environment.online()) {
            drop();
            set({ isConnected: false, isConnecting: false });
        } else if (!socket && timer === null && restUntilMs !== Infinity) {
            const ms = restUntilMs - environment.nowMs();
            if (ms > 0) wait(connectNow, ms);
            else connect();
        }
    };

    return {
        get state() {
            return state;
        },
        start: () => {
            if (unwatch) return;
            restUntilMs = 0;
            unwatch = environment.watch(looked);
            connect();
        },
        stop: () => {
            unwatch?.();
            unwatch = null;
            drop();
            set({ isConnected: false, isConnecting: false, error: null });
        },
        reconnect: () => {
            drop();
            attempt = restUntilMs = 0;
            unwatch ??= environment.watch(looked);
            connect();
        },
        say: (message) => {
            if (!socket || !state.isConnected) return false;
            try {
                socket.send(JSON.stringify(message));
                return true;
            } catch {
                return false;
            }
        },
    };
}
