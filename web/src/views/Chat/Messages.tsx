/*
 * What was written, the oldest first. A line says where the new begins; a button leads to the newest and counts what has
 * come meanwhile. What arrives is said to a screen reader in the rhythm of all news.
 */
import { useEffect, useMemo, useRef, useState, type ReactNode, type RefObject } from "react";
import { announce } from "../../components/Announcer/Announcer.tsx";
import { Button } from "../../components/Button/Button.tsx";
import { Dock } from "./Dock.tsx";
import { HereLine } from "./HereLine.tsx";
import type { User } from "../../porchlight/index.ts";
import { words } from "../../words.ts";
import { MessageCard, messageElementId } from "./MessageCard.tsx";
import { useMessageDeletion } from "./useMessageDeletion.ts";
import { useScroll } from "./useScroll.ts";
import type { Room, Shown } from "./room.ts";

/* News that came within the announcer's pause is told together. */
const TOGETHER_MS = 30_000;

function newestOf(messages: Shown[], test: (it: Shown) => boolean): Shown | undefined {
    for (let i = messages.length - 1; i >= 0; i -= 1) if (test(messages[i]!)) return messages[i];
    return undefined;
}

/* How many have come from others since, and says so. */
function useArrivals(shown: Shown[], userId: string, atEnd: boolean): number {
    const newest = shown[shown.length - 1]?.id ?? "";
    const seen = useRef(new Set(shown.map((it) => it.id)));
    const said = useRef<number[]>([]);
    const [waiting, setWaiting] = useState(0);

    useEffect(() => {
        const fresh: Shown[] = [];
        for (let i = shown.length - 1; i >= 0 && !seen.current.has(shown[i]!.id); i -= 1) fresh.push(shown[i]!);
        for (const it of shown) seen.current.add(it.id);
        const others = fresh.filter((it) => it.userId !== userId && !it.deleted);
        const last = others[0];
        if (!last) return;
        const now = performance.now();
        said.current = [...said.current.filter((at) => now - at < TOGETHER_MS), ...others.map(() => now)];
        const { chat } = words;
        const { length } = said.current;
        announce(length === 1 ? chat.say(last.username, last.content) : chat.saySome(length, last.username));
        setWaiting((it) => it + others.length);
        /* What is the newest says whether any came; older ones that were loaded are not news. */
    }, [newest]);

    useEffect(() => {
        if (atEnd) setWaiting(0);
    }, [atEnd, newest]);

    return atEnd ? 0 : waiting;
}

/* What was read is noted while one looks at the end of it. */
function useRead(room: Room, looks: boolean): void {
    const { messages, markRead } = room;
    const newest = newestOf(messages, (it) => !it.state)?.id;
    useEffect(() => {
        if (!looks || !newest) return undefined;
        const read = (): void => {
            if (document.visibilityState === "visible") markRead(newest);
        };
        read();
        document.addEventListener("visibilitychange", read);
        return () => document.removeEventListener("visibilitychange", read);
    }, [looks, newest]);
}

/* The first message that was new when the chat was opened. */
function useFresh({ channel, messages }: Room, userId: string): string | null {
    const [before] = useState(channel);
    const fresh = useRef<string | null>(null);
    if (before && before.unread > 0) {
        /* What had been read may be older than all that is loaded. */
        const read = messages.findIndex((it) => it.id === before.lastReadId);
        fresh.current ??= messages.slice(read + 1).find((it) => it.userId !== userId && !it.deleted)?.id ?? null;
    }
    return fresh.current;
}

/* How many have read each of the member's own messages: only the newest that anybody has read says it. */
function readersOf(room: Room, userId: string): { id: string; count: number } | null {
    const places = new Map(room.messages.map((it, index) => [it.id, index]));
    const reads = room.receipts
        .filter((it) => it.userId !== userId)
        .map(({ readId }) => (readId === null ? -1 : (places.get(readId) ?? -1)));
    const own = newestOf(room.messages, (it) => it.userId === userId && !it.state && !it.deleted);
    if (!own) return null;
    const place = places.get(own.id) ?? 0;
    return { id: own.id, count: reads.filter((it) => it >= place).length };
}

interface MessagesProps {
    room: Room;
    shown: Shown[];
    thread: string | null;
    user: User;
    leads: boolean;
    /* null: who reads here does not write here. */
    reply: ((message: Shown) => void) | null;
    /* Where one writes. */
    children: ReactNode;
}

function Older({ room, keep, list }: { room: Room; keep: (it: Element) => void; list: RefObject<HTMLElement> }) {
    const { chat } = words;
    const busy = room.loadingOlder;
    return (
        <Button
            className="feed-older"
            busy={busy}
            onClick={() => {
                if (list.current?.firstElementChild) keep(list.current.firstElementChild);
                room.older();
            }}
        >
            {busy ? chat.olderBusy : chat.older}
        </Button>
    );
}

export function Messages({ room, shown, thread, user, leads, reply, children }: MessagesProps) {
    const { chat } = words;
    const list = useRef<HTMLOListElement>(null);
    const fresh = useFresh(room, user.id);
    const newest = shown[shown.length - 1];
    const { atEnd, jump, keep } = useScroll({
        list,
        firstId: shown[0]?.id ?? "",
        lastId: newest?.clientId ?? newest?.id ?? "",
        ownLast: newest?.userId === user.id && newest.state !== undefined,
        beginAt: fresh && !thread ? ".message-fresh" : null,
    });
    /* It does not vanish under somebody's hand. */
    const [held, setHeld] = useState(false);
    const jumps = !atEnd || held;
    const waiting = useArrivals(shown, user.id, atEnd);
    useRead(room, atEnd && !thread);
    const deletion = useMessageDeletion(room.remove);
    const readers = readersOf(room, user.id);

    const byId = useMemo(() => new Map(room.messages.map((it) => [it.id, it])), [room.messages]);
    const replies = useMemo(() => {
        const counts = new Map<string, number>();
        for (const { threadId, deleted } of room.messages)
            if (threadId !== null && !deleted) counts.set(threadId, (counts.get(threadId) ?? 0) + 1);
        return counts;
    }, [room.messages]);

    return (
        <>
            {!thread && (room.hasOlder ? <Older room={room} keep={keep} list={list} /> : <p className="feed-end">{chat.start}</p>)}
            <ol className="messages" aria-label={chat.list} ref={list}>
                {shown.map((message) => (
                    <MessageCard
                        key={message.clientId ?? message.id}
                        message={message}
                        root={message.threadId === null || thread ? undefined : (byId.get(message.threadId) ?? null)}
                        replies={thread ? 0 : (replies.get(message.id) ?? 0)}
                        own={message.userId === user.id}
                        leads={leads}
                        byCoach={message.userId === room.channel?.teamId}
                        fresh={message.id === fresh && !thread}
                        readBy={readers?.id === message.id ? readers.count : 0}
                        going={deletion.going.has(message.id)}
                        deletion={deletion}
                        room={room}
                        reply={reply}
                    />
                ))}
            </ol>
            <Dock>
                <div className="dock-line">
                    <HereLine room={room} user={user} aside={jumps} />
                    {jumps && (
                        <Button
                            icon="down"
                            className="chat-jump"
                            onFocus={() => setHeld(true)}
                            onBlur={() => setHeld(false)}
                            onClick={() => {
                                jump();
                                if (newest)
                                    document.getElementById(messageElementId(newest.id))?.focus({ preventScroll: true });
                            }}
                        >
                            {waiting > 0 ? chat.newestCount(waiting) : chat.newest}
                        </Button>
                    )}
                </div>
                {children}
            </Dock>
        </>
    );
}
