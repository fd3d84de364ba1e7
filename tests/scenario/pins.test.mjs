/* PUT and DELETE /posts/{id}/pin: for coaches; a notice once; ten at most. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
    as,
    assertMatch,
    community,
    cursorOf,
    eventsSince,
    expectStatus,
    match,
    scenarios,
    startServer,
} from './harness.mjs';

const unknown = '987654321';
const pin = ({ post }) => `PUT /posts/${post.id}/pin`;
const unpin = ({ post }) => `DELETE /posts/${post.id}/pin`;

scenarios('PUT and DELETE /posts/{id}/pin', {
    setup: async (server) => {
        const people = await community(server);
        const post = expectStatus(await as(server, 'member1').post('/posts', { body: 'Worth a pin' }), 201);
        return { ...people, post };
    },
    cases: [
        { name: 'no member pins', request: pin, as: 'member1', status: 403, problem: 'forbidden' },
        { name: 'no other coach pins', request: pin, as: 'dave', status: 403 },
        {
            name: 'the coach pins, and the team is told',
            request: pin,
            as: 'sarah',
            status: 200,
            reply: ({ post }) => ({ id: post.id, pinned: true, pinnedAt: match.time, body: 'Worth a pin' }),
            events: ({ post, walkers }) => ({
                changed: [{ id: post.id, pinned: true, pinnedAt: match.time }],
                notices: [
                    {
                        kind: 'pin',
                        teamId: walkers,
                        title: 'Coach Sarah pinned a post',
                        body: /^Worth a pin/,
                        link: `/#/posts/${post.id}`,
                    },
                ],
            }),
            then: async (_, { server, post }) => {
                const { pinned } = expectStatus(await as(server, 'member2').get('/posts'), 200);
                assert.equal(pinned[0].id, post.id, 'the newest pin is on top');
            },
        },
        { name: 'pinning again changes nothing', request: pin, as: 'sarah', status: 200, reply: { pinned: true } },
        {
            name: 'unpinning is told, without a notice',
            request: unpin,
            as: 'sarah',
            status: 200,
            reply: { pinned: false, pinnedAt: null },
            events: ({ post }) => ({ changed: [{ id: post.id, pinned: false, pinnedAt: null }] }),
        },
        { name: 'unpinning again changes nothing', request: unpin, as: 'sarah', status: 200, reply: { pinned: false } },
        { name: 'no member unpins', request: unpin, as: 'member1', status: 403 },
        {
            name: 'pinning it anew is told again',
            request: pin,
            as: 'sarah',
            status: 200,
            events: ({ post }) => ({ changed: [{ id: post.id, pinned: true }], notices: [{ kind: 'pin' }] }),
        },
        {
            name: 'an administrator unpins',
            request: unpin,
            as: 'admin',
            status: 200,
            events: { changed: [{ pinned: false }] },
        },
        {
            name: 'an administrator pins',
            request: pin,
            as: 'admin',
            status: 200,
            events: { changed: [{ pinned: true }], notices: match.any },
        },
        {
            name: 'what does not exist cannot be pinned',
            request: `PUT /posts/${unknown}/pin`,
            as: 'sarah',
            status: 404,
            problem: 'not-found',
        },
        { name: 'nor unpinned', request: `DELETE /posts/${unknown}/pin`, as: 'sarah', status: 404 },
        { name: 'pinning is for members only', request: pin, status: 401 },
        { name: 'unpinning as well', request: unpin, status: 401 },
    ],
});

describe('pins', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());

    test('are ten at most; an eleventh waits until there is room', async () => {
        const coach = as(server, 'sarah');
        const { pinned } = expectStatus(await coach.get('/posts'), 200);
        const posts = [];
        for (let i = pinned.length; i < 11; i += 1)
            posts.push(expectStatus(await coach.post('/posts', { body: `Pin ${i}` }), 201));
        const last = posts.pop();
        for (const post of posts) expectStatus(await coach.put(`/posts/${post.id}/pin`), 200);
        const since = await cursorOf(server, 'sarah');
        const refused = await coach.put(`/posts/${last.id}/pin`);
        assert.equal(expectStatus(refused, 409).type, '/docs#conflict');
        assertMatch(await eventsSince(server, 'sarah', since), { changed: [], notices: [] }, 'nothing happened');
        expectStatus(await coach.delete(`/posts/${posts[0].id}/pin`), 200);
        expectStatus(await coach.put(`/posts/${last.id}/pin`), 200);
        assert.equal(expectStatus(await coach.get('/posts'), 200).pinned.length, 10);
    });

    test('make room when a pinned post is deleted', async () => {
        const coach = as(server, 'sarah');
        const { pinned } = expectStatus(await coach.get('/posts'), 200);
        assert.equal(pinned.length, 10, 'the test before filled them');
        expectStatus(await coach.delete(`/posts/${pinned[0].id}`), 204);
        const { pinned: left } = expectStatus(await coach.get('/posts'), 200);
        assert.deepEqual(
            left.map((post) => post.id),
            pinned.slice(1).map((post) => post.id),
        );
        const post = expectStatus(await coach.post('/posts', { body: 'In the gap' }), 201);
        expectStatus(await coach.put(`/posts/${post.id}/pin`), 200);
    });

    test('notice shows the start of a long post', async () => {
        const coach = as(server, 'dave');
        const {
            items: [pinnedFirst],
        } = expectStatus(await coach.get('/posts'), 200);
        const post = expectStatus(await coach.post('/posts', { body: `${'🌻 walking '.repeat(400)}end` }), 201);
        assert.notEqual(post.id, pinnedFirst.id);
        const since = await cursorOf(server, 'member21');
        expectStatus(await coach.put(`/posts/${post.id}/pin`), 200);
        const { notices } = await eventsSince(server, 'member21', since);
        assertMatch(
            notices,
            [{ title: 'Coach Dave pinned a post', body: /^🌻 walking /u, link: `/#/posts/${post.id}` }],
            'the notice',
        );
    });

    test('notice loses the words of a post that is deleted', async () => {
        const coach = as(server, 'dave');
        const post = expectStatus(await coach.post('/posts', { body: 'Words to be taken back' }), 201);
        const link = `/#/posts/${post.id}`;
        const told = async () =>
            expectStatus(await as(server, 'member21').get('/notices'), 200).items.find((notice) => notice.link === link);
        expectStatus(await coach.put(`/posts/${post.id}/pin`), 200);
        assert.equal((await told()).body, 'Words to be taken back');
        expectStatus(await coach.delete(`/posts/${post.id}`), 204);
        assert.equal((await told()).body, '');
    });
});
