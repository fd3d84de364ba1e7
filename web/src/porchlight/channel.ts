/*
 * A chat channel while somebody looks at it: its messages as one list, who is here, who is writing, who has read what.
 * What the member does shows at once; what the server does not take is shown no longer, or as failed.
 *
 *   channelLine.ts ── news ──> talk (messages.ts) ─┐
 *   send ──> outbox ── the socket, or a request ───┴──> view
 *
 * A message carries a clientId and lies in the outbox from its first moment. Whatever becomes of it on its way, it is
 * sent again under the same one, and shows once: as soon as the server's message of that clientId is there, the waiting
 * one is not.
 *
 * Owns: what is known of the channel. Does not own: the outbox, which keeps what of the member is under way.
 */
import { socketUrlOf } from "./address.ts";
import type { Api } from "./api.ts";
import { createChannelLine, type ChannelNews } from "./channelLine.ts";
import { browserEnvironment, type Environment } from "./environment.ts";
import { PorchlightError } from "./errors.ts";
import { addDeletion, addNews, addOlder, beginTalk, compareIds, withoutGaps, type Talk } from "./messages.ts";
import { newMessage, type Deed, type Outbox } from "./outbox.ts";
import { newIdempotencyKey } from "./request.ts";
import { browserWebSocket, type WebSocketLike } from "./socket.ts";
import type { Message, Person, Receipt } from "./types.ts";

/* The server forgets that somebody types after 5 s; we, when its word gets lost. */
const TYPING_MS_MAX = 7_000;
/* So it is told again before that. */
const TYPING_TELL_MS = 3_000;
/* What comes is seldom alone: delivered is said once for all of it, and not at all when it is read meanwhile. */
const DELIVERED_MS = 1_500;

/* Who has read what is told by sockets as it happens, and by polls so often. */
const RECEIPTS_MS = 20_000;

/* sending: on its way. waiting: for a network. failed: the server did not take it. */
export type MessageState = "sending" | "waiting" | "failed";

/* A message that the server does not have yet has its clientId as its id. */
export interface ShownMessage extends Message {
    state?: MessageState;
    /* Why it has failed. */
    error?: PorchlightError;
}

export type MessageDeed = Deed & { kind: "message" };

export interface ChannelView {
    /* Oldest first. */
    messages: ShownMessage[];
    /* Who has the channel open; null: only a socket tells, and there is none. `api.online` has who is active in either mode. */
    online: readonly Person[] | null;
    /* Others than the member. */
    typing: readonly Person[];
    receipts: readonly Receipt[];
    hasOlder: boolean;
    loadingOlder: boolean;
    /* Why the last try to load older ones brought none. */
    olderError: PorchlightError | null;
    /* Nothing is known yet. */
    isPending: boolean;
    /* What shows is as new as it can be. */
    isConnected: boolean;
    error: PorchlightError | null;
}

export interface ChannelOptions {
    api: Pick<
        Api,
        | "messages"
        | "messagesSince"
        | "capabilities"
        | "sendMessage"
        | "editMessage"
        | "deleteMessage"
        | "markRead"
        | "receipts"
    >;
    id: string;
    member: { id: string; name: string };
    outbox: Pick<
        Outbox,
        "add" | "send" | "waiting" | "takeBack" | "listen" | "busy" | "refuse" | "refused" | "forget" | "carry"
    >;
    /* "" for the page's own origin. */
    baseUrl?: string;
    environment?: Environment;
    /* null: polls only. */
    openWebSocket?: ((url: string) => WebSocketLike) | null;
}

export interface ChannelRoom {
    /* The same object until something changes. */
    readonly view: ChannelView;
    listen(changed: () => void): () => void;
    /* Somebody looks at it, until they call what this answers. What is known stays, and goes on from there. */
    open(): () => void;
    refresh(): void;
    /* Resolves when it is with the server, or cannot be now. Shows at once. With the clientId of one that failed: again. */
    send(content: string, threadId?: string | null, clientId?: string): Promise<void>;
    /* False when the server did not take it: then the message is as it was. */
    edit(id: string, content: string): Promise<boolean>;
    /* One that has not been sent is taken back. */
    remove(id: string): Promise<boolean>;
    setTyping(on: boolean): void;
    /* Only forward. */
    markRead(id: string): void;
    older(): Promise<void>;
}

const later = (a: string | null, b: string | null): string | null =>
    a === null ? b : b === null || compareIds(a, b) >= 0 ? a : b;

const errorOf = (error: unknown): PorchlightError =>
    error instanceof PorchlightError ? error : new PorchlightError("fault");

export function createChannel(options: ChannelOptions): ChannelRoom {
    const { api, id, member, outbox, baseUrl = "", environment = browserEnvironment() } = options;
    const open = options.openWebSocket === undefined ? browserWebSocket() : options.openWebSocket;
    const line = createChannelLine({
        api,
        id,
        environment,
        socketUrl: open ? (path) => socketUrlOf(baseUrl, path) : undefined,
        openWebSocket: open ?? undefined,
        heard: (news) => heard(news),
    });
    const listeners = new Set<() => void>();
    let lookers = 0;
    let talk: Talk | null = null;
    /* Stored since the newest page was asked for, which may have been made before; null: it is not being asked for. */
    let saidMeanwhile: readonly Message[] | null = null;
    let receipts: readonly Receipt[] = [];
    let receiptsAtMs: number | null = null;
    let online: readonly Person[] | null = null;
    let typing: readonly (Person & { timer: number })[] = [];
    let isConnected = false;
    let error: PorchlightError | null = null;
    let loadingOlder = false;
    let olderError: PorchlightError | null = null;
    /* Messages as the member wants them; null: gone. */
    const wishes = new Map<string, string | null>();
    let toldTypingAtMs: number | null = null;
    let readTo: string | null = null;
    let reading = false;
    let deliveredTimer: number | null = null;
    let uncarry: (() => void) | null = null;
    let view: ChannelView | null = null;

    const change = (): void => {
        view = null;
        listeners.forEach((it) => it());
    };

    /* ---- what is seen ---- */

    const asWished = (message: Message): ShownMessage => {
        const wish = wishes.get(message.id);
        if (wish === undefined || message.deleted) return message;
        return wish === null ? { ...message, content: "", deleted: true } : { ...message, content: wish };
    };

    const unsent = (deed: MessageDeed, state: MessageState, why?: PorchlightError): ShownMessage => ({
        id: deed.key,
        channelId: id,
        userId: member.id,
        username: member.name,
        content: deed.content,
        threadId: deed.threadId,
        clientId: deed.key,
        timestamp: deed.at,
        editedAt: null,
        deleted: false,
        hidden: null,
        state,
        ...(why && { error: why }),
    });

    const isOurs = (deed: Deed): deed is MessageDeed => deed.kind === "message" && deed.channelId === id;

    const look = (): ChannelView => {
        const messages = talk ? withoutGaps(talk) : [];
        const sent = new Set(messages.flatMap((it) => (it.userId === member.id && it.clientId ? [it.clientId] : [])));
        const state = outbox.busy() ? "sending" : "waiting";
        return {
            messages: [
                ...messages.map(asWished),
                ...outbox
                    .waiting()
                    .filter(isOurs)
                    .filter(({ key }) => !sent.has(key))
                    .map((deed) => unsent(deed, state)),
                ...outbox
                    .refused()
                    .flatMap(({ deed, error: why }) => (isOurs(deed) ? [unsent(deed, "failed", why)] : [])),
            ],
            online,
            typing: typing.map(({ userId, username }) => ({ userId, username })),
            receipts,
            hasOlder: talk !== null && talk.next !== null,
            loadingOlder,
            olderError,
            isPending: talk === null,
            isConnected,
            error,
        };
    };

    /* ---- what is heard ---- */

    const stopsTyping = (userId: string): void => {
        for (const it of typing) if (it.userId === userId) environment.clearTimer(it.timer);
        typing = typing.filter((it) => it.userId !== userId);
    };

    const types = (person: Person): void => {
        stopsTyping(person.userId);
        const timer = environment.setTimer(() => {
            stopsTyping(person.userId);
            change();
        }, TYPING_MS_MAX);
        typing = [...typing, { ...person, timer }];
    };

    const gotReceipt = (receipt: Receipt): void => {
        const before = receipts.find((it) => it.userId === receipt.userId);
        const next = {
            userId: receipt.userId,
            deliveredId: later(receipt.deliveredId, before?.deliveredId ?? null),
            readId: later(receipt.readId, before?.readId ?? null),
        };
        receipts = [...receipts.filter((it) => it !== before), next];
    };

    const gotMessages = (messages: readonly Message[]): void => {
        if (talk) talk = addNews(talk, messages);
        for (const { userId, editedAt } of messages) if (editedAt === null) stopsTyping(userId);
        if (messages.some((it) => it.userId !== member.id)) tellDeliveredSoon();
        tellRead();
    };

    const heard = (news: ChannelNews): void => {
        switch (news.kind) {
            case "loading":
                saidMeanwhile = [];
                return;
            case "loaded":
                talk = addNews(beginTalk(news.messages, news.next), saidMeanwhile ?? []);
                saidMeanwhile = null;
                tellDeliveredSoon();
                break;
            case "messages":
                gotMessages(news.messages);
                break;
            case "deleted":
                if (talk) talk = addDeletion(talk, news.id);
                break;
            case "online":
                online = news.people;
                typing.forEach((it) => environment.clearTimer(it.timer));
                typing = [];
                /* Nobody told what was read before: a socket tells only what is read from here on. */
                receiptsAtMs = null;
                if (online) void loadReceipts();
                break;
            case "polled":
                tellRead();
                if (receiptsAtMs === null || (!line.socket && environment.nowMs() - receiptsAtMs >= RECEIPTS_MS)) {
                    void loadReceipts();
                }
                return;
            case "came":
                /* Or has a new name: in the same place. */
                online = online?.some((it) => it.userId === news.person.userId)
                    ? online.map((it) => (it.userId === news.person.userId ? news.person : it))
                    : [...(online ?? []), news.person];
                break;
            case "left":
                online = online?.filter((it) => it.userId !== news.person.userId) ?? null;
                stopsTyping(news.person.userId);
                break;
            case "typing":
                if (news.person.userId === member.id) return;
                if (news.isTyping) types(news.person);
                else stopsTyping(news.person.userId);
                break;
            case "receipts":
                news.receipts.forEach(gotReceipt);
                break;
            case "state":
                ({ connected: isConnected, error } = news);
                if (isConnected) tellRead();
                break;
        }
        change();
    };

    const loadReceipts = async (): Promise<void> => {
        receiptsAtMs = environment.nowMs();
        try {
            let page: string | undefined;
            do {
                const answer = await api.receipts(id, page);
                answer.items.forEach(gotReceipt);
                page = answer.next ?? undefined;
            } while (page !== undefined);
            change();
        } catch {
            /* A tick less; the next load brings it. */
        }
    };

    /* ---- what is said ---- */

    const say = async (deed: MessageDeed): Promise<Message> => {
        const { socket } = line;
        if (socket) {
            const { key: clientId, content, threadId } = deed;
            try {
                const saying = { type: "message" as const, content, clientId, ...(threadId !== null && { threadId }) };
                const { messageId } = await socket.ask(saying, clientId);
                const there = talk?.messages.find((it) => it.id === messageId);
                if (there) return there;
            } catch (thrown) {
                if (errorOf(thrown).kind !== "network") throw thrown;
            }
            /* Its answer got lost, or its words are yet to come: the same again changes nothing, and brings them. */
        }
        return api.sendMessage(id, newMessage(deed));
    };

    const wish = async (messageId: string, wanted: string | null, run: () => Promise<Message | void>): Promise<boolean> => {
        wishes.set(messageId, wanted);
        change();
        try {
            const message = await run();
            if (message) gotMessages([message]);
            else if (talk && wanted === null) talk = addDeletion(talk, messageId);
            error = null;
            return true;
        } catch (thrown) {
            error = errorOf(thrown);
            return false;
        } finally {
            if (wishes.get(messageId) === wanted) wishes.delete(messageId);
            change();
        }
    };

    /* ---- what is read ---- */

    /* Over the socket, when there is one. It says nothing that a member's receipt would not say. */
    const tellReceipt = async (messageId: string, state: "read" | "delivered"): Promise<Receipt> => {
        const { socket } = line;
        if (!socket) return api.markRead(id, messageId, state);
        await socket.ask({ type: "read", messageId, state });
        return { userId: member.id, deliveredId: messageId, readId: state === "read" ? messageId : null };
    };

    const own = (): Receipt | undefined => receipts.find((it) => it.userId === member.id);

    const tellDeliveredSoon = (): void => {
        if (deliveredTimer !== null) return;
        deliveredTimer = environment.setTimer(() => {
            deliveredTimer = null;
            const newest = talk?.messages.filter((it) => it.userId !== member.id).at(-1)?.id ?? null;
            const told = later(own()?.deliveredId ?? null, later(own()?.readId ?? null, readTo));
            if (!isConnected || newest === null || later(newest, told) === told) return;
            void tellReceipt(newest, "delivered").then(gotReceipt, () => undefined);
        }, DELIVERED_MS);
    };

    /* The newest wish only, one at a time; what got lost is told with the next sign of life. */
    const tellRead = (): void => {
        const wanted = readTo;
        if (reading || wanted === null || !isConnected || later(own()?.readId ?? null, wanted) !== wanted) return;
        if (own()?.readId === wanted) return;
        reading = true;
        void tellReceipt(wanted, "read")
            .then(
                (receipt) => {
                    gotReceipt(receipt);
                    change();
                    return true;
                },
                (thrown) => {
                    /* One that is refused will be refused again. */
                    if (errorOf(thrown).kind === "refused" && readTo === wanted) readTo = null;
                    return false;
                },
            )
            .then((told) => {
                reading = false;
                if (told) tellRead();
            });
    };

    /* ---- who looks ---- */

    const start = (): void => {
        uncarry = outbox.carry(id, say);
        receiptsAtMs = null;
        line.start(line.cursor);
    };

    const stop = (): void => {
        uncarry?.();
        uncarry = null;
        line.stop();
        if (deliveredTimer !== null) environment.clearTimer(deliveredTimer);
        typing.forEach((it) => environment.clearTimer(it.timer));
        typing = [];
        deliveredTimer = toldTypingAtMs = null;
    };

    /* Also while nobody looks: what leaves the outbox then is here when they look again. */
    outbox.listen({
        changed: change,
        said: (message) => {
            if (message.channelId !== id) return;
            saidMeanwhile &&= [...saidMeanwhile, message];
            gotMessages([message]);
            change();
        },
        unsaid: (channelId, messageId) => {
            if (channelId !== id || !talk) return;
            talk = addDeletion(talk, messageId);
            change();
        },
    });

    return {
        get view() {
            return (view ??= look());
        },
        listen: (listener) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
        },
        open: () => {
            lookers += 1;
            if (lookers === 1) start();
            let closed = false;
            return () => {
                if (closed) return;
                closed = true;
                lookers -= 1;
                if (lookers === 0) stop();
            };
        },
        refresh: () => line.refresh(),
        send: (content, threadId = null, clientId = newIdempotencyKey()) => {
            const at = new Date(environment.nowMs()).toISOString();
            const deed: MessageDeed = { kind: "message", key: clientId, channelId: id, content, threadId, at };
            outbox.forget(clientId);
            toldTypingAtMs = null; /* the message says that it is written */
            if (!outbox.add(deed)) outbox.refuse(deed, new PorchlightError("refused", { slug: "full" }));
            change();
            return environment.online() ? outbox.send() : Promise.resolve();
        },
        edit: (messageId, content) => wish(messageId, content, () => api.editMessage(id, messageId, content)),
        remove: async (messageId) => {
            if (outbox.forget(messageId)) return true;
            if (outbox.waiting().some(({ key }) => key === messageId)) return outbox.takeBack(messageId);
            return wish(messageId, null, () => api.deleteMessage(id, messageId));
        },
        setTyping: (on) => {
            const now = environment.nowMs();
            if (on ? toldTypingAtMs !== null && now - toldTypingAtMs < TYPING_TELL_MS : toldTypingAtMs === null) return;
            if (!line.socket) return;
            toldTypingAtMs = on ? now : null;
            line.socket.say({ type: "typing", isTyping: on });
        },
        markRead: (messageId) => {
            readTo = later(readTo, messageId);
            tellRead();
        },
        older: async () => {
            if (loadingOlder || !talk || talk.next === null) return;
            const page = talk.next;
            loadingOlder = true;
            olderError = null;
            change();
            try {
                const answer = await api.messages(id, page);
                /* Everything may have been loaded anew meanwhile. */
                if (talk.next === page) talk = addOlder(talk, answer.items, answer.next);
            } catch (thrown) {
                olderError = errorOf(thrown);
            } finally {
                loadingOlder = false;
                change();
            }
        },
    };
}
