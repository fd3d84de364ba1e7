/*
 * What is shown of a channel: all of it, or one conversation, the message that it began with first. Where that one is
 * not loaded, older messages are.
 */
import { useEffect, useMemo, useRef } from "react";
import type { Room, Shown } from "./room.ts";

/* An old conversation must not load a whole channel. */
const PAGES_MAX = 10;

export function useThread(room: Room, thread: string | null): Shown[] {
    const { messages, hasOlder, older } = room;
    const pages = useRef(0);
    const missing = thread !== null && messages.length > 0 && !messages.some((it) => it.id === thread);
    useEffect(() => {
        if (!missing || !hasOlder || pages.current >= PAGES_MAX) return;
        pages.current += 1;
        older();
        /* Each page that came asks whether another is wanted. */
    }, [missing, hasOlder, messages.length]);
    return useMemo(
        () => (thread === null ? messages : messages.filter((it) => it.id === thread || it.threadId === thread)),
        [messages, thread],
    );
}
