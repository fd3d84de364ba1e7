/*
 * The code of an invite, from whatever was pasted: the link, the code, either with blanks around it.
 */
export function inviteCode(pasted: string): string {
    const text = pasted.trim();
    const inLink = /#\/join\/([^/?#\s]+)/.exec(text)?.[1];
    if (inLink === undefined) return text;
    try {
        return decodeURIComponent(inLink);
    } catch {
        return inLink;
    }
}
