/*
 * Where one is in a chat. Who reads stays where they are, whatever arrives; who is at the end follows what is new, unless
 * the focus is in the list, and no further than to its first when more came at once than there is room for. Older
 * messages come in above, and what one reads does not move.
 */
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";

/* This near to the end is at the end: about two lines. */
const NEAR_PX = 64;

const distance = (): number => document.documentElement.scrollHeight - window.scrollY - window.innerHeight;

const toEnd = (): void => window.scrollTo(0, document.documentElement.scrollHeight);

/* What is scrolled past has not been seen. */
function follow(firstNew: Element | null): void {
    if (firstNew && firstNew.getBoundingClientRect().top < distance()) firstNew.scrollIntoView({ block: "start" });
    else toEnd();
}

interface ScrollOptions {
    list: RefObject<HTMLElement>;
    /* Of the oldest and the newest message that is shown and has been sent. */
    firstId: string;
    lastId: string;
    /* The newest one's element. */
    lastElementId: string;
    /* Of the member's own that is under way: it is always followed. */
    ownId: string;
    /* What to begin with: a selector in the list, or null for the end. */
    beginAt: string | null;
    /* That is known. */
    mayBegin: boolean;
}

export function useScroll({ list, firstId, lastId, lastElementId, ownId, beginAt, mayBegin }: ScrollOptions) {
    /* null: nobody has looked yet. */
    const [atEnd, setAtEnd] = useState<boolean | null>(null);
    const end = useRef(true);
    const begun = useRef(false);
    const last = useRef<Element | null>(null);
    const kept = useRef<{ element: Element; top: number } | null>(null);

    const look = useCallback((): void => {
        if (!begun.current) return;
        end.current = distance() <= NEAR_PX;
        setAtEnd(end.current);
    }, []);

    useEffect(() => {
        window.addEventListener("scroll", look, { passive: true });
        window.addEventListener("resize", look);
        return () => {
            window.removeEventListener("scroll", look);
            window.removeEventListener("resize", look);
        };
    }, [look]);

    /* After the view has been scrolled to its top, as every view is. */
    useEffect(() => {
        if (begun.current) return;
        const begin = beginAt ? list.current?.querySelector(beginAt) : null;
        if (begin) begin.scrollIntoView({ block: "start" });
        else toEnd();
        begun.current = mayBegin;
        look();
        /* Once, and again when it is known where the new begins. */
    }, [mayBegin]);

    useLayoutEffect(() => {
        const before = last.current;
        last.current = document.getElementById(lastElementId);
        if (!begun.current) return;
        const reads = list.current?.contains(document.activeElement) ?? false;
        if (end.current && !reads) follow(before?.nextElementSibling ?? null);
        look();
    }, [lastId]);

    useLayoutEffect(() => {
        if (!begun.current || !ownId) return;
        toEnd();
        look();
    }, [ownId]);

    /* What grows by itself at the end, such as the line that says who has read it, does not leave the end behind. */
    useEffect(() => {
        const { current } = list;
        if (!current) return undefined;
        const observer = new ResizeObserver(() => {
            if (begun.current && end.current && !current.contains(document.activeElement)) toEnd();
        });
        observer.observe(current);
        return () => observer.disconnect();
    }, [list]);

    useLayoutEffect(() => {
        const { current: before } = kept;
        kept.current = null;
        if (!before?.element.isConnected) return;
        window.scrollBy(0, before.element.getBoundingClientRect().top - before.top);
        /* Reading goes on upward from here. */
        const above = before.element.previousElementSibling;
        if (above instanceof HTMLElement) above.focus({ preventScroll: true });
    }, [firstId]);

    return {
        atEnd,
        jump: toEnd,
        /* Before older ones come in above this element. */
        keep: (element: Element) => {
            kept.current = { element, top: element.getBoundingClientRect().top };
        },
    };
}
