/*
 * What is pinned, for those who look after it. A post that is unpinned here keeps its place until the next visit, so
 * that it can be pinned again.
 */
import { skipToken, useQueries, useQuery } from "@tanstack/react-query";
import type { Post } from "../porchlight/index.ts";
import { putPosts } from "./cache.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";

export function usePins() {
    const { api, queryClient } = useClient();
    const { team } = useConnection();
    return useQuery({
        queryKey: keys.pins(team),
        queryFn: async () => {
            const { pinned } = await api.posts({ team: team || undefined });
            putPosts(queryClient, pinned);
            return pinned.map((post) => post.id);
        },
        staleTime: 0,
    });
}

/* How many of them are pinned at this moment. */
export function usePinnedCount(ids: string[]): number {
    return useQueries({
        queries: ids.map((id) => ({ queryKey: keys.post(id), queryFn: skipToken })),
        combine: (posts) => posts.filter(({ data }) => (data as Post | null | undefined)?.pinned).length,
    });
}
