/*
 * The endpoints of digests and of what the server knows of a member's taste.
 */
import type { Requester } from "./request.ts";
import type { Digest, DigestHead, Feedback, List, MemberPreferences, TopicWeights } from "./types.ts";

export interface DigestApi {
    /* The member's own, newest first, without their articles. */
    digests(page?: string): Promise<List<DigestHead>>;
    digest(id: string): Promise<Digest>;
    startDigest(digest: { topics?: string[] }, idempotencyKey: string): Promise<Digest>;
    preferences(): Promise<MemberPreferences>;
    /* What is left out stays as it is. */
    updatePreferences(change: Partial<MemberPreferences>): Promise<MemberPreferences>;
    /* Answers all weights as they are now. */
    giveFeedback(feedback: Feedback, idempotencyKey: string): Promise<TopicWeights>;
    weights(): Promise<TopicWeights>;
}

export function createDigestApi(request: Requester): DigestApi {
    const data = async <T>(...asked: Parameters<Requester>): Promise<T> => (await request<T>(...asked)).data;
    const weights = async (...asked: Parameters<Requester>): Promise<TopicWeights> =>
        (await data<{ weights: TopicWeights }>(...asked)).weights;

    return {
        digests: (page) => data("/digests", { query: { page } }),
        digest: (id) => data(`/digests/${encodeURIComponent(id)}`),
        startDigest: (body, idempotencyKey) => data("/digests", { method: "POST", body, idempotencyKey }),
        preferences: () => data("/me/preferences"),
        updatePreferences: (body) => data("/me/preferences", { method: "PUT", body }),
        giveFeedback: (body, idempotencyKey) => weights("/me/feedback", { method: "POST", body, idempotencyKey }),
        weights: () => weights("/me/weights"),
    };
}
