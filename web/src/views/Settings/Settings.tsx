/*
 * The settings corner: text size and colours of this device, hiding that one is here, signing out.
 */
import { useMutation } from "@tanstack/react-query";
import { Button } from "../../components/Button/Button.tsx";
import { Choice } from "../../components/Choice/Choice.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { Problem } from "../../components/States/States.tsx";
import { Switch } from "../../components/Switch/Switch.tsx";
import { useConnection } from "../../hooks/useConnection.tsx";
import { useSession, useSignOut } from "../../hooks/useSession.ts";
import type { TeamRef, User } from "../../porchlight/index.ts";
import { SCHEMES, setTheme, TEXT_SIZES, useTheme } from "../../theme/theme.ts";
import { words } from "../../words.ts";
import "./Settings.css";

function AppearOffline({ user }: { user: User }) {
    const { settings } = words;
    const { update } = useSession();
    const { refresh } = useConnection();
    const change = useMutation({
        mutationFn: (appearOffline: boolean) => update({ appearOffline }),
        /* The line on top of the feed should tell the truth at once. */
        onSuccess: refresh,
    });
    const shown = change.isPending ? change.variables : user.appearOffline;
    return (
        <Switch
            label={settings.appearOffline}
            help={settings.appearOfflineHelp}
            on={shown}
            turn={(appearOffline) => change.mutate(appearOffline)}
        >
            {change.isError && <Problem>{settings.appearOfflineFailed}</Problem>}
        </Switch>
    );
}

export function Settings({ user, team }: { user: User; team: TeamRef | null }) {
    const { settings } = words;
    const { textSize, scheme } = useTheme();
    const signOut = useSignOut();
    return (
        <main className="page" id="main" tabIndex={-1}>
            <header className="page-head">
                <h1 tabIndex={-1}>{settings.heading}</h1>
            </header>
            <Panel title={settings.look} icon="eye">
                <Choice
                    legend={settings.textSize}
                    options={TEXT_SIZES}
                    labels={settings.sizes}
                    value={textSize}
                    choose={(value) => setTheme({ textSize: value })}
                />
                <p className="settings-sample">{settings.sample}</p>
                <Choice
                    legend={settings.colours}
                    options={SCHEMES}
                    labels={settings.schemes}
                    value={scheme}
                    choose={(value) => setTheme({ scheme: value })}
                />
            </Panel>
            <Panel title={settings.presence}>
                <AppearOffline user={user} />
            </Panel>
            <Panel title={settings.you}>
                <div>
                    <p>{settings.signedInAs(user.name)}</p>
                    {team && <p>{settings.inTeam(team.name)}</p>}
                </div>
                {signOut.isError && <Problem>{settings.signOutFailed}</Problem>}
                <Button
                    className="settings-out"
                    icon="door"
                    busy={signOut.isPending}
                    onClick={() => signOut.mutate()}
                >
                    {signOut.isPending ? settings.signingOut : settings.signOut}
                </Button>
            </Panel>
        </main>
    );
}
