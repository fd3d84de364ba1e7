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
    void keepUsed();
    let lookedAt = performance.now();
    document.addEventListener("visibilitychange", () => {
        if (document.hidden || performance.now() - lookedAt < LOOK_MS) return;
        lookedAt = performance.now();
        void serviceWorker.ready.then((it) => it.update()).catch(() => undefined);
    });
}

/* The files that came before there was a worker to keep them: a language, a view that was opened at once. */
const used = (): string[] => performance.getEntriesByType("resource").map((it) => new URL(it.name).pathname);

/* By then nobody waits for the first view any more, and who only had a look is gone. */
const REST_MS = 60_000;

async function keepUsed(): Promise<void> {
    const { active } = await navigator.serviceWorker.ready;
    active?.postMessage({ used: used() });
    setTimeout(() => whenIdle(() => active?.postMessage({ used: null })), REST_MS);
}

/* A page that is never idle gets it all the same. */
const IDLE_MS = 5_000;

/* Safari has no word for idle. */
const whenIdle = (then: () => void): void => {
    if ("requestIdleCallback" in window) requestIdleCallback(then, { timeout: IDLE_MS });
    else setTimeout(then, IDLE_MS);
};

/* When the member's own view has come and rests. Without a worker the app works, but not offline. */
export function startShell(): void {
    if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
    const begin = (): void => whenIdle(() => void start().catch(() => undefined));
    window.addEventListener("load", begin, { once: true });
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
