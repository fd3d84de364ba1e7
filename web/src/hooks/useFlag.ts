/*
 * The switch between polls and sockets, for admins. Somebody else may turn it: it is asked for as often as the figures.
 */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { FIGURES_MS } from "./useFigures.ts";

export function useFlag() {
    const { api, queryClient } = useClient();
    const flag = useQuery({
        queryKey: keys.flag,
        queryFn: async () => (await api.flag("realtime")).value,
        staleTime: 0,
        refetchInterval: FIGURES_MS,
    });
    const turn = useMutation({
        mutationFn: (on: boolean) => api.setFlag("realtime", on),
        /* An answer that is still on its way is of before. */
        onMutate: () => queryClient.cancelQueries({ queryKey: keys.flag }),
        onSuccess: ({ value }) => queryClient.setQueryData(keys.flag, value),
    });
    return { on: flag.data, loading: flag.isPending, error: flag.error, retry: () => void flag.refetch(), turn };
}
