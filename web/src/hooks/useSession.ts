/*
 * Who is signed in. The session itself is an HttpOnly cookie; what is kept here is only the member it belongs to.
 */
import { useMutation, useQuery, type QueryClient } from "@tanstack/react-query";
import { isUnauthenticated, type Joining, type User } from "../porchlight/index.ts";
import { clearDrafts } from "./useDraft.ts";
import { useClient } from "./client.ts";
import { keptMember, noteMember, orKept, wasSignedIn } from "./kept.ts";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";

export function useSession() {
    const { api, queryClient } = useClient();
    const session = useQuery<User | null>({
        queryKey: keys.session,
        queryFn: async () => {
            /* A first visit need not ask who it is: the answer would be an error that means nothing. */
            if (!wasSignedIn()) return null;
            try {
                const known = (user: User): User => {
                    noteMember(user.id);
                    return user;
                };
                return await orKept(api.me(), known, (kept) => keptMember(queryClient, kept));
            } catch (error) {
                if (!isUnauthenticated(error)) throw error;
                noteMember(null);
                return null;
            }
        },
    });
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

/* The id of the member whose things the cache holds, so that the next one does not see them. */
const owner = ["owner"] as const;

/* Forgets everything but who is signed in: views that watch that go on watching. */
function forget(queryClient: QueryClient): void {
    const kept: unknown[] = [keys.session[0], keys.expired[0]];
    queryClient.removeQueries({ predicate: (query) => !kept.includes(query.queryKey[0]) });
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
    const { api } = useClient();
    const signedIn = useSignedIn();
    return useMutation({
        mutationFn: ({ name, password }: { name: string; password: string }) => api.login(name, password),
        onSuccess: signedIn,
    });
}

export function useJoin() {
    const { api } = useClient();
    const signedIn = useSignedIn();
    return useMutation({
        mutationFn: ({ joining, key }: { joining: Joining; key: string }) => api.join(joining, key),
        onSuccess: signedIn,
    });
}

/* The connection ends first, so that neither a poll nor the good-bye runs into the end of the session. */
export function useSignOut() {
    const { api, queryClient } = useClient();
    const { start, stop, outbox } = useConnection();
    return useMutation({
        mutationFn: () => api.logout(),
        onMutate: async () => {
            if (outbox.waiting().length > 0) await outbox.send();
            await stop();
        },
        onError: start,
        onSuccess: () => {
            clearDrafts();
            outbox.clear();
            noteMember(null);
            queryClient.setQueryData(keys.session, null);
            forget(queryClient);
        },
    });
}
