/*
 * Deleting a message. Nothing is sent for ten seconds, so that it can be taken back; who leaves the chat meanwhile means
 * it.
 */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { UNDO_MS } from "../../hooks/useUndo.ts";

export interface MessageDeletion {
    /* What is on its way out, and may come back. */
    going: ReadonlySet<string>;
    failed: ReadonlySet<string>;
    remove(id: string): void;
    undo(id: string): void;
}

const without = (set: ReadonlySet<string>, id: string): ReadonlySet<string> => new Set([...set].filter((it) => it !== id));
const withOne = (set: ReadonlySet<string>, id: string): ReadonlySet<string> => new Set([...set, id]);

export function useMessageDeletion(send: (id: string) => Promise<boolean>): MessageDeletion {
    const [going, setGoing] = useState<ReadonlySet<string>>(new Set());
    const [failed, setFailed] = useState<ReadonlySet<string>>(new Set());
    const timers = useRef(new Map<string, number>());
    const latest = useRef(send);
    latest.current = send;

    const carryOut = useCallback((id: string): void => {
        window.clearTimeout(timers.current.get(id));
        timers.current.delete(id);
        /* From here on it cannot be taken back. */
        setGoing((it) => without(it, id));
        void latest.current(id).then((done) => {
            if (!done) setFailed((it) => withOne(it, id));
        });
    }, []);

    useEffect(() => {
        const all = (): void => [...timers.current.keys()].forEach(carryOut);
        window.addEventListener("pagehide", all);
        return () => {
            window.removeEventListener("pagehide", all);
            all();
        };
    }, [carryOut]);

    return useMemo(
        () => ({
            going,
            failed,
            remove: (id) => {
                setFailed((it) => without(it, id));
                setGoing((it) => withOne(it, id));
                timers.current.set(id, window.setTimeout(() => carryOut(id), UNDO_MS));
            },
            undo: (id) => {
                if (!timers.current.has(id)) return;
                window.clearTimeout(timers.current.get(id));
                timers.current.delete(id);
                setGoing((it) => without(it, id));
            },
        }),
        [going, failed, carryOut],
    );
}
