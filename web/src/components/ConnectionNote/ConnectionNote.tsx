/*
 * The truth when the server cannot be reached: what still works, and what will happen.
 */
import { useEffect, useState } from "react";
import { useConnection } from "../../hooks/useConnection.tsx";
import { words } from "../../words.ts";
import { Icon } from "../Icon/Icon.tsx";
import "./ConnectionNote.css";

/* One lost poll is not worth a word: most come back with the next. */
const PATIENCE_MS = 5_000;

export function ConnectionNote() {
    const { state } = useConnection();
    const [patient, setPatient] = useState(true);

    useEffect(() => {
        setPatient(true);
        if (state !== "waiting") return undefined;
        const timer = window.setTimeout(() => setPatient(false), PATIENCE_MS);
        return () => window.clearTimeout(timer);
    }, [state]);

    const text =
        state === "offline" ? words.status.offline : state === "waiting" && !patient ? words.status.waiting : "";
    return (
        <div className="connection-note" role="status">
            {text && (
                <p>
                    <Icon name="cloud" />
                    <span>{text}</span>
                </p>
            )}
        </div>
    );
}
