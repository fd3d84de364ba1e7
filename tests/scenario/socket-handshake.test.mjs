/*
 * The way into a socket: who is let in, who is not and what they are told. RFC 6455, section 4.2; DESIGN, sections 6
 * and 8. Every refusal is a problem as in the rest of the contract (contract.mjs, checkHandshake).
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, assertMatch, community, cursorOf, expectStatus, match, startServer, until } from './harness.mjs';
import { rawClient } from './raw.mjs';
import { answer, connect, cookieOf, frame, OP, refusal, ticketOf } from './socket.mjs';

const FEED = '/api/feed/live';
const EVIL = 'https://evil.example';

/* Whether a socket is this member's and works. */
async function worksFor(username, options) {
    const { server } = options;
    const me = expectStatus(await as(server, username).get('/me'), 200);
    const client = await connect(options);
    assertMatch(
        await client.join(me.team.id),
        { userId: me.id, cursor: match.string, subscribedAt: match.time },
        'WELCOME',
    );
    await client.close();
}

describe('the handshake of a socket', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on'] });
    });
    after(() => server?.stop());

    /* ---- who ---- */

    test('lets a member in by a token', () => worksFor('member1', { server, as: 'member1' }));

    test('lets a member in by the cookie, from a page of this site', async () => {
        await worksFor('member2', { server, cookie: await cookieOf(server, 'member2'), origin: server.url });
    });

    test('lets a page in under the name by which it reached this site', async () => {
        const here = `localhost:${server.port}`;
        const cookie = await cookieOf(server, 'member2');
        await worksFor('member2', { server, cookie, origin: `http://${here}`, headers: { Host: here } });
    });

    test('lets a member in by a ticket, once', async () => {
        const ticket = await ticketOf(server, 'member3');
        await worksFor('member3', { server, ticket });
        await refusal(401, { server, ticket });
    });

    test('lets one of two in who come with the same ticket at the same moment', async () => {
        const ticket = await ticketOf(server, 'member3');
        const replies = await Promise.all(Array.from({ length: 4 }, () => answer({ server, ticket })));
        assert.deepEqual(replies.map((reply) => reply.status).sort(), [101, 401, 401, 401]);
    });

    test('does not take a ticket that is older than 30 seconds', async () => {
        const ticket = await ticketOf(server, 'member3');
        const other = await ticketOf(server, 'member3');
        await server.advance(28);
        await worksFor('member3', { server, ticket });
        await server.advance(3);
        await refusal(401, { server, ticket: other });
    });

    test('does not take a ticket of a member who was shut out meanwhile', async () => {
        const ticket = await ticketOf(server, 'member19');
        await server.must('user', 'disable', 'member19');
        await refusal(401, { server, ticket });
    });

    for (const [what, options] of [
        ['nothing', {}],
        ['a token that does not hold', { token: 'v4.public.nonsense' }],
        ['another scheme', { headers: { Authorization: 'Basic bWVtYmVyMTpwb3JjaGxpZ2h0' } }],
        ['a cookie of nobody', { cookie: 'porchlight=v4.public.nonsense' }],
        ['a ticket that was never given', { ticket: 'pH3nB0cVtq8ZrX5mYw2LkA' }],
        ['an empty ticket', { ticket: '' }],
    ]) {
        test(`answers 401 to ${what}`, async () => {
            const origin = options.cookie && server.url;
            const reply = await refusal(401, { server, origin, ...options });
            assert.equal(reply.json.type, '/docs#unauthenticated');
            await refusal(401, { server, origin, path: FEED, ...options });
        });
    }

    test('does not take a token from the address', async () => {
        const { status } = await answer({ server, path: `/ws?token=${await server.token('member1')}` });
        assert.ok([400, 401].includes(status), `${status}`);
    });

    test('answers 401 to a token that has expired', async () => {
        const token = await server.must('token', 'issue', '--user', 'member4', '--ttl', '10m');
        // Several times, so that every loop of the server has met it.
        for (let i = 0; i < 8; i += 1) assert.equal((await answer({ server, token })).status, 101);
        await server.advance(601);
        for (let i = 0; i < 8; i += 1) await refusal(401, { server, token });
    });

    test('answers 401 to a token that was revoked, and to a cookie that was signed out', async () => {
        const token = await server.must('token', 'issue', '--user', 'member5');
        for (let i = 0; i < 8; i += 1) assert.equal((await answer({ server, token })).status, 101);
        await server.must('token', 'revoke', token);
        await until(async () => (await answer({ server, token })).status === 401, { seconds: 1, what: 'the 401' });
        for (let i = 0; i < 8; i += 1) await refusal(401, { server, token });

        const who = { cookie: await cookieOf(server, 'member5'), origin: server.url };
        await worksFor('member5', { server, ...who });
        expectStatus(await as(server, who).post('/auth/logout'), 204);
        await until(async () => (await answer({ server, ...who })).status === 401, { seconds: 1, what: 'the 401' });
    });

    /* ---- from where ---- */

    for (const [what, origin] of [
        ['another site', EVIL],
        ['another port', 'http://127.0.0.1:1'],
        ['another scheme', 'https://127.0.0.1'],
        ['a sandbox', 'null'],
        ['a name that only begins like this one', ({ url }) => `${url}.evil.example`],
    ]) {
        test(`answers 403 to a page of ${what}, whatever its credentials`, async () => {
            const from = typeof origin === 'function' ? origin(server) : origin;
            const cookie = await cookieOf(server, 'member6');
            const reply = await refusal(403, { server, cookie, origin: from });
            assert.equal(reply.json.type, '/docs#forbidden');
            await refusal(403, { server, cookie, origin: from, path: FEED });
            await refusal(403, { server, as: 'member6', origin: from });
            await refusal(403, { server, ticket: await ticketOf(server, 'member6'), origin: from });
        });
    }

    test('answers 403 to a cookie without an Origin: every browser sends one', async () => {
        await refusal(403, { server, cookie: await cookieOf(server, 'member6') });
    });

    test('joining a foreign team is refused, and the socket stays', async () => {
        const { walkers, strong } = await community(server);
        const client = await connect({ server, as: 'member6' });
        assertMatch(
            await client.ask({ type: 'JOIN_TEAM', teamId: strong }),
            { type: 'error', code: 'forbidden' },
            'the answer',
        );
        await client.join(walkers);
        await client.close();
    });

    /* ---- where ---- */

    for (const path of ['/websocket', '/ws/2', '/api/feed', '/test/echo']) {
        test(`answers 404 at ${path}`, () => refusal(404, { server, as: 'member1', path }));
    }

    test('an endpoint that is no socket does not become one', async () => {
        const reply = await answer({ server, as: 'member1', path: '/teams' });
        assert.equal(reply.status, 200);
        assert.ok(reply.json.items.length > 0);
    });

    /* ---- how ---- */

    for (const [what, change] of [
        [
            'a plain GET',
            {
                Connection: undefined,
                Upgrade: undefined,
                'Sec-WebSocket-Version': undefined,
                'Sec-WebSocket-Key': undefined,
            },
        ],
        ['no Upgrade', { Upgrade: undefined }],
        ['an upgrade to something else', { Upgrade: 'h2c' }],
        ['an Upgrade that is not named in Connection', { Connection: 'keep-alive' }],
        ['no version', { 'Sec-WebSocket-Version': undefined }],
        ['version 8', { 'Sec-WebSocket-Version': '8' }],
        ['version 12', { 'Sec-WebSocket-Version': '12' }],
        ['version 14', { 'Sec-WebSocket-Version': '14' }],
        ['version 130', { 'Sec-WebSocket-Version': '130' }],
    ]) {
        test(`answers 426 to ${what}, and names what it speaks`, async () => {
            for (const path of ['/ws', FEED]) {
                const reply = await refusal(426, { server, as: 'member1', path, headers: change });
                assert.equal(reply.headers['sec-websocket-version'], '13');
                assert.match(reply.headers.upgrade ?? '', /^websocket$/i);
                assert.match(reply.headers.connection ?? '', /upgrade/i);
            }
        });
    }

    for (const [path, known, unknown] of [
        ['/ws', ['ticket'], ['since', 'team', 'token']],
        [FEED, ['ticket', 'since'], ['team', 'token']],
    ]) {
        test(`knows ${known.join(' and ')} at ${path}, and answers 400 to what it does not`, async () => {
            const { channels } = expectStatus(await as(server).get('/asyncapi.json'), 200);
            const channel = Object.values(channels).find(({ address }) => address === path);
            assert.deepEqual(Object.keys(channel.bindings.ws.query.properties), known, 'what is described');
            const since = await cursorOf(server, 'member1');
            const query = known.includes('since') ? `?since=${since}` : '';
            const client = await connect({ server, ticket: await ticketOf(server, 'member1'), path: path + query });
            await client.close();
            for (const name of unknown) {
                const reply = await refusal(400, { server, as: 'member1', path: `${path}?${name}=2` });
                assert.match(reply.json.detail, new RegExp(`"${name}"`));
            }
        });
    }

    for (const since of ['', 'yesterday', '0123456789abcdef-3-89abcdef', '0123456789abcdef-3-89abcdef.07']) {
        test(`answers 400 to "${since}" as the cursor, after 401`, async () => {
            const reply = await refusal(400, { server, as: 'member1', path: `${FEED}?since=${since}` });
            assert.equal(reply.json.type, '/docs#malformed');
            await refusal(401, { server, path: `${FEED}?since=${since}` });
        });
    }

    test('answers a HEAD as a plain GET, whatever it asks for', async () => {
        const token = await server.token('member1');
        for (const path of ['/ws', FEED, '/websocket']) {
            const reply = async (method, fields) => {
                const client = rawClient(server, { heads: method === 'HEAD' ? [0] : [] });
                client.write(`${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${token}\r\n${fields}\r\n`);
                const { status, headers } = await client.reply();
                client.socket.destroy();
                return { status, headers: [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name)) };
            };
            const upgrade =
                'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
                'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
            const plain = await reply('GET', '');
            assert.equal(plain.status, path === '/websocket' ? 404 : 426);
            assert.deepEqual(await reply('HEAD', upgrade), plain, path);
        }
    });

    test('answers 426 to HTTP/1.0', () => refusal(426, { server, as: 'member1', version: 'HTTP/1.0' }));

    for (const [what, key] of [
        ['nothing', undefined],
        ['an empty text', ''],
        ['15 bytes', Buffer.alloc(15, 7).toString('base64')],
        ['17 bytes', Buffer.alloc(17, 7).toString('base64')],
        ['what is no base64', '!!!!!!!!!!!!!!!!!!!!!!=='],
        ['base64 without its end', 'dGhlIHNhbXBsZSBub25jZQ'],
        ['base64 with bits left over', 'dGhlIHNhbXBsZSBub25jZR=='],
        ['two keys', ['dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ==']],
    ]) {
        test(`answers 400 to ${what} as the key`, async () => {
            const reply = await refusal(400, { server, as: 'member1', headers: { 'Sec-WebSocket-Key': key } });
            assert.equal(reply.json.type, '/docs#malformed');
        });
    }

    for (const list of [';', 'permessage-deflate;', 'permessage-deflate; =1', 'a b', 'foo="', '"foo"']) {
        test(`answers 400 to the extensions ${list}`, () =>
            refusal(400, { server, as: 'member1', headers: { 'Sec-WebSocket-Extensions': list } }));
    }

    test('does not mind how others write it', async () => {
        const upper = {
            Connection: 'keep-alive, Upgrade',
            Upgrade: 'WebSocket',
            'Sec-WebSocket-Key': 'x3JJHMbDL1EzLkh9GBhXDw==',
        };
        await worksFor('member1', { server, as: 'member1', headers: upper });
        const lower = {
            host: `127.0.0.1:${server.port}`,
            connection: 'upgrade',
            upgrade: 'websocket',
            'sec-websocket-version': '13',
            'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
        };
        await worksFor('member1', { server, as: 'member1', headers: lower });
    });

    test('agrees to no subprotocol', async () => {
        const headers = { 'Sec-WebSocket-Protocol': 'chat, superchat' };
        await worksFor('member1', { server, as: 'member1', headers });
    });

    /* ---- bytes that come early ---- */

    const ping = frame(OP.text, '{"type":"ping"}');

    test('a first frame in the same segment is answered', async () => {
        const client = await connect({ server, as: 'member7', early: ping });
        await client.next('pong');
        await client.close();
    });

    test('2,000 frames in the same write are all answered', async () => {
        const client = await connect({ server, as: 'member7', early: Buffer.concat(Array(2000).fill(ping)) });
        for (let i = 0; i < 2000; i += 1) await client.next('pong');
        assert.deepEqual(client.forget(), []);
        await client.close();
    });

    test('half a frame in the same segment is the beginning of a whole one', async () => {
        for (const at of [1, 5, 6, 7, ping.length - 1]) {
            const client = await connect({ server, as: 'member7', early: ping.subarray(0, at) });
            client.write(ping.subarray(at));
            await client.next('pong');
            await client.close();
        }
    });

    test('a handshake and a frame that come byte by byte are understood', async () => {
        const client = await connect({ server, as: 'member7', early: ping, pieces: true });
        await client.next('pong');
        await client.close();
    });

    test('a client that says goodbye in the same segment gets its goodbye', async () => {
        const client = await connect({
            server,
            as: 'member7',
            early: frame(OP.close, Buffer.from([0x03, 0xe8])),
            answer: false,
        });
        assert.equal((await client.closed).code, 1000);
    });

    test('a member may have 16 sockets, not 17; another member is let in', async () => {
        const sixteen = await Promise.all(Array.from({ length: 16 }, () => connect({ server, as: 'member8' })));
        await refusal(429, { server, as: 'member8' });
        await worksFor('member9', { server, as: 'member9' });
        await sixteen[0].close();
        await until(async () => (await answer({ server, as: 'member8' })).status === 101, {
            what: 'a place being free',
        });
        for (const client of sixteen.slice(1)) await client.close();
    });
});

describe('the handshake while the flag is off', () => {
    test('is answered 409, on as soon as it is on, and 409 again when it is off', async () => {
        const server = await startServer();
        try {
            const page = { cookie: await cookieOf(server, 'member1'), origin: server.url };
            const all409 = async () => {
                for (const path of ['/ws', FEED]) {
                    const reply = await refusal(409, { server, as: 'member1', path });
                    assert.equal(reply.json.type, '/docs#conflict');
                    await refusal(409, { server, ...page, path });
                }
            };
            await all409();
            await server.must('flag', 'realtime', 'on');
            await worksFor('member1', { server, as: 'member1' });
            await worksFor('member1', { server, ...page });
            await server.must('flag', 'realtime', 'off');
            await all409();
        } finally {
            await server.stop();
        }
    });
});

describe('the handshake at a full room', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on', '--room-limit', '2'] });
    });
    after(() => server?.stop());

    const full = async (options) => {
        const reply = await refusal(503, { server, ...options });
        assert.equal(reply.json.type, '/docs#busy');
        const seconds = Number(reply.headers['retry-after']);
        assert.ok(
            Number.isInteger(seconds) && seconds >= 1 && seconds <= 60,
            `Retry-After: ${reply.headers['retry-after']}`,
        );
    };

    test('of the feed is answered 503 with Retry-After until somebody leaves', async () => {
        const first = await connect({ server, as: 'member1', path: FEED });
        const second = await connect({ server, as: 'member21', path: FEED });
        for (const client of [first, second]) await client.next('WELCOME');
        await full({ as: 'member2', path: FEED });
        const elsewhere = await connect({ server, as: 'member2' });
        await elsewhere.close();
        await first.close();
        await until(async () => (await answer({ server, as: 'member2', path: FEED })).status === 101, {
            what: 'a place',
        });
        await second.close();
    });

    test("of the caller's team is answered 503 with Retry-After; another team's members come in", async () => {
        const { walkers, strong } = await community(server);
        const first = await connect({ server, as: 'member1' });
        const second = await connect({ server, as: 'member2' });
        for (const client of [first, second]) await client.join(walkers);
        await full({ as: 'member3' });
        const other = await connect({ server, as: 'member21' });
        await other.join(strong);
        await first.close();
        await until(async () => (await answer({ server, as: 'member3' })).status === 101, { what: 'a place' });
        await second.close();
        await other.close();
    });
});
