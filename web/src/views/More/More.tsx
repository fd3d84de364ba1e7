/*
 * What is needed now and then, one large row each: the places that a narrow screen has no room for in its bar.
 */
import { Icon, type IconName } from "../../components/Icon/Icon.tsx";
import type { Role } from "../../porchlight/index.ts";
import { words } from "../../words.ts";
import "./More.css";

function Place({ href, icon, title, about }: { href: string; icon: IconName; title: string; about: string }) {
    return (
        <li>
            <a className="more-place" href={href}>
                <span className="more-icon">
                    <Icon name={icon} />
                </span>
                <span className="more-words">
                    <strong>{title}</strong> <span>{about}</span>
                </span>
                <Icon name="next" />
            </a>
        </li>
    );
}

export function More({ role }: { role: Role }) {
    const { more, nav, corner } = words;
    return (
        <main className="page" id="main" tabIndex={-1}>
            <header className="page-head">
                <h1 tabIndex={-1}>{more.heading}</h1>
                <p>{more.intro}</p>
            </header>
            <ul className="more-places">
                <Place href="#/digest" icon="digest" title={nav.digest} about={more.digest} />
                {role !== "member" && (
                    <Place href="#/corner" icon="people" title={corner.view} about={more.corner} />
                )}
                {role === "admin" && <Place href="#/admin" icon="gauge" title={nav.admin} about={more.admin} />}
                <Place href="#/settings" icon="settings" title={nav.settings} about={more.settings} />
            </ul>
        </main>
    );
}
