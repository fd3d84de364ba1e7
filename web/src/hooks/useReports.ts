/*
 * Reports: sending one, and what waits for who leads a team.
 */
import { useMutation, useQuery } from "@tanstack/react-query";
import { newIdempotencyKey, type ReportDecision, type ReportNew } from "../porchlight/index.ts";
import { allPages } from "./allPages.ts";
import { putPosts } from "./cache.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";

export function useReport() {
    const { api } = useClient();
    return useMutation({ mutationFn: (report: ReportNew) => api.report(report, newIdempotencyKey()) });
}

export function useReports() {
    const { api, queryClient } = useClient();
    const list = useQuery({
        queryKey: keys.reports,
        queryFn: () => allPages((page) => api.reports(page)),
        /* No news tells of reports: each visit asks. */
        staleTime: 0,
    });
    const decide = useMutation({
        mutationFn: ({ id, decision }: { id: string } & ReportDecision) => api.decideReport(id, decision),
        onSettled: () => queryClient.invalidateQueries({ queryKey: keys.reports }),
    });
    return { list, decide };
}

/* What was hidden by mistake is for everybody again. */
export function useShowAgain(postId: string) {
    const { api, queryClient } = useClient();
    return useMutation({
        mutationFn: () => api.setPostHidden(postId, false),
        onSuccess: (post) => putPosts(queryClient, [post]),
    });
}
