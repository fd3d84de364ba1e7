/*
 * For coaches: puts a post on top for the team, or takes it down.
 */
import { usePin } from "../../hooks/usePosts.ts";
import { PorchlightError, type Post } from "../../porchlight/index.ts";
import { words } from "../../words.ts";
import { Button } from "../Button/Button.tsx";
import { Problem } from "../States/States.tsx";

interface PinButtonProps {
    post: Post;
    look?: "plain" | "quiet";
    /* The id of what says which post it is. */
    describedBy: string;
}

export function PinButton({ post, look = "plain", describedBy }: PinButtonProps) {
    const pin = usePin(post.id);
    const label = pin.isPending
        ? pin.variables
            ? words.post.pinning
            : words.post.unpinning
        : post.pinned
          ? words.post.unpin
          : words.post.pin;
    const full = pin.error instanceof PorchlightError && pin.error.status === 409;
    return (
        <>
            <Button
                look={look}
                className="post-pin"
                icon="pin"
                busy={pin.isPending}
                aria-describedby={describedBy}
                onClick={() => pin.mutate(!post.pinned)}
                data-once
            >
                {label}
            </Button>
            {pin.error && <Problem>{full ? words.post.tooManyPins : words.post.pinFailed}</Problem>}
        </>
    );
}
