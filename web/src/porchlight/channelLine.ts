/*
 * What is new in one chat channel, whatever carries it, while somebody looks at it. It polls from the first moment; when
 * the server offers sockets, one is opened beside the polls and takes their place. When it ends, polls go on from the
 * same cursor.
 *
 *   start -> the newest page, or what came since a cursor that is known -> (more: at once | as the server advises) ...
 *   first answer -> capabilities -> socket since the cursor -> initial_state: polls pause
 *                                                           -> what was missed, then what is said, with its cursor
 *                                                           -> ended: polls, and later a socket again
 *
 * A socket tells all that came after the cursor that it was opened with, in order, and so does a poll. Whichever moves
 * the cursor, it names a moment up to which all is known. What both tell comes twice: messages.ts does not mind.
 *
 * Owns: the cursor, the timers, the socket. Invariants as in line.ts: one question at a time, answers from before a reset
 * or a stop are thrown away, a hidden page asks nothing and holds no socket.
 */
import type { Api } from "./api.ts";
import { pollMs, retryMs } from "./backoff.ts";
import { createBreaker } from "./breaker.ts";
import { awayMs, offerMs, restartMs } from "./closing.ts";
import type { Environment } from "./environment.ts";
import { PorchlightError } from "./errors.ts";
import { openSocket, type LiveSocket, type SocketEnd, type WebSocketLike } from "./socket.ts";
import type { Message, Person, Receipt, ServerMessage } from "./types.ts";

/* Who looks at a chat waits for the next word: sooner than a feed. */
const POLL_DEFAULT_MS = 5_000;
const POLL_MIN_MS = 500;
const POLL_MAX_MS = 600_000;
const SPREAD_MS = 1_000;

export type ChannelNews =
    /* The newest page is being asked for: what is said from here on may not be in it. */
    | { kind: "loading" }
    /* The newest messages, oldest first. What was known before is forgotten. */
    | { kind: "loaded"; messages: Message[]; next: string | null }
    | { kind: "messages"; messages: Message[] }
    | { kind: "deleted"; id: string }
    /* All who are here; null: nobody tells any more. */
    | { kind: "online"; people: Person[] | null }
    | { kind: "came" | "left"; person: Person }
    | { kind: "typing"; person: Person; isTyping: boolean }
    | { kind: "receipts"; receipts: Receipt[] }
    /* An answer came, with or without words. */
    | { kind: "polled" }
    /* `connected`: what is known is as new as it can be. `error`: why it is not. */
    | { kind: "state"; connected: boolean; error: PorchlightError | null };

export interface ChannelLineOptions {
    api: Pick<Api, "messages" | "messagesSince" | "capabilities">;
    id: string;
    environment: Environment;
    /* The address of a socket by its path; absent: polls only. */
    socketUrl?: ((path: string) => string) | undefined;
    openWebSocket?: ((url: string) => WebSocketLike) | undefined;
    heard(news: ChannelNews): void;
}

export interface ChannelLine {
    readonly cursor: string | null;
    /* `cursor`: up to where all is known already; null loads the newest page. */
    start(cursor: string | null): void;
    stop(): void;
    /* Ask now instead of later, also after a refusal, which ends all asking. */
    refresh(): void;
    /* The socket, while there is one that is welcome. */
    readonly socket: LiveSocket | null;
}

export function createChannelLine(options: ChannelLineOptions): ChannelLine {
    const { api, id, environment, socketUrl, openWebSocket, heard } = options;
    const breaker = createBreaker();
    let running = false;
    /* The server said no, and nothing is asked until somebody wants it. */
    let refused = false;
    let cursor: string | null = null;
    /* Raised whenever answers under way become worthless. */
    let generation = 0;
    let asking = false;
    let attempt = 0;
    let offersMissed = 0;
    let pollTimer: number | null = null;
    let socketTimer: number | null = null;
    let socket: LiveSocket | null = null;
    let welcomedAtMs = 0;
    /* The next answer is the first of a cursor: from there a socket can go on. */
    let socketDue = true;
    /* No socket is tried before this time; null: none at all. */
    let restUntilMs: number | null = 0;
    let connected = false;
    let unwatch: (() => void) | null = null;

    const welcome = (): LiveSocket | null => (socket?.welcomed ? socket : null);
    const attentive = (): boolean => running && environment.visible();
    const clear = (timer: number | null): null => {
        if (timer !== null) environment.clearTimer(timer);
        return null;
    };
    const setConnected = (next: boolean, error: PorchlightError | null = null): void => {
        if (connected === next && error === null) return;
        connected = next;
        heard({ kind: "state", connected, error });
    };

    /* ---- polls ---- */

    const askIn = (ms: number): void => {
        clear(pollTimer);
        pollTimer = environment.setTimer(() => {
            pollTimer = null;
            void ask();
        }, ms);
    };

    /* Answers the server's advice, or 0 to ask again at once; null when the answer came too late. */
    const askOnce = async (): Promise<number | null> => {
        const asked = generation;
        if (cursor === null) {
            heard({ kind: "loading" });
            const page = await api.messages(id);
            if (asked !== generation) return null;
            cursor = page.cursor;
            heard({ kind: "loaded", messages: [...page.items].reverse(), next: page.next });
            return POLL_DEFAULT_MS;
        }
        const { data, pollIntervalMs } = await api.messagesSince(id, cursor);
        if (asked !== generation) return null;
        if (data.reset) {
            startOver();
            return 0;
        }
        cursor = data.cursor;
        if (data.items.length > 0) heard({ kind: "messages", messages: data.items });
        return data.more ? 0 : pollIntervalMs || POLL_DEFAULT_MS;
    };

    const took = (adviceMs: number): void => {
        attempt = 0;
        setConnected(true);
        heard({ kind: "polled" });
        if (!running) return;
        if (adviceMs === 0) askIn(0);
        else if (welcome() === null) {
            askIn(pollMs(Math.min(POLL_MAX_MS, Math.max(POLL_MIN_MS, adviceMs)), environment.random()));
        }
        if (socketDue) {
            socketDue = false;
            trySocketAgain();
        }
    };

    const failed = (error: unknown): void => {
        const known = error instanceof PorchlightError ? error : new PorchlightError("fault");
        const badCursor = known.status === 400 && cursor !== null;
        if (badCursor) startOver();
        if (known.kind === "refused" && !badCursor) {
            /* Signed out, or not in this channel any more. */
            halt();
            refused = true;
            setConnected(false, known);
            return;
        }
        setConnected(false, known);
        askIn(retryMs(known, attempt, environment.random()));
        attempt += 1;
    };

    const ask = async (): Promise<void> => {
        if (asking || !attentive()) return;
        pollTimer = clear(pollTimer);
        asking = true;
        const asked = generation;
        let adviceMs: number | null = null;
        let error: unknown = null;
        try {
            adviceMs = await askOnce();
        } catch (thrown) {
            error = thrown ?? new PorchlightError("fault");
        }
        asking = false;
        if (!running) return;
        if (adviceMs !== null) took(adviceMs);
        else if (error !== null && asked === generation) failed(error);
        else askIn(0);
    };

    /* What is known is of another time: everything anew. */
    const startOver = (): void => {
        generation += 1;
        cursor = null;
        socketDue = true;
        closeSocket();
    };

    /* ---- the socket ---- */

    const trySocketIn = (ms: number | null): void => {
        socketTimer = clear(socketTimer);
        restUntilMs = ms === null ? null : environment.nowMs() + ms;
        if (ms === null || !socketUrl || !openWebSocket) return;
        socketTimer = environment.setTimer(() => {
            socketTimer = null;
            void trySocket();
        }, ms);
    };

    const trySocketAgain = (): void => {
        if (!socket && restUntilMs !== null) trySocketIn(Math.max(0, restUntilMs - environment.nowMs()));
    };

    const trySocket = async (): Promise<void> => {
        if (!attentive() || socket || !environment.online() || cursor === null) return;
        const begun = generation;
        let offered: boolean;
        try {
            offered = (await api.capabilities()).socket !== null;
            offersMissed = 0;
        } catch (error) {
            const known = error instanceof PorchlightError ? error : null;
            if (begun === generation && running) trySocketIn(retryMs(known, offersMissed, environment.random()));
            offersMissed += 1;
            return;
        }
        if (begun !== generation || !attentive() || socket || !environment.online()) return;
        if (!socketUrl || !openWebSocket) return;
        if (!offered) {
            trySocketIn(offerMs(environment.random()));
            return;
        }
        const path = `/channel/${encodeURIComponent(id)}/websocket?since=${encodeURIComponent(cursor)}`;
        const mine: LiveSocket = openSocket({
            url: socketUrl(path),
            join: null,
            greeting: "initial_state",
            open: openWebSocket,
            environment,
            heard: (message) => socket === mine && hear(message),
            ended: (end) => socket === mine && ended(end),
        });
        socket = mine;
    };

    const hear = (message: ServerMessage): void => {
        switch (message.type) {
            case "initial_state":
                welcomedAtMs = environment.nowMs();
                if (message.resumed) {
                    pollTimer = clear(pollTimer);
                    attempt = 0;
                    heard({ kind: "online", people: message.onlineUsers.map(personOf) });
                    setConnected(true);
                } else {
                    /* Our cursor means nothing there: polls find out from where to go on. */
                    startOver();
                    restUntilMs = environment.nowMs() + breaker.failedMs(0, environment.random());
                    void ask();
                }
                break;
            case "message":
            case "message_updated":
                heard({ kind: "messages", messages: [message.message] });
                cursor = message.cursor;
                break;
            case "message_deleted":
                heard({ kind: "deleted", id: message.messageId });
                cursor = message.cursor;
                break;
            case "typing":
                heard({ kind: "typing", person: personOf(message), isTyping: message.isTyping });
                break;
            case "presence":
                heard({ kind: "came", person: personOf(message) });
                break;
            case "user_disconnected":
                heard({ kind: "left", person: personOf(message) });
                break;
            case "receipt":
                heard({ kind: "receipts", receipts: message.items });
                break;
            default:
                break; /* a later server's */
        }
    };

    const ended = ({ code, reason, welcomed }: SocketEnd): void => {
        socket = null;
        heard({ kind: "online", people: null });
        if (!running) return;
        const random = environment.random();
        const end = { code, reason, usefulMs: welcomed ? environment.nowMs() - welcomedAtMs : 0 };
        if (!environment.online()) setConnected(false, new PorchlightError("network"));
        if (!asking && pollTimer === null) askIn(restartMs(end) ?? random * SPREAD_MS);
        trySocketIn(awayMs(end, breaker, random));
    };

    const closeSocket = (): void => {
        const old = socket;
        socket = null;
        socketTimer = clear(socketTimer);
        if (!old) return;
        old.close();
        heard({ kind: "online", people: null });
    };

    /* ---- the page ---- */

    const looked = (): void => {
        if (!environment.visible() || !environment.online()) {
            pollTimer = clear(pollTimer);
            closeSocket();
            setConnected(false, environment.online() ? null : new PorchlightError("network"));
            return;
        }
        attempt = 0;
        if (welcome() === null) void ask();
        trySocketAgain();
    };

    const halt = (): void => {
        running = false;
        generation += 1;
        closeSocket();
        pollTimer = clear(pollTimer);
        unwatch?.();
        unwatch = null;
    };

    const start = (from: string | null): void => {
        if (running) return;
        running = true;
        refused = false;
        cursor = from;
        attempt = offersMissed = 0;
        restUntilMs = 0;
        socketDue = true;
        unwatch = environment.watch(looked);
        void ask();
    };

    return {
        get cursor() {
            return cursor;
        },
        get socket() {
            return welcome();
        },
        start,
        stop: () => {
            if (running) halt();
            refused = false;
            setConnected(false);
        },
        refresh: () => {
            if (refused) start(cursor);
            attempt = 0;
            if (welcome() === null) void ask();
        },
    };
}

const personOf = ({ userId, username }: Person): Person => ({ userId, username });
