/*
 * A pin or a word from the coach that came just now; a tap anywhere on it leads there. It stays until it is closed, or
 * for 20 seconds; while somebody points at it or has the focus in it, the time stands still. It is also in the list of
 * notices, so nothing is lost with it.
 */
import { useEffect, useRef, useState } from "react";
import { useFocusPast } from "../../hooks/useFocusPast.ts";
import { useArrivedNotice } from "../../hooks/useNotices.ts";
import type { Notice } from "../../porchlight/index.ts";
import { safeLink } from "../../text/link.ts";
import { noticeTitle } from "../../text/notice.ts";
import { words } from "../../words.ts";
import { announce } from "../Announcer/Announcer.tsx";
import { Icon } from "../Icon/Icon.tsx";
import "./Toast.css";

const SHOWN_MS = 20_000;

export function Toast() {
    const { notice, close } = useArrivedNotice();
    return notice && <Shown notice={notice} close={close} />;
}

function Shown({ notice, close }: { notice: Notice; close: () => void }) {
    const place = useRef<HTMLElement>(null);
    /* Where the focus was before it came here. */
    const before = useRef<HTMLElement | null>(null);
    const [held, setHeld] = useState(false);
    const left = useRef(SHOWN_MS);
    const { id } = notice;
    const title = noticeTitle(notice);
    useFocusPast(place, () => before.current);

    useEffect(() => {
        left.current = SHOWN_MS;
        setHeld(false);
        /* Not taken back when it closes: the notice is still there to be read. */
        announce(words.toast.say(title));
    }, [id, title]);

    useEffect(() => {
        if (held) return undefined;
        const began = performance.now();
        const timer = window.setTimeout(close, left.current);
        return () => {
            window.clearTimeout(timer);
            left.current = Math.max(0, left.current - (performance.now() - began));
        };
    }, [id, held, close]);

    const link = safeLink(notice.link) ?? "#/notices";
    return (
        <section
            className="toast"
            ref={place}
            aria-label={words.toast.label}
            onPointerEnter={() => setHeld(true)}
            onPointerLeave={() => setHeld(false)}
            onFocus={({ relatedTarget: from }) => {
                setHeld(true);
                if (from instanceof HTMLElement && !place.current?.contains(from)) before.current = from;
            }}
            onBlur={() => setHeld(false)}
            onKeyDown={(event) => {
                if (event.key === "Escape") close();
            }}
        >
            <span className="toast-icon">
                <Icon name={notice.kind === "pin" ? "pin" : "horn"} />
            </span>
            <div className="toast-words">
                <p className="toast-kicker">{words.toast.now}</p>
                <p className="toast-title">{title}</p>
                {notice.body && <p className="toast-body">{notice.body}</p>}
            </div>
            <div className="toast-actions">
                <a className="button button-plain toast-read" href={link} onClick={() => close()}>
                    {words.toast.read}
                </a>
                <button type="button" className="button button-quiet toast-close" onClick={() => close()}>
                    {words.toast.close}
                </button>
            </div>
        </section>
    );
}
