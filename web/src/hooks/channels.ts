/*
 * What is known of a team's channels, and how news changes it. Pure work on the query cache, as in cache.ts.
 */
import type { QueryClient } from "@tanstack/react-query";
import { compareIds, type Channel } from "../porchlight/index.ts";
import { keys } from "./keys.ts";

export function applyChannels(cache: QueryClient, team: string, channels: Channel[]): void {
    if (channels.length === 0) return;
    const news = new Map(channels.map((it) => [it.id, it]));
    cache.setQueryData<Channel[]>(
        keys.channels(team),
        (list) =>
            list && [
                ...list.map((it) => news.get(it.id) ?? it),
                ...channels.filter((it) => !list.some(({ id }) => id === it.id)),
            ],
    );
}

/* The member has read so far. */
export function applyRead(cache: QueryClient, team: string, channelId: string, messageId: string): void {
    cache.setQueryData<Channel[]>(keys.channels(team), (list) =>
        list?.map((it) => {
            if (it.id !== channelId || (it.lastReadId !== null && compareIds(it.lastReadId, messageId) >= 0)) return it;
            const all = it.lastMessageId === null || compareIds(messageId, it.lastMessageId) >= 0;
            return { ...it, lastReadId: messageId, unread: all ? 0 : it.unread };
        }),
    );
}
