/*
 * Tabs share one session. When another tab signs out, or somebody else in, this one must not go on with the screen of
 * the member of before and the cookie of the one after.
 */
import type { QueryClient } from "@tanstack/react-query";
import type { User } from "../porchlight/index.ts";
import { keys } from "./keys.ts";
import { notedMember, wasSignedIn } from "./notes.ts";
import { forget } from "./useSignOut.ts";

export function watchOtherTabs(cache: QueryClient): void {
    const look = (): void => {
        const user = cache.getQueryData<User | null>(keys.session);
        const noted = notedMember();
        if (!user || noted === user.id) return;
        /* A device that keeps no notes cannot tell. */
        if (noted === null && wasSignedIn()) return;
        forget(cache);
        void cache.resetQueries({ queryKey: keys.session });
    };
    window.addEventListener("storage", look);
    document.addEventListener("visibilitychange", look);
}
