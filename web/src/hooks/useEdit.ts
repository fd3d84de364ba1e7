/*
 * Other words for a post. Only what has changed is sent. Somebody who wrote on another device meanwhile is told what
 * stands there now, and decides; without a network the words wait in the outbox, and the last ones count.
 */
import { useMutation } from "@tanstack/react-query";
import { newIdempotencyKey, type Post, type PostChange } from "../porchlight/index.ts";
import { putPosts } from "./cache.ts";
import { useClient } from "./client.ts";
import { useConnection } from "./useConnection.tsx";
import { mayWait } from "./usePosts.ts";

/* The post is not the one that its author began to change. */
export class Changed extends Error {
    constructor(readonly post: Post) {
        super("changed meanwhile");
    }
}

export interface Edit {
    change: PostChange;
    /* The post's `editedAt` when its author last saw it. */
    since: string | null;
}

export function useEdit(postId: string) {
    const { api, queryClient } = useClient();
    const { outbox } = useConnection();
    return useMutation({
        /* null: it waits. */
        mutationFn: async ({ change, since }: Edit): Promise<Post | null> => {
            const wait = (): boolean => outbox.add({ kind: "edit", key: newIdempotencyKey(), postId, change });
            /* Behind older words for the same post there is one way only. */
            const behind = outbox.waiting().some((deed) => deed.kind === "edit" && deed.postId === postId);
            if ((behind || !navigator.onLine) && wait()) {
                if (navigator.onLine) void outbox.send();
                return null;
            }
            try {
                const now = await api.post(postId);
                putPosts(queryClient, [now]);
                if (now.editedAt !== since) throw new Changed(now);
                return await api.updatePost(postId, change);
            } catch (error) {
                if (mayWait(error) && wait()) return null;
                throw error;
            }
        },
        onSuccess: (post) => void (post && putPosts(queryClient, [post])),
    });
}
