/*
 * connect(): everything that is new, through one cursor. Today it polls GET /changes; nobody who listens can tell, so
 * a socket can take its place later.
 *
 *   start -> ask -> (more: ask at once | wait as the server advises) -> ask ...
 *                -> failed: wait 1 to 30 s with full jitter -> ask ...
 *
 * Owns: the cursor, the timer and the state of the line. Does not own: what the app knows; listeners apply what
 * arrives. Invariants: at most one request is under way; an answer to a question from before the last `setCursor` or
 * `stop` is thrown away; a hidden page asks nothing and asks at once when it is seen again.
 */
import type { Api } from "./api.ts";
import { pollMs, retryMs } from "./backoff.ts";
import { browserEnvironment, type Environment } from "./environment.ts";
import { PorchlightError } from "./errors.ts";
import type { Changes } from "./types.ts";

const POLL_DEFAULT_MS = 30_000;
const POLL_MIN_MS = 500;
const POLL_MAX_MS = 600_000;

/* idle: not started or signed out. waiting: the last try failed and another will come. offline: the device says so. */
export type ConnectionState = "idle" | "connecting" | "live" | "waiting" | "offline";

export interface ConnectionListener {
    /* `reset` is true when something may have been missed, and what was loaded must be loaded again. */
    changes?(changes: Changes, reset: boolean): void;
    state?(state: ConnectionState): void;
    /* A question failed; another will be asked, unless the session has ended. */
    failed?(error: PorchlightError): void;
}

export interface ConnectOptions {
    api: Api;
    team?: string;
    environment?: Environment;
}

export interface Connection {
    readonly state: ConnectionState;
    start(): void;
    /* Stops asking at once, and says good-bye to the others: resolves when nothing of it is under way any more. */
    stop(): Promise<void>;
    /* The feed was loaded and is complete up to `cursor`: go on from there. */
    setCursor(cursor: string): void;
    /* Ask now instead of later. */
    refresh(): void;
    listen(listener: ConnectionListener): () => void;
}

export function connect({ api, team, environment = browserEnvironment() }: ConnectOptions): Connection {
    const listeners = new Set<ConnectionListener>();
    let state: ConnectionState = "idle";
    let cursor: string | null = null;
    /* Raised whenever answers under way become worthless. */
    let generation = 0;
    let polled: Promise<unknown> = Promise.resolve();
    let asking = false;
    /* The server did not take our cursor, so something may have been missed. */
    let lost = false;
    let attempt = 0;
    let timer: number | null = null;
    let unwatch: (() => void)[] = [];

    const stopped = (): boolean => state === "idle";

    const setState = (next: ConnectionState): void => {
        if (next === state) return;
        state = next;
        listeners.forEach((it) => it.state?.(next));
    };

    const cancel = (): void => {
        if (timer !== null) environment.clearTimer(timer);
        timer = null;
    };

    const askIn = (ms: number): void => {
        cancel();
        timer = environment.setTimer(() => {
            timer = null;
            void ask();
        }, ms);
    };

    const took = (changes: Changes, adviceMs: number): void => {
        const reset = lost || (changes.reset && cursor !== null);
        lost = false;
        cursor = changes.cursor;
        attempt = 0;
        setState("live");
        listeners.forEach((it) => it.changes?.(changes, reset));
        const advice = Math.min(POLL_MAX_MS, Math.max(POLL_MIN_MS, adviceMs || POLL_DEFAULT_MS));
        askIn(changes.more ? 0 : pollMs(advice, environment.random()));
    };

    const failed = (error: unknown): void => {
        const known = error instanceof PorchlightError ? error : new PorchlightError("fault");
        listeners.forEach((it) => it.failed?.(known));
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
        cancel();
        asking = true;
        const asked = generation;
        try {
            const poll = api.changes(cursor, team);
            polled = poll.catch(() => undefined);
            const answer = await poll;
            asking = false;
            if (asked === generation) took(answer.data, answer.pollIntervalMs);
            else if (!stopped()) askIn(POLL_MIN_MS);
        } catch (error) {
            asking = false;
            if (asked === generation) failed(error);
            else if (!stopped()) askIn(POLL_MIN_MS);
        }
    };

    const leave = async (): Promise<void> => {
        if (!stopped()) await api.leave(team).catch(() => undefined);
    };

    const looked = (): void => {
        if (!environment.visible()) {
            /* Present means visible. The server waits some seconds before it believes that somebody left. */
            if (timer !== null || asking) void leave();
            cancel();
            return;
        }
        if (!environment.online()) setState("offline");
        attempt = 0;
        void ask();
    };

    const halt = (): void => {
        generation += 1;
        cancel();
        unwatch.forEach((it) => it());
        unwatch = [];
        cursor = null;
        lost = false;
        attempt = 0;
        setState("idle");
    };

    return {
        get state() {
            return state;
        },
        start: () => {
            if (!stopped()) return;
            setState("connecting");
            unwatch = [environment.watch(looked), environment.watchLeaving(() => void leave())];
            void ask();
        },
        stop: () => {
            const said = leave();
            halt();
            return Promise.all([said, polled]).then(() => undefined);
        },
        setCursor: (next) => {
            cursor = next;
            if (asking) generation += 1;
        },
        refresh: () => {
            attempt = 0;
            void ask();
        },
        listen: (listener) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
        },
    };
}
