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
    tell(type: string, row: Row): void {
        const message = { type, message: this.shape(row), cursor: this.cursor() };
        for (const wire of this.welcomed) wire.says(message);
    }
    /* Lets the newest socket in, as the server does: it tells the newest messages, and from now on what happens. */
    async letIn(wire = this.wire()): Promise<void> {
        wire.opens();
        const onlineUsers = [{ userId: "9", username: "Member 9", joinedAt: "" }];
        const messages = this.rows.slice(-PAGE).map(this.shape);
        wire.says({ type: "initial_state", messages, onlineUsers, cursor: this.cursor() });
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
                const place = (it: Row): number => (it.made > from ? it.made : it.changed);
                const due = this.rows.filter((it) => place(it) > from).sort((a, b) => place(a) - place(b));
                const items = due.slice(0, PAGE);
                const more = due.length > PAGE;
                const cursor = this.cursor(more ? place(items.at(-1) as Row) : this.seq);
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
