/*
 * What is left undone when there is too much to do, stage by stage, and that it comes back. The server is told how many jobs wait
 * (`porchlight load`), and looks at its movable clock.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, assertMatch, expectStatus, request, startServer, until } from './harness.mjs';
import { connect, refusal } from './socket.mjs';

const QUEUES = [0, 512, 1024, 2048, 3072]; // that ask for a stage
const CALM_S = 5;

for (const mode of ['off', 'on'])
    describe(`under more and more load, with realtime ${mode}`, () => {
        let server;
        before(async () => {
            server = await startServer({ args: ['--realtime', mode, '--threads', '1'] });
        });
        after(() => server?.stop());

        const figure = async (name) => {
            const text = expectStatusText(await as(server, 'admin').get('/metrics'));
            return Number(text.split('\n').find((line) => line.startsWith(`${name} `)).split(' ')[1]);
        };
        const expectStatusText = (reply) => {
            assert.equal(reply.status, 200);
            return reply.body;
        };
        const stage = () => figure('porchlight_load_stage');
        /* Time passes, and with it the server looks. */
        const reach = async (wanted) => {
            await server.must('load', String(QUEUES[wanted]));
            const arrive = async () => {
                await server.advance(1);
                return (await stage()) === wanted;
            };
            await until(arrive, { seconds: 20, what: `stage ${wanted}` });
        };
        const interval = async (path) => Number((await as(server, 'member1').get(path)).headers['x-poll-interval']);
        const post = (body) => as(server, 'member1').post('/posts', { body });

        test('polls are asked for less often first, and everything else goes on', async () => {
            const calm = await interval('/presence');
            assert.equal(await stage(), 0);
            await reach(1);
            for (const path of ['/presence', '/changes']) {
                const stretched = await interval(path);
                const base = path === '/presence' ? 60 : 30;
                assert.ok(stretched >= 4 * base && stretched <= 5 * base, `${stretched} s after ${calm} s`);
            }
            expectStatus(await post('In the first stage'), 201);
            assert.equal(await figure('porchlight_load_stages_entered_total{stage="advice"}'), 1);
        });

        test('then cheers and typing thin out, and who sends them does not notice', { skip: mode === 'off' }, async () => {
            const [ruth, mary] = [await connect({ server, as: 'member1' }), await connect({ server, as: 'member2' })];
            const { id: team } = expectStatus(await as(server, 'member1').get('/me'), 200).team;
            const [{ id: channel }] = expectStatus(await as(server, 'member1').get('/channels'), 200).items;
            const chat = (who) => connect({ server, as: who, path: `/channel/${channel}/websocket` });
            const [types, sees] = [await chat('member1'), await chat('member2')];
            for (const client of [ruth, mary]) await client.join(team);
            for (const client of [types, sees]) await client.next('initial_state');
            /* How many of eight cheers, and of eight times that somebody begins to type, reach another member. */
            const heard = async () => {
                for (let i = 0; i < 8; i += 1) {
                    assert.equal((await ruth.ask({ type: 'SEND_CHEER', icon: 'sun' })).type, 'ACK');
                    for (const isTyping of [true, false]) await types.ask({ type: 'typing', isTyping });
                }
                // Behind everything that was said before: a cheer and a message of the last one that was heard of.
                const { id } = expectStatus(await as(server, 'member1').post(`/channels/${channel}/messages`, { content: 'over' }), 201);
                await sees.next({ type: 'message', message: { id } });
                await mary.ask({ type: 'ping' });
                const told = (client, wanted) => client.forget().filter(({ json }) => json && wanted(json)).length;
                return [
                    told(mary, ({ type }) => type === 'LIVE_CHEER'),
                    told(sees, ({ type, isTyping }) => type === 'typing' && isTyping),
                ];
            };
            assert.deepEqual(await heard(), [8, 8]);
            await reach(2);
            const [cheers, typing] = await heard();
            assert.equal(cheers + typing, 4, `${cheers} cheers and ${typing} times typing: one in four of both together`);
            for (const client of [ruth, mary, types, sees]) await client.close();
        });

        test('then new sockets wait, and those that are open stay', { skip: mode === 'off' }, async () => {
            const open = await connect({ server, as: 'member1' });
            await reach(3);
            const reply = await refusal(503, { server, as: 'member2' });
            assert.ok(Number(reply.headers['retry-after']) >= 5);
            assert.equal((await open.ask({ type: 'ping' })).type, 'ACK');
            await open.close();
            expectStatus(await post('In the third stage'), 201);
        });

        test('then requests wait, but for what would be missed most', async () => {
            const { id } = expectStatus(await post('To be liked'), 201);
            await reach(4);
            for (const [method, path, body] of [
                ['POST', '/posts', { body: 'Not now' }],
                ['GET', '/posts'],
                ['GET', '/channels'],
                ['POST', '/rpc/counter.list', {}],
                ['POST', '/cheers', { icon: 'sun' }],
                ['GET', '/me/weights'],
            ]) {
                const reply = await request(server, { method, path, body, as: 'member1' });
                assertMatch(expectStatus(reply, 503), { type: '/docs#busy' });
                const wait = Number(reply.headers['retry-after']);
                assert.ok(wait >= 5 && wait < 10, `${wait} s`);
            }
            const member = as(server, 'member1');
            expectStatus(await member.put(`/posts/${id}/like`), 200);
            expectStatus(await member.delete(`/posts/${id}/like`), 200);
            expectStatus(await as(server).post('/auth/login', { name: 'member4', password: 'porchlight' }), 200);
            for (const path of ['/presence', '/changes']) expectStatus(await member.get(path), 200);
            for (const path of ['/healthz', '/capabilities']) expectStatus(await as(server).get(path), 200);
            expectStatus(await as(server, 'admin').get('/admin/flags'), 200);
        });

        test('and all of it comes back, one stage after the other', async () => {
            await server.must('load', '0');
            let calms = 0; // each ends one stage at most, and perhaps it is seen late
            const calm = async () => {
                await server.advance(CALM_S);
                calms += 1;
                const now = await stage();
                assert.ok(now >= 4 - calms, `${now} after ${calms}`);
                return now === 0;
            };
            await until(calm, { seconds: 20, what: 'calm' });
            expectStatus(await post('As before'), 201);
            assert.ok((await interval('/presence')) <= 75);
        });
    });
