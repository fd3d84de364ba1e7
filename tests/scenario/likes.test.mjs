/* PUT and DELETE /posts/{id}/like: idempotent, and the count is the number of people. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, assertMatch, community, cursorOf, eventsSince, expectStatus, scenarios, startServer } from './harness.mjs';

const unknown = '987654321';

async function fresh(server) {
    const people = await community(server);
    const post = expectStatus(await as(server, 'member1').post('/posts', { body: 'Like me' }), 201);
    const foreign = expectStatus(await as(server, 'dave').post('/posts', { body: 'Among the strong' }), 201);
    return { ...people, post, foreign };
}

const like = ({ post }) => `PUT /posts/${post.id}/like`;
const unlike = ({ post }) => `DELETE /posts/${post.id}/like`;

scenarios('PUT and DELETE /posts/{id}/like', {
    setup: fresh,
    cases: [
        {
            name: 'a like counts',
            request: like,
            as: 'member2',
            status: 200,
            reply: ({ post }) => ({ postId: post.id, liked: true, count: 1 }),
            events: ({ post }) => ({ likes: [{ postId: post.id, count: 1 }] }),
        },
        {
            name: 'the same like again changes nothing',
            request: like,
            as: 'member2',
            status: 200,
            reply: { liked: true, count: 1 },
        },
        {
            name: 'another one counts too',
            request: like,
            as: 'member3',
            status: 200,
            reply: { count: 2 },
            events: { likes: [{ count: 2 }] },
        },
        {
            name: 'one may like one’s own post',
            request: like,
            as: 'member1',
            status: 200,
            reply: { count: 3 },
            events: { likes: [{ count: 3 }] },
        },
        {
            name: 'everybody sees the count, and their own like',
            request: ({ post }) => `GET /posts/${post.id}`,
            as: 'member2',
            status: 200,
            reply: { liked: true, count: 3 },
            then: async (_, { server, post }) => {
                assertMatch(
                    expectStatus(await as(server, 'member4').get(`/posts/${post.id}`), 200),
                    { liked: false, count: 3 },
                    'for another',
                );
            },
        },
        {
            name: 'a like can be taken back',
            request: unlike,
            as: 'member2',
            status: 200,
            reply: { liked: false, count: 2 },
            events: { likes: [{ count: 2 }] },
        },
        {
            name: 'taking it back again changes nothing',
            request: unlike,
            as: 'member2',
            status: 200,
            reply: { liked: false, count: 2 },
        },
        {
            name: 'taking back what never was changes nothing',
            request: unlike,
            as: 'member9',
            status: 200,
            reply: { liked: false, count: 2 },
        },
        {
            name: 'a foreign post cannot be liked',
            request: ({ foreign }) => `PUT /posts/${foreign.id}/like`,
            as: 'member2',
            status: 403,
            problem: 'forbidden',
        },
        {
            name: 'a foreign post cannot be unliked',
            request: ({ foreign }) => `DELETE /posts/${foreign.id}/like`,
            as: 'member2',
            status: 403,
        },
        {
            name: 'a post that does not exist cannot be liked',
            request: `PUT /posts/${unknown}/like`,
            as: 'member2',
            status: 404,
            problem: 'not-found',
        },
        { name: 'nor unliked', request: `DELETE /posts/${unknown}/like`, as: 'member2', status: 404 },
        { name: 'nor one without an id', request: 'PUT /posts/best/like', as: 'member2', status: 404 },
        { name: 'liking is for members only', request: like, status: 401 },
        { name: 'unliking as well', request: unlike, status: 401 },
    ],
});

describe('likes', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());

    test('of twenty people at once are twenty, however often each repeats', async () => {
        const { post } = await fresh(server);
        const since = await cursorOf(server, 'sarah');
        await Promise.all(
            Array.from({ length: 80 }, async (_, i) => {
                expectStatus(await as(server, `member${1 + (i % 20)}`).put(`/posts/${post.id}/like`), 200);
            }),
        );
        assert.equal(expectStatus(await as(server, 'sarah').get(`/posts/${post.id}`), 200).count, 20);
        assertMatch(
            (await eventsSince(server, 'sarah', since)).likes,
            [{ postId: post.id, count: 20 }],
            'one final count',
        );
    });

    test('and unlikes mixed at random leave the count of rows', async () => {
        const { post } = await fresh(server);
        await Promise.all(
            Array.from({ length: 20 }, async (_, i) => {
                const member = as(server, `member${i + 1}`);
                for (let n = 0; n <= i % 4; n += 1) {
                    expectStatus(await (n % 2 ? member.delete : member.put)(`/posts/${post.id}/like`), 200);
                }
            }),
        );
        let likers = 0;
        for (let i = 1; i <= 20; i += 1)
            likers += Number(expectStatus(await as(server, `member${i}`).get(`/posts/${post.id}`), 200).liked);
        assert.equal(expectStatus(await as(server, 'sarah').get(`/posts/${post.id}`), 200).count, likers);
    });

    test('survive a restart', async () => {
        const { post } = await fresh(server);
        expectStatus(await as(server, 'member5').put(`/posts/${post.id}/like`), 200);
        await server.stop();
        server = await startServer({ data: server.data });
        assertMatch(
            expectStatus(await as(server, 'member5').get(`/posts/${post.id}`), 200),
            { liked: true, count: 1 },
            'after the restart',
        );
    });

    test('are told after a restart to who missed them', async () => {
        const { post } = await fresh(server);
        const since = await cursorOf(server, 'sarah');
        expectStatus(await as(server, 'member6').put(`/posts/${post.id}/like`), 200);
        await server.stop();
        server = await startServer({ data: server.data });
        const { likes } = await eventsSince(server, 'sarah', since);
        assert.deepEqual(
            likes.find((entry) => entry.postId === post.id),
            { postId: post.id, count: 1 },
        );
    });
});
