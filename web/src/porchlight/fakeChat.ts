/*
 * A server with one chat channel, for unit tests: it numbers what happens, remembers clientIds, answers polls, and tells
 * the sockets that a test has let in. No part of the client uses it.
 */
import type { ChannelOptions } from "./channel.ts";
import { PorchlightError } from "./errors.ts";
import { FakeWebSocket } from "./fakes.ts";
import type { Capabilities, Message, MessageList, Receipt } from "./types.ts";

const PAGE = 5;

interface Row extends Message {
    made: number;
    changed: number;
}

/* Where a message stands for who knows all up to `since`. */
const place = ({ made, changed }: Row, since: number): number => (made > since ? made : changed);

export class FakeChat {
    rows: Row[] = [];
    receiptRows: Receipt[] = [];
    seq = 100;
    epoch = "e1";
    offersSocket = true;
    /* What is asked meets these first. */
    fails: PorchlightError[] = [];
    /* Answers are made, and do not arrive before it. */
    hold: Promise<void> | null = null;
    /* What is written arrives, and its answer gets lost. */
    losesAnswers = 0;
    readonly asked: string[] = [];
    readonly wires: FakeWebSocket[] = [];
    readonly welcomed = new Set<FakeWebSocket>();
    #lastId = 7;

    cursor = (seq = this.seq): string => `${this.epoch}-${seq}`;
    shape = ({ made, changed, ...message }: Row): Message => (void made, void changed, message);
    table = (): Message[] => this.rows.map(this.shape);
    wire = (): FakeWebSocket => this.wires.at(-1) as FakeWebSocket;

    say(content: string, userId = "9", clientId: string | null = null, threadId: string | null = null): Message {
        const same = this.rows.find((it) => clientId !== null && it.clientId === clientId && it.userId === userId);
        if (same) return this.shape(same);
        const row: Row = {
            id: String((this.#lastId += 1)),
            channelId: "1",
            userId,
            username: `Member ${userId}`,
            content,
            threadId,
            clientId,
            timestamp: new Date(this.seq).toISOString(),
            editedAt: null,
            deleted: false,
            hidden: null,
            made: (this.seq += 1),
            changed: 0,
        };
        this.rows.push(row);
        this.tell("message", row);
        return this.shape(row);
    }
    change(id: string, content: string | null): Message {
        const row = this.rows.find((it) => it.id === id);
        if (!row || row.deleted) throw new PorchlightError("refused", { status: 404, slug: "not-found" });
        row.changed = this.seq += 1;
        if (content === null) Object.assign(row, { content: "", deleted: true });
        else Object.assign(row, { content, editedAt: new Date(this.seq).toISOString() });
        this.tell(content === null ? "message_deleted" : "message_updated", row);
        return this.shape(row);
    }
    words(type: string, row: Row, seq: number): object {
        const cursor = this.cursor(seq);
        if (type === "message_deleted") return { type, channelId: row.channelId, messageId: row.id, cursor };
        return { type, message: this.shape(row), cursor };
    }
    tell(type: string, row: Row): void {
        for (const wire of this.welcomed) wire.says(this.words(type, row, this.seq));
    }
    missed(since: number): Row[] {
        return this.rows.filter((it) => place(it, since) > since).sort((a, b) => place(a, since) - place(b, since));
    }
    /* Lets a socket in, as the server does: what it missed, and from now on what happens. */
    async letIn(wire = this.wire()): Promise<void> {
        const [epoch, text] = (new URL(wire.url).searchParams.get("since") ?? "").split("-");
        const since = Number(text);
        const resumed = epoch === this.epoch;
        const onlineUsers = [{ userId: "9", username: "Member 9", joinedAt: "", status: "online" }];
        const messages = resumed ? [] : this.rows.slice(-PAGE).map(this.shape);
        wire.opens();
        wire.says({ type: "initial_state", messages, onlineUsers, online: 1, resumed, cursor: this.cursor(since) });
        for (const row of resumed ? this.missed(since) : []) {
            const type = row.made > since ? "message" : row.deleted ? "message_deleted" : "message_updated";
            wire.says(this.words(type, row, place(row, since)));
        }
        this.welcomed.add(wire);
    }
    async end(wire: FakeWebSocket, code: number): Promise<void> {
        this.welcomed.delete(wire);
        await wire.ends(code);
    }
    /* Another database: nobody's cursor is of use any more. */
    restore(): void {
        this.epoch += "x";
    }

    async #ask<T>(what: string, answer: () => T): Promise<T> {
        this.asked.push(what);
        await Promise.resolve();
        const error = this.fails.shift();
        if (error) throw error;
        const made = answer();
        await this.hold;
        return made;
    }
    async #write<T>(what: string, answer: () => T): Promise<T> {
        const done = await this.#ask(what, answer);
        if (this.losesAnswers > 0) {
            this.losesAnswers -= 1;
            throw new PorchlightError("network");
        }
        return done;
    }

    readonly api: ChannelOptions["api"] = {
        capabilities: () =>
            this.#ask("offer", () => ({ socket: this.offersSocket ? "/ws" : null }) as Capabilities),
        messages: (_, page) =>
            this.#ask(`page ${page ?? "newest"}`, (): MessageList => {
                const below = this.rows.filter((it) => !page || Number(it.id) < Number(page));
                const items = below.slice(-PAGE).reverse();
                const next = below.length > PAGE ? (items.at(-1)?.id ?? null) : null;
                return { items: items.map(this.shape), next, cursor: this.cursor() };
            }),
        messagesSince: (_, since) =>
            this.#ask(`since ${since}`, () => {
                const [epoch, text] = since.split("-");
                const from = Number(text);
                const none = { items: [], next: null, cursor: this.cursor(), more: false, reset: true };
                if (epoch !== this.epoch) return { data: none, pollIntervalMs: 4_000, unchanged: false };
                const due = this.missed(from);
                const items = due.slice(0, PAGE);
                const more = due.length > PAGE;
                const cursor = this.cursor(more ? place(items.at(-1) as Row, from) : this.seq);
                const data = { items: items.map(this.shape), next: null, cursor, more, reset: false };
                return { data, pollIntervalMs: 4_000, unchanged: false };
            }),
        sendMessage: (_, { content, clientId, threadId }) =>
            this.#write(`send ${clientId}`, () => this.say(content, "4", clientId ?? null, threadId ?? null)),
        editMessage: (_, id, content) => this.#write(`edit ${id}`, () => this.change(id, content)),
        deleteMessage: (_, id) => this.#write(`delete ${id}`, () => void this.change(id, null)),
        markRead: (_, messageId, state) =>
            this.#write(`${state} ${messageId}`, () => {
                const before = this.receiptRows.find((it) => it.userId === "4");
                const receipt = { userId: "4", deliveredId: messageId, readId: before?.readId ?? null };
                if (state === "read") receipt.readId = messageId;
                this.receiptRows = [...this.receiptRows.filter((it) => it !== before), receipt];
                return receipt;
            }),
        receipts: () => this.#ask("receipts", () => ({ items: this.receiptRows, next: null })),
    };
}
