/*
 * Where one can go: a bar at the bottom of a phone, beside the name on a tablet, a column on a wide screen.
 */
import type { Route } from "../../hooks/useRoute.ts";
import type { Role } from "../../porchlight/index.ts";
import { words } from "../../words.ts";
import { Icon, type IconName } from "../Icon/Icon.tsx";
import "./Nav.css";

const MANY = 9;

interface NavProps {
    view: Route["view"];
    unread: number;
    role: Role;
}

export function Nav({ view, unread, role }: NavProps) {
    const { nav } = words;
    const item = (to: Route["view"], href: string, icon: IconName, label: string, count = 0) => (
        <li>
            <a className="nav-item" href={href} aria-current={view === to ? "page" : undefined}>
                <Icon name={icon} />
                {label}
                {count > 0 && (
                    <span className="nav-count" aria-hidden="true">
                        {count > MANY ? nav.manyUnread : count}
                    </span>
                )}
                {count > 0 && <span className="unseen">({nav.unread(count)})</span>}
            </a>
        </li>
    );
    return (
        <nav className="nav" aria-label={nav.label}>
            <ul>
                {item("feed", "#/", "home", nav.home)}
                {item("notices", "#/notices", "bell", nav.notices, unread)}
                {role !== "member" && item("corner", "#/corner", "people", nav.corner)}
                {role === "admin" && item("admin", "#/admin", "gauge", nav.admin)}
                {item("settings", "#/settings", "settings", nav.settings)}
            </ul>
        </nav>
    );
}
