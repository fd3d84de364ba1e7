/*
 * "Coach Sarah and 12 others are active now", with a green dot. When somebody comes, a gold glow spreads from the dot
 * and ends by itself. Beside it one can cheer.
 */
import { useState } from "react";
import { useConnection } from "../../hooks/useConnection.tsx";
import { usePresence } from "../../hooks/usePresence.ts";
import type { User } from "../../porchlight/index.ts";
import { activeLine } from "../../text/active.ts";
import { words } from "../../words.ts";
import { Cheer } from "../Cheer/Cheer.tsx";
import "./ActiveNow.css";

export function ActiveNow({ user }: { user: User }) {
    const known = usePresence();
    const { state } = useConnection();
    /* Who was here before the network went is not who is here. */
    const presence = state === "offline" ? undefined : known;
    const count = presence?.count ?? 0;
    const [last, setLast] = useState({ count, glows: 0 });
    if (count !== last.count) setLast({ count, glows: last.glows + (count > last.count ? 1 : 0) });

    return (
        <div className="active-now">
            <span className={`active-dot${count > 0 ? " active-dot-on" : ""}`} aria-hidden="true">
                {last.glows > 0 && <span className="active-glow" key={last.glows} />}
            </span>
            <p>
                {presence
                    ? activeLine(presence, user)
                    : state === "offline" || state === "waiting"
                      ? words.active.unknown
                      : words.active.looking}
            </p>
            <Cheer />
        </div>
    );
}
