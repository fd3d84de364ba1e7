/* Idempotency-Key: an action happens once, however often it is sent; for a day; also over a restart. */
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
    startServer,
    until,
} from './harness.mjs';

describe('Idempotency-Key', () => {
    let server;
    let people;
    let count = 0;
    before(async () => {
        server = await startServer();
        people = await community(server);
    });
    after(() => server.stop());
    const newKey = () => ({ 'idempotency-key': `key-${process.pid}-${(count += 1)}` });
    const post = (key, body = 'Once', who = 'member1') => as(server, who).post('/posts', { body }, key);

    test('the same request again gets the same answer and does nothing', async () => {
        const key = newKey();
        const first = await post(key);
        expectStatus(first, 201);
        assert.equal(first.headers['idempotency-replayed'], undefined);
        const since = await cursorOf(server, 'member1');
        const second = await post(key);
        assert.equal(second.status, 201);
        assert.equal(second.body, first.body, 'byte by byte');
        assert.equal(second.headers['idempotency-replayed'], 'true');
        assert.deepEqual((await eventsSince(server, 'member1', since)).created, []);
    });

    test('the answer is the first one even when the post has changed since', async () => {
        const key = newKey();
        const first = await post(key, 'Before');
        expectStatus(await as(server, 'member1').patch(`/posts/${first.json.id}`, { body: 'After' }), 200);
        assert.equal((await post(key, 'Before')).body, first.body);
    });

    test('another request with the key is refused and does nothing', async () => {
        const key = newKey();
        const first = expectStatus(await post(key), 201);
        const since = await cursorOf(server, 'member1');
        const reused = await post(key, 'Something else');
        assert.equal(expectStatus(reused, 422).type, '/docs#key-reused');
        expectStatus(await as(server, 'sarah').post('/notices', { title: 'Other' }, key), 201);
        expectStatus(await as(server, 'sarah').post(`/teams/${people.walkers}/invites`, {}, key), 422);
        assert.deepEqual((await eventsSince(server, 'member1', since)).created, []);
        expectStatus(await as(server, 'member1').get(`/posts/${first.id}`), 200);
    });

    test('a key belongs to one member', async () => {
        const key = newKey();
        const mine = expectStatus(await post(key, 'Once', 'member1'), 201);
        const yours = await post(key, 'Once', 'member2');
        assert.notEqual(expectStatus(yours, 201).id, mine.id);
        assert.equal(yours.headers['idempotency-replayed'], undefined);
    });

    test('twenty at the same moment make one', async () => {
        const key = newKey();
        const since = await cursorOf(server, 'member3');
        const replies = await Promise.all(Array.from({ length: 20 }, () => post(key, 'At the same moment', 'member3')));
        for (const reply of replies) expectStatus(reply, 201);
        assert.equal(new Set(replies.map((reply) => reply.body)).size, 1);
        assert.equal(replies.filter((reply) => reply.headers['idempotency-replayed'] === 'true').length, 19);
        assertMatch((await eventsSince(server, 'member3', since)).created, [{ id: replies[0].json.id }], 'one post');
    });

    test('a refused request can be corrected under the same key', async () => {
        const key = newKey();
        expectStatus(await post(key, ''), 400);
        expectStatus(await post(key, 'Corrected'), 201);
    });

    test('works for every POST that makes something', async () => {
        const { walkers } = people;
        for (const [path, body] of [
            ['/notices', { title: 'Once' }],
            [`/teams/${walkers}/invites`, { maxUses: 3 }],
        ]) {
            const key = newKey();
            const first = await as(server, 'sarah').post(path, body, key);
            expectStatus(first, 201);
            const second = await as(server, 'sarah').post(path, body, key);
            assert.equal(second.status, 201, path);
            assert.equal(second.headers['idempotency-replayed'], 'true', path);
            assert.equal(second.body, first.body, path);
        }
    });

    test('joining twice with one key makes one member', async () => {
        const { code } = expectStatus(
            await as(server, 'sarah').post(`/teams/${people.walkers}/invites`, { maxUses: 2 }),
            201,
        );
        const key = newKey();
        const body = { invite: code, name: 'Ruth Miller', password: 'a long walk' };
        const first = expectStatus(await as(server).post('/auth/join', body, key), 201);
        const again = await as(server).post('/auth/join', body, key);
        expectStatus(again, 201);
        assert.equal(again.json.user.id, first.user.id);
        assert.equal(again.headers['idempotency-replayed'], 'true');
        const members = await allItems(server, 'sarah', `/teams/${people.walkers}/members`);
        assert.equal(members.filter((member) => member.name === 'Ruth Miller').length, 1);
    });

    test('joining again with another password opens nothing', async () => {
        const { code } = expectStatus(await as(server, 'sarah').post(`/teams/${people.walkers}/invites`, {}), 201);
        const key = newKey();
        const body = { invite: code, name: 'Olga Miller', password: 'a long walk' };
        const { user } = expectStatus(await as(server).post('/auth/join', body, key), 201);
        const guess = await as(server).post('/auth/join', { ...body, password: 'another walk' }, key);
        expectStatus(guess, 422);
        assert.equal(guess.json.type, '/docs#key-reused');
        assert.equal(guess.headers['set-cookie'], undefined);
        assert.equal(guess.headers['idempotency-replayed'], undefined);
        assert.ok(!guess.body.includes('v4.public.'));
        // Nor does the first password when the member has a new one.
        await server.must('user', 'passwd', user.username);
        expectStatus(await as(server).post('/auth/join', body, key), 422);
    });

    test('takes 128 visible characters and nothing else', async () => {
        const longest = `!~${'k'.repeat(126)}`;
        const first = expectStatus(await post({ 'idempotency-key': longest }), 201);
        assert.equal(expectStatus(await post({ 'idempotency-key': longest }), 201).id, first.id);
        for (const bad of ['', `${longest}x`, 'two words', 'ümlaut', 'tab\there']) {
            expectStatus(await post({ 'idempotency-key': Buffer.from(bad).toString('latin1') }), 400);
        }
    });

    test('survives a restart', async () => {
        const key = newKey();
        const first = await post(key, 'Before the restart');
        expectStatus(first, 201);
        await server.kill();
        server = await startServer({ data: server.data });
        const second = await post(key, 'Before the restart');
        assert.equal(second.body, first.body);
        assert.equal(second.headers['idempotency-replayed'], 'true');
    });

    test('is forgotten after a day', async () => {
        const key = newKey();
        const first = expectStatus(await post(key, 'Yesterday'), 201);
        await server.advance(23 * 3600);
        assert.equal(expectStatus(await post(key, 'Yesterday'), 201).id, first.id, 'after 23 hours');
        await server.advance(2 * 3600);
        await until(async () => expectStatus(await post(key, 'Yesterday'), 201).id !== first.id, {
            what: 'forgetting the key',
        });
    });
});
