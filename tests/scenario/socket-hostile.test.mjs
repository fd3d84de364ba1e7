/*
 * Sockets that mean no good, or that come at a bad moment: nothing they do stops the server, shuts out others, or lets
 * them hear what they may not.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeCrowd } from './crowd.mjs';
import { as, expectStatus, startServer, until } from './harness.mjs';
import { connect, frame, OP } from './socket.mjs';
import { startSwarm } from './swarm.mjs';

const say = (message) => frame(OP.text, JSON.stringify(message));

describe('a socket', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on'] });
    });
    after(() => server?.stop());

    test('that joins and joins and never reads is closed with 4004', async () => {
        const joins = Buffer.concat(Array.from({ length: 100 }, () => say({ type: 'JOIN_TEAM', teamId: '2' })));
        const clients = await Promise.all(
            Array.from({ length: 20 }, (_, i) => connect({ server, as: `member${i + 1}` })),
        );
        await Promise.all(
            clients.map(async (client) => {
                client.pause();
                for (let sent = 0; client.open && sent < 400; sent += 1) {
                    client.write(joins);
                    if (sent % 10 === 9) await as(server).get('/healthz');
                }
                client.resume();
                const { code } = await client.closed;
                assert.ok([4004, 1006].includes(code), `${code}`); // who reads too late is cut with its close frame unread
            }),
        );
        const sentAway = /^porchlight_sockets_closed_total\{code="4004"\} 20$/m;
        await until(async () => sentAway.test((await as(server).get('/metrics')).body), { what: '4004 for each of them' });
        expectStatus(await as(server).get('/readyz'), 200);
    });

    test('whose member is disabled while it shows another token hears nothing more', async () => {
        for (let i = 0; i < 12; i += 1) {
            const who = `member${i + 1}`;
            const [first, second] = await Promise.all([1, 2].map(() => server.must('token', 'issue', '--user', who)));
            const client = await connect({ server, token: first });
            await client.join('2');
            const burst = Buffer.concat(
                Array.from({ length: 60 }, (_, k) => say({ type: 'AUTH', token: k % 2 ? first : second })),
            );
            let disabled = false;
            const command = server.must('user', 'disable', who).then(() => {
                disabled = true;
            });
            while (!disabled && client.open) {
                client.write(burst);
                await as(server).get('/healthz');
            }
            await command;
            assert.equal((await client.closed).code, 4003);
        }
    });

    test('that uses an id again for another like is told so, and the like is not lost', async () => {
        const client = await connect({ server, as: 'member13' });
        const one = expectStatus(await as(server, 'sarah').post('/posts', { body: 'one' }), 201).id;
        const two = expectStatus(await as(server, 'sarah').post('/posts', { body: 'two' }), 201).id;
        assert.equal((await client.ask({ type: 'POST_LIKE', postId: one, id: '1' })).liked, true);
        const refused = await client.ask({ type: 'POST_LIKE', postId: two, id: '1' });
        assert.equal(refused.type, 'error');
        assert.equal(refused.code, 'conflict');
        client.forget();
        assert.equal((await client.ask({ type: 'POST_UNLIKE', postId: one, id: '1' })).code, 'conflict');
        client.forget();
        assert.equal((await client.ask({ type: 'POST_LIKE', postId: one, id: '1' })).type, 'ACK');
        assert.equal((await client.ask({ type: 'POST_LIKE', postId: two, id: '2' })).count, 1);
        await client.close();
    });
});

test('who finds the feed full on entering is sent away with 1013', async () => {
    const server = await startServer({ args: ['--realtime', 'on', '--room-limit', '1'] });
    try {
        /* They all pass the door while the room is empty. */
        const open = (i) => connect({ server, path: '/api/feed/live', as: `member${i + 1}` }).catch(() => null);
        let late = [];
        for (let round = 0; round < 20 && late.length === 0; round += 1) {
            const clients = (await Promise.all(Array.from({ length: 12 }, (_, i) => open(i)))).filter(Boolean);
            const told = await Promise.all(clients.map((it) => it.next(() => true)));
            late = clients.filter((_, i) => told[i].type === 'error');
            for (const client of late) assert.equal((await client.closed).code, 1013);
            for (const client of clients.filter((it) => !late.includes(it))) await client.close();
        }
        assert.ok(late.length > 0, 'somebody came too late');
    } finally {
        await server.stop();
    }
});

test('an import under 6,000 sockets shuts nobody out', { timeout: 120_000 }, async () => {
    const members = 6000;
    const crowd = await makeCrowd(members);
    const server = await startServer({ data: crowd.data, args: [...crowd.args, '--realtime', 'on'], clock: false });
    const swarm = startSwarm(server, crowd.tokens);
    try {
        for (let i = 0; i < members; i += 1000) await swarm.ask('open 1000 2');
        const file = join(crowd.data, 'one.jsonl');
        writeFileSync(file, `${JSON.stringify({ type: 'user', id: '900000', username: 'newcomer', name: 'New', role: 'member' })}\n`);
        const caught = async () => {
            const { body } = await as(server).get('/metrics');
            return Number(/^porchlight_catch_ups_total (\d+)$/m.exec(body)[1]);
        };
        const before = await caught();
        await server.must('import', file);
        await until(async () => (await caught()) >= before + members, { seconds: 60, what: 'everybody brought up to date' });
        await swarm.ask('settle 200');
        const { open } = await swarm.report();
        assert.equal(open, members);
    } finally {
        await swarm.end();
        await server.stop();
    }
});
