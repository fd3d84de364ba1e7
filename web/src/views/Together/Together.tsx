/*
 * What the team counts together: one counter large, with its days and who added what, and the others beside it.
 */
import { useEffect, useRef, useState } from "react";
import { Empty, Failed, Loading } from "../../components/States/States.tsx";
import { TeamPicker } from "../../components/TeamPicker/TeamPicker.tsx";
import { useCounters } from "../../hooks/useCounters.ts";
import type { CounterMetadata, TeamRef, User } from "../../porchlight/index.ts";
import { STEPS } from "../../text/counters.ts";
import { words } from "../../words.ts";
import { MainCount, SmallCount } from "./Count.tsx";
import { StartCount } from "./StartCount.tsx";
import "./Together.css";

interface TogetherProps {
    user: User;
    team: TeamRef;
    teams: TeamRef[];
    chooseTeam: (id: string) => void;
}

/* Steps are what most teams count; else what is counted most. */
function firstOf(counters: CounterMetadata[]): string {
    if (counters.length === 0 || counters.some((it) => it.name === STEPS)) return STEPS;
    return [...counters].sort((a, b) => b.operationCount - a.operationCount)[0]!.name;
}

function Counts({ user, team, counters }: { user: User; team: TeamRef; counters: CounterMetadata[] }) {
    const { together } = words;
    const [chosen, setChosen] = useState<string | null>(null);
    const heading = useRef<HTMLHeadingElement>(null);
    const main = chosen ?? firstOf(counters);
    const others = counters.map((it) => it.name).filter((name) => name !== main);
    const leads = user.role === "admin" || team.id === user.id;

    /* What was chosen stands on top: the eyes and the focus go there. */
    useEffect(() => {
        if (chosen === null) return;
        heading.current?.focus({ preventScroll: true });
        heading.current?.scrollIntoView({ block: "center" });
    }, [chosen]);

    return (
        <>
            {counters.length === 0 && chosen === null && (
                <Empty icon="steps" title={together.empty}>
                    {leads ? together.emptyHelp : together.emptyForMember}
                </Empty>
            )}
            {(leads || counters.length > 0) && (
                <MainCount key={main} name={main} user={user} leads={leads} heading={heading} />
            )}
            {others.length > 0 && (
                <section className="feed-section" aria-labelledby="others-heading">
                    <h2 id="others-heading">{together.others}</h2>
                    <div className="counts">
                        {others.map((name) => (
                            <SmallCount key={name} name={name} user={user} look={() => setChosen(name)} />
                        ))}
                    </div>
                </section>
            )}
            {leads && <StartCount known={counters.map((it) => it.name)} start={setChosen} />}
        </>
    );
}

export function Together({ user, team, teams, chooseTeam }: TogetherProps) {
    const { together } = words;
    const { counters, isPending, error, retry } = useCounters();
    return (
        <main className="page together" id="main" tabIndex={-1}>
            <header className="page-head">
                <h1 tabIndex={-1}>{together.heading}</h1>
                <p>{together.intro}</p>
                {teams.length > 1 && <TeamPicker teams={teams} team={team} choose={chooseTeam} />}
            </header>
            {isPending && <Loading cards={2}>{together.loading}</Loading>}
            {error && <Failed title={together.loadFailed} error={error} retry={retry} />}
            {!isPending && !error && <Counts user={user} team={team} counters={counters} />}
        </main>
    );
}
