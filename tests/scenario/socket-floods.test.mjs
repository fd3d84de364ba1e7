/*
 * Who sends too much, of whatever kind: it is refused at little cost, then closed with 4005 (DESIGN, section 6), and
 * nobody else notices. Rates are on here.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { echoBinary, startServer } from './harness.mjs';
import { connect, deflated, frame, OP } from './socket.mjs';

const BURST = 120;
const REFUSED_MAX = 20;
const SLACK = 20; // ten a second come back while a test runs

const many = (count, bytes) => Buffer.concat(Array(count).fill(bytes));
const json = (id, more = {}) => JSON.stringify({ type: 'ping', id, ...more });

describe('a flood', () => {
    let server;
    let member = 0;
    before(async () => {
        server = await startServer({ bin: echoBinary, args: ['--realtime', 'on', '--rate-limit', 'on'] });
    });
    after(() => server?.stop());

    /* Each with a bucket of its own. */
    const open = (options) => connect({ server, as: `member${(member += 1)}`, ...options });
    /* One that has nothing left but what comes back with time. */
    const exhausted = async (options) => {
        const client = await open(options);
        return client.write(many(BURST, frame(OP.text, '{"type":"ping"}')));
    };
    const endsWith4005 = async (client) => {
        const end = await client.closed;
        assert.deepEqual([end.code, end.clean], [4005, true]);
    };

    for (const deflate of [false, true])
        test(`of messages${deflate ? ', compressed,' : ''} is refused by id; what is long is not read for it`, async () => {
            const client = await exhausted({ deflate });
            for (let i = 0; i < REFUSED_MAX; i += 1)
                client.message(i % 2 ? json(`long-${i}`, { icon: 'x'.repeat(5000) }) : json(`short-${i}`));
            const refusal = await client.next((it) => it.code === 'rate-limited' && 'id' in it, 'one by id');
            assert.match(refusal.id, /^short-/);
            assert.ok(refusal.retryAfter > 0);
            await client.next((it) => it.code === 'rate-limited' && !('id' in it), 'one that was not read');
            await client.close();
        });

    test('of messages that cannot be inflated, or are too big when they are, is refused as any other', async () => {
        for (const payload of [deflated(Buffer.alloc(4 << 20, 'a')), randomBytes(100)]) {
            const client = await exhausted({ deflate: true });
            client.write(many(200, frame(OP.text, payload, { rsv: 4 })));
            assert.equal((await client.next({ type: 'error' })).code, 'rate-limited');
            client.destroy();
        }
    });

    test('of long messages in few bytes is over after a few', async () => {
        const client = await open({ deflate: true });
        const long = deflated(Buffer.from(`{"type":"ping"${' '.repeat(65_000)}}`));
        client.write(many(110, frame(OP.text, long, { rsv: 4 })));
        await endsWith4005(client);
        const pongs = client.forget().filter(({ json }) => json?.type === 'pong').length;
        assert.ok(pongs >= 7 && pongs <= 9, `${pongs} were read`); // each counts for sixteen
    });

    test('of binary messages is one, too', async () => {
        const client = await open({ path: '/test/echo' });
        client.write(many(400, frame(OP.binary, 'hello')));
        await endsWith4005(client);
        const echoes = client.forget().filter(({ kind }) => kind === 'binary').length;
        assert.ok(echoes >= BURST && echoes <= BURST + SLACK, `${echoes} came back`);
    });

    for (const [what, before, bytes] of [
        ['pings', '', frame(OP.ping)],
        ['pongs', '', frame(OP.pong, 'here')],
        ['empty fragments', frame(OP.text, '{', { fin: false }), frame(OP.continuation, '', { fin: false })],
        ['pings between fragments', frame(OP.text, '{', { fin: false }), frame(OP.ping, 'now')],
    ])
        test(`of ${what} is one, and what was allowed is answered`, async () => {
            const client = await open();
            client.write(Buffer.from(before), many(20_000, bytes));
            await endsWith4005(client);
            const pongs = client.forget().filter(({ kind }) => kind === 'pong').length;
            const allowed = what.startsWith('pings') ? BURST : 0;
            assert.ok(pongs >= allowed && pongs <= allowed + REFUSED_MAX + SLACK, `${pongs} pongs`);
        });

    test('of one member is theirs: another is answered, and so is who waits a minute', async () => {
        const flooding = await open();
        const name = `member${member}`;
        const other = await open();
        flooding.write(many(20_000, frame(OP.ping)));
        await endsWith4005(flooding);
        assert.equal((await other.ask({ type: 'ping' })).type, 'ACK');
        await server.advance(60);
        const again = await connect({ server, as: name });
        again.write(frame(OP.ping, 'again'));
        assert.equal((await again.receive()).kind, 'pong');
        await again.close();
        await other.close();
    });

    test('is not what a long message in a thousand fragments is', async () => {
        const client = await open({ path: '/test/echo' });
        const part = frame(OP.continuation, 'x', { fin: false });
        client.write(frame(OP.text, 'x', { fin: false }), many(998, part), frame(OP.continuation, 'x'));
        assert.equal((await client.receive()).text, 'x'.repeat(1000));
        await client.close();
    });
});

test('questions for what was missed in a chat are refused earlier, as each may bring a page of it', async () => {
    const server = await startServer({ args: ['--realtime', 'on', '--rate-limit', 'on'] });
    try {
        const client = await connect({ server, as: 'member1', path: '/channel/1/websocket' });
        await client.next('initial_state');
        for (let i = 0; i < BURST / 10 + 3; i += 1) client.say({ type: 'sync', afterMessageId: '1', id: `sync-${i}` });
        const refusal = await client.next((it) => it.code === 'rate-limited', 'the one too many');
        assert.match(refusal.id, /^sync-1[0-4]$/);
        assert.ok(refusal.retryAfter > 0);
        await client.close();
    } finally {
        await server.stop();
    }
});
