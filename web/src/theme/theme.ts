/*
 * Text size, colours and motion, as this device has chosen them. They stand as attributes on <html>, where the style
 * sheets read them.
 */
export const TEXT_SIZES = ["normal", "large", "larger"] as const;
export const SCHEMES = ["device", "dark", "light"] as const;
export const MOTIONS = ["device", "calm"] as const;
export type Motion = (typeof MOTIONS)[number];
export type TextSize = (typeof TEXT_SIZES)[number];
export type Scheme = (typeof SCHEMES)[number];

export interface Theme {
    textSize: TextSize;
    scheme: Scheme;
    motion: Motion;
}

const STORED = "porchlight.theme";
const CANVAS = { dark: "#0d1533", light: "#fbedcd" };
const deviceIsCalm = window.matchMedia("(prefers-reduced-motion: reduce)");
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
        motion: MOTIONS.find((it) => it === saved.motion) ?? "device",
    };
}

function apply(): void {
    const light = theme.scheme === "light" || (theme.scheme === "device" && deviceIsLight.matches);
    const scheme = light ? "light" : "dark";
    document.documentElement.dataset["scheme"] = scheme;
    document.documentElement.dataset["textSize"] = theme.textSize;
    document.documentElement.dataset["motion"] = theme.motion;
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

/* Whether nothing may move: for what moves by more than a style sheet. */
export function isCalm(): boolean {
    return theme.motion === "calm" || deviceIsCalm.matches;
}

export const currentTheme = (): Theme => theme;

export function watchTheme(changed: () => void): () => void {
    watchers.add(changed);
    return () => watchers.delete(changed);
}
