/* /posts: the feed, writing, editing, deleting. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
    allItems,
    as,
    community,
    cursorOf,
    eventsSince,
    expectStatus,
    match,
    request,
    scenarios,
    startServer,
} from './harness.mjs';

const unknown = '987654321';

scenarios('GET /posts', {
    setup: community,
    cases: [
        {
            name: 'shows the newest posts first, the pinned ones, and where to go on',
            request: 'GET /posts',
            as: 'member1',
            status: 200,
            reply: ({ walkers }) => ({
                items: match.every({
                    id: match.id,
                    teamId: walkers,
                    author: { id: match.id, name: match.string },
                    liked: (v) => typeof v === 'boolean',
                    createdAt: match.time,
                }),
                next: match.string,
                pinned: match.every({ pinned: true, pinnedAt: match.time }),
                cursor: match.string,
            }),
            forbidden: ['argon2', 'username'],
            then: async ({ json, headers }, context) => {
                assert.equal(json.items.length, 20);
                assert.ok(json.pinned.length > 0, 'the demo community has pins');
                const ids = json.items.map((post) => Number(post.id));
                assert.deepEqual(
                    ids,
                    [...ids].sort((a, b) => b - a),
                );
                const pins = json.pinned.map((post) => post.pinnedAt);
                assert.deepEqual(pins, [...pins].sort().reverse());
                context.next = json.next;
                context.etag = headers.etag;
            },
        },
        {
            name: 'answers 304 to who has it',
            request: 'GET /posts',
            as: 'member1',
            headers: ({ etag }) => ({ 'if-none-match': etag }),
            status: 304,
            replyHeaders: { 'x-poll-interval': /^\d+$/ },
        },
        {
            name: 'shows pins on the first page only',
            request: ({ next }) => `GET /posts?page=${encodeURIComponent(next)}&limit=5`,
            as: 'member1',
            status: 200,
            reply: { items: match.length(5), pinned: [] },
        },
        {
            name: 'takes a team',
            request: ({ walkers }) => `GET /posts?team=${walkers}&limit=1`,
            as: 'member1',
            status: 200,
            reply: { items: match.length(1) },
        },
        {
            name: 'refuses a foreign team',
            request: ({ strong }) => `GET /posts?team=${strong}`,
            as: 'member1',
            status: 403,
        },
        { name: 'refuses a limit of 101', request: 'GET /posts?limit=101', as: 'member1', status: 400 },
        { name: 'refuses a limit that is no number', request: 'GET /posts?limit=ten', as: 'member1', status: 400 },
        { name: 'refuses a page that it never gave out', request: 'GET /posts?page=%00', as: 'member1', status: 400 },
        { name: 'is for members only', request: 'GET /posts', status: 401 },
    ],
});

scenarios('POST /posts', {
    setup: async (server) => ({ ...(await community(server, 'member1')) }),
    cases: [
        {
            name: 'stores a post with its topics and tells everybody',
            request: 'POST /posts',
            as: 'member1',
            body: { body: 'Twice around the lake.\nThe herons are back!', topics: ['walking', 'lake'] },
            status: 201,
            reply: ({ walkers, member1 }) => ({
                id: match.id,
                teamId: walkers,
                author: { id: member1.id, role: 'member' },
                body: 'Twice around the lake.\nThe herons are back!',
                topics: ['walking', 'lake'],
                pinned: false,
                pinnedAt: null,
                liked: false,
                count: 0,
                createdAt: match.time,
                editedAt: null,
            }),
            events: ({ reply }) => ({
                created: [
                    {
                        id: reply.json.id,
                        body: 'Twice around the lake.\nThe herons are back!',
                        topics: ['walking', 'lake'],
                    },
                ],
            }),
            then: async ({ json, headers }, { server }) => {
                assert.equal(headers.location, `/posts/${json.id}`);
                assert.deepEqual(expectStatus(await as(server, 'member1').get(headers.location), 200), json);
            },
        },
        {
            name: 'cuts blanks off the ends and keeps those inside',
            request: 'POST /posts',
            as: 'member1',
            body: { body: ' \n  Hello   there \n' },
            status: 201,
            reply: { body: 'Hello   there', topics: [] },
            events: { created: [{ body: 'Hello   there' }] },
        },
        {
            name: 'keeps what looks like HTML, SQL or an escape as it is',
            request: 'POST /posts',
            as: 'member1',
            body: { body: '<b>bold</b> \'); DROP TABLE posts;-- \\u0041 "quoted" \t &amp;' },
            status: 201,
            reply: { body: '<b>bold</b> \'); DROP TABLE posts;-- \\u0041 "quoted" \t &amp;' },
            events: { created: match.length(1) },
        },
        {
            name: 'takes 5,000 characters, whatever they weigh',
            request: 'POST /posts',
            as: 'member1',
            body: { body: '🌻'.repeat(5000) },
            status: 201,
            reply: { body: '🌻'.repeat(5000) },
            events: { created: match.length(1) },
        },
        {
            name: 'takes JSON that writes every character as an escape',
            request: 'POST /posts',
            as: 'member1',
            raw: `{"body":"${'\\ud83c\\udf3b'.repeat(5000)}"}`,
            status: 201,
            reply: { body: '🌻'.repeat(5000) },
            events: { created: match.length(1) },
        },
        {
            name: 'takes a content type with a charset',
            request: 'POST /posts',
            as: 'member1',
            headers: { 'content-type': 'application/json; charset=utf-8' },
            body: { body: 'Grüße' },
            status: 201,
            events: { created: [{ body: 'Grüße' }] },
        },
        {
            name: 'takes the team of the member by its id',
            request: 'POST /posts',
            as: 'dave',
            observer: 'member21',
            body: ({ strong }) => ({ body: 'To the strong', teamId: strong }),
            status: 201,
            events: { created: [{ body: 'To the strong' }] },
        },
        {
            name: 'keeps it within the team',
            request: 'POST /posts',
            as: 'dave',
            observer: 'sarah',
            body: { body: 'Not for walkers' },
            status: 201,
            events: {},
        },
        {
            name: 'refuses a foreign team',
            request: 'POST /posts',
            as: 'member1',
            body: ({ strong }) => ({ body: 'Hello', teamId: strong }),
            status: 403,
            problem: 'forbidden',
        },
        {
            name: 'refuses 5,001 characters',
            request: 'POST /posts',
            as: 'member1',
            body: { body: 'x'.repeat(5001) },
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'refuses nothing but blanks',
            request: 'POST /posts',
            as: 'member1',
            body: { body: ' \n\t ' },
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'refuses six topics',
            request: 'POST /posts',
            as: 'member1',
            body: { body: 'x', topics: ['a', 'b', 'c', 'd', 'e', 'f'] },
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'refuses a topic of two words',
            request: 'POST /posts',
            as: 'member1',
            body: { body: 'x', topics: ['two words'] },
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'refuses a topic of 31 characters',
            request: 'POST /posts',
            as: 'member1',
            body: { body: 'x', topics: ['x'.repeat(31)] },
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'refuses to be told the author',
            request: 'POST /posts',
            as: 'member1',
            body: { body: 'x', author: { id: '1' } },
            status: 400,
            problem: 'invalid',
        },
        { name: 'is for members only', request: 'POST /posts', body: { body: 'x' }, status: 401 },
        { name: 'needs a team', request: 'POST /posts', as: 'admin', body: { body: 'x' }, status: 404 },
    ],
});

/* A post of member1 in Sarah's team and one of Dave's, as a setup. */
async function withPosts(server) {
    const people = await community(server, 'member1');
    const mine = expectStatus(await as(server, 'member1').post('/posts', { body: 'Mine', topics: ['one'] }), 201);
    const foreign = expectStatus(await as(server, 'dave').post('/posts', { body: 'Among the strong' }), 201);
    return { ...people, mine, foreign };
}

scenarios('GET /posts/{id}', {
    setup: withPosts,
    cases: [
        {
            name: 'shows a post to its team',
            request: ({ mine }) => `GET /posts/${mine.id}`,
            as: 'member2',
            status: 200,
            reply: ({ mine }) => mine,
            then: async ({ headers }, context) => {
                context.etag = headers.etag;
            },
        },
        {
            name: 'answers 304 to who has it',
            request: ({ mine }) => `GET /posts/${mine.id}`,
            as: 'member2',
            headers: ({ etag }) => ({ 'if-none-match': etag }),
            status: 304,
        },
        {
            name: 'shows it to an administrator',
            request: ({ mine }) => `GET /posts/${mine.id}`,
            as: 'admin',
            status: 200,
        },
        {
            name: 'does not show it to another team',
            request: ({ foreign }) => `GET /posts/${foreign.id}`,
            as: 'member2',
            status: 403,
            forbidden: ['Among'],
        },
        {
            name: 'says when there is none',
            request: `GET /posts/${unknown}`,
            as: 'member2',
            status: 404,
            problem: 'not-found',
        },
        { name: 'knows ids only', request: 'GET /posts/first', as: 'member2', status: 404 },
        {
            name: 'knows one spelling of an id',
            request: ({ mine }) => `GET /posts/0${mine.id}`,
            as: 'member2',
            status: 404,
        },
        { name: 'is for members only', request: ({ mine }) => `GET /posts/${mine.id}`, status: 401 },
    ],
});

scenarios('PATCH /posts/{id}', {
    setup: withPosts,
    cases: [
        {
            name: 'changes the words and leaves the topics',
            request: ({ mine }) => `PATCH /posts/${mine.id}`,
            as: 'member1',
            body: { body: 'Mine, edited' },
            status: 200,
            reply: ({ mine }) => ({
                id: mine.id,
                body: 'Mine, edited',
                topics: ['one'],
                createdAt: mine.createdAt,
                editedAt: match.time,
            }),
            events: ({ mine }) => ({ changed: [{ id: mine.id, body: 'Mine, edited', editedAt: match.time }] }),
        },
        {
            name: 'changes the topics and leaves the words',
            request: ({ mine }) => `PATCH /posts/${mine.id}`,
            as: 'member1',
            body: { topics: [] },
            status: 200,
            reply: { body: 'Mine, edited', topics: [] },
            events: { changed: [{ topics: [] }] },
        },
        {
            name: 'refuses a change of nothing',
            request: ({ mine }) => `PATCH /posts/${mine.id}`,
            as: 'member1',
            body: {},
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'is for the author: no other member',
            request: ({ mine }) => `PATCH /posts/${mine.id}`,
            as: 'member2',
            body: { body: 'Not mine' },
            status: 403,
        },
        {
            name: 'is for the author: no coach',
            request: ({ mine }) => `PATCH /posts/${mine.id}`,
            as: 'sarah',
            body: { body: 'Not mine' },
            status: 403,
        },
        {
            name: 'is for the author: no administrator',
            request: ({ mine }) => `PATCH /posts/${mine.id}`,
            as: 'admin',
            body: { body: 'Not mine' },
            status: 403,
        },
        {
            name: 'is for the author: no other team',
            request: ({ mine }) => `PATCH /posts/${mine.id}`,
            as: 'dave',
            body: { body: 'Not mine' },
            status: 403,
        },
        {
            name: 'says when there is none',
            request: `PATCH /posts/${unknown}`,
            as: 'member1',
            body: { body: 'Nothing' },
            status: 404,
        },
    ],
});

scenarios('DELETE /posts/{id}', {
    setup: async (server) => {
        const context = await withPosts(server);
        const more = [];
        for (let i = 0; i < 2; i += 1)
            more.push(expectStatus(await as(server, 'member1').post('/posts', { body: `More ${i}` }), 201));
        expectStatus(await as(server, 'member2').put(`/posts/${context.mine.id}/like`), 200);
        return { ...context, more };
    },
    cases: [
        {
            name: 'is not for other members',
            request: ({ mine }) => `DELETE /posts/${mine.id}`,
            as: 'member2',
            status: 403,
        },
        {
            name: 'is not for other coaches',
            request: ({ mine }) => `DELETE /posts/${mine.id}`,
            as: 'dave',
            status: 403,
        },
        {
            name: 'is for the author',
            request: ({ mine }) => `DELETE /posts/${mine.id}`,
            as: 'member1',
            status: 204,
            events: ({ mine }) => ({ deleted: [mine.id] }),
            then: async (_, { server, mine }) => {
                expectStatus(await as(server, 'member1').get(`/posts/${mine.id}`), 404);
                expectStatus(await as(server, 'member1').patch(`/posts/${mine.id}`, { body: 'Back' }), 404);
                expectStatus(await as(server, 'member1').put(`/posts/${mine.id}/like`), 404);
                expectStatus(await as(server, 'sarah').put(`/posts/${mine.id}/pin`), 404);
                const left = await allItems(server, 'member1', '/posts');
                assert.ok(!left.some((post) => post.id === mine.id));
            },
        },
        { name: 'says 204 again', request: ({ mine }) => `DELETE /posts/${mine.id}`, as: 'member1', status: 204 },
        {
            name: 'is for the coach',
            request: ({ more }) => `DELETE /posts/${more[0].id}`,
            as: 'sarah',
            status: 204,
            events: ({ more }) => ({ deleted: [more[0].id] }),
        },
        {
            name: 'is for an administrator',
            request: ({ more }) => `DELETE /posts/${more[1].id}`,
            as: 'admin',
            status: 204,
            events: ({ more }) => ({ deleted: [more[1].id] }),
        },
        { name: 'says when there never was one', request: `DELETE /posts/${unknown}`, as: 'member1', status: 404 },
        { name: 'is for members only', request: ({ mine }) => `DELETE /posts/${mine.id}`, status: 401 },
    ],
});

describe('paging through the feed', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());

    for (const limit of [1, 7, 20, 100]) {
        test(`by ${limit} loses and repeats nothing while others write`, async () => {
            const there = await allItems(server, 'member1', '/posts');
            let written = 0;
            const paged = await allItems(server, 'member1', '/posts', {
                limit,
                between: async () => {
                    if (written === 10) return;
                    written += 1;
                    expectStatus(
                        await as(server, 'member2').post('/posts', { body: `While you read, ${written}` }),
                        201,
                    );
                },
            });
            assert.deepEqual(
                paged.map((post) => post.id),
                there.map((post) => post.id),
            );
            assert.equal((await allItems(server, 'member1', '/posts')).length, there.length + written);
        });
    }

    test('misses no other post when the one at the edge of the page is deleted', async () => {
        const there = await allItems(server, 'member1', '/posts');
        const first = expectStatus(await as(server, 'member1').get('/posts?limit=5'), 200);
        expectStatus(await as(server, 'sarah').delete(`/posts/${first.items[4].id}`), 204);
        const second = expectStatus(
            await as(server, 'member1').get(`/posts?limit=5&page=${encodeURIComponent(first.next)}`),
            200,
        );
        assert.deepEqual(
            second.items.map((post) => post.id),
            there.slice(5, 10).map((post) => post.id),
        );
    });
});

describe('many writers at once', () => {
    test('every post is there once, in one order for everybody', async () => {
        const server = await startServer();
        try {
            const since = await cursorOf(server, 'member1');
            const replies = await Promise.all(
                Array.from({ length: 60 }, (_, i) =>
                    request(server, {
                        method: 'POST',
                        path: '/posts',
                        as: `member${1 + (i % 20)}`,
                        body: { body: `Post ${i}` },
                    }),
                ),
            );
            const ids = replies.map((reply) => expectStatus(reply, 201).id);
            assert.equal(new Set(ids).size, 60);
            const told = (await eventsSince(server, 'member1', since)).created.map((post) => post.id);
            assert.deepEqual(
                [...told].sort((a, b) => a - b),
                [...ids].sort((a, b) => a - b),
            );
            const feed = expectStatus(await as(server, 'member1').get('/posts?limit=60'), 200).items.map(
                (post) => post.id,
            );
            assert.deepEqual(feed, [...told].reverse());
        } finally {
            await server.stop();
        }
    });
});
