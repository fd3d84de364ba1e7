/*
 * One post: who, when, what, and the heart. Reads its post from the cache by id, so that a like redraws one card.
 */
import { useNow } from "../../hooks/useNow.ts";
import { usePost } from "../../hooks/usePosts.ts";
import type { Post, User } from "../../porchlight/index.ts";
import { timeInWords } from "../../text/time.ts";
import { words } from "../../words.ts";
import { Icon } from "../Icon/Icon.tsx";
import { LikeButton } from "../LikeButton/LikeButton.tsx";
import { PinButton } from "../PinButton/PinButton.tsx";
import "./PostCard.css";

/* Beyond this a post in a list shows its start and a link to all of it. */
const LONG_CHARS = 700;
const LONG_LINES = 12;

const isLong = (body: string): boolean => body.length > LONG_CHARS || body.split("\n").length > LONG_LINES;

/* A team's id is its coach's user id. */
const mayPin = (user: User, post: Post): boolean =>
    user.role === "admin" || (user.role === "coach" && post.teamId === user.id);

export const postElementId = (id: string): string => `post-${id}`;

interface PostCardProps {
    id: string;
    user: User;
    /* Alone on its page: everything is shown and the name is not a link to it. */
    alone?: boolean;
}

export function PostCard({ id, user, alone = false }: PostCardProps) {
    const { data: post } = usePost(id);
    const now = useNow();
    if (post === undefined) return null;
    if (post === null) return <p className="post post-removed">{words.post.removed}</p>;

    const { author } = post;
    const headingId = `${postElementId(id)}-by`;
    const when = timeInWords(post.createdAt, now);
    const Heading = alone ? "h2" : "h3";
    const short = !alone && isLong(post.body);
    return (
        <article className="post" id={postElementId(id)} aria-labelledby={headingId} tabIndex={-1}>
            <header className="post-head">
                <span className={`post-initial post-initial-${author.role}`} aria-hidden="true">
                    {Array.from(author.name)[0]}
                </span>
                <div>
                    <Heading className="post-author" id={headingId}>
                        {author.name}
                        {author.role !== "member" && (
                            <span className="badge">
                                {author.role === "coach" ? words.post.coach : words.post.admin}
                            </span>
                        )}
                    </Heading>
                    <p className="post-when">
                        <time dateTime={post.createdAt} title={words.time.full(new Date(post.createdAt))}>
                            {when}
                        </time>
                        {post.editedAt && ` · ${words.post.edited}`}
                    </p>
                </div>
                {post.pinned && (
                    <span className="post-pinned">
                        <Icon name="pin" />
                        {words.post.pinned}
                    </span>
                )}
            </header>

            <p className={`post-body${short ? " post-body-short" : ""}`}>{post.body}</p>
            {short && (
                <a className="post-more" href={`#/posts/${encodeURIComponent(id)}`}>
                    {words.post.readAll}
                    <span className="unseen"> {words.post.by(author.name)}</span>
                </a>
            )}

            <footer className="post-foot">
                <LikeButton post={post} />
                {post.topics.length > 0 && (
                    <ul className="post-topics" aria-label={words.post.topics}>
                        {post.topics.map((topic) => (
                            <li key={topic}>{topic}</li>
                        ))}
                    </ul>
                )}
                {mayPin(user, post) && <PinButton post={post} />}
            </footer>
        </article>
    );
}
