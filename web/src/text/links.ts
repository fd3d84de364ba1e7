/*
 * The links in what a member wrote: whole addresses that begin with http:// or https://, and nothing else. Words stay
 * words; the view makes the element.
 */

export interface LinkPart {
    /* As it was written. */
    text: string;
    href: string;
}

export type TextPart = string | LinkPart;

/* Whitespace, quotes, angle brackets and signs that turn the direction of writing end an address. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"“”„«»\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gi;
/* What ends a sentence does not belong to the address before it. */
const CLOSING = /[.,;:!?'’…*_~]$/;
const PAIRS: Record<string, string> = { ")": "(", "]": "[", "}": "{" };

const count = (text: string, sign: string): number => text.split(sign).length - 1;

/* "https://a.example/b)." without what the sentence around it has added; "https://a.example/b_(c)" stays whole. */
function trimmed(address: string): string {
    for (let text = address; ; text = text.slice(0, -1)) {
        const last = text.slice(-1);
        const opening = PAIRS[last];
        const unpaired = opening !== undefined && count(text, last) > count(text, opening);
        if (!unpaired && !CLOSING.test(text)) return text;
    }
}

/* null: no address. One with a name before the host says one thing and leads to another: it stays text. */
function hrefOf(address: string): string | null {
    try {
        const { protocol, username, password, hostname, href } = new URL(address);
        const plain = /^https?:$/.test(protocol) && !username && !password && hostname !== "";
        return plain ? href : null;
    } catch {
        return null;
    }
}

/* The text in parts, in order: joined they are the text again. */
export function withLinks(text: string): TextPart[] {
    const parts: TextPart[] = [];
    let end = 0;
    for (const match of text.matchAll(ADDRESS)) {
        const address = trimmed(match[0]);
        const href = hrefOf(address);
        if (href === null) continue;
        if (match.index > end) parts.push(text.slice(end, match.index));
        parts.push({ text: address, href });
        end = match.index + address.length;
    }
    if (end < text.length) parts.push(text.slice(end));
    return parts;
}
