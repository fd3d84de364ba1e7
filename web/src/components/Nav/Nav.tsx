/*
 * Where one can go. A wide screen has room for every place, in a column. Elsewhere the four that are used daily stand in
 * a row (on a phone at the bottom, where thumbs are), and what is needed now and then is behind "More", beside the name.
 */
import type { Route } from "../../hooks/useRoute.ts";
import type { Role } from "../../porchlight/index.ts";
import { unreadBadge } from "../../text/unread.ts";
import { words } from "../../words.ts";
import { Icon, type IconName } from "../Icon/Icon.tsx";
import "./Nav.css";

type To = Route["view"];

/* What "More" leads to. */
const BEHIND: readonly To[] = ["digest", "corner", "admin", "settings"];

interface ItemProps {
    href: string;
    icon: IconName;
    label: string;
    current: boolean;
    /* How much is new there, and how that is said. */
    count?: number;
    said?: (count: number) => string;
}

function Item({ href, icon, label, current, count = 0, said }: ItemProps) {
    return (
        <a className="nav-item" href={href} aria-current={current ? "page" : undefined}>
            <Icon name={icon} />
            {label}
            {count > 0 && (
                <span className="nav-count" aria-hidden="true">
                    {unreadBadge(count)}
                </span>
            )}
            {count > 0 && <span className="unseen">({said?.(count)})</span>}
        </a>
    );
}

interface NavProps {
    view: To;
    unread: number;
    unreadMessages: number;
    role: Role;
}

export function Nav({ view, unread, unreadMessages, role }: NavProps) {
    const { nav } = words;
    const place = (to: To, icon: IconName, label: string) => ({
        href: to === "feed" ? "#/" : `#/${to}`,
        icon,
        label,
        current: view === to,
    });
    return (
        <nav className="nav" aria-label={nav.label}>
            <ul className="nav-daily">
                <li>
                    <Item {...place("feed", "home", nav.home)} />
                </li>
                <li>
                    <Item {...place("together", "steps", nav.together)} />
                </li>
                <li>
                    <Item {...place("chat", "speech", nav.chat)} count={unreadMessages} said={nav.unreadMessages} />
                </li>
                <li>
                    <Item {...place("notices", "bell", nav.notices)} count={unread} said={nav.unread} />
                </li>
            </ul>
            <ul className="nav-more">
                <li>
                    <Item {...place("more", "more", nav.more)} current={view === "more" || BEHIND.includes(view)} />
                </li>
            </ul>
            <ul className="nav-rest">
                <li>
                    <Item {...place("digest", "digest", nav.digest)} />
                </li>
                {role !== "member" && (
                    <li>
                        <Item {...place("corner", "people", nav.corner)} />
                    </li>
                )}
                {role === "admin" && (
                    <li>
                        <Item {...place("admin", "gauge", nav.admin)} />
                    </li>
                )}
                <li>
                    <Item {...place("settings", "settings", nav.settings)} />
                </li>
            </ul>
        </nav>
    );
}
