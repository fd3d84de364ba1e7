/*
 * What the client needs from the page around it: is it visible, is the network there, time and chance. A test hands in
 * its own; a program without a page (Node) gets one that is always visible.
 */

export interface Environment {
    visible(): boolean;
    online(): boolean;
    /* Calls back when one of the two may have changed; answers how to stop that. */
    watch(changed: () => void): () => void;
    /* Calls back when the page is about to go. */
    watchLeaving(leaving: () => void): () => void;
    setTimer(run: () => void, ms: number): number;
    clearTimer(timer: number): void;
    random(): number;
    nowMs(): number;
}

export function browserEnvironment(): Environment {
    const hasPage = typeof document !== "undefined" && typeof window !== "undefined";
    return {
        visible: () => !hasPage || document.visibilityState !== "hidden",
        online: () => !hasPage || navigator.onLine !== false,
        watch: (changed) => {
            if (!hasPage) return () => undefined;
            document.addEventListener("visibilitychange", changed);
            for (const name of ["online", "offline", "pageshow"]) window.addEventListener(name, changed);
            return () => {
                document.removeEventListener("visibilitychange", changed);
                for (const name of ["online", "offline", "pageshow"]) window.removeEventListener(name, changed);
            };
        },
        watchLeaving: (leaving) => {
            if (!hasPage) return () => undefined;
            window.addEventListener("pagehide", leaving);
            return () => window.removeEventListener("pagehide", leaving);
        },
        setTimer: (run, ms) => setTimeout(run, ms) as unknown as number,
        clearTimer: (timer) => clearTimeout(timer),
        random: Math.random,
        nowMs: Date.now,
    };
}
