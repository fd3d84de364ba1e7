/*
 * On or off, with a sentence that says what it means.
 */
import { useId, type ReactNode } from "react";
import "./Switch.css";

interface SwitchProps {
    label: string;
    help?: string;
    on: boolean;
    turn: (on: boolean) => void;
    /* What went wrong with it. */
    children?: ReactNode;
}

export function Switch({ label, help, on, turn, children }: SwitchProps) {
    const id = useId();
    return (
        <div className="switch-row">
            <label className="switch">
                <input
                    type="checkbox"
                    role="switch"
                    checked={on}
                    aria-describedby={help ? id : undefined}
                    onChange={(event) => turn(event.target.checked)}
                />
                <span className="switch-track" aria-hidden="true" />
                <span>{label}</span>
            </label>
            {help && <p id={id}>{help}</p>}
            {children}
        </div>
    );
}
