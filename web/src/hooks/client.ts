/*
 * The two things that every hook stands on: the server's API and TanStack Query's cache. Made once by main.tsx.
 */
import { QueryClient } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { PorchlightError, createApi, createRequester, retryMs, type Api } from "../porchlight/index.ts";
import { noteMember } from "./kept.ts";
import { keys } from "./keys.ts";

export interface Client {
    api: Api;
    /* Where the server is; "" for the page's own origin. */
    baseUrl: string;
    queryClient: QueryClient;
}

/* Trying again helps against a lost request, a busy server or a limit, not against a refusal. */
function worthTryingAgain(failures: number, error: unknown): boolean {
    return failures < 2 && error instanceof PorchlightError && error.kind !== "refused" && error.kind !== "fault";
}

export function createClient({ baseUrl = "", fetch }: { baseUrl?: string; fetch?: typeof window.fetch } = {}): Client {
    const queryClient = new QueryClient({
        defaultOptions: {
            queries: {
                /* The one poll keeps everything fresh: no query has a clock of its own. */
                staleTime: Infinity,
                gcTime: Infinity,
                refetchOnWindowFocus: false,
                refetchOnReconnect: false,
                /* Without a network an honest error now is better than a spinner. */
                networkMode: "always",
                retry: worthTryingAgain,
                retryDelay: (attempt, error) =>
                    retryMs(error instanceof PorchlightError ? error : null, attempt, Math.random()),
            },
            mutations: { networkMode: "always", retry: false },
        },
    });
    const request = createRequester({
        baseUrl,
        ...(fetch && { fetch }),
        onUnauthenticated: () => {
            if (queryClient.getQueryData(keys.session)) {
                queryClient.setQueryData(keys.expired, true);
                noteMember(null);
            }
            queryClient.setQueryData(keys.session, null);
        },
    });
    return { api: createApi(request), baseUrl, queryClient };
}

export const ClientContext = createContext<Client | null>(null);

export function useClient(): Client {
    const client = useContext(ClientContext);
    if (!client) throw new Error("no ClientContext");
    return client;
}
