/*
 * All notices, newest first. Opening the view is reading them: the bell is quiet afterwards.
 */
import { useEffect, useRef, useState } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Icon } from "../../components/Icon/Icon.tsx";
import { Empty, Failed, Loading } from "../../components/States/States.tsx";
import { useNotices } from "../../hooks/useNotices.ts";
import { useNow } from "../../hooks/useNow.ts";
import type { Notice, User } from "../../porchlight/index.ts";
import { safeLink } from "../../text/link.ts";
import { noticeTitle } from "../../text/notice.ts";
import { timeInWords } from "../../text/time.ts";
import { words } from "../../words.ts";
import "./Notices.css";

const icons = { pin: "pin", announcement: "horn", win: "star" } as const;

function NoticeCard({ notice, fresh }: { notice: Notice; fresh: boolean }) {
    const now = useNow();
    const link = safeLink(notice.link);
    const title = noticeTitle(notice);
    return (
        <li className={`notice${fresh ? " notice-fresh" : ""}`} tabIndex={-1}>
            <span className="notice-icon">
                <Icon name={icons[notice.kind]} />
            </span>
            <div className="notice-words">
                <h2>
                    {title}
                    {fresh && <span className="badge">{words.notices.fresh}</span>}
                </h2>
                {notice.body && <p>{notice.body}</p>}
                <p className="notice-when">
                    {words.notices[notice.kind]} ·{" "}
                    <time dateTime={notice.createdAt}>{timeInWords(notice.createdAt, now)}</time>
                </p>
                {link && (
                    <a className="button button-plain" href={link}>
                        {notice.kind === "pin" ? words.notices.read : words.notices.open}
                        <span className="unseen">: {title}</span>
                    </a>
                )}
            </div>
        </li>
    );
}

export function Notices({ user }: { user: User }) {
    const { notices } = words;
    const { items, isNew, markSeen, loading, error, retry, hasOlder, loadingOlder, loadOlder } = useNotices(user.id);
    const list = useRef<HTMLUListElement>(null);
    /* What was new when the view opened keeps its mark while one reads. */
    const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
    const newIds = items
        .filter(isNew)
        .map((it) => it.id)
        .join(" ");

    /* How many there were when older ones were asked for. */
    const asked = useRef<number | null>(null);

    const showOlder = (): void => {
        asked.current = list.current?.children.length ?? 0;
        void loadOlder();
    };

    /* The button's place is where they appear: the focus goes on from there. */
    useEffect(() => {
        if (loadingOlder || asked.current === null) return;
        const first = list.current?.children.item(asked.current);
        asked.current = null;
        if (first instanceof HTMLElement) first.focus({ preventScroll: true });
    }, [loadingOlder]);

    useEffect(() => {
        if (!newIds) return;
        setFresh((before) => new Set([...before, ...newIds.split(" ")]));
        markSeen();
    }, [newIds, markSeen]);

    return (
        <main className="page" id="main" tabIndex={-1}>
            <header className="page-head">
                <h1 tabIndex={-1}>{notices.heading}</h1>
                <p>{notices.intro}</p>
            </header>
            {loading && <Loading cards={2}>{notices.loading}</Loading>}
            {error && <Failed title={notices.failed} error={error} retry={retry} />}
            {!loading && !error && items.length === 0 && (
                <Empty icon="bell" title={notices.empty}>
                    {notices.emptyHelp}
                </Empty>
            )}
            {items.length > 0 && (
                <ul className="notice-list" ref={list}>
                    {items.map((notice) => (
                        <NoticeCard key={notice.id} notice={notice} fresh={fresh.has(notice.id)} />
                    ))}
                </ul>
            )}
            {hasOlder && (
                <Button className="feed-older" busy={loadingOlder} onClick={showOlder}>
                    {loadingOlder ? notices.olderBusy : notices.older}
                </Button>
            )}
        </main>
    );
}
