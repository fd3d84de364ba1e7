/* A tab whose member has changed in another one gives up what it shows; one whose member is still the same does not. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { QueryClient } from "@tanstack/react-query";
import type { Post, User } from "../porchlight/index.ts";
import { keys } from "./keys.ts";
import { watchOtherTabs } from "./otherTab.ts";

const NOTED = "porchlight.signedIn";
const stored = new Map<string, string>();
const heard = new Map<string, () => void>();
let forbidden = false;

beforeEach(() => {
    stored.clear();
    heard.clear();
    forbidden = false;
    const on = { addEventListener: (name: string, run: () => void) => void heard.set(name, run) };
    const getItem = (name: string): string | null => {
        if (forbidden) throw new Error("SecurityError");
        return stored.get(name) ?? null;
    };
    Object.assign(globalThis, { localStorage: { getItem }, window: on, document: on });
});

/* A tab that shows a post. */
function openTab(user: User | null = { id: "9", name: "Mary" } as User) {
    const cache = new QueryClient();
    cache.setQueryData(keys.session, user);
    cache.setQueryData(keys.post("1"), { id: "1" } as Post);
    watchOtherTabs(cache);
    return { cache, shows: () => cache.getQueryData(keys.post("1")) !== undefined };
}

for (const event of ["storage", "visibilitychange"]) {
    test(`somebody else signed in, or everybody out, in another tab: ${event}`, () => {
        for (const noted of ["10", null]) {
            stored.set(NOTED, "9");
            const tab = openTab();
            heard.get(event)?.();
            assert.equal(tab.shows(), true, "nothing has changed yet");
            if (noted) stored.set(NOTED, noted);
            else stored.delete(NOTED);
            heard.get(event)?.();
            assert.deepEqual([tab.shows(), tab.cache.getQueryData(keys.session)], [false, undefined]);
        }
    });
}

test("a tab at the door, and a device that keeps no notes, go on as they are", () => {
    stored.set(NOTED, "10");
    const door = openTab(null);
    heard.get("storage")?.();
    assert.equal(door.shows(), true);

    forbidden = true;
    const tab = openTab();
    heard.get("storage")?.();
    assert.equal(tab.shows(), true);
});
