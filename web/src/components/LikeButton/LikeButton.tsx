/*
 * The heart. It turns solid at once; if the like does not get through it turns back, and a sentence says so.
 */
import { useLike } from "../../hooks/useLike.ts";
import { PorchlightError, type Post } from "../../porchlight/index.ts";
import { words } from "../../words.ts";
import { Icon } from "../Icon/Icon.tsx";
import { Problem } from "../States/States.tsx";
import "./LikeButton.css";

function problemOf(error: unknown, wanted: boolean | undefined): string {
    if (error instanceof PorchlightError && error.kind === "network" && !navigator.onLine) return words.like.offline;
    return wanted === false ? words.like.unlikeFailed : words.like.failed;
}

export function LikeButton({ post }: { post: Post }) {
    const { liked, count, waits, toggle, error, wanted } = useLike(post);
    return (
        <>
            <button
                type="button"
                className="like"
                aria-pressed={liked}
                aria-describedby={`likes-${post.id}`}
                onClick={toggle}
            >
                <Icon name="heart" solid={liked} />
                {liked ? words.like.liked : words.like.like}
            </button>
            <span className="like-count" id={`likes-${post.id}`}>
                {count === 0 ? words.like.none : words.like.count(count)}
            </span>
            <span className="like-waits" role="status">
                {waits && words.outbox.like}
            </span>
            {error && <Problem>{problemOf(error, wanted)}</Problem>}
        </>
    );
}
