/*
 * What a coach does for a team: tells it something, invites people, keeps order among the pins, sees who is new. An
 * admin does it for any team.
 */
import { useEffect } from "react";
import { Empty, Loading } from "../../components/States/States.tsx";
import { TeamPicker } from "../../components/TeamPicker/TeamPicker.tsx";
import type { TeamRef, User } from "../../porchlight/index.ts";
import { words } from "../../words.ts";
import { Announce } from "./Announce.tsx";
import { Invite } from "./Invite.tsx";
import { Members } from "./Members.tsx";
import { Pins } from "./Pins.tsx";
import { Queue } from "./Queue.tsx";
import "./Corner.css";

interface CornerProps {
    user: User;
    team: TeamRef;
    teams: TeamRef[];
    chooseTeam: (id: string) => void;
}

/* A team's id is its coach's user id. */
const ledBy = (user: User, teams: TeamRef[], team: TeamRef): TeamRef | undefined =>
    user.role === "admin" ? team : teams.find((it) => it.id === user.id);

function Parts({ user, team }: { user: User; team: TeamRef }) {
    return (
        <>
            <Announce user={user} team={team} />
            <Invite team={team} />
            <Pins />
            <Queue />
            <Members team={team} />
        </>
    );
}

export function Corner({ user, team, teams, chooseTeam }: CornerProps) {
    const { corner } = words;
    const led = ledBy(user, teams, team);
    const elsewhere = led !== undefined && led.id !== team.id;

    /* Going to one's corner is looking at one's own team. */
    useEffect(() => {
        if (elsewhere) chooseTeam(led.id);
    }, [elsewhere, led, chooseTeam]);

    return (
        <main className="page corner" id="main" tabIndex={-1}>
            <header className="page-head">
                <h1 tabIndex={-1}>{corner.heading}</h1>
                {led && <p>{corner.intro(led.name)}</p>}
            </header>
            {user.role === "admin" && teams.length > 1 && (
                <TeamPicker teams={teams} team={team} choose={chooseTeam} />
            )}
            {!led && (
                <Empty icon="people" title={corner.noTeam}>
                    <p>{corner.noTeamHelp}</p>
                </Empty>
            )}
            {elsewhere && <Loading cards={2}>{words.loading}</Loading>}
            {led && !elsewhere && <Parts key={team.id} user={user} team={team} />}
        </main>
    );
}
