/*
 * Programs that others wrote talk to the server: the npm package ws, Debian's Python websockets and curl, and
 * Chromium. Each is told only what the contract says; whatever they find wrong with a frame or a handshake fails the
 * test.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { chromium } from 'playwright-core';
import WebSocket from 'ws';
import { executablePath, launchArgs } from '../browser/browser.mjs';
import { as, assertMatch, community, expectStatus, match, startServer } from './harness.mjs';
import { connect, cookieOf, ticketOf } from './socket.mjs';

const PATIENCE_MS = 15_000;
const FEED = '/api/feed/live';

let server;
let walkers;
let members;
before(async () => {
    server = await startServer({ args: ['--realtime', 'on'] });
    ({ walkers, ...members } = await community(server, 'member1', 'member2'));
});
after(() => server?.stop());

const within = (promise, what) => {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no ${what} after ${PATIENCE_MS} ms`)), PATIENCE_MS);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

const cheer = { type: 'LIVE_CHEER', icon: 'heart' };

/* ---- npm: ws ----------------------------------------------------------------------------------------------------- */

/* `next(type)` of a client of ws: the first message of this type that nobody took. */
function inboxOf(socket) {
    const got = [];
    const wanted = new Map();
    socket.on('message', (data, isBinary) => {
        assert.ok(!isBinary, 'JSON comes as text');
        const message = JSON.parse(data.toString());
        const take = wanted.get(message.type);
        wanted.delete(message.type);
        if (take) take(message);
        else got.push(message);
    });
    return (type) => {
        const index = got.findIndex((message) => message.type === type);
        if (index >= 0) return got.splice(index, 1)[0];
        return within(new Promise((take) => wanted.set(type, take)), type);
    };
}

describe('ws', () => {
    const open = async (options) => {
        const headers = { authorization: `Bearer ${await server.token('member1')}` };
        const socket = new WebSocket(`ws://127.0.0.1:${server.port}/ws`, { headers, ...options });
        const next = inboxOf(socket);
        await within(once(socket, 'open'), 'open socket');
        return { socket, next, say: (message) => socket.send(JSON.stringify(message)) };
    };

    for (const perMessageDeflate of [false, true]) {
        const compressed = perMessageDeflate ? 'compressed' : 'plain';

        test(`joins, cheers, likes and leaves, ${compressed}`, async () => {
            const [post] = expectStatus(await as(server, 'member1').get('/posts'), 200).items;
            const { socket, next, say } = await open({ perMessageDeflate: perMessageDeflate && { threshold: 0 } });
            assert.equal(socket.extensions, perMessageDeflate ? 'permessage-deflate' : '');
            say({ type: 'JOIN_TEAM', teamId: walkers });
            assertMatch(await next('WELCOME'), { userId: members.member1.id, heartbeat: match.number }, 'WELCOME');
            say({ type: 'SEND_CHEER', icon: 'heart' });
            assertMatch(
                await next('LIVE_CHEER'),
                { ...cheer, userId: members.member1.id, name: members.member1.name },
                'the cheer',
            );
            const ids = ['POST_UNLIKE', 'POST_LIKE'].map((type) => `${type} ${compressed}`.replace(' ', '-'));
            say({ type: 'POST_UNLIKE', postId: post.id, id: ids[0] });
            assertMatch(await next('ACK'), { id: ids[0], postId: post.id, liked: false }, 'the answer');
            say({ type: 'POST_LIKE', postId: post.id, id: ids[1] });
            assertMatch(await next('ACK'), { id: ids[1], postId: post.id, liked: true }, 'the answer');
            assertMatch(await next('LIKE_UPDATE'), { postId: post.id, count: match.number }, 'what all see');
            socket.close(1000, 'bye');
            const [code] = await within(once(socket, 'close'), 'end');
            assert.equal(code, 1000);
        });

        test(`gets its pings answered and long messages through, ${compressed}`, async () => {
            const { socket, next, say } = await open({ perMessageDeflate });
            socket.ping('are you there?');
            const [payload] = await within(once(socket, 'pong'), 'pong');
            assert.equal(payload.toString(), 'are you there?');
            say({ type: 'no such type', text: 'x'.repeat(60000) });
            assertMatch(await next('error'), { code: match.string, message: match.string }, 'the answer');
            socket.send(JSON.stringify({ type: 'ping' }).padEnd(65536));
            await next('pong');
            socket.close();
            const [code] = await within(once(socket, 'close'), 'end');
            assert.ok([1000, 1005].includes(code), `${code}`);
        });
    }

    test('is told why it was closed', async () => {
        const { socket } = await open({});
        socket.send('x'.repeat(65537));
        const [code] = await within(once(socket, 'close'), 'end');
        assert.equal(code, 1009);
    });

    test('is told why it is not let in', async () => {
        const socket = new WebSocket(`ws://127.0.0.1:${server.port}/ws`);
        const [request, reply] = await within(once(socket, 'unexpected-response'), 'answer');
        assert.equal(reply.statusCode, 401);
        assert.equal(reply.headers['content-type'], 'application/problem+json');
        request.destroy();
    });
});

/* ---- Python: websockets ------------------------------------------------------------------------------------------ */

/* It takes an address with a ticket, a team and how to compress, and prints what it saw as JSON. */
const python = `
import asyncio, json, sys, websockets

async def until(socket, kind):
    while True:
        message = json.loads(await asyncio.wait_for(socket.recv(), 15))
        if message["type"] == kind:
            return message

async def main(address, team, compression):
    saw = {}
    socket = await websockets.connect(address, compression=None if compression == "none" else compression)
    saw["extensions"] = [extension.name for extension in socket.extensions]
    await socket.send(json.dumps({"type": "JOIN_TEAM", "teamId": team}))
    saw["welcome"] = await until(socket, "WELCOME")
    await socket.send(["{\\"type\\":\\"SEND_CHEER\\",", "\\"icon\\":", "\\"heart\\"}"])
    saw["cheer"] = await until(socket, "LIVE_CHEER")
    await asyncio.wait_for(await socket.ping(b"here"), 15)
    await socket.send(json.dumps({"type": "ping", "id": "x"}).ljust(60000))
    saw["pong"] = await until(socket, "pong")
    await socket.close(4000, "enough")
    saw["code"] = socket.close_code
    print(json.dumps(saw))

asyncio.run(main(*sys.argv[1:]))
`;

/* Runs a program to its end: {code, out, err}. */
async function finished(command, args) {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { out: '', err: '' };
    child.stdout.on('data', (text) => (said.out += text));
    child.stderr.on('data', (text) => (said.err += text));
    try {
        const [code] = await within(once(child, 'close'), `end of ${command}`);
        return { code, ...said };
    } finally {
        child.kill('SIGKILL');
    }
}

describe("Python's websockets", () => {
    for (const [compression, extensions] of [
        ['none', []],
        ['deflate', ['permessage-deflate']],
    ]) {
        test(`joins, sends fragments, pings and leaves, compression ${compression}`, async () => {
            const address = `ws://127.0.0.1:${server.port}/ws?ticket=${await ticketOf(server, 'member2')}`;
            const { code, out, err } = await finished('/usr/bin/python3', [
                '-c',
                python,
                address,
                walkers,
                compression,
            ]);
            assert.equal(code, 0, err);
            assertMatch(
                JSON.parse(out),
                {
                    extensions,
                    welcome: { userId: members.member2.id, cursor: match.string },
                    cheer: { ...cheer, userId: members.member2.id, name: members.member2.name },
                    pong: { timestamp: match.time },
                    code: 4000,
                },
                'what it saw',
            );
        });
    }
});

/* ---- curl -------------------------------------------------------------------------------------------------------- */

/* Debian 12 builds curl without its experimental WebSockets: it does the handshake and shows the bytes behind it. */
describe('curl', () => {
    const fields = {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    const argumentsFor = (path, headers) => [
        ...['--silent', '--show-error', '--include', '--no-buffer', '--http1.1', '--max-time', '15'],
        ...Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
        `${server.url}${path}`,
    ];
    const bearer = async (name) => ({ Authorization: `Bearer ${await server.token(name)}` });

    test('gets a 101 with the answer of the RFC, and the first message behind it', async () => {
        const child = spawn('curl', argumentsFor(FEED, { ...fields, ...(await bearer('member1')) }));
        try {
            let got = '';
            await within(
                new Promise((resolve, reject) => {
                    child.stdout.on('data', (bytes) => {
                        got += bytes.toString('latin1');
                        if (/"type":"WELCOME".*\}/.test(got)) resolve();
                    });
                    child.on('close', (code) => reject(new Error(`curl ended with ${code}: ${got}`)));
                }),
                'WELCOME',
            );
            assert.match(got, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
            assert.match(got, /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i);
        } finally {
            child.kill();
        }
    });

    test('gets 426 with the version for a plain GET', async () => {
        const { code, out } = await finished('curl', argumentsFor('/ws', await bearer('member1')));
        assert.equal(code, 0);
        assert.match(out, /^HTTP\/1\.1 426 /);
        assert.match(out, /\r\nSec-WebSocket-Version: 13\r\n/i);
        assert.match(out, /\r\nContent-Type: application\/problem\+json\r\n/i);
    });

    test('gets 401 without credentials, and the connection is done with', async () => {
        const { code, out } = await finished('curl', argumentsFor('/ws', fields));
        assert.equal(code, 0);
        assert.match(out, /^HTTP\/1\.1 401 /);
        assert.match(out, /"type":"\/docs#unauthenticated"/);
    });
});

/* ---- Chromium ---------------------------------------------------------------------------------------------------- */

describe('Chromium', () => {
    let browser;
    let elsewhere;
    before(async () => {
        assert.ok(existsSync(executablePath), `${executablePath} is missing: apt-get install chromium-headless-shell`);
        browser = await chromium.launch({ executablePath, args: launchArgs });
        elsewhere = createServer((_, reply) => {
            reply.setHeader('content-type', 'text/html');
            reply.end('<!doctype html><title>Another site</title>');
        });
        await once(elsewhere.listen(0, '127.0.0.1'), 'listening');
    });
    after(async () => {
        await browser?.close();
        elsewhere?.close();
    });

    /* A page with the member's cookie. Cookies do not care about ports, so another site on this host gets it as well. */
    async function pageAt(url, name) {
        const context = await browser.newContext();
        const [key, value] = (await cookieOf(server, name)).split('=');
        await context.addCookies([{ name: key, value, url: server.url, httpOnly: true, sameSite: 'Lax' }]);
        const page = await context.newPage();
        page.setDefaultTimeout(PATIENCE_MS);
        await page.goto(url);
        return page;
    }

    /* Runs in the page: joins, cheers, and tells what it saw and how it ended. */
    const visit = ({ address, team }) =>
        new Promise((resolve) => {
            const socket = new WebSocket(address);
            const saw = { extensions: null, messages: [] };
            socket.onopen = () => {
                saw.extensions = socket.extensions;
                socket.send(JSON.stringify({ type: 'JOIN_TEAM', teamId: team }));
            };
            socket.onmessage = ({ data }) => {
                const message = JSON.parse(data);
                saw.messages.push(message);
                if (message.type === 'WELCOME') socket.send(JSON.stringify({ type: 'SEND_CHEER', icon: 'heart' }));
                if (message.type === 'LIVE_CHEER') socket.close(1000, 'bye');
            };
            socket.onclose = ({ code, wasClean }) => resolve({ ...saw, code, wasClean });
        });

    test('a page of this site opens a socket with its cookie and joins; others see its cheer', async () => {
        const watcher = await connect({ server, as: 'member2' });
        await watcher.join(walkers);
        const page = await pageAt(server.url, 'member1');
        const saw = await page.evaluate(visit, { address: `ws://127.0.0.1:${server.port}/ws`, team: walkers });
        assertMatch(
            saw,
            {
                extensions: /^permessage-deflate/,
                code: 1000,
                wasClean: true,
                messages: match.includes(
                    { type: 'WELCOME', userId: members.member1.id },
                    { ...cheer, userId: members.member1.id },
                ),
            },
            'what the page saw',
        );
        assertMatch(await watcher.next('LIVE_CHEER'), { ...cheer, userId: members.member1.id }, 'the cheer');
        await watcher.close();
        await page.context().close();
    });

    test('a page of another site is refused with 403, though its browser sends the cookie', async () => {
        const page = await pageAt(`http://127.0.0.1:${elsewhere.address().port}/`, 'member1');
        const refused = new Promise((resolve) => {
            page.on('websocket', (socket) => socket.on('socketerror', resolve));
        });
        const saw = await page.evaluate(visit, { address: `ws://127.0.0.1:${server.port}/ws`, team: walkers });
        assert.match(await within(refused, 'refusal'), /Unexpected response code: 403/);
        assertMatch(saw, { code: 1006, wasClean: false, messages: match.empty }, 'what the page saw');
        await page.context().close();
    });
});
