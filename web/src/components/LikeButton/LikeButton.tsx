/*
 * The heart. It turns solid at once; if the like does not get through it turns back, and a sentence says so. A like
 * that was taken away can be had back for a while: the button for it has its place beside the heart.
 */
import { useRef } from "react";
import { useLike } from "../../hooks/useLike.ts";
import { useUndo } from "../../hooks/useUndo.ts";
import { PorchlightError, type Post } from "../../porchlight/index.ts";
import { words } from "../../words.ts";
import { announce } from "../Announcer/Announcer.tsx";
import { Icon } from "../Icon/Icon.tsx";
import { Problem } from "../States/States.tsx";
import "./LikeButton.css";

function problemOf(error: unknown, wanted: boolean | undefined): string {
    if (error instanceof PorchlightError && error.kind === "network" && !navigator.onLine) return words.like.offline;
    return wanted === false ? words.like.unlikeFailed : words.like.failed;
}

interface LikeButtonProps {
    post: Post;
    /* The id of what says whose post it is. */
    describedBy: string;
}

export function LikeButton({ post, describedBy }: LikeButtonProps) {
    const { liked, count, waits, toggle, error, wanted } = useLike(post, () => announce(words.outbox.like, "answer"));
    const { offered, offer, end, button, blurred } = useUndo();
    const heart = useRef<HTMLButtonElement>(null);
    const countId = `likes-${post.id}`;
    return (
        <>
            <button
                type="button"
                className="like"
                ref={heart}
                aria-pressed={liked}
                aria-describedby={countId}
                onClick={() => {
                    toggle();
                    if (liked) offer();
                    else end();
                }}
                data-once
            >
                <Icon name="heart" solid={liked} />
                {liked ? words.like.liked : words.like.like}
            </button>
            <span className="like-beside" data-undo={offered && !liked}>
                <span className="like-count" id={countId}>
                    {count === 0 ? words.like.none : words.like.count(count)}
                </span>
                <button
                    type="button"
                    className="button button-plain like-undo"
                    ref={button}
                    aria-describedby={describedBy}
                    onBlur={blurred}
                    onClick={() => {
                        toggle();
                        end();
                        heart.current?.focus();
                    }}
                    data-once
                >
                    {words.like.undo}
                </button>
            </span>
            <span className="like-waits">{waits && words.outbox.like}</span>
            {error && <Problem>{problemOf(error, wanted)}</Problem>}
        </>
    );
}
