/*
 * Who is signed in. The session itself is an HttpOnly cookie; what is kept here is only the member it belongs to.
 */
import { queryOptions, useMutation, useQuery } from "@tanstack/react-query";
import { isUnauthenticated, type Joining, type User } from "../porchlight/index.ts";
import { useClient, type Client } from "./client.ts";
import { keptMember, noteMember, orKept } from "./kept.ts";
import { keys } from "./keys.ts";
import { wasLeaving, wasSignedIn } from "./notes.ts";
import { finishLeaving, forget, leaveFirst } from "./useSignOut.ts";

/* The id of the member whose things the cache holds, so that the next one does not see them. */
const owner = ["owner"] as const;

export const sessionQuery = ({ api, queryClient }: Client) =>
    queryOptions<User | null>({
        queryKey: keys.session,
        queryFn: async () => {
            if (wasLeaving()) await leaveFirst(api, queryClient);
            /* A first visit need not ask who it is: the answer would be an error that means nothing. */
            if (!wasSignedIn()) return null;
            try {
                const known = (user: User): User => {
                    noteMember(user.id);
                    queryClient.setQueryData(owner, user.id);
                    return user;
                };
                return await orKept(api.me(), known, (kept) => {
                    queryClient.setQueryData(owner, kept.user.id);
                    return keptMember(queryClient, kept);
                });
            } catch (error) {
                if (!isUnauthenticated(error)) throw error;
                noteMember(null);
                return null;
            }
        },
    });

export function useSession() {
    const client = useClient();
    const { api, queryClient } = client;
    const session = useQuery(sessionQuery(client));
    const expired = useQuery<boolean>({ queryKey: keys.expired, queryFn: () => false, initialData: false });

    return {
        user: session.data ?? null,
        /* True while it is not known whether somebody is signed in. */
        loading: session.isPending,
        error: session.error,
        retry: () => void session.refetch(),
        /* The server ended the session; what was being written is kept. */
        expired: expired.data,
        update: (change: { appearOffline?: boolean; name?: string }) =>
            api.updateMe(change).then((user) => void queryClient.setQueryData(keys.session, user)),
    };
}

function useSignedIn(): (user: User) => void {
    const { queryClient } = useClient();
    return (user) => {
        if (queryClient.getQueryData(owner) !== user.id) forget(queryClient);
        queryClient.setQueryData(owner, user.id);
        noteMember(user.id);
        queryClient.setQueryData(keys.expired, false);
        queryClient.setQueryData(keys.session, user);
    };
}

export function useSignIn() {
    const { api, queryClient } = useClient();
    const signedIn = useSignedIn();
    return useMutation({
        mutationFn: async ({ name, password }: { name: string; password: string }) => {
            await finishLeaving(api, queryClient);
            return api.login(name, password);
        },
        onSuccess: signedIn,
    });
}

export function useJoin() {
    const { api, queryClient } = useClient();
    const signedIn = useSignedIn();
    return useMutation({
        mutationFn: async ({ joining, key }: { joining: Joining; key: string }) => {
            await finishLeaving(api, queryClient);
            return api.join(joining, key);
        },
        onSuccess: signedIn,
    });
}
