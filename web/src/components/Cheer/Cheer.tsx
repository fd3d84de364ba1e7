/*
 * The Cheer button and its five icons. Its place is kept when nobody can cheer, so that nothing moves when it comes.
 * The icons stay open for another cheer; Escape, a press elsewhere or the button closes them.
 */
import { useEffect, useId, useRef, useState } from "react";
import { CHEER_ICONS } from "../../hooks/cheers.ts";
import { useCheers } from "../../hooks/useCheers.ts";
import { PorchlightError } from "../../porchlight/index.ts";
import { words } from "../../words.ts";
import { Icon } from "../Icon/Icon.tsx";
import { Problem } from "../States/States.tsx";
import "./Cheer.css";

function problemOf(error: unknown): string {
    if (!(error instanceof PorchlightError)) return words.cheer.failed;
    if (error.kind === "limited") return words.cheer.fast;
    return error.kind === "refused" ? words.cheer.off : words.cheer.failed;
}

function Icons({ id }: { id: string }) {
    const { send, sending, sent, error } = useCheers();
    const { cheer } = words;
    return (
        <div className="cheer-panel" id={id} role="group" aria-label={cheer.panel}>
            <p className="cheer-heading" role="status">
                {sent ? cheer.sent(cheer.gifts[sent]) : cheer.panel}
            </p>
            <div className="cheer-icons">
                {CHEER_ICONS.map((icon) => (
                    <button
                        key={icon}
                        type="button"
                        className="cheer-icon"
                        aria-disabled={sending || undefined}
                        onClick={() => {
                            if (!sending) send(icon);
                        }}
                    >
                        <Icon name={icon} />
                        {cheer.icons[icon]}
                    </button>
                ))}
            </div>
            {error && <Problem>{problemOf(error)}</Problem>}
        </div>
    );
}

export function Cheer() {
    const { possible } = useCheers();
    const [open, setOpen] = useState(false);
    const place = useRef<HTMLDivElement>(null);
    const opener = useRef<HTMLButtonElement>(null);
    const id = useId();

    useEffect(() => {
        if (!open) return undefined;
        const pressed = (event: KeyboardEvent): void => {
            if (event.key !== "Escape") return;
            setOpen(false);
            opener.current?.focus();
        };
        const elsewhere = (event: Event): void => {
            if (event.target instanceof Node && !place.current?.contains(event.target)) setOpen(false);
        };
        document.addEventListener("keydown", pressed);
        document.addEventListener("pointerdown", elsewhere);
        document.addEventListener("focusin", elsewhere);
        return () => {
            document.removeEventListener("keydown", pressed);
            document.removeEventListener("pointerdown", elsewhere);
            document.removeEventListener("focusin", elsewhere);
        };
    }, [open]);

    return (
        <div className="cheer" ref={place}>
            {possible && (
                <button
                    type="button"
                    className="cheer-open"
                    ref={opener}
                    aria-expanded={open}
                    aria-controls={open ? id : undefined}
                    onClick={() => setOpen(!open)}
                >
                    <Icon name="heart" solid />
                    {words.cheer.open}
                </button>
            )}
            {possible && open && <Icons id={id} />}
        </div>
    );
}
