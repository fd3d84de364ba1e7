/* Messages as one list, whatever comes first. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { addNews, addOlder, beginTalk, compareIds, mergeMessages, withoutGaps } from "./messages.ts";
import type { Message } from "./types.ts";

const message = (id: string, content = `m${id}`, editedAt: string | null = null, deleted = false): Message => ({
    id,
    channelId: "1",
    userId: "9",
    username: "Anna",
    content,
    threadId: null,
    clientId: null,
    timestamp: "2026-11-21T18:00:00.000Z",
    editedAt,
    deleted,
    hidden: null,
});

const ids = (list: readonly Message[]): string[] => list.map((it) => it.id);

test("ids are in the order of their numbers, however long", () => {
    assert.deepEqual(["10", "9", "9007199254740993", "9007199254740992", "1"].sort(compareIds), [
        "1",
        "9",
        "10",
        "9007199254740992",
        "9007199254740993",
    ]);
});

test("the newest state stays, in whichever order its states come", () => {
    const states = [
        message("1", "first"),
        message("1", "second", "2026-11-21T18:01:00.000Z"),
        message("1", "third", "2026-11-21T18:02:00.000Z"),
    ];
    const gone = message("1", "", "2026-11-21T18:01:00.000Z", true);
    for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]]) {
        const list = order.reduce<readonly Message[]>((all, i) => mergeMessages(all, [states[i] as Message]), []);
        assert.deepEqual(list.map((it) => it.content), ["third"]);
        assert.equal(mergeMessages(list, [gone])[0]?.deleted, true);
        assert.equal(mergeMessages([gone], list)[0]?.deleted, true);
    }
});

test("what is older than the pages that are there waits for its page", () => {
    let talk = beginTalk([message("8"), message("9")], "8");
    talk = addNews(talk, [message("3", "mended", "2026-11-21T18:02:00.000Z"), message("10")]);
    assert.deepEqual(ids(withoutGaps(talk)), ["8", "9", "10"]);
    talk = addOlder(talk, [message("5"), message("3")], "3");
    assert.deepEqual(withoutGaps(talk).map((it) => it.content), ["mended", "m5", "m8", "m9", "m10"]);
    talk = addOlder(talk, [], null);
    assert.deepEqual(ids(withoutGaps(talk)), ["3", "5", "8", "9", "10"]);
});

test("nothing new is the same list", () => {
    const talk = beginTalk([message("1")], null);
    assert.equal(addNews(talk, []).messages, talk.messages);
});
