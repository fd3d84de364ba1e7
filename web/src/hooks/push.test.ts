/* Who is asked about notes while the app is closed, and when. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { putOff, readNote, wantsToBeAsked, writeNote } from "./push.ts";

const DAY_MS = 24 * 3600 * 1000;
const NOW = Date.UTC(2026, 1, 10);
const notes = new Map<string, string>();

const put = (name: string, value: unknown): void =>
    void Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });

beforeEach(() => {
    notes.clear();
    put("localStorage", {
        getItem: (key: string) => notes.get(key) ?? null,
        setItem: (key: string, value: string) => void notes.set(key, value),
    });
    put("navigator", { serviceWorker: {} });
    put("window", { PushManager: class {}, Notification: class {} });
    put("Notification", { permission: "default" });
});

let count = 0;
/* Somebody who has been here and has seen a pin. */
function somebody(change: Parameters<typeof writeNote>[1] = {}): string {
    const id = `somebody-${++count}`;
    writeNote(id, { visited: true, sawPin: true, ...change });
    return id;
}

test("asked after a pin, and not at the first visit", () => {
    assert.equal(wantsToBeAsked("nobody", NOW), false);
    assert.equal(wantsToBeAsked(somebody({ sawPin: false }), NOW), false);
    assert.equal(wantsToBeAsked(somebody({ visited: false }), NOW), false);
    assert.equal(wantsToBeAsked(somebody(), NOW), true);
});

test("later is a week, no is for good, and yes needs no question", () => {
    const ruth = somebody();
    putOff(ruth, NOW);
    assert.equal(wantsToBeAsked(ruth, NOW + 6 * DAY_MS), false);
    assert.equal(wantsToBeAsked(ruth, NOW + 7 * DAY_MS), true);
    writeNote(ruth, { wish: "no" });
    assert.equal(wantsToBeAsked(ruth, NOW + 700 * DAY_MS), false);
    assert.equal(wantsToBeAsked(somebody({ wish: "yes" }), NOW), false);
});

test("a browser that cannot, or may not, is not asked about", () => {
    put("Notification", { permission: "denied" });
    assert.equal(wantsToBeAsked(somebody(), NOW), false);
    put("Notification", { permission: "default" });
    put("window", { Notification: class {} });
    assert.equal(wantsToBeAsked(somebody(), NOW), false);
});

test("each member of a device has a note, and one that cannot be kept holds until the page closes", () => {
    const ruth = somebody({ wish: "no" });
    assert.equal(readNote(somebody()).wish, null);
    assert.equal(readNote(ruth).wish, "no");
    put("localStorage", {
        getItem: () => {
            throw new Error("not allowed");
        },
    });
    assert.equal(readNote(ruth).wish, "no");
    notes.set("porchlight.push.odd", "not JSON");
    assert.equal(readNote("odd").wish, null);
});
