/*
 * Deleting messages of a channel. Nothing is sent for ten seconds: the wish lies in the outbox, as a post's deletion does
 * (useDeletion), where a reload, a lost network or another tab finds it, and from where it is taken back.
 */
import { useMemo } from "react";
import { newIdempotencyKey, type Deed } from "../porchlight/index.ts";
import { useConnection } from "./useConnection.tsx";
import { useUnsent, useWaiting } from "./useOutbox.ts";
import { UNDO_MS } from "./useUndo.ts";

const isOf = (channelId: string) => (deed: Deed): deed is Deed & { kind: "unsay" } =>
    deed.kind === "unsay" && deed.channelId === channelId;

export type MessageDeletion = ReturnType<typeof useMessageDeletion>;

export function useMessageDeletion(channelId: string) {
    const { outbox } = useConnection();
    const waiting = useWaiting();
    const { unsent } = useUnsent();
    return useMemo(() => {
        const going = waiting.filter(isOf(channelId));
        const failed = unsent.map(({ deed }) => deed).filter(isOf(channelId));
        const idOf = ({ messageId }: { messageId: string }): string => messageId;
        return {
            /* What is on its way out. */
            going: new Set(going.map(idOf)) as ReadonlySet<string>,
            /* Of those, what may still come back. */
            mayUndo: new Set(going.filter(({ key }) => outbox.mayTakeBack(key)).map(idOf)) as ReadonlySet<string>,
            /* What the server did not let go. */
            failed: new Set(failed.map(idOf)) as ReadonlySet<string>,
            /* False when the outbox has no room. */
            remove: (messageId: string): boolean => {
                const before = outbox.refused().map(({ deed }) => deed).filter(isOf(channelId));
                before.filter((it) => it.messageId === messageId).forEach(({ key }) => outbox.forget(key));
                const notBeforeMs = Date.now() + UNDO_MS;
                return outbox.add({ kind: "unsay", key: newIdempotencyKey(), channelId, messageId, notBeforeMs });
            },
            /* False when it is too late. */
            undo: (messageId: string): boolean => {
                const deed = outbox.waiting().filter(isOf(channelId)).find((it) => it.messageId === messageId);
                return deed !== undefined && outbox.takeBack(deed.key);
            },
        };
    }, [channelId, outbox, waiting, unsent]);
}
