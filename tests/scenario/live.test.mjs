/*
 * What goes only to those who are here now, over REST: cheers, and what a trusted server publishes.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, expectStatus, request, scenarios, startServer } from './harness.mjs';
import { connect } from './socket.mjs';

const on = { args: ['--realtime', 'on'] };
const service = async (server) => ({ token: await server.must('token', 'issue', '--service', 'site', '--ttl', '1h') });

scenarios('POST /cheers', {
    server: on,
    cases: [
        { name: 'cheers', request: 'POST /cheers', as: 'member1', body: { icon: 'heart' }, status: 204 },
        { name: 'an admin, to any team', request: 'POST /cheers', as: 'admin', body: { icon: 'sun', teamId: '2' }, status: 204 },
        { name: 'nobody', request: 'POST /cheers', body: { icon: 'heart' }, status: 401, problem: 'unauthenticated' },
        { name: 'another team', request: 'POST /cheers', as: 'member1', body: { icon: 'sun', teamId: '3' }, status: 403, problem: 'forbidden' },
        { name: 'no icon', request: 'POST /cheers', as: 'member1', body: {}, status: 400, problem: 'invalid' },
        { name: 'an icon that is too long', request: 'POST /cheers', as: 'member1', body: { icon: 'x'.repeat(33) }, status: 400, problem: 'invalid' },
    ],
});

scenarios('POST /api/feed/live', {
    server: on,
    setup: async (server) => ({
        site: await service(server),
        post: expectStatus(await as(server, 'sarah').post('/posts', { body: 'ours' }), 201).id,
    }),
    cases: [
        { name: 'publishes', request: 'POST /api/feed/live', as: ({ site }) => site, body: { type: 'ANYTHING', deep: [1] }, status: 204 },
        { name: 'likes of another site\'s post', request: 'POST /api/feed/live', as: ({ site }) => site, body: { type: 'LIKE_UPDATE', postId: 'ext-1', count: 5 }, status: 204 },
        { name: 'likes of our own post', request: 'POST /api/feed/live', as: ({ site }) => site, body: ({ post }) => ({ type: 'LIKE_UPDATE', postId: post, count: 99 }), status: 409, problem: 'conflict' },
        { name: 'a type of the server\'s own', request: 'POST /api/feed/live', as: ({ site }) => site, body: { type: 'WELCOME' }, status: 400, problem: 'invalid' },
        { name: 'no type', request: 'POST /api/feed/live', as: ({ site }) => site, body: { count: 1 }, status: 400, problem: 'invalid' },
        { name: 'not an object', request: 'POST /api/feed/live', as: ({ site }) => site, raw: '[1]', status: 400, problem: 'malformed' },
        { name: 'a member', request: 'POST /api/feed/live', as: 'member1', body: { type: 'X' }, status: 403, problem: 'forbidden' },
        { name: 'an admin', request: 'POST /api/feed/live', as: 'admin', body: { type: 'X' }, status: 403, problem: 'forbidden' },
    ],
});

describe('what goes to sockets', () => {
    let server;
    before(async () => {
        server = await startServer(on);
    });
    after(() => server?.stop());

    test('a cheer by REST is one cheer, however often it is sent with its key', async () => {
        const sarah = await connect({ server, as: 'sarah' });
        await sarah.join('2');
        const { id, name } = expectStatus(await as(server, 'member1').get('/me'), 200);
        for (let i = 0; i < 3; i += 1)
            assert.equal((await as(server, 'member1').post('/cheers', { icon: '☀️' }, { 'idempotency-key': 'once' })).status, 204);
        expectStatus(await as(server, 'member1').post('/cheers', { icon: 'last' }), 204);
        assert.deepEqual(await sarah.next('LIVE_CHEER'), { type: 'LIVE_CHEER', userId: id, name, icon: '☀️' });
        assert.equal((await sarah.next('LIVE_CHEER')).icon, 'last');
        await sarah.close();
    });

    test('what is published comes byte for byte', async () => {
        const listener = await connect({ server, path: '/api/feed/live', as: 'member1' });
        await listener.next('WELCOME');
        const raw = '{ "type" : "LIKE_UPDATE",\n "postId":"ext-9", "count" : 5, "more": {"a":[1,2.50]} }';
        const reply = await request(server, { method: 'POST', path: '/api/feed/live', as: await service(server), raw });
        assert.equal(reply.status, 204);
        const event = await listener.receive();
        assert.equal(event.text, raw);
        await listener.close();
    });

    test('while realtime is off both say so', async () => {
        const off = await startServer();
        assert.equal((await as(off, 'member1').post('/cheers', { icon: 'heart' })).status, 409);
        assert.equal((await as(off, await service(off)).post('/api/feed/live', { type: 'X' })).status, 409);
        await off.stop();
    });
});
