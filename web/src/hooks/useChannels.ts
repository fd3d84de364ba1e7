/*
 * The channels of the team, each with what is unread in it. News of a channel comes over the app's one line.
 */
import { useMutation, useQuery } from "@tanstack/react-query";
import { newIdempotencyKey, type Channel } from "../porchlight/index.ts";
import { applyChannels } from "./channels.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";

const NONE: Channel[] = [];

/* `enabled`: somebody without a team has nothing to ask for. */
export function useChannels(enabled = true) {
    const { api } = useClient();
    const { team } = useConnection();
    const { data, error, isPending, refetch } = useQuery({
        queryKey: keys.channels(team),
        enabled,
        queryFn: async () => (await api.channels(team || undefined)).items,
    });
    const channels = data ?? NONE;
    return {
        channels,
        /* Messages, in all of them. */
        unread: channels.reduce((sum, it) => sum + it.unread, 0),
        error: data ? null : error,
        isPending,
        retry: () => void refetch(),
    };
}

/* For coaches. */
export function useCreateChannel() {
    const { api, queryClient } = useClient();
    const { team } = useConnection();
    return useMutation({
        mutationFn: ({ name, posting, key }: { name: string; posting?: Channel["posting"]; key?: string }) =>
            api.createChannel(
                { name, ...(posting && { posting }), ...(team && { teamId: team }) },
                key ?? newIdempotencyKey(),
            ),
        onSuccess: (channel) => applyChannels(queryClient, team, [channel]),
    });
}
