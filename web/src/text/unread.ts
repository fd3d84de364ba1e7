/*
 * How much is new, in the room that a badge has.
 */
import { words } from "../words.ts";

const MANY = 9;

export const unreadBadge = (count: number): string => (count > MANY ? words.nav.manyUnread : String(count));
