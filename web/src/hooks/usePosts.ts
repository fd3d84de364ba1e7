/*
 * The feed, a single post, writing one, and pins.
 */
import {
    infiniteQueryOptions,
    skipToken,
    useInfiniteQuery,
    useMutation,
    useQuery,
    type QueryClient,
} from "@tanstack/react-query";
import { isUnauthenticated, mayHeal, type Feed, type NewPost, type Post } from "../porchlight/index.ts";
import { addOwnPost, applyOwnPin, type FeedPage, NO_NEW_POSTS, noteOwnPin, takeFeedPage } from "./cache.ts";
import { useClient, type Client } from "./client.ts";
import { keptFeed, orKept } from "./kept.ts";
import { keys } from "./keys.ts";
import { wantsMine } from "./notes.ts";
import { useConnection } from "./useConnection.tsx";

/* All of it, for as long as the page lives, whatever the member prefers. */
const showsAll = (cache: QueryClient): boolean => cache.getQueryData<boolean>(keys.everything) ?? false;

export const shown = (cache: QueryClient): "mine" | undefined => (wantsMine() && !showsAll(cache) ? "mine" : undefined);

/* `known` hears up to where the feed is complete: from there on the poll tells what is new. */
export const postsQuery = ({ api, queryClient }: Client, team: string, known: (cursor: string) => void) =>
    infiniteQueryOptions({
        queryKey: keys.posts(team),
        initialPageParam: null as string | null,
        queryFn: async ({ pageParam }): Promise<FeedPage> => {
            const asked = api.posts({ team: team || undefined, page: pageParam ?? undefined, show: shown(queryClient) });
            if (pageParam !== null) return takeFeedPage(queryClient, await asked);
            const loaded = (answer: Feed): FeedPage => {
                known(answer.cursor);
                queryClient.setQueryData(keys.newPosts(team), NO_NEW_POSTS);
                return takeFeedPage(queryClient, answer);
            };
            if (queryClient.getQueryData(keys.posts(team))) return loaded(await asked);
            return orKept(asked, loaded, (kept) => {
                if (kept.team !== team) return undefined;
                if (kept.cursor !== null) known(kept.cursor);
                return keptFeed(queryClient, kept);
            });
        },
        getNextPageParam: (page) => page.next,
    });

export function usePosts() {
    const client = useClient();
    const { team, setCursor } = useConnection();
    const feed = useInfiniteQuery(postsQuery(client, team, setCursor));

    const pinnedIds = feed.data?.pages[0]?.pinnedIds ?? [];
    const pinned = new Set(pinnedIds);
    /* A post that moved between two pages while they were loaded is shown once. */
    const ids = [...new Set(feed.data?.pages.flatMap((page) => page.ids))].filter((id) => !pinned.has(id));
    const all = useQuery<boolean>({ queryKey: keys.everything, queryFn: skipToken }).data ?? false;
    return {
        ids,
        pinnedIds,
        hidden: feed.data?.pages.reduce((sum, page) => sum + (page.hidden ?? 0), 0) ?? 0,
        all,
        showAll: (on: boolean) => {
            client.queryClient.setQueryData(keys.everything, on);
            void feed.refetch();
        },
        loading: feed.isPending,
        error: feed.data ? null : feed.error,
        retry: () => void feed.refetch(),
        hasOlder: feed.hasNextPage,
        loadingOlder: feed.isFetchingNextPage,
        olderFailed: feed.isFetchNextPageError,
        loadOlder: feed.fetchNextPage,
    };
}

/* One post: from the cache when a list has brought it, else from the server. `null` is a post that was taken away. */
export function usePost(id: string) {
    const { api } = useClient();
    return useQuery<Post | null>({ queryKey: keys.post(id), queryFn: () => api.post(id) });
}

/* Without a session the words stay where they are written: signing in brings them back. */
export const mayWait = (error: unknown): boolean => mayHeal(error) && !isUnauthenticated(error);

export function useCreatePost() {
    const { api, queryClient } = useClient();
    const { team, outbox } = useConnection();
    return useMutation({
        /* null: it waits in the outbox for a network. */
        mutationFn: async ({ post, key }: { post: NewPost; key: string }): Promise<Post | null> => {
            const wait = (tried: boolean): boolean => outbox.add({ kind: "post", key, post }, tried);
            if (!navigator.onLine && wait(false)) return null;
            try {
                return await api.createPost(post, key);
            } catch (error) {
                if (mayWait(error) && wait(true)) return null;
                throw error;
            }
        },
        onSuccess: (post) => void (post && addOwnPost(queryClient, team, post)),
    });
}

export function usePin(id: string) {
    const { api, queryClient } = useClient();
    const { team } = useConnection();
    return useMutation({
        mutationFn: (pinned: boolean) => api.setPin(id, pinned),
        onMutate: () => noteOwnPin(queryClient, id),
        onSuccess: (post) => applyOwnPin(queryClient, team, post),
    });
}
