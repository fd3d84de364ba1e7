/*
 * What may be done with a post, in plain words: its author changes it, its author and those who look after the team
 * delete it, those who look after the team pin it. Everybody else may tell the coach about it.
 */
import type { Post, User } from "../../porchlight/index.ts";
import { words } from "../../words.ts";
import { Button } from "../Button/Button.tsx";
import { PinButton } from "../PinButton/PinButton.tsx";
import { Report } from "../Report/Report.tsx";
import "./PostActions.css";

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
            {leads && <PinButton post={post} look="quiet" describedBy={describedBy} />}
        </div>
    );
}
