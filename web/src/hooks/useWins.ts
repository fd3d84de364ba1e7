/*
 * Good news from all teams, for the line on top of the feed: the newest few, and whether the member has put the line
 * away for today.
 */
import { useState } from "react";
import type { Notice } from "../porchlight/index.ts";
import { useNotices } from "./useNotices.ts";

/* More would be a list, and that one has a view of its own. */
const WINS_MAX = 3;
/* Older news is no news. */
const WINS_MS = 30 * 24 * 3600 * 1000;

const AWAY = "porchlight.winsAway.";
const today = (): string => new Date().toDateString();

function readAway(userId: string): boolean {
    try {
        return localStorage.getItem(AWAY + userId) === today();
    } catch {
        return false;
    }
}

export function newestWins(notices: Notice[], nowMs: number): Notice[] {
    const since = new Date(nowMs - WINS_MS).toISOString();
    return notices.filter((it) => it.kind === "win" && it.createdAt > since).slice(0, WINS_MAX);
}

export function useWins(userId: string) {
    const { items, loading } = useNotices(userId);
    const [now] = useState(Date.now);
    /* Asked once: the line neither comes nor goes by itself while one reads. */
    const [away, setAway] = useState(() => readAway(userId));
    return {
        wins: newestWins(items, now),
        loading,
        away,
        putAway: () => {
            setAway(true);
            try {
                localStorage.setItem(AWAY + userId, today());
            } catch {
                /* Then it is back with the next page. */
            }
        },
    };
}
