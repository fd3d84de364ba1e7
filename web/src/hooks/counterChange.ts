/*
 * What the member adds to a counter, as a mutation: shows at once, is taken away again when the server refuses, and waits
 * in the outbox when it cannot be reached. Without React, so that it can be tried without a page.
 */
import type { MutationOptions } from "@tanstack/react-query";
import {
    counterDeed,
    newIdempotencyKey,
    PorchlightError,
    type CounterMetadata,
    type Deed,
    type Outbox,
} from "../porchlight/index.ts";
import type { Client } from "./client.ts";
import { addTo, showHeard } from "./counters.ts";
import { keys } from "./keys.ts";

export type CountDeed = Deed & { kind: "count" };

/* Changes of one counter go one after the other, so that no answer has a later change in it. */
export const counterScope = (team: string, name: string): { id: string } => ({ id: `counter-${team}-${name}` });

/* What waits for this counter, in order. */
export const countsOf = (deeds: readonly Deed[], team: string, name: string): CountDeed[] =>
    deeds.filter((it): it is CountDeed => it.kind === "count" && it.team === team && it.name === name);

type Waiting = Pick<Outbox, "add" | "takeBack" | "waiting" | "send">;

/* Ten presses on a train are one change. False when there is no room for it. */
function wait(outbox: Waiting, deed: CountDeed): boolean {
    const last = countsOf(outbox.waiting(), deed.team, deed.name).at(-1);
    const joins = last !== undefined && last.amount > 0 === deed.amount > 0 && outbox.takeBack(last.key);
    return outbox.add(joins ? { ...deed, amount: deed.amount + last.amount } : deed);
}

/* The variable: how much is added, or taken away when it is negative. The data: null when it waits. */
export function counterChange(
    { api, queryClient }: Pick<Client, "api" | "queryClient">,
    outbox: Waiting,
    team: string,
    name: string,
): MutationOptions<CounterMetadata | null, Error, number> {
    return {
        mutationKey: keys.counter.change(team, name),
        scope: counterScope(team, name),
        mutationFn: async (amount) => {
            const deed: CountDeed = { kind: "count", key: newIdempotencyKey(), name, team, amount };
            /* Behind what waits already there is one way only. */
            const behind = countsOf(outbox.waiting(), team, name).length > 0;
            if ((behind || !navigator.onLine) && wait(outbox, deed)) {
                if (navigator.onLine) void outbox.send();
                return null;
            }
            try {
                return (await api.changeCounter(counterDeed(deed), deed.key)).metadata;
            } catch (error) {
                /* It may have arrived: it waits under the same key, and joins no other. */
                if (error instanceof PorchlightError && error.kind === "network" && outbox.add(deed, true)) return null;
                throw error;
            }
        },
        onMutate: (amount) => addTo(queryClient, team, name, amount),
        onSettled: (metadata, _, amount) => {
            addTo(queryClient, team, name, -amount);
            if (metadata) showHeard(queryClient, team, name, metadata);
            /* Inside a mutation's own callbacks it still counts as under way. */
            const isLast = queryClient.isMutating({ mutationKey: keys.counter.change(team, name) }) === 1;
            if (isLast) showHeard(queryClient, team, name);
        },
    };
}
