/*
 * What a member is writing. Kept for the life of the tab, so that a reload or an ended session loses nothing; kept
 * under the member's id, so that nobody else on the same device finds it. The key makes sending it twice harmless.
 */
import { useCallback, useState } from "react";
import { newIdempotencyKey } from "../porchlight/index.ts";

export interface Draft {
    body: string;
    topics: string;
    key: string;
}

const PREFIX = "porchlight.draft.";

const empty = (): Draft => ({ body: "", topics: "", key: newIdempotencyKey() });

function read(userId: string): Draft {
    try {
        const saved: unknown = JSON.parse(sessionStorage.getItem(PREFIX + userId) ?? "null");
        if (typeof saved === "object" && saved !== null) return { ...empty(), ...(saved as Partial<Draft>) };
    } catch {
        /* Storage may be full or forbidden: then a draft lives as long as the page. */
    }
    return empty();
}

/* Takes all drafts off the device, and answers them. */
export function takeDrafts(): Map<string, string> {
    const drafts = new Map<string, string>();
    try {
        for (const name of Object.keys(sessionStorage)) {
            if (!name.startsWith(PREFIX)) continue;
            drafts.set(name, sessionStorage.getItem(name) ?? "");
            sessionStorage.removeItem(name);
        }
    } catch {
        /* Nothing was kept either. */
    }
    return drafts;
}

export function putDrafts(drafts: Map<string, string>): void {
    try {
        drafts.forEach((draft, name) => sessionStorage.setItem(name, draft));
    } catch {
        /* As above. */
    }
}

export function useDraft(userId: string) {
    const [draft, setDraft] = useState(() => read(userId));

    const save = useCallback(
        (next: Draft) => {
            setDraft(next);
            try {
                if (next.body || next.topics) sessionStorage.setItem(PREFIX + userId, JSON.stringify(next));
                else sessionStorage.removeItem(PREFIX + userId);
            } catch {
                /* As above. */
            }
        },
        [userId],
    );

    return {
        draft,
        /* Other words are another post, and need another key. */
        change: (words: Partial<Omit<Draft, "key">>) => save({ ...draft, ...words, key: newIdempotencyKey() }),
        clear: () => save(empty()),
    };
}
