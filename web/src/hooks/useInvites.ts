/*
 * The invites that still open, and taking one back.
 */
import { useMutation, useQuery } from "@tanstack/react-query";
import { allPages } from "./allPages.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";

export function useInvites() {
    const { api, queryClient } = useClient();
    const list = useQuery({
        queryKey: keys.invites,
        queryFn: () => allPages((page) => api.invites(page)),
        /* No news tells of who used one: each visit asks. */
        staleTime: 0,
    });
    const revoke = useMutation({
        mutationFn: (id: string) => api.revokeInvite(id),
        onSettled: () => queryClient.invalidateQueries({ queryKey: keys.invites }),
    });
    return { list, revoke };
}
