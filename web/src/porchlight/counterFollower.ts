/*
 * Every change of a counter, in order and once, whether a socket of the counter's own tells it (counter.ts) or, while
 * there is none, its history.
 *
 *   a list, a line ── known(metadata) ──┐
 *   a socket ──────── heard(message) ───┴──> tell(change)
 *
 * What was before the first metadata is not told. A socket that was opened without a cursor begins at its WELCOME, which
 * may be later than what is known: what lies between is read, and what is heard meanwhile waits for it. One that was
 * opened with `cursor` is told by the server what it missed.
 */
import { changesAfter, isCounterEvent, type CounterUpdate } from "./counter.ts";
import type { CounterApi } from "./counterApi.ts";
import { mayHeal } from "./errors.ts";
import type { CounterMetadata } from "./types.ts";

export interface CounterFollowerOptions {
    api: Pick<CounterApi, "counter" | "counterHistory">;
    name: string;
    team?: string | undefined;
    tell(change: CounterUpdate): void;
    /* It is another history: what was missed cannot be told one by one, and where the counter stands has to be read. */
    lost?(): void;
}

export interface CounterFollower {
    /* From where on the next socket is told (`since`); null: from now on. */
    readonly cursor: string | null;
    /* A message of the counter's socket. */
    heard(message: unknown): void;
    /* Where the counter stands, as far as is known otherwise; undefined: there is none of that name. */
    known(metadata: CounterMetadata | undefined, isConnected: boolean): void;
}

const later = (a: CounterMetadata, b: CounterMetadata | undefined): CounterMetadata =>
    b === undefined || a.operationCount >= b.operationCount ? a : b;

export function createCounterFollower(options: CounterFollowerOptions): CounterFollower {
    const { api, name, team, tell, lost } = options;
    let cursor: string | null = null;
    let newest: CounterMetadata | undefined;
    /* Up to where it has been told; null: nothing is known yet. */
    let operationCount: number | null = null;
    /* The socket may have begun later than that. */
    let unsure = false;
    /* Heard while the history is being read; null: it is not. */
    let held: CounterUpdate[] | null = null;
    /* It was asked for once more meanwhile. */
    let again = false;
    /* Another history is another number: what is read of the one before is dropped. */
    let history = 0;

    const pass = (change: CounterUpdate): void => {
        if (change.metadata.operationCount <= (operationCount ?? 0)) return;
        operationCount = change.metadata.operationCount;
        tell(change);
    };

    /* Up to `newest`, which may move meanwhile. */
    const passMissed = async (): Promise<void> => {
        const mine = history;
        for (;;) {
            const now = newest;
            if (!now || now.operationCount <= (operationCount ?? 0)) return;
            const missed = await changesAfter(api, { name, team, operationCount: operationCount ?? 0 }, now);
            if (mine !== history || missed.length === 0) return;
            missed.forEach(pass);
        }
    };

    const read = async (look: boolean): Promise<void> => {
        if (held) {
            again = true;
            return;
        }
        held = [];
        try {
            if (look) {
                const mine = history;
                const found = await api.counter(name, team);
                if (mine === history) newest = later(found, newest);
            }
            await passMissed();
        } catch (error) {
            /* There may be none of that name yet; otherwise the counter's next move has it read. */
            unsure ||= look && mayHeal(error);
        } finally {
            const waiting = held;
            held = null;
            waiting.forEach(pass);
        }
        if (again) {
            again = false;
            void read(false);
        }
        /* A socket has begun while this was read. */
        if (unsure && !look) readBetween();
    };

    const readBetween = (): void => {
        if (!unsure || operationCount === null || held) return;
        unsure = false;
        void read(true);
    };

    return {
        get cursor() {
            return cursor;
        },
        heard: (message) => {
            const { type, cursor: at } = (message ?? {}) as { type?: unknown; cursor?: unknown };
            if (type === "RESET") {
                history += 1;
                operationCount = null;
                newest = undefined;
                held = held && [];
                lost?.();
            }
            if (type === "WELCOME") unsure ||= cursor === null;
            /* After a WELCOME what was missed may still come: it moves the cursor by itself. */
            if (typeof at === "string" && (type === "RESET" || (type === "WELCOME" && cursor === null))) cursor = at;
            if (type === "WELCOME") readBetween();
            if (!isCounterEvent(message)) return;
            cursor = message.cursor;
            if (held) held.push(message);
            else pass(message);
        },
        known: (metadata, isConnected) => {
            newest = metadata && later(metadata, newest);
            operationCount ??= metadata?.operationCount ?? 0;
            readBetween();
            if (!isConnected) void read(false);
        },
    };
}
