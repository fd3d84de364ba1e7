/*
 * Rooms sleep and wake (DESIGN, section 7), and are full at their limit. What is awake, and what it cost, is read from
 * /metrics.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { makeCrowd } from './crowd.mjs';
import { as, expectStatus, startServer, until } from './harness.mjs';
import { connect, refusal } from './socket.mjs';
import { startSwarm } from './swarm.mjs';

/* A figure of /metrics by its name and labels. */
async function figure(server, name) {
    const { body } = await as(server).get('/metrics');
    const line = body.split('\n').find((it) => it.startsWith(`${name} `));
    assert.ok(line, `${name} is among the figures`);
    return Number(line.slice(name.length + 1));
}

const AWAKE = 'porchlight_rooms{state="awake"}';
const ASLEEP = 'porchlight_rooms{state="asleep"}';

const asleep = (server) => until(async () => (await figure(server, AWAKE)) === 0, { what: 'sleep' });

/* All clients say something, so that no socket is silent for too long while the clock moves. */
const pingAll = (clients) => Promise.all(clients.map((client) => client.ask({ type: 'ping' })));

describe('a room', () => {
    let server;
    let clients;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on'] });
        clients = await Promise.all(
            ['sarah', 'member1', 'member2', 'member3'].map((who) => connect({ server, as: who })),
        );
        for (const client of clients) await client.join('2');
        await clients[0].next({ type: 'PRESENCE_UPDATE', count: 4 });
    });
    after(() => server?.stop());

    test('sleeps ten seconds after its last message, and its sockets stay', async () => {
        assert.equal(await figure(server, AWAKE), 1);
        await server.advance(9);
        await clients[1].ask({ type: 'SEND_CHEER', icon: 'heart' });
        await server.advance(9);
        await pingAll(clients);
        assert.equal(await figure(server, AWAKE), 1, 'nine seconds after a cheer it is awake');
        await server.advance(2);
        await asleep(server);
        assert.equal(await figure(server, ASLEEP), 1);
        assert.equal(await figure(server, 'porchlight_sockets'), 4);
    });

    test('answers pings in its sleep, and says nothing', async () => {
        const wakes = await figure(server, 'porchlight_room_wakes_total');
        const before = await figure(server, 'porchlight_sends_total');
        for (let i = 0; i < 4; i += 1) {
            await server.advance(60);
            await pingAll(clients);
        }
        assert.equal(await figure(server, 'porchlight_room_wakes_total'), wakes, 'no ping woke it');
        assert.equal(
            (await figure(server, 'porchlight_sends_total')) - before,
            16,
            'four pongs for four sockets are all that was sent in four minutes',
        );
        for (const client of clients)
            assert.ok(client.forget().every(({ json }) => ['pong', 'ACK', 'LIVE_CHEER', 'PRESENCE_UPDATE'].includes(json.type)));
    });

    test('wakes on a message, with the same people in it', async () => {
        await clients[2].ask({ type: 'SEND_CHEER', icon: 'sun' });
        for (const client of clients) assert.equal((await client.next('LIVE_CHEER')).icon, 'sun');
        assert.equal(await figure(server, AWAKE), 1);
        const late = await connect({ server, as: 'member4' });
        await late.join('2');
        const told = await clients[0].next({ type: 'PRESENCE_UPDATE', count: 5 });
        assert.deepEqual(told.activeCoaches, ['Sarah'], 'who was there before it slept is there');
        await late.close();
        await server.advance(10); // the grace of who left
        await clients[0].next({ type: 'PRESENCE_UPDATE', count: 4 });
        await server.advance(11);
        await asleep(server);
    });

    test('wakes on what is published: a post, a like, somebody who polls', async () => {
        await pingAll(clients);
        for (const client of clients) client.forget();
        const { id } = expectStatus(await as(server, 'sarah').post('/posts', { body: 'Good morning' }), 201);
        for (const client of clients) assert.deepEqual((await client.next('NEW_POSTS')).postIds, [id]);
        await server.advance(11);
        await asleep(server);
        expectStatus(await as(server, 'member9').put(`/posts/${id}/like`), 200);
        for (const client of clients) await client.next({ type: 'LIKE_UPDATE', postId: id, count: 1 });
        await server.advance(11);
        await asleep(server);
        expectStatus(await as(server, 'member10').get('/presence'), 200);
        for (const client of clients) await client.next({ type: 'PRESENCE_UPDATE', count: 5 });
    });

    test('tells who is here every thirty seconds while it is awake', async () => {
        for (let i = 0; i < 4; i += 1) {
            for (const client of clients) client.forget();
            await clients[0].ask({ type: 'SEND_CHEER', icon: 'still here' });
            await pingAll(clients);
            await server.advance(9);
        }
        await clients[3].next('PRESENCE_UPDATE');
    });

    test('is gone when the last has left', async () => {
        for (const client of clients) await client.close();
        await until(
            async () => {
                await server.advance(11);
                return (await figure(server, ASLEEP)) + (await figure(server, AWAKE)) === 0;
            },
            { what: 'the end' },
        );
    });
});

/* How often the loops of sockets woke so far: each wait of theirs that ended gave the processor away once. */
function wakeUps(pid) {
    const folder = `/proc/${pid}/task`;
    const threads = readdirSync(folder).map((id) => readFileSync(`${folder}/${id}/status`, 'utf8'));
    const loops = threads.filter((status) => /^Name:\tsockets /m.test(status));
    assert.ok(loops.length > 0, 'there are loops');
    return loops.map((status) => Number(/^voluntary_ctxt_switches:\t(\d+)$/m.exec(status)[1])).reduce((a, b) => a + b);
}

describe('200 rooms', () => {
    const ROOMS = 200;
    const EACH = 5;
    const STEPS = 6;
    const STEP_S = 5;

    /* In counts, which are the same on a busy machine; the bench has the processor's time, of 50 sockets a room. */
    test('cost a tenth at most asleep of what they cost awake', { timeout: 120_000 }, async () => {
        const crowd = await makeCrowd(ROOMS * EACH, { teams: ROOMS });
        const server = await startServer({ data: crowd.data, args: [...crowd.args, '--realtime', 'on'] });
        const swarm = startSwarm(server, crowd.tokens);
        for (const team of crowd.teamIds) await swarm.ask(`open ${EACH} ${team}`);
        /* What half a minute costs in which this happens every five seconds. */
        const costOf = async (work) => {
            const earlier = [wakeUps(server.pid), await figure(server, 'porchlight_sends_total')];
            for (let step = 0; step < STEPS; step += 1) {
                await server.advance(STEP_S);
                await work();
            }
            const later = [wakeUps(server.pid), await figure(server, 'porchlight_sends_total')];
            return later.map((value, i) => value - earlier[i]);
        };
        await server.advance(11);
        await asleep(server);
        assert.equal(await figure(server, ASLEEP), ROOMS);
        await swarm.ask('ping');
        const quiet = await costOf(() => swarm.ask('settle 20'));
        assert.equal(await figure(server, ASLEEP), ROOMS);
        await swarm.ask('ping');
        const kept = await costOf(async () => {
            for (let room = 0; room < ROOMS; room += 1) await swarm.ask(`cheer ${room * EACH} 1 1`);
        });
        assert.equal(await figure(server, AWAKE), ROOMS);
        console.log(`# ${quiet[0]} wake-ups and ${quiet[1]} sends asleep, ${kept[0]} and ${kept[1]} awake`);
        assert.ok(quiet[0] <= kept[0] / 10, `${quiet[0]} wake-ups asleep, ${kept[0]} awake`);
        assert.equal(quiet[1], 0, 'nothing is sent in their sleep');
        await swarm.end();
        await server.stop();
    });
});

describe('a room at its limit', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on', '--room-limit', '3'] });
    });
    after(() => server?.stop());

    test('sends handshakes away with 503 and a time to come back', async () => {
        const clients = await Promise.all([1, 2, 3].map((i) => connect({ server, as: `member${i}` })));
        for (const client of clients) await client.join('2');
        const full = await refusal(503, { server, as: 'member4' });
        assert.match(full.headers['retry-after'], /^\d+$/);
        // Who got in before it was full hears it when joining, and may stay for another team.
        const elsewhere = await connect({ server, as: 'dave' });
        await elsewhere.join('3');
        await clients[0].close();
        const fourth = await connect({ server, as: 'member4' });
        const fifth = await connect({ server, as: 'member5' });
        await fourth.join('2');
        fifth.say({ type: 'JOIN_TEAM', teamId: '2', id: 'j' });
        const refused = await fifth.next({ type: 'error', id: 'j' });
        assert.equal(refused.code, 'busy');
        assert.ok(refused.retryAfter > 0);
        await fourth.close();
        await fifth.join('2');
        for (const client of [...clients.slice(1), fifth, elsewhere]) await client.close();
    });
});
