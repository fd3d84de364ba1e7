/*
 * The title of a notice. The server writes the one of a pin, in English: "Coach Sarah pinned a post". Any other is
 * somebody's own words.
 */
import type { Notice } from "../porchlight/index.ts";
import { words } from "../words.ts";

const PINNED = / pinned a post$/;

export function noticeTitle({ kind, title }: Pick<Notice, "kind" | "title">): string {
    return kind === "pin" && PINNED.test(title) ? words.notices.pinnedBy(title.replace(PINNED, "")) : title;
}
