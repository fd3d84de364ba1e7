/*
 * Writing a post: a quiet invitation first, a form when it is wanted. What is being written survives a reload, a lost
 * network and the end of a session; what was cleared can be had back until the form is opened again.
 */
import { useEffect, useId, useRef, useState, type FormEvent } from "react";
import { useConnection } from "../../hooks/useConnection.tsx";
import { useDraft, type Draft } from "../../hooks/useDraft.ts";
import { useCreatePost } from "../../hooks/usePosts.ts";
import { useProblemFocus } from "../../hooks/useProblemFocus.ts";
import { PorchlightError, type Post, type User } from "../../porchlight/index.ts";
import { keptSentence } from "../../text/problem.ts";
import { topicsOf } from "../../text/topics.ts";
import { words } from "../../words.ts";
import { announce } from "../Announcer/Announcer.tsx";
import { Button } from "../Button/Button.tsx";
import { Icon } from "../Icon/Icon.tsx";
import { PostFields, problemOfWords, type WordsProblem } from "../PostFields/PostFields.tsx";
import { Problem } from "../States/States.tsx";
import { waitingNote } from "../WaitingPosts/WaitingPosts.tsx";
import "./Composer.css";

const { compose } = words;

function problemOf(error: unknown): string {
    const offline = error instanceof PorchlightError && error.kind === "network" && !navigator.onLine;
    return offline ? compose.offline : keptSentence(error, compose.failed);
}

export function Composer({ user, posted }: { user: User; posted: (post: Post) => void }) {
    const { draft, change, clear, restore } = useDraft(user.id);
    const [cleared, setCleared] = useState<Draft | null>(null);
    const restorer = useRef<HTMLButtonElement>(null);
    const [open, setOpen] = useState(() => draft.body.trim() !== "");
    const [problem, setProblem] = useState<WordsProblem>({});
    const form = useProblemFocus(problem);
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

    const close = (): void => {
        setOpen(false);
        setProblem({});
        create.reset();
        requestAnimationFrame(() => (restorer.current ?? opener.current)?.focus({ preventScroll: true }));
    };

    const cancel = (): void => {
        if (draft.body.trim() || draft.topics.trim()) setCleared(draft);
        clear();
        close();
    };

    const submit = (event: FormEvent): void => {
        event.preventDefault();
        if (create.isPending) return;
        const wrong = problemOfWords(draft);
        setProblem(wrong);
        if (wrong.body || wrong.topics) return;

        const topics = topicsOf(draft.topics);
        const post = { body: draft.body.trim(), ...(topics.length && { topics }), ...(team && { teamId: team }) };
        create.mutate(
            { post, key: draft.key },
            {
                onSuccess: (created) => {
                    clear();
                    if (created) {
                        setOpen(false);
                        posted(created);
                    } else {
                        close();
                        announce(waitingNote(!navigator.onLine), "answer");
                    }
                },
            },
        );
    };

    if (!open) {
        return (
            <div className="compose-closed">
                <button
                    type="button"
                    className="compose-open"
                    ref={opener}
                    onClick={() => {
                        setCleared(null);
                        setOpen(true);
                    }}
                >
                    <Icon name="pen" />
                    {compose.open}
                </button>
                {cleared && (
                    <>
                        <span className="unseen" id={`${id}-cleared`}>
                            {compose.cleared}
                        </span>
                        <button
                            type="button"
                            className="button button-plain compose-restore"
                            ref={restorer}
                            aria-describedby={`${id}-cleared`}
                            onClick={() => {
                                restore(cleared);
                                setCleared(null);
                                setOpen(true);
                            }}
                            data-once
                        >
                            {compose.restore}
                        </button>
                    </>
                )}
            </div>
        );
    }
    return (
        <form className="compose" onSubmit={submit} ref={form} noValidate>
            <PostFields label={compose.open} draft={draft} change={change} problem={problem} body={bodyRef} />
            {create.error && <Problem>{problemOf(create.error)}</Problem>}
            <div className="compose-actions">
                <Button look="main" type="submit" busy={create.isPending} data-once>
                    {create.isPending ? compose.busy : compose.submit}
                </Button>
                <Button look="quiet" className="compose-cancel" onClick={cancel} data-once>
                    {compose.cancel}
                </Button>
            </div>
        </form>
    );
}
