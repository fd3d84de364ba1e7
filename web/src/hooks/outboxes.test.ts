/* What one member left is theirs: whoever signs in on the device after them sends none of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createClock, createPage, settle } from "../porchlight/fakes.ts";
import { createOutbox, PorchlightError, type Api, type Deed } from "../porchlight/index.ts";
import { memoryStore } from "../porchlight/store.ts";
import { outboxOf } from "./outboxes.ts";

/* A device whose one session is `signedIn`'s: whatever is sent goes in their name. */
function device() {
    const page = createPage(createClock());
    const store = memoryStore();
    const sent: string[] = [];
    const answers: (() => void)[] = [];
    const session = { signedIn: "ruth", online: true, slow: false };
    const send = (what: string): Promise<never> => {
        if (!session.online) return Promise.reject(new PorchlightError("network"));
        sent.push(`${session.signedIn}: ${what}`);
        return new Promise((done) => (session.slow ? answers.push(done as () => void) : done({} as never)));
    };
    const api = {
        createPost: ({ body }: { body: string }) => send(body),
        setLike: (id: string) => send(`likes ${id}`),
        deletePost: (id: string) => send(`deletes ${id}`),
        sendMessage: (_: string, { content }: { content: string }) => send(content),
        changeCounter: ({ name }: { name: string }) => send(`counts ${name}`),
    } as unknown as Api;
    const of = (account: string) =>
        outboxOf(api, account, () => createOutbox({ api, account, environment: page.environment, store }));
    return { page, session, sent, answers, of };
}

const left: Deed[] = [
    { kind: "post", key: "k1", post: { body: "Ruth's walk" } },
    { kind: "like", key: "k2", postId: "7", liked: true },
    { kind: "message", key: "k3", channelId: "1", content: "Ruth says", threadId: null, at: "2026-04-13T07:00:00.000Z" },
    { kind: "count", key: "k4", name: "steps", team: "", amount: 5 },
    { kind: "delete", key: "k5", postId: "8", notBeforeMs: 0 },
];

test("nothing of it is sent, shown or taken back by the next member, and all of it is by its owner", async () => {
    const { page, session, sent, of } = device();
    session.online = false;
    const ruths = of("ruth");
    const stop = ruths.start();
    left.forEach((it) => assert.equal(ruths.add(it), true));
    await settle();
    stop();

    Object.assign(session, { signedIn: "robert", online: true });
    const roberts = of("robert");
    assert.notEqual(roberts, ruths);
    const stopRobert = roberts.start();
    assert.deepEqual(roberts.waiting(), []);
    assert.equal(roberts.takeBack("k1"), false);
    await roberts.send(true);
    await ruths.send(true); // whoever still holds the one before
    await page.change({ online: true });
    assert.deepEqual(sent, []);
    roberts.add({ kind: "post", key: "k6", post: { body: "Robert's run" } });
    await roberts.send();
    assert.deepEqual(sent, ["robert: Robert's run"]);
    stopRobert();

    session.signedIn = "ruth";
    const again = of("ruth");
    assert.deepEqual(
        again.waiting().map(({ key }) => key),
        left.map(({ key }) => key),
    );
    const stopRuth = again.start();
    await again.send(true);
    await settle();
    assert.deepEqual(
        sent.slice(1).sort(),
        ["ruth: Ruth's walk", "ruth: likes 7", "ruth: Ruth says", "ruth: counts steps", "ruth: deletes 8"].sort(),
    );
    stopRuth();
});

test("an answer that comes when another member is signed in changes nothing of theirs", async () => {
    const { session, sent, answers, of } = device();
    const ruths = of("ruth");
    const stop = ruths.start();
    session.slow = true;
    ruths.add(left[0] as Deed);
    ruths.add(left[1] as Deed);
    void ruths.send();
    await settle();
    stop();
    session.signedIn = "robert";
    const roberts = of("robert");
    const stopRobert = roberts.start();
    const told: string[] = [];
    const tell = (what: string) => () => void told.push(what);
    roberts.listen({ changed: tell("changed"), posted: tell("posted"), refused: tell("refused") });
    const before = sent.length;
    while (answers.length > 0) {
        answers.splice(0).forEach((it) => it());
        await settle();
    }
    assert.ok(before > 0);
    assert.deepEqual([told, sent.slice(before), roberts.waiting(), roberts.refused()], [[], [], [], []]);
    stopRobert();
});
