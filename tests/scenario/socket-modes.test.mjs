/*
 * One community's day, played in each mode from the same seed: the same database afterwards, and the same durable events,
 * apart from times.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { picker } from './crowd.mjs';
import { allItems, as, cursorOf, demoData, eventsSince, expectStatus, mustOn, startServer } from './harness.mjs';
import { connect } from './socket.mjs';

const STEPS = 400;
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
const people = ['sarah', ...Array.from({ length: 10 }, (_, i) => `member${i + 1}`)];

/* The export without what a clock or a lock of dice put there. */
function withoutTimes(text) {
    return text
        .split('\n')
        .filter(Boolean)
        .map((line) => {
            const record = JSON.parse(line);
            for (const name of Object.keys(record)) if (/At$/.test(name)) record[name] = record[name] && 'a time';
            delete record.password;
            return JSON.stringify(record);
        })
        .sort();
}

/* The day, over REST alone or with likes, joins and cheers over sockets. Gives what it left behind. */
async function live(realtime) {
    const pick = picker(seed);
    const data = await demoData();
    const server = await startServer({ data, args: ['--realtime', realtime ? 'on' : 'off'] });
    expectStatus(await as(server, 'sarah').post('/rpc/counter.setValue', { name: 'laps', value: 0 }), 200);
    const since = await cursorOf(server, 'admin', 'team=2');
    const posts = [];
    const clients = new Map();
    if (realtime)
        for (const who of people) {
            const client = await connect({ server, as: who });
            await client.join('2');
            clients.set(who, client);
        }
    const heard = [];
    const moves = {
        async post() {
            const who = people[pick(people.length)];
            const { id } = expectStatus(await as(server, who).post('/posts', { body: `Words ${posts.length}` }), 201);
            posts.push({ id, who, alive: true });
        },
        async edit() {
            const post = posts[pick(posts.length)];
            const body = `Other words ${pick(1000)}`;
            if (post?.alive) expectStatus(await as(server, post.who).patch(`/posts/${post.id}`, { body }), 200);
        },
        async remove() {
            const post = posts[pick(posts.length)];
            if (!post?.alive || pick(3)) return;
            expectStatus(await as(server, post.who).delete(`/posts/${post.id}`), 204);
            post.alive = false;
        },
        async pin() {
            const post = posts[pick(posts.length)];
            const pinned = pick(2) === 0;
            if (!post?.alive) return;
            const { status } = await as(server, 'sarah')[pinned ? 'put' : 'delete'](`/posts/${post.id}/pin`);
            assert.ok(status === 200 || status === 204 || status === 409, `${status}`);
        },
        async notice() {
            const body = { title: `Notice ${pick(1000)}`, body: 'Come along.' };
            expectStatus(await as(server, pick(2) ? 'sarah' : 'admin').post('/notices', body), 201);
        },
        async like() {
            const who = people[pick(people.length)];
            const post = posts[pick(posts.length)];
            const liked = pick(3) > 0;
            if (!post?.alive) return;
            const client = clients.get(who);
            if (client) {
                const answer = await client.ask({ type: liked ? 'POST_LIKE' : 'POST_UNLIKE', postId: post.id });
                assert.equal(answer.type, 'ACK');
            } else {
                const send = liked ? 'put' : 'delete';
                expectStatus(await as(server, who)[send](`/posts/${post.id}/like`), 200);
            }
        },
        async cheer() {
            const client = clients.get(people[pick(people.length)]);
            if (client) await client.ask({ type: 'SEND_CHEER', icon: 'heart' });
        },
        async count() {
            const who = people[pick(people.length)];
            const name = ['steps', 'laps'][pick(2)];
            const [type, body] = [['increment', { amount: 1 + pick(9000) }], ['decrement', { amount: 1 + pick(100) }], ['increment', {}]][pick(3)];
            if (realtime) {
                const client = await connect({ server, as: who, path: `/ws/counter/${name}` });
                assert.equal((await client.ask({ type, ...body })).type, `${type}Result`);
                await client.close();
            } else expectStatus(await as(server, who).post(`/rpc/counter.${type}`, { name, ...body }), 200);
        },
        async time() {
            const seconds = 5 + pick(40);
            await server.advance(seconds);
            for (const client of clients.values()) await client.ask({ type: 'ping' });
        },
    };
    const names = ['post', 'post', 'edit', 'remove', 'pin', 'notice', 'like', 'like', 'like', 'like', 'count', 'cheer', 'time'];
    await moves.post();
    for (let step = 0; step < STEPS; step += 1) {
        const name = names[pick(names.length)];
        await moves[name]();
    }
    const events = await eventsSince(server, 'admin', since, 'team=2');
    const feed = (await allItems(server, 'member1', '/posts')).map(({ id, count, liked, body }) => ({ id, count, liked, body }));
    if (realtime) {
        const client = clients.get('member1');
        const last = (await client.ask({ type: 'ping' })) && client.forget();
        for (const { json } of last)
            if (['NEW_POSTS', 'POST_CHANGED', 'LIVE_NOTIFICATION'].includes(json?.type))
                heard.push(`${json.type} ${json.postIds ?? json.postId ?? json.noticeId} ${json.change ?? ''}`);
    }
    for (const client of clients.values()) client.destroy();
    await server.stop();
    return { exported: withoutTimes(await mustOn(data, ['export', '-'])), events, feed, heard };
}

test(`a day is the same in both modes (TEST_SEED=${seed})`, { timeout: 120_000 }, async () => {
    const [polled, lived] = [await live(false), await live(true)];
    assert.ok(polled.exported.length > 500);
    assert.deepEqual(lived.exported, polled.exported, 'the database');
    assert.deepEqual(lived.feed, polled.feed, 'the feed');
    const plain = ({ created, changed, deleted, notices, counters }) => ({
        counters: counters.map(({ name, value, operationCount }) => ({ name, value, operationCount })),
        created: created.map(({ id, body, count, pinned }) => ({ id, body, count, pinned })),
        changed: changed.map(({ id, body, count, pinned }) => ({ id, body, count, pinned })),
        deleted,
        notices: notices.map(({ id, title, body, kind }) => ({ id, title, body, kind })),
    });
    assert.deepEqual(plain(lived.events), plain(polled.events), 'what /changes tells');
    const created = lived.heard.filter((it) => it.startsWith('NEW_POSTS')).map((it) => it.split(' ')[1]);
    const known = new Set([...lived.events.created.map(({ id }) => id), ...lived.events.deleted]);
    assert.deepEqual(created.filter((id) => !known.has(id)), []);
    assert.equal(new Set(created).size, created.length, 'each once');
    assert.ok(lived.events.created.every(({ id }) => created.includes(id)), 'and none missing');
    assert.ok(lived.heard.filter((it) => it.startsWith('LIVE_NOTIFICATION')).length === lived.events.notices.length);
});
