/*
 * What /metrics says of sockets: each figure against what was done. One loop, so that nothing is counted once for each.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, expectStatus, startServer, until } from './harness.mjs';
import { connect } from './socket.mjs';

const names = ['member1', 'member2', 'member3', 'member4'];
const LIKES_SOON_MS = 100; // counts of one post are gathered so long

describe('the figures of sockets', () => {
    let server;
    let clients;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on', '--threads', '1'] });
        clients = await Promise.all(names.map((who) => connect({ server, as: who })));
        for (const client of clients) await client.join('2');
        await clients[0].next({ type: 'PRESENCE_UPDATE', count: names.length });
    });
    after(async () => {
        for (const client of clients) client.destroy();
        await server.stop();
    });

    /* All figures of sockets, by name and labels. */
    const figures = async () => {
        const { body } = await as(server).get('/metrics');
        const lines = body.split('\n').filter((line) => line.startsWith('porchlight_'));
        return new Map(lines.map((line) => [line.slice('porchlight_'.length, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]));
    };
    /* What `work` adds to the figures that are named, or to those that begin so. */
    const adds = async (prefixes, work) => {
        const earlier = await figures();
        await work();
        const later = await figures();
        const named = [...later].filter(([name]) => prefixes.some((it) => name.startsWith(it)));
        return Object.fromEntries(named.map(([name, value]) => [name, value - earlier.get(name)]).filter(([, by]) => by !== 0));
    };

    test('messages in and out by type, and what was handed to sockets', async () => {
        const [ruth, mary] = clients;
        const { id } = expectStatus(await as(server, 'sarah').post('/posts', { body: 'To be counted' }), 201);
        for (const client of clients) await client.next({ type: 'NEW_POSTS', postIds: [id] });
        const added = await adds(['messages_in', 'messages_out', 'deliveries'], async () => {
            for (const icon of ['heart', 'sun', 'tea']) await ruth.ask({ type: 'SEND_CHEER', icon });
            for (const client of clients) await client.next({ type: 'LIVE_CHEER', icon: 'tea' });
            await mary.ask({ type: 'POST_LIKE', postId: id });
            await server.advance(1);
            for (const client of clients) await client.next({ type: 'LIKE_UPDATE', postId: id, count: 1 });
            await mary.ask({ type: 'ping' });
        });
        assert.deepEqual(added, {
            'messages_in_total{type="SEND_CHEER"}': 3,
            'messages_in_total{type="POST_LIKE"}': 1,
            'messages_in_total{type="ping"}': 1,
            'messages_out_total{type="ACK"}': 5,
            'messages_out_total{type="pong"}': 1,
            'messages_out_total{type="LIVE_CHEER"}': 3, // a broadcast is one
            'messages_out_total{type="LIKE_UPDATE"}': 1,
            deliveries_total: 6 + 4 * names.length,
        });
    });

    test('errors by their code', async () => {
        const [ruth] = clients;
        const bad = async (message, code) => assert.equal((await ruth.ask(message)).code, code);
        const added = await adds(['messages_refused', 'messages_out_total{type="error"}'], async () => {
            await bad({ type: 'JOIN_TEAM', teamId: '3' }, 'forbidden');
            await bad({ type: 'POST_LIKE', postId: '987654' }, 'not-found');
            await bad({ type: 'POST_UNLIKE', postId: '987654' }, 'not-found');
            await bad({ type: 'SEND_CHEER' }, 'invalid');
            ruth.message('not JSON');
            assert.equal((await ruth.next('error')).code, 'malformed');
        });
        assert.deepEqual(added, {
            'messages_refused_total{code="forbidden"}': 1,
            'messages_refused_total{code="not-found"}': 2,
            'messages_refused_total{code="invalid"}': 1,
            'messages_refused_total{code="malformed"}': 1,
            'messages_out_total{type="error"}': 5,
        });
        const codes = [...(await figures()).keys()].filter((name) => name.startsWith('messages_refused_total'));
        assert.equal(new Set(codes).size, codes.length);
        assert.ok(codes.length < 32 && codes.includes('messages_refused_total{code="busy"}'), 'there are few, and always the same');
    });

    test('how long deliveries took: each broadcast is in it', async () => {
        const [ruth] = clients;
        const earlier = await figures();
        const began = performance.now();
        for (let i = 0; i < 10; i += 1) {
            await ruth.ask({ type: 'SEND_CHEER', icon: 'clock' });
            for (const client of clients) await client.next({ type: 'LIVE_CHEER', icon: 'clock' });
        }
        const seconds = (performance.now() - began) / 1000;
        const later = await figures();
        const added = (name) => later.get(`delivery_duration_seconds_${name}`) - earlier.get(`delivery_duration_seconds_${name}`);
        assert.equal(added('count'), 10);
        assert.equal(added('bucket{le="+Inf"}'), 10);
        assert.ok(added('sum') > 0 && added('sum') < seconds, `${added('sum')} s of ${seconds}`);
        const buckets = [...later].filter(([name]) => name.startsWith('delivery_duration_seconds_bucket')).map(([, value]) => value);
        assert.deepEqual(buckets, [...buckets].sort((a, b) => a - b), 'each bucket has what is below it');
    });

    test('coalescing: one LIKE_UPDATE stands for many likes', async () => {
        const [ruth] = clients;
        const { id } = expectStatus(await as(server, 'sarah').post('/posts', { body: 'Liked and liked' }), 201);
        const likeTen = async () => {
            const ids = [];
            ruth.together(() => {
                for (let i = 0; i < 10; i += 1) ids.push(ruth.say({ type: i % 2 ? 'POST_UNLIKE' : 'POST_LIKE', postId: id }));
            });
            const began = performance.now();
            await ruth.next({ id: ids.at(-1) });
            const tookMs = performance.now() - began;
            await server.advance(1);
            for (const client of clients) await client.next({ type: 'LIKE_UPDATE', postId: id, count: 0 });
            return tookMs;
        };
        await until(
            async () => {
                let tookMs;
                const added = await adds(['likes_told', 'messages_out_total{type="LIKE_UPDATE"}'], async () => {
                    tookMs = await likeTen();
                });
                for (const client of clients) client.forget();
                assert.equal(added.likes_told_total, 10);
                if (tookMs > LIKES_SOON_MS / 2) return false; // so busy a machine shows nothing
                assert.equal(added['messages_out_total{type="LIKE_UPDATE"}'], 1);
                return true;
            },
            { what: 'ten likes in a moment' },
        );
    });

    test('what one turn of a loop has for a socket leaves in one system call', async () => {
        const [ruth, ...others] = clients;
        const added = await adds(['sends_total', 'deliveries_total'], async () => {
            ruth.together(() => {
                for (let i = 0; i < 8; i += 1) ruth.say({ type: 'SEND_CHEER', icon: `tick ${i}`, id: undefined });
            });
            for (const client of clients) await client.next({ type: 'LIVE_CHEER', icon: 'tick 7' });
        });
        assert.deepEqual(added, { sends_total: 1 + others.length, deliveries_total: 8 * clients.length });
    });

    test('what a slow socket did not get is counted: told, or dropped', async () => {
        const [ruth, slow] = clients;
        slow.forget();
        slow.pause();
        const said = 'messages_out_total{type="LIVE_CHEER"}';
        const added = await adds(['messages_dropped', said], async () => {
            const earlier = (await figures()).get('messages_dropped_total');
            await until(
                async () => {
                    ruth.together(() => {
                        for (let i = 0; i < 400; i += 1) ruth.say({ type: 'SEND_CHEER', icon: '💛'.repeat(16), id: undefined });
                    });
                    await ruth.ask({ type: 'SEND_CHEER', icon: 'round' });
                    await ruth.next({ type: 'LIVE_CHEER', icon: 'round' });
                    return (await figures()).get('messages_dropped_total') > earlier;
                },
                { seconds: 30, what: 'a full queue' },
            );
            slow.resume();
            await ruth.ask({ type: 'SEND_CHEER', icon: 'the last' });
            await slow.next({ type: 'LIVE_CHEER', icon: 'the last' });
        });
        const heard = slow.forget().filter(({ json }) => json?.type === 'LIVE_CHEER').length + 1;
        assert.equal(heard + added.messages_dropped_total, added[said]);
        assert.equal((await figures()).get('socket_queued_bytes'), 0, 'and nothing is left in its queue');
    });
});
