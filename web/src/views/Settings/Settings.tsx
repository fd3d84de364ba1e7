/*
 * The settings corner: text size and colours of this device, hiding that one is here, signing out.
 */
import { useMutation } from "@tanstack/react-query";
import { Button } from "../../components/Button/Button.tsx";
import { Problem } from "../../components/States/States.tsx";
import { useConnection } from "../../hooks/useConnection.tsx";
import { useSession, useSignOut } from "../../hooks/useSession.ts";
import type { TeamRef, User } from "../../porchlight/index.ts";
import { SCHEMES, setTheme, TEXT_SIZES, useTheme } from "../../theme/theme.ts";
import { words } from "../../words.ts";
import "./Settings.css";

interface ChoiceProps<T extends string> {
    legend: string;
    name: string;
    options: readonly T[];
    labels: Record<T, string>;
    value: T;
    choose: (value: T) => void;
}

function Choice<T extends string>({ legend, name, options, labels, value, choose }: ChoiceProps<T>) {
    return (
        <fieldset className="choice">
            <legend>{legend}</legend>
            <div className="choice-options">
                {options.map((it) => (
                    <label key={it} className={`choice-option${it === value ? " choice-option-on" : ""}`}>
                        <input type="radio" name={name} checked={it === value} onChange={() => choose(it)} />
                        <span>{labels[it]}</span>
                    </label>
                ))}
            </div>
        </fieldset>
    );
}

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
        <div className="switch-row">
            <label className="switch">
                <input
                    type="checkbox"
                    role="switch"
                    checked={shown}
                    aria-describedby="appear-offline-help"
                    onChange={(event) => change.mutate(event.target.checked)}
                />
                <span className="switch-track" aria-hidden="true" />
                <span>{settings.appearOffline}</span>
            </label>
            <p id="appear-offline-help">{settings.appearOfflineHelp}</p>
            {change.isError && <Problem>{settings.appearOfflineFailed}</Problem>}
        </div>
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
            <section className="panel" aria-labelledby="settings-look">
                <h2 id="settings-look" className="unseen">
                    {settings.textSize}
                </h2>
                <Choice
                    legend={settings.textSize}
                    name="textSize"
                    options={TEXT_SIZES}
                    labels={settings.sizes}
                    value={textSize}
                    choose={(value) => setTheme({ textSize: value })}
                />
                <p className="settings-sample">{settings.sample}</p>
                <Choice
                    legend={settings.colours}
                    name="scheme"
                    options={SCHEMES}
                    labels={settings.schemes}
                    value={scheme}
                    choose={(value) => setTheme({ scheme: value })}
                />
            </section>
            <section className="panel" aria-labelledby="settings-presence">
                <h2 id="settings-presence">{settings.presence}</h2>
                <AppearOffline user={user} />
            </section>
            <section className="panel" aria-labelledby="settings-you">
                <h2 id="settings-you">{settings.you}</h2>
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
            </section>
        </main>
    );
}
