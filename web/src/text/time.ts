/*
 * A time as people say it: "5 minutes ago", "yesterday at 4:10 PM", "November 3".
 */
import { words } from "../words.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/* Calendar days between two moments in the reader's own time zone. Noon avoids the hour that clocks are set by. */
function daysBetween(earlier: Date, later: Date): number {
    const noon = (date: Date): number => new Date(date.getFullYear(), date.getMonth(), date.getDate(), 12).getTime();
    return Math.round((noon(later) - noon(earlier)) / (24 * HOUR_MS));
}

export function timeInWords(time: string, nowMs: number): string {
    const date = new Date(time);
    const ago = nowMs - date.getTime();
    if (Number.isNaN(ago)) return "";
    /* A device whose clock is behind must not read about the future. */
    if (ago < MINUTE_MS) return words.time.now;
    if (ago < HOUR_MS) return words.time.minutes(Math.floor(ago / MINUTE_MS));

    const now = new Date(nowMs);
    const days = daysBetween(date, now);
    if (days === 0) return words.time.hours(Math.floor(ago / HOUR_MS));
    if (days === 1) return words.time.yesterday(date);
    if (days < 7) return words.time.weekday(date);
    return date.getFullYear() === now.getFullYear() ? words.time.thisYear(date) : words.time.otherYear(date);
}
