/*
 * What the server counts, read anew while somebody looks at the page. A rate needs two readings.
 */
import { useQuery } from "@tanstack/react-query";
import type { Metrics } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";

/* Often enough to see what a switch does, seldom enough to cost nothing. */
export const FIGURES_MS = 3_000;

export interface Figures {
    here: number;
    sockets: number;
    pollsPerSecond: number | null;
    flushes: number;
    likesWaiting: number;
    memoryBytes: number;
    startedAt: string;
}

const POLLS = ["/changes", "/presence", "/posts/new-count"];

const pollsOf = (metrics: Metrics): number =>
    POLLS.reduce(
        (sum, route) => sum + (metrics.sum("porchlight_http_requests_total", { method: "GET", route }) ?? 0),
        0,
    );

interface Reading {
    figures: Figures;
    polls: number;
    atMs: number;
}

export function readFigures(metrics: Metrics, atMs: number, before: Reading | undefined): Reading {
    const figure = (name: string): number => metrics.sum(name) ?? 0;
    const polls = pollsOf(metrics);
    const startedAt = new Date(figure("process_start_time_seconds") * 1000).toISOString();
    /* A server that started anew counts from 0. */
    const comparable = before !== undefined && before.figures.startedAt === startedAt && atMs > before.atMs;
    return {
        polls,
        atMs,
        figures: {
            here: figure("porchlight_presence_people"),
            sockets: figure("porchlight_sockets"),
            pollsPerSecond: comparable ? ((polls - before.polls) * 1000) / (atMs - before.atMs) : null,
            flushes: figure("porchlight_like_flushes_total"),
            likesWaiting: figure("porchlight_likes_waiting"),
            memoryBytes: figure("process_resident_memory_bytes"),
            startedAt,
        },
    };
}

export function useFigures() {
    const { api, queryClient } = useClient();
    const reading = useQuery({
        queryKey: keys.figures,
        queryFn: async () => {
            const before = queryClient.getQueryData<Reading>(keys.figures);
            return readFigures(await api.metrics(), performance.now(), before);
        },
        staleTime: 0,
        /* Only while the page is seen: TanStack Query stops it in a hidden tab. */
        refetchInterval: FIGURES_MS,
    });
    return {
        figures: reading.data?.figures,
        loading: reading.isPending,
        error: reading.error,
        retry: () => void reading.refetch(),
    };
}
