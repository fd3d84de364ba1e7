/*
 * One community's day, played in each mode from the same seed: the same database afterwards, and the same durable events,
 * apart from times.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { picker } from './crowd.mjs';
import { allItems, as, cursorOf, demoData, eventsSince, expectStatus, mustOn, startServer } from './harness.mjs';
import { connect } from './socket.mjs';

const STEPS = 400;
const CHANNEL = '/channels/1';
const CHANNEL_SOCKET = '/channel/1/websocket';
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

/* Everything in the database that has a number of the one sequence, in its order, without times. */
function durableEvents(data) {
    const script = `
import sqlite3, sys, json
c = sqlite3.connect(sys.argv[1])
found = []
for (table,) in c.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
    columns = [row[1] for row in c.execute(f'PRAGMA table_info({table})')]
    kept = [name for name in columns if not name.endswith('_ms')]
    for number in set(columns) & {'seq', 'created_seq', 'changed_seq'}:
        rows = c.execute(f'SELECT {number}, {", ".join(kept)} FROM {table} WHERE {number} > 0')
        found += [(row[0], table, dict(zip(kept, row[1:]))) for row in rows]
print(json.dumps(sorted(found, key=lambda it: (it[0], it[1], json.dumps(it[2])))))`;
    return JSON.parse(execFileSync('python3', ['-c', script, join(data, 'porchlight.db')], { maxBuffer: 1 << 28 }));
}

/* What a member of the team is told of them over a socket: db/tx.h has the kinds. */
const told = [null, 'created', 'edited', 'deleted', 'pinned', 'unpinned', 'notice'];
const toTheTeam = ([, table, row]) => table === 'events' && (row.team_id === 2 || row.team_id === null) && told[row.kind];

/* The same as it came: `json` is a message. */
function heardEvents(json) {
    if (json?.type === 'NEW_POSTS') return json.postIds.map((id) => `created ${id}`);
    if (json?.type === 'POST_CHANGED') return [`${json.change} ${json.postId}`];
    return json?.type === 'LIVE_NOTIFICATION' ? [`notice ${json.noticeId}`] : [];
}

/* The day, over REST alone or with likes, counters, chat, joins and cheers over sockets. Gives what it left behind. */
async function live(realtime) {
    const pick = picker(seed);
    const data = await demoData();
    const server = await startServer({ data, args: ['--realtime', realtime ? 'on' : 'off'] });
    expectStatus(await as(server, 'sarah').post('/rpc/counter.setValue', { name: 'laps', value: 0 }), 200);
    const since = await cursorOf(server, 'admin', 'team=2');
    const posts = [];
    const messages = [];
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
        async chat() {
            const who = people[pick(people.length)];
            const content = `Words in the chat ${messages.length}`;
            const clientId = `chat-${messages.length}`;
            let id;
            if (realtime) {
                const client = await connect({ server, as: who, path: CHANNEL_SOCKET });
                client.message(JSON.stringify({ type: 'message', content, clientId }));
                id = (await client.next({ type: 'ack', clientId })).messageId;
                await client.close();
            } else ({ id } = expectStatus(await as(server, who).post(`${CHANNEL}/messages`, { content, clientId }), 201));
            messages.push({ id, who, alive: true });
        },
        async rethink() {
            const message = messages[pick(messages.length)];
            if (!message?.alive) return;
            const path = `${CHANNEL}/messages/${message.id}`;
            message.alive = pick(3) > 0;
            if (message.alive) expectStatus(await as(server, message.who).patch(path, { content: `Better ${pick(1000)}` }), 200);
            else expectStatus(await as(server, message.who).delete(path), 204);
        },
        async read() {
            const who = people[pick(people.length)];
            const message = messages[pick(messages.length)];
            if (!message) return;
            if (realtime) {
                const client = await connect({ server, as: who, path: CHANNEL_SOCKET });
                assert.equal((await client.ask({ type: 'read', messageId: message.id })).type, 'ACK');
                await client.close();
            } else expectStatus(await as(server, who).put(`${CHANNEL}/read`, { messageId: message.id }), 200);
        },
        /* A digest that a program elsewhere makes, in its steps. */
        async digest() {
            const member = as(server, people[pick(people.length)]);
            const { id } = expectStatus(await member.post('/digests', { worker: 'outside', topics: ['walking'] }), 201);
            const article = { id: `article-${pick(1000)}`, title: 'Walks for the week', topics: ['walking'], score: pick(100) };
            expectStatus(await member.put(`/digests/${id}/progress`, { progress: 50, currentStep: 'Reading' }), 200);
            expectStatus(await member.post(`/digests/${id}/articles`, article), 201);
            expectStatus(await member.post(`/digests/${id}/complete`, pick(4) ? {} : { error: 'No news' }), 200);
        },
        async feedback() {
            const feedback = pick(2) ? 'helpful' : 'not_helpful';
            const body = { articleId: `${1 + pick(50)}`, feedback, topics: [['walking', 'food', 'sleep'][pick(3)]] };
            expectStatus(await as(server, people[pick(people.length)]).post('/me/feedback', body), 200);
        },
        async time() {
            const seconds = 5 + pick(40);
            await server.advance(seconds);
            for (const client of clients.values()) await client.ask({ type: 'ping' });
        },
    };
    const often = { post: 2, like: 4, chat: 2 };
    const names = Object.keys(moves).flatMap((name) => Array(often[name] ?? 1).fill(name));
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
        for (const { json } of last) heard.push(...heardEvents(json));
    }
    for (const client of clients.values()) client.destroy();
    await server.stop();
    const exported = withoutTimes(await mustOn(data, ['export', '-']));
    return { exported, durable: durableEvents(data), since: Number(since.split('-')[1]), events, feed, heard };
}

test(`a day is the same in both modes (TEST_SEED=${seed})`, { timeout: 120_000 }, async () => {
    const [polled, lived] = [await live(false), await live(true)];
    assert.ok(polled.exported.length > 500);
    assert.deepEqual(lived.exported, polled.exported, 'the database');
    for (const table of ['events', 'counter_changes', 'messages'])
        assert.ok(polled.durable.some((it) => it[1] === table), `something happened in ${table}`);
    assert.deepEqual(lived.durable, polled.durable, 'the list of durable events');
    assert.deepEqual(lived.feed, polled.feed, 'the feed');
    const plain = ({ created, changed, deleted, notices, counters }) => ({
        counters: counters.map(({ name, value, operationCount }) => ({ name, value, operationCount })),
        created: created.map(({ id, body, count, pinned }) => ({ id, body, count, pinned })),
        changed: changed.map(({ id, body, count, pinned }) => ({ id, body, count, pinned })),
        deleted,
        notices: notices.map(({ id, title, body, kind }) => ({ id, title, body, kind })),
    });
    assert.deepEqual(plain(lived.events), plain(polled.events), 'what /changes tells');
    const happened = polled.durable.filter(([seq]) => seq > polled.since).filter(toTheTeam);
    assert.deepEqual(
        lived.heard,
        happened.map(([, , { kind, subject_id: id }]) => `${told[kind]} ${id}`),
        'a socket hears each of them once, in the order in which they happened',
    );
});
