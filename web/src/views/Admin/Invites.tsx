/*
 * The invites that let people in, for all teams: made, seen, and taken back.
 */
import { useState } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { InviteForm } from "../../components/InviteForm/InviteForm.tsx";
import { Done, Panel } from "../../components/Panel/Panel.tsx";
import { Question } from "../../components/Question/Question.tsx";
import { Empty, Failed, Loading, Problem } from "../../components/States/States.tsx";
import { TeamPicker } from "../../components/TeamPicker/TeamPicker.tsx";
import { useInvites } from "../../hooks/useInvites.ts";
import { useTeams } from "../../hooks/useTeams.ts";
import type { InviteOpen } from "../../porchlight/index.ts";
import { problemSentence } from "../../text/problem.ts";
import { words } from "../../words.ts";

const { admin } = words;

function Make({ close }: { close: () => void }) {
    const { data: teams } = useTeams();
    const [chosen, setChosen] = useState<string>();
    const team = teams?.find(({ id }) => id === chosen) ?? teams?.[0];
    if (!teams || !team) return null;
    return (
        <div className="admin-make">
            <h3>{admin.inviteNew}</h3>
            <TeamPicker teams={teams} team={team} choose={setChosen} />
            <InviteForm key={team.id} team={team} />
            <div className="panel-actions">
                <Button look="quiet" icon="close" onClick={close}>
                    {admin.inviteClose}
                </Button>
            </div>
        </div>
    );
}

interface OneProps {
    invite: InviteOpen;
    busy: boolean;
    revoke: () => void;
}

function One({ invite, busy, revoke }: OneProps) {
    const [asked, setAsked] = useState(false);
    const { team, createdBy, usesLeft, maxUses, createdAt, expiresAt } = invite;
    return (
        <li className="admin-row">
            <div>
                <h3>{team.name}</h3>
                <p>{admin.inviteUses(usesLeft, maxUses, new Date(expiresAt))}</p>
                <p className="admin-quiet">{admin.inviteBy(createdBy.name, new Date(createdAt))}</p>
            </div>
            {asked ? (
                <Question
                    ask={admin.revokeAsk(team.name)}
                    keep={admin.revokeKeep}
                    lose={admin.revokeDo}
                    onKeep={() => setAsked(false)}
                    onLose={() => {
                        if (!busy) revoke();
                    }}
                />
            ) : (
                <Button onClick={() => setAsked(true)}>
                    {admin.revoke}
                    <span className="unseen"> {admin.revokeOf(team.name)}</span>
                </Button>
            )}
        </li>
    );
}

export function Invites() {
    const { list, revoke } = useInvites();
    const [making, setMaking] = useState(false);
    const { data: invites, error, isPending, refetch } = list;
    return (
        <Panel title={admin.invites} intro={admin.invitesIntro} icon="link">
            {isPending && <Loading>{admin.invitesLoading}</Loading>}
            {!invites && error && <Failed title={admin.invitesFailed} error={error} retry={() => void refetch()} />}
            {invites?.length === 0 && <Empty icon="link" title={admin.invitesEmpty} />}
            {invites && invites.length > 0 && (
                <ul className="admin-rows">
                    {invites.map((it) => (
                        <One key={it.id} invite={it} busy={revoke.isPending} revoke={() => revoke.mutate(it.id)} />
                    ))}
                </ul>
            )}
            <Done>{revoke.isSuccess && admin.revoked}</Done>
            {revoke.error && (
                <Problem>
                    {admin.revokeFailed} {problemSentence(revoke.error)}
                </Problem>
            )}
            {invites && making && <Make close={() => setMaking(false)} />}
            {invites && !making && (
                <div className="panel-actions">
                    <Button look="main" icon="plus" onClick={() => setMaking(true)}>
                        {admin.inviteMake}
                    </Button>
                </div>
            )}
        </Panel>
    );
}
