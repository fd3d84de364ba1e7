/*
 * The line to the server: everything that is new, through one cursor. It polls GET /changes from the first moment; when
 * the server offers a socket, one is opened beside the polls and takes their place once it is welcomed. When it ends,
 * polls go on from the same cursor, and another is tried later (breaker.ts).
 *
 *   start -> ask -> (more: ask at once | wait as the server advises) -> ask ...
 *                -> failed: wait 1 to 30 s with full jitter -> ask ...
 *   first answer -> capabilities -> socket -> welcomed: polls pause
 *                                          -> a durable message: one poll, within a second or two, for its words
 *                                          -> ended: polls, and later a socket again
 *
 * Words of posts come by polls in either mode, so there is one way in which the cursor moves, and one in which the app
 * hears of posts. A socket brings at once what fits in its message: who is here, counts, cheers, notices, counters.
 *
 * Owns: the cursor, the timers, the socket, and the state. Invariants: at most one poll is under way; an answer to a
 * question from before the last `setCursor` or `stop` is thrown away; a hidden page asks nothing, holds no socket, and
 * asks at once when it is seen again.
 */
import type { Api } from "./api.ts";
import { pollMs, retryMs } from "./backoff.ts";
import { createBreaker } from "./breaker.ts";
import { awayMs, offerMs, restartMs } from "./closing.ts";
import type { Environment } from "./environment.ts";
import { PorchlightError } from "./errors.ts";
import { openSocket, type LiveSocket, type SocketEnd, type WebSocketLike } from "./socket.ts";
import type {
    Ack,
    Changes,
    Cheer,
    ClientMessage,
    CounterMetadata,
    DigestMoved,
    Notice,
    Presence,
    ServerMessage,
} from "./types.ts";

const POLL_DEFAULT_MS = 30_000;
const POLL_MIN_MS = 500;
const POLL_MAX_MS = 600_000;
/* All who hear of a post by socket ask for its words: spread, so that they do not ask in one moment. */
const WORDS_SPREAD_MS = 1_000;

/* idle: not started or signed out. waiting: the last try failed and another will come. offline: the device says so. */
export type ConnectionState = "idle" | "connecting" | "live" | "waiting" | "offline";

export type LineEvent =
    /* `since`: the cursor that was asked with. `reset`: something may have been missed; load the lists again. */
    | { kind: "changes"; since: string | null; changes: Changes; reset: boolean }
    | { kind: "presence"; presence: Presence }
    | { kind: "likes"; likes: { postId: string; count: number }[] }
    | { kind: "cheer"; cheer: Cheer }
    | { kind: "notice"; notice: Notice }
    /* As it is now: what lies between two of these is not told. */
    | { kind: "counter"; counter: CounterMetadata }
    /* Something was said in it. */
    | { kind: "channel"; channelId: string }
    | { kind: "digest"; digest: DigestMoved }
    | { kind: "state"; state: ConnectionState; socket: boolean; cheers: boolean }
    /* A question failed; another will be asked, unless the session has ended. */
    | { kind: "failed"; error: PorchlightError };

export interface LineOptions {
    api: Api;
    team?: string | undefined;
    environment: Environment;
    /* The address of a socket by its path; absent: polls only. */
    socketUrl?: ((path: string) => string) | undefined;
    openWebSocket?: ((url: string) => WebSocketLike) | undefined;
    heard(event: LineEvent): void;
}

export interface Line {
    readonly state: ConnectionState;
    readonly cursor: string | null;
    /* `cursor`: what is known already; null begins with now. */
    start(cursor?: string | null): void;
    /* Stops at once, and says good-bye to the others: resolves when nothing of it is under way any more. */
    stop(): Promise<void>;
    setCursor(cursor: string): void;
    refresh(): void;
    /* Over the socket, when there is one: null otherwise. */
    ask(message: ClientMessage): Promise<Ack> | null;
}

function noticeOf(message: ServerMessage & { type: "LIVE_NOTIFICATION" }, team: string, nowMs: number): Notice {
    const { noticeId: id, kind, title, body, link } = message;
    const createdAt = new Date(nowMs).toISOString();
    return { id, kind, title, body, link, teamId: kind === "win" ? null : team, createdAt };
}

export function createLine(options: LineOptions): Line {
    const { api, team, environment, socketUrl, openWebSocket, heard } = options;
    const breaker = createBreaker();
    let state: ConnectionState = "idle";
    let cursor: string | null = null;
    /* Raised whenever answers under way become worthless. */
    let generation = 0;
    let polled: Promise<unknown> = Promise.resolve();
    let asking = false;
    /* The server did not take our cursor, so something may have been missed. */
    let lost = false;
    let attempt = 0;
    let pollTimer: number | null = null;
    let socketTimer: number | null = null;
    let socket: LiveSocket | null = null;
    /* The team's id, as the first answer tells it. */
    let teamId = "";
    let cheers = false;
    /* How often in a row the server could not be asked for its offer. */
    let offersMissed = 0;
    let welcomedAtMs = 0;
    /* The socket tells what came after this. */
    let joinedSince: string | null = null;
    /* The server counts us in, until we say good-bye. */
    let here = false;
    /* No socket is tried before this time. */
    let restUntilMs = 0;
    /* Raised by every end: what was begun before it is over. */
    let life = 0;
    let unwatch: (() => void)[] = [];

    const stopped = (): boolean => state === "idle";
    const onSocket = (): boolean => socket !== null && socket.welcomed;

    const tellState = (): void => heard({ kind: "state", state, socket: onSocket(), cheers });

    const setState = (next: ConnectionState): void => {
        if (next === state) return;
        state = next;
        tellState();
    };

    const clear = (timer: number | null): null => {
        if (timer !== null) environment.clearTimer(timer);
        return null;
    };

    /* ---- polls ---- */

    const askIn = (ms: number): void => {
        clear(pollTimer);
        pollTimer = environment.setTimer(() => {
            pollTimer = null;
            void ask();
        }, ms);
    };

    const took = (since: string | null, changes: Changes, adviceMs: number): void => {
        const reset = lost || (changes.reset && cursor !== null);
        lost = false;
        cursor = changes.cursor;
        attempt = 0;
        const first = teamId === "";
        teamId = changes.presence.team;
        setState("live");
        heard({ kind: "changes", since, changes, reset });
        if (stopped()) return;
        if (changes.more) askIn(0);
        else if (!onSocket()) {
            const advice = Math.min(POLL_MAX_MS, Math.max(POLL_MIN_MS, adviceMs || POLL_DEFAULT_MS));
            askIn(pollMs(advice, environment.random()));
        }
        if (first) trySocketIn(0);
    };

    const failed = (error: unknown): void => {
        const known = error instanceof PorchlightError ? error : new PorchlightError("fault");
        heard({ kind: "failed", error: known });
        if (known.unauthenticated) {
            halt();
            return;
        }
        /* A cursor that the server does not take is of no use: begin again without one. */
        if (known.status === 400 && cursor !== null) {
            cursor = null;
            lost = true;
        }
        setState(environment.online() ? "waiting" : "offline");
        askIn(retryMs(known, attempt, environment.random()));
        attempt += 1;
    };

    const ask = async (): Promise<void> => {
        if (asking || stopped() || !environment.visible()) return;
        pollTimer = clear(pollTimer);
        asking = here = true;
        const asked = generation;
        const since = cursor;
        try {
            const poll = api.changes(since, team);
            polled = poll.catch(() => undefined);
            const answer = await poll;
            asking = false;
            if (asked === generation) took(since, answer.data, answer.pollIntervalMs);
            else if (!stopped()) askIn(POLL_MIN_MS);
        } catch (error) {
            asking = false;
            if (asked === generation) failed(error);
            else if (!stopped()) askIn(POLL_MIN_MS);
        }
    };

    /* A durable message came: its words are fetched soon, once for all that come until then. */
    const askForWords = (): void => {
        if (pollTimer === null && !asking) askIn(environment.random() * WORDS_SPREAD_MS);
        else if (asking) {
            /* What is under way may have been answered before it: ask again behind it. */
            void polled.then(() => {
                if (!stopped() && onSocket() && pollTimer === null) askIn(environment.random() * WORDS_SPREAD_MS);
            });
        }
    };

    /* ---- the socket ---- */

    const trySocketIn = (ms: number): void => {
        clear(socketTimer);
        if (!socketUrl || !openWebSocket) return;
        restUntilMs = environment.nowMs() + ms;
        socketTimer = environment.setTimer(() => {
            socketTimer = null;
            void trySocket();
        }, ms);
    };

    /* When the member is back: now, unless it rests. */
    const trySocketAgain = (): void => {
        if (!socket && teamId !== "") trySocketIn(Math.max(0, restUntilMs - environment.nowMs()));
    };

    const trySocket = async (): Promise<void> => {
        if (stopped() || socket || !environment.visible() || !environment.online()) return;
        const begun = life;
        let path: string | null;
        try {
            const offer = await api.capabilities();
            path = offer.socket;
            cheers = offer.realtime;
            offersMissed = 0;
        } catch (error) {
            /* The server itself does not answer: that says nothing about sockets. */
            const known = error instanceof PorchlightError ? error : null;
            if (begun === life) trySocketIn(retryMs(known, offersMissed, environment.random()));
            offersMissed += 1;
            return;
        }
        if (begun !== life || socket || !socketUrl || !openWebSocket) return;
        tellState();
        if (!path) {
            trySocketIn(offerMs(environment.random()));
            return;
        }
        /* Somebody looked away meanwhile: when they look again, it is tried at once. */
        if (!environment.visible() || !environment.online()) return;
        joinedSince = cursor;
        const mine: LiveSocket = openSocket({
            url: socketUrl(path),
            join: { type: "JOIN_TEAM", teamId, ...(cursor && { since: cursor }) },
            greeting: "WELCOME",
            open: openWebSocket,
            environment,
            heard: (message) => socket === mine && hear(message),
            ended: (end) => socket === mine && ended(end),
        });
        socket = mine;
    };

    const hear = (message: ServerMessage): void => {
        switch (message.type) {
            case "WELCOME":
                here = true;
                welcomedAtMs = environment.nowMs();
                pollTimer = clear(pollTimer);
                attempt = 0;
                state = "live";
                tellState();
                /* What is missing from before the socket comes by a poll. */
                if (lost || cursor === null || cursor !== joinedSince) void ask();
                break;
            case "PRESENCE_UPDATE": {
                const { count, activeCoaches } = message;
                heard({ kind: "presence", presence: { team: teamId, count, activeCoaches } });
                break;
            }
            case "LIKE_UPDATE":
                heard({ kind: "likes", likes: [{ postId: message.postId, count: message.count }] });
                break;
            case "LIVE_CHEER": {
                const { userId, name, icon } = message;
                heard({ kind: "cheer", cheer: { userId, name, icon } });
                break;
            }
            case "LIVE_NOTIFICATION":
                heard({ kind: "notice", notice: noticeOf(message, teamId, environment.nowMs()) });
                askForWords();
                break;
            case "COUNTER_UPDATE":
                heard({ kind: "counter", counter: message.metadata });
                break;
            case "CHANNEL_UPDATE":
                heard({ kind: "channel", channelId: message.channelId });
                break;
            case "DIGEST_PROGRESS": {
                const { jobId, status, progress, currentStep } = message;
                heard({ kind: "digest", digest: { jobId, status, progress, currentStep } });
                break;
            }
            case "NEW_POSTS":
            case "POST_CHANGED":
                askForWords();
                break;
            case "RESET":
                lost = true;
                cursor = message.cursor;
                void ask();
                break;
            default:
                break; /* a later server's: nothing that this client knows what to do with */
        }
    };

    /* What the codes ask for: asyncapi.json, x-close-codes. */
    const ended = ({ code, reason, welcomed }: SocketEnd): void => {
        socket = null;
        if (stopped()) return;
        tellState();
        const random = environment.random();
        const end = { code, reason, usefulMs: welcomed ? environment.nowMs() - welcomedAtMs : 0 };
        if (!environment.online()) setState("offline");
        /* 4002 and 4003: the poll hears 401, unless the cookie was renewed meanwhile. */
        if (!asking && pollTimer === null) askIn(restartMs(end) ?? random * WORDS_SPREAD_MS);
        /* After 4003 the poll decides: it hears 401, or the member is in another team. */
        trySocketIn(awayMs(end, breaker, random) ?? offerMs(random));
    };

    const closeSocket = (): void => {
        const old = socket;
        socket = null;
        socketTimer = clear(socketTimer);
        old?.close();
    };

    /* ---- the page ---- */

    const leave = async (): Promise<void> => {
        if (!here) return;
        here = false;
        await api.leave(team).catch(() => undefined);
    };

    const looked = (): void => {
        if (!environment.visible()) {
            /* Present means visible. The server waits some seconds before it believes that somebody left. */
            void leave();
            pollTimer = clear(pollTimer);
            closeSocket();
            tellState();
            return;
        }
        if (!environment.online()) {
            closeSocket();
            if (state === "offline") tellState();
            else setState("offline");
        }
        attempt = 0;
        if (!onSocket()) void ask();
        trySocketAgain();
    };

    const halt = (): void => {
        generation += 1;
        life += 1;
        restUntilMs = 0;
        closeSocket();
        pollTimer = clear(pollTimer);
        unwatch.forEach((it) => it());
        unwatch = [];
        cursor = null;
        lost = false;
        attempt = offersMissed = 0;
        teamId = "";
        here = false;
        setState("idle");
    };

    return {
        get state() {
            return state;
        },
        get cursor() {
            return cursor;
        },
        start: (from = null) => {
            if (!stopped()) return;
            cursor = from;
            setState("connecting");
            const leaving = (): void => {
                void leave();
                closeSocket();
            };
            unwatch = [environment.watch(looked), environment.watchLeaving(leaving)];
            void ask();
        },
        stop: () => {
            const said = leave();
            halt();
            return Promise.all([said, polled]).then(() => undefined);
        },
        setCursor: (next) => {
            const moved = next !== cursor;
            cursor = next;
            if (asking) generation += 1;
            /* Beside a socket polls rest: what came between this cursor and now has to be asked for. */
            else if (moved && onSocket() && pollTimer === null) askIn(environment.random() * WORDS_SPREAD_MS);
        },
        refresh: () => {
            attempt = 0;
            void ask();
            if (!stopped()) trySocketAgain();
        },
        ask: (message) => (socket?.welcomed ? socket.ask(message) : null),
    };
}
