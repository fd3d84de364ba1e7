/*
 * The first list that the page draws begins with as much as a tall screen shows; the others follow at once, in small
 * steps, while one already reads and presses. A view that one comes back to is whole from the start, so that it can be
 * scrolled to where it was.
 */
import { startTransition, useEffect, useState } from "react";

const FIRST = 4;
let drawn = false;

/* How many to draw. */
export function useFirstScreen(count: number): number {
    const [whole, setWhole] = useState(drawn);
    const some = count > 0;
    useEffect(() => {
        if (!some) return;
        drawn = true;
        startTransition(() => setWhole(true));
    }, [some]);
    return whole ? count : Math.min(FIRST, count);
}
