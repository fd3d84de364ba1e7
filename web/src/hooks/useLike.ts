/*
 * A like shows at once. When the server refuses, the post goes back to what the server last said, and `error` says why.
 * When it cannot be reached, the like waits in the outbox. Quick presses wait for each other; the last one counts.
 */
import { useMutation } from "@tanstack/react-query";
import { mayHeal, newIdempotencyKey, type Like, type Post } from "../porchlight/index.ts";
import { patchPost } from "./cache.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";
import { useWishedLike } from "./useOutbox.ts";

type Standing = Pick<Post, "liked" | "count">;

/* `waited`: what was pressed just now waits in the outbox. */
export function useLike(post: Post, waited: () => void) {
    const { queryClient } = useClient();
    const { like, outbox } = useConnection();
    const wished = useWishedLike(post);
    const { id } = post;
    const standingKey = ["standing", id] as const;
    /* Inside a mutation's own callbacks it still counts as under way. */
    const isLast = (): boolean => queryClient.isMutating({ mutationKey: keys.like(id) }) === 1;

    const mutation = useMutation({
        mutationKey: keys.like(id),
        scope: { id: `like-${id}` },
        /* null: it waits. */
        mutationFn: async (liked: boolean): Promise<Like | null> => {
            const wait = (tried: boolean): boolean =>
                outbox.add({ kind: "like", key: newIdempotencyKey(), postId: id, liked }, tried);
            /* Behind an older wish about the same post there is one way only. */
            const behind = outbox.waiting().some((deed) => deed.kind === "like" && deed.postId === id);
            if ((behind || !navigator.onLine) && wait(false)) {
                if (navigator.onLine) void outbox.send();
                return null;
            }
            try {
                return await like(id, liked);
            } catch (error) {
                if (mayHeal(error) && wait(true)) return null;
                throw error;
            }
        },
        onMutate: (liked) => {
            const shown = queryClient.getQueryData<Post>(keys.post(id)) ?? post;
            if (isLast()) queryClient.setQueryData<Standing>(standingKey, { liked: shown.liked, count: shown.count });
            if (shown.liked !== liked) {
                patchPost(queryClient, id, { liked, count: Math.max(0, shown.count + (liked ? 1 : -1)) });
            }
        },
        onSuccess: (answer) => {
            if (!answer) return;
            const { liked, count } = answer;
            if (isLast()) patchPost(queryClient, id, { liked, count });
            else queryClient.setQueryData<Standing>(standingKey, { liked, count });
        },
        onError: () => {
            const standing = queryClient.getQueryData<Standing>(standingKey);
            if (isLast() && standing) patchPost(queryClient, id, standing);
        },
    });

    return {
        liked: wished.liked,
        count: wished.count,
        /* The server will hear of it when there is a network. */
        waits: wished.waits,
        toggle: () => {
            const shown = queryClient.getQueryData<Post>(keys.post(id)) ?? post;
            const next = !(wished.waits ? wished : shown).liked;
            mutation.mutate(next, { onSuccess: (sent) => void (sent || waited()) });
        },
        error: mutation.error,
        /* What the failed press wanted. */
        wanted: mutation.variables,
    };
}
