/*
 * A copy of all that is kept about the member, and the end of the account.
 */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Field } from "../../components/Field/Field.tsx";
import { Done, Panel } from "../../components/Panel/Panel.tsx";
import { Question } from "../../components/Question/Question.tsx";
import { Problem } from "../../components/States/States.tsx";
import { useFocusWithin } from "../../hooks/useFocusWithin.ts";
import { useClient } from "../../hooks/client.ts";
import { saveFile } from "../../text/saveFile.ts";
import { words } from "../../words.ts";

const saveCopy = (text: string): void => saveFile("porchlight-my-data.json", "application/json", text);

function Leave() {
    const { safety } = words;
    const { api } = useClient();
    const [asked, setAsked] = useState(false);
    const [password, setPassword] = useState("");
    const [missing, setMissing] = useState(false);
    const { card, focusNext } = useFocusWithin<HTMLDivElement>();
    const close = (focus: string): void => {
        setAsked(false);
        focusNext(focus);
    };
    const leave = useMutation({
        mutationFn: () => api.deleteMe(password),
        /* Nothing of the account is left in the page, either. */
        onSuccess: () => window.location.reload(),
    });
    return (
        <div className="panel-form" ref={card}>
            <p>{safety.leaveHelp}</p>
            <Field
                label={safety.password}
                type="password"
                autoComplete="current-password"
                problem={missing ? safety.missingPassword : null}
                value={password}
                onChange={(event) => {
                    setPassword(event.target.value);
                    setMissing(false);
                    leave.reset();
                }}
            />
            {leave.isError && <Problem>{safety.leaveFailed}</Problem>}
            {asked ? (
                <Question
                    ask={safety.leaveHelp}
                    keep={safety.leaveKeep}
                    lose={leave.isPending ? safety.leaving : safety.leaveDo}
                    onKeep={() => close(".panel-actions button")}
                    onLose={() => {
                        if (!leave.isPending) leave.mutate(undefined, { onError: () => close("input") });
                    }}
                />
            ) : (
                <div className="panel-actions">
                    <Button
                        icon="bin"
                        onClick={() => {
                            setMissing(password === "");
                            setAsked(password !== "");
                        }}
                    >
                        {safety.leave}
                    </Button>
                </div>
            )}
        </div>
    );
}

export function OwnData() {
    const { safety } = words;
    const { api } = useClient();
    const copy = useMutation({ mutationFn: () => api.exportMe(), onSuccess: saveCopy });
    return (
        <Panel title={safety.data} intro={safety.dataIntro} icon="copy">
            <Done>{copy.isSuccess && safety.downloaded}</Done>
            {copy.isError && <Problem>{safety.downloadFailed}</Problem>}
            <div className="panel-actions">
                <Button icon="down" busy={copy.isPending} onClick={() => copy.mutate()}>
                    {copy.isPending ? safety.downloading : safety.download}
                </Button>
            </div>
            <Leave />
        </Panel>
    );
}
