/*
 * Joining one more team with an invite, and going there. An invite keeps its key until one has joined, so that pressing
 * again after a lost answer joins once.
 */
import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { newIdempotencyKey } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";

export function useJoinTeam() {
    const { api, queryClient } = useClient();
    const asked = useRef({ code: "", key: "" });
    return useMutation({
        mutationFn: (code: string) => {
            if (asked.current.code !== code) asked.current = { code, key: newIdempotencyKey() };
            return api.joinTeam(code, asked.current.key);
        },
        onSuccess: async (team) => {
            asked.current = { code: "", key: "" };
            await queryClient.refetchQueries({ queryKey: keys.session });
            queryClient.setQueryData(keys.team, team.id);
        },
    });
}
