/*
 * The app on the device: starts the service worker (worker/worker.ts) and learns when it has kept a newer version. The
 * page that is open goes on with its own version; the newer one is shown when the member asks for it, or next time.
 */
import { useSyncExternalStore } from "react";

/* A page that stays open for days asks for a newer version when it is looked at again, at most this often. */
const LOOK_MS = 3_600_000;

const watchers = new Set<() => void>();
let newer = false;

async function start(): Promise<void> {
    const { serviceWorker } = navigator;
    /* The first worker of all takes a page over as well: that is no newer version. */
    let before = serviceWorker.controller;
    serviceWorker.addEventListener("controllerchange", () => {
        newer = newer || before !== null;
        before = serviceWorker.controller;
        watchers.forEach((it) => it());
    });
    await serviceWorker.register("/sw.js");
    let lookedAt = performance.now();
    document.addEventListener("visibilitychange", () => {
        if (document.hidden || performance.now() - lookedAt < LOOK_MS) return;
        lookedAt = performance.now();
        void serviceWorker.ready.then((it) => it.update()).catch(() => undefined);
    });
}

/* After the first load, so that the member's own view comes first. Without a worker the app works, but not offline. */
export function startShell(): void {
    if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
    window.addEventListener("load", () => void start().catch(() => undefined), { once: true });
}

export function useNewerVersion(): boolean {
    return useSyncExternalStore(
        (changed) => {
            watchers.add(changed);
            return () => watchers.delete(changed);
        },
        () => newer,
    );
}
