/*
 * Whether the server can serve, and which version of it. `error` is why it cannot; it is asked again either way.
 */
import { useQuery } from "@tanstack/react-query";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { FIGURES_MS } from "./useFigures.ts";

export function useHealth() {
    const { api } = useClient();
    const ready = useQuery({
        queryKey: keys.ready,
        queryFn: async () => {
            await api.ready();
            return true;
        },
        staleTime: 0,
        retry: false,
        refetchInterval: FIGURES_MS,
    });
    const capabilities = useQuery({ queryKey: keys.capabilities, queryFn: () => api.capabilities(), staleTime: 0 });
    return {
        loading: ready.isPending,
        error: ready.isError ? ready.error : null,
        version: capabilities.data?.version,
        pollSeconds: capabilities.data?.poll.presence,
    };
}
