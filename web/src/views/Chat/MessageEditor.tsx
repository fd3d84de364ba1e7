/*
 * Other words for a message, in its place. Closing asks before it loses what was changed.
 */
import { useId, useRef, useState, type FormEvent } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { TextField } from "../../components/Field/Field.tsx";
import { Problem } from "../../components/States/States.tsx";
import { charsOf } from "../../text/topics.ts";
import { words } from "../../words.ts";
import { MESSAGE_CHARS_MAX } from "./Writing.tsx";

interface MessageEditorProps {
    content: string;
    /* False when the server did not take it. */
    save: (content: string) => Promise<boolean>;
    close: () => void;
}

export function MessageEditor({ content, save, close }: MessageEditorProps) {
    const { chat, edit } = words;
    const [text, setText] = useState(content);
    const [state, setState] = useState<"writing" | "saving" | "failed" | "asking">("writing");
    const [problem, setProblem] = useState<string | null>(null);
    const form = useRef<HTMLFormElement>(null);
    const questionId = useId();

    const write = (): void => form.current?.querySelector("textarea")?.focus();

    const submit = async (event: FormEvent): Promise<void> => {
        event.preventDefault();
        if (state === "saving") return;
        const wanted = text.trim();
        const over = charsOf(wanted) - MESSAGE_CHARS_MAX;
        setProblem(!wanted ? chat.missing : over > 0 ? chat.over(over) : null);
        if (!wanted || over > 0) {
            write();
            return;
        }
        if (wanted === content) {
            close();
            return;
        }
        setState("saving");
        if (await save(wanted)) close();
        else setState("failed");
    };

    return (
        <form className="message-form" onSubmit={(event) => void submit(event)} ref={form} noValidate>
            <TextField
                label={chat.editLabel}
                problem={problem}
                rows={3}
                autoFocus
                value={text}
                onChange={(event) => setText(event.target.value)}
            />
            {state === "failed" && <Problem>{chat.editFailed}</Problem>}
            {state === "asking" ? (
                <div className="count-question" role="group" aria-labelledby={questionId}>
                    <p id={questionId}>{edit.ask}</p>
                    <div className="panel-actions">
                        {/* The focus comes here with the question, so that a screen reader says both. */}
                        <Button
                            look="main"
                            onClick={() => {
                                setState("writing");
                                write();
                            }}
                            autoFocus
                        >
                            {edit.keep}
                        </Button>
                        <Button onClick={close} data-once>
                            {edit.lose}
                        </Button>
                    </div>
                </div>
            ) : (
                <div className="panel-actions">
                    <Button look="main" type="submit" busy={state === "saving"} data-once>
                        {state === "saving" ? chat.saving : chat.save}
                    </Button>
                    <Button look="quiet" onClick={() => (text === content ? close() : setState("asking"))}>
                        {chat.cancel}
                    </Button>
                </div>
            )}
        </form>
    );
}
