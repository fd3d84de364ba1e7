/*
 * Topics as a member types them: "walking, Sleep #walking" becomes walking and Sleep.
 */

export const TOPICS_MAX = 5;
export const TOPIC_CHARS_MAX = 30;
export const POST_CHARS_MAX = 5000;

export function topicsOf(text: string): string[] {
    const seen = new Map<string, string>();
    for (const word of text.split(/[\s,;]+/)) {
        const topic = word.replace(/^#+/, "");
        if (topic && !seen.has(topic.toLowerCase())) seen.set(topic.toLowerCase(), topic);
    }
    return [...seen.values()];
}

/* Characters as the server counts them: code points, not the UTF-16 units of `length`. */
export function charsOf(text: string): number {
    return Array.from(text).length;
}
