/*
 * Home: who is here, writing, what is new, pins, posts.
 */
import { useEffect, useState } from "react";
import { ActiveNow } from "../../components/ActiveNow/ActiveNow.tsx";
import { Button } from "../../components/Button/Button.tsx";
import { Composer } from "../../components/Composer/Composer.tsx";
import { Icon } from "../../components/Icon/Icon.tsx";
import { NewPosts } from "../../components/NewPosts/NewPosts.tsx";
import { PostCard, postElementId } from "../../components/PostCard/PostCard.tsx";
import { Empty, Failed, Loading, Problem } from "../../components/States/States.tsx";
import { TeamPicker } from "../../components/TeamPicker/TeamPicker.tsx";
import { WaitingPosts } from "../../components/WaitingPosts/WaitingPosts.tsx";
import { Wins } from "../../components/Wins/Wins.tsx";
import { useFirstScreen } from "../../hooks/useFirstScreen.ts";
import { usePosts } from "../../hooks/usePosts.ts";
import type { TeamRef, User } from "../../porchlight/index.ts";
import { words } from "../../words.ts";
import { HiddenPosts } from "./HiddenPosts.tsx";
import "./Feed.css";

/* More pins than this wait behind a button, so that the newest posts are not far below. */
const PINS_SHOWN = 2;

interface FeedProps {
    user: User;
    team: TeamRef;
    teams: TeamRef[];
    chooseTeam: (id: string) => void;
}

/* Where the focus goes once what it goes to is on the page. */
type Target = { postId: string | null; scroll: boolean };

function focusOn({ postId, scroll }: Target): boolean {
    const element = document.getElementById(postId ? postElementId(postId) : "posts");
    if (!element) return false;
    element.focus({ preventScroll: true });
    if (scroll) element.scrollIntoView({ block: "start" });
    return true;
}

export function Feed({ user, team, teams, chooseTeam }: FeedProps) {
    const { feed } = words;
    const posts = usePosts();
    const drawn = useFirstScreen(posts.ids.length);
    const [allPins, setAllPins] = useState(false);
    const [target, setTarget] = useState<Target | null>(null);
    const pins = allPins ? posts.pinnedIds : posts.pinnedIds.slice(0, PINS_SHOWN);
    const morePins = posts.pinnedIds.length - pins.length;

    useEffect(() => {
        if (target && focusOn(target)) setTarget(null);
    }, [target, posts.ids.length, drawn, allPins]);

    const showPins = (): void => {
        setAllPins(true);
        setTarget({ postId: posts.pinnedIds[PINS_SHOWN] ?? null, scroll: false });
    };

    const showOlder = async (): Promise<void> => {
        const before = new Set([...posts.ids, ...posts.pinnedIds]);
        const { data } = await posts.loadOlder();
        const first = data?.pages.flatMap((page) => page.ids).find((id) => !before.has(id));
        /* The button's place is where they appear: the focus goes on from there, and nothing scrolls. */
        if (first) setTarget({ postId: first, scroll: false });
    };

    return (
        <main className="feed" id="main" tabIndex={-1}>
            <header className="feed-head">
                <h1 tabIndex={-1}>{team.name}</h1>
                <ActiveNow user={user} />
                {teams.length > 1 && <TeamPicker teams={teams} team={team} choose={chooseTeam} />}
            </header>
            <Wins userId={user.id} />
            <Composer user={user} posted={(post) => setTarget({ postId: post.id, scroll: true })} />

            <WaitingPosts user={user} />

            {posts.loading && <Loading cards={3}>{feed.loading}</Loading>}
            {posts.error && <Failed title={feed.failed} error={posts.error} retry={posts.retry} />}
            {!posts.loading && !posts.error && (
                <>
                    <HiddenPosts
                        hidden={posts.hidden}
                        all={posts.all}
                        showAll={posts.showAll}
                        reload={posts.retry}
                    />
                    <NewPosts shown={(postId) => setTarget({ postId, scroll: true })} />
                    <div className="feed-posts" id="posts" tabIndex={-1}>
                        {pins.length > 0 && (
                            <section className="feed-section feed-pinned" aria-labelledby="pinned-heading">
                                <h2 id="pinned-heading">
                                    <Icon name="pin" />
                                    {feed.pinned}
                                </h2>
                                {pins.map((id) => (
                                    <PostCard key={id} id={id} user={user} />
                                ))}
                                {morePins > 0 && (
                                    <Button onClick={showPins}>{feed.pinnedMore(morePins)}</Button>
                                )}
                            </section>
                        )}
                        <section className="feed-section" aria-labelledby="latest-heading">
                            <h2 id="latest-heading" className={posts.ids.length === 0 ? "unseen" : ""}>
                                {feed.latest}
                            </h2>
                            {posts.ids.slice(0, drawn).map((id) => (
                                <PostCard key={id} id={id} user={user} />
                            ))}
                            {posts.ids.length === 0 && (
                                <Empty icon="speech" title={feed.empty}>
                                    {feed.emptyHelp}
                                </Empty>
                            )}
                        </section>
                    </div>
                    {posts.olderFailed && <Problem>{feed.olderFailed}</Problem>}
                    {posts.hasOlder ? (
                        <Button className="feed-older" busy={posts.loadingOlder} onClick={() => void showOlder()}>
                            {posts.loadingOlder ? feed.olderBusy : feed.older}
                        </Button>
                    ) : (
                        posts.ids.length > 0 && <p className="feed-end">{feed.end}</p>
                    )}
                </>
            )}
        </main>
    );
}
