/*
 * A like shows at once. When the server refuses or cannot be reached, the post goes back to what the server last said,
 * and `error` says why. Quick presses wait for each other; the last one counts.
 */
import { useMutation } from "@tanstack/react-query";
import type { Post } from "../porchlight/index.ts";
import { patchPost } from "./cache.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";

type Standing = Pick<Post, "liked" | "count">;

export function useLike(post: Post) {
    const { queryClient } = useClient();
    const { like } = useConnection();
    const { id } = post;
    const standingKey = ["standing", id] as const;
    /* Inside a mutation's own callbacks it still counts as under way. */
    const isLast = (): boolean => queryClient.isMutating({ mutationKey: keys.like(id) }) === 1;

    const mutation = useMutation({
        mutationKey: keys.like(id),
        scope: { id: `like-${id}` },
        mutationFn: (liked: boolean) => like(id, liked),
        onMutate: (liked) => {
            const shown = queryClient.getQueryData<Post>(keys.post(id)) ?? post;
            if (isLast()) queryClient.setQueryData<Standing>(standingKey, { liked: shown.liked, count: shown.count });
            if (shown.liked !== liked) {
                patchPost(queryClient, id, { liked, count: Math.max(0, shown.count + (liked ? 1 : -1)) });
            }
        },
        onSuccess: ({ liked, count }) => {
            if (isLast()) patchPost(queryClient, id, { liked, count });
            else queryClient.setQueryData<Standing>(standingKey, { liked, count });
        },
        onError: () => {
            const standing = queryClient.getQueryData<Standing>(standingKey);
            if (isLast() && standing) patchPost(queryClient, id, standing);
        },
    });

    return {
        toggle: () => mutation.mutate(!(queryClient.getQueryData<Post>(keys.post(id)) ?? post).liked),
        error: mutation.error,
        /* What the failed press wanted. */
        wanted: mutation.variables,
    };
}
