/*
 * Sending a notice. What was written stays until it is out.
 */
import { useRef, useState, type FormEvent } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Choice } from "../../components/Choice/Choice.tsx";
import { Field, TextField } from "../../components/Field/Field.tsx";
import { Done, Panel } from "../../components/Panel/Panel.tsx";
import { Problem } from "../../components/States/States.tsx";
import { useAnnounce } from "../../hooks/useAnnounce.ts";
import { useProblemFocus } from "../../hooks/useProblemFocus.ts";
import { newIdempotencyKey, PorchlightError, type NewNotice, type TeamRef, type User } from "../../porchlight/index.ts";
import { problemSentence } from "../../text/problem.ts";
import { charsOf } from "../../text/topics.ts";
import { words } from "../../words.ts";

const { corner } = words;

/* The server's limits: one toast. */
const TITLE_CHARS_MAX = 120;
const BODY_CHARS_MAX = 500;

const WHOM = ["team", "all"] as const;
type Whom = (typeof WHOM)[number];

interface Problems {
    title?: string;
    body?: string;
}

function check(title: string, body: string): Problems {
    const over = { title: charsOf(title) - TITLE_CHARS_MAX, body: charsOf(body) - BODY_CHARS_MAX };
    return {
        ...(!title && { title: corner.missingTitle }),
        ...(over.title > 0 && { title: corner.longTitle(over.title) }),
        ...(over.body > 0 && { body: corner.longBody(over.body) }),
    };
}

function problemOf(error: unknown): string {
    const helps = error instanceof PorchlightError && (error.kind === "limited" || error.kind === "refused");
    return helps ? `${problemSentence(error)} ${words.compose.kept}` : corner.sendFailed;
}

export function Announce({ user, team }: { user: User; team: TeamRef }) {
    const [title, setTitle] = useState("");
    const [body, setBody] = useState("");
    const [whom, setWhom] = useState<Whom>("team");
    const [problems, setProblems] = useState<Problems>({});
    const form = useProblemFocus(problems);
    const announce = useAnnounce();
    /* Sent again as it was, it is the same request: a lost answer does not make two notices. */
    const sent = useRef({ text: "", key: "" });

    const submit = (event: FormEvent): void => {
        event.preventDefault();
        if (announce.isPending) return;
        const found = check(title.trim(), body.trim());
        setProblems(found);
        if (Object.keys(found).length > 0) return;
        const teamId = whom === "all" ? null : team.id;
        const notice: NewNotice = { title: title.trim(), teamId, ...(body.trim() && { body: body.trim() }) };
        const text = JSON.stringify(notice);
        if (text !== sent.current.text) sent.current = { text, key: newIdempotencyKey() };
        announce.mutate(
            { notice, key: sent.current.key },
            {
                onSuccess: () => {
                    sent.current = { text: "", key: "" };
                    setTitle("");
                    setBody("");
                },
            },
        );
    };

    return (
        <Panel title={corner.announce} intro={corner.announceIntro} icon="horn">
            <form className="panel-form" onSubmit={submit} ref={form} noValidate>
                <Field
                    label={corner.title}
                    hint={corner.titleHint}
                    problem={problems.title ?? null}
                    value={title}
                    onChange={(event) => setTitle(event.target.value)}
                />
                <TextField
                    label={corner.body}
                    problem={problems.body ?? null}
                    rows={3}
                    value={body}
                    onChange={(event) => setBody(event.target.value)}
                />
                {user.role === "admin" && (
                    <Choice
                        legend={corner.whom}
                        options={WHOM}
                        labels={{ team: corner.whomTeam(team.name), all: corner.whomAll }}
                        value={whom}
                        choose={setWhom}
                    />
                )}
                {announce.error && <Problem>{problemOf(announce.error)}</Problem>}
                <Done>{announce.isSuccess && corner.sent(announce.data.title)}</Done>
                <div className="panel-actions">
                    <Button look="main" type="submit" busy={announce.isPending}>
                        {announce.isPending ? corner.sending : corner.send}
                    </Button>
                </div>
            </form>
        </Panel>
    );
}
