/* Every change of a counter, once and in order, however it comes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CounterUpdate } from "./counter.ts";
import { createCounterFollower } from "./counterFollower.ts";
import { PorchlightError } from "./errors.ts";
import { settle } from "./fakes.ts";
import type { CounterEvent, CounterMetadata, HistoryItem, List } from "./types.ts";

/* A counter that goes up by one, and a server that answers when it is told to. */
function stage() {
    let at = 0;
    const told: number[] = [];
    const asked: string[] = [];
    const waiting: (() => void)[] = [];
    const failing: PorchlightError[] = [];
    let slow = false;
    const server = {
        /* It moves on; answers the event, as a socket has it. */
        moves: (): CounterEvent => {
            at += 1;
            return {
                type: "increment",
                value: at,
                previousValue: at - 1,
                timestamp: "2026-04-13T07:00:00.000Z",
                metadata: metadata(),
                cursor: `at-${at}`,
            } as CounterEvent;
        },
        welcomes: () => ({ type: "WELCOME", cursor: `at-${at}` }),
        slows: () => void (slow = true),
        answers: async () => {
            slow = false;
            waiting.splice(0).forEach((it) => it());
            await settle();
        },
    };
    const metadata = (): CounterMetadata =>
        ({ id: "1", name: "steps", value: at, operationCount: at, createdAt: "", updatedAt: "" }) as CounterMetadata;
    const answer = async <T>(what: string, find: () => T): Promise<T> => {
        asked.push(what);
        const found = find();
        const failure = failing.shift();
        if (slow) await new Promise<void>((done) => waiting.push(done));
        if (failure) throw failure;
        return found;
    };
    let lost = 0;
    const follower = createCounterFollower({
        api: {
            counter: () => answer("counter", metadata),
            counterHistory: () =>
                answer("history", () => ({
                    items: Array.from({ length: at }, (_, i) => ({
                        type: "increment",
                        value: at - i,
                        previousValue: at - i - 1,
                        operationCount: at - i,
                        timestamp: "2026-04-13T07:00:00.000Z",
                    })) as HistoryItem[],
                    next: null,
                })) as Promise<List<HistoryItem>>,
        },
        name: "steps",
        tell: (change: CounterUpdate) => told.push(change.metadata.operationCount),
        lost: () => (lost += 1),
    });
    return { server, metadata, follower, told, asked, failing, lost: () => lost };
}

test("what happens between the list's read and the first WELCOME is read after it", async () => {
    const { server, metadata, follower, told, asked } = stage();
    server.moves();
    follower.known(metadata(), true);
    server.moves();
    server.moves();
    assert.equal(follower.cursor, null, "the socket is opened without one");
    follower.heard(server.welcomes());
    await settle();
    assert.deepEqual(told, [2, 3]);
    follower.heard(server.moves());
    assert.deepEqual([told, asked], [[2, 3, 4], ["counter", "history"]]);
});

test("what is heard while it is read waits for it", async () => {
    const { server, metadata, follower, told } = stage();
    follower.known(metadata(), true);
    server.moves();
    server.slows();
    follower.heard(server.welcomes());
    follower.heard(server.moves());
    follower.heard(server.moves());
    assert.deepEqual(told, []);
    await server.answers();
    assert.deepEqual(told, [1, 2, 3]);
});

test("a WELCOME before the list is read once the list is there", async () => {
    const { server, metadata, follower, told, asked } = stage();
    const old = metadata();
    server.moves();
    follower.heard(server.welcomes());
    await settle();
    assert.deepEqual([told, asked], [[], []], "nothing is known that it could have missed");
    follower.known(old, true);
    await settle();
    assert.deepEqual(told, [1]);
});

test("a reconnect goes on from its cursor and reads nothing; one that never had a WELCOME does", async () => {
    const { server, metadata, follower, told, asked } = stage();
    follower.known(metadata(), true);
    follower.known(metadata(), false);
    server.moves();
    follower.known(undefined, true); // the first socket died before its WELCOME, and so did the line
    follower.heard(server.welcomes());
    await settle();
    assert.deepEqual(told, [1]);
    const before = asked.length;
    follower.known(metadata(), false);
    const missed = [server.moves(), server.moves()];
    assert.equal(follower.cursor, "at-1");
    follower.known(undefined, true);
    follower.heard(server.welcomes());
    assert.equal(follower.cursor, "at-1", "what was missed is still on its way");
    missed.forEach((it) => follower.heard(it));
    await settle();
    assert.deepEqual([told, asked.length], [[1, 2, 3], before]);
});

test("a look that failed is made again with the counter's next move", async () => {
    const { server, metadata, follower, told, failing } = stage();
    follower.known(metadata(), true);
    server.moves();
    failing.push(new PorchlightError("network"));
    follower.heard(server.welcomes());
    await settle();
    assert.deepEqual(told, []);
    follower.known(metadata(), true);
    await settle();
    assert.deepEqual(told, [1]);
});

test("without a socket each move is read from the history; what is known twice is told once", async () => {
    const { server, metadata, follower, told } = stage();
    follower.known(undefined, false);
    await settle();
    const first = server.moves();
    server.slows();
    follower.known(metadata(), false);
    server.moves();
    follower.known(metadata(), false);
    await server.answers();
    assert.deepEqual(told, [1, 2]);
    follower.heard(first);
    assert.deepEqual(told, [1, 2]);
});

test("another history begins anew, and drops what was read of the one before", async () => {
    const { server, metadata, follower, told, lost } = stage();
    follower.known(metadata(), true);
    server.moves();
    server.slows();
    follower.heard(server.welcomes());
    follower.heard({ type: "RESET", cursor: "other" });
    assert.deepEqual([lost(), follower.cursor], [1, "other"]);
    await server.answers();
    assert.deepEqual(told, []);
    follower.known(metadata(), true);
    follower.heard(server.moves());
    assert.deepEqual(told, [2]);
});
