/*
 * The last hour and the last days, as the server keeps them. Asked for as often as it has something new.
 */
import { useQuery } from "@tanstack/react-query";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";

const NUMBERS_MS = 10_000;

export function useNumbers() {
    const { api } = useClient();
    const numbers = useQuery({
        queryKey: keys.numbers,
        queryFn: () => api.numbers(),
        staleTime: 0,
        refetchInterval: NUMBERS_MS,
    });
    return {
        numbers: numbers.data,
        loading: numbers.isPending,
        error: numbers.error,
        retry: () => void numbers.refetch(),
    };
}
