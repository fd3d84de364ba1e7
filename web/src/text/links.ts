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

/*
 * Where an address ends without what the sentence around it has added: "https://a.example/b)." ends before ")", and
 * "https://a.example/b_(c)" does not. Looks at each sign twice at most, however many brackets there are.
 */
export function endOf(signs: ArrayLike<string>): number {
    const found = new Map<string, number>();
    const add = (sign: string, by: number): void => void found.set(sign, (found.get(sign) ?? 0) + by);
    for (let i = 0; i < signs.length; i++) add(signs[i]!, 1);
    for (let end = signs.length; end > 0; end--) {
        const last = signs[end - 1]!;
        const opening = PAIRS[last];
        const unpaired = opening !== undefined && (found.get(last) ?? 0) > (found.get(opening) ?? 0);
        if (!unpaired && !CLOSING.test(last)) return end;
        add(last, -1);
    }
    return 0;
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
        const address = match[0].slice(0, endOf(match[0]));
        const href = hrefOf(address);
        if (href === null) continue;
        if (match.index > end) parts.push(text.slice(end, match.index));
        parts.push({ text: address, href });
        end = match.index + address.length;
    }
    if (end < text.length) parts.push(text.slice(end));
    return parts;
}
