/*
 * Cheers: those that drift by now, and sending one.
 */
import { useMutation } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { cheersFor, type CheerIcon, type DriftingCheer } from "./cheers.ts";
import { useConnection } from "./useConnection.tsx";

export function useDriftingCheers(): readonly DriftingCheer[] {
    const { team } = useConnection();
    const cheers = cheersFor(team);
    return useSyncExternalStore(cheers.watch, cheers.drifting);
}

export function useCheers() {
    const { cheer, cheers } = useConnection();
    const sending = useMutation({ mutationFn: (icon: CheerIcon) => cheer(icon) });
    return {
        possible: cheers,
        send: sending.mutate,
        sending: sending.isPending,
        /* The last one that got through. */
        sent: sending.isSuccess ? sending.variables : null,
        error: sending.error,
    };
}
