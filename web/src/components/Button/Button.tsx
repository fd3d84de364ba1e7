/*
 * A button. main: the one thing to do here (64 px). plain: everything else (48 px). quiet: like plain, without an edge.
 */
import type { ButtonHTMLAttributes } from "react";
import { Icon, type IconName } from "../Icon/Icon.tsx";
import "./Button.css";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
    look?: "main" | "plain" | "quiet";
    icon?: IconName;
    /* Says so and takes no second press, and keeps the focus, which `disabled` would lose. */
    busy?: boolean;
}

export function Button({
    look = "plain",
    icon,
    busy = false,
    children,
    className = "",
    onClick,
    ...rest
}: ButtonProps) {
    return (
        <button
            type="button"
            className={`button button-${look} ${className}`}
            aria-disabled={busy || undefined}
            onClick={(event) => {
                if (busy) event.preventDefault();
                else onClick?.(event);
            }}
            {...rest}
        >
            {icon && <Icon name={icon} />}
            <span>{children}</span>
        </button>
    );
}
