/*
 * A link that lets people into the team.
 */
import { InviteForm } from "../../components/InviteForm/InviteForm.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import type { TeamRef } from "../../porchlight/index.ts";
import { words } from "../../words.ts";

export function Invite({ team }: { team: TeamRef }) {
    const { corner } = words;
    return (
        <Panel title={corner.invite} intro={corner.inviteIntro} icon="link">
            <InviteForm team={team} />
        </Panel>
    );
}
