/*
 * What a room keeps beyond its sleep (DESIGN, section 3): values and one alarm, through sleep, hot restart and SIGKILL.
 * The room is that of tests/echo/try.c: it does what it is told in lines of text, and everybody in it hears what came
 * of it.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, echoBinary, startServer, until } from './harness.mjs';
import { connect, frame, OP } from './socket.mjs';

const path = '/test/room';

async function figure(server, name) {
    const { body } = await as(server).get('/metrics');
    return Number(body.split('\n').find((line) => line.startsWith(`${name} `)).slice(name.length + 1));
}
const asleep = (server) =>
    until(async () => (await figure(server, 'porchlight_rooms{state="awake"}')) === 0, { what: 'sleep' });

async function enter(server, who) {
    const client = await connect({ server, path, as: who });
    await client.next('WELCOME');
    return client;
}

/* Everybody hears this next. */
async function hear(clients, text) {
    for (const client of clients) assert.equal((await client.receive()).text, text);
}

async function tell(clients, line, answer) {
    clients[0].message(line);
    await hear(clients, answer);
}

/* How often it rang, asked by somebody who may have come while it did. */
async function rang(client) {
    client.message('get rang');
    for (;;) {
        const [, times] = /^get rang (\d+)$/.exec((await client.receive()).text) ?? [];
        if (times) return Number(times);
    }
}

describe('a room with storage and an alarm', () => {
    let server;
    let clients;
    const start = (data) => startServer({ bin: echoBinary, args: ['--realtime', 'on'], data });
    before(async () => {
        server = await start();
        clients = await Promise.all(['member1', 'member2', 'member3'].map((who) => enter(server, who)));
    });
    after(() => server?.stop());

    /* Nobody is silent for too long while the clock moves; a ping wakes no room. */
    async function pass(seconds) {
        for (let left = seconds; left > 0; left -= 40) {
            await server.advance(Math.min(left, 40));
            for (const client of clients) {
                client.write(frame(OP.ping, 'here'));
                assert.equal((await client.receive()).kind, 'pong');
            }
        }
    }

    test('keeps values, lists them by prefix, deletes them', async () => {
        await tell(clients, 'put glass/1 half full', 'put glass/1 ok');
        await tell(clients, 'put glass/2 empty', 'put glass/2 ok');
        await tell(clients, 'put jug/1 broken', 'put jug/1 ok');
        await tell(clients, 'get glass/1', 'get glass/1 half full');
        await tell(clients, 'list glass/', 'list glass/1 glass/2');
        await tell(clients, 'delete glass/2', 'delete glass/2 ok');
        await tell(clients, 'get glass/2', 'get glass/2 -');
        await tell(clients, `put ${'k'.repeat(2049)} x`, `put ${'k'.repeat(2049)} invalid`);
    });

    test('wakes on its alarm, with the same people in it', async () => {
        await tell(clients, 'alarm 60000', 'alarm ok');
        await pass(30);
        await asleep(server);
        const wakes = await figure(server, 'porchlight_room_wakes_total');
        await pass(29);
        assert.equal(await figure(server, 'porchlight_room_wakes_total'), wakes, 'a second too early');
        await server.advance(2);
        await hear(clients, 'rang 1 3');
        assert.equal(await figure(server, 'porchlight_room_wakes_total'), wakes + 1);
        await tell(clients, 'get glass/1', 'get glass/1 half full');
    });

    test('hears an alarm again that it did not end', async () => {
        await tell(clients, 'deaf 1000', 'deaf ok');
        await server.advance(2);
        await until(async () => (await figure(server, 'porchlight_room_alarms_total')) === 2, { what: 'the first time' });
        await server.advance(3);
        await hear(clients, 'rang 2 3');
        await pass(120);
        assert.equal(await figure(server, 'porchlight_room_alarms_total'), 3, 'and not after it has ended it');
    });

    test('wakes on its alarm across a hot restart', async () => {
        await tell(clients, 'alarm 30000', 'alarm ok');
        const images = () => server.logs.filter((line) => line.includes('event=listening')).length;
        const image = images();
        await server.must('reload');
        await until(() => images() > image, { seconds: 30, what: 'the next image' });
        await server.advance(32);
        await hear(clients, 'rang 3 3');
        assert.ok(clients.every((client) => client.open));
    });

    test('waits while the flag is off', async () => {
        await tell(clients, 'alarm 1000', 'alarm ok');
        await server.must('flag', 'realtime', 'off');
        await server.advance(10);
        for (const client of clients) assert.equal((await client.closed).code, 4001);
        await server.must('flag', 'realtime', 'on');
        await until(async () => (await figure(server, 'porchlight_room_alarms_total')) === 1, { what: 'the alarm' });
        clients = [await enter(server, 'member1')];
        await until(async () => (await rang(clients[0])) === 4, { what: 'the fourth time' });
    });

    test('wakes on its alarm after a SIGKILL, without anybody in it', async () => {
        await tell(clients, 'alarm 30000', 'alarm ok');
        await server.kill();
        server = await start(server.data);
        await server.advance(3600); // its clock began at the real time again
        await until(async () => (await figure(server, 'porchlight_room_alarms_total')) === 1, { what: 'the alarm' });
        clients = [await enter(server, 'member2')];
        await until(async () => (await rang(clients[0])) === 5, { what: 'the fifth time' });
        await tell(clients, 'list ', 'list glass/1 jug/1 rang');
    });
});
