/*
 * Making a link that lets people into a team. The link is shown this once: the server keeps no copy of it.
 */
import { useMutation } from "@tanstack/react-query";
import { newIdempotencyKey } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";

export function useInvite(teamId: string) {
    const { api, queryClient } = useClient();
    return useMutation({
        mutationFn: (reach: { maxUses: number; expiresInHours: number }) =>
            api.createInvite(teamId, reach, newIdempotencyKey()),
        onSuccess: () => queryClient.invalidateQueries({ queryKey: keys.invites }),
    });
}
