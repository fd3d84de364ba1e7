/*
 * What unit tests put around the client: a clock, a page, sockets and tabs that do only what a test says. No part of the
 * client uses it.
 */
import type { Environment } from "./environment.ts";
import type { WebSocketLike } from "./socket.ts";
import type { Tabs } from "./tabs.ts";
import type { Changes } from "./types.ts";

export const changes = (cursor: string, more: Partial<Changes> = {}): Changes => ({
    cursor,
    reset: false,
    more: false,
    presence: { team: "2", count: 1, activeCoaches: [] },
    posts: { created: [], changed: [], deleted: [] },
    likes: [],
    notices: [],
    counters: [], channels: [],
    ...more,
});

/* Lets promises and what hangs on them come to rest. */
export async function settle(): Promise<void> {
    for (let i = 0; i < 4; i++) await new Promise((done) => setImmediate(done));
}

/* Time that a test moves. Several pages may share it. */
export function createClock() {
    const timers = new Map<number, { run: () => void; atMs: number }>();
    let last = 0;
    let nowMs = 0;
    return {
        nowMs: () => nowMs,
        set: (run: () => void, ms: number): number => (timers.set(++last, { run, atMs: nowMs + ms }), last),
        clear: (timer: number) => void timers.delete(timer),
        /* How long until each timer, the next first. */
        waits: () => [...timers.values()].map((it) => it.atMs - nowMs).sort((a, b) => a - b),
        async advance(ms: number): Promise<void> {
            const end = nowMs + ms;
            for (;;) {
                await settle();
                const due = [...timers].filter(([, it]) => it.atMs <= end).sort((a, b) => a[1].atMs - b[1].atMs)[0];
                if (!due) break;
                timers.delete(due[0]);
                nowMs = Math.max(nowMs, due[1].atMs);
                due[1].run();
            }
            nowMs = end;
        },
    };
}

export type Clock = ReturnType<typeof createClock>;

export function createPage(clock: Clock) {
    const watchers = new Set<() => void>();
    const leavers = new Set<() => void>();
    const page = { visible: true, online: true, random: 0.5 };
    const environment: Environment = {
        visible: () => page.visible,
        online: () => page.online,
        watch: (changed) => (watchers.add(changed), () => watchers.delete(changed)),
        watchLeaving: (leaving) => (leavers.add(leaving), () => leavers.delete(leaving)),
        setTimer: clock.set,
        clearTimer: clock.clear,
        nowMs: clock.nowMs,
        random: () => page.random,
    };
    const change = async (what: Partial<typeof page>): Promise<void> => {
        Object.assign(page, what);
        [...watchers].forEach((it) => it());
        await settle();
    };
    return {
        environment,
        change,
        hide: () => change({ visible: false }),
        show: () => change({ visible: true }),
        leave: () => [...leavers].forEach((it) => it()),
    };
}

/* A browser's WebSocket, whose other end is the test. */
export class FakeWebSocket implements WebSocketLike {
    onopen: WebSocketLike["onopen"] = null;
    onmessage: WebSocketLike["onmessage"] = null;
    onclose: WebSocketLike["onclose"] = null;
    onerror: WebSocketLike["onerror"] = null;
    readonly sent: Record<string, unknown>[] = [];
    closed = false;
    broken = false;

    constructor(readonly url: string) {}

    send(text: string): void {
        if (this.broken) throw new Error("InvalidStateError");
        this.sent.push(JSON.parse(text) as Record<string, unknown>);
    }
    close(): void {
        this.closed = true;
    }
    opens(): void {
        this.onopen?.(undefined as never);
    }
    says(message: unknown): void {
        this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
    }
    async welcomes(cursor = "w1", heartbeat = 30): Promise<void> {
        if (this.sent.length === 0) this.opens();
        const { id } = this.sent[0] ?? {};
        this.says({ type: "WELCOME", cursor, userId: "4", sessionId: "1-1", subscribedAt: "", heartbeat });
        this.says({ type: "ACK", id });
        await settle();
    }
    async ends(code: number, reason = ""): Promise<void> {
        this.onclose?.({ code, reason });
        await settle();
    }
}

/* The tabs of one browser: the first that asks leads, then the next. */
export function createTabs() {
    const waiting: (() => void)[] = [];
    let leader: (() => void) | null = null;
    const listeners = new Set<{ tab: object; heard: (message: unknown) => void }>();
    const next = (): void => {
        if (leader) return;
        leader = waiting.shift() ?? null;
        leader?.();
    };
    return (): Tabs => {
        const tab = {};
        return {
            lead: (gained) => {
                waiting.push(gained);
                queueMicrotask(next);
                return () => {
                    const at = waiting.indexOf(gained);
                    if (at >= 0) waiting.splice(at, 1);
                    if (leader === gained) leader = null;
                    queueMicrotask(next);
                };
            },
            tell: (message) => {
                const text = JSON.stringify(message);
                for (const { tab: other, heard } of listeners) {
                    if (other !== tab) setImmediate(() => heard(JSON.parse(text)));
                }
            },
            listen: (heard) => {
                const listener = { tab, heard };
                listeners.add(listener);
                return () => listeners.delete(listener);
            },
        };
    };
}
