/*
 * Joining one more team with an invite, and going there.
 */
import { useMutation } from "@tanstack/react-query";
import { newIdempotencyKey } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";

export function useJoinTeam() {
    const { api, queryClient } = useClient();
    return useMutation({
        mutationFn: (code: string) => api.joinTeam(code, newIdempotencyKey()),
        onSuccess: async (team) => {
            await queryClient.refetchQueries({ queryKey: keys.session });
            queryClient.setQueryData(keys.team, team.id);
        },
    });
}
