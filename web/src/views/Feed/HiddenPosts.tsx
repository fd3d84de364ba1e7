/*
 * That posts are left out, because the member wanted it so, and the way to see them: one press, and back again.
 */
import { useEffect } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { noteMine } from "../../hooks/notes.ts";
import { usePreferences } from "../../hooks/usePreferences.ts";
import { words } from "../../words.ts";

interface HiddenPostsProps {
    hidden: number;
    all: boolean;
    showAll: (on: boolean) => void;
    reload: () => void;
}

export function HiddenPosts({ hidden, all, showAll, reload }: HiddenPostsProps) {
    const { feed } = words;
    const { preferences } = usePreferences();
    const mine = preferences?.feed === "mine";
    const known = preferences !== null;

    /* Chosen on another device, or a moment ago: the feed is the one that was asked for before. */
    useEffect(() => {
        if (known && noteMine(mine)) reload();
    }, [known, mine]);

    if (!mine || (hidden === 0 && !all)) return null;
    return (
        <div className="hidden-posts">
            <p role="status">{all ? feed.allShown : feed.hidden(hidden)}</p>
            <Button onClick={() => showAll(!all)}>{all ? feed.showMine : feed.showAll}</Button>
        </div>
    );
}
