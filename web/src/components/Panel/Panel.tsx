/*
 * A part of a page that is about one thing, with a heading of its own.
 */
import { useId, type ReactNode } from "react";
import { Icon, type IconName } from "../Icon/Icon.tsx";
import "./Panel.css";

interface PanelProps {
    title: string;
    intro?: string;
    icon?: IconName;
    children: ReactNode;
}

export function Panel({ title, intro, icon, children }: PanelProps) {
    const id = useId();
    return (
        <section className="panel" aria-labelledby={id}>
            <header className="panel-head">
                <h2 id={id}>
                    {icon && <Icon name={icon} />}
                    {title}
                </h2>
                {intro && <p>{intro}</p>}
            </header>
            {children}
        </section>
    );
}

/* Says that something worked. Always on the page, so that a screen reader hears it change. */
export function Done({ children }: { children: ReactNode }) {
    return (
        <p className="panel-done" role="status">
            {children && (
                <>
                    <Icon name="check" />
                    <span>{children}</span>
                </>
            )}
        </p>
    );
}
