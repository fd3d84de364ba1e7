/*
 * What the member adds to a counter. It lies in the outbox from the press on, which sends it, once, and keeps it over a
 * reload: it shows at once, and presses that come while one is on its way are one change. Without React, so that it can
 * be tried without a page.
 */
import { newIdempotencyKey, PorchlightError, type Deed, type Outbox } from "../porchlight/index.ts";

export type CountDeed = Deed & { kind: "count" };

/* Corrections of one counter go one after the other, so that no answer has a later change in it. */
export const counterScope = (team: string, name: string): { id: string } => ({ id: `counter-${team}-${name}` });

/* What waits for this counter, in order. */
export const countsOf = (deeds: readonly Deed[], team: string, name: string): CountDeed[] =>
    deeds.filter((it): it is CountDeed => it.kind === "count" && it.team === team && it.name === name);

type Waiting = Pick<Outbox, "add" | "takeBack" | "waiting" | "send" | "refuse" | "refused" | "forget">;

const refusedCounts = (outbox: Pick<Outbox, "refused">, team: string, name: string): CountDeed[] =>
    countsOf(outbox.refused().map(({ deed }) => deed), team, name);

/* Why the last change was not taken. */
export function refusalOf(outbox: Pick<Outbox, "refused">, team: string, name: string): PorchlightError | null {
    const key = refusedCounts(outbox, team, name).at(-1)?.key;
    return outbox.refused().find(({ deed }) => deed.key === key)?.error ?? null;
}

export const forgetRefusals = (outbox: Pick<Outbox, "refused" | "forget">, team: string, name: string): void =>
    refusedCounts(outbox, team, name).forEach(({ key }) => outbox.forget(key));

/* `amount`: how much is added, or taken away when it is negative. One that may have arrived already joins no other. */
export function count(outbox: Waiting, team: string, name: string, amount: number): void {
    forgetRefusals(outbox, team, name);
    const deed: CountDeed = { kind: "count", key: newIdempotencyKey(), name, team, amount };
    const last = countsOf(outbox.waiting(), team, name).at(-1);
    const joins = last !== undefined && last.amount > 0 === amount > 0 && outbox.takeBack(last.key);
    const whole = joins ? { ...deed, amount: amount + last.amount } : deed;
    if (!outbox.add(whole)) outbox.refuse(whole, new PorchlightError("refused", { slug: "full" }));
    else if (navigator.onLine) void outbox.send();
}
