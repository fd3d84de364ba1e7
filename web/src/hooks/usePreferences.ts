/*
 * What the member prefers, as the server keeps it for all of their devices. A change shows at once, and is taken back
 * when the server does not take it. (What this device does is in useDevicePreferences.ts.)
 */
import { useMutation, useQuery } from "@tanstack/react-query";
import type { MemberPreferences } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";

export function usePreferences() {
    const { api, queryClient } = useClient();
    const { data, error, isPending, refetch } = useQuery({
        queryKey: keys.preferences,
        queryFn: () => api.preferences(),
        /* Another device may have changed them: each visit asks. */
        staleTime: 0,
    });
    const change = useMutation({
        mutationKey: keys.preferences,
        scope: { id: "preferences" },
        mutationFn: (part: Partial<MemberPreferences>) => api.updatePreferences(part),
        onMutate: async (part) => {
            /* An answer that is still on its way is of before. */
            await queryClient.cancelQueries({ queryKey: keys.preferences });
            queryClient.setQueryData<MemberPreferences>(keys.preferences, (all) => all && { ...all, ...part });
        },
        onSuccess: (all) => {
            if (queryClient.isMutating({ mutationKey: keys.preferences }) === 1) queryClient.setQueryData(keys.preferences, all);
        },
        onError: () => void queryClient.invalidateQueries({ queryKey: keys.preferences }),
    });
    return {
        /* null until they are known. */
        preferences: data ?? null,
        isPending,
        error: change.error ?? (data ? null : error),
        retry: () => void refetch(),
        update: (part: Partial<MemberPreferences>) => change.mutate(part),
        isSaving: change.isPending,
    };
}
