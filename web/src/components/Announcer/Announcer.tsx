/*
 * What a screen reader says about things that happened by themselves: politely, at most once in 30 seconds, and only
 * the newest. Answers to what the member did are said where they are shown.
 */
import { useEffect, useRef, useState } from "react";

const PAUSE_MS = 30_000;
const listeners = new Set<(text: string, passing: boolean) => void>();

/* What is `passing` is said now or not at all: it must not keep the reader waiting for news, nor take their place. */
export function announce(text: string, passing = false): void {
    listeners.forEach((it) => it(text, passing));
}

export function Announcer() {
    /* Counted, so that the same words twice are said twice. */
    const [said, setSaid] = useState({ text: "", count: 0 });
    const next = useRef<string | null>(null);
    const saidAt = useRef(-Infinity);
    const timer = useRef(0);

    useEffect(() => {
        const say = (): void => {
            timer.current = 0;
            if (next.current === null) return;
            const text = next.current;
            setSaid(({ count }) => ({ text, count: count + 1 }));
            next.current = null;
            saidAt.current = performance.now();
        };
        const listener = (news: string, passing: boolean): void => {
            const wait = saidAt.current + PAUSE_MS - performance.now();
            if (passing && wait > 0) return;
            next.current = news;
            if (timer.current) return;
            if (wait <= 0) say();
            else timer.current = window.setTimeout(say, wait);
        };
        listeners.add(listener);
        return () => {
            listeners.delete(listener);
            window.clearTimeout(timer.current);
            timer.current = 0;
        };
    }, []);

    return (
        <div className="unseen" aria-live="polite" aria-atomic="true">
            <span key={said.count}>{said.text}</span>
        </div>
    );
}
