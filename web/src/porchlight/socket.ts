/*
 * One WebSocket to a room, from its opening to its end. Owns: the first message, the heartbeat, ids and their answers.
 * Does not own: when to open another (line.ts, channelLine.ts), nor what messages mean.
 *
 *   open ─> JOIN_TEAM (where the room is the team's) ─> its greeting ─> messages ... ─> ended(code, reason), once
 *
 * Invariants: `ended` is the last that is heard; every `ask` is answered, at the latest by the end.
 */
import type { Environment } from "./environment.ts";
import { PorchlightError, errorOfMessage } from "./errors.ts";
import { newIdempotencyKey } from "./request.ts";
import type { Ack, ClientMessage, ServerMessage } from "./types.ts";

/* A socket that does not come to a WELCOME in this time is in a network that swallows it. */
const OPEN_MS_MAX = 10_000;
/* An answer that does not come in this time will not come on this socket. */
const ANSWER_MS_MAX = 10_000;
const HEARTBEAT_MS = 30_000;

const GOING_AWAY = 1000;

/* What of a browser's WebSocket is needed, so that tests and Node's `ws` can stand in. */
export interface WebSocketLike {
    onopen: ((event: never) => void) | null;
    onmessage: ((event: { data: unknown }) => void) | null;
    onclose: ((event: { code: number; reason: string }) => void) | null;
    onerror: ((event: never) => void) | null;
    send(text: string): void;
    close(code?: number): void;
}

export function browserWebSocket(): ((url: string) => WebSocketLike) | null {
    return typeof WebSocket === "undefined" ? null : (url) => new WebSocket(url) as unknown as WebSocketLike;
}

export interface SocketEnd {
    /* 1006 when it broke without a word. */
    code: number;
    reason: string;
    /* It came to a WELCOME. */
    welcomed: boolean;
}

export interface SocketOptions {
    url: string;
    /* What is said first; null: the address has said it all. */
    join: ClientMessage | null;
    /* The message with which the server lets us in. */
    greeting: "WELCOME" | "initial_state";
    open: (url: string) => WebSocketLike;
    environment: Environment;
    heard(message: ServerMessage): void;
    ended(end: SocketEnd): void;
}

export interface LiveSocket {
    readonly welcomed: boolean;
    /* Sends a message with an id of its own and awaits its answer. Rejects with kind "network" when it ends before. */
    ask(message: ClientMessage, id?: string): Promise<Ack>;
    /* Sends what needs no answer. */
    say(message: ClientMessage): void;
    close(): void;
}

interface Question {
    resolve(ack: Ack): void;
    reject(error: PorchlightError): void;
    timer: number;
}

function parse(data: unknown): ServerMessage | null {
    if (typeof data !== "string") return null;
    try {
        const message: unknown = JSON.parse(data);
        return typeof message === "object" && message !== null && "type" in message
            ? (message as ServerMessage)
            : null;
    } catch {
        return null;
    }
}

export function openSocket({ url, join, greeting, open, environment, heard, ended }: SocketOptions): LiveSocket {
    const questions = new Map<string, Question>();
    let welcomed = false;
    let over = false;
    let silent = false;
    let heartbeat: number | null = null;
    let socket: WebSocketLike;

    const end = (code: number, reason: string): void => {
        if (over) return;
        over = true;
        environment.clearTimer(opening);
        if (heartbeat !== null) environment.clearTimer(heartbeat);
        for (const { reject, timer } of questions.values()) {
            environment.clearTimer(timer);
            reject(new PorchlightError("network"));
        }
        questions.clear();
        ended({ code, reason, welcomed });
    };

    /* Gives up on it: its own end, which may take a while, is not awaited. */
    const abandon = (code: number, reason: string): void => {
        try {
            socket.close(GOING_AWAY);
        } catch {
            /* It never opened. */
        }
        end(code, reason);
    };

    const send = (message: ClientMessage & { id?: string }): void => {
        try {
            socket.send(JSON.stringify(message));
        } catch {
            abandon(1006, "not open");
        }
    };

    /* Not a word since the last heartbeat, not even its pong: the network is gone, though nobody has said so. */
    const beat = (everyMs: number): void => {
        heartbeat = environment.setTimer(() => {
            if (silent) {
                abandon(1006, "silence");
                return;
            }
            silent = true;
            send({ type: "ping" });
            if (!over) beat(everyMs);
        }, everyMs);
    };

    const answer = (id: string, settle: (question: Question) => void): void => {
        const question = questions.get(id);
        if (!question) return;
        questions.delete(id);
        environment.clearTimer(question.timer);
        settle(question);
    };

    const ask = (message: ClientMessage, id = newIdempotencyKey()): Promise<Ack> =>
        new Promise((resolve, reject) => {
            if (over) {
                reject(new PorchlightError("network"));
                return;
            }
            const timer = environment.setTimer(
                () => answer(id, (question) => question.reject(new PorchlightError("network"))),
                ANSWER_MS_MAX,
            );
            questions.set(id, { resolve, reject, timer });
            send({ ...message, id });
        });

    const opening = environment.setTimer(() => abandon(1006, "did not open"), OPEN_MS_MAX);
    try {
        socket = open(url);
    } catch {
        /* A page whose policy forbids sockets throws here. */
        socket = { onopen: null, onmessage: null, onclose: null, onerror: null, send: () => {}, close: () => {} };
        environment.setTimer(() => end(1006, "forbidden"), 0);
    }
    socket.onopen = () => {
        if (over || !join) return;
        /* Refused (no such team, a cursor of another server): polls say it better. */
        ask(join).catch((error: PorchlightError) => abandon(1006, error.slug || error.kind));
    };
    socket.onmessage = ({ data }) => {
        const message = over ? null : parse(data);
        if (!message) return;
        silent = false;
        if (message.type === greeting) {
            welcomed = true;
            environment.clearTimer(opening);
            if (heartbeat === null) beat((message.type === "WELCOME" && message.heartbeat * 1000) || HEARTBEAT_MS);
        }
        if (message.type === "ACK") answer(message.id, ({ resolve }) => resolve(message));
        else if (message.type === "ack") answer(message.clientId, ({ resolve }) => resolve(message));
        else if (message.type === "error" && message.id) {
            answer(message.id, ({ reject }) => reject(errorOfMessage(message)));
        } else heard(message);
    };
    socket.onclose = ({ code, reason }) => end(code, reason);
    socket.onerror = () => undefined; /* the end follows */

    return {
        get welcomed() {
            return welcomed && !over;
        },
        ask,
        say: (message) => {
            if (!over) send(message);
        },
        close: () => abandon(GOING_AWAY, ""),
    };
}
