/*
 * Deleting a post. Nothing is sent for ten seconds: the wish lies in the outbox, where a reload, a lost network or
 * another tab finds it, and from where it is taken back. Once it is on its way there is no way back.
 */
import { newIdempotencyKey } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";
import { useWaiting } from "./useOutbox.ts";
import { UNDO_MS } from "./useUndo.ts";

export function useDeletion(postId: string) {
    const { queryClient } = useClient();
    const { outbox } = useConnection();
    const deed = useWaiting().find((it) => it.kind === "delete" && it.postId === postId);
    return {
        pending: deed !== undefined,
        /* The cache tells its watchers a moment after the outbox does: between the two the post must not flash up. */
        done: queryClient.getQueryData(keys.post(postId)) === null,
        mayUndo: deed !== undefined && outbox.mayTakeBack(deed.key),
        /* False when the outbox has no room. */
        remove: () =>
            outbox.add({ kind: "delete", key: newIdempotencyKey(), postId, notBeforeMs: Date.now() + UNDO_MS }),
        /* False when it is too late. */
        undo: () => deed !== undefined && outbox.takeBack(deed.key),
    };
}
