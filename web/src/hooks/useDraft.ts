/*
 * What a member is writing: a new post or message, or other words for one. Kept for the life of the tab, so that a reload or an
 * ended session loses nothing; kept under the member's id, so that nobody else on the same device finds it. The key
 * makes sending it twice harmless.
 */
import { useCallback, useState } from "react";
import { newIdempotencyKey } from "../porchlight/index.ts";

export interface Words {
    body: string;
    topics: string;
    /* Of words for a post that is there: when it had been edited last, as far as their author knew. */
    since?: string | null;
    /* Of a message: what it answers. */
    reply?: Reply | null;
}

export interface Reply {
    thread: string;
    username: string;
    content: string;
}

export interface Draft extends Words {
    key: string;
}

const PREFIX = "porchlight.draft.";

const NOTHING: Words = { body: "", topics: "" };

/* The name of what a member writes in place of a post of theirs, or of a message. */
export const editName = (userId: string, postId: string): string => `${userId}.edit.${postId}`;
export const messageEditName = (userId: string, id: string): string => `${userId}.edit.message.${id}`;

const begin = (words: Words): Draft => ({ ...words, key: newIdempotencyKey() });

function read(name: string): Draft | null {
    try {
        const saved: unknown = JSON.parse(sessionStorage.getItem(PREFIX + name) ?? "null");
        if (typeof saved === "object" && saved !== null) return { ...begin(NOTHING), ...(saved as Partial<Draft>) };
    } catch {
        /* Storage may be full or forbidden: then a draft lives as long as the page. */
    }
    return null;
}

export const hasDraft = (name: string): boolean => read(name) !== null;

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

/* `name`: the member's id, or an `editName`. `first`: what stands there before anything is written. */
export function useDraft(name: string, first: Words = NOTHING) {
    const [draft, setDraft] = useState(() => read(name) ?? begin(first));

    const save = useCallback(
        (next: Draft | null) => {
            setDraft(next ?? begin(NOTHING));
            try {
                if (next && (next.body || next.topics)) sessionStorage.setItem(PREFIX + name, JSON.stringify(next));
                else sessionStorage.removeItem(PREFIX + name);
            } catch {
                /* As above. */
            }
        },
        [name],
    );

    return {
        draft,
        /* Other words are another post, and need another key. */
        change: (words: Partial<Words>) => save({ ...draft, ...words, key: newIdempotencyKey() }),
        clear: () => save(null),
        /* As it was before it was cleared. */
        restore: (before: Draft) => save(before),
    };
}
