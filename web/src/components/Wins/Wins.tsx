/*
 * A quiet line with good news from all teams. It shows the newest few one after another, once around, and rests; a
 * button, the pointer or the focus stops it earlier. The line keeps its height and its place whatever it says, so that
 * news moves nothing. Who wants no motion turns the pages by hand.
 */
import { useEffect, useRef, useState } from "react";
import { useFocusPast } from "../../hooks/useFocusPast.ts";
import { useMotion } from "../../hooks/useMotion.ts";
import { useWins } from "../../hooks/useWins.ts";
import type { Notice } from "../../porchlight/index.ts";
import { safeLink } from "../../text/link.ts";
import { words } from "../../words.ts";
import { announce } from "../Announcer/Announcer.tsx";
import { Icon, type IconName } from "../Icon/Icon.tsx";
import "./Wins.css";

/* Three lines, read slowly. */
const SHOWN_MS = 7_000;

function useTurning(count: number, newest: string | undefined) {
    const moves = useMotion();
    const [paused, setPaused] = useState(false);
    const [held, setHeld] = useState(false);
    const [turn, setTurn] = useState({ newest, steps: 0 });
    const rests = paused || held || !moves;
    /* News goes first, and once around begins again; what somebody looks at stays until they turn the page. */
    if (turn.newest !== newest) setTurn(({ steps }) => ({ newest, steps: rests && count > 1 ? steps + 1 : 0 }));
    const running = moves && !paused && count > 1 && turn.steps < count;

    useEffect(() => {
        if (!running || held) return undefined;
        const step = (): void => setTurn((it) => ({ ...it, steps: it.steps + 1 }));
        const timer = window.setTimeout(step, SHOWN_MS);
        return () => window.clearTimeout(timer);
    }, [running, held, turn]);

    return {
        index: count > 0 ? turn.steps % count : 0,
        running,
        hold: setHeld,
        pause: () => setPaused(true),
        next: () => {
            setPaused(true);
            setTurn((it) => ({ ...it, steps: it.steps + 1 }));
        },
    };
}

function useSaid(newest: Notice | undefined, loading: boolean): void {
    const [known, setKnown] = useState<string | null>(null);
    const id = newest?.id ?? "";
    const title = newest?.title;
    useEffect(() => {
        if (loading || known === id) return;
        /* What was there before is not news. */
        if (known !== null && title) announce(words.wins.say(title));
        setKnown(id);
    }, [id, title, known, loading]);
}

function Control({ icon, label, press }: { icon: IconName; label: string; press: () => void }) {
    return (
        <button type="button" className="wins-control" onClick={press}>
            <Icon name={icon} />
            <span>{label}</span>
        </button>
    );
}

export function Wins({ userId }: { userId: string }) {
    const { away, ...rest } = useWins(userId);
    return away ? null : <Line {...rest} />;
}

function Line({ wins, loading, putAway }: Omit<ReturnType<typeof useWins>, "away">) {
    const { index, running, hold, pause, next } = useTurning(wins.length, wins[0]?.id);
    const place = useRef<HTMLElement>(null);
    useSaid(wins[0], loading);
    useFocusPast(place);

    const win = wins[index];
    return (
        <section
            className="wins"
            ref={place}
            aria-label={words.wins.label}
            onPointerEnter={() => hold(true)}
            onPointerLeave={() => hold(false)}
            onFocus={() => hold(true)}
            onBlur={() => hold(false)}
        >
            <span className="wins-icon">
                <Icon name="star" solid />
            </span>
            {win ? (
                <a className="wins-text" href={safeLink(win.link) ?? "#/notices"}>
                    <span key={win.id}>
                        <strong>{win.title}</strong>
                        {win.body && <span className="wins-more"> {win.body}</span>}
                    </span>
                </a>
            ) : (
                <p className="wins-text">{!loading && words.wins.none}</p>
            )}
            <div className="wins-controls">
                {wins.length > 1 &&
                    (running ? (
                        <Control icon="pause" label={words.wins.pause} press={pause} />
                    ) : (
                        <Control icon="next" label={words.wins.next} press={next} />
                    ))}
                <Control icon="close" label={words.wins.close} press={putAway} />
            </div>
        </section>
    );
}
