/*
 * One post: who, when, what, the heart, and what may be done with it. Reads its post from the cache by id, so that a
 * like redraws one card. While its author changes it, the words give way to a form; when it is deleted, a quiet card
 * takes its place. The focus goes to what comes, and back to what was.
 */
import { memo, useState, type PointerEvent, type ReactNode } from "react";
import { useDeletion } from "../../hooks/useDeletion.ts";
import { editName, hasDraft } from "../../hooks/useDraft.ts";
import { useFocusPast } from "../../hooks/useFocusPast.ts";
import { useFocusWithin } from "../../hooks/useFocusWithin.ts";
import { useNow } from "../../hooks/useNow.ts";
import { useWishedWords } from "../../hooks/useOutbox.ts";
import { usePost } from "../../hooks/usePosts.ts";
import type { Post, User } from "../../porchlight/index.ts";
import { timeInWords } from "../../text/time.ts";
import { words } from "../../words.ts";
import { Icon } from "../Icon/Icon.tsx";
import { Initial } from "../Initial/Initial.tsx";
import { LikeButton } from "../LikeButton/LikeButton.tsx";
import { PostActions } from "../PostActions/PostActions.tsx";
import { PostEditor } from "../PostEditor/PostEditor.tsx";
import { PostGone } from "../PostGone/PostGone.tsx";
import { PostText } from "../PostText/PostText.tsx";
import { Problem } from "../States/States.tsx";
import "./PostCard.css";

/* Beyond this a post in a list shows its start and a link to all of it. */
const LONG_CHARS = 700;
const LONG_LINES = 12;

const isLong = (body: string): boolean => body.length > LONG_CHARS || body.split("\n").length > LONG_LINES;

export const postElementId = (id: string): string => `post-${id}`;

/* The whole date and time, written out when somebody points at a time. */
function fullTime({ currentTarget }: PointerEvent<HTMLTimeElement>): void {
    currentTarget.title = words.time.full(new Date(currentTarget.dateTime));
}

function Head({ post, headingId, alone }: { post: Post; headingId: string; alone: boolean }) {
    const now = useNow();
    const { author } = post;
    const Heading = alone ? "h2" : "h3";
    return (
        <header className="post-head">
            <Initial name={author.name} role={author.role} />
            <div>
                <Heading className="post-author" id={headingId}>
                    {author.name}
                    {author.role !== "member" && (
                        <span className="badge">{author.role === "coach" ? words.post.coach : words.post.admin}</span>
                    )}
                </Heading>
                <p className="post-when">
                    <time dateTime={post.createdAt} onPointerEnter={fullTime}>
                        {timeInWords(post.createdAt, now)}
                    </time>
                    {post.editedAt && (
                        <>
                            {" · "}
                            <time dateTime={post.editedAt} onPointerEnter={fullTime}>
                                {words.post.edited}
                            </time>
                        </>
                    )}
                </p>
            </div>
            {post.pinned && (
                <span className="post-pinned">
                    <Icon name="pin" />
                    {words.post.pinned}
                </span>
            )}
        </header>
    );
}

interface WrittenProps {
    post: Post;
    shown: { body: string; topics: string[]; waits: boolean };
    alone: boolean;
    headingId: string;
    actions: ReactNode;
}

function Written({ post, shown, alone, headingId, actions }: WrittenProps) {
    const short = !alone && isLong(shown.body);
    return (
        <>
            {post.hidden && (
                <p className="post-waits">{post.hidden === "coach" ? words.safety.hiddenByCoach : words.safety.held}</p>
            )}
            <p className={`post-body${short ? " post-body-short" : ""}`}>
                <PostText text={shown.body} />
            </p>
            {short && (
                <a className="post-more" href={`#/posts/${encodeURIComponent(post.id)}`}>
                    {words.post.readAll}
                    <span className="unseen"> {words.post.by(post.author.name)}</span>
                </a>
            )}
            <p className="post-waits">{shown.waits && words.outbox.like}</p>
            <footer className="post-foot">
                <LikeButton post={post} describedBy={headingId} />
                {shown.topics.length > 0 && (
                    <ul className="post-topics" aria-label={words.post.topics}>
                        {shown.topics.map((topic) => (
                            <li key={topic}>{topic}</li>
                        ))}
                    </ul>
                )}
                {actions}
            </footer>
        </>
    );
}

const NO_WORDS = { body: "", topics: [] };

interface PostCardProps {
    id: string;
    user: User;
    /* Alone on its page: everything is shown and the name is not a link to it. */
    alone?: boolean;
}

/* What happens elsewhere in the feed does not draw it again. */
export const PostCard = memo(function PostCard({ id, user, alone = false }: PostCardProps) {
    const { data: known } = usePost(id);
    const { pending, done, mayUndo, remove, undo } = useDeletion(id);
    const post = done ? null : known;
    const shown = useWishedWords(id, post ?? NO_WORDS);
    const { card, focusNext } = useFocusWithin();
    useFocusPast(card); /* a pin that its coach takes down leaves its place */
    /* What was being written survives a reload. */
    const [editing, setEditing] = useState(() => hasDraft(editName(user.id, id)));
    const [deleted, setDeleted] = useState(pending);
    const [noRoom, setNoRoom] = useState(false);
    if (deleted !== pending && (pending || post)) setDeleted(pending);

    if (post === undefined) return null;
    const elementId = postElementId(id);
    if (pending || (post === null && !editing)) {
        return (
            <PostGone
                card={card}
                elementId={elementId}
                deleted={deleted || pending}
                pending={pending}
                mayUndo={mayUndo}
                undo={undo}
                leftWithFocus={() => focusNext(".post")}
            />
        );
    }
    const headingId = `${elementId}-by`;
    return (
        <article className="post" id={elementId} aria-labelledby={headingId} tabIndex={-1} ref={card}>
            {post && <Head post={post} headingId={headingId} alone={alone} />}
            {editing || !post ? (
                <PostEditor
                    id={id}
                    user={user}
                    post={post}
                    shown={shown}
                    close={() => {
                        setEditing(false);
                        focusNext(".post-edit, .post-gone");
                    }}
                />
            ) : (
                <Written
                    post={post}
                    shown={shown}
                    alone={alone}
                    headingId={headingId}
                    actions={
                        <PostActions
                            post={post}
                            user={user}
                            describedBy={headingId}
                            edit={() => setEditing(true)}
                            remove={() => {
                                const kept = remove();
                                setNoRoom(!kept);
                                if (kept) focusNext(".post-undo");
                            }}
                        />
                    }
                />
            )}
            {noRoom && <Problem>{words.post.deleteFailed}</Problem>}
        </article>
    );
});
