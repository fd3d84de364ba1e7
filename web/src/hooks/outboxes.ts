/*
 * The member's outbox: one for as long as the same member is signed in, whatever is on the screen, so that nothing which
 * outlives a view holds one that is not sent from any more.
 */
import { createOutbox, type Api, type Outbox } from "../porchlight/index.ts";

const known = new WeakMap<Api, { account: string; outbox: Outbox }>();

export function outboxOf(api: Api, account: string, create: () => Outbox = () => createOutbox({ api, account })): Outbox {
    const before = known.get(api);
    if (before?.account === account) return before.outbox;
    const outbox = create();
    known.set(api, { account, outbox });
    return outbox;
}
