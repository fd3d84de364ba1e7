/*
 * connect(): what is new, as it happens, whatever carries it. One tab of a member has the line to the server (line.ts)
 * and tells the others what it hears (tabs.ts); nobody who listens can tell which tab, or whether polls or a socket.
 *
 *   leading    our line's events go to our listeners and to the other tabs
 *   following  the leader's events go to our listeners. Each batch of changes names the cursor it was asked with; when
 *              that is not ours, we ask once from ours, so that nothing is missed whatever a tab knew before
 *
 * A hidden tab gives the lead up. Invariant: listeners hear of changes in the order of their cursor, and of each once.
 */
import type { Api } from "./api.ts";
import { browserEnvironment, type Environment } from "./environment.ts";
import { PorchlightError } from "./errors.ts";
import { createLine, type ConnectionState, type LineEvent } from "./line.ts";
import { newIdempotencyKey } from "./request.ts";
import { socketUrlOf } from "./address.ts";
import { keepSession } from "./session.ts";
import { browserWebSocket, type WebSocketLike } from "./socket.ts";
import type { Store } from "./store.ts";
import { browserTabs, type Tabs } from "./tabs.ts";
import type { Changes, Cheer, CounterMetadata, DigestMoved, Like, Notice, Presence } from "./types.ts";

export type { ConnectionState } from "./line.ts";

export interface ConnectionListener {
    /* `reset` is true when something may have been missed, and what was loaded must be loaded again. */
    changes?(changes: Changes, reset: boolean): void;
    presence?(presence: Presence): void;
    likes?(likes: { postId: string; count: number }[]): void;
    cheer?(cheer: Cheer): void;
    /* It comes again among the changes. */
    notice?(notice: Notice): void;
    counter?(counter: CounterMetadata): void;
    /* Something was said there. */
    channel?(channelId: string): void;
    digest?(digest: DigestMoved): void;
    state?(state: ConnectionState): void;
    /* A question failed; another will be asked, unless the session has ended. */
    failed?(error: PorchlightError): void;
}

export interface ConnectOptions {
    api: Api;
    team?: string;
    /* Names the member among those who use this browser; without it every tab has a line of its own. */
    account?: string;
    /* "" for the page's own origin. */
    baseUrl?: string;
    environment?: Environment;
    /* null: polls only. */
    openWebSocket?: ((url: string) => WebSocketLike) | null;
    tabs?: Tabs | null;
    /* Where it is noted when the session was renewed; null: nowhere. */
    store?: Store | null;
}

export interface Connection {
    readonly state: ConnectionState;
    /* Whether the line is a socket now. For people who look after a server; nothing else should care. */
    readonly live: boolean;
    /* Whether a cheer would reach anybody now. */
    readonly cheers: boolean;
    start(): void;
    /* Stops at once, and says good-bye to the others: resolves when nothing of it is under way any more. */
    stop(): Promise<void>;
    /* The feed was loaded and is complete up to `cursor`: go on from there. */
    setCursor(cursor: string): void;
    /* Ask now instead of later. */
    refresh(): void;
    cheer(icon: string): Promise<void>;
    like(postId: string, liked: boolean): Promise<Like>;
    listen(listener: ConnectionListener): () => void;
}

type TabMessage =
    | { kind: "event"; event: LineEvent }
    /* Is there a leader? */
    | { kind: "hello" }
    /* There is, and this is how far it knows. */
    | { kind: "here"; cursor: string | null };

export function connect(options: ConnectOptions): Connection {
    const { api, team, account, baseUrl = "", environment = browserEnvironment() } = options;
    const open = options.openWebSocket === undefined ? browserWebSocket() : options.openWebSocket;
    const tabs =
        options.tabs === undefined ? (account ? browserTabs(`porchlight.${account}.${team ?? ""}`) : null) : options.tabs;
    const listeners = new Set<ConnectionListener>();
    let started = false;
    let state: ConnectionState = "idle";
    let live = false;
    let cheers = false;
    /* Up to where the listeners know. */
    let cursor: string | null = null;
    let catchingUp = false;
    /* Something came meanwhile. */
    let again = false;
    let giveUpLead: (() => void) | null = null;
    let leading = false;
    let stopKeeping = (): Promise<void> => Promise.resolve();
    let unwatch: (() => void)[] = [];

    const tell = (event: LineEvent): void => {
        switch (event.kind) {
            case "changes":
                cursor = event.changes.cursor;
                listeners.forEach((it) => it.changes?.(event.changes, event.reset));
                break;
            case "presence":
                listeners.forEach((it) => it.presence?.(event.presence));
                break;
            case "likes":
                listeners.forEach((it) => it.likes?.(event.likes));
                break;
            case "cheer":
                listeners.forEach((it) => it.cheer?.(event.cheer));
                break;
            case "notice":
                listeners.forEach((it) => it.notice?.(event.notice));
                break;
            case "counter":
                listeners.forEach((it) => it.counter?.(event.counter));
                break;
            case "channel":
                listeners.forEach((it) => it.channel?.(event.channelId));
                break;
            case "digest":
                listeners.forEach((it) => it.digest?.(event.digest));
                break;
            case "state":
                ({ state, socket: live, cheers } = event);
                listeners.forEach((it) => it.state?.(state));
                break;
            case "failed":
                listeners.forEach((it) => it.failed?.(event.error));
                break;
        }
    };

    const line = createLine({
        api,
        team,
        environment,
        socketUrl: open ? (path) => socketUrlOf(baseUrl, path) : undefined,
        openWebSocket: open ?? undefined,
        heard: (event) => {
            if (!leading) return;
            /* An error does not survive the way to another tab as one: each says it for itself. */
            if (event.kind !== "failed") tabs?.tell({ kind: "event", event } satisfies TabMessage);
            tell(event);
            if (event.kind === "state" && event.state === "idle") void stop(); /* the session has ended */
        },
    });

    /* ---- following ---- */

    const catchUp = async (): Promise<void> => {
        again = catchingUp;
        if (catchingUp || leading || !started) return;
        /* A hidden page asks nothing: seen again, it asks the leader how far it is. */
        if (!environment.visible()) return;
        catchingUp = true;
        const since = cursor;
        try {
            const { data } = await api.changes(since, team);
            if (!started || leading) return;
            if (since !== cursor) again = true;
            else tell({ kind: "changes", since, changes: data, reset: data.reset && since !== null });
            again = again || data.more;
        } catch (error) {
            /* Otherwise the leader's next word brings it up again. */
            const ended = error instanceof PorchlightError && error.unauthenticated;
            if (ended && started && !leading) tell({ kind: "failed", error });
        } finally {
            catchingUp = false;
            if (again) void catchUp();
        }
    };

    const follow = (event: LineEvent): void => {
        /* The leader's session has ended: whoever leads next finds out about ours. */
        if (event.kind === "state" && event.state === "idle") return;
        if (event.kind !== "changes") tell(event);
        else if (event.changes.cursor === cursor) tell({ kind: "presence", presence: event.changes.presence });
        else if (event.since === cursor) tell(event);
        else void catchUp();
    };

    const heardTab = (message: unknown): void => {
        const said = message as TabMessage;
        if (said.kind === "event" && !leading) follow(said.event);
        if (said.kind === "hello" && leading) {
            const event: LineEvent = { kind: "state", state, socket: live, cheers };
            tabs?.tell({ kind: "event", event } satisfies TabMessage);
            tabs?.tell({ kind: "here", cursor } satisfies TabMessage);
        }
        if (said.kind === "here" && !leading && said.cursor !== cursor) void catchUp();
    };

    /* ---- leading ---- */

    const lead = (): void => {
        leading = true;
        line.start(cursor);
        if (!account) return;
        stopKeeping = keepSession({
            api,
            account,
            environment,
            store: options.store,
            renewed: ({ token }) => void line.ask({ type: "AUTH", token })?.catch(() => undefined),
        });
    };

    const stopLeading = (): Promise<void> => {
        if (!leading) return Promise.resolve();
        leading = false; /* nobody hears its last word */
        return Promise.all([line.stop(), stopKeeping()]).then(() => undefined);
    };

    const compete = (): void => {
        if (!tabs) lead();
        else if (!giveUpLead) {
            giveUpLead = tabs.lead(lead);
            if (state === "idle") tell({ kind: "state", state: "connecting", socket: false, cheers: false });
            tabs.tell({ kind: "hello" } satisfies TabMessage);
        }
    };

    const looked = (): void => {
        if (!tabs || !started) return;
        if (environment.visible()) compete();
        else {
            void stopLeading();
            giveUpLead?.();
            giveUpLead = null;
        }
    };

    const stop = (): Promise<void> => {
        if (!started) return Promise.resolve();
        started = false;
        const done = stopLeading();
        giveUpLead?.();
        giveUpLead = null;
        unwatch.forEach((it) => it());
        unwatch = [];
        cursor = null;
        if (state !== "idle") tell({ kind: "state", state: "idle", socket: false, cheers: false });
        return done;
    };

    return {
        get state() {
            return state;
        },
        get live() {
            return live;
        },
        get cheers() {
            return cheers;
        },
        start: () => {
            if (started) return;
            started = true;
            if (tabs) unwatch = [environment.watch(looked), tabs.listen(heardTab)];
            if (environment.visible() || !tabs) compete();
        },
        stop,
        setCursor: (next) => {
            cursor = next;
            if (leading) line.setCursor(next);
            else if (started) tabs?.tell({ kind: "hello" } satisfies TabMessage);
        },
        refresh: () => {
            if (leading) line.refresh();
            else void catchUp();
        },
        cheer: async (icon) => {
            const key = newIdempotencyKey();
            await (line.ask({ type: "SEND_CHEER", icon }) ?? api.cheer(icon, team, key));
        },
        like: async (postId, liked) => {
            const asked = line.ask({ type: liked ? "POST_LIKE" : "POST_UNLIKE", postId });
            if (!asked) return api.setLike(postId, liked);
            try {
                const { count } = await asked;
                if (count !== undefined) return { postId, liked, count };
            } catch (error) {
                if (!(error instanceof PorchlightError) || error.kind !== "network") throw error;
            }
            return api.setLike(postId, liked); /* the socket broke: it may have arrived, and saying it twice is harmless */
        },
        listen: (listener) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
        },
    };
}
