/*
 * The messages of a channel as one list. Pure: what is known and what is new in, what is known then out. A message that
 * comes twice, or late, changes nothing: it has one place, and its newest state stays.
 */
import type { Message } from "./types.ts";

/* Ids are numbers of any length, written as text, and rise within a channel. */
export const compareIds = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

export interface Talk {
    /* By id. */
    messages: readonly Message[];
    /*
     * From here on nothing is missing; null: from the beginning. What is older than this has come as a change, and shows
     * when the page that it belongs to is there.
     */
    floor: string | null;
    /* The page before the floor; null when there is none. */
    next: string | null;
    /* Deleted before they were known: an older page may still have them. */
    gone: ReadonlySet<string>;
}

/* A deleted message stays so; of two that were edited, or one that was not, the later counts. */
function isNewer(next: Message, known: Message): boolean {
    if (known.deleted || next.deleted) return next.deleted;
    return (next.editedAt ?? "") >= (known.editedAt ?? "");
}

export function mergeMessages(known: readonly Message[], news: readonly Message[]): readonly Message[] {
    if (news.length === 0) return known;
    const byId = new Map(known.map((it) => [it.id, it]));
    for (const message of news) {
        const before = byId.get(message.id);
        if (!before || isNewer(message, before)) byId.set(message.id, message);
    }
    return [...byId.values()].sort((a, b) => compareIds(a.id, b.id));
}

/* Begins with the newest page. */
export function beginTalk(newest: readonly Message[], next: string | null): Talk {
    const messages = mergeMessages([], newest);
    return { messages, next, floor: next === null ? null : (messages[0]?.id ?? null), gone: new Set() };
}

export const addNews = (talk: Talk, news: readonly Message[]): Talk => ({
    ...talk,
    messages: mergeMessages(talk.messages, news),
});

const asDeleted = (message: Message): Message => ({ ...message, content: "", deleted: true });

export function addDeletion(talk: Talk, id: string): Talk {
    const known = talk.messages.find((it) => it.id === id);
    return known ? addNews(talk, [asDeleted(known)]) : { ...talk, gone: new Set([...talk.gone, id]) };
}

/* The page that lies before the floor. */
export function addOlder(talk: Talk, page: readonly Message[], next: string | null): Talk {
    const oldest = mergeMessages([], page)[0]?.id ?? talk.floor;
    const left = page.map((it) => (talk.gone.has(it.id) ? asDeleted(it) : it));
    return { ...talk, messages: mergeMessages(talk.messages, left), next, floor: next === null ? null : oldest };
}

/* What may be shown: an unbroken piece up to now. */
export function withoutGaps({ messages, floor }: Talk): readonly Message[] {
    return floor === null ? messages : messages.filter(({ id }) => compareIds(id, floor) >= 0);
}
