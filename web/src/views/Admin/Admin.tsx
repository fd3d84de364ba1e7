/*
 * For admins: the one switch there is with the numbers it changes beside it, teams, invites, backups, who did what, and
 * how the server is.
 */
import { Audit } from "./Audit.tsx";
import { Backups } from "./Backups.tsx";
import { Came } from "./Came.tsx";
import { Health } from "./Health.tsx";
import { Hour } from "./Hour.tsx";
import { Invites } from "./Invites.tsx";
import { LiveSwitch } from "./LiveSwitch.tsx";
import { Numbers } from "./Numbers.tsx";
import { Teams } from "./Teams.tsx";
import { words } from "../../words.ts";
import "./Admin.css";

export function Admin({ chooseTeam }: { chooseTeam: (id: string) => void }) {
    const { admin } = words;
    return (
        <main className="page" id="main" tabIndex={-1}>
            <header className="page-head">
                <h1 tabIndex={-1}>{admin.heading}</h1>
                <p>{admin.intro}</p>
            </header>
            <LiveSwitch />
            <Numbers />
            <Hour />
            <Came />
            <Teams chooseTeam={chooseTeam} />
            <Invites />
            <Backups />
            <Audit />
            <Health />
        </main>
    );
}
