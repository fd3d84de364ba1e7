/*
 * Posts that were written without a network: they show at once, and say that they wait. When one is sent, the real one
 * takes its place in the feed. What the server did not take stays here until it is closed, so that no word is lost; what
 * is a message or a count stands in its own place.
 */
import { useRef } from "react";
import { useConnection } from "../../hooks/useConnection.tsx";
import { useFocusPast } from "../../hooks/useFocusPast.ts";
import { useUnsent, useWaitingPosts } from "../../hooks/useOutbox.ts";
import type { Deed, Unsent, User } from "../../porchlight/index.ts";
import { problemSentence } from "../../text/problem.ts";
import { words } from "../../words.ts";
import { Button } from "../Button/Button.tsx";
import { Icon } from "../Icon/Icon.tsx";
import "./WaitingPosts.css";

const { outbox } = words;

export const waitingNote = (offline: boolean): string => (offline ? outbox.offline : outbox.online);

function reasonOf({ deed, error }: Unsent): string {
    if (deed.kind === "like") return outbox.refusedLike;
    if (deed.kind === "edit") return outbox.refusedEdit;
    if (deed.kind === "delete") return `${outbox.refusedDelete} ${problemSentence(error)}`;
    return `${outbox.refused} ${error.slug === "too-old" ? outbox.old : problemSentence(error)}`;
}

function wordsOf(deed: Deed): string | undefined {
    if (deed.kind === "post") return deed.post.body;
    return deed.kind === "edit" ? deed.change.body : undefined;
}

function UnsentDeed({ unsent, close }: { unsent: Unsent; close: () => void }) {
    const place = useRef<HTMLElement>(null);
    useFocusPast(place);
    const said = wordsOf(unsent.deed);
    return (
        <article className="post waiting-post" ref={place}>
            <p className="waiting-note" role="alert">
                <Icon name="cloud" />
                <span>{reasonOf(unsent)}</span>
            </p>
            {said && <p className="post-body">{said}</p>}
            <Button look="plain" onClick={close}>
                {outbox.close}
            </Button>
        </article>
    );
}

const ELSEWHERE: Deed["kind"][] = ["message", "unsay", "count"];

export function WaitingPosts({ user }: { user: User }) {
    const { state } = useConnection();
    const waiting = useWaitingPosts();
    const { unsent: all, close } = useUnsent();
    const unsent = all.filter(({ deed }) => !ELSEWHERE.includes(deed.kind));
    const note = waitingNote(state === "offline" || !navigator.onLine);
    return (
        <section className="waiting-posts" aria-label={outbox.label} hidden={waiting.length + unsent.length === 0}>
            {unsent.map((it) => (
                <UnsentDeed key={it.deed.key} unsent={it} close={() => close(it.deed.key)} />
            ))}
            {waiting.map(({ key, post }) => (
                <article key={key} className="post waiting-post" aria-label={words.post.by(user.name)}>
                    <h3 className="post-author">{user.name}</h3>
                    <p className="post-body">{post.body}</p>
                    <p className="waiting-note">
                        <Icon name="cloud" />
                        <span>{note}</span>
                    </p>
                </article>
            ))}
        </section>
    );
}
