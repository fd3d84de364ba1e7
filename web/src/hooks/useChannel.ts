/*
 * A chat channel while a component shows it: its messages as one list, who is active, who is writing, who has read what.
 * Whether a socket carries it or polls do, nobody who uses this can tell.
 */
import type { QueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useSyncExternalStore } from "react";
import { createChannel, type ChannelRoom, type User } from "../porchlight/index.ts";
import { applyRead } from "./channels.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { useChannels } from "./useChannels.ts";
import { useConnection } from "./useConnection.tsx";
import { useOnline } from "./useOnline.ts";

/* One for all components that show it; what it knows stays while none does. */
function roomOf(cache: QueryClient, id: string, create: () => ChannelRoom): ChannelRoom {
    const known = cache.getQueryData<ChannelRoom>(keys.channel(id));
    if (known) return known;
    const room = create();
    cache.setQueryData(keys.channel(id), room);
    return room;
}

export function useChannel(id: string) {
    const { api, baseUrl, queryClient } = useClient();
    const { team, outbox } = useConnection();
    const { channels } = useChannels();
    const user = queryClient.getQueryData<User | null>(keys.session);
    const [userId, userName] = [user?.id ?? "", user?.name ?? ""];

    const room = useMemo(
        () =>
            roomOf(queryClient, id, () =>
                createChannel({
                    api,
                    id,
                    baseUrl,
                    outbox,
                    member: { id: userId, name: userName },
                }),
            ),
        [api, baseUrl, queryClient, outbox, id, userId, userName],
    );
    useEffect(() => room.open(), [room]);
    const watch = useCallback((changed: () => void) => room.listen(changed), [room]);
    const view = useSyncExternalStore(watch, () => room.view);

    return {
        ...view,
        online: useOnline(id),
        channel: channels.find((it) => it.id === id) ?? null,
        send: useCallback((content: string, threadId?: string | null) => void room.send(content, threadId), [room]),
        /* A message that has failed, once more. */
        again: useCallback(
            (key: string) => {
                const failed = room.view.messages.find((it) => it.id === key && it.state === "failed");
                if (failed) void room.send(failed.content, failed.threadId, key);
            },
            [room],
        ),
        /* False when the server did not take it; then the message is as it was, and `error` says why. */
        edit: useCallback((messageId: string, content: string) => room.edit(messageId, content), [room]),
        remove: useCallback((messageId: string) => room.remove(messageId), [room]),
        setTyping: useCallback((on: boolean) => room.setTyping(on), [room]),
        markRead: useCallback(
            (messageId: string) => {
                applyRead(queryClient, team, id, messageId);
                room.markRead(messageId);
            },
            [queryClient, team, id, room],
        ),
        older: useCallback(() => void room.older(), [room]),
        retry: useCallback(() => room.refresh(), [room]),
    };
}
