/*
 * One message: who, when, what it answers, what it says, how far it has got, and what may be done with it.
 */
import { memo, useId, useRef, useState } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Icon } from "../../components/Icon/Icon.tsx";
import { Initial } from "../../components/Initial/Initial.tsx";
import { PostText } from "../../components/PostText/PostText.tsx";
import { Report } from "../../components/Report/Report.tsx";
import { Problem } from "../../components/States/States.tsx";
import { useConnection } from "../../hooks/useConnection.tsx";
import { hasDraft, messageEditName } from "../../hooks/useDraft.ts";
import { useFocusWithin, useLeftWithFocus } from "../../hooks/useFocusWithin.ts";
import type { MessageDeletion } from "../../hooks/useMessageDeletion.ts";
import { useNow } from "../../hooks/useNow.ts";
import { timeInWords } from "../../text/time.ts";
import { words } from "../../words.ts";
import { MessageEditor } from "./MessageEditor.tsx";
import type { Room, Shown } from "./room.ts";

export const messageElementId = (id: string): string => `message-${id}`;

interface MessageProps {
    message: Shown;
    /* What it answers: undefined for what answers nothing, null for what is not loaded. */
    root: Shown | null | undefined;
    replies: number;
    own: boolean;
    leads: boolean;
    /* The team's coach wrote it. */
    byCoach: boolean;
    /* The new begins here. */
    fresh: boolean;
    readBy: number;
    /* It is on its way out, and may come back. */
    going: boolean;
    mayUndo: boolean;
    /* The server did not let it go. */
    stayed: boolean;
    deletion: MessageDeletion;
    room: Room;
    reply: ((message: Shown) => void) | null;
}

const threadLink = ({ channelId }: Shown, thread: string): string =>
    `#/chat/${encodeURIComponent(channelId)}/${encodeURIComponent(thread)}`;

/* What it is an answer to: its first words, and the way to the whole conversation. */
function Quote({ message, root }: Pick<MessageProps, "message" | "root">) {
    const { chat } = words;
    if (root === undefined || message.threadId === null) return null;
    return (
        <a className="message-quote" href={threadLink(message, message.threadId)}>
            <span>
                <strong>{chat.inReplyTo(root === null ? chat.olderOne : root.username)}</strong>
                {root && ` ${root.deleted ? chat.takenAway : root.content}`}
            </span>
        </a>
    );
}

/* How far the member's own message has got. */
function Progress({ message, room, readBy, own }: Pick<MessageProps, "message" | "room" | "readBy" | "own">) {
    const { chat } = words;
    const { state, clientId } = message;
    if (state === "failed" && clientId !== null) {
        return (
            <div className="message-failed">
                <p role="alert">
                    <Icon name="cloud" />
                    {chat.notSent}
                </p>
                <Button onClick={() => room.again(clientId)} data-once>
                    {chat.tryAgain}
                </Button>
                <Button look="quiet" onClick={() => void room.remove(message.id)} data-once>
                    {chat.discard}
                </Button>
            </div>
        );
    }
    if (!own) return null;
    return (
        <p className="message-progress">
            {state === "waiting" && <Icon name="cloud" />}
            {readBy > 0 && <Icon name="check" />}
            {state === "waiting" ? chat.waiting : state === "sending" ? chat.sending : readBy > 0 && chat.readBy(readBy)}
        </p>
    );
}

interface ActionsProps extends Pick<MessageProps, "message" | "own" | "leads" | "reply"> {
    describedBy: string;
    edit: () => void;
    remove: () => void;
}

/* What is done often stands there; the rest is behind one more press. Who leads the team need not tell themselves. */
function Actions({ message, own, leads, reply, describedBy, edit, remove }: ActionsProps) {
    const { chat } = words;
    const [open, setOpen] = useState(false);
    const answer = reply && (
        <Button look="quiet" className="message-reply" aria-describedby={describedBy} onClick={() => reply(message)}>
            {chat.reply}
        </Button>
    );
    const tells = !own && !leads;
    return (
        <>
            {tells && answer}
            <Button
                look="quiet"
                className="message-more"
                aria-expanded={open}
                aria-describedby={describedBy}
                onClick={() => setOpen(!open)}
            >
                {chat.more}
            </Button>
            {open && (
                <div className="message-actions">
                    {!tells && answer}
                    {own && (
                        <Button look="quiet" icon="pen" className="message-edit" aria-describedby={describedBy} onClick={edit}>
                            {chat.edit}
                        </Button>
                    )}
                    {!tells && (
                        <Button look="quiet" icon="bin" aria-describedby={describedBy} onClick={remove} data-once>
                            {chat.delete}
                        </Button>
                    )}
                    {tells && <Report subject="message" subjectId={message.id} describedBy={describedBy} />}
                </div>
            )}
        </>
    );
}

interface GoneProps {
    mayUndo: boolean;
    undo: () => void;
    /* The way back went with the focus on it. */
    leftWithFocus: () => void;
}

function Undo({ undo, leftWithFocus, describedBy }: Omit<GoneProps, "mayUndo"> & { describedBy: string }) {
    const place = useRef<HTMLSpanElement>(null);
    useLeftWithFocus(place, leftWithFocus);
    return (
        <span ref={place}>
            <Button icon="back" className="message-undo" aria-describedby={describedBy} onClick={undo} data-once>
                {words.chat.undo}
            </Button>
        </span>
    );
}

function Gone({ mayUndo, undo, leftWithFocus }: GoneProps) {
    const { chat, outbox } = words;
    const { state } = useConnection();
    const id = useId();
    const offline = state === "offline" || !navigator.onLine;
    return (
        <div className="message-gone">
            <p id={id} role="status">
                <strong>{chat.gone}</strong> {offline ? outbox.offline : mayUndo && chat.undoFor}
            </p>
            {mayUndo && <Undo undo={undo} leftWithFocus={leftWithFocus} describedBy={id} />}
        </div>
    );
}

/* What arrives elsewhere does not draw it again. */
export const MessageCard = memo(function MessageCard(props: MessageProps) {
    const { message, root, replies, own, leads, byCoach, fresh, readBy, going, mayUndo, stayed } = props;
    const { deletion, room, reply } = props;
    const { chat } = words;
    const now = useNow();
    const editName = messageEditName(message.userId, message.id);
    const [editing, setEditing] = useState(() => own && hasDraft(editName));
    const [noRoom, setNoRoom] = useState(false);
    const { card, focusNext } = useFocusWithin<HTMLLIElement>();
    const headId = useId();
    const toWhole = (): void => focusNext(".message");

    return (
        <li
            className={`message${own ? " message-own" : ""}${fresh ? " message-fresh" : ""}`}
            id={messageElementId(message.id)}
            tabIndex={-1}
            ref={card}
        >
            {fresh && <p className="message-line">{chat.fresh}</p>}
            <div className="message-card">
                {going ? (
                    <Gone mayUndo={mayUndo} undo={() => void deletion.undo(message.id)} leftWithFocus={toWhole} />
                ) : message.deleted ? (
                    <p className="message-deleted">{chat.takenAway}</p>
                ) : (
                    <>
                        <div className="message-head">
                            <Initial name={message.username} role={byCoach ? "coach" : "member"} />
                            <p id={headId}>
                                <strong>{own ? chat.you : message.username}</strong>{" "}
                                {byCoach && !own && <span className="badge">{words.post.coach}</span>}{" "}
                                <span>
                                    <time dateTime={message.timestamp}>{timeInWords(message.timestamp, now)}</time>
                                    {message.editedAt && ` · ${chat.edited}`}
                                </span>
                            </p>
                            {!message.state && !editing && (
                                <Actions
                                    message={message}
                                    own={own}
                                    leads={leads}
                                    reply={reply}
                                    describedBy={headId}
                                    edit={() => setEditing(true)}
                                    remove={() => {
                                        const kept = deletion.remove(message.id);
                                        setNoRoom(!kept);
                                        if (kept) focusNext(".message-undo");
                                    }}
                                />
                            )}
                        </div>
                        <Quote message={message} root={root} />
                        {editing ? (
                            <MessageEditor
                                name={editName}
                                content={message.content}
                                save={(content) => room.edit(message.id, content)}
                                close={() => {
                                    setEditing(false);
                                    toWhole();
                                }}
                            />
                        ) : (
                            <p className="message-text">
                                <PostText text={message.content} />
                            </p>
                        )}
                        {(stayed || noRoom) && <Problem>{chat.deleteFailed}</Problem>}
                        <Progress message={message} room={room} readBy={readBy} own={own} />
                    </>
                )}
                {replies > 0 && (
                    <a className="message-replies" href={threadLink(message, message.id)}>
                        <Icon name="speech" />
                        {chat.replies(replies)}
                    </a>
                )}
            </div>
        </li>
    );
}, sameMessage);

/* A room is another object with each message that arrives: what a card takes from it are functions that stay. */
function sameMessage(before: MessageProps, next: MessageProps): boolean {
    return (Object.keys(next) as (keyof MessageProps)[]).every(
        (it) => it === "room" || it === "deletion" || before[it] === next[it],
    );
}
