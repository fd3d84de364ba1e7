/*
 * What is new and waits: how much, and the one way to show it. Nothing is ever shown without being asked for.
 */
import { skipToken, useMutation, useQuery } from "@tanstack/react-query";
import { NO_NEW_POSTS, showNewPosts, takeFeedPage, type FeedData, type NewPosts } from "./cache.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";
import { shown } from "./usePosts.ts";

export type NewPostsKind = "none" | "posts" | "pin" | "reset";

export function useNewPosts() {
    const { api, queryClient } = useClient();
    const { team, setCursor } = useConnection();
    const waiting = useQuery<NewPosts>({ queryKey: keys.newPosts(team), queryFn: skipToken }).data ?? NO_NEW_POSTS;

    const show = useMutation({
        /* Answers the id of the post to go to, or null for the top of the feed. */
        mutationFn: async (): Promise<string | null> => {
            if (!waiting.reset) return showNewPosts(queryClient, team);
            const feed = await api.posts({ team: team || undefined, show: shown(queryClient) });
            setCursor(feed.cursor);
            const page = takeFeedPage(queryClient, feed);
            queryClient.setQueryData<FeedData>(keys.posts(team), { pages: [page], pageParams: [null] });
            queryClient.setQueryData(keys.newPosts(team), NO_NEW_POSTS);
            return page.ids.find((id) => !page.pinnedIds.includes(id)) ?? null;
        },
    });

    const count = waiting.ids.length;
    const kind: NewPostsKind = waiting.reset ? "reset" : count > 0 ? "posts" : waiting.pins ? "pin" : "none";
    return { count, kind, show: show.mutateAsync, showing: show.isPending, failed: show.isError };
}
