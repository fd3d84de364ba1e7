/*
 * Which view, for whom. Signed out: the door. Signed in: a shell with the way around, one view, and what floats above.
 */
import { lazy, Suspense, useEffect, useLayoutEffect, useRef } from "react";
import { Announcer } from "./components/Announcer/Announcer.tsx";
import { Arrivals } from "./components/Arrivals/Arrivals.tsx";
import { Button } from "./components/Button/Button.tsx";
import { Brand, Lantern } from "./components/Brand/Brand.tsx";
import { ConnectionNote } from "./components/ConnectionNote/ConnectionNote.tsx";
import { Later } from "./components/Later/Later.tsx";
import { DriftingCheers } from "./components/DriftingCheers/DriftingCheers.tsx";
import { Nav } from "./components/Nav/Nav.tsx";
import { Empty, Failed, Loading } from "./components/States/States.tsx";
import { ConnectionProvider } from "./hooks/useConnection.tsx";
import { useNotices } from "./hooks/useNotices.ts";
import { usePlace, type Place, type Route } from "./hooks/useRoute.ts";
import { useSession } from "./hooks/useSession.ts";
import { useUnreadMessages } from "./hooks/useUnreadMessages.ts";
import { useTeam } from "./hooks/useTeam.ts";
import type { TeamRef, User } from "./porchlight/index.ts";
import { Feed } from "./views/Feed/Feed.tsx";
import { Join, JoinWhileSignedIn } from "./views/Join/Join.tsx";
import { Notices } from "./views/Notices/Notices.tsx";
import { PostView } from "./views/PostView/PostView.tsx";
import { SignIn } from "./views/SignIn/SignIn.tsx";
import { words } from "./words.ts";
import "./App.css";

/* What few need, or need rarely, comes when it is wanted. */
const Together = lazy(() => import("./views/Together/Together.tsx").then((it) => ({ default: it.Together })));
const Chat = lazy(() => import("./views/Chat/Chat.tsx").then((it) => ({ default: it.Chat })));
const Digest = lazy(() => import("./views/Digest/Digest.tsx").then((it) => ({ default: it.Digest })));
const More = lazy(() => import("./views/More/More.tsx").then((it) => ({ default: it.More })));
const Settings = lazy(() => import("./views/Settings/Settings.tsx").then((it) => ({ default: it.Settings })));
const Corner = lazy(() => import("./views/Corner/Corner.tsx").then((it) => ({ default: it.Corner })));
/* A question that does not come is not asked. */
const PushAsk = lazy(() =>
    import("./components/PushAsk/PushAsk.tsx").then(
        (it) => ({ default: it.PushAsk }),
        () => ({ default: () => null }),
    ),
);
const Admin = lazy(() => import("./views/Admin/Admin.tsx").then((it) => ({ default: it.Admin })));

const titles = (): Record<Route["view"], string> => ({
    feed: words.feed.view,
    post: words.post.view,
    together: words.together.view,
    chat: words.chat.view,
    digest: words.digest.view,
    notices: words.notices.view,
    more: words.more.view,
    settings: words.settings.view,
    corner: words.corner.view,
    admin: words.admin.view,
    join: words.join.view,
    unknown: words.status.notFound,
});

/* On the way to another view the page scrolls to its place, and a screen reader hears the heading. */
function useArrival(place: Place, shown: string): void {
    const first = useRef(true);
    useLayoutEffect(() => {
        if (first.current) {
            first.current = shown === "loading";
            return;
        }
        window.scrollTo(0, place.y);
        document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    }, [place, shown]);
}

interface InsideProps {
    user: User;
    team: TeamRef | null;
    teams: TeamRef[];
    chooseTeam: (id: string) => void;
    route: Route;
}

function View({ user, team, teams, chooseTeam, route }: InsideProps) {
    const { retry } = useSession();
    if (route.view === "settings") {
        return (
            <Later title={words.settings.heading}>
                <Settings user={user} team={team} />
            </Later>
        );
    }
    if (route.view === "more") {
        return (
            <Later title={words.more.heading}>
                <More role={user.role} />
            </Later>
        );
    }
    if (route.view === "admin" && user.role === "admin") {
        return (
            <Later title={words.admin.heading}>
                <Admin chooseTeam={chooseTeam} />
            </Later>
        );
    }
    if (!team) {
        return (
            <main className="page" id="main" tabIndex={-1}>
                <h1 className="unseen" tabIndex={-1}>
                    {words.feed.noTeam}
                </h1>
                <Empty icon="home" title={words.feed.notInTeam}>
                    <p>{words.feed.notInTeamHelp}</p>
                    <Button onClick={retry}>{words.feed.lookAgain}</Button>
                </Empty>
            </main>
        );
    }
    if (route.view === "corner" && user.role !== "member") {
        return (
            <Later title={words.corner.heading}>
                <Corner user={user} team={team} teams={teams} chooseTeam={chooseTeam} />
            </Later>
        );
    }
    switch (route.view) {
        case "together":
            return (
                <Later title={words.together.heading}>
                    <Together key={team.id} user={user} team={team} teams={teams} chooseTeam={chooseTeam} />
                </Later>
            );
        case "chat":
            return (
                <Later title={words.chat.view}>
                    <Chat
                        key={team.id}
                        user={user}
                        team={team}
                        teams={teams}
                        chooseTeam={chooseTeam}
                        channel={route.channel}
                        thread={route.thread}
                    />
                </Later>
            );
        case "digest":
            return (
                <Later title={words.digest.heading}>
                    <Digest id={route.id} />
                </Later>
            );
        case "post":
            return <PostView key={route.id} id={route.id} user={user} />;
        case "notices":
            return <Notices user={user} />;
        case "corner":
        case "admin":
        case "unknown":
            return (
                <main className="page" id="main" tabIndex={-1}>
                    <h1 className="unseen" tabIndex={-1}>
                        {words.status.notFound}
                    </h1>
                    <Empty icon="home" title={words.status.notFound}>
                        <a className="button button-plain" href="#/">
                            {words.join.goHome}
                        </a>
                    </Empty>
                </main>
            );
        default:
            return <Feed key={team.id} user={user} team={team} teams={teams} chooseTeam={chooseTeam} />;
    }
}

function Shell(props: InsideProps) {
    const { unread } = useNotices(props.user.id, props.team !== null);
    const messages = useUnreadMessages(props.team !== null, props.route.view !== "chat");
    return (
        <div className="shell" data-view={props.route.view}>
            <a
                className="skip"
                href="#main"
                onClick={(event) => {
                    /* The part behind "#" is the view's: the jump is made by hand. */
                    event.preventDefault();
                    document.getElementById("main")?.focus();
                }}
            >
                {words.skip}
            </a>
            <header className="shell-head">
                <Brand />
                <Nav view={props.route.view} unread={unread} unreadMessages={messages} role={props.user.role} />
            </header>
            <div className="shell-view">
                <Suspense fallback={null}>
                    <PushAsk userId={props.user.id} view={props.route.view} />
                </Suspense>
                <View {...props} />
            </div>
            <ConnectionNote />
            <DriftingCheers userId={props.user.id} />
            <Arrivals />
            <Announcer />
        </div>
    );
}

function Inside({ user, place }: { user: User; place: Place }) {
    const { team, teams, teamKey, loading, choose } = useTeam(user);
    if (loading) return <Splash />;
    if (place.route.view === "join") return <JoinWhileSignedIn user={user} code={place.route.code} />;
    return (
        <ConnectionProvider userId={user.id} team={teamKey} enabled={team !== null}>
            <Shell user={user} team={team} teams={teams} chooseTeam={choose} route={place.route} />
        </ConnectionProvider>
    );
}

function Splash() {
    return (
        <main className="door splash" id="main" tabIndex={-1}>
            <h1 className="unseen">{words.brand}</h1>
            <div className="door-brand">
                <Lantern />
            </div>
            <Loading>{words.loading}</Loading>
        </main>
    );
}

export function App() {
    const place = usePlace();
    const { user, loading, error, retry, expired } = useSession();
    const shown = loading ? "loading" : error && !user ? "failed" : user ? "inside" : "door";
    const view = shown === "door" && place.route.view !== "join" ? words.signIn.view : titles()[place.route.view];

    useEffect(() => {
        document.title = words.title(view);
    }, [view]);
    useArrival(place, shown);

    if (shown === "loading") return <Splash />;
    if (shown === "failed") {
        return (
            <main className="door" id="main" tabIndex={-1}>
                <h1 className="unseen">{words.brand}</h1>
                <Failed title={words.status.crash} error={error} retry={retry} />
            </main>
        );
    }
    if (user) return <Inside user={user} place={place} />;
    return place.route.view === "join" ? <Join code={place.route.code} /> : <SignIn expired={expired} />;
}
