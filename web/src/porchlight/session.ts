/*
 * Keeps a session alive: once a day, while the page is looked at, it gets a new token in place of the old one, so that
 * nobody who comes back within a token's life is ever asked to sign in again. The cookie is renewed by the answer; an open
 * socket is told the token itself, so that it outlives the one it was opened with.
 *
 * When it was done last is noted for all tabs of the browser. Only the tab that has the line does it (connect.ts).
 */
import type { Api } from "./api.ts";
import { retryMs } from "./backoff.ts";
import type { Environment } from "./environment.ts";
import { PorchlightError } from "./errors.ts";
import { browserStore, memoryStore, type Store } from "./store.ts";
import type { Session } from "./types.ts";

export const RENEW_MS = 24 * 3600_000;
/* On a device that has no note: soon, but not while the first page loads. */
export const RENEW_FIRST_MS = 60_000;

const NOTE = "porchlight.renewed.";

export interface KeepSessionOptions {
    api: Pick<Api, "refresh">;
    account: string;
    environment: Environment;
    store?: Store | null | undefined;
    renewed(session: Session): void;
}

/* Answers how to stop: resolves when nothing is under way, so that no answer renews the cookie of an ended session. */
export function keepSession({ api, account, environment, renewed, ...options }: KeepSessionOptions): () => Promise<void> {
    const store = (options.store === undefined ? browserStore() : options.store) ?? memoryStore();
    const begunMs = environment.nowMs();
    /* For a browser that keeps no notes. */
    let lastMs: number | null = null;
    let attempt = 0;
    let timer: number | null = null;
    let stopped = false;
    let asked: Promise<unknown> = Promise.resolve();
    let asking = false;

    const dueMs = (): number => {
        let noted = lastMs ?? 0;
        try {
            noted = Math.max(noted, Number(store.getItem(NOTE + account)) || 0);
        } catch {
            /* As if there were no note. */
        }
        /* A clock that was set back would put it off for years. */
        return noted && noted <= environment.nowMs() ? noted + RENEW_MS : begunMs + RENEW_FIRST_MS;
    };

    const note = (): void => {
        lastMs = environment.nowMs();
        try {
            store.setItem(NOTE + account, String(lastMs));
        } catch {
            /* Then it is known until the page closes. */
        }
    };

    const again = (ms: number): void => {
        if (timer !== null) environment.clearTimer(timer);
        timer = stopped ? null : environment.setTimer(look, ms);
    };

    const ask = async (): Promise<void> => {
        asking = true;
        try {
            const refreshed = api.refresh();
            asked = refreshed.catch(() => undefined);
            const session = await refreshed;
            note();
            attempt = 0;
            if (!stopped) renewed(session);
        } catch (error) {
            const known = error instanceof PorchlightError ? error : new PorchlightError("fault");
            /* A session that ended is the polls' to tell; another refusal will be the same in a minute. */
            if (known.kind === "refused") {
                note();
                again(RENEW_MS);
            } else again(Math.max(RENEW_FIRST_MS, retryMs(known, (attempt += 1), environment.random())));
            return;
        } finally {
            asking = false;
        }
        look();
    };

    function look(): void {
        if (stopped || asking || !environment.visible() || !environment.online()) return;
        const ms = dueMs() - environment.nowMs();
        if (ms > 0) again(ms);
        else void ask();
    }

    const unwatch = environment.watch(look);
    look();
    return () => {
        stopped = true;
        unwatch();
        if (timer !== null) environment.clearTimer(timer);
        return asked.then(() => undefined);
    };
}
