/*
 * What a screen reader says about things that happened by themselves: politely, at most once in 30 seconds, and only
 * the newest. Nothing else on a page speaks by itself: other live regions (role="status", "alert") hold the answer to
 * what the member just did, which nobody should wait for, or say that something went wrong.
 */
import { useEffect, useRef, useState } from "react";

const PAUSE_MS = 30_000;

interface News {
    /* "" when it was taken back. */
    text: string;
    how: How;
}

/*
 * passing: said now or not at all, for it must not keep the reader waiting for news, nor take their place.
 * answer: to what the member just did, where no region of its own is there to say it. Said now, and news waits behind it.
 */
type How = "news" | "passing" | "answer";

const listeners = new Set<(news: News) => void>();

/* Answers how to take it back while it has not been said: when it is not true any more. */
export function announce(text: string, how: How = "news"): () => void {
    const news = { text, how };
    listeners.forEach((it) => it(news));
    return () => {
        news.text = "";
    };
}

export function Announcer() {
    /* Counted, so that the same words twice are said twice. */
    const [said, setSaid] = useState({ text: "", count: 0 });
    const waiting = useRef<News[]>([]);
    const saidAt = useRef(-Infinity);
    const timer = useRef(0);

    useEffect(() => {
        const say = (text: string): void => {
            setSaid(({ count }) => ({ text, count: count + 1 }));
            saidAt.current = performance.now();
        };
        const sayNext = (): void => {
            timer.current = 0;
            waiting.current = waiting.current.filter((it) => it.text);
            const newest = waiting.current.at(-1);
            if (!newest) return;
            const wait = saidAt.current + PAUSE_MS - performance.now();
            if (wait > 0) {
                timer.current = window.setTimeout(sayNext, wait);
                return;
            }
            waiting.current = [];
            say(newest.text);
        };
        const listener = (news: News): void => {
            if (news.how === "answer") {
                say(news.text);
                return;
            }
            if (news.how === "passing" && saidAt.current + PAUSE_MS > performance.now()) return;
            waiting.current.push(news);
            if (!timer.current) sayNext();
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
