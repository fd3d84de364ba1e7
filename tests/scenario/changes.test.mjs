/*
 * GET /changes: one poll for everything. Its promise: whoever applies every answer in order knows exactly what
 * GET /posts says, whatever happened meanwhile.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
    allItems,
    as,
    assertMatch,
    community,
    cursorOf,
    eventsSince,
    expectStatus,
    match,
    scenarios,
    startServer,
    until,
} from './harness.mjs';

scenarios('GET /changes', {
    setup: async (server) => ({ ...(await community(server)), since: await cursorOf(server, 'member1') }),
    cases: [
        {
            name: 'without a cursor asks to load the feed',
            request: 'GET /changes',
            as: 'member1',
            status: 200,
            reply: ({ walkers }) => ({
                cursor: match.string,
                reset: true,
                more: false,
                presence: { team: walkers, count: match.number },
                posts: { created: [], changed: [], deleted: [] },
                likes: [],
                notices: [],
            }),
        },
        {
            name: 'says that nothing is new',
            request: ({ since }) => `GET /changes?since=${encodeURIComponent(since)}`,
            as: 'member1',
            status: 200,
            reply: {
                reset: false,
                more: false,
                posts: { created: [], changed: [], deleted: [] },
                likes: [],
                notices: [],
            },
            replyHeaders: { 'x-poll-interval': /^\d+$/ },
            then: async ({ headers }, context) => {
                context.etag = headers.etag;
            },
        },
        {
            name: 'answers 304 when still nothing is new',
            request: ({ since }) => `GET /changes?since=${encodeURIComponent(since)}`,
            as: 'member1',
            headers: ({ etag }) => ({ 'if-none-match': etag }),
            status: 304,
            replyHeaders: { 'x-poll-interval': /^\d+$/ },
        },
        {
            name: 'asks to load the feed after a cursor of another history',
            request: ({ since }) => `GET /changes?since=${(since[0] === 'a' ? 'b' : 'a') + since.slice(1)}`,
            as: 'member1',
            status: 200,
            reply: { reset: true, posts: { created: [], changed: [], deleted: [] }, likes: [], notices: [] },
        },
        { name: 'refuses what is no cursor', request: 'GET /changes?since=yesterday', as: 'member1', status: 400 },
        { name: 'refuses an empty cursor', request: 'GET /changes?since=', as: 'member1', status: 400 },
        {
            name: 'refuses a cursor twice',
            request: ({ since }) => `GET /changes?since=${since}&since=${since}`,
            as: 'member1',
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'refuses a foreign team',
            request: ({ strong }) => `GET /changes?team=${strong}`,
            as: 'member1',
            status: 403,
        },
        { name: 'is for members only', request: 'GET /changes', status: 401 },
    ],
});

/* mulberry32: small, fast, and the same everywhere, so that a printed seed repeats a failure. */
function randomOf(seed) {
    let state = seed >>> 0;
    return (below) => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) % below;
    };
}

/* A client that loads the feed once and from then on only applies what /changes brings. */
class Reader {
    constructor(server, who) {
        Object.assign(this, { server, who, posts: new Map(), notices: new Set() });
    }

    async load() {
        this.cursor = expectStatus(await as(this.server, this.who).get('/posts?limit=1'), 200).cursor;
        for (const post of await allItems(this.server, this.who, '/posts')) this.posts.set(post.id, post);
    }

    async catchUp() {
        const news = await eventsSince(this.server, this.who, this.cursor);
        this.cursor = news.cursor;
        for (const post of news.created) this.posts.set(post.id, post);
        for (const post of news.changed) {
            assert.ok(this.posts.has(post.id), `post ${post.id} changed before it was created`);
            this.posts.set(post.id, post);
        }
        for (const id of news.deleted) this.posts.delete(id);
        for (const { postId, count } of news.likes) {
            if (this.posts.has(postId)) this.posts.set(postId, { ...this.posts.get(postId), count });
        }
        for (const { id } of news.notices) {
            assert.ok(!this.notices.has(id), `notice ${id} came twice`);
            this.notices.add(id);
        }
    }

    async compare() {
        const truth = await allItems(this.server, this.who, '/posts');
        const known = [...this.posts.values()].sort((a, b) => b.id - a.id);
        assert.deepEqual(known, truth);
    }
}

/* One thing that some member does; refusals are as welcome as successes, 5xx are not. */
async function act(server, random, posts) {
    const who = ['member1', 'member2', 'member3', 'member4', 'sarah', 'admin'][random(6)];
    const some = () => posts[random(posts.length)];
    const client = as(server, who);
    const actions = [
        async () => {
            const reply = await client.post('/posts', {
                body: `Step ${random(100000)}`,
                topics: random(2) ? ['walk'] : [],
            });
            if (reply.status === 201) posts.push(reply.json.id);
            return reply;
        },
        () => client.patch(`/posts/${some()}`, { body: `Edited ${random(100000)}` }),
        () => client.delete(`/posts/${some()}`),
        () => client.put(`/posts/${some()}/like`),
        () => client.put(`/posts/${some()}/like`),
        () => client.delete(`/posts/${some()}/like`),
        () => client.put(`/posts/${some()}/pin`),
        () => client.delete(`/posts/${some()}/pin`),
        () => client.post('/notices', { title: `Notice ${random(100000)}` }),
    ];
    const reply = await actions[random(actions.length)]();
    assert.ok(reply.status < 500, `${reply.status}: ${reply.body}`);
}

const seed = Number(process.env.PORCHLIGHT_SEED ?? Math.floor(Math.random() * 2 ** 31));

describe(`a reader of /changes (PORCHLIGHT_SEED=${seed})`, () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());

    for (const parallel of [1, 8]) {
        test(`knows what GET /posts says after 300 random actions, ${parallel} at a time`, async (t) => {
            t.diagnostic(`PORCHLIGHT_SEED=${seed}`);
            const random = randomOf(seed + parallel);
            const reader = new Reader(server, 'member20');
            await reader.load();
            const posts = [...reader.posts.keys()].slice(0, 10);
            for (let done = 0; done < 300; done += parallel) {
                await Promise.all(Array.from({ length: parallel }, () => act(server, random, posts)));
                if (random(6) === 0) await reader.catchUp();
                if (random(60) === 0) {
                    await reader.catchUp();
                    await reader.compare();
                }
            }
            await reader.catchUp();
            await reader.compare();
        });
    }

    test('who was away for all of it, over a restart, knows it too', async (t) => {
        t.diagnostic(`PORCHLIGHT_SEED=${seed}`);
        const random = randomOf(seed + 99);
        const reader = new Reader(server, 'member20');
        await reader.load();
        const posts = [...reader.posts.keys()].slice(0, 10);
        for (let i = 0; i < 40; i += 1) await act(server, random, posts);
        await server.stop();
        server = await startServer({ data: server.data });
        reader.server = server;
        for (let i = 0; i < 40; i += 1) await act(server, random, posts);
        await reader.catchUp();
        await reader.compare();
    });

    test('who was away for long gets it in pieces', async () => {
        const reader = new Reader(server, 'member20');
        await reader.load();
        const written = [];
        for (let i = 0; i < 450; i += 50) {
            written.push(
                ...(await Promise.all(
                    Array.from({ length: 50 }, (_, n) =>
                        as(server, `member${1 + (n % 10)}`).post('/posts', { body: `Piece ${i + n}` }),
                    ),
                )),
            );
        }
        const first = expectStatus(
            await as(server, 'member20').get(`/changes?since=${encodeURIComponent(reader.cursor)}`),
            200,
        );
        assert.equal(first.more, true);
        await reader.catchUp();
        await reader.compare();
        for (const reply of written) assert.ok(reader.posts.has(reply.json.id));
    });
});

describe('what /changes tells', () => {
    let server;
    let people;
    before(async () => {
        server = await startServer();
        people = await community(server);
    });
    after(() => server.stop());

    test('is the same for everybody in the team, and nothing of other teams', async () => {
        const since = {
            member1: await cursorOf(server, 'member1'),
            member2: await cursorOf(server, 'member2'),
            member21: await cursorOf(server, 'member21'),
        };
        const post = expectStatus(await as(server, 'sarah').post('/posts', { body: 'For walkers' }), 201);
        expectStatus(await as(server, 'sarah').put(`/posts/${post.id}/like`), 200);
        const one = await eventsSince(server, 'member1', since.member1);
        const two = await eventsSince(server, 'member2', since.member2);
        assert.deepEqual(two, one);
        assertMatch(
            await eventsSince(server, 'member21', since.member21),
            { created: [], changed: [], likes: [], notices: [] },
            'another team',
        );
    });

    test('counts likes as they are now, not one by one', async () => {
        const post = expectStatus(await as(server, 'sarah').post('/posts', { body: 'Popular' }), 201);
        const since = await cursorOf(server, 'member1');
        for (let i = 2; i < 8; i += 1) expectStatus(await as(server, `member${i}`).put(`/posts/${post.id}/like`), 200);
        const { likes, cursor } = await eventsSince(server, 'member1', since);
        assert.deepEqual(likes, [{ postId: post.id, count: 6 }]);
        assert.deepEqual((await eventsSince(server, 'member1', cursor)).likes, []);
    });

    test('leaves out what came and went in between', async () => {
        const since = await cursorOf(server, 'member1');
        const post = expectStatus(await as(server, 'sarah').post('/posts', { body: 'Never mind' }), 201);
        expectStatus(await as(server, 'sarah').delete(`/posts/${post.id}`), 204);
        const { created, changed } = await eventsSince(server, 'member1', since);
        assert.deepEqual({ created, changed }, { created: [], changed: [] });
    });

    test('shows `liked` from the caller’s side', async () => {
        const since = await cursorOf(server, 'member3');
        const post = expectStatus(await as(server, 'sarah').post('/posts', { body: 'From my side' }), 201);
        expectStatus(await as(server, 'member3').put(`/posts/${post.id}/like`), 200);
        assertMatch(
            (await eventsSince(server, 'member3', since)).created,
            match.includes({ id: post.id, liked: true, count: 1 }),
            'who liked it',
        );
        assertMatch(
            (await eventsSince(server, 'member4', since)).created,
            match.includes({ id: post.id, liked: false, count: 1 }),
            'who did not',
        );
    });

    test('goes on from the cursors of every other endpoint', async () => {
        const cursors = [
            expectStatus(await as(server, 'member1').get('/posts'), 200).cursor,
            expectStatus(await as(server, 'member1').get('/notices'), 200).cursor,
            expectStatus(
                await as(server, 'member1').get(`/posts/new-count?since=${await cursorOf(server, 'member1')}`),
                200,
            ).cursor,
        ];
        const post = expectStatus(await as(server, 'sarah').post('/posts', { body: 'After all of them' }), 201);
        for (const cursor of cursors)
            assertMatch((await eventsSince(server, 'member1', cursor)).created, [{ id: post.id }], cursor);
    });

    test('answers a member of several teams for the team they name', async () => {
        const reply = await as(server, 'member1').get(`/changes?team=${people.walkers}`);
        assert.equal(expectStatus(reply, 200).presence.team, people.walkers);
    });

    test('after more than 30 days it asks to load the feed', async () => {
        const since = await cursorOf(server, 'member1');
        expectStatus(await as(server, 'sarah').post('/posts', { body: 'A month ago' }), 201);
        await server.advance(31 * 86400);
        const tokens = await Promise.all(
            ['member1', 'sarah'].map((name) => server.must('token', 'issue', '--user', name, '--ttl', '90d')),
        );
        expectStatus(await as(server, { token: tokens[1] }).post('/posts', { body: 'Today' }), 201);
        await until(
            async () => expectStatus(await as(server, { token: tokens[0] }).get(`/changes?since=${since}`), 200).reset,
            { seconds: 20, what: 'the reset' },
        );
        assert.equal(
            expectStatus(await as(server, { token: tokens[0] }).get(`/posts/new-count?since=${since}`), 200).reset,
            true,
        );
    });
});
