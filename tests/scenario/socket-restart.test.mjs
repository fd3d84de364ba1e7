/*
 * Hot restart: the program on disk takes the place of the running one, and no socket is closed.
 */
import assert from 'node:assert/strict';
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeCrowd } from './crowd.mjs';
import { as, binary, echoBinary, expectStatus, mustOn, run, sanitizer, startServer, temporaryFolder, until } from './harness.mjs';
import { count, reload, replaceable } from './image.mjs';
import { rawClient } from './raw.mjs';
import { answer, connect, frame, OP, refusal } from './socket.mjs';
import { startSwarm } from './swarm.mjs';

const SOCKETS = 5000;
const PER_MEMBER = 16;
const RESTARTS = 10;
const SILENCE_MS_MAX = 250;

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/* How much longer than its time on a core something takes at this moment: 1 on a machine that does nothing else. */
function crowding(ms = 30) {
    const began = performance.now();
    const before = process.cpuUsage();
    let spent;
    do spent = process.cpuUsage(before);
    while (spent.user + spent.system < ms * 1000);
    return (performance.now() - began) / ms;
}

/* What waits in the server for sockets that do not read. */
async function queued(server) {
    return Number(/^porchlight_socket_queued_bytes (\d+)$/m.exec((await as(server).get('/metrics')).body)[1]);
}

/* A post that is tried until it is acknowledged, as a client does: HTTP is cut for a moment. */
async function post(server, who, body) {
    const key = body.replaceAll(' ', '-');
    return until(
        async () => {
            try {
                return expectStatus(await as(server, who).post('/posts', { body }, { 'idempotency-key': key }), 201);
            } catch (error) {
                if (error.code === 'ECONNRESET' || error.code === 'ECONNREFUSED' || /hang up/.test(error.message))
                    return null;
                throw error;
            }
        },
        { seconds: 30, what: 'the post' },
    );
}

describe('a hot restart', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on'] });
    });
    after(() => server?.stop());

    test('keeps a socket, its room, its presence and what it says', async () => {
        const ruth = await connect({ server, as: 'member1' });
        const sarah = await connect({ server, as: 'sarah' });
        await ruth.join('2');
        await sarah.join('2');
        await ruth.next({ type: 'PRESENCE_UPDATE', count: 2 });
        ruth.forget();
        await reload(server);
        assert.equal((await ruth.ask({ type: 'SEND_CHEER', icon: 'heart' })).type, 'ACK');
        assert.equal((await sarah.next('LIVE_CHEER')).icon, 'heart');
        const { id } = await post(server, 'sarah', 'after the restart');
        assert.deepEqual((await ruth.next('NEW_POSTS')).postIds, [id]);
        assert.equal((await ruth.ask({ type: 'POST_LIKE', postId: id })).count, 1);
        assert.equal(expectStatus(await as(server, 'member2').get('/presence'), 200).count, 3);
        for (const update of ruth.forget().filter(({ json }) => json?.type === 'PRESENCE_UPDATE'))
            assert.ok(update.json.count >= 2, 'nobody was seen to leave');
        await ruth.close();
        await sarah.close();
    });

    test('keeps who is in a channel, and what they say there', async () => {
        const enter = (who) => connect({ server, as: who, path: '/channel/1/websocket' });
        const [ruth, sarah] = [await enter('member1'), await enter('sarah')];
        await ruth.next({ type: 'presence', username: 'Sarah' });
        await reload(server);
        ruth.say({ type: 'message', content: 'After the restart', clientId: 'restart-1' });
        const { messageId } = await ruth.next('ack');
        assert.equal((await sarah.next('message')).message.id, messageId);
        sarah.say({ type: 'typing', isTyping: true });
        assert.equal((await ruth.next('typing')).username, 'Sarah');
        const late = await enter('member2');
        assert.equal((await late.next('initial_state')).online, 3);
        for (const client of [ruth, sarah]) {
            const gone = client.forget().filter(({ json }) => json?.type === 'user_disconnected');
            assert.deepEqual(gone, [], 'nobody was seen to leave');
        }
        for (const client of [ruth, sarah, late]) await client.close();
    });

    test('keeps who polls present', async () => {
        const counted = async () => expectStatus(await as(server, 'dave').get('/presence'), 200).count;
        expectStatus(await as(server, 'member18').get('/presence'), 200);
        const before = await counted();
        await reload(server);
        assert.ok((await counted()) >= before, 'the poller is still counted');
    });

    test('knows the devices that poll: one that leaves afterwards takes back its own time', async () => {
        const counted = async () => expectStatus(await as(server, 'dave').get('/presence'), 200).count;
        const devices = await Promise.all([1, 2].map(() => server.must('token', 'issue', '--user', 'member24')));
        const [phone, tablet] = devices.map((token) => as(server, { token }));
        const before = await counted();
        for (const device of [phone, tablet]) expectStatus(await device.get('/presence?team=3'), 200);
        await reload(server);
        expectStatus(await tablet.delete('/presence?team=3'), 204);
        await server.advance(11);
        assert.equal(await counted(), before + 1, 'the phone holds them');
        expectStatus(await phone.delete('/presence?team=3'), 204);
        await server.advance(11);
        await until(async () => (await counted()) === before, { what: 'both devices being gone' });
    });

    test('keeps a half-read message', async () => {
        const ruth = await connect({ server, as: 'member3' });
        await ruth.join('2');
        const whole = frame(OP.text, Buffer.from(JSON.stringify({ type: 'SEND_CHEER', icon: 'half', id: 'h1' })));
        const first = frame(OP.text, Buffer.from('{"type":"pi'), { fin: false });
        ruth.write(whole.subarray(0, 9));
        await reload(server);
        ruth.write(whole.subarray(9));
        await ruth.next((it) => it.id === 'h1');
        ruth.write(first);
        await reload(server);
        ruth.write(frame(OP.continuation, Buffer.from('ng","id":"p1"}')));
        await ruth.next('pong');
        await ruth.next((it) => it.type === 'ACK' && it.id === 'p1');
        await ruth.close();
    });

    test('keeps what a slow reader has not taken yet: all of it comes, in order, once', async () => {
        const path = '/channel/1/websocket';
        const [slow, sarah] = [await connect({ server, as: 'member8', path }), await connect({ server, as: 'sarah', path })];
        await slow.next('initial_state');
        const said = [];
        const say = (content) => {
            said.push(content);
            sarah.message(JSON.stringify({ type: 'message', content, clientId: `slow-${said.length}` }));
        };
        slow.pause();
        // More than both kernels hold for it, and less than what a slow one is closed for: 1 MiB, or five seconds.
        await until(
            async () => {
                for (let i = 0; i < 10; i += 1) say(`${said.length} ${'💛'.repeat(1900)}`);
                while ((await sarah.next('ack')).clientId !== `slow-${said.length}`);
                return (await queued(server)) > 128 << 10;
            },
            { what: 'what waits for the slow one' },
        );
        await reload(server);
        await until(async () => (await queued(server)) > 128 << 10, { what: 'what still waits for it' });
        say('after the restart');
        await sarah.next({ type: 'ack', clientId: `slow-${said.length}` });
        slow.resume();
        const heard = [];
        while (heard.at(-1) !== 'after the restart') heard.push((await slow.next('message')).message.content);
        assert.deepEqual(heard, said);
        await slow.close();
        assert.deepEqual(slow.forget().filter(({ json }) => json?.type === 'message'), [], 'and nothing twice');
        await sarah.close();
    });

    test('gives HTTP two seconds: who is done within them is answered, who is not is cut, and sockets go on', async () => {
        const ruth = await connect({ server, as: 'member9' });
        await ruth.join('2');
        const token = await server.token('sarah');
        const body = '{"body":"Sent while the server restarts"}';
        const begin = async () => {
            const client = rawClient(server);
            client.write(
                `POST /posts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
                    `Content-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
            );
            assert.equal((await client.reply()).status, 100); // the server has its head
            return client;
        };
        const [done, cut] = [await begin(), await begin()];
        const [begun, listening] = [count(server, 'restart.begin'), count(server, 'listening')];
        process.kill(server.pid, 'SIGUSR2');
        await until(() => count(server, 'restart.begin') > begun, { seconds: 30, what: 'the restart' });
        const began = performance.now();
        assert.equal((await ruth.ask({ type: 'SEND_CHEER', icon: 'meanwhile' })).type, 'ACK');
        done.write(body);
        const reply = await done.reply();
        assert.equal(reply.status, 201);
        assert.deepEqual((await ruth.next('NEW_POSTS')).postIds, [JSON.parse(reply.body).id]);
        assert.equal(count(server, 'listening'), listening, 'this image served all that');
        assert.deepEqual(await cut.closed(), [], 'without an answer');
        const tookMs = performance.now() - began;
        assert.ok(tookMs > 1800, `it had its time: ${tookMs} ms`);
        assert.ok(tookMs < 2000 + 500 * crowding(), `and no more: ${tookMs} ms`);
        await until(() => count(server, 'listening') > listening, { seconds: 30, what: 'the next image' });
        assert.equal((await ruth.ask({ type: 'SEND_CHEER', icon: 'afterwards' })).type, 'ACK');
        done.destroy();
        await ruth.close();
    });

    test('a cheer that is sent again is one cheer', async () => {
        const ruth = await connect({ server, as: 'member4' });
        const other = await connect({ server, as: 'member5' });
        await ruth.join('2');
        await other.join('2');
        await ruth.ask({ type: 'SEND_CHEER', icon: 'once', id: 'cheer-1' });
        await reload(server);
        await ruth.ask({ type: 'SEND_CHEER', icon: 'once', id: 'cheer-1' });
        await ruth.ask({ type: 'SEND_CHEER', icon: 'last', id: 'cheer-2' });
        await other.next({ type: 'LIVE_CHEER', icon: 'last' });
        const cheers = other.forget().filter(({ json }) => json?.type === 'LIVE_CHEER');
        assert.equal(cheers.length, 1);
        await ruth.close();
        await other.close();
    });

    test('keeps the process, its clock, its port and its lock; SIGUSR2 does the same', async () => {
        const ruth = await connect({ server, as: 'member6' });
        await server.advance(70); // not so far that the socket was silent for too long before it can ping
        const moved = (await ruth.ask({ type: 'ping' }), (await ruth.next('pong')).timestamp);
        const before = count(server, 'listening');
        process.kill(server.pid, 'SIGUSR2');
        await until(() => count(server, 'listening') > before, { seconds: 30, what: 'the next image' });
        await ruth.ask({ type: 'ping' });
        const later = (await ruth.next('pong')).timestamp;
        assert.ok(Date.parse(later) >= Date.parse(moved), 'the moved clock came along');
        assert.ok(Date.parse(later) - Date.parse(moved) < 60_000);
        const second = await run(['serve', '--data', server.data, '--listen', '127.0.0.1:0']);
        assert.equal(second.code, 1);
        assert.match(second.stderr, new RegExp(`in use by another server \\(process ${server.pid}\\)`));
        await ruth.close();
    });

    test('a socket that is no longer allowed does not come along for long', async () => {
        const ruth = await connect({ server, as: 'member7' });
        await ruth.join('2');
        await reload(server);
        await server.must('user', 'disable', 'member7');
        assert.equal((await ruth.closed).code, 4003);
    });
});

describe('limits that were lowered', () => {
    test('are for those who come: nobody who was in is sent away, or left without a room', async () => {
        const config = join(temporaryFolder('config'), 'porchlight.conf');
        const limit = (sockets) => writeFileSync(config, `sockets-per-address = ${sockets}\nroom-limit = ${sockets}\n`);
        limit(8);
        const server = await startServer({ args: ['--realtime', 'on', '--config', config] });
        const team = await Promise.all(['member1', 'member2', 'member3'].map((name) => connect({ server, as: name })));
        await Promise.all(team.map((client) => client.join('2')));
        const feed = await Promise.all(
            ['member4', 'member5', 'member6'].map((name) => connect({ server, path: '/api/feed/live', as: name })),
        );
        for (const client of feed) await client.next('WELCOME');
        limit(1);
        await reload(server);
        const { id } = await post(server, 'sarah', 'heard in every room');
        for (const client of [...team, ...feed]) assert.deepEqual((await client.next('NEW_POSTS')).postIds, [id]);
        await refusal(503, { server, as: 'member7' }); // the room is full
        for (const client of team) await client.close();
        await until(async () => (await answer({ server, as: 'member7' })).status === 429, { what: 'the address being full' });
        for (const client of feed) await client.close();
        await until(async () => (await answer({ server, as: 'member7' })).status === 101, { what: 'a place' });
        await server.stop();
    });
});

describe('a program that cannot take over', () => {
    const from = (source) => replaceable(source, { args: ['--realtime', 'on'] });

    test('is refused before anything is stopped, with its own words', async () => {
        const { server, script } = await from(binary);
        const ruth = await connect({ server, as: 'member1' });
        script('#!/bin/sh\necho "porchlight: out of order" >&2\nexit 1\n');
        const refused = await server.cli('reload');
        assert.equal(refused.code, 1);
        assert.match(refused.stderr, /would not start: porchlight: out of order/);
        await ruth.ask({ type: 'ping' });
        assert.equal(count(server, 'restart.begin'), 0);
        await ruth.close();
        await server.stop();
    });

    test('executes the one before it again, sockets and all', async () => {
        // The other program does not know the path of an open socket: it cannot take it over.
        const { server, replace } = await from(echoBinary);
        const echo = await connect({ server, path: '/test/echo', as: 'member1' });
        const ruth = await connect({ server, as: 'member1' });
        await ruth.join('2');
        replace(binary);
        await reload(server);
        assert.equal(count(server, 'restart.back'), 1);
        echo.message('still here');
        assert.equal((await echo.receive()).text, 'still here');
        assert.equal((await ruth.ask({ type: 'SEND_CHEER', icon: 'heart' })).type, 'ACK');
        replace(echoBinary); // mended
        await reload(server);
        assert.equal(count(server, 'restart.back'), 1, 'this one goes on');
        echo.message('and here');
        assert.equal((await echo.receive()).text, 'and here');
        await echo.close();
        await ruth.close();
        await server.stop();
    });

    test('a new program serves those that the old one let in', async () => {
        const { server, replace } = await from(binary);
        const ruth = await connect({ server, as: 'member1' });
        await ruth.join('2');
        replace(echoBinary);
        await reload(server);
        assert.equal((await ruth.ask({ type: 'SEND_CHEER', icon: 'heart' })).type, 'ACK');
        const echo = await connect({ server, path: '/test/echo', as: 'member1' });
        echo.message('new');
        assert.equal((await echo.receive()).text, 'new');
        await server.stop();
    });
});

describe('a restart that cannot keep a socket', () => {
    const MiB = 1 << 20;
    /* A message of which the server has read so many bytes, and not the end: what is behind its fragment was answered. */
    const halfRead = async (client, bytes) => {
        client.write(frame(OP.text, Buffer.alloc(bytes, 'a'), { fin: false }), frame(OP.ping, Buffer.from('read')));
        assert.equal((await client.receive()).kind, 'pong');
    };

    test('cuts that one alone when it has more to say than any may', async () => {
        const server = await startServer({ bin: echoBinary, args: ['--realtime', 'on'] });
        const slow = await connect({ server, path: '/test/echo', as: 'member1' });
        const ruth = await connect({ server, as: 'member2' });
        await ruth.join('2');
        slow.pause();
        slow.message('a'.repeat(15 * MiB)); // which comes back, as far as the kernel takes it
        await until(async () => (await queued(server)) > 3 * MiB, { what: 'what waits for the slow one' });
        await reload(server);
        slow.resume();
        assert.equal((await slow.closed).code, 1006);
        assert.equal((await ruth.ask({ type: 'SEND_CHEER', icon: 'heart' })).type, 'ACK');
        assert.equal(count(server, 'restart.left_out'), 1);
        await ruth.close();
        await server.stop();
    });

    test('cuts all when none can be written, and serves on: same process, same port, same lock', async () => {
        const server = await startServer({ bin: echoBinary, args: ['--realtime', 'on'] });
        const big = await connect({ server, path: '/test/echo', as: 'member1' });
        const ruth = await connect({ server, as: 'member2' });
        const { cursor } = await ruth.join('2');
        await halfRead(big, 12 * MiB);
        // No file may grow beyond: nor the memory that the sockets are written to.
        execFileSync('prlimit', ['--pid', String(server.pid), `--fsize=${8 * MiB}:`]);
        await reload(server);
        assert.equal(count(server, 'restart.bare'), 1);
        assert.equal((await ruth.closed).code, 1006);
        assert.equal((await big.closed).code, 1006);
        const { id } = await post(server, 'sarah', 'while they were away');
        const again = await connect({ server, as: 'member2' });
        await again.join('2', { since: cursor });
        assert.deepEqual((await again.next('NEW_POSTS')).postIds, [id]);
        const second = await run(['serve', '--data', server.data, '--listen', '127.0.0.1:0']);
        assert.match(second.stderr, new RegExp(`in use by another server \\(process ${server.pid}\\)`));
        await reload(server); // and the next one keeps whom it can
        assert.equal((await again.ask({ type: 'SEND_CHEER', icon: 'heart' })).type, 'ACK');
        await again.close();
        await server.stop();
    });

    test('is refused while the server can go on: there is no descriptor to spare', async () => {
        const server = await startServer({ args: ['--realtime', 'on'] });
        const ruth = await connect({ server, as: 'member1' });
        const limit = (...words) => execFileSync('prlimit', ['--pid', String(server.pid), ...words], { encoding: 'utf8' });
        const before = limit('--nofile', '--output', 'SOFT', '--noheadings', '--raw').trim();
        const open = new Set(readdirSync(`/proc/${server.pid}/fd`).map(Number));
        const free = Array.from({ length: open.size + 3 }, (_, fd) => fd).filter((fd) => !open.has(fd));
        limit(`--nofile=${free[2]}:`); // two, for the pipe of the check
        process.kill(server.pid, 'SIGUSR2');
        await until(() => count(server, 'restart.refused') === 1, { what: 'the refusal' });
        limit(`--nofile=${before}:`);
        assert.equal(count(server, 'restart.begin'), 0);
        assert.equal((await ruth.ask({ type: 'ping', id: 'p' })).type, 'ACK');
        await reload(server);
        assert.equal((await ruth.ask({ type: 'ping', id: 'q' })).type, 'ACK');
        await ruth.close();
        await server.stop();
    });
});

describe(`${RESTARTS} restarts under ${SOCKETS} sockets`, () => {
    test('close none of them, lose nothing, and nobody waits long', { timeout: 240_000 }, async () => {
        const crowd = await makeCrowd(Math.ceil(SOCKETS / PER_MEMBER));
        const server = await startServer({ data: crowd.data, args: [...crowd.args, '--realtime', 'on'] });
        const swarm = startSwarm(server, crowd.tokens.flatMap((token) => Array(PER_MEMBER).fill(token)));
        await swarm.ask(`open ${SOCKETS} 2`);
        const probe = fork(fileURLToPath(new URL('restart-probe.mjs', import.meta.url)), [
            String(server.port),
            await server.token('sarah'),
            '4',
        ]);
        await once(probe, 'message');
        const ask = async () => {
            probe.send('report');
            return (await once(probe, 'message'))[0];
        };
        const posted = [];
        const waits = [];
        const usual = []; // the same without a restart: what this machine makes anybody wait at this moment
        const crowded = [];
        await ask();
        for (let i = 0; i < 2 * RESTARTS; i += 1) {
            const restarts = i % 2 === 1;
            crowded.push(crowding());
            const [made] = await Promise.all([
                post(server, 'sarah', `post ${i}`),
                restarts ? reload(server) : mustOn(crowd.data, ['check']),
            ]);
            posted.push(made.id);
            const heard = swarm.ask(`posted ${made.id} ${posted.length}`);
            const { longestMs, closed } = await ask();
            assert.equal(closed, 0);
            (restarts ? waits : usual).push(Math.round(longestMs));
            assert.equal(await heard, `heard of by ${SOCKETS}`, 'each post comes once, to every socket');
        }
        probe.disconnect();
        await swarm.ask('ping');
        assert.equal(await swarm.ask(`posted ${posted.at(-1)} ${posted.length}`), `heard of by ${SOCKETS}`);
        const { open, closed } = await swarm.report();
        assert.deepEqual([open, closed], [SOCKETS, {}], 'every socket is open');
        assert.equal(new Set(posted).size, 2 * RESTARTS);
        const times = median(crowded);
        console.log(
            `# the longest wait of each restart: ${waits.join(', ')} ms; without one: ${usual.join(', ')} ms; ` +
                `all takes ${times.toFixed(1)} times as long as it should`,
        );
        // A machine that is busy with something else makes everybody wait, restart or not.
        const most = Math.round(SILENCE_MS_MAX * times + median(usual));
        // A sanitizer slows the start of an image by far more than it slows anything else.
        if (!sanitizer) assert.ok(median(waits) < most, `nobody waits ${most} ms: ${waits}, without: ${usual}`);
        await swarm.end();
        await server.stop();
    });
});
