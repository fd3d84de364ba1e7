/* GET /posts/new-count: for the button "3 new posts available". */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, community, cursorOf, expectStatus, startServer } from './harness.mjs';

describe('GET /posts/new-count', () => {
    let server;
    let people;
    before(async () => {
        server = await startServer();
        people = await community(server);
    });
    after(() => server.stop());
    const count = async (since, who = 'member1') =>
        expectStatus(await as(server, who).get(`/posts/new-count?since=${encodeURIComponent(since)}`), 200);
    const write = async (body, who = 'member2') => expectStatus(await as(server, who).post('/posts', { body }), 201);

    test('counts what was written since, and not what is gone', async () => {
        const since = expectStatus(await as(server, 'member1').get('/posts'), 200).cursor;
        assert.deepEqual(await count(since), { count: 0, cursor: (await count(since)).cursor, reset: false });
        await write('One');
        const two = await write('Two');
        await write('For the strong', 'dave');
        const answer = await count(since);
        assert.equal(answer.count, 2);
        assert.equal((await count(answer.cursor)).count, 0);
        expectStatus(await as(server, 'member2').delete(`/posts/${two.id}`), 204);
        assert.equal((await count(since)).count, 1);
    });

    test('does not count edits, likes, pins or notices', async () => {
        const post = await write('Quiet');
        const since = await cursorOf(server, 'member1');
        expectStatus(await as(server, 'member2').patch(`/posts/${post.id}`, { body: 'Still quiet' }), 200);
        expectStatus(await as(server, 'member3').put(`/posts/${post.id}/like`), 200);
        expectStatus(await as(server, 'sarah').put(`/posts/${post.id}/pin`), 200);
        assert.equal((await count(since)).count, 0);
    });

    test('has an ETag that changes with the count', async () => {
        const since = await cursorOf(server, 'member1');
        const path = `/posts/new-count?since=${encodeURIComponent(since)}`;
        const { etag } = (await as(server, 'member1').get(path)).headers;
        const same = await as(server, 'member1').get(path, { 'if-none-match': etag });
        expectStatus(same, 304);
        assert.ok(Number(same.headers['x-poll-interval']) > 0);
        await write('New');
        assert.equal(expectStatus(await as(server, 'member1').get(path, { 'if-none-match': etag }), 200).count, 1);
    });

    test('asks for a reload when the cursor is of another history', async () => {
        const since = await cursorOf(server, 'member1');
        const foreign = (since[0] === 'a' ? 'b' : 'a') + since.slice(1);
        const answer = await count(foreign);
        assert.equal(answer.reset, true);
        assert.equal(answer.count, 0);
        assert.equal((await count(answer.cursor)).reset, false);
    });

    test('refuses what is no cursor, no cursor at all, and a foreign team', async () => {
        const member = as(server, 'member1');
        const since = await cursorOf(server, 'member1');
        for (const bad of ['yesterday', '-', `${since}x${'y'.repeat(80)}`, '%20', 'a-1', '%F0%9F%8C%BB']) {
            expectStatus(await member.get(`/posts/new-count?since=${bad}`), 400);
        }
        expectStatus(await member.get('/posts/new-count'), 400);
        expectStatus(await member.get('/posts/new-count?since='), 400);
        expectStatus(await member.get(`/posts/new-count?since=${since}&team=${people.strong}`), 403);
        expectStatus(await as(server).get(`/posts/new-count?since=${since}`), 401);
    });

    test('survives a restart', async () => {
        const since = await cursorOf(server, 'member1');
        await write('Before the restart');
        await server.stop();
        server = await startServer({ data: server.data });
        await write('After the restart');
        assert.deepEqual((await count(since)).count, 2);
    });
});
