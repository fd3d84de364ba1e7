/*
 * Every close code, provoked once, and what a client does next (DESIGN, section 6).
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { as, cursorOf, expectStatus, startServer, until } from './harness.mjs';
import { connect, deflated, frame, OP, refusal } from './socket.mjs';

const post = async (server, body) =>
    expectStatus(await as(server, 'sarah').post('/posts', { body }), 201).id;

const WITHIN_MS = 1000; // a revoked member's socket is closed so soon after who revoked it was told that it is done

/* Awaits that a client is closed with 4003, which who shut it out was told of at the time `done`. */
async function shutOut(client, done) {
    assert.equal((await client.closed).code, 4003);
    assert.ok(performance.now() - done < WITHIN_MS, `within a second: ${performance.now() - done} ms`);
}

/* The ids of the posts a client is told of, until `last` has come. */
async function newPosts(client, last) {
    const ids = [];
    while (ids.at(-1) !== last) ids.push(...(await client.next('NEW_POSTS')).postIds);
    return ids;
}

describe('a socket is closed with', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on'] });
    });
    after(() => server?.stop());

    test('4001 when realtime is turned off: polls go on from the same cursor', async () => {
        const client = await connect({ server, as: 'member1' });
        const { cursor } = await client.join('2');
        await server.must('flag', 'realtime', 'off');
        const { id } = { id: await post(server, 'for those who poll') };
        await server.advance(5); // it is spread over four seconds
        const end = await client.closed;
        assert.equal(end.code, 4001);
        assert.ok(end.clean);
        const answer = expectStatus(await as(server, 'member1').get(`/changes?since=${cursor}`), 200);
        assert.equal(answer.reset, false);
        assert.deepEqual(answer.posts.created.map((it) => it.id), [id]);
        assert.equal((await refusal(409, { server, as: 'member1' })).status, 409);
        await server.must('flag', 'realtime', 'on');
        const again = await connect({ server, as: 'member1' });
        await again.join('2', { since: answer.cursor });
        await again.close();
    });

    test('4002 when the token expires; a new one in time keeps it open', async () => {
        const token = await server.must('token', 'issue', '--user', 'member2', '--ttl', '60s');
        const longer = await server.must('token', 'issue', '--user', 'member2', '--ttl', '10m');
        const kept = await connect({ server, token });
        const left = await connect({ server, token });
        assert.equal((await kept.ask({ type: 'AUTH', token: longer })).type, 'ACK');
        await server.advance(61);
        assert.equal((await left.closed).code, 4002);
        assert.equal((await kept.ask({ type: 'ping', id: 'p' })).type, 'ACK');
        await refusal(401, { server, token });
        const fresh = await connect({ server, token: longer });
        await fresh.close();
        await kept.close();
    });

    test('4003 within a second when the token is revoked, and nobody comes back with it', async () => {
        const token = await server.must('token', 'issue', '--user', 'member3');
        const other = await server.must('token', 'issue', '--user', 'member3');
        const gone = await connect({ server, token });
        const stays = await connect({ server, token: other });
        await server.must('token', 'revoke', token);
        await shutOut(gone, performance.now());
        await refusal(401, { server, token });
        assert.equal((await stays.ask({ type: 'ping', id: 'p' })).type, 'ACK', 'another session of theirs goes on');
        expectStatus(await as(server, { token: other }).post('/auth/logout'), 204);
        await shutOut(stays, performance.now()); // signing out closes it, too
    });

    test('4003 when a ticket\'s token is revoked', async () => {
        const token = await server.must('token', 'issue', '--user', 'member4');
        const { ticket } = expectStatus(await as(server, { token }).post('/auth/ticket'), 201);
        const client = await connect({ server, ticket });
        await server.must('token', 'revoke', token);
        await shutOut(client, performance.now());
    });

    test('4003 within a second when the member is disabled, on all of their sockets', async () => {
        const paths = ['/ws', '/ws', '/channel/1/websocket', '/api/feed/live', '/ws/counter/steps'];
        const clients = await Promise.all(paths.map((path) => connect({ server, as: 'member5', path })));
        const token = await server.token('member5');
        await clients[0].join('2');
        await server.must('user', 'disable', 'member5');
        const done = performance.now();
        await Promise.all(clients.map((client) => shutOut(client, done)));
        await refusal(401, { server, token });
        await server.must('user', 'enable', 'member5');
    });

    test('1001 after 75 seconds without a word', async () => {
        const quiet = await connect({ server, as: 'member6' });
        const pings = await connect({ server, as: 'member6' });
        await server.advance(70);
        await pings.ask({ type: 'ping', id: 'p1' });
        await server.advance(10);
        assert.equal((await quiet.closed).code, 1001);
        assert.equal((await pings.ask({ type: 'ping', id: 'p2' })).type, 'ACK');
        const again = await connect({ server, as: 'member6' });
        await again.close();
        await pings.close();
    });

    test('1009 for a message that is too big, as sent or as a bomb', async () => {
        const plain = await connect({ server, as: 'member7' });
        plain.message(`{"type":"ping","id":"${'x'.repeat(70_000)}"}`);
        assert.equal((await plain.closed).code, 1009);
        const bomb = await connect({ server, as: 'member7', deflate: true });
        bomb.write(frame(OP.text, deflated(Buffer.alloc(20_000_000, 'a')), { rsv: 4 }));
        assert.equal((await bomb.closed).code, 1009);
        const again = await connect({ server, as: 'member7' });
        await again.close();
    });

    test('1003 for binary, where messages are JSON text', async () => {
        const client = await connect({ server, as: 'member7' });
        client.message(Buffer.from([1, 2, 3]));
        assert.equal((await client.closed).code, 1003);
    });
});

describe('a socket is closed with', () => {
    test('4005 when it does not slow down', async () => {
        const server = await startServer({ args: ['--realtime', 'on', '--rate-limit', 'on'] });
        const client = await connect({ server, as: 'member1' });
        const ping = frame(OP.text, Buffer.from('{"type":"ping"}'));
        client.write(...Array.from({ length: 400 }, () => ping));
        const error = await client.next('error');
        assert.equal(error.code, 'rate-limited');
        assert.ok(error.retryAfter > 0, 'it is told when to go on');
        assert.equal((await client.closed).code, 4005);
        await server.advance(60);
        const again = await connect({ server, as: 'member1' });
        await again.join('2');
        await again.close();
        await server.stop();
    });

    test('1011 when what was missed cannot be read; it works again when it can', async () => {
        const server = await startServer({ args: ['--realtime', 'on'] });
        const since = await cursorOf(server, 'member1');
        await post(server, 'to be missed');
        const sql = (text) =>
            execFileSync('python3', [
                '-c',
                'import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=10); c.executescript(sys.argv[2]); c.commit()',
                join(server.data, 'porchlight.db'),
                text,
            ]);
        sql('ALTER TABLE events RENAME TO events_away');
        const client = await connect({ server, as: 'member1' });
        client.say({ type: 'JOIN_TEAM', teamId: '2', since });
        assert.equal((await client.closed).code, 1011);
        sql('ALTER TABLE events_away RENAME TO events');
        const again = await connect({ server, as: 'member1' });
        await again.join('2', { since });
        await again.next('NEW_POSTS');
        await again.close();
        await server.stop();
    });

    test('1012 when the server stops, with a time to come back; then nothing is missed', async () => {
        let server = await startServer({ args: ['--realtime', 'on'] });
        const { data } = server;
        const clients = await Promise.all(
            Array.from({ length: 12 }, (_, i) => connect({ server, as: `member${i + 1}` })),
        );
        const welcomes = await Promise.all(clients.map((client) => client.join('2')));
        await post(server, 'heard by all');
        const { cursor } = await clients[0].next('NEW_POSTS');
        await server.stop();
        const ends = await Promise.all(clients.map((client) => client.closed));
        assert.deepEqual([...new Set(ends.map((end) => end.code))], [1012]);
        const delays = ends.map((end) => JSON.parse(end.reason).retryAfter);
        for (const delay of delays) assert.ok(Number.isInteger(delay) && delay >= 0 && delay <= 5000, `${delay}`);
        assert.ok(new Set(delays).size > 3, `spread: ${delays}`);
        server = await startServer({ data, args: ['--realtime', 'on'] });
        const missed = [await post(server, 'one'), await post(server, 'two')];
        const again = await connect({ server, as: 'member1' });
        await again.join('2', { since: cursor });
        assert.deepEqual(await newPosts(again, missed[1]), missed, 'from where it was');
        const older = await connect({ server, as: 'member2' });
        await older.join('2', { since: welcomes[1].cursor });
        assert.equal((await newPosts(older, missed[1])).length, 3, 'from an older place');
        await again.close();
        await older.close();
        await server.stop();
    });

    test('1012 when the server stops, though somebody turns the flag meanwhile; nobody who writes waits for it', async () => {
        const server = await startServer({ args: ['--realtime', 'on'] });
        await server.token('admin');
        const turn = async (value) => expectStatus(await as(server, 'admin').put('/admin/flags/realtime', { value }), 200);
        const silent = await connect({ server, as: 'member1', answer: false }); // the stop waits for its close frame
        const heard = await connect({ server, as: 'member2' });
        process.kill(server.pid, 'SIGTERM');
        assert.equal((await heard.closed).code, 1012);
        const refused = await refusal(503, { server, as: 'member2' }); // it is not off: come back
        assert.ok(Number(refused.headers['retry-after']) > 0, 'it is told when');
        await turn(false);
        await turn(true);
        assert.ok(silent.open, 'the flag was turned while the server waited');
        silent.destroy();
        await server.stop();
        assert.ok(server.logs.some((line) => line.includes('event=realtime.later')), 'it was not started again');
    });

    test('4004 when it does not read; it returns with its cursor and misses nothing', async () => {
        const server = await startServer({ args: ['--realtime', 'on'] });
        const slow = await connect({ server, as: 'member1' });
        const { cursor } = await slow.join('2');
        slow.pause();
        const ids = [];
        const body = 'x'.repeat(200);
        const closedSlow = async () => /code="4004"} 1/.test((await as(server).get('/metrics')).body);
        const talker = await connect({ server, as: 'member2' });
        await talker.join('2');
        ids.push(await post(server, body));
        await until(
            async () => {
                for (let i = 0; i < 400; i += 1) talker.say({ type: 'SEND_CHEER', icon: '💛'.repeat(16), id: undefined });
                ids.push(await post(server, `${body} ${ids.length}`));
                await server.advance(1);
                return closedSlow();
            },
            { seconds: 60, what: '4004' },
        );
        slow.resume();
        assert.ok([4004, 1006].includes((await slow.closed).code));
        const again = await connect({ server, as: 'member1' });
        await again.join('2', { since: cursor });
        assert.deepEqual(await newPosts(again, ids.at(-1)), ids);
        await again.close();
        await server.stop();
    });
});
