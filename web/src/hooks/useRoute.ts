/*
 * Which view is shown, from the part of the address behind "#": it needs nothing from the server, and a notice's link
 * such as "/#/posts/12" leads straight here. Going back returns to where one was reading; going on starts at the top.
 */
import { useSyncExternalStore } from "react";

export type Route =
    | { view: "feed" }
    | { view: "post"; id: string }
    | { view: "together" }
    | { view: "chat"; channel: string | null; thread: string | null }
    | { view: "digest"; id: string | null }
    | { view: "notices" }
    | { view: "more" }
    | { view: "settings" }
    | { view: "corner" }
    | { view: "admin" }
    | { view: "join"; code: string }
    | { view: "unknown" };

export function parseRoute(hash: string): Route {
    const parts = hash.replace(/^#\/?/, "").split("/").filter(Boolean);
    let value: string;
    let second: string;
    try {
        value = decodeURIComponent(parts[1] ?? "");
        second = decodeURIComponent(parts[2] ?? "");
    } catch {
        return { view: "unknown" };
    }
    if (parts.length === 0) return { view: "feed" };
    if (parts.length === 2 && parts[0] === "posts") return { view: "post", id: value };
    if (parts.length === 2 && parts[0] === "join") return { view: "join", code: value };
    if (parts.length === 1 && parts[0] === "together") return { view: "together" };
    if (parts.length <= 3 && parts[0] === "chat") return { view: "chat", channel: value || null, thread: second || null };
    if (parts.length <= 2 && parts[0] === "digest") return { view: "digest", id: value || null };
    if (parts.length === 1 && parts[0] === "more") return { view: "more" };
    if (parts.length === 1 && parts[0] === "notices") return { view: "notices" };
    if (parts.length === 1 && parts[0] === "settings") return { view: "settings" };
    if (parts.length === 1 && parts[0] === "corner") return { view: "corner" };
    if (parts.length === 1 && parts[0] === "admin") return { view: "admin" };
    return { view: "unknown" };
}

export interface Place {
    route: Route;
    hash: string;
    /* Where to scroll to. */
    y: number;
}

const watchers = new Set<() => void>();
const scrolled = new Map<number, number>();
let entry = 0;
let entries = 0;
let place: Place = { route: parseRoute(location.hash), hash: location.hash, y: 0 };

/* Every entry of the history gets a number; one that already has a number is one that was gone back to. */
function numberOf(state: unknown): number | null {
    const value = typeof state === "object" && state !== null ? (state as { entry?: unknown }).entry : null;
    return typeof value === "number" ? value : null;
}

function moved(): void {
    scrolled.set(entry, window.scrollY);
    const known = numberOf(history.state);
    entry = known ?? ++entries;
    if (known === null) history.replaceState({ entry }, "");
    place = { route: parseRoute(location.hash), hash: location.hash, y: scrolled.get(entry) ?? 0 };
    watchers.forEach((it) => it());
}

export function startRoutes(): void {
    history.scrollRestoration = "manual";
    /* After a reload the numbers of before are worth nothing, but must not be given out again. */
    entry = entries = Date.now();
    history.replaceState({ entry }, "");
    window.addEventListener("hashchange", moved);
}

export function goTo(hash: string): void {
    if (location.hash !== hash) location.hash = hash;
}

export function usePlace(): Place {
    return useSyncExternalStore(
        (changed) => {
            watchers.add(changed);
            return () => watchers.delete(changed);
        },
        () => place,
    );
}
