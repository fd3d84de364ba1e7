/*
 * The line that says who is here. The count is people, coaches and oneself included, so nobody is named and counted.
 */
import type { Presence, User } from "../porchlight/index.ts";
import { words } from "../words.ts";

const NAMED_COACHES_MAX = 2;

export function activeLine(presence: Presence, me: Pick<User, "name" | "role" | "appearOffline">): string {
    const { active } = words;
    if (presence.count <= 0) return active.nobody;

    const counted = !me.appearOffline;
    const leading = counted && me.role === "coach" && presence.activeCoaches.includes(me.name);
    if (counted && presence.count === 1 && (leading || presence.activeCoaches.length === 0)) return active.onlyYou;

    const coaches = presence.activeCoaches.filter((name) => !(leading && name === me.name));
    const named = coaches.slice(0, NAMED_COACHES_MAX).map(active.coach);
    const youFirst = leading || (counted && named.length === 0);
    const rest = Math.max(0, presence.count - named.length - (youFirst ? 1 : 0));

    const parts = youFirst ? [active.you, ...named] : named;
    if (parts.length === 0) return active.sentence(active.members(rest), rest !== 1);
    /* The one other is oneself: "1 other" would be true and odd. */
    if (rest === 1 && counted && !youFirst) parts.push(active.youLater);
    else if (rest > 0) parts.push(active.others(rest));
    return active.sentence(active.and(parts), parts.length > 1 || youFirst);
}
