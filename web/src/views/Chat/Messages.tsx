/*
 * What was written, the oldest first. A line says where the new begins; a button leads to the newest and counts what has
 * come meanwhile. What arrives is said to a screen reader in the rhythm of all news.
 */
import { useCallback, useEffect, useMemo, useRef, useState, type RefObject } from "react";
import { announce } from "../../components/Announcer/Announcer.tsx";
import { Button } from "../../components/Button/Button.tsx";
import { Empty, Loading, Problem } from "../../components/States/States.tsx";
import type { Reply } from "../../hooks/useDraft.ts";
import type { MessageDeletion } from "../../hooks/useMessageDeletion.ts";
import { compareIds, type User } from "../../porchlight/index.ts";
import { words } from "../../words.ts";
import { Dock } from "./Dock.tsx";
import { HereLine } from "./HereLine.tsx";
import { MessageCard, messageElementId } from "./MessageCard.tsx";
import { useScroll } from "./useScroll.ts";
import { useThread } from "./useThread.ts";
import { Writing } from "./Writing.tsx";
import type { Room, Shown } from "./room.ts";

/* News that came within the announcer's pause is told together. */
const TOGETHER_MS = 30_000;

const isSent = (it: Shown): boolean => it.state === undefined;

function newestOf(messages: Shown[], test: (it: Shown) => boolean): Shown | undefined {
    for (let i = messages.length - 1; i >= 0; i -= 1) if (test(messages[i]!)) return messages[i];
    return undefined;
}

/* How many have come from others since, and says so. What is under way, or has failed, stands behind them. */
function useArrivals(shown: Shown[], userId: string, atEnd: boolean): number {
    const newest = newestOf(shown, isSent)?.id ?? "";
    const seen = useRef(new Set(shown.map((it) => it.id)));
    const said = useRef<number[]>([]);
    const [waiting, setWaiting] = useState(0);

    useEffect(() => {
        const fresh: Shown[] = [];
        const sent = shown.filter(isSent);
        for (let i = sent.length - 1; i >= 0 && !seen.current.has(sent[i]!.id); i -= 1) fresh.push(sent[i]!);
        for (const it of sent) seen.current.add(it.id);
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
    const newest = newestOf(messages, isSent)?.id;
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

/* To the first new message of a very lively chat older ones are loaded, but not a whole channel. */
const NEW_PAGES_MAX = 25;

/*
 * The first message that was new when the chat was opened, and whether that is known yet. The list of channels may lag
 * behind: what counts is how far the member had read.
 */
function useFresh({ channel, messages, hasOlder, loadingOlder, olderError, older, isConnected, error }: Room, userId: string) {
    const [before] = useState(channel);
    const fresh = useRef<string | null>(null);
    const pages = useRef(0);
    const lastReadId = before?.lastReadId ?? null;
    const isAfter = ({ id }: Shown): boolean => lastReadId === null || compareIds(id, lastReadId) > 0;
    const isNew = (it: Shown): boolean => isSent(it) && !it.deleted && it.userId !== userId && isAfter(it);

    const oldest = messages.find(isSent);
    const isBefore =
        fresh.current === null && hasOlder && oldest !== undefined && isAfter(oldest) && olderError === null &&
        pages.current < NEW_PAGES_MAX && messages.filter(isNew).length < (before?.unread ?? 0);
    useEffect(() => {
        if (!isBefore || loadingOlder) return;
        pages.current += 1;
        older();
    }, [isBefore, loadingOlder, older]);

    /* Who has never read, and has nothing to read, is new here: the chat is not. */
    const mayBeNew = before !== null && (before.unread > 0 || lastReadId !== null);
    if (mayBeNew && !isBefore) fresh.current ??= messages.find(isNew)?.id ?? null;
    const isKnown = !mayBeNew || fresh.current !== null || (!isBefore && (isConnected || error !== null));
    return { fresh: fresh.current, isKnown };
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
    thread: string | null;
    user: User;
    leads: boolean;
    mayWrite: boolean;
    deletion: MessageDeletion;
}

interface OlderProps {
    room: Room;
    keep: (it: Element) => void;
    list: RefObject<HTMLElement>;
}

function Older({ room, keep, list }: OlderProps) {
    const { chat } = words;
    const { loadingOlder: busy, messages } = room;
    const first = messages[0]?.id;
    /* The oldest when older ones were asked for: it still is when none came. */
    const [askedAt, setAskedAt] = useState<string | undefined>();
    return (
        <>
            {askedAt !== undefined && askedAt === first && !busy && <Problem>{chat.olderFailed}</Problem>}
            <Button
                className="feed-older"
                busy={busy}
                onClick={() => {
                    if (list.current?.firstElementChild) keep(list.current.firstElementChild);
                    setAskedAt(first);
                    room.older();
                }}
            >
                {busy ? chat.olderBusy : chat.older}
            </Button>
        </>
    );
}

/* The server takes no more questions from here: nothing new comes in until somebody asks again. */
function Stopped({ room }: { room: Room }) {
    const { chat } = words;
    if (room.isConnected || room.error?.kind !== "refused") return null;
    return (
        <div className="chat-stopped">
            <Problem>{chat.stopped}</Problem>
            <Button onClick={room.retry}>{chat.tryAgain}</Button>
        </div>
    );
}

/* Who answers an answer goes on in the same conversation. */
const replyTo = ({ id, threadId, username, content }: Shown): Reply => ({ thread: threadId ?? id, username, content });

export function Messages({ room, thread, user, leads, mayWrite, deletion }: MessagesProps) {
    const { chat } = words;
    const list = useRef<HTMLOListElement>(null);
    const shown = useThread(room, thread);
    const { fresh, isKnown } = useFresh(room, user.id);
    const [asked, setAsked] = useState<Reply | null>(null);
    const reply = useCallback((message: Shown) => setAsked(replyTo(message)), []);
    const newest = shown[shown.length - 1];
    const sent = newestOf(shown, isSent);
    const { atEnd, jump, keep } = useScroll({
        list,
        firstId: shown[0]?.id ?? "",
        lastId: sent?.clientId ?? sent?.id ?? "",
        lastElementId: messageElementId(sent?.id ?? ""),
        ownId: newestOf(shown, (it) => it.state === "sending" || it.state === "waiting")?.id ?? "",
        beginAt: fresh && !thread ? ".message-fresh" : null,
        mayBegin: isKnown || thread !== null,
    });
    /* It does not vanish under somebody's hand. */
    const [held, setHeld] = useState(false);
    const jumps = atEnd === false || held;
    const waiting = useArrivals(shown, user.id, atEnd !== false);
    useRead(room, atEnd === true && !thread);
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
            {shown.length === 0 && thread && room.loadingOlder && <Loading cards={1}>{chat.loading}</Loading>}
            {shown.length === 0 && !(thread && room.loadingOlder) && (
                <Empty icon="speech" title={chat.empty}>
                    {chat.emptyHelp}
                </Empty>
            )}
            {!thread && shown.length > 0 && (room.hasOlder ? <Older room={room} keep={keep} list={list} /> : <p className="feed-end">{chat.start}</p>)}
            <ol className="messages" aria-label={chat.list} ref={list} hidden={shown.length === 0}>
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
                        mayUndo={deletion.mayUndo.has(message.id)}
                        stayed={deletion.failed.has(message.id)}
                        deletion={deletion}
                        room={room}
                        reply={mayWrite ? reply : null}
                    />
                ))}
            </ol>
            <Dock>
                <Stopped room={room} />
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
                <Writing room={room} user={user} thread={thread} mayWrite={mayWrite} asked={asked} />
            </Dock>
        </>
    );
}
