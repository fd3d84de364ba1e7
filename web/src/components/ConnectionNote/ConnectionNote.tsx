/*
 * The truth when the server cannot be reached: what still works, and what will happen. And, when all is well, that there
 * is a newer version of the app: it is loaded when the member wants it.
 */
import { useEffect, useRef, useState } from "react";
import { useConnection } from "../../hooks/useConnection.tsx";
import { useFocusPast } from "../../hooks/useFocusPast.ts";
import { useNewerVersion } from "../../shell.ts";
import { words } from "../../words.ts";
import { announce } from "../Announcer/Announcer.tsx";
import { Button } from "../Button/Button.tsx";
import { Icon } from "../Icon/Icon.tsx";
import "./ConnectionNote.css";

/* One lost poll is not worth a word: most come back with the next. */
const PATIENCE_MS = 5_000;

function Newer({ later }: { later: () => void }) {
    const place = useRef<HTMLParagraphElement>(null);
    useFocusPast(place);
    return (
        <p ref={place}>
            <Icon name="star" />
            <span>{words.version.newer}</span>
            <Button onClick={() => location.reload()}>{words.version.load}</Button>
            <Button look="quiet" onClick={later}>
                {words.version.later}
            </Button>
        </p>
    );
}

export function ConnectionNote() {
    const { state } = useConnection();
    const newer = useNewerVersion();
    const [later, setLater] = useState(false);
    const [patient, setPatient] = useState(true);

    useEffect(() => {
        setPatient(true);
        if (state !== "waiting") return undefined;
        const timer = window.setTimeout(() => setPatient(false), PATIENCE_MS);
        return () => window.clearTimeout(timer);
    }, [state]);

    const text =
        state === "offline" ? words.status.offline : state === "waiting" && !patient ? words.status.waiting : "";
    const offersNewer = !text && newer && !later;
    const said = text || (offersNewer ? words.version.newer : "");
    useEffect(() => (said ? announce(said) : undefined), [said]);

    if (!said) return null;
    return (
        <aside className="connection-note" aria-label={words.status.label}>
            {text && (
                <p>
                    <Icon name="cloud" />
                    <span>{text}</span>
                </p>
            )}
            {offersNewer && <Newer later={() => setLater(true)} />}
        </aside>
    );
}
