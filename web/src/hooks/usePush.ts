/*
 * Telling while the app is closed: on this device or not, and what the server keeps of it for all devices.
 */
import { useMutation, useQuery } from "@tanstack/react-query";
import type { PushSettings } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { canPush, readNote, subscriptionHere, turnOff, turnOn } from "./push.ts";

/* Whether this device is told. */
export function usePushHere(userId: string) {
    const { api, queryClient } = useClient();
    const { data } = useQuery({
        queryKey: keys.pushHere,
        queryFn: async () => readNote(userId).wish === "yes" && (await subscriptionHere()) !== null,
        staleTime: 0,
    });
    const turn = useMutation({
        mutationKey: keys.pushHere,
        mutationFn: async (on: boolean) => {
            if (on) return turnOn(api, userId);
            await turnOff(api, userId);
            return "off";
        },
        onSuccess: (how) => queryClient.setQueryData(keys.pushHere, how === "on"),
    });
    return {
        able: canPush(),
        on: turn.isPending ? turn.variables : (data ?? false),
        turn: (on: boolean) => turn.mutate(on),
        busy: turn.isPending,
        /* What came of the last press. */
        how: turn.isError ? "failed" : (turn.data ?? null),
    };
}

export function usePushSettings() {
    const { api, queryClient } = useClient();
    const { data } = useQuery({ queryKey: keys.push, queryFn: () => api.push(), staleTime: 0 });
    const change = useMutation({
        mutationKey: keys.push,
        scope: { id: "push" },
        mutationFn: (part: Parameters<typeof api.updatePush>[0]) => api.updatePush(part),
        onMutate: async (part) => {
            await queryClient.cancelQueries({ queryKey: keys.push });
            queryClient.setQueryData<PushSettings>(keys.push, (all) => all && { ...all, ...part });
        },
        onSuccess: (all) => {
            if (queryClient.isMutating({ mutationKey: keys.push }) === 1) queryClient.setQueryData(keys.push, all);
        },
        onError: () => void queryClient.invalidateQueries({ queryKey: keys.push }),
    });
    return { settings: data ?? null, update: change.mutate, failed: change.isError };
}
