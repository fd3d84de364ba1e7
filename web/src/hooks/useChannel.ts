/*
 * A chat channel while a component shows it: its messages as one list, who is here, who is writing, who has read what.
 * Whether a socket carries it or polls do, nobody who uses this can tell.
 */
import { skipToken, useQuery, type QueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useSyncExternalStore } from "react";
import {
    createChannel,
    type ChannelRoom,
    type MessageDeed,
    type ShownMessage,
    type User,
} from "../porchlight/index.ts";
import { applyRead } from "./channels.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { useChannels } from "./useChannels.ts";
import { useConnection, type Unsent } from "./useConnection.tsx";

/* One for all components that show it; what it knows stays while none does. */
function roomOf(cache: QueryClient, id: string, create: () => ChannelRoom): ChannelRoom {
    const known = cache.getQueryData<ChannelRoom>(keys.channel(id));
    if (known) return known;
    const room = create();
    cache.setQueryData(keys.channel(id), room);
    return room;
}

const isOf = (id: string) => (it: Unsent): it is Unsent & { deed: MessageDeed } =>
    it.deed.kind === "message" && it.deed.channelId === id;

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
                    refused: (deed, error) =>
                        queryClient.setQueryData<Unsent[]>(keys.unsent, (list) => [...(list ?? []), { deed, error }]),
                }),
            ),
        [api, baseUrl, queryClient, outbox, id, userId, userName],
    );
    useEffect(() => room.open(), [room]);
    const watch = useCallback((changed: () => void) => room.listen(changed), [room]);
    const view = useSyncExternalStore(watch, () => room.view);

    const unsent = useQuery<Unsent[]>({ queryKey: keys.unsent, queryFn: skipToken }).data;
    const failed = useMemo(() => (unsent ?? []).filter(isOf(id)), [unsent, id]);
    const messages = useMemo(
        () => [...view.messages, ...failed.map(({ deed, error }) => shownFailed(deed, error, userId, userName))],
        [view.messages, failed, userId, userName],
    );
    const forget = useCallback(
        (key: string): (Unsent & { deed: MessageDeed }) | undefined => {
            const found = (queryClient.getQueryData<Unsent[]>(keys.unsent) ?? []).filter(isOf(id));
            queryClient.setQueryData<Unsent[]>(keys.unsent, (list) => list?.filter((it) => it.deed.key !== key));
            return found.find((it) => it.deed.key === key);
        },
        [queryClient, id],
    );

    return {
        ...view,
        channel: channels.find((it) => it.id === id) ?? null,
        messages,
        send: useCallback((content: string, threadId?: string | null) => void room.send(content, threadId), [room]),
        /* A message that has failed, once more. */
        again: useCallback(
            (key: string) => {
                const deed = forget(key)?.deed;
                if (deed) void room.send(deed.content, deed.threadId, deed.key);
            },
            [forget, room],
        ),
        /* False when the server did not take it; then the message is as it was, and `error` says why. */
        edit: useCallback((messageId: string, content: string) => room.edit(messageId, content), [room]),
        remove: useCallback(
            async (messageId: string) => forget(messageId) !== undefined || room.remove(messageId),
            [forget, room],
        ),
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

function shownFailed(deed: MessageDeed, error: Unsent["error"], userId: string, username: string): ShownMessage {
    const { key, channelId, content, threadId, at } = deed;
    return {
        id: key,
        channelId,
        userId,
        username,
        content,
        threadId,
        clientId: key,
        timestamp: at,
        editedAt: null,
        deleted: false,
        state: "failed",
        error,
    };
}
