/*
 * A pin or a word from the coach that came just now; a tap anywhere on it leads there. It stays until it is closed, or
 * for 20 seconds; while somebody points at it or has the focus in it, the time stands still. It is also in the list of
 * notices, so nothing is lost with it.
 */
import { useEffect, useRef, useState } from "react";
import { useArrivedNotice } from "../../hooks/useNotices.ts";
import { safeLink } from "../../text/link.ts";
import { noticeTitle } from "../../text/notice.ts";
import { words } from "../../words.ts";
import { announce } from "../Announcer/Announcer.tsx";
import { Icon } from "../Icon/Icon.tsx";
import "./Toast.css";

const SHOWN_MS = 20_000;

export function Toast() {
    const { notice, close } = useArrivedNotice();
    const [held, setHeld] = useState(false);
    const left = useRef(SHOWN_MS);
    const id = notice?.id;
    const title = notice && noticeTitle(notice);

    useEffect(() => {
        left.current = SHOWN_MS;
        setHeld(false);
        /* Not taken back when it closes: the notice is still there to be read. */
        if (title) announce(words.toast.say(title));
    }, [id, title]);

    useEffect(() => {
        if (!id || held) return undefined;
        const began = performance.now();
        const timer = window.setTimeout(close, left.current);
        return () => {
            window.clearTimeout(timer);
            left.current = Math.max(0, left.current - (performance.now() - began));
        };
    }, [id, held, close]);

    if (!notice) return null;
    const link = safeLink(notice.link) ?? "#/notices";
    return (
        <section
            className="toast"
            aria-label={words.toast.label}
            onPointerEnter={() => setHeld(true)}
            onPointerLeave={() => setHeld(false)}
            onFocus={() => setHeld(true)}
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
