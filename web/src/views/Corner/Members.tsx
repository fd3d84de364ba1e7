/*
 * Who is in the team, the newest on top: a coach wants to greet them.
 */
import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { flushSync } from "react-dom";
import { Button } from "../../components/Button/Button.tsx";
import { Initial } from "../../components/Initial/Initial.tsx";
import { Done, Panel } from "../../components/Panel/Panel.tsx";
import { Question } from "../../components/Question/Question.tsx";
import { Empty, Failed, Loading, Problem } from "../../components/States/States.tsx";
import { useClient } from "../../hooks/client.ts";
import { useFocusPast } from "../../hooks/useFocusPast.ts";
import { useFocusWithin } from "../../hooks/useFocusWithin.ts";
import { keys } from "../../hooks/keys.ts";
import { useMembers } from "../../hooks/useMembers.ts";
import { useNow } from "../../hooks/useNow.ts";
import type { Member, TeamRef } from "../../porchlight/index.ts";
import { timeInWords } from "../../text/time.ts";
import { words } from "../../words.ts";

const { corner } = words;

const NEW_MS = 7 * 24 * 3600 * 1000;
/* More wait behind a button. Whoever is new is among them. */
const SHOWN = 8;
const PAUSE_MINUTES = 60;

/* What may be asked of a member, each after a question. */
function Care({ member, teamId }: { member: Member; teamId: string }) {
    const { safety } = words;
    const { api, queryClient } = useClient();
    const [asked, setAsked] = useState<"pause" | "remove" | null>(null);
    const { card, focusNext } = useFocusWithin<HTMLDivElement>();
    const close = (): void => {
        setAsked(null);
        focusNext(asked === "remove" ? "button:last-of-type" : "button");
    };
    const act = useMutation({
        mutationFn: (what: "pause" | "remove") =>
            what === "pause" ? api.mute(teamId, member.id, PAUSE_MINUTES) : api.removeMember(teamId, member.id),
        onSuccess: (_, what) =>
            what === "remove" ? queryClient.invalidateQueries({ queryKey: keys.members(teamId) }) : undefined,
        onSettled: close,
    });
    if (asked) {
        const removes = asked === "remove";
        return (
            <div ref={card}>
                <Question
                    ask={removes ? safety.removeAsk(member.name) : safety.pauseAsk(member.name)}
                    keep={safety.keep}
                    lose={removes ? safety.removeDo : safety.pauseDo}
                    onKeep={close}
                    onLose={() => {
                        if (!act.isPending) act.mutate(asked);
                    }}
                />
            </div>
        );
    }
    return (
        <div ref={card}>
            <div className="panel-actions">
                <Button look="quiet" icon="pause" onClick={() => setAsked("pause")}>
                    {safety.pause}
                    <span className="unseen"> {member.name}</span>
                </Button>
                <Button look="quiet" icon="door" onClick={() => setAsked("remove")}>
                    {safety.remove}
                    <span className="unseen"> {member.name}</span>
                </Button>
            </div>
            <Done>{act.isSuccess && act.variables === "pause" && safety.paused(member.name)}</Done>
            {act.isError && <Problem>{safety.decideFailed}</Problem>}
        </div>
    );
}

interface PersonProps {
    member: Member;
    teamId: string;
    fresh: boolean;
    now: number;
}

function Person({ member, teamId, fresh, now }: PersonProps) {
    const place = useRef<HTMLLIElement>(null);
    useFocusPast(place);
    return (
        <li className="corner-person" ref={place}>
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
                {member.role === "member" && <Care member={member} teamId={teamId} />}
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
                        <Person key={member.id} member={member} teamId={team.id} fresh={isNew(member)} now={now} />
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
