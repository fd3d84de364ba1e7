/*
 * What was done without a network: posts that wait, how a post's like and words will be, and what the server did not
 * take.
 */
import { skipToken, useQuery } from "@tanstack/react-query";
import { useCallback, useSyncExternalStore } from "react";
import type { Deed, Post } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { useConnection, type Unsent } from "./useConnection.tsx";

export function useWaiting(): readonly Deed[] {
    const { outbox } = useConnection();
    const watch = useCallback((changed: () => void) => outbox.listen({ changed }), [outbox]);
    return useSyncExternalStore(watch, outbox.waiting);
}

export type WaitingPost = Deed & { kind: "post" };

/* The newest first, as in a feed. */
export function useWaitingPosts(): WaitingPost[] {
    const { team } = useConnection();
    return useWaiting()
        .filter((deed): deed is WaitingPost => deed.kind === "post" && (deed.post.teamId ?? "") === team)
        .reverse();
}

/* The post as its member wants it, and whether the server has yet to hear of that. */
export function useWishedLike(post: Post): { liked: boolean; count: number; waits: boolean } {
    const wish = useWaiting().find((deed) => deed.kind === "like" && deed.postId === post.id);
    const liked = wish?.kind === "like" ? wish.liked : post.liked;
    const more = liked === post.liked ? 0 : liked ? 1 : -1;
    return { liked, count: Math.max(0, post.count + more), waits: wish !== undefined };
}

/* The words as their author wants them, and whether the server has yet to hear of that. */
export function useWishedWords(
    postId: string,
    post: Pick<Post, "body" | "topics">,
): { body: string; topics: string[]; waits: boolean } {
    const wish = useWaiting().find((deed) => deed.kind === "edit" && deed.postId === postId);
    const { body, topics } = wish?.kind === "edit" ? { ...post, ...wish.change } : post;
    return { body, topics, waits: wish !== undefined };
}

export function useUnsent() {
    const { queryClient } = useClient();
    const unsent = useQuery<Unsent[]>({ queryKey: keys.unsent, queryFn: skipToken }).data ?? [];
    return {
        unsent,
        close: (key: string) =>
            queryClient.setQueryData<Unsent[]>(keys.unsent, (list) => list?.filter((it) => it.deed.key !== key)),
    };
}
