/*
 * The time, new every minute, from one timer for everybody who asks.
 */
import { useSyncExternalStore } from "react";

const MINUTE_MS = 60_000;
const watchers = new Set<() => void>();
let now = Date.now();
let timer = 0;

function watch(changed: () => void): () => void {
    if (watchers.size === 0) {
        now = Date.now();
        timer = window.setInterval(() => {
            now = Date.now();
            watchers.forEach((it) => it());
        }, MINUTE_MS);
    }
    watchers.add(changed);
    return () => {
        watchers.delete(changed);
        if (watchers.size === 0) window.clearInterval(timer);
    };
}

export function useNow(): number {
    return useSyncExternalStore(watch, () => now);
}
