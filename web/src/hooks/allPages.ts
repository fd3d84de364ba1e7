/*
 * A list that comes in pages, as one.
 */
import type { List } from "../porchlight/index.ts";

export async function allPages<T>(load: (page: string | undefined) => Promise<List<T>>): Promise<T[]> {
    const items: T[] = [];
    let page: string | undefined;
    do {
        const answer = await load(page);
        items.push(...answer.items);
        page = answer.next ?? undefined;
    } while (page !== undefined);
    return items;
}
