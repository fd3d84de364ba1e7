/*
 * A link that lets people into the team: for how many, for how long, and then the link itself, large and easy to copy.
 */
import { useEffect, useRef, useState } from "react";
import { Button } from "../Button/Button.tsx";
import { Choice } from "../Choice/Choice.tsx";
import { Done } from "../Panel/Panel.tsx";
import { Problem } from "../States/States.tsx";
import { useInvite } from "../../hooks/useInvite.ts";
import type { Invite as Invitation, TeamRef } from "../../porchlight/index.ts";
import { copyText } from "../../text/copy.ts";
import { problemSentence } from "../../text/problem.ts";
import { words } from "../../words.ts";
import "./InviteForm.css";

const { corner } = words;

const USES = ["1", "5", "30"] as const;
const DAYS = ["1", "7", "30"] as const;
type Uses = (typeof USES)[number];
type Days = (typeof DAYS)[number];

function Link({ invite, again }: { invite: Invitation; again: () => void }) {
    const [copied, setCopied] = useState<boolean | null>(null);
    const link = useRef<HTMLParagraphElement>(null);

    /* It stands where the button was that had the focus. */
    useEffect(() => link.current?.focus({ preventScroll: true }), [invite]);

    const copy = async (): Promise<void> => {
        const done = await copyText(invite.url);
        setCopied(done);
        /* Then it is at least marked. */
        if (!done && link.current) getSelection()?.selectAllChildren(link.current);
    };

    return (
        <div className="invite">
            <h3>{corner.link}</h3>
            <p className="invite-link" ref={link} tabIndex={-1}>
                {invite.url}
            </p>
            <p>
                {corner.goodFor(invite.maxUses, new Date(invite.expiresAt))} {corner.onlyOnce}
            </p>
            <Done>{copied === true && corner.copied}</Done>
            {copied === false && <Problem>{corner.copyFailed}</Problem>}
            <div className="panel-actions">
                <Button look="main" icon="copy" onClick={() => void copy()}>
                    {corner.copy}
                </Button>
                {typeof navigator.share === "function" && (
                    <Button
                        icon="up"
                        className="invite-more"
                        /* Who closes the device's own window has changed their mind. */
                        onClick={() => void navigator.share({ url: invite.url }).catch(() => undefined)}
                    >
                        {corner.share}
                    </Button>
                )}
                <Button look="quiet" className="invite-more" onClick={again}>
                    {corner.another}
                </Button>
            </div>
        </div>
    );
}

export function InviteForm({ team }: { team: TeamRef }) {
    const [uses, setUses] = useState<Uses>("1");
    const [days, setDays] = useState<Days>("7");
    const make = useInvite(team.id);
    const form = useRef<HTMLDivElement>(null);
    const again = useRef(false);

    /* The button for another one left with the link: it starts with the first choice. */
    useEffect(() => {
        if (!make.data && again.current) form.current?.querySelector<HTMLElement>("input:checked")?.focus();
        again.current = make.data !== undefined;
    }, [make.data]);

    if (make.data) return <Link invite={make.data} again={make.reset} />;
    return (
        <div className="panel-form" ref={form}>
            <Choice
                legend={corner.uses}
                options={USES}
                labels={corner.usesOf}
                value={uses}
                choose={setUses}
            />
            <Choice
                legend={corner.days}
                options={DAYS}
                labels={corner.daysOf}
                value={days}
                choose={setDays}
            />
            {make.error && (
                <Problem>
                    {corner.makeFailed} {problemSentence(make.error)}
                </Problem>
            )}
            <div className="panel-actions">
                <Button
                    look="main"
                    busy={make.isPending}
                    onClick={() => make.mutate({ maxUses: Number(uses), expiresInHours: Number(days) * 24 })}
                >
                    {make.isPending ? corner.making : corner.makeLink}
                </Button>
            </div>
        </div>
    );
}
