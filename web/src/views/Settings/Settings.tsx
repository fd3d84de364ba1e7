/*
 * Settings: how this device looks and tells of news, hiding that one is here, one's name, one more team, signing out.
 */
import { useMutation } from "@tanstack/react-query";
import { Button } from "../../components/Button/Button.tsx";
import { Choice } from "../../components/Choice/Choice.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { Problem } from "../../components/States/States.tsx";
import { Switch } from "../../components/Switch/Switch.tsx";
import { chime } from "../../hooks/chime.ts";
import { useConnection } from "../../hooks/useConnection.tsx";
import { setDevicePreferences, useDevicePreferences } from "../../hooks/useDevicePreferences.ts";
import { useSession } from "../../hooks/useSession.ts";
import { useSignOut } from "../../hooks/useSignOut.ts";
import { useTheme } from "../../hooks/useTheme.ts";
import { chooseLanguage, language, LANGUAGES } from "../../language.ts";
import type { TeamRef, User } from "../../porchlight/index.ts";
import { MOTIONS, SCHEMES, setTheme, TEXT_SIZES } from "../../theme/theme.ts";
import { words } from "../../words.ts";
import { Away } from "./Away.tsx";
import { ForYou } from "./ForYou.tsx";
import { JoinTeam } from "./JoinTeam.tsx";
import { Name } from "./Name.tsx";
import { OwnData } from "./OwnData.tsx";
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

function News() {
    const { settings } = words;
    const { toasts, sounds } = useDevicePreferences();
    return (
        <Panel title={settings.news} icon="bell">
            <Switch
                label={settings.toasts}
                help={settings.toastsHelp}
                on={toasts}
                turn={(on) => setDevicePreferences({ toasts: on })}
            />
            <Switch
                label={settings.sounds}
                help={settings.soundsHelp}
                on={sounds}
                turn={(on) => {
                    setDevicePreferences({ sounds: on });
                    /* So that one knows it again; and a browser wants the first sound to come from a press. */
                    if (on) void chime();
                }}
            />
        </Panel>
    );
}

export function Settings({ user, team }: { user: User; team: TeamRef | null }) {
    const { settings } = words;
    const { textSize, scheme, motion } = useTheme();
    const signOut = useSignOut();
    return (
        <main className="page" id="main" tabIndex={-1}>
            <header className="page-head">
                <h1 tabIndex={-1}>{settings.heading}</h1>
            </header>
            <Panel title={settings.look} icon="settings">
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
                <Choice
                    legend={settings.motion}
                    options={MOTIONS}
                    labels={settings.motions}
                    value={motion}
                    choose={(value) => setTheme({ motion: value })}
                />
            </Panel>
            <Panel title={settings.language} intro={settings.languageHelp} icon="speech">
                <Choice
                    legend={settings.chooseLanguage}
                    options={LANGUAGES}
                    labels={words.languages}
                    inOwnLanguage
                    value={language()}
                    choose={chooseLanguage}
                />
            </Panel>
            <ForYou />
            <News />
            <Away userId={user.id} />
            <Panel title={settings.presence} icon="eye">
                <AppearOffline user={user} />
            </Panel>
            <JoinTeam />
            <Panel title={settings.you} icon="person">
                <div>
                    <p>{settings.signedInAs(user.name)}</p>
                    {team && <p>{settings.inTeam(team.name)}</p>}
                </div>
                <Name user={user} />
                <div className="settings-out">
                    <Button icon="door" busy={signOut.isPending} onClick={() => signOut.mutate(user)}>
                        {signOut.isPending ? settings.signingOut : settings.signOut}
                    </Button>
                </div>
            </Panel>
            <OwnData />
        </main>
    );
}
