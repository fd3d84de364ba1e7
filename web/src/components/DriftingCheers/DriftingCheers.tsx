/*
 * Cheers on their way up, over whatever page is open. They are only to be seen: nothing of them can be pressed, and a
 * screen reader hears who sent one when nothing else was said just now. Who wants no motion sees them stand.
 */
import { useEffect, useRef, useState } from "react";
import { cheerIconOf, type DriftingCheer } from "../../hooks/cheers.ts";
import { useDriftingCheers } from "../../hooks/useCheers.ts";
import { useMotion } from "../../hooks/useMotion.ts";
import { words } from "../../words.ts";
import { announce } from "../Announcer/Announcer.tsx";
import { Icon } from "../Icon/Icon.tsx";
import "./DriftingCheers.css";

function Drifting({ cheer }: { cheer: DriftingCheer }) {
    const moves = useMotion();
    const element = useRef<HTMLDivElement>(null);
    /* Without what moves it, it stands. */
    const [stands, setStands] = useState(false);
    const still = !moves || stands;

    useEffect(() => {
        if (still) return undefined;
        let stop: (() => void) | null = null;
        let gone = false;
        import("./drift.ts").then(
            ({ drift }) => {
                if (!gone && element.current) stop = drift(element.current);
            },
            () => setStands(true),
        );
        return () => {
            gone = true;
            stop?.();
        };
    }, [still]);

    return (
        <div
            className={`drifting${still ? " drifting-still" : ""}`}
            ref={element}
            style={{ left: `calc((100% - var(--drifting-width)) * ${cheer.place})` }}
        >
            <Icon name={cheerIconOf(cheer.icon)} solid />
            <span>{cheer.name}</span>
        </div>
    );
}

export function DriftingCheers({ userId }: { userId: string }) {
    const cheers = useDriftingCheers();
    const newest = cheers[cheers.length - 1];

    useEffect(() => {
        if (!newest || newest.userId === userId) return;
        announce(words.cheer.say(newest.name, words.cheer.gifts[cheerIconOf(newest.icon)]), "passing");
    }, [newest, userId]);

    return (
        <div className="drifting-cheers" aria-hidden="true">
            {cheers.map((cheer) => (
                <Drifting key={cheer.key} cheer={cheer} />
            ))}
        </div>
    );
}
