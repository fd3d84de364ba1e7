/*
 * What was done a moment ago and can be taken back: for ten seconds, and for as long as the focus is on the button that
 * does it, which must not vanish under a finger or a key.
 */
import { useCallback, useEffect, useRef, useState } from "react";

export const UNDO_MS = 10_000;

export function useUndo<T>() {
    const [held, setHeld] = useState<{ what: T } | null>(null);
    const [over, setOver] = useState(false);
    const button = useRef<HTMLButtonElement>(null);

    useEffect(() => {
        if (!held) return undefined;
        const timer = window.setTimeout(() => {
            setOver(true);
            if (document.activeElement !== button.current) setHeld(null);
        }, UNDO_MS);
        return () => window.clearTimeout(timer);
    }, [held]);

    return {
        /* null: there is nothing to take back. */
        held: held && held.what,
        offer: useCallback((what: T) => {
            setOver(false);
            setHeld({ what });
        }, []),
        end: useCallback(() => setHeld(null), []),
        /* For the button. */
        button,
        left: useCallback(() => {
            if (over) setHeld(null);
        }, [over]),
    };
}
