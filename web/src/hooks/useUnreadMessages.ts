/*
 * How many messages the member has not read, in all chats of the team. While they look elsewhere a screen reader is told
 * that there are more.
 */
import { useEffect, useRef } from "react";
import { announce } from "../components/Announcer/Announcer.tsx";
import { words } from "../words.ts";
import { useChannels } from "./useChannels.ts";
import { useConnection } from "./useConnection.tsx";

export function useUnreadMessages(enabled: boolean, says: boolean): number {
    const { unread, isPending } = useChannels(enabled);
    const { team } = useConnection();
    const known = useRef<{ team: string; unread: number } | null>(null);
    useEffect(() => {
        const before = known.current?.team === team ? known.current.unread : null;
        if (!isPending) known.current = { team, unread };
        /* What was there before is not news. */
        return says && before !== null && unread > before ? announce(words.chat.sayUnread(unread)) : undefined;
    }, [team, unread, isPending, says]);
    return unread;
}
