/*
 * Whether things may move, as the device says. What CSS moves needs no question: base.css stands for it.
 */
import { useSyncExternalStore } from "react";

const still = window.matchMedia("(prefers-reduced-motion: reduce)");

function watch(changed: () => void): () => void {
    still.addEventListener("change", changed);
    return () => still.removeEventListener("change", changed);
}

export function useMotion(): boolean {
    return !useSyncExternalStore(watch, () => still.matches);
}
