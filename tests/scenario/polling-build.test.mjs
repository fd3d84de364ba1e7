/*
 * The program without sockets (REALTIME=0 make): it refuses to be asked for them in one line, is to clients a server
 * whose flag is off, and takes over what a full build left behind, in either direction.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
    as,
    binary,
    cliOn,
    cursorOf,
    demoData,
    eventsSince,
    expectStatus,
    mustOn,
    pollingBinary,
    run,
    scenarios,
    startServer,
    temporaryFolder,
} from './harness.mjs';
import { count, reload, replaceable } from './image.mjs';
import { connect, refusal } from './socket.mjs';

const bin = pollingBinary;
const asyncapi = JSON.parse(readFileSync(new URL('../../api/asyncapi.json', import.meta.url), 'utf8'));
const addresses = Object.values(asyncapi.channels).map(({ address }) => address.replace(/\{\w+\}/, '1'));
const noModule = /^porchlight: this build has no realtime module[^\n]*\n$/;

function assertRefused({ code, stdout, stderr }) {
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, noModule, 'one plain line');
}

const capabilities = async (server) => expectStatus(await as(server).get('/capabilities'), 200);
const flagOf = async (server) => expectStatus(await as(server, 'admin').get('/admin/flags/realtime'), 200).value;
const postBy = async (server, who) => expectStatus(await as(server, who).post('/posts', { body: 'Likeable' }), 201).id;
const waiting = async (server) =>
    Number(/^porchlight_likes_waiting (\d+)$/m.exec((await as(server).get('/metrics')).body)[1]);

describe('a build without sockets that is asked for them', () => {
    for (const command of ['serve', 'check']) {
        const config = join(temporaryFolder('config'), 'porchlight.conf');
        writeFileSync(config, 'realtime = on\n');
        const ways = [
            ['on the command line', ['--realtime', 'on'], {}],
            ['by the environment', [], { PORCHLIGHT_REALTIME: 'on' }],
            ['by the configuration file', ['--config', config], {}],
        ];
        for (const [way, args, env] of ways)
            test(`${command} ${way}: one line, and nothing is touched`, { timeout: 20_000 }, async () => {
                const data = temporaryFolder();
                assertRefused(await run([command, '--data', data, '--listen', '127.0.0.1:0', ...args], { bin, env }));
                assert.deepEqual(readdirSync(data), []);
            });
    }

    test('the flag: on is refused, off and looking are not', async () => {
        const data = await demoData();
        assertRefused(await cliOn(data, ['flag', 'realtime', 'on'], { bin }));
        assert.equal(await mustOn(data, ['flag', 'realtime'], { bin }), 'off');
        assert.equal(await mustOn(data, ['flag', 'realtime', 'off'], { bin }), 'realtime is already off.');
    });

    test('--version names no library that only sockets need', async () => {
        assert.match((await run(['--version'])).stdout, /zlib/);
        assert.doesNotMatch((await run(['--version'], { bin })).stdout, /zlib/);
    });
});

scenarios('a server without sockets', {
    server: { bin },
    setup: async (server) => ({
        post: await postBy(server, 'sarah'),
        site: { token: await server.must('token', 'issue', '--service', 'site', '--ttl', '1h') },
    }),
    cases: [
        { name: 'offers none', request: 'GET /capabilities', status: 200, reply: { realtime: false, socket: null } },
        { name: 'the flag cannot be turned on', request: 'PUT /admin/flags/realtime', as: 'admin', body: { value: true }, status: 409, problem: 'conflict', reply: { detail: /no realtime module/ } },
        { name: 'it stays off', request: 'GET /admin/flags/realtime', as: 'admin', status: 200, reply: { name: 'realtime', value: false } },
        { name: 'turning it off is as it was', request: 'PUT /admin/flags/realtime', as: 'admin', body: { value: false }, status: 200, reply: { value: false } },
        { name: 'a like', request: ({ post }) => `PUT /posts/${post}/like`, as: 'member1', status: 200, reply: ({ post }) => ({ postId: post, liked: true, count: 1 }), events: ({ post }) => ({ likes: [{ postId: post, count: 1 }] }) },
        { name: 'the same again', request: ({ post }) => `PUT /posts/${post}/like`, as: 'member1', status: 200, reply: { liked: true, count: 1 } },
        { name: 'taken back', request: ({ post }) => `DELETE /posts/${post}/like`, as: 'member1', status: 200, reply: { liked: false, count: 0 }, events: ({ post }) => ({ likes: [{ postId: post, count: 0 }] }) },
        { name: 'presence', request: 'GET /presence', as: 'member1', status: 200, reply: { count: 2, activeCoaches: [/Sarah/] } },
        { name: 'presence of one more', request: 'GET /presence', as: 'member2', status: 200, reply: { count: 3 } },
        { name: 'a post', request: 'POST /posts', as: 'member1', body: { body: 'Hello' }, status: 201, events: { created: [{ body: 'Hello' }] } },
        { name: 'a pin', request: ({ post }) => `PUT /posts/${post}/pin`, as: 'sarah', status: 200, events: ({ post }) => ({ changed: [{ id: post, pinned: true }], notices: [{ kind: 'pin' }] }) },
        { name: 'a cheer, which nobody would see', request: 'POST /cheers', as: 'member1', body: { icon: 'heart' }, status: 409, problem: 'conflict', reply: { detail: /Realtime is off/ } },
        { name: 'what a trusted server says to the feed', request: 'POST /api/feed/live', as: ({ site }) => site, body: { type: 'ANY' }, status: 409, problem: 'conflict' },
    ],
});

describe('who knocks for a socket where there are none', () => {
    let server;
    let other; // a full build with the flag off
    before(async () => {
        server = await startServer({ bin });
        other = await startServer();
    });
    after(async () => {
        await server?.stop();
        await other?.stop();
    });

    for (const path of addresses)
        test(`${path} answers as with the flag off`, async () => {
            const { json } = await refusal(409, { server, path, as: 'member1' });
            assert.match(json.detail, /no realtime module.*poll/i);
            await refusal(409, { server: other, path, as: 'member1' });
            for (const each of [server, other]) {
                await refusal(401, { server: each, path });
                await refusal(426, { server: each, path, as: 'member1', headers: { upgrade: undefined } });
                await refusal(400, { server: each, path, as: 'member1', headers: { 'sec-websocket-key': 'short' } });
            }
        });

    test('the running server refuses the flag, whichever program asks it', async () => {
        for (const program of [bin, binary])
            assertRefused(await cliOn(server.data, ['flag', 'realtime', 'on'], { bin: program }));
        assert.equal(await flagOf(server), false);
    });
});

describe('a data folder from a full build', () => {
    /* What a full build leaves that is killed while the flag is on: likes that are durable in rooms.db alone. */
    async function leftBehind() {
        const full = await startServer({ args: ['--realtime', 'on'] });
        const post = await postBy(full, 'sarah');
        const before = expectStatus(await as(full, 'member9').put(`/posts/${post}/like`), 200);
        await full.must('export', '-'); // brings the buffer home: this one is in porchlight.db
        const since = await cursorOf(full, 'member1');
        const client = await connect({ server: full, as: 'member1' });
        assert.equal((await client.ask({ type: 'POST_LIKE', postId: post })).count, before.count + 1);
        expectStatus(await as(full, 'member2').put(`/posts/${post}/like`), 200);
        expectStatus(await as(full, 'member9').delete(`/posts/${post}/like`), 200);
        assert.equal(await waiting(full), 3);
        await full.kill();
        return { data: full.data, post, since };
    }

    async function assertLikes(server, post) {
        for (const [who, liked] of [['member1', true], ['member2', true], ['member9', false]]) {
            const found = expectStatus(await as(server, who).get(`/posts/${post}`), 200);
            assert.deepEqual([found.liked, found.count], [liked, 2], who);
        }
    }

    test('is polled, with a line in the log; no like is lost, and the flag waits for the next full build', async () => {
        const { data, post, since } = await leftBehind();
        let server = await startServer({ data, bin });
        assert.ok(server.logs.some((line) => line.includes('event=likes.recovered likes=3')), 'those that only rooms.db had');
        const missing = server.logs.filter((line) => line.includes('event=realtime.missing'));
        assert.equal(missing.length, 1, 'one line');
        assert.match(missing[0], /level=warn/);
        assert.equal((await capabilities(server)).realtime, false);
        assert.equal(await flagOf(server), true, 'as it is stored');
        await assertLikes(server, post);
        assert.deepEqual((await eventsSince(server, 'member1', since)).likes[0], { postId: post, count: 2 });
        assert.equal(expectStatus(await as(server, 'member3').put(`/posts/${post}/like`), 200).count, 3);
        assert.equal(expectStatus(await as(server, 'member3').delete(`/posts/${post}/like`), 200).count, 2);
        assert.equal(await waiting(server), 0, 'written as ever, without a buffer');
        await server.kill();
        for (const name of readdirSync(data)) if (name.startsWith('rooms.db')) rmSync(join(data, name));
        server = await startServer({ data, bin });
        await assertLikes(server, post); // porchlight.db has them all
        await server.stop();
        const full = await startServer({ data });
        assert.equal((await capabilities(full)).socket, '/ws');
        await full.stop();
    });

    test('--realtime off turns the flag off, without a warning', async () => {
        const { data, post } = await leftBehind();
        const server = await startServer({ data, bin, args: ['--realtime', 'off'] });
        assert.equal(count(server, 'realtime.missing'), 0);
        assert.equal(await flagOf(server), false);
        await assertLikes(server, post);
        await server.stop();
        assert.equal(await mustOn(data, ['flag', 'realtime']), 'off');
    });
});

describe('a hot restart into a build without sockets', () => {
    test('is refused before anything is stopped where the options ask for realtime', async () => {
        const { server, replace } = await replaceable(binary, { args: ['--realtime', 'on'] });
        replace(bin);
        const { code, stderr } = await server.cli('reload');
        assert.equal(code, 1);
        assert.match(stderr, /^porchlight: the new program would not start: porchlight: this build has no realtime[^\n]*\n$/);
        assert.equal(count(server, 'restart.begin'), 0);
        assert.equal((await capabilities(server)).socket, '/ws');
        await server.stop();
    });

    test('goes back while sockets are open, and closes none; works when the flag is off', async () => {
        const { server, replace } = await replaceable(binary);
        await server.must('flag', 'realtime', 'on');
        const post = await postBy(server, 'sarah');
        const ruth = await connect({ server, as: 'member1' });
        await ruth.join('2');
        assert.equal((await ruth.ask({ type: 'POST_LIKE', postId: post })).count, 1);
        replace(bin);
        await reload(server);
        assert.equal(count(server, 'restart.back'), 1);
        assert.equal((await ruth.ask({ type: 'SEND_CHEER', icon: 'heart' })).type, 'ACK');
        await server.must('flag', 'realtime', 'off');
        await server.advance(5); // those who are sent away go within four seconds
        assert.equal((await ruth.closed).code, 4001);
        await reload(server);
        assert.equal(count(server, 'restart.back'), 1, 'this one stays');
        assertRefused(await server.cli('flag', 'realtime', 'on'));
        const found = expectStatus(await as(server, 'member1').get(`/posts/${post}`), 200);
        assert.deepEqual([found.liked, found.count], [true, 1]);
        await server.stop();
    });
});
