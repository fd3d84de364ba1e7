/*
 * Who of a chat is active now, and who is writing, as sentences.
 */
import { words } from "../words.ts";

export interface Person {
    userId: string;
    username: string;
}

/* More names than this are "others". */
const NAMED_MAX = 3;

/* `count`: of all, those that are not named too. */
const named = (names: string[], count = names.length): string => {
    const { and, others } = words.active;
    if (count <= NAMED_MAX && count <= names.length) return and(names);
    const few = names.slice(0, NAMED_MAX - 1);
    return and([...few, others(count - few.length)]);
};

/* `online`: of the people as many as the server names. */
export function hereLine({ people, online }: { people: readonly Person[]; online: number }, userId: string): string {
    const others = people.filter((it) => it.userId !== userId).map((it) => it.username);
    if (others.length === 0) return words.active.onlyYou;
    const count = Math.max(others.length, online - (people.length - others.length));
    return words.chat.here(named(others, count), count > 1);
}

/* "" when nobody else is writing. */
export function typingLine(typing: readonly Person[], userId: string): string {
    const others = typing.filter((it) => it.userId !== userId).map((it) => it.username);
    return others.length === 0 ? "" : words.chat.typing(named(others), others.length > 1);
}
