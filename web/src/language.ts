/*
 * Which language the app speaks: the one that was chosen on this device, or the first of the browser's that there is.
 *
 * English is part of the program. Another language is a file that comes before the first view is drawn, and its strings
 * take the places of the English ones inside `words`: so a component reads `words.feed.view` and needs no hook, no
 * provider, and does not know that there are languages. The price: what a module takes from `words` while it loads is
 * English for ever, unless it is a whole section (`const { feed } = words`); literals.test.ts sees to that. And another
 * choice shows after a reload.
 */
import { words, type Words } from "./words.ts";

export const LANGUAGES = ["en", "es"] as const;
export type Language = (typeof LANGUAGES)[number];

const STORED = "porchlight.language";
const isLanguage = (it: unknown): it is Language => LANGUAGES.some((known) => known === it);

export function languageOf(chosen: string | null, preferred: readonly string[]): Language {
    if (isLanguage(chosen)) return chosen;
    return preferred.map((it) => it.toLowerCase().split("-")[0]).find(isLanguage) ?? "en";
}

function stored(): string | null {
    try {
        return localStorage.getItem(STORED);
    } catch {
        /* A choice that cannot be read is no choice. */
        return null;
    }
}

/* Puts the strings of `from` in the places of those in `to`; the sections stay the objects that they are. */
function put(to: Record<string, unknown>, from: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(from)) {
        if (typeof value === "object" && value !== null && !Array.isArray(value)) {
            put(to[name] as Record<string, unknown>, value as Record<string, unknown>);
        } else to[name] = value;
    }
}

export function speak(catalogue: Words): void {
    put(words, catalogue);
}

export async function startLanguage(): Promise<void> {
    if (languageOf(stored(), navigator.languages) === "es") {
        try {
            speak((await import("./words.es.ts")).spanish);
        } catch {
            /* The file did not come: English is better than nothing. */
        }
    }
    document.documentElement.lang = words.language;
}

/* The language that is shown. */
export function language(): Language {
    return isLanguage(words.language) ? words.language : "en";
}

export function chooseLanguage(wanted: Language): void {
    if (wanted === language()) return;
    try {
        localStorage.setItem(STORED, wanted);
    } catch {
        /* A device that keeps nothing goes by what the browser prefers. */
    }
    location.reload();
}
