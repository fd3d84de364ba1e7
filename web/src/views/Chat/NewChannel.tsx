/*
 * Another chat for the team, for who looks after it: its name, and who may write in it.
 */
import { useRef, useState, type FormEvent } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Choice } from "../../components/Choice/Choice.tsx";
import { Field } from "../../components/Field/Field.tsx";
import { Problem } from "../../components/States/States.tsx";
import { useCreateChannel } from "../../hooks/useChannels.ts";
import { newIdempotencyKey, type Channel } from "../../porchlight/index.ts";
import { problemSentence } from "../../text/problem.ts";
import { charsOf } from "../../text/topics.ts";
import { words } from "../../words.ts";

/* The server's limit. */
const NAME_CHARS_MAX = 60;

const POSTING: Channel["posting"][] = ["everyone", "coaches"];

export function NewChannel({ made }: { made: (channel: Channel) => void }) {
    const { newChat, cancel } = words.chat;
    const [open, setOpen] = useState(false);
    const [name, setName] = useState("");
    const [posting, setPosting] = useState<Channel["posting"]>("everyone");
    const [problem, setProblem] = useState<string | null>(null);
    const { mutateAsync, isPending, error, reset } = useCreateChannel();
    /* Of what is asked for: once more is still one chat. */
    const key = useRef(newIdempotencyKey());
    const place = useRef<HTMLDivElement>(null);

    const change = (run: () => void): void => {
        run();
        reset();
        setProblem(null);
        key.current = newIdempotencyKey();
    };

    const close = (): void => {
        setOpen(false);
        change(() => setName(""));
        requestAnimationFrame(() => place.current?.querySelector("button")?.focus());
    };

    const submit = async (event: FormEvent): Promise<void> => {
        event.preventDefault();
        if (isPending) return;
        const wanted = name.trim();
        const wrong = !wanted ? newChat.missing : charsOf(wanted) > NAME_CHARS_MAX ? newChat.long(NAME_CHARS_MAX) : null;
        setProblem(wrong);
        if (wrong !== null) {
            place.current?.querySelector("input")?.focus();
            return;
        }
        const channel = await mutateAsync({ name: wanted, posting, key: key.current }).catch(() => null);
        if (!channel) return; /* `error` says why, and what was typed is kept */
        setOpen(false);
        change(() => setName(""));
        made(channel);
    };

    return (
        <div className="chat-new" ref={place}>
            {!open && (
                <Button look="quiet" icon="plus" onClick={() => setOpen(true)}>
                    {newChat.open}
                </Button>
            )}
            {open && (
                <form className="chat-new-form" onSubmit={(event) => void submit(event)} aria-label={newChat.open} noValidate>
                    <Field
                        label={newChat.name}
                        hint={newChat.hint}
                        problem={problem}
                        autoComplete="off"
                        autoFocus
                        value={name}
                        onChange={(event) => change(() => setName(event.target.value))}
                    />
                    <Choice
                        legend={newChat.who}
                        options={POSTING}
                        labels={newChat.posting}
                        value={posting}
                        choose={(it) => change(() => setPosting(it))}
                    />
                    {error && <Problem>{problemSentence(error)}</Problem>}
                    <div className="message-form-actions">
                        <Button look="main" type="submit" busy={isPending} data-once>
                            {newChat.submit}
                        </Button>
                        <Button look="quiet" onClick={close}>
                            {cancel}
                        </Button>
                    </div>
                </form>
            )}
        </div>
    );
}
