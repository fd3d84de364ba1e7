/*
 * Asks whether this device should tell of news while the app is closed: after a pin was seen, never at the first visit,
 * and on the way to another place, so that nothing moves under a finger. "Later" is a week, "No thanks" is for good.
 */
import { useEffect, useId, useState } from "react";
import { useClient } from "../../hooks/client.ts";
import { keepPush, putOff, readNote, wantsToBeAsked, writeNote } from "../../hooks/push.ts";
import { useArrivedNotice, useNotices } from "../../hooks/useNotices.ts";
import { usePushHere } from "../../hooks/usePush.ts";
import { words } from "../../words.ts";
import { announce } from "../Announcer/Announcer.tsx";
import { Button } from "../Button/Button.tsx";
import { Icon } from "../Icon/Icon.tsx";
import "./PushAsk.css";

/* Whose first visit this page is: they are not asked before the next one. */
const firstVisits = new Set<string>();

function useVisit(userId: string): void {
    const { api } = useClient();
    useEffect(() => {
        if (!readNote(userId).visited) firstVisits.add(userId);
        writeNote(userId, { visited: true });
        void keepPush(api, userId).catch(() => undefined);
    }, [api, userId]);
}

/* A pin is seen when it pops up, and in the list of notices. */
function usePinSeen(userId: string, view: string): void {
    const { notice } = useArrivedNotice();
    const { items } = useNotices(userId, view === "notices");
    const seen = notice?.kind === "pin" || (view === "notices" && items.some((it) => it.kind === "pin"));
    useEffect(() => {
        if (seen) writeNote(userId, { sawPin: true });
    }, [seen, userId]);
}

export function PushAsk({ userId, view }: { userId: string; view: string }) {
    const { push } = words;
    const { turn, busy, how } = usePushHere(userId);
    const [shown, setShown] = useState(false);
    const id = useId();
    useVisit(userId);
    usePinSeen(userId, view);

    useEffect(() => {
        if (view === "feed" || view === "notices") setShown(!firstVisits.has(userId) && wantsToBeAsked(userId));
        else setShown(false);
    }, [view, userId]);

    useEffect(() => {
        if (how === "on") announce(push.done);
    }, [how, push]);

    if (!shown) return null;
    const close = (): void => {
        setShown(false);
        document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    };
    const answered = how === "on" || how === "denied";
    return (
        <section className="push-ask" aria-labelledby={id}>
            <span className="push-ask-icon">
                <Icon name="bell" />
            </span>
            <div className="push-ask-words">
                <h2 id={id}>{how === "on" ? push.done : push.ask}</h2>
                <p>{how === "on" ? push.doneHelp : how === "denied" ? push.denied : push.askHelp}</p>
                {how === "failed" && <p role="alert">{push.failed}</p>}
            </div>
            <div className="push-ask-actions">
                {answered ? (
                    <Button look="main" autoFocus onClick={close}>
                        {push.good}
                    </Button>
                ) : (
                    <>
                        <Button look="main" icon="bell" busy={busy} onClick={() => turn(true)}>
                            {busy ? words.loading : push.yes}
                        </Button>
                        <Button
                            onClick={() => {
                                putOff(userId);
                                close();
                            }}
                        >
                            {push.later}
                        </Button>
                        <Button
                            look="quiet"
                            onClick={() => {
                                writeNote(userId, { wish: "no" });
                                close();
                            }}
                        >
                            {push.no}
                        </Button>
                    </>
                )}
            </div>
        </section>
    );
}
