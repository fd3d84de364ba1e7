/*
 * Who is here, over polls and sockets at once, with several devices a member, cut connections and processes that stand
 * still: counted exactly within each transport's own bound and a second (DESIGN, section 7). Time is what the clock was
 * moved and what really passed.
 *
 * The model knows for every member until when each of their devices holds them: a socket while it is open, then ten
 * seconds; a silent one 75 seconds and those ten; a poller one and a half times the interval it was told.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { as, expectStatus, startServer, until } from './harness.mjs';
import { connect } from './socket.mjs';

const GRACE_S = 10;
const SILENCE_S = 75;
const SLACK_S = 1;
const STEPS = 120;
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);

/* A small generator whose run can be repeated (mulberry32). */
function random(start) {
    let state = start >>> 0;
    return (below) => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), state | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) % below;
    };
}

const members = Array.from({ length: 20 }, (_, i) => `member${i + 1}`);

describe(`presence over both transports (TEST_SEED=${seed})`, () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on'] });
    });
    after(() => server?.stop());

    test('is exact within the bound of each, whatever connections do', { timeout: 120_000 }, async () => {
        const pick = random(seed);
        const began = performance.now();
        let moved = 0; // seconds
        const clock = () => moved + (performance.now() - began) / 1000;
        const sockets = []; // {member, client, heard}
        const until_s = new Map(); // member: the time up to which something that is over still holds them
        const hold = (member, time) => until_s.set(member, Math.max(until_s.get(member) ?? 0, time));
        const bounds = () => {
            const open = new Set(sockets.map((it) => it.member));
            let least = 0;
            let most = 0;
            const now = clock();
            for (const member of members) {
                const end = until_s.get(member) ?? -Infinity;
                if (open.has(member) || end > now + SLACK_S) least += 1;
                if (open.has(member) || end > now - SLACK_S) most += 1;
            }
            return [least, most];
        };
        const watcher = await connect({ server, as: 'admin' });
        await watcher.join('2');
        await as(server, 'admin').patch('/me', { appearOffline: true }); // they watch, and are not counted

        const moves = {
            async open(member) {
                if (sockets.filter((it) => it.member === member).length >= 4) return;
                const client = await connect({ server, as: member, deflate: pick(2) === 0 });
                await client.join('2');
                sockets.push({ member, client, heard: clock() });
            },
            async close(member) {
                const index = sockets.findIndex((it) => it.member === member);
                if (index < 0) return;
                const [{ client }] = sockets.splice(index, 1);
                if (pick(10) === 0) client.destroy({ reset: pick(2) === 0 });
                else await client.close();
                if (!sockets.some((it) => it.member === member)) hold(member, clock() + GRACE_S);
            },
            async poll(member) {
                const path = pick(2) ? '/presence' : '/changes';
                const reply = await as(server, member).get(path);
                expectStatus(reply, 200);
                hold(member, clock() + 1.5 * Number(reply.headers['x-poll-interval']));
            },
            async ping() {
                for (const it of sockets) {
                    if (pick(10) === 0) continue; // some say nothing
                    await it.client.ask({ type: 'ping' });
                    it.heard = clock();
                }
            },
            async time() {
                const seconds = 1 + pick(20);
                await server.advance(seconds);
                moved += seconds;
            },
        };
        /* Those that are silent for too long, or will be before they can say another word. */
        const takeSilent = async () => {
            for (let i = sockets.length; i-- > 0; ) {
                const { member, client, heard } = sockets[i];
                if (heard + SILENCE_S > clock() + SLACK_S) continue;
                sockets.splice(i, 1);
                assert.equal((await client.closed).code, 1001, 'a silent one is closed');
                if (!sockets.some((it) => it.member === member)) hold(member, clock() + GRACE_S);
            }
        };
        const names = ['open', 'open', 'close', 'poll', 'poll', 'ping', 'time', 'time'];
        for (let step = 0; step < STEPS; step += 1) {
            await moves[names[pick(names.length)]](members[pick(members.length)]);
            await takeSilent();
            watcher.forget();
            await watcher.ask({ type: 'ping' });
            let last;
            await until(
                async () => {
                    const { count } = expectStatus(await as(server, 'admin').get('/presence?team=2'), 200);
                    const [least, most] = bounds();
                    last = `step ${step}: ${count} are counted, ${least} to ${most} are here`;
                    return count >= least && count <= most;
                },
                { what: 'the right count', seconds: 5 },
            ).catch((error) => assert.fail(`${error.message}; ${last}`));
        }
        for (const { client } of sockets) client.destroy();
        await watcher.close();
    });

    test('a reload, a change of network and a second device are no flicker', async () => {
        await server.advance(200);
        const watcher = await connect({ server, as: 'sarah' });
        await watcher.join('2');
        const tablet = await connect({ server, as: 'member1' });
        await tablet.join('2');
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 2 });
        watcher.forget();
        let current = tablet;
        for (let i = 0; i < 10; i += 1) {
            if (i % 3 === 0) current.destroy({ reset: true });
            else if (i % 3 === 1) await current.close();
            const next = await connect({ server, as: 'member1' });
            if (i % 3 === 2) current.destroy();
            await server.advance(9);
            await watcher.ask({ type: 'ping' });
            await next.join('2');
            current = next;
        }
        await watcher.ask({ type: 'SEND_CHEER', icon: 'heart' });
        await watcher.next('LIVE_CHEER');
        const seen = watcher.forget().filter(({ json }) => json?.type === 'PRESENCE_UPDATE');
        assert.deepEqual([...new Set(seen.map(({ json }) => json.count))].filter((count) => count !== 2), []);
        await current.close();
        await server.advance(GRACE_S + SLACK_S);
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 1 });
        await watcher.close();
    });

    test('who appears offline is in no count, answer or event, on either transport', async () => {
        await server.advance(200);
        const watcher = await connect({ server, as: 'sarah' });
        await watcher.join('2');
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 1 });
        expectStatus(await as(server, 'member2').patch('/me', { appearOffline: true }), 200);
        const hidden = await connect({ server, as: 'member2' });
        await hidden.join('2');
        expectStatus(await as(server, 'member2').get('/presence'), 200);
        await hidden.ask({ type: 'SEND_CHEER', icon: 'from nobody to be counted' });
        await watcher.next('LIVE_CHEER');
        const count = async () => expectStatus(await as(server, 'dave').get('/presence?team=3'), 200).count;
        assert.ok((await count()) >= 1);
        assert.deepEqual(watcher.forget().filter(({ json }) => json?.type === 'PRESENCE_UPDATE'), []);
        // Shown again while connected, then hidden again: the others see it within moments.
        expectStatus(await as(server, 'member2').patch('/me', { appearOffline: false }), 200);
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 2 });
        expectStatus(await as(server, 'member2').patch('/me', { appearOffline: true }), 200);
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 1 });
        assert.equal(expectStatus(await as(server, 'sarah').get('/presence'), 200).count, 1);
        await hidden.close();
        await watcher.close();
    });

    test('a coach is named by their newest name, without being seen to leave', async () => {
        await server.advance(200);
        const watcher = await connect({ server, as: 'member1' });
        await watcher.join('2');
        const sarah = await connect({ server, as: 'sarah' });
        await sarah.join('2');
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 2, activeCoaches: ['Sarah'] });
        watcher.forget();
        expectStatus(await as(server, 'sarah').patch('/me', { name: 'Sarah Jones' }), 200);
        await watcher.next({ type: 'PRESENCE_UPDATE', activeCoaches: ['Sarah Jones'] });
        const dips = watcher.forget().filter(({ json }) => json?.type === 'PRESENCE_UPDATE' && json.count < 2);
        assert.deepEqual(dips, []);
        await sarah.close();
        await watcher.close();
    });

    test('a process that stands still is gone after 75 and 10 seconds, and comes back', async () => {
        await server.advance(200);
        const watcher = await connect({ server, as: 'sarah' });
        await watcher.join('2');
        const child = fork(fileURLToPath(new URL('presence-child.mjs', import.meta.url)), [
            String(server.port),
            ...(await Promise.all(['member11', 'member12', 'member13'].map((who) => server.token(who)))),
        ]);
        await once(child, 'message');
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 4 });
        child.kill('SIGSTOP');
        for (let i = 0; i < 2; i += 1) {
            await server.advance(37);
            await watcher.ask({ type: 'ping' });
        }
        assert.equal(expectStatus(await as(server, 'sarah').get('/presence'), 200).count, 4, 'after 74 seconds');
        await server.advance(2);
        await watcher.ask({ type: 'ping' });
        await server.advance(GRACE_S + SLACK_S);
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 1 });
        child.kill('SIGCONT');
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 4 });
        child.disconnect();
        await watcher.close();
    });
});
