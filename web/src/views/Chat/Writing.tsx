/*
 * Writing a message, at the foot of the chat: what is being answered, a box and a button. What is being written survives
 * a reload, and so does what it answers.
 */
import { useCallback, useEffect, useId, useLayoutEffect, useRef, useState, type FormEvent, type KeyboardEvent } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Icon } from "../../components/Icon/Icon.tsx";
import { useDraft, type Reply } from "../../hooks/useDraft.ts";
import type { User } from "../../porchlight/index.ts";
import { charsOf } from "../../text/topics.ts";
import { words } from "../../words.ts";
import type { Room } from "./room.ts";

/* The server's limit. */
export const MESSAGE_CHARS_MAX = 2000;
/* From here on the room that is left is said. */
const LEFT_SAID = 200;
/* After this long without a letter nobody is told any more that the member writes. */
const TYPING_OVER_MS = 4_000;
/* Higher it scrolls by itself: the messages above matter too. */
const BOX_LINES_MAX = 5;

function useTyping(setTyping: (on: boolean) => void) {
    const timer = useRef(0);
    const stop = useCallback(() => {
        if (timer.current) setTyping(false);
        window.clearTimeout(timer.current);
        timer.current = 0;
    }, [setTyping]);
    useEffect(() => stop, [stop]);
    return {
        stop,
        typed: () => {
            window.clearTimeout(timer.current);
            timer.current = window.setTimeout(stop, TYPING_OVER_MS);
            setTyping(true);
        },
    };
}

/* As high as what is in it, up to a few lines. */
function useHeight(text: string) {
    const box = useRef<HTMLTextAreaElement>(null);
    useLayoutEffect(() => {
        const { current } = box;
        if (!current) return;
        current.rows = 1;
        const line = parseFloat(getComputedStyle(current).lineHeight);
        const padding = current.clientHeight - line;
        current.rows = Math.min(BOX_LINES_MAX, Math.max(1, Math.round((current.scrollHeight - padding) / line)));
    }, [text]);
    return box;
}

/* With a keyboard of its own a device sends by Enter; on glass Enter is another line, as everywhere there. */
const entersSend = (): boolean => window.matchMedia("(hover: hover) and (pointer: fine)").matches;

interface WritingProps {
    room: Room;
    user: User;
    thread: string | null;
    mayWrite: boolean;
    /* What the member wants to answer: another object each time they say so. */
    asked: Reply | null;
}

export function Writing({ room, user, thread, mayWrite, asked }: WritingProps) {
    const { chat } = words;
    const { draft, change, clear } = useDraft(`${user.id}.chat.${room.channel?.id ?? ""}.${thread ?? ""}`);
    const [problem, setProblem] = useState<string | null>(null);
    const typing = useTyping(room.setTyping);
    const box = useHeight(draft.body);
    const id = useId();
    const left = MESSAGE_CHARS_MAX - charsOf(draft.body.trim());

    const reply = draft.reply ?? null;
    const stopReply = (): void => change({ reply: null });

    useEffect(() => {
        if (!asked) return;
        change({ reply: asked });
        box.current?.focus();
    }, [asked]);

    if (!mayWrite) {
        return <p className="dock-closed">{chat.coachesOnly}</p>;
    }

    const send = (): void => {
        const content = draft.body.trim();
        setProblem(!content ? chat.missing : left < 0 ? chat.over(-left) : null);
        box.current?.focus();
        if (!content || left < 0) return;
        room.send(content, thread ?? reply?.thread);
        clear();
        typing.stop();
    };

    const submit = (event: FormEvent): void => {
        event.preventDefault();
        send();
    };

    const pressed = (event: KeyboardEvent): void => {
        if (event.key === "Escape" && reply) stopReply();
        if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing || !entersSend()) return;
        event.preventDefault();
        send();
    };

    return (
        <form className="dock-form" onSubmit={submit} noValidate>
            {reply && (
                <div className="dock-reply">
                    <p>
                        <strong>{chat.inReplyTo(reply.username)}</strong> <span>{reply.content}</span>
                    </p>
                    <button
                        type="button"
                        className="dock-stop"
                        aria-label={chat.stopReply}
                        onClick={() => {
                            stopReply();
                            box.current?.focus();
                        }}
                    >
                        <Icon name="close" />
                    </button>
                </div>
            )}
            {problem && (
                <p className="dock-problem" id={`${id}-problem`} role="alert">
                    {problem}
                </p>
            )}
            <div className="dock-box">
                <textarea
                    ref={box}
                    aria-label={reply ? chat.replyTo(reply.username) : chat.write}
                    aria-invalid={problem !== null}
                    aria-describedby={`${id}-hint${problem ? ` ${id}-problem` : ""}`}
                    placeholder={chat.write}
                    rows={1}
                    value={draft.body}
                    onKeyDown={pressed}
                    onChange={(event) => {
                        change({ body: event.target.value });
                        setProblem(null);
                        if (event.target.value.trim()) typing.typed();
                        else typing.stop();
                    }}
                />
                <Button look="main" type="submit" icon="send" className="dock-send">
                    {chat.send}
                </Button>
            </div>
            <p className="dock-hint" id={`${id}-hint`}>
                {left < LEFT_SAID && (left < 0 ? chat.over(-left) : chat.left(left))}
                {left >= LEFT_SAID && entersSend() && <span className="dock-enter">{chat.enterSends}</span>}
            </p>
        </form>
    );
}
