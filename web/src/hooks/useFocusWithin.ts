/*
 * Moves the focus within a card, once what it goes to is there.
 */
import { useLayoutEffect, useRef, type RefObject } from "react";

export function useFocusWithin<T extends HTMLElement = HTMLElement>() {
    const card = useRef<T>(null);
    const wanted = useRef<string | null>(null);
    useLayoutEffect(() => {
        const { current: whole } = card;
        if (wanted.current === null || !whole) return;
        const isWhole = whole.matches(wanted.current);
        const target = isWhole ? whole : whole.querySelector<HTMLElement>(wanted.current);
        if (!target) return;
        wanted.current = null;
        target.focus({ preventScroll: isWhole });
    });
    return {
        card,
        /* A selector: the card itself or something in it. */
        focusNext: (selector: string) => {
            wanted.current = selector;
        },
    };
}

/* Calls `left` when what it stands in goes with the focus in `place`. */
export function useLeftWithFocus(place: RefObject<HTMLElement>, left: () => void): void {
    const leftNow = useRef(left);
    leftNow.current = left;
    useLayoutEffect(() => {
        const element = place.current;
        return () => {
            if (element?.contains(document.activeElement)) leftNow.current();
        };
    }, [place]);
}
