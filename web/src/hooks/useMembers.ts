/*
 * Everybody in a team, newest first.
 */
import { useQuery } from "@tanstack/react-query";
import type { Member } from "../porchlight/index.ts";
import { allPages } from "./allPages.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";

const newestFirst = (a: Member, b: Member): number => b.joinedAt.localeCompare(a.joinedAt);

export function useMembers(teamId: string) {
    const { api } = useClient();
    return useQuery({
        queryKey: keys.members(teamId),
        queryFn: async () => (await allPages((page) => api.members(teamId, page))).sort(newestFirst),
        /* No news tells of who joins: each visit asks. */
        staleTime: 0,
    });
}
