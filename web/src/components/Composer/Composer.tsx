/*
 * Writing a post: a quiet invitation first, a form when it is wanted. What is being written survives a reload, a lost
 * network and the end of a session.
 */
import { useEffect, useId, useRef, useState, type FormEvent } from "react";
import { useConnection } from "../../hooks/useConnection.tsx";
import { useDraft } from "../../hooks/useDraft.ts";
import { useCreatePost } from "../../hooks/usePosts.ts";
import { PorchlightError, type Post, type User } from "../../porchlight/index.ts";
import { problemSentence } from "../../text/problem.ts";
import { charsOf, POST_CHARS_MAX, TOPIC_CHARS_MAX, TOPICS_MAX, topicsOf } from "../../text/topics.ts";
import { words } from "../../words.ts";
import { Button } from "../Button/Button.tsx";
import { Field } from "../Field/Field.tsx";
import { Icon } from "../Icon/Icon.tsx";
import { Problem } from "../States/States.tsx";
import "./Composer.css";

const { compose } = words;

/* The room left is only of interest when little is left. */
const LEFT_SHOWN_FROM = 500;

function problemOf(error: unknown): string {
    if (error instanceof PorchlightError) {
        if (error.kind === "network" && !navigator.onLine) return compose.offline;
        if (error.kind === "limited") return `${problemSentence(error)} ${compose.kept}`;
        if (error.kind === "refused" && error.detail) return `${error.detail} ${compose.kept}`;
    }
    return compose.failed;
}

function checkTopics(topics: string[]): string | null {
    if (topics.length > TOPICS_MAX) return compose.manyTopics;
    return topics.some((topic) => charsOf(topic) > TOPIC_CHARS_MAX) ? compose.longTopic : null;
}

export function Composer({ user, posted }: { user: User; posted: (post: Post) => void }) {
    const { draft, change, clear } = useDraft(user.id);
    const [open, setOpen] = useState(() => draft.body.trim() !== "");
    const [problem, setProblem] = useState<{ body?: string; topics?: string }>({});
    const { team } = useConnection();
    const create = useCreatePost();
    const opener = useRef<HTMLButtonElement>(null);
    const bodyRef = useRef<HTMLTextAreaElement>(null);
    const wasOpen = useRef(open);
    const id = useId();

    useEffect(() => {
        if (open && !wasOpen.current) bodyRef.current?.focus();
        wasOpen.current = open;
    }, [open]);

    const left = POST_CHARS_MAX - charsOf(draft.body);

    const close = (): void => {
        setOpen(false);
        setProblem({});
        create.reset();
        requestAnimationFrame(() => opener.current?.focus({ preventScroll: true }));
    };

    const submit = (event: FormEvent): void => {
        event.preventDefault();
        if (create.isPending) return;
        const topics = topicsOf(draft.topics);
        const topicsProblem = checkTopics(topics);
        const bodyProblem = !draft.body.trim() ? compose.missing : left < 0 ? compose.over(-left) : null;
        setProblem({ ...(bodyProblem && { body: bodyProblem }), ...(topicsProblem && { topics: topicsProblem }) });
        if (bodyProblem) bodyRef.current?.focus();
        if (bodyProblem || topicsProblem) return;

        const post = { body: draft.body.trim(), ...(topics.length && { topics }), ...(team && { teamId: team }) };
        create.mutate(
            { post, key: draft.key },
            {
                onSuccess: (created) => {
                    clear();
                    if (created) {
                        setOpen(false);
                        posted(created);
                    } else close();
                },
            },
        );
    };

    if (!open) {
        return (
            <button type="button" className="compose-open" ref={opener} onClick={() => setOpen(true)}>
                <Icon name="pen" />
                {compose.open}
            </button>
        );
    }
    return (
        <form className="compose" onSubmit={submit} noValidate>
            <div className="field">
                <label className="compose-label" htmlFor={`${id}-body`}>
                    {compose.open}
                </label>
                <textarea
                    id={`${id}-body`}
                    ref={bodyRef}
                    rows={5}
                    value={draft.body}
                    aria-invalid={!!problem.body}
                    aria-describedby={`${id}-left`}
                    onChange={(event) => change({ body: event.target.value })}
                />
                <p
                    id={`${id}-left`}
                    className={problem.body ? "field-problem" : "field-hint"}
                    hidden={!problem.body && left > LEFT_SHOWN_FROM}
                >
                    {problem.body ?? (left < 0 ? compose.over(-left) : compose.left(left))}
                </p>
            </div>
            <Field
                label={compose.topics}
                hint={compose.topicsHint}
                problem={problem.topics ?? null}
                value={draft.topics}
                onChange={(event) => change({ topics: event.target.value })}
                autoCapitalize="none"
            />
            {create.error && <Problem>{problemOf(create.error)}</Problem>}
            <div className="compose-actions">
                <Button look="main" type="submit" busy={create.isPending}>
                    {create.isPending ? compose.busy : compose.submit}
                </Button>
                <Button look="quiet" className="compose-cancel" onClick={close}>
                    {compose.cancel}
                </Button>
            </div>
        </form>
    );
}
