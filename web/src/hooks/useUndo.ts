/*
 * A button that takes back what was done a moment ago: there for ten seconds, and for as long as it has the focus, so
 * that it never vanishes under somebody's hand.
 */
import { useCallback, useEffect, useRef, useState } from "react";

export const UNDO_MS = 10_000;

export function useUndo() {
    /* When it was offered last; null: it is not. */
    const [offered, setOffered] = useState<number | null>(null);
    const over = useRef(false);
    const button = useRef<HTMLButtonElement>(null);
    const end = useCallback(() => setOffered(null), []);

    useEffect(() => {
        if (offered === null) return undefined;
        over.current = false;
        const timer = window.setTimeout(() => {
            over.current = true;
            if (document.activeElement !== button.current) end();
        }, UNDO_MS);
        return () => window.clearTimeout(timer);
    }, [offered, end]);

    return {
        offered: offered !== null,
        offer: () => setOffered(performance.now()),
        end,
        /* For the button. */
        button,
        blurred: () => {
            if (over.current) end();
        },
    };
}
