/*
 * Who is in a chat, and who is writing, as sentences.
 */
import { words } from "../words.ts";

export interface Person {
    userId: string;
    username: string;
}

/* More names than this are "others". */
const NAMED_MAX = 3;

const named = (names: string[]): string[] => {
    if (names.length <= NAMED_MAX) return names;
    return [...names.slice(0, NAMED_MAX - 1), words.active.others(names.length - NAMED_MAX + 1)];
};

export function hereLine(online: readonly Person[], userId: string): string {
    const { active, chat } = words;
    const others = online.filter((it) => it.userId !== userId).map((it) => it.username);
    if (others.length === 0) return chat.onlyYou;
    return chat.here(active.and(named(others)), others.length > 1);
}

/* "" when nobody else is writing. */
export function typingLine(typing: readonly Person[], userId: string): string {
    const others = typing.filter((it) => it.userId !== userId).map((it) => it.username);
    return others.length === 0 ? "" : words.chat.typing(words.active.and(named(others)), others.length > 1);
}
