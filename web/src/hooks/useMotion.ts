/*
 * Whether things may move, as the device says or its reader has chosen. What CSS moves needs no question: base.css stands
 * for it.
 */
import { useSyncExternalStore } from "react";
import { isCalm, watchTheme } from "../theme/theme.ts";

const still = window.matchMedia("(prefers-reduced-motion: reduce)");

function watch(changed: () => void): () => void {
    const stop = watchTheme(changed);
    still.addEventListener("change", changed);
    return () => {
        stop();
        still.removeEventListener("change", changed);
    };
}

export function useMotion(): boolean {
    return !useSyncExternalStore(watch, isCalm);
}
