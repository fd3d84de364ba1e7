/*
 * Other words for a message, in its place. They are kept like any draft; closing asks before it loses them.
 */
import { useRef, useState, type FormEvent } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { TextField } from "../../components/Field/Field.tsx";
import { Question } from "../../components/Question/Question.tsx";
import { Problem } from "../../components/States/States.tsx";
import { useDraft } from "../../hooks/useDraft.ts";
import { charsOf } from "../../text/topics.ts";
import { words } from "../../words.ts";
import { MESSAGE_CHARS_MAX } from "./Writing.tsx";

interface MessageEditorProps {
    /* Of the draft. */
    name: string;
    content: string;
    /* False when the server did not take it. */
    save: (content: string) => Promise<boolean>;
    close: () => void;
}

export function MessageEditor({ name, content, save, close }: MessageEditorProps) {
    const { chat, edit } = words;
    const { draft, change, clear } = useDraft(name, { body: content, topics: "" });
    const [state, setState] = useState<"writing" | "saving" | "failed" | "asking">("writing");
    const [problem, setProblem] = useState<string | null>(null);
    const form = useRef<HTMLFormElement>(null);

    const write = (): void => form.current?.querySelector("textarea")?.focus();

    const leave = (): void => {
        clear();
        close();
    };

    const submit = async (event: FormEvent): Promise<void> => {
        event.preventDefault();
        if (state === "saving") return;
        const wanted = draft.body.trim();
        const over = charsOf(wanted) - MESSAGE_CHARS_MAX;
        setProblem(!wanted ? chat.missing : over > 0 ? chat.over(over) : null);
        if (!wanted || over > 0) {
            write();
            return;
        }
        if (wanted === content) {
            leave();
            return;
        }
        setState("saving");
        if (await save(wanted)) leave();
        else setState("failed");
    };

    return (
        <form className="message-form" onSubmit={(event) => void submit(event)} ref={form} noValidate>
            <TextField
                label={chat.editLabel}
                problem={problem}
                rows={3}
                autoFocus
                value={draft.body}
                onChange={(event) => change({ body: event.target.value })}
            />
            {state === "failed" && <Problem>{chat.editFailed}</Problem>}
            {state === "asking" ? (
                <Question
                    ask={edit.ask}
                    keep={edit.keep}
                    lose={edit.lose}
                    onKeep={() => {
                        setState("writing");
                        write();
                    }}
                    onLose={leave}
                />
            ) : (
                <div className="message-form-actions">
                    <Button look="main" type="submit" busy={state === "saving"} data-once>
                        {state === "saving" ? chat.saving : chat.save}
                    </Button>
                    <Button look="quiet" onClick={() => (draft.body === content ? leave() : setState("asking"))}>
                        {chat.cancel}
                    </Button>
                </div>
            )}
        </form>
    );
}
