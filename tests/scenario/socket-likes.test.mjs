/*
 * Like write-behind: what was acknowledged is there, whatever happens to the server, and a thousand likes cost the posts
 * database one transaction.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeCrowd, picker } from './crowd.mjs';
import { allItems, as, demoData, expectStatus, startServer, until } from './harness.mjs';
import { connect } from './socket.mjs';

const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
const OPERATIONS = Number(process.env.LIKE_OPERATIONS ?? 200_000);
const KILLS = 20;
const POSTS = 400; // so many that at a kill most are in no operation under way: what is in doubt shows nothing
const BATCH = 250; // under way at once on one socket

async function figures(server) {
    const { body } = await as(server).get('/metrics');
    const value = (name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(body)[1]);
    return {
        transactions: value('porchlight_sql_transactions_total'),
        buffered: value('porchlight_likes_buffered_total'),
        flushes: value('porchlight_like_flushes_total'),
        flushed: value('porchlight_likes_flushed_total'),
        waiting: value('porchlight_likes_waiting'),
    };
}

/* Rows of a stopped (or running) server's database, by SQL. */
function rows(data, sql) {
    const script = 'import sqlite3, sys, json; c = sqlite3.connect(sys.argv[1]); print(json.dumps(c.execute(sys.argv[2]).fetchall()))';
    return JSON.parse(execFileSync('python3', ['-c', script, join(data, 'porchlight.db'), sql], { maxBuffer: 1 << 28 }));
}

describe('likes while realtime is on', () => {
    test('a thousand of one post within a minute are one transaction on the posts', { timeout: 120_000 }, async () => {
        const crowd = await makeCrowd(1000);
        const server = await startServer({ data: crowd.data, args: [...crowd.args, '--realtime', 'on'] });
        const { id } = expectStatus(await as(server, 'sarah').post('/posts', { body: 'A viral one' }), 201);
        const earlier = (await figures(server)).transactions;
        await server.advance(61); // what is done once a minute, forgetting what is old, is done before it is counted
        await until(async () => (await figures(server)).transactions > earlier, { what: 'the housekeeper' });
        const before = await figures(server);
        const bySocket = crowd.tokens.slice(0, 500).map(async (token) => {
            const client = await connect({ server, token });
            assert.equal((await client.ask({ type: 'POST_LIKE', postId: id })).liked, true);
            client.destroy();
        });
        const byRest = crowd.tokens.slice(500).map((token) => as(server, { token }).put(`/posts/${id}/like`));
        await Promise.all([...bySocket, ...byRest]);
        const liked = await figures(server);
        assert.equal(liked.buffered - before.buffered, 1000);
        assert.equal(liked.waiting, 1000);
        assert.equal(liked.flushes, before.flushes);
        assert.equal(expectStatus(await as(server, 'sarah').get(`/posts/${id}`), 200).count, 1000);
        assert.deepEqual(rows(server.data, `SELECT COUNT(*) FROM likes WHERE post_id = ${id}`), [[0]], 'none is there yet');
        assert.equal(liked.transactions, before.transactions, 'and the posts database was not written to at all');
        await server.advance(61);
        await until(async () => (await figures(server)).waiting === 0, { what: 'the flush' });
        const flushed = await figures(server);
        assert.equal(flushed.flushes - before.flushes, 1, 'one transaction');
        assert.equal(flushed.flushed - before.flushed, 1000);
        assert.deepEqual(rows(server.data, `SELECT likes FROM posts WHERE id = ${id}`), [[1000]]);
        assert.deepEqual(rows(server.data, `SELECT COUNT(*) FROM likes WHERE post_id = ${id}`), [[1000]]);
        assert.equal(expectStatus(await as(server, 'sarah').get(`/posts/${id}`), 200).count, 1000);
        await server.stop();
    });

    test('export and turning the flag off bring the buffer home first', async () => {
        const server = await startServer({ args: ['--realtime', 'on'] });
        const { id } = expectStatus(await as(server, 'sarah').post('/posts', { body: 'Liked in a moment' }), 201);
        expectStatus(await as(server, 'member1').put(`/posts/${id}/like`), 200);
        const liked = new RegExp(`"type":"like".*"postId":"${id}"|"postId":"${id}".*"type":"like"`);
        assert.match(await server.must('export', '-'), liked);
        expectStatus(await as(server, 'member2').put(`/posts/${id}/like`), 200);
        await server.must('flag', 'realtime', 'off');
        await until(() => rows(server.data, `SELECT likes FROM posts WHERE id = ${id}`)[0][0] === 2, { what: 'the flush' });
        assert.equal(expectStatus(await as(server, 'member3').put(`/posts/${id}/like`), 200).count, 3);
        assert.equal(expectStatus(await as(server, 'member3').get(`/posts/${id}`), 200).count, 3);
        await server.stop();
    });

    test(`${OPERATIONS} with duplicates and ${KILLS} SIGKILLs (TEST_SEED=${seed})`, { timeout: 300_000 }, async () => {
        const pick = picker(seed);
        const data = await demoData();
        const members = Array.from({ length: 8 }, (_, i) => `member${i + 1}`);
        let server = await startServer({ data, args: ['--realtime', 'on'] });
        const posts = [];
        for (let i = 0; i < POSTS; i += 1)
            posts.push(expectStatus(await as(server, 'sarah').post('/posts', { body: `Post ${i}` }), 201).id);
        const wanted = new Map(); // "member post": the newest wish
        const settled = new Map(); // "member post": the newest that was acknowledged
        const streams = members.map((member) => ({ member, made: 0, todo: [], done: [] }));
        const perMember = Math.ceil(OPERATIONS / members.length);
        let acknowledged = 0;
        let repeated = 0;
        let looked = 0;

        /* The next operations of a member, in order; now and then one that was acknowledged long ago comes again. */
        const fill = (stream) => {
            while (stream.todo.length < BATCH && stream.made < perMember) {
                if (stream.done.length > 0 && pick(50) === 0) {
                    stream.todo.push({ ...stream.done[pick(stream.done.length)], again: true });
                    continue;
                }
                const postId = posts[pick(posts.length)];
                const type = pick(3) === 0 ? 'POST_UNLIKE' : 'POST_LIKE';
                stream.made += 1;
                stream.todo.push({ type, postId, id: `${stream.member}-${stream.made}` });
                wanted.set(`${stream.member} ${postId}`, type === 'POST_LIKE');
            }
        };
        const acknowledge = (stream, id) => {
            const index = stream.todo.findIndex((it) => it.id === id);
            assert.ok(index >= 0, `${id} was asked for`);
            const [{ again, ...operation }] = stream.todo.splice(index, 1);
            acknowledged += 1;
            if (again) {
                repeated += 1;
                return;
            }
            settled.set(`${stream.member} ${operation.postId}`, operation.type === 'POST_LIKE');
            if (stream.done.length < 500) stream.done.push(operation);
            else stream.done[pick(500)] = operation;
        };
        /* What each post shows each member, and everybody: every pair is as it was acknowledged, unless a later wish is in doubt. */
        const look = async (when) => {
            const likers = new Map(posts.map((postId) => [postId, 0]));
            const counts = new Map();
            for (const { member, todo } of streams) {
                const doubted = new Set(todo.filter((it) => !it.again).map((it) => it.postId));
                for (const { id, liked, count } of await allItems(server, member, '/posts')) {
                    if (!likers.has(id)) continue; // of the demo
                    if (liked) likers.set(id, likers.get(id) + 1);
                    counts.set(id, [...(counts.get(id) ?? []), count]);
                    if (doubted.has(id)) continue;
                    assert.equal(liked, settled.get(`${member} ${id}`) ?? false, `${member} and post ${id} ${when}`);
                    looked += 1;
                }
            }
            for (const [id, likes] of likers)
                assert.deepEqual(counts.get(id), members.map(() => likes), `the count of ${id} ${when}`);
        };
        /* Sends a member's operations until the server dies or all is done. Whatever had no answer is sent again next time. */
        const play = async (stream) => {
            const client = await connect({ server, as: stream.member }).catch(() => null);
            if (!client) return;
            try {
                for (fill(stream); stream.todo.length > 0; fill(stream)) {
                    const sent = stream.todo.map(({ again, ...operation }) => operation);
                    client.together(() => sent.forEach((operation) => client.say(operation)));
                    for (const { id } of sent) {
                        const answer = await client.next('ACK');
                        assert.ok(answer.id, id);
                        acknowledge(stream, answer.id);
                    }
                }
                client.destroy();
            } catch (error) {
                if (error.code === 'ERR_ASSERTION' && client.open) throw error;
            }
        };
        const began = performance.now();
        for (let kills = 0; ; kills += 1) {
            const playing = Promise.all(streams.map(play));
            if (kills < KILLS) {
                const target = Math.floor((OPERATIONS * (kills + 1)) / (KILLS + 1)) - pick(500);
                await until(() => acknowledged >= target, { seconds: 120, what: 'progress' });
                await server.kill();
                await playing;
                server = await startServer({ data, args: ['--realtime', 'on'] });
                await look(`after kill ${kills + 1}`);
                continue;
            }
            await playing;
            break;
        }
        const took = (performance.now() - began) / 1000;
        assert.deepEqual(settled, wanted, 'all are acknowledged');
        await look('while it runs');
        const share = looked / ((KILLS + 1) * POSTS * members.length);
        assert.ok(share > 0.3, `at the kills enough was certain: ${share}`);
        await server.stop();
        const names = new Map(rows(data, 'SELECT id, username FROM users'));
        const there = new Set(
            rows(data, `SELECT user_id, post_id FROM likes WHERE post_id >= ${posts[0]}`).map(([user, post]) => `${names.get(user)} ${post}`),
        );
        const right = new Set([...wanted].filter(([, liked]) => liked).map(([key]) => key));
        assert.deepEqual([...there].sort(), [...right].sort(), 'every acknowledged wish, and no other');
        assert.deepEqual(
            rows(data, 'SELECT id FROM posts WHERE likes != (SELECT COUNT(*) FROM likes WHERE post_id = posts.id)'),
            [],
            'counts equal rows',
        );
        console.log(
            `# ${acknowledged} acknowledged (${repeated} sent again), ${Math.round(acknowledged / took)} a second, ` +
                `${Math.round(share * 100)} % certain at a kill`,
        );
    });
});
