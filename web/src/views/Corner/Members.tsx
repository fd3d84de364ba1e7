/*
 * Who is in the team, the newest on top: a coach wants to greet them.
 */
import { useRef, useState } from "react";
import { flushSync } from "react-dom";
import { Button } from "../../components/Button/Button.tsx";
import { Initial } from "../../components/Initial/Initial.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { Empty, Failed, Loading } from "../../components/States/States.tsx";
import { useMembers } from "../../hooks/useMembers.ts";
import { useNow } from "../../hooks/useNow.ts";
import type { Member, TeamRef } from "../../porchlight/index.ts";
import { timeInWords } from "../../text/time.ts";
import { words } from "../../words.ts";

const { corner } = words;

const NEW_MS = 7 * 24 * 3600 * 1000;
/* More wait behind a button. Whoever is new is among them. */
const SHOWN = 8;

function Person({ member, fresh, now }: { member: Member; fresh: boolean; now: number }) {
    return (
        <li className="corner-person">
            <Initial name={member.name} role={member.role} />
            <div>
                <p className="corner-name" tabIndex={-1}>
                    {member.name}
                    {fresh && <span className="badge">{corner.fresh}</span>}
                    {member.role === "coach" && <span className="badge">{words.post.coach}</span>}
                </p>
                <p className="corner-quiet">
                    <time dateTime={member.joinedAt}>{corner.joined(timeInWords(member.joinedAt, now))}</time>
                </p>
            </div>
        </li>
    );
}

export function Members({ team }: { team: TeamRef }) {
    const { data: members, error, isPending, refetch } = useMembers(team.id);
    const [all, setAll] = useState(false);
    const list = useRef<HTMLUListElement>(null);
    const now = useNow();
    const isNew = (member: Member): boolean =>
        member.role === "member" && now - new Date(member.joinedAt).getTime() < NEW_MS;
    const fresh = members?.filter(isNew).length ?? 0;
    const few = Math.max(SHOWN, fresh);
    const shown = all ? members : members?.slice(0, few);

    const showAll = (): void => {
        flushSync(() => setAll(true));
        /* The button's place is where they appear: the focus goes on from there. */
        list.current?.children.item(few)?.querySelector<HTMLElement>(".corner-name")?.focus({ preventScroll: true });
    };

    return (
        <Panel
            title={corner.members}
            {...(members && { intro: corner.membersCount(members.length, fresh) })}
            icon="people"
        >
            {isPending && <Loading>{corner.membersLoading}</Loading>}
            {!members && error && <Failed title={corner.membersFailed} error={error} retry={() => void refetch()} />}
            {members && !members.some((it) => it.id !== team.id) && (
                <Empty icon="people" title={corner.membersEmpty}>
                    <p>{corner.membersEmptyHelp}</p>
                </Empty>
            )}
            {shown && (
                <ul className="corner-people" ref={list}>
                    {shown.map((member) => (
                        <Person key={member.id} member={member} fresh={isNew(member)} now={now} />
                    ))}
                </ul>
            )}
            {members && shown && members.length > shown.length && (
                <div className="panel-actions">
                    <Button onClick={showAll}>{corner.showAll(members.length)}</Button>
                </div>
            )}
        </Panel>
    );
}
