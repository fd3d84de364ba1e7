/*
 * Joining one more team: the invite as it was sent, a link or a code.
 */
import { useState, type FormEvent } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Field } from "../../components/Field/Field.tsx";
import { Done, Panel } from "../../components/Panel/Panel.tsx";
import { Problem } from "../../components/States/States.tsx";
import { useJoinTeam } from "../../hooks/useJoinTeam.ts";
import { useProblemFocus } from "../../hooks/useProblemFocus.ts";
import { inviteCode } from "../../text/invite.ts";
import { joinProblem } from "../../text/problem.ts";
import { words } from "../../words.ts";

const { settings } = words;

export function JoinTeam() {
    const [pasted, setPasted] = useState("");
    const [problems, setProblems] = useState<{ code?: string }>({});
    const form = useProblemFocus(problems);
    const joining = useJoinTeam();
    const { error, data: team } = joining;

    const submit = (event: FormEvent): void => {
        event.preventDefault();
        if (joining.isPending) return;
        const code = inviteCode(pasted);
        setProblems(code ? {} : { code: settings.missingCode });
        if (code) joining.mutate(code, { onSuccess: () => setPasted("") });
    };

    return (
        <Panel title={settings.joinTeam} intro={settings.joinIntro} icon="people">
            <form className="panel-form" onSubmit={submit} ref={form} noValidate>
                <Field
                    label={settings.code}
                    problem={problems.code ?? null}
                    autoCapitalize="none"
                    autoComplete="off"
                    spellCheck={false}
                    value={pasted}
                    onChange={(event) => setPasted(event.target.value)}
                />
                {error && <Problem>{joinProblem(error)}</Problem>}
                <Done>{team && settings.joined(team.name)}</Done>
                <div className="panel-actions">
                    <Button type="submit" busy={joining.isPending}>
                        {joining.isPending ? settings.joining : settings.joinSubmit}
                    </Button>
                    {team && (
                        <a className="button button-plain" href="#/">
                            {settings.goThere(team.name)}
                        </a>
                    )}
                </div>
            </form>
        </Panel>
    );
}
