/*
 * What a member did without a network, and what can still be taken back, kept until it is sent. It survives a reload:
 * each thing lies in the browser's storage under a name of its own, so that tabs which add and remove at the same time
 * never overwrite each other.
 *
 *   porchlight.outbox.ACCOUNT.TIME.COUNT   { key, kind, ... }      sent in the order of these names
 *
 * A message and what is counted lie here from their first moment, also with a network: a page that goes at any time
 * loses none. Sent once: posts, messages and what is counted carry a key, likes, edits and deletions say how things should be, and
 * one tab sends at a time (Web Locks, where there are any). What the server refuses is reported, sent no more, and kept
 * until the member closes it; what it did not hear is tried again. While one thing waits for a server in trouble, things
 * of another lane go on. Of several wishes about one post's like, or several edits of one post, only the last is kept.
 *
 * A deletion is held until a moment of its own, and what is behind it goes on: until it is on its way it can be taken
 * back. For the instant before a deletion or a message that is done leaves the storage it says so: the other tabs know it
 * from one that was taken back, and have the message as the server stored it.
 *
 * Owns: the waiting things and when they are sent. Does not own: how they look while they wait.
 */
import type { Api } from "./api.ts";
import { retryMs } from "./backoff.ts";
import type { CounterDeed } from "./counterApi.ts";
import { browserEnvironment, type Environment } from "./environment.ts";
import { mayHeal, PorchlightError, type ErrorFacts, type ErrorKind } from "./errors.ts";
import { browserStore, memoryStore, watchBrowserStore, type Store, type StoreWatcher } from "./store.ts";
import type { CounterEvent, Like, Message, NewMessage, NewPost, Post, PostChange } from "./types.ts";

/* More than anybody does on one train ride; beyond it the member is told that it did not work. */
export const OUTBOX_ITEMS_MAX = 100;
/* A browser gives a site about 5 MB for everything. */
export const OUTBOX_CHARS_MAX = 500_000;
/* The server remembers a key for 24 hours: later, a post whose answer was lost might appear twice. */
export const OUTBOX_REPEAT_MS_MAX = 23 * 3600_000;
/* Nothing is held longer: a device's clock that was set back must not keep a wish for years. */
export const OUTBOX_HOLD_MS_MAX = 60_000;

export type Deed =
    | { kind: "like"; key: string; postId: string; liked: boolean }
    | { kind: "edit"; key: string; postId: string; change: PostChange }
    | { kind: "post"; key: string; post: NewPost }
    /* Its key is the message's clientId; `at`: when it was written. */
    | { kind: "message"; key: string; channelId: string; content: string; threadId: string | null; at: string }
    /* Added to a counter, or taken from it when it is negative. `team`: "" for the member's own. */
    | { kind: "count"; key: string; name: string; team: string; amount: number }
    | { kind: "delete"; key: string; postId: string; notBeforeMs: number }
    /* Deletes a message. */
    | { kind: "unsay"; key: string; channelId: string; messageId: string; notBeforeMs: number };

/* What the server did not take, long after it was done. */
export interface Unsent {
    deed: Deed;
    error: PorchlightError;
}

/* Takes a message to the server; answers it as it is stored there. */
export type Carrier = (deed: Deed & { kind: "message" }) => Promise<Message>;

export interface OutboxListener {
    /* What waits has changed. */
    changed?(): void;
    liked?(like: Like): void;
    edited?(post: Post): void;
    posted?(post: Post, deed: Deed & { kind: "post" }): void;
    /* By this tab or by another one. */
    deleted?(postId: string): void;
    /* By this tab or by another one. */
    said?(message: Message): void;
    /* By this tab or by another one. */
    unsaid?(channelId: string, messageId: string): void;
    counted?(event: CounterEvent, deed: Deed & { kind: "count" }): void;
    /* It will not be tried again. */
    refused?(deed: Deed, error: PorchlightError): void;
}

export interface OutboxOptions {
    api: Pick<Api, "setLike" | "createPost" | "updatePost" | "deletePost" | "sendMessage" | "deleteMessage" | "changeCounter">;
    account: string;
    environment?: Environment;
    /* null: kept for the life of the page. */
    store?: Store | null;
    /* Tells what other tabs do to the store. */
    watchStore?: (changed: StoreWatcher) => () => void;
    /* Runs what no other tab may run at the same time. */
    alone?: (name: string, run: () => Promise<void>) => Promise<void>;
}

export interface Outbox {
    /* What waits, in the order in which it is sent. The same array until it changes. */
    waiting(): readonly Deed[];
    /* False when there is no room. `tried`: it was on its way a moment ago, and may have arrived. */
    add(deed: Deed, tried?: boolean): boolean;
    /* Takes a deed out as if it had never been. False when it is on its way, or gone. */
    takeBack(key: string): boolean;
    /* As far as is known here, and in step with `waiting`: another tab may have been faster. */
    mayTakeBack(key: string): boolean;
    /*
     * Sends now what waits, unless it has been stopped: another member may be signed in. Resolves when nothing more can be done now. With `held` also what is held: for who leaves.
     */
    send(held?: boolean): Promise<void>;
    /* What was refused and not closed, in the order of its doing. The same array until it changes. */
    refused(): readonly Unsent[];
    /* Keeps what was not taken, as if the server had refused it. */
    refuse(deed: Deed, error: PorchlightError): void;
    /* The member has seen that it was refused. False when it is not there. */
    forget(key: string): boolean;
    /* Something is on its way now. */
    busy(): boolean;
    /* Messages of a channel go by `carry` instead of a request, until what this answers is called. */
    carry(channelId: string, carry: Carrier): () => void;
    /* Sends what waits, now and whenever there is a network again, until it is stopped. */
    start(): () => void;
    listen(listener: OutboxListener): () => void;
}

interface Kept {
    name: string;
    deed: Deed;
    chars: number;
    /* When it was first on its way. */
    triedAtMs: number;
}

const PREFIX = "porchlight.outbox.";

async function browserAlone(name: string, run: () => Promise<void>): Promise<void> {
    if (typeof navigator === "undefined" || !navigator.locks) await run();
    else await navigator.locks.request(name, run);
}

/* `stored`: what the server made of a message that is done. */
type Stored = Deed & {
    triedAtMs?: number;
    done?: boolean;
    stored?: Message;
    refused?: ErrorFacts & { kind: ErrorKind };
};

const KINDS = ["like", "edit", "post", "delete", "message", "count", "unsay"];

/* null: it is not ours, or cut short. */
function parseStored(text: string | null): Stored | null {
    try {
        const deed = JSON.parse(text ?? "null") as Partial<Stored> | null;
        const ours = typeof deed === "object" && deed !== null && KINDS.includes(String(deed.kind)) && !!deed.key;
        return ours ? (deed as Stored) : null;
    } catch {
        return null;
    }
}

export const newMessage = ({ key, content, threadId }: Deed & { kind: "message" }): NewMessage => ({
    content,
    clientId: key,
    ...(threadId !== null && { threadId }),
});

export const counterDeed = ({ name, team, amount }: Deed & { kind: "count" }): CounterDeed => ({
    type: amount < 0 ? "decrement" : "increment",
    name,
    amount: Math.abs(amount),
    ...(team && { teamId: team }),
});

const isDeletion = (deed: Deed): deed is Deed & { kind: "delete" | "unsay" } =>
    deed.kind === "delete" || deed.kind === "unsay";

/* What is done after another of its lane is sent after it. */
function laneOf(deed: Deed): string {
    if (deed.kind === "message" || deed.kind === "unsay") return `channel ${deed.channelId}`;
    return deed.kind === "count" ? `counter ${deed.team} ${deed.name}` : "posts";
}

/* How long a deed is still held. */
function heldMs(deed: Deed, nowMs: number): number {
    if (!isDeletion(deed)) return 0;
    const ms = deed.notBeforeMs - nowMs;
    return ms > 0 && ms <= OUTBOX_HOLD_MS_MAX ? ms : 0;
}

/* Whether `next` takes the place of `before`. */
function replaces(next: Deed, before: Deed): boolean {
    if (next.kind === "unsay") return before.kind === "unsay" && before.messageId === next.messageId;
    return "postId" in next && before.kind === next.kind && before.postId === next.postId;
}

/* Done once only while the server remembers its key. (A message has its clientId for as long as it lives.) */
const hasMortalKey = (deed: Deed): boolean => deed.kind === "post" || deed.kind === "count";

/* Forgets what waits on this device, whoever did it. */
export function clearOutboxes(store: Store | null = browserStore()): void {
    try {
        const names = Array.from({ length: store?.length ?? 0 }, (_, i) => store?.key(i) ?? "");
        for (const name of names) if (name.startsWith(PREFIX)) store?.removeItem(name);
    } catch {
        /* A device that keeps nothing has nothing to forget. */
    }
}

export function createOutbox(options: OutboxOptions): Outbox {
    const { api, account, environment = browserEnvironment(), alone = browserAlone } = options;
    const { watchStore = watchBrowserStore } = options;
    const prefix = `${PREFIX}${account}.`;
    const memory = memoryStore();
    const stores = [options.store === undefined ? browserStore() : options.store, memory].filter((it) => it !== null);
    const listeners = new Set<OutboxListener>();
    let list: readonly Deed[] = [];
    /* The keys of what of the list has not been on its way. */
    let untried: ReadonlySet<string> = new Set();
    let unsent: readonly Unsent[] = [];
    const carriers = new Map<string, Carrier>();
    let onItsWay = false;
    let shape = "";
    let count = 0;
    let attempt = 0;
    let timer: number | null = null;
    let running = 0;
    let sending: Promise<void> | null = null;
    /* Rings when the next held deed may be sent. */
    let holdTimer: number | null = null;
    /* Nothing is held any more. */
    let hurry = false;

    const readAll = (): (Kept & { error: PorchlightError | null })[] => {
        const kept: (Kept & { error: PorchlightError | null })[] = [];
        for (const store of stores) {
            for (let i = 0; i < store.length; i++) {
                const name = store.key(i);
                if (!name?.startsWith(prefix)) continue;
                const text = store.getItem(name) ?? "";
                const value = parseStored(text);
                if (!value || value.done) continue;
                const { triedAtMs = 0, refused, ...deed } = value;
                const error = refused ? new PorchlightError(refused.kind, refused) : null;
                kept.push({ name, deed, chars: text.length, triedAtMs, error });
            }
        }
        return kept.sort((a, b) => (a.name < b.name ? -1 : 1));
    };

    const read = (): Kept[] => readAll().filter((it) => it.error === null);

    const isDue = (deed: Deed): boolean => hurry || heldMs(deed, environment.nowMs()) === 0;

    const forgetIn = (store: Store, name: string): void => {
        try {
            store.removeItem(name);
        } catch {
            /* It keeps nothing either. */
        }
    };

    const write = (name: string, deed: Stored): void => {
        const text = JSON.stringify(deed);
        for (const store of stores) {
            try {
                store.setItem(name, text);
                return;
            } catch {
                /* Full or forbidden: then it lives as long as the page, and what it was before is not there beside it. */
                if (store !== memory) forgetIn(store, name);
            }
        }
    };

    const remove = (name: string): void => stores.forEach((store) => store.removeItem(name));

    const refresh = (): void => {
        const kept = readAll();
        const next = `${onItsWay} ${kept.map((it) => it.name + it.deed.key + (it.triedAtMs > 0) + it.error?.slug).join()}`;
        if (next === shape) return;
        shape = next;
        const waiting = kept.filter((it) => it.error === null);
        list = waiting.map((it) => it.deed);
        untried = new Set(waiting.flatMap((it) => (it.triedAtMs === 0 ? [it.deed.key] : [])));
        unsent = kept.flatMap(({ deed, error }) => (error ? [{ deed, error }] : []));
        wakeForHeld();
        listeners.forEach((it) => it.changed?.());
    };

    const gone = (deed: Deed & { kind: "delete" | "unsay" }): void => {
        if (deed.kind === "delete") listeners.forEach((it) => it.deleted?.(deed.postId));
        else listeners.forEach((it) => it.unsaid?.(deed.channelId, deed.messageId));
    };

    /* Answers what the other tabs have to know, if anything. */
    const report = async (deed: Deed): Promise<{ stored?: Message } | null> => {
        if (deed.kind === "like") {
            const like = await api.setLike(deed.postId, deed.liked);
            /* A newer wish that came meanwhile is what counts. */
            if (!read().some((it) => it.deed.key !== deed.key && replaces(it.deed, deed))) {
                listeners.forEach((it) => it.liked?.(like));
            }
        } else if (deed.kind === "edit") {
            const post = await api.updatePost(deed.postId, deed.change);
            listeners.forEach((it) => it.edited?.(post));
        } else if (isDeletion(deed)) {
            const asked =
                deed.kind === "delete" ? api.deletePost(deed.postId) : api.deleteMessage(deed.channelId, deed.messageId);
            await asked.catch((error: unknown) => {
                /* It is gone, which is what was wished for. */
                if (!(error instanceof PorchlightError) || error.status !== 404) throw error;
            });
            gone(deed);
            return {};
        } else if (deed.kind === "message") {
            const carry = carriers.get(deed.channelId);
            const stored = await (carry ? carry(deed) : api.sendMessage(deed.channelId, newMessage(deed)));
            listeners.forEach((it) => it.said?.(stored));
            return { stored };
        } else if (deed.kind === "count") {
            const event = await api.changeCounter(counterDeed(deed), deed.key);
            listeners.forEach((it) => it.counted?.(event, deed));
        } else {
            const post = await api.createPost(deed.post, deed.key);
            listeners.forEach((it) => it.posted?.(post, deed));
        }
        return null;
    };

    const drop = (name: string, deed: Deed, error: PorchlightError): void => {
        const { kind, status, slug, detail } = error;
        write(name, { ...deed, refused: { kind, status, slug, detail } });
        listeners.forEach((it) => it.refused?.(deed, error));
    };

    const newName = (deed: Deed): string => {
        const time = String(environment.nowMs()).padStart(15, "0");
        return `${prefix}${time}.${String((count += 1)).padStart(6, "0")}.${deed.key}`;
    };

    /* Answers the error that keeps the rest waiting, or null when nothing waits that may be sent now. */
    const sendAll = async (): Promise<PorchlightError | null> => {
        const stuck = new Set<string>();
        let worst: PorchlightError | null = null;
        for (;;) {
            const next = running > 0 && read().find((it) => isDue(it.deed) && !stuck.has(laneOf(it.deed)));
            if (!next) return worst;
            const { name, deed, triedAtMs } = next;
            if (hasMortalKey(deed) && triedAtMs && environment.nowMs() - triedAtMs > OUTBOX_REPEAT_MS_MAX) {
                drop(name, deed, new PorchlightError("refused", { slug: "too-old" }));
                refresh();
                continue;
            }
            if (!triedAtMs) write(name, { ...deed, triedAtMs: environment.nowMs() });
            refresh();
            try {
                const outcome = await report(deed);
                if (outcome) write(name, { ...deed, ...outcome, done: true });
                remove(name);
            } catch (error) {
                const known = error instanceof PorchlightError ? error : new PorchlightError("fault");
                if (known.kind === "network" || known.unauthenticated) return known;
                if (mayHeal(known)) {
                    stuck.add(laneOf(deed));
                    worst ??= known;
                    continue;
                }
                drop(name, deed, known);
            }
            attempt = 0;
            refresh();
        }
    };

    const clearTimer = (): void => {
        if (timer !== null) environment.clearTimer(timer);
        timer = null;
    };

    const run = async (): Promise<PorchlightError | null> => {
        let error: PorchlightError | null = null;
        await alone(`${PREFIX}${account}`, async () => {
            error = await sendAll();
        });
        if (error) laterAfter(error);
        return error;
    };

    const send = (held = false): Promise<void> => {
        if (running === 0) return Promise.resolve();
        if (held && sending) return sending.then(() => send(true));
        clearTimer();
        if (!sending) {
            hurry = held;
            onItsWay = true;
            let error: PorchlightError | null = null;
            sending = run()
                .then((known) => void (error = known))
                .finally(() => {
                    sending = null;
                    onItsWay = hurry = false;
                    /* What came after the last look: nobody else would send it. */
                    const more = error === null && running > 0 && read().some((it) => isDue(it.deed));
                    const again = more ? send() : undefined;
                    refresh();
                    return again;
                });
            refresh();
        }
        return sending;
    };

    /* The time of a held deed is over for a hidden page as well: who deleted something does not come back for it. */
    function wakeForHeld(): void {
        if (holdTimer !== null) environment.clearTimer(holdTimer);
        const now = environment.nowMs();
        const waits = list.map((deed) => heldMs(deed, now)).filter((ms) => ms > 0);
        holdTimer = null;
        if (running === 0 || waits.length === 0) return;
        holdTimer = environment.setTimer(() => {
            wakeForHeld();
            /* What is under way may have looked for the last time already. */
            if (environment.online()) void Promise.resolve(sending).then(() => send());
        }, Math.min(...waits));
    }

    /* What the device could not keep goes with the page: it is sent now or never. */
    const sendHomeless = (): void => {
        const homeless = read().filter(({ name, deed }) => isDeletion(deed) && memory.getItem(name) !== null);
        for (const { name, deed } of homeless) {
            remove(name);
            void report(deed).catch(() => undefined);
        }
        refresh();
    };

    const laterAfter = (error: PorchlightError): void => {
        /* Without a session nobody may send: signing in begins anew. */
        if (running === 0 || error.unauthenticated) return;
        clearTimer();
        const again = (): void => {
            timer = null;
            trySend();
        };
        timer = environment.setTimer(again, retryMs(error, attempt, environment.random()));
        attempt += 1;
    };

    const trySend = (): void => {
        refresh();
        if (list.some(isDue) && environment.online() && environment.visible()) void send();
    };

    refresh();
    return {
        waiting: () => list,
        add: (deed, tried = false) => {
            const kept = read();
            const old = kept.filter((it) => replaces(deed, it.deed));
            /* Deleting twice is deleting once, and the first time counts. */
            if (isDeletion(deed) && old.length > 0) return true;
            const rest = readAll().filter(({ name }) => !old.some((it) => it.name === name));
            const chars = rest.reduce((sum, it) => sum + it.chars, JSON.stringify(deed).length);
            if (rest.length >= OUTBOX_ITEMS_MAX || chars > OUTBOX_CHARS_MAX) return false;
            write(newName(deed), { ...deed, ...(tried && { triedAtMs: environment.nowMs() }) });
            old.forEach((it) => remove(it.name));
            refresh();
            if (timer === null && !sending && isDue(deed)) laterAfter(new PorchlightError("network"));
            return true;
        },
        takeBack: (key) => {
            const found = read().find((it) => it.deed.key === key && it.triedAtMs === 0);
            if (found) remove(found.name);
            refresh();
            return found !== undefined;
        },
        refused: () => unsent,
        refuse: (deed, error) => {
            drop(newName(deed), deed, error);
            refresh();
        },
        forget: (key) => {
            const found = readAll().filter((it) => it.error !== null && it.deed.key === key);
            found.forEach(({ name }) => remove(name));
            refresh();
            return found.length > 0;
        },
        busy: () => onItsWay,
        carry: (channelId, carry) => {
            carriers.set(channelId, carry);
            return () => {
                if (carriers.get(channelId) === carry) carriers.delete(channelId);
            };
        },
        mayTakeBack: (key) => untried.has(key),
        send,
        start: () => {
            running += 1;
            const changed = (): void => {
                attempt = 0;
                trySend();
            };
            const unwatch = environment.watch(changed);
            const unwatchLeaving = environment.watchLeaving(sendHomeless);
            const unwatchStore = watchStore((name, text) => {
                if (name !== null && !name.startsWith(prefix)) return;
                const told = parseStored(text);
                if (told?.done && isDeletion(told)) gone(told);
                const stored = told?.done ? told.stored : undefined;
                if (stored) listeners.forEach((it) => it.said?.(stored));
                refresh();
            });
            wakeForHeld();
            trySend();
            return () => {
                running -= 1;
                unwatch();
                unwatchLeaving();
                wakeForHeld();
                unwatchStore();
                if (running === 0) clearTimer();
            };
        },
        listen: (listener) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
        },
    };
}
