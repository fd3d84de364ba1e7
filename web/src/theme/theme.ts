/*
 * Text size and colours, as this device has chosen them. Both stand as attributes on <html>, where tokens.css reads
 * them.
 */
import { useSyncExternalStore } from "react";

export const TEXT_SIZES = ["normal", "large", "larger"] as const;
export const SCHEMES = ["device", "dark", "light"] as const;
export type TextSize = (typeof TEXT_SIZES)[number];
export type Scheme = (typeof SCHEMES)[number];

export interface Theme {
    textSize: TextSize;
    scheme: Scheme;
}

const STORED = "porchlight.theme";
const CANVAS = { dark: "#0d1533", light: "#fbedcd" };
const deviceIsLight = window.matchMedia("(prefers-color-scheme: light)");
const watchers = new Set<() => void>();
let theme: Theme = read();

function read(): Theme {
    let saved: Partial<Theme> = {};
    try {
        saved = (JSON.parse(localStorage.getItem(STORED) ?? "null") ?? {}) as Partial<Theme>;
    } catch {
        /* A choice that cannot be read is no choice. */
    }
    return {
        textSize: TEXT_SIZES.find((it) => it === saved.textSize) ?? "normal",
        scheme: SCHEMES.find((it) => it === saved.scheme) ?? "device",
    };
}

function apply(): void {
    const light = theme.scheme === "light" || (theme.scheme === "device" && deviceIsLight.matches);
    const scheme = light ? "light" : "dark";
    document.documentElement.dataset["scheme"] = scheme;
    document.documentElement.dataset["textSize"] = theme.textSize;
    document.querySelector('meta[name="theme-color"]')?.setAttribute("content", CANVAS[scheme]);
}

export function startTheme(): void {
    apply();
    deviceIsLight.addEventListener("change", apply);
}

export function setTheme(change: Partial<Theme>): void {
    theme = { ...theme, ...change };
    apply();
    try {
        localStorage.setItem(STORED, JSON.stringify(theme));
    } catch {
        /* Then the choice lives as long as the page. */
    }
    watchers.forEach((it) => it());
}

export function useTheme(): Theme {
    return useSyncExternalStore(
        (changed) => {
            watchers.add(changed);
            return () => watchers.delete(changed);
        },
        () => theme,
    );
}
