/*
 * What is known of digest jobs, and how news changes it. Pure work on the query cache, as in cache.ts.
 */
import type { QueryClient } from "@tanstack/react-query";
import type { Digest, DigestHead, DigestMoved } from "../porchlight/index.ts";
import { keys } from "./keys.ts";

export const isOver = ({ status }: Pick<DigestHead, "status">): boolean =>
    status === "completed" || status === "failed";

/* How far a job is. The end brings more than fits in here: it is asked for. */
export function applyDigest(cache: QueryClient, { jobId, status, progress, currentStep }: DigestMoved): void {
    const moved = <T extends DigestHead>(job: T): T =>
        job.id !== jobId || isOver(job) ? job : { ...job, status, progress, currentStep };
    const known = cache.getQueryData<DigestHead[]>(keys.digests);
    cache.setQueryData<DigestHead[]>(keys.digests, (list) => list?.map(moved));
    cache.setQueryData<Digest>(keys.digest(jobId), (job) => job && moved(job));
    const isNew = known !== undefined && !known.some((it) => it.id === jobId);
    if (isNew || isOver({ status })) void cache.invalidateQueries({ queryKey: keys.digests });
    if (isOver({ status })) void cache.invalidateQueries({ queryKey: keys.digest(jobId) });
}
