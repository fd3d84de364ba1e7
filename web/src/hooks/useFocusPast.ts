/*
 * Where the focus goes when what has it leaves the page: to what comes after, or to what `back` names. Left alone it
 * would fall to the top of the page, and who goes by keyboard or listens would have lost their place.
 */
import { useLayoutEffect, useRef, type RefObject } from "react";

const REACHED = "a[href], button, input, select, textarea, article[tabindex]";

function reachedAfter(element: Element): HTMLElement[] {
    const follows = (it: Element): boolean =>
        !element.contains(it) && (element.compareDocumentPosition(it) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
    return [...document.querySelectorAll<HTMLElement>(REACHED)].filter(follows);
}

/* `place` is the outermost element of the component that calls this. */
export function useFocusPast(place: RefObject<HTMLElement>, back?: () => HTMLElement | null): void {
    const backNow = useRef(back);
    backNow.current = back;
    useLayoutEffect(
        () => () => {
            /* It is still on the page at this moment. */
            const element = place.current;
            if (!element?.contains(document.activeElement)) return;
            const wanted = [backNow.current?.(), ...reachedAfter(element), document.querySelector<HTMLElement>("h1")];
            queueMicrotask(() => {
                /* Who took it away may have put the focus somewhere; what cannot be seen does not take it. */
                for (const it of wanted) {
                    if (document.activeElement !== document.body) return;
                    if (it?.isConnected) it.focus({ preventScroll: true });
                }
            });
        },
        [place],
    );
}
