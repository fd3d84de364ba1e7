/*
 * Digests: what is worth reading, chosen for the member. One is made by a job that takes a while; how far it is shows
 * as it moves, told by the app's one line or by asking now and then.
 */
import { skipToken, useMutation, useQuery } from "@tanstack/react-query";
import {
    newIdempotencyKey,
    type DigestHead,
    type Feedback,
    type TopicWeights,
} from "../porchlight/index.ts";
import { allPages } from "./allPages.ts";
import { useClient } from "./client.ts";
import { isOver } from "./digests.ts";
import { keys } from "./keys.ts";

/* While a job is under way and somebody looks. */
const PROGRESS_MS = 4_000;

const NONE: DigestHead[] = [];

/* Newest first, without their articles. */
export function useDigests() {
    const { api } = useClient();
    const { data, error, isPending, refetch } = useQuery({
        queryKey: keys.digests,
        queryFn: () => allPages((page) => api.digests(page)),
        /* A weekly one comes by itself: each visit asks. */
        staleTime: 0,
        refetchInterval: ({ state }) => (state.data?.every(isOver) === false ? PROGRESS_MS : false),
    });
    return { digests: data ?? NONE, error: data ? null : error, isPending, retry: () => void refetch() };
}

export function useDigest(id: string) {
    const { api } = useClient();
    const { data, error, isPending, refetch } = useQuery({
        queryKey: keys.digest(id),
        queryFn: () => api.digest(id),
        refetchInterval: ({ state }) => (state.data && !isOver(state.data) ? PROGRESS_MS : false),
    });
    return { digest: data ?? null, error: data ? null : error, isPending, retry: () => void refetch() };
}

export function useStartDigest() {
    const { api, queryClient } = useClient();
    return useMutation({
        mutationFn: ({ topics, key }: { topics?: string[]; key?: string }) =>
            api.startDigest(topics ? { topics } : {}, key ?? newIdempotencyKey()),
        onSuccess: (digest) => {
            queryClient.setQueryData(keys.digest(digest.id), digest);
            queryClient.setQueryData<DigestHead[]>(
                keys.digests,
                (list) => list && [digest, ...list.filter((it) => it.id !== digest.id)],
            );
        },
    });
}

/* Helpful or not: shows at once, and is taken back when the server does not take it. */
export function useFeedback() {
    const { api, queryClient } = useClient();
    const given = useQuery<Record<string, Feedback["feedback"]>>({ queryKey: keys.feedback, queryFn: skipToken }).data;
    const say = (articleId: string, feedback: Feedback["feedback"] | undefined): void =>
        void queryClient.setQueryData<Record<string, Feedback["feedback"]>>(keys.feedback, (all = {}) => {
            const { [articleId]: _, ...others } = all;
            return feedback ? { ...others, [articleId]: feedback } : others;
        });
    const mutation = useMutation({
        scope: { id: "feedback" },
        mutationFn: ({ key, ...feedback }: Feedback & { key: string }) => api.giveFeedback(feedback, key),
        onMutate: ({ articleId, feedback }) => {
            const before = queryClient.getQueryData<Record<string, Feedback["feedback"]>>(keys.feedback)?.[articleId];
            say(articleId, feedback);
            return before;
        },
        onSuccess: (weights) => queryClient.setQueryData<TopicWeights>(keys.weights, weights),
        onError: (_, { articleId }, before) => say(articleId, before),
    });
    return {
        /* By article. */
        given: given ?? {},
        give: (feedback: Feedback) => mutation.mutate({ ...feedback, key: newIdempotencyKey() }),
        isPending: mutation.isPending,
        error: mutation.error,
    };
}

export function useWeights() {
    const { api } = useClient();
    const { data, error, isPending } = useQuery({ queryKey: keys.weights, queryFn: () => api.weights() });
    return { weights: data ?? {}, error: data ? null : error, isPending };
}
