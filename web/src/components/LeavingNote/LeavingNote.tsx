/*
 * At the door, for who has just signed out: the way back in, as long as there is one.
 */
import { useLeaving } from "../../hooks/useSignOut.ts";
import { words } from "../../words.ts";
import { Button } from "../Button/Button.tsx";
import { Problem } from "../States/States.tsx";
import "./LeavingNote.css";

export function LeavingNote() {
    const { leaving } = words;
    const { state, undo, tryAgain } = useLeaving();
    if (state === undefined || state === "sending") return null;
    return (
        <section className="leaving" aria-label={leaving.label}>
            {state === "undo" ? (
                <>
                    <p role="status">
                        <strong>{leaving.done}</strong> {leaving.undoFor}
                    </p>
                    <Button icon="back" onClick={undo}>
                        {leaving.undo}
                    </Button>
                </>
            ) : (
                <>
                    <Problem>{leaving.failed}</Problem>
                    <Button onClick={tryAgain}>{leaving.tryAgain}</Button>
                </>
            )}
        </section>
    );
}
