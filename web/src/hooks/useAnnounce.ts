/*
 * Sending a notice to the team or to everybody. Its title is noted before it goes out: it may come back as news sooner
 * than as an answer, and nobody needs to be told of what they said themselves.
 */
import { useMutation } from "@tanstack/react-query";
import type { NewNotice } from "../porchlight/index.ts";
import { applyNotices } from "./cache.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";

export function useAnnounce() {
    const { api, queryClient } = useClient();
    const { team } = useConnection();
    return useMutation({
        mutationFn: ({ notice, key }: { notice: NewNotice; key: string }) => api.createNotice(notice, key),
        onMutate: ({ notice }) => {
            queryClient.setQueryData<string[]>(keys.ownNotices, (titles) => [...(titles ?? []), notice.title]);
        },
        onSuccess: (notice) => applyNotices(queryClient, team, [notice]),
    });
}
