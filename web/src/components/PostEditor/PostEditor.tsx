/*
 * Other words for a post, in its place. They are kept like any draft; closing asks before it loses them. What was
 * changed on another device meanwhile, or was taken away, is said, and the words stay.
 */
import { useEffect, useRef, useState, type FormEvent } from "react";
import { editName, useDraft } from "../../hooks/useDraft.ts";
import { Changed, useEdit } from "../../hooks/useEdit.ts";
import { useProblemFocus } from "../../hooks/useProblemFocus.ts";
import type { Post, User } from "../../porchlight/index.ts";
import { keptSentence } from "../../text/problem.ts";
import { topicsOf } from "../../text/topics.ts";
import { words } from "../../words.ts";
import { announce } from "../Announcer/Announcer.tsx";
import { Button } from "../Button/Button.tsx";
import { PostFields, problemOfWords, type WordsProblem } from "../PostFields/PostFields.tsx";
import { Question } from "../Question/Question.tsx";
import { Problem } from "../States/States.tsx";
import "./PostEditor.css";

const { edit: say } = words;

function EditProblem({ error, gone }: { error: unknown; gone: boolean }) {
    if (gone) return <Problem>{say.gone}</Problem>;
    if (!error) return null;
    if (!(error instanceof Changed)) return <Problem>{keptSentence(error, say.failed)}</Problem>;
    return (
        <>
            <Problem>{say.changed}</Problem>
            <blockquote className="post-body post-editor-now">{error.post.body}</blockquote>
        </>
    );
}

interface PostEditorProps {
    id: string;
    user: User;
    /* null: it was taken away meanwhile. */
    post: Post | null;
    /* What stands there now, as far as its author knows. */
    shown: { body: string; topics: string[]; waits: boolean };
    close: () => void;
}

export function PostEditor({ id, user, post, shown, close }: PostEditorProps) {
    const now = { body: shown.body, topics: shown.topics.join(" ") };
    const { draft, change, clear } = useDraft(editName(user.id, id), { ...now, since: post?.editedAt ?? null });
    const [problem, setProblem] = useState<WordsProblem>({});
    const form = useProblemFocus(problem);
    const [asking, setAsking] = useState(false);
    const body = useRef<HTMLTextAreaElement>(null);
    const edit = useEdit(id);
    const differs = draft.body !== now.body || draft.topics !== now.topics;

    const write = (): void => {
        const { current: area } = body;
        area?.focus();
        area?.setSelectionRange(area.value.length, area.value.length);
    };
    useEffect(write, []);

    const leave = (): void => {
        clear();
        close();
    };

    const submit = (event: FormEvent): void => {
        event.preventDefault();
        if (edit.isPending || !post) return;
        const wrong = problemOfWords(draft);
        setProblem(wrong);
        if (wrong.body || wrong.topics) return;

        const next = { body: draft.body.trim(), topics: topicsOf(draft.topics) };
        const sameTopics = next.topics.join(" ") === post.topics.join(" ");
        /* Behind words that wait, these take their place: all of them count. */
        const part = shown.waits
            ? next
            : { ...(next.body !== post.body && { body: next.body }), ...(!sameTopics && { topics: next.topics }) };
        if (Object.keys(part).length === 0) {
            leave();
            return;
        }
        edit.mutate(
            { change: part, since: draft.since ?? null },
            {
                onSuccess: (sent) => {
                    leave();
                    if (sent === null) announce(words.outbox.like, "answer");
                },
                /* Told once, the author may go on. */
                onError: (error) => error instanceof Changed && change({ since: error.post.editedAt }),
            },
        );
    };

    return (
        <form className="post-editor" onSubmit={submit} ref={form} noValidate>
            <PostFields label={say.label} draft={draft} change={change} problem={problem} body={body} />
            <EditProblem error={edit.error} gone={post === null} />
            {asking ? (
                <Question
                    ask={say.ask}
                    keep={say.keep}
                    lose={say.lose}
                    onKeep={() => {
                        setAsking(false);
                        write();
                    }}
                    onLose={leave}
                />
            ) : (
                <div className="post-editor-actions">
                    {post && (
                        <Button look="main" type="submit" busy={edit.isPending} data-once>
                            {edit.isPending ? say.saving : say.save}
                        </Button>
                    )}
                    <Button
                        look="quiet"
                        className="post-editor-side"
                        onClick={() => (differs || !post ? setAsking(true) : leave())}
                    >
                        {say.cancel}
                    </Button>
                </div>
            )}
        </form>
    );
}
