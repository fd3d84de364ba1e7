/*
 * The backups in the folder, and one more. Asked for again while one is being made, so that it shows up.
 */
import { useMutation, useQuery } from "@tanstack/react-query";
import { newIdempotencyKey } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";

const MAKING_MS = 1_000;
const WATCHED_MS = 60_000;

export function useBackups() {
    const { api, queryClient } = useClient();
    const backups = useQuery({
        queryKey: keys.backups,
        queryFn: () => api.backups(),
        staleTime: 0,
        refetchInterval: ({ state }) => (state.data?.making ? MAKING_MS : WATCHED_MS),
    });
    const make = useMutation({
        mutationFn: () => api.makeBackup(newIdempotencyKey()),
        onSuccess: (now) => queryClient.setQueryData(keys.backups, now),
    });
    return { backups, make };
}
