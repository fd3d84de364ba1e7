/*
 * All teams, with how many people are in each.
 */
import { Button } from "../../components/Button/Button.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { Empty, Failed, Loading } from "../../components/States/States.tsx";
import { goTo } from "../../hooks/useRoute.ts";
import { useTeams } from "../../hooks/useTeams.ts";
import { words } from "../../words.ts";

const { admin } = words;

export function Teams({ chooseTeam }: { chooseTeam: (id: string) => void }) {
    const { data: teams, error, isPending, refetch } = useTeams();
    const people = teams?.reduce((sum, it) => sum + it.memberCount, 0) ?? 0;
    const largest = Math.max(1, ...(teams?.map((it) => it.memberCount) ?? []));

    return (
        <Panel
            title={admin.teams}
            {...(teams?.length && { intro: admin.teamsIntro(teams.length, people) })}
            icon="people"
        >
            {isPending && <Loading>{admin.teamsLoading}</Loading>}
            {!teams && error && <Failed title={admin.teamsFailed} error={error} retry={() => void refetch()} />}
            {teams?.length === 0 && (
                <Empty icon="people" title={admin.teamsEmpty}>
                    <p>{admin.teamsEmptyHelp}</p>
                </Empty>
            )}
            {teams && teams.length > 0 && (
                <ul className="teams">
                    {teams.map((team) => (
                        <li key={team.id} className="team">
                            <div className="team-words">
                                <h3>{team.name}</h3>
                                <p className="team-quiet">{admin.coachOf(team.coach.name)}</p>
                                <p>{admin.people(team.memberCount)}</p>
                            </div>
                            <Button
                                onClick={() => {
                                    chooseTeam(team.id);
                                    goTo("#/corner");
                                }}
                            >
                                {admin.look}
                                <span className="unseen"> {admin.lookAt(team.name)}</span>
                            </Button>
                            <span className="team-bar" aria-hidden="true">
                                <span style={{ width: `${(100 * team.memberCount) / largest}%` }} />
                            </span>
                        </li>
                    ))}
                </ul>
            )}
        </Panel>
    );
}
