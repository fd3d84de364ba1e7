/*
 * What the member is shown: all posts or those on topics that have been helpful, a digest each week, and the topics they
 * like. The server keeps these choices, for all devices.
 */
import { useState, type FormEvent } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Choice } from "../../components/Choice/Choice.tsx";
import { Field } from "../../components/Field/Field.tsx";
import { Done, Panel } from "../../components/Panel/Panel.tsx";
import { Failed, Loading, Problem } from "../../components/States/States.tsx";
import { Switch } from "../../components/Switch/Switch.tsx";
import { usePreferences } from "../../hooks/usePreferences.ts";
import type { MemberPreferences } from "../../porchlight/index.ts";
import { topicsOf } from "../../text/topics.ts";
import { words } from "../../words.ts";

const FEEDS = ["everything", "mine"] as const;

type Preferences = ReturnType<typeof usePreferences>;

interface ChoicesProps extends Pick<Preferences, "update" | "isSaving" | "error"> {
    preferences: MemberPreferences;
}

function Choices({ preferences, update, isSaving, error }: ChoicesProps) {
    const { settings } = words;
    const [typed, setTyped] = useState(preferences.topics.join(" "));
    /* What was changed last, for what is said of it. */
    const [last, setLast] = useState<keyof MemberPreferences | null>(null);
    const change = (part: Partial<MemberPreferences>, which: keyof MemberPreferences): void => {
        setLast(which);
        update(part);
    };
    const problem = (which: keyof MemberPreferences) => error && last === which && <Problem>{settings.choiceFailed}</Problem>;
    const saving = isSaving && last === "topics";

    const submit = (event: FormEvent): void => {
        event.preventDefault();
        if (!saving) change({ topics: topicsOf(typed) }, "topics");
    };

    return (
        <>
            <div className="settings-feed">
                <Choice
                    legend={settings.feed}
                    options={FEEDS}
                    labels={settings.feeds}
                    value={preferences.feed}
                    choose={(feed) => change({ feed }, "feed")}
                />
                <p>{settings.feedHelp}</p>
                {problem("feed")}
            </div>
            <Switch
                label={settings.weekly}
                help={settings.weeklyHelp}
                on={preferences.weeklyDigest}
                turn={(weeklyDigest) => change({ weeklyDigest }, "weeklyDigest")}
            >
                {problem("weeklyDigest")}
            </Switch>
            <form className="panel-form" onSubmit={submit} noValidate>
                <Field
                    label={settings.topics}
                    hint={settings.topicsHint}
                    autoComplete="off"
                    value={typed}
                    onChange={(event) => {
                        setTyped(event.target.value);
                        setLast(null);
                    }}
                />
                {problem("topics")}
                <Done>{last === "topics" && !saving && !error && settings.topicsSaved}</Done>
                <div className="panel-actions">
                    <Button type="submit" busy={saving}>
                        {saving ? settings.savingTopics : settings.saveTopics}
                    </Button>
                </div>
            </form>
        </>
    );
}

export function ForYou() {
    const { settings } = words;
    const { preferences, update, isSaving, isPending, error, retry } = usePreferences();
    return (
        <Panel title={settings.forYou} icon="sun">
            {isPending && <Loading>{settings.forYouLoading}</Loading>}
            {error && !preferences && <Failed title={settings.forYouFailed} error={error} retry={retry} />}
            {preferences && <Choices preferences={preferences} update={update} isSaving={isSaving} error={error} />}
        </Panel>
    );
}
