/*
 * Who did what, the newest first, page by page; and the names for its ids, which it does not hold.
 */
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import type { AuditEntry } from "../porchlight/index.ts";
import { saveFile } from "../text/saveFile.ts";
import { allPages } from "./allPages.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";

const PAGE = 10;
const COLUMNS = ["at", "actorId", "action", "teamId", "subject", "subjectId", "detail"] as const;

/* As `porchlight audit --csv`, but the newest first. Times, ids and names of acts need no quotes; details may. */
export function csvOf(entries: AuditEntry[]): string {
    const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const row = (entry: AuditEntry): string => COLUMNS.map((it) => cell(entry[it] ?? "")).join(",");
    return [COLUMNS.join(","), ...entries.map(row), ""].join("\n");
}

export function useAudit() {
    const { api } = useClient();
    const pages = useInfiniteQuery({
        queryKey: keys.audit,
        queryFn: ({ pageParam }) => api.audit(pageParam, PAGE),
        initialPageParam: undefined as string | undefined,
        getNextPageParam: (last) => last.next ?? undefined,
        staleTime: 0,
    });
    const accounts = useQuery({
        queryKey: keys.accounts,
        queryFn: () => allPages((page) => api.accounts(page)),
        staleTime: 0,
    });
    const save = useMutation({
        mutationFn: () => allPages((page) => api.audit(page)),
        onSuccess: (entries) => saveFile("porchlight-audit.csv", "text/csv", csvOf(entries)),
    });
    const names = new Map(accounts.data?.map(({ id, name }) => [id, name]));
    return { pages, entries: pages.data?.pages.flatMap(({ items }) => items), names, save };
}
