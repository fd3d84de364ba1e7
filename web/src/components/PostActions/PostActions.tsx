/*
 * What may be done with a post, in plain words: its author changes it, its author and those who look after the team
 * delete it, those who look after the team pin it, and show it again when it was hidden. Everybody else may tell the coach
 * about it.
 */
import { useRef } from "react";
import { useFocusPast } from "../../hooks/useFocusPast.ts";
import { useShowAgain } from "../../hooks/useReports.ts";
import type { Post, User } from "../../porchlight/index.ts";
import { words } from "../../words.ts";
import { Button } from "../Button/Button.tsx";
import { PinButton } from "../PinButton/PinButton.tsx";
import { Report } from "../Report/Report.tsx";
import { Problem } from "../States/States.tsx";
import "./PostActions.css";

function ShowAgain({ post, describedBy }: { post: Post; describedBy: string }) {
    const { safety } = words;
    const show = useShowAgain(post.id);
    const place = useRef<HTMLDivElement>(null);
    useFocusPast(place);
    return (
        <div ref={place}>
            <Button
                look="quiet"
                icon="eye"
                busy={show.isPending}
                aria-describedby={describedBy}
                onClick={() => show.mutate()}
                data-once
            >
                {safety.show}
            </Button>
            {show.isError && <Problem>{safety.decideFailed}</Problem>}
        </div>
    );
}

interface PostActionsProps {
    post: Post;
    user: User;
    /* The id of what says whose post it is. */
    describedBy: string;
    edit: () => void;
    remove: () => void;
}

export function PostActions({ post, user, describedBy, edit, remove }: PostActionsProps) {
    const own = post.author.id === user.id;
    /* A team's id is its coach's user id. */
    const leads = user.role === "admin" || (user.role === "coach" && post.teamId === user.id);
    if (!own && !leads) {
        return (
            <div className="post-actions">
                <Report subject="post" subjectId={post.id} describedBy={describedBy} />
            </div>
        );
    }
    return (
        <div className="post-actions">
            {own && (
                <Button
                    look="quiet"
                    icon="pen"
                    className="post-edit"
                    aria-describedby={describedBy}
                    onClick={edit}
                    data-once
                >
                    {words.post.edit}
                </Button>
            )}
            <Button look="quiet" icon="bin" aria-describedby={describedBy} onClick={remove} data-once>
                {words.post.delete}
            </Button>
            {leads && post.hidden && <ShowAgain post={post} describedBy={describedBy} />}
            {leads && <PinButton post={post} look="quiet" describedBy={describedBy} />}
        </div>
    );
}
