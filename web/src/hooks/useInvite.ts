/*
 * Making a link that lets people into a team. The link is shown this once: the server keeps no copy of it.
 */
import { useMutation } from "@tanstack/react-query";
import { newIdempotencyKey } from "../porchlight/index.ts";
import { useClient } from "./client.ts";

export function useInvite(teamId: string) {
    const { api } = useClient();
    return useMutation({
        mutationFn: (reach: { maxUses: number; expiresInHours: number }) =>
            api.createInvite(teamId, reach, newIdempotencyKey()),
    });
}
