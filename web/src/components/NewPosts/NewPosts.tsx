/*
 * The row between writing and reading. It says "You are up to date" (or, without a server, since when not), or holds the
 * liquid glass button "3 new posts available". It keeps its height, so nothing moves when the button comes, and stays in
 * sight while one reads on.
 */
import { useEffect } from "react";
import { useLastNews } from "../../hooks/useLastNews.ts";
import { useNewPosts } from "../../hooks/useNewPosts.ts";
import { useNow } from "../../hooks/useNow.ts";
import { timeInWords } from "../../text/time.ts";
import { words } from "../../words.ts";
import { announce } from "../Announcer/Announcer.tsx";
import { Icon } from "../Icon/Icon.tsx";
import { Problem } from "../States/States.tsx";
import "./NewPosts.css";

/* `shown` gets the id of the first new post, or null for the top of the feed. */
export function NewPosts({ shown }: { shown: (postId: string | null) => void }) {
    const { count, kind, show, showing, failed } = useNewPosts();
    const lastNews = useLastNews();
    const now = useNow();
    const label =
        kind === "posts" ? words.newPosts.some(count) : kind === "pin" ? words.newPosts.pin : words.newPosts.reset;

    useEffect(() => {
        return kind === "none" ? undefined : announce(label);
    }, [kind, label]);

    return (
        <>
            <div className="new-posts" data-waiting={kind !== "none"}>
                {kind === "none" ? (
                    <p className="new-posts-none">
                        <Icon name={lastNews === null ? "check" : "cloud"} />
                        {lastNews === null
                            ? words.feed.upToDate
                            : words.feed.lastNews(timeInWords(new Date(lastNews).toISOString(), now))}
                    </p>
                ) : (
                    <button
                        type="button"
                        className="new-posts-button"
                        aria-disabled={showing || undefined}
                        onClick={() => {
                            if (!showing) show().then(shown, () => undefined);
                        }}
                    >
                        <Icon name="up" />
                        {showing ? words.newPosts.busy : label}
                    </button>
                )}
            </div>
            {failed && <Problem>{words.newPosts.failed}</Problem>}
        </>
    );
}
