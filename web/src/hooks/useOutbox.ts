/*
 * What was done without a network: posts that wait, how a post's like and words will be, and what the server did not
 * take.
 */
import { useCallback, useSyncExternalStore } from "react";
import type { Deed, Post } from "../porchlight/index.ts";
import { useConnection } from "./useConnection.tsx";

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
    const { outbox } = useConnection();
    const watch = useCallback((changed: () => void) => outbox.listen({ changed }), [outbox]);
    const unsent = useSyncExternalStore(watch, outbox.refused);
    return { unsent, close: (key: string) => void outbox.forget(key) };
}

/* Whether something is on its way to the server now. */
export function useBusy(): boolean {
    const { outbox } = useConnection();
    const watch = useCallback((changed: () => void) => outbox.listen({ changed }), [outbox]);
    return useSyncExternalStore(watch, outbox.busy);
}
