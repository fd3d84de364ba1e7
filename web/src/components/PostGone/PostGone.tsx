/*
 * What stands where a post was: that it is deleted, for a while with the way back, or that somebody took it away. The
 * card keeps its height when the way back ends, so that nothing moves by itself.
 */
import { useId, useRef, type RefObject } from "react";
import { useConnection } from "../../hooks/useConnection.tsx";
import { useLeftWithFocus } from "../../hooks/useFocusWithin.ts";
import { words } from "../../words.ts";
import { Button } from "../Button/Button.tsx";
import "./PostGone.css";

interface UndoProps {
    undo: () => void;
    describedBy: string;
    /* The button, or all of it, went with the focus on it. */
    leftWithFocus: () => void;
}

function Undo({ undo, describedBy, leftWithFocus }: UndoProps) {
    const place = useRef<HTMLSpanElement>(null);
    useLeftWithFocus(place, leftWithFocus);
    return (
        <span ref={place}>
            <Button icon="back" className="post-undo" aria-describedby={describedBy} onClick={undo} data-once>
                {words.post.undo}
            </Button>
        </span>
    );
}

interface PostGoneProps extends Omit<UndoProps, "describedBy"> {
    elementId: string;
    card: RefObject<HTMLElement>;
    /* Deleted on this device; else somebody else took it away. */
    deleted: boolean;
    /* The server has yet to hear of it. */
    pending: boolean;
    mayUndo: boolean;
}

export function PostGone({ elementId, card, deleted, pending, mayUndo, undo, leftWithFocus }: PostGoneProps) {
    const { state } = useConnection();
    const id = useId();
    useLeftWithFocus(card, leftWithFocus);
    const offline = pending && (state === "offline" || !navigator.onLine);
    if (!deleted) {
        return (
            <article className="post post-gone" id={elementId} ref={card} tabIndex={-1}>
                <p>{words.post.removed}</p>
            </article>
        );
    }
    return (
        <article className="post post-gone post-deleted" id={elementId} ref={card} tabIndex={-1} aria-labelledby={id}>
            <p id={id}>
                <strong>{words.post.deleted}</strong>{" "}
                <span className={mayUndo || offline ? "" : "post-gone-over"}>
                    {offline ? words.outbox.offline : words.post.undoFor}
                </span>
            </p>
            {mayUndo && <Undo undo={undo} describedBy={id} leftWithFocus={leftWithFocus} />}
        </article>
    );
}
