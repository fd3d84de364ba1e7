/*
 * A notice's link, when it stays inside this app. "//elsewhere" and "/\elsewhere" also start with a slash.
 */
export function safeLink(link: string | null): string | null {
    return link !== null && /^\/(?![/\\])/.test(link) ? link : null;
}
