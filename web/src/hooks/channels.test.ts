/* What is unread in a team's channels, as news and reading change it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { QueryClient } from "@tanstack/react-query";
import type { Channel } from "../porchlight/index.ts";
import { applyChannels, applyRead } from "./channels.ts";
import { keys } from "./keys.ts";

const channel = (id: string, more: Partial<Channel> = {}): Channel => ({
    id,
    teamId: "2",
    name: "Team chat",
    posting: "everyone",
    lastMessageId: "10",
    lastReadId: "7",
    unread: 3,
    createdAt: "2026-11-21T18:00:00.000Z",
    cursor: "c",
    ...more,
});

test("reading moves forward only, and to the end leaves nothing unread", () => {
    const cache = new QueryClient();
    cache.setQueryData<Channel[]>(keys.channels(""), [channel("1"), channel("2")]);
    const first = (): Channel | undefined => cache.getQueryData<Channel[]>(keys.channels(""))?.[0];
    applyRead(cache, "", "1", "9");
    assert.deepEqual([first()?.lastReadId, first()?.unread], ["9", 3]);
    applyRead(cache, "", "1", "8");
    assert.equal(first()?.lastReadId, "9");
    applyRead(cache, "", "1", "10");
    assert.deepEqual([first()?.lastReadId, first()?.unread], ["10", 0]);
    assert.equal(cache.getQueryData<Channel[]>(keys.channels(""))?.[1]?.unread, 3);
});

test("news of channels takes the place of what was known, and adds what is new", () => {
    const cache = new QueryClient();
    cache.setQueryData<Channel[]>(keys.channels(""), [channel("1"), channel("2")]);
    applyChannels(cache, "", [channel("2", { unread: 5 }), channel("3")]);
    assert.deepEqual(
        cache.getQueryData<Channel[]>(keys.channels(""))?.map(({ id, unread }) => [id, unread]),
        [["1", 3], ["2", 5], ["3", 3]],
    );
});
