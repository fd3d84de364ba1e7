/*
 * Everything that a catalogue can say, for tests: what is no function as it is, and each function called with whatever
 * fits it.
 */

/* Values that a sentence may be given. Where one does not fit, it makes no sentence. */
const misfit = {
    toString: () => {
        throw new Error("not a part of a sentence");
    },
};
const SAMPLES: unknown[] = [
    ...[0, 1, 12, 1234],
    "Sarah",
    true,
    Object.assign(new Date(2026, 10, 20, 15, 30), misfit),
    Object.assign(["Coach Sarah", "12"], misfit),
];

type Say = (...values: unknown[]) => string | string[];

function sayings(say: Say, values: unknown[] = []): Map<string, string[]> {
    if (values.length < say.length) {
        return new Map(SAMPLES.flatMap((it) => [...sayings(say, [...values, it])]));
    }
    try {
        const said = [say(...values)].flat();
        const sound = said.every((it) => typeof it === "string" && !/undefined|NaN|\[object/.test(it));
        return new Map(sound ? [[values.map((it) => SAMPLES.indexOf(it)).join(), said]] : []);
    } catch {
        return new Map();
    }
}

export interface Entry {
    path: string;
    /* How it was said: with which samples, and which of several sentences; "" for what is no function. */
    how: string;
    text: string;
}

export function entries(part: unknown, path = ""): Entry[] {
    if (typeof part === "string") return [{ path, how: "", text: part }];
    if (typeof part === "function") {
        const said = sayings(part as Say);
        if (said.size === 0) throw new Error(`${path}: no sample fits`);
        return [...said].flatMap(([how, texts]) => texts.map((text, i) => ({ path, how: `${how}#${i}`, text })));
    }
    return Object.entries(part as object).flatMap(([name, it]) => entries(it, path ? `${path}.${name}` : name));
}
