/*
 * The member's digest: this week's, or an older one by its address. What is being made shows how far it has got.
 */
import { useEffect, useRef } from "react";
import { announce } from "../../components/Announcer/Announcer.tsx";
import { Bar } from "../../components/Bar/Bar.tsx";
import { Button } from "../../components/Button/Button.tsx";
import { Icon } from "../../components/Icon/Icon.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { Empty, Failed, Loading, Problem } from "../../components/States/States.tsx";
import { useDigest, useDigests, useStartDigest } from "../../hooks/useDigests.ts";
import type { DigestHead } from "../../porchlight/index.ts";
import { words } from "../../words.ts";
import { ArticleCard } from "./ArticleCard.tsx";
import "./Digest.css";

const isUnderWay = ({ status }: DigestHead): boolean => status === "pending" || status === "in_progress";

const madeAt = (digest: DigestHead): Date => new Date(digest.completedAt ?? digest.startedAt);

function Making({ digest }: { digest: DigestHead }) {
    const { digest: say } = words;
    return (
        <Panel title={say.making} icon="digest">
            <div className="digest-making">
                <Bar label={say.making} max={100} value={digest.progress} />
                <p>
                    <span>{digest.status === "pending" ? say.pending : say.inProgress}</span>{" "}
                    <strong>{say.percent(digest.progress)}</strong>
                </p>
            </div>
        </Panel>
    );
}

/* The server's own word for it (DESIGN, section 5). */
const TIMED_OUT = "Job timed out";

function NotFinished({ digest }: { digest: DigestHead }) {
    const { digest: say } = words;
    return (
        <div className="digest-failed" role="status">
            <h2>{say.jobFailed}</h2>
            <p>{digest.error === TIMED_OUT ? say.timedOut : say.jobFailedHelp}</p>
        </div>
    );
}

function Articles({ id }: { id: string }) {
    const { digest: say } = words;
    const { digest, error, isPending, retry } = useDigest(id);
    if (isPending) return <Loading cards={3}>{say.loading}</Loading>;
    if (error) return <Failed title={say.failed} error={error} retry={retry} />;
    if (!digest) return null;
    return (
        <section className="feed-section" aria-labelledby="digest-made">
            <h2 id="digest-made" className="digest-made">
                <Icon name="sun" />
                {say.from(madeAt(digest))}
            </h2>
            {digest.articles.length === 0 ? (
                <Empty icon="sun" title={say.nothing}>
                    {say.nothingHelp}
                </Empty>
            ) : (
                <ol className="articles">
                    {digest.articles.map((article) => (
                        <ArticleCard key={article.id} article={article} />
                    ))}
                </ol>
            )}
        </section>
    );
}

/* Says when the one that was waited for is there. */
function useReady(underWay: boolean, latest: string | undefined): void {
    /* The newest one when the waiting began: who waits for one that fails is told nothing. */
    const waited = useRef<{ before: string | undefined } | null>(null);
    useEffect(() => {
        if (underWay) {
            waited.current ??= { before: latest };
            return;
        }
        if (waited.current && latest !== waited.current.before) announce(words.digest.ready);
        waited.current = null;
    }, [underWay, latest]);
}

function Digests({ digests, id }: { digests: DigestHead[]; id: string | null }) {
    const { digest: say } = words;
    const { mutate: start, isPending, error } = useStartDigest();
    const newest = digests[0];
    const underWay = digests.find(isUnderWay);
    const finished = digests.filter((it) => it.status === "completed");
    const shown = id === null ? finished[0] : digests.find((it) => it.id === id);
    const older = finished.filter((it) => it.id !== shown?.id);
    useReady(underWay !== undefined, finished[0]?.id);

    if (id !== null && !shown) {
        return (
            <Empty icon="digest" title={say.gone}>
                <p>{say.goneHelp}</p>
                <a className="button button-plain" href="#/digest">
                    {say.back}
                </a>
            </Empty>
        );
    }
    const make = !underWay && (
        <Button look={finished.length === 0 ? "main" : "plain"} className="digest-make" busy={isPending} onClick={() => start({})} data-once>
            {say.make}
        </Button>
    );
    return (
        <>
            {id !== null && (
                <a className="page-back" href="#/digest">
                    <Icon name="back" />
                    {say.back}
                </a>
            )}
            {id === null && underWay && <Making digest={underWay} />}
            {id === null && newest?.status === "failed" && <NotFinished digest={newest} />}
            {shown ? (
                <Articles key={shown.id} id={shown.id} />
            ) : (
                !underWay && (
                    <Empty icon="digest" title={say.empty}>
                        <p>{say.emptyHelp}</p>
                        {make}
                    </Empty>
                )
            )}
            {error && <Problem>{say.makeFailed}</Problem>}
            {shown && id === null && make}
            {older.length > 0 && (
                <Panel title={say.older} icon="table">
                    <ul className="digest-older">
                        {older.map((it) => (
                            <li key={it.id}>
                                <a href={`#/digest/${encodeURIComponent(it.id)}`}>
                                    {say.from(madeAt(it))}
                                    <Icon name="next" />
                                </a>
                            </li>
                        ))}
                    </ul>
                </Panel>
            )}
        </>
    );
}

export function Digest({ id }: { id: string | null }) {
    const { digest: say } = words;
    const { digests, isPending, error, retry } = useDigests();
    return (
        <main className="page" id="main" tabIndex={-1}>
            <header className="page-head">
                <h1 tabIndex={-1}>{say.heading}</h1>
                <p>{say.intro}</p>
            </header>
            {isPending && <Loading cards={3}>{say.loading}</Loading>}
            {error && <Failed title={say.failed} error={error} retry={retry} />}
            {!isPending && !error && <Digests digests={digests} id={id} />}
        </main>
    );
}
