/*
 * What was asked for before the app was there (early.ts) goes into the cache before the page is first drawn, so that
 * it is drawn once, with the feed in it. Neither of these fails: views say what went wrong.
 */
import type { Client } from "./client.ts";
import { keys } from "./keys.ts";
import { postsQuery } from "./usePosts.ts";
import { sessionQuery } from "./useSession.ts";

export async function takeFirstView(client: Client, withFeed: boolean): Promise<void> {
    const { queryClient } = client;
    /* Nobody waits for a second try with nothing to look at: the view tries again by itself. */
    const retry = false;
    await queryClient.prefetchQuery({ ...sessionQuery(client), retry });
    if (!withFeed || !queryClient.getQueryData(keys.session)) return;
    const known = (cursor: string): void => void queryClient.setQueryData(keys.cursor(""), cursor);
    await queryClient.prefetchInfiniteQuery({ ...postsQuery(client, "", known), retry });
}
