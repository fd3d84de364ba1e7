/*
 * The three things a view can say when it has nothing to show: it is coming, there is nothing, it did not come.
 */
import { useRef, type ReactNode } from "react";
import { useFocusPast } from "../../hooks/useFocusPast.ts";
import { problemSentence } from "../../text/problem.ts";
import { words } from "../../words.ts";
import { Button } from "../Button/Button.tsx";
import { Icon, type IconName } from "../Icon/Icon.tsx";
import "./States.css";

export function Loading({ children, cards = 0 }: { children: string; cards?: number }) {
    return (
        <div className="loading">
            <p className="loading-words" role="status">
                {children}
            </p>
            {Array.from({ length: cards }, (_, index) => (
                <div className="loading-card" key={index} aria-hidden="true">
                    <span className="loading-line loading-name" />
                    <span className="loading-line" />
                    <span className="loading-line" />
                    <span className="loading-line loading-short" />
                </div>
            ))}
        </div>
    );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
    return (
        <div className="state">
            <span className="state-icon">
                <Icon name={icon} />
            </span>
            <h2>{title}</h2>
            <div className="state-words">{children}</div>
        </div>
    );
}

export function Failed({ title, error, retry }: { title: string; error: unknown; retry?: () => void }) {
    const place = useRef<HTMLDivElement>(null);
    useFocusPast(place);
    return (
        <div className="state" role="alert" ref={place}>
            <span className="state-icon">
                <Icon name="cloud" />
            </span>
            <h2>{title}</h2>
            <p className="state-words">{problemSentence(error)}</p>
            {retry && (
                <Button look="main" onClick={retry}>
                    {words.status.tryAgain}
                </Button>
            )}
        </div>
    );
}

/* One sentence about what went wrong, beside the thing it went wrong with. */
export function Problem({ children }: { children: ReactNode }) {
    return (
        <p className="problem" role="alert">
            {children}
        </p>
    );
}
