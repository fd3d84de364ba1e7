/*
 * Counters as people speak of them: what one is called, how much one adds at a time, what comes next, and what a history
 * says day by day.
 */
import type { HistoryItem } from "../porchlight/index.ts";
import { words } from "../words.ts";

/* The server's limit: every client reads these exactly. */
export const COUNT_MAX = Number.MAX_SAFE_INTEGER;
const NAME_CHARS_MAX = 64;

export const STEPS = "steps";
export const WATER = "water";

const isKnown = (name: string): name is keyof typeof words.together.names => name in words.together.names;

/* "push-ups" is "Push ups". */
export function counterLabel(name: string): string {
    if (isKnown(name)) return words.together.names[name];
    const plain = name.replace(/[._-]+/g, " ").trim();
    return plain.charAt(0).toUpperCase() + plain.slice(1);
}

/* What stands beside the number: "steps together". */
export function counterTotal(name: string, value: number): string {
    return isKnown(name) ? words.together.totals[name](value) : words.together.total(counterLabel(name));
}

/* A name as the server takes it, from what a member typed: "Glasses of water!" is "glasses-of-water". */
export function counterName(typed: string): string {
    return typed
        .normalize("NFD")
        .replace(/\p{M}/gu, "")
        .toLowerCase()
        .replace(/[^a-z0-9._]+/g, "-")
        .replace(/^[-._]+|[-._]+$/g, "")
        .slice(0, NAME_CHARS_MAX);
}

/* What one press adds. */
export const presses = (name: string): number[] => (name === STEPS ? [100, 500, 1000] : [1, 5, 10]);

/* A number as it was typed, with or without what stands between its thousands; null when it is none. */
export function countOf(typed: string): number | null {
    const digits = typed.trim().replace(/(?<=\d)[.,\s](?=\d{3}(?!\d))/g, "");
    return /^\d+$/.test(digits) ? Number(digits) : null;
}

/* ---- milestones -------------------------------------------------------------------------------------------------- */

/* 1, 2.5 and 5 times a power of ten, from 10,000 up: what the server announces. */
const FIRST_MILESTONE = 10_000;

function* milestones(): Generator<number> {
    for (let ten = FIRST_MILESTONE; ten <= COUNT_MAX; ten *= 10) yield* [ten, 2.5 * ten, 5 * ten];
}

export function nextMilestone(value: number): number | null {
    for (const it of milestones()) if (it > value) return it;
    return null;
}

/* Those below a value, the highest last. */
export function reachedMilestones(value: number): number[] {
    const reached: number[] = [];
    for (const it of milestones()) {
        if (it > value) break;
        reached.push(it);
    }
    return reached;
}

/* ---- day by day -------------------------------------------------------------------------------------------------- */

export interface Day {
    /* Noon in the reader's time zone. */
    date: Date;
    added: number;
    /* The count at the end of the day. */
    total: number;
}

const noonOf = (time: string | number): Date => {
    const date = new Date(time);
    return new Date(date.getFullYear(), date.getMonth(), date.getDate(), 12);
};

const dayBefore = (date: Date): Date => new Date(date.getFullYear(), date.getMonth(), date.getDate() - 1, 12);

/* A new count is no day's loss: what was taken away by a reset or a correction is not said to be added or lost. */
const addedBy = (item: HistoryItem): number =>
    item.type === "increment" || item.type === "decrement" ? item.value - item.previousValue : 0;

/*
 * The last `count` days up to today, the oldest first, from a history that is newest first. `whole`: nothing is older
 * than it. A day that it may have begun in the middle of is left out, and so are days before the first number.
 */
export function daysOf(history: readonly HistoryItem[], whole: boolean, nowMs: number, count: number): Day[] {
    const oldest = history[history.length - 1];
    const newest = history[0];
    if (!oldest || !newest) return [];
    const firstMs = noonOf(oldest.timestamp).getTime();
    const days: Day[] = [];
    let total = newest.value;
    let at = 0;
    for (let date = noonOf(nowMs); days.length < count && date.getTime() >= firstMs; date = dayBefore(date)) {
        if (!whole && date.getTime() === firstMs && days.length > 0) break;
        const day: Day = { date, added: 0, total };
        for (; at < history.length; at += 1) {
            const item = history[at]!;
            /* A clock that is behind: the future is today. */
            if (noonOf(item.timestamp).getTime() < date.getTime()) break;
            day.added += addedBy(item);
            total = item.previousValue;
        }
        days.push(day);
    }
    return days.reverse();
}
