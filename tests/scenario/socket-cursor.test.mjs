/*
 * Two hundred clients change transport at random while the server is killed twenty times: what each of them was told of
 * durable events is what the database has; nothing is lost, and nothing comes twice to who drops by cursor.
 *
 * Over a socket every event is told by itself, so its list is compared exactly. A poll tells what became of each post, so
 * for the span between two polls' cursors the posts and notices it names are compared with those of the span's events.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCrowd, picker } from './crowd.mjs';
import { request, startServer, until } from './harness.mjs';
import { connect } from './socket.mjs';

const CLIENTS = 200;
const KILLS = 20;
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);

const KINDS = { 1: 'created', 2: 'edited', 3: 'deleted', 4: 'pinned', 5: 'unpinned', 6: 'notice' };
const TOLD = ['NEW_POSTS', 'POST_CHANGED', 'LIVE_NOTIFICATION'];

const seqOf = (cursor) => Number(cursor.split('-')[1]);

/* The events of the team as the database has them: seq -> "kind subject". */
function eventsOf(data) {
    const script = [
        'import sqlite3, sys, json',
        'c = sqlite3.connect(sys.argv[1])',
        'print(json.dumps(c.execute("SELECT seq, kind, subject_id FROM events WHERE team_id = 2 OR team_id IS NULL").fetchall()))',
    ].join('\n');
    const rows = JSON.parse(execFileSync('python3', ['-c', script, join(data, 'porchlight.db')], { maxBuffer: 1 << 26 }));
    return new Map(rows.map(([seq, kind, subject]) => [seq, `${KINDS[kind]} ${subject}`]));
}

function nameOf(message) {
    if (message.type === 'NEW_POSTS') return `created ${message.postIds.join()}`;
    if (message.type === 'POST_CHANGED') return `${message.change} ${message.postId}`;
    return `notice ${message.noticeId}`;
}

test(`${CLIENTS} clients and ${KILLS} SIGKILLs (TEST_SEED=${seed})`, { timeout: 240_000 }, async () => {
    const pick = picker(seed);
    const crowd = await makeCrowd(CLIENTS / 2);
    const start = () => startServer({ data: crowd.data, args: [...crowd.args, '--realtime', 'on'] });
    let server = await start();
    // Issued once: a command that was under way when the server is killed would fail.
    const tokens = {};
    for (const name of ['sarah', 'member1', 'admin']) tokens[name] = { token: await server.token(name) };
    let back = Promise.resolve(); // until the next server is there
    let over = false;
    const counts = { sockets: 0, polls: 0, told: 0, dropped: 0, writes: 0 };

    /* A request to whichever server there is; undefined when it died under it. */
    const attempt = async (options) => {
        await back;
        return request(server, options).catch((error) => {
            if (error.code === 'ERR_ASSERTION') throw error;
            return undefined;
        });
    };

    /* ---- what happens ---- */

    const posts = [];
    async function write(key) {
        const { sarah, member1, admin } = tokens;
        const post = posts[pick(Math.max(1, posts.length))];
        const move = post ? pick(6) : 0;
        const send = {
            0: { method: 'POST', path: '/posts', as: sarah, body: { body: `Post ${key}` } },
            1: { method: 'PATCH', path: `/posts/${post?.id}`, as: sarah, body: { body: `Post ${key} again` } },
            2: { method: pick(2) ? 'PUT' : 'DELETE', path: `/posts/${post?.id}/pin`, as: sarah },
            3: { method: 'POST', path: '/notices', as: pick(3) ? sarah : admin, body: { title: key, body: 'Hear!' } },
            4: { method: 'DELETE', path: `/posts/${post?.id}`, as: sarah },
            5: { method: 'POST', path: '/posts', as: member1, body: { body: `Post ${key}` } },
        }[move === 4 && pick(3) ? 0 : move];
        const headers = send.method === 'POST' ? { 'idempotency-key': key } : {};
        const reply = await attempt({ ...send, headers });
        if (!reply) return;
        assert.ok(reply.status < 500 || reply.status === 503, `${send.method} ${send.path}: ${reply.status}`);
        if (send.path === '/posts' && reply.status === 201 && send.as === sarah) posts.push(reply.json);
        counts.writes += 1;
    }
    async function writer(name) {
        for (let n = 0; !over; n += 1) await write(`${name}-${n}`);
    }

    /* ---- who listens ---- */

    const clients = Array.from({ length: CLIENTS }, (_, i) => ({
        token: crowd.tokens[i % crowd.tokens.length],
        cursor: null,
        heard: [], // [seq, name] over sockets, after dropping by cursor
        spans: [], // [from, to, posts, notices] over polls
    }));

    async function poll(client) {
        const since = client.cursor ? `?since=${client.cursor}` : '';
        const reply = await attempt({ method: 'GET', path: `/changes${since}`, as: { token: client.token } });
        if (!reply) return true;
        assert.equal(reply.status, 200, reply.body);
        const { cursor, reset, more, posts: found, notices } = reply.json;
        if (client.cursor) {
            assert.equal(reset, false, 'its history is known');
            const ids = [...found.created, ...found.changed].map(({ id }) => id).concat(found.deleted);
            client.spans.push([seqOf(client.cursor), seqOf(cursor), new Set(ids), new Set(notices.map(({ id }) => id))]);
        }
        client.cursor = cursor;
        counts.polls += 1;
        return more === true;
    }

    function hear(client, message) {
        assert.notEqual(message.type, 'RESET', 'its history is known');
        if (!TOLD.includes(message.type)) return;
        counts.told += 1;
        const seq = seqOf(message.cursor);
        if (seq <= seqOf(client.cursor)) {
            counts.dropped += 1;
            return;
        }
        client.heard.push([seq, nameOf(message)]);
        client.cursor = message.cursor;
    }

    async function listen(client, enough) {
        await back;
        const socket = await connect({ server, token: client.token, deflate: pick(2) === 0 }).catch(() => null);
        if (!socket) return;
        counts.sockets += 1;
        try {
            const { cursor } = await socket.join('2', client.cursor ? { since: client.cursor } : {});
            client.cursor ??= cursor;
            while (socket.open && !enough()) {
                const message = await socket.next((it) => enough() || it.type !== undefined);
                hear(client, message);
            }
            if (pick(2)) socket.destroy();
            else await socket.close();
        } catch (error) {
            if (socket.open && error.code === 'ERR_ASSERTION') throw error; // otherwise the server died, or it was cut
        }
        for (const { json } of socket.forget()) if (json) hear(client, json);
        socket.destroy();
    }

    async function live(client) {
        while (!over) {
            const left = 1 + pick(30);
            const heard = client.heard.length;
            if (pick(3) === 0) await poll(client);
            else await listen(client, () => over || client.heard.length >= heard + left);
        }
        // When nothing more is written all catch up, half of them each way.
        await written;
        if (pick(2)) while (await poll(client));
        else await listen(client, () => seqOf(client.cursor) >= newest);
        while (await poll(client));
    }

    let newest = 0;
    let writtenAll;
    const written = new Promise((resolve) => {
        writtenAll = resolve;
    });
    const living = clients.map(live);
    const writing = ['a', 'b', 'c'].map(writer);
    const failed = Promise.race([...living, ...writing].map((each) => each.then(() => null, (error) => error)));
    try {
        for (let kill = 0; kill < KILLS; kill += 1) {
            const target = counts.writes + 25 + pick(25);
            const stop = await Promise.race([failed, until(() => counts.writes >= target, { seconds: 60, what: 'work' })]);
            if (stop instanceof Error) throw stop;
            let ready;
            back = new Promise((resolve) => {
                ready = resolve;
            });
            await server.kill();
            server = await start();
            ready();
        }
    } finally {
        over = true; // also when it failed: nobody goes on for ever
    }
    await Promise.all(writing);
    const events = eventsOf(crowd.data);
    newest = Math.max(...events.keys());
    writtenAll();
    await Promise.all(living);

    const inSpan = (from, to) => [...events].filter(([seq]) => seq > from && seq <= to).map(([, name]) => name.split(' '));
    for (const [i, client] of clients.entries()) {
        const first = Math.min(client.heard[0]?.[0] - 1 || Infinity, client.spans[0]?.[0] ?? Infinity);
        const covered = new Set();
        for (const [seq, name] of client.heard) {
            assert.ok(!covered.has(seq), `client ${i} heard ${seq} twice`);
            assert.equal(name, events.get(seq), `client ${i}, event ${seq}`);
            covered.add(seq);
        }
        for (const [from, to, ids, notices] of client.spans) {
            const happened = inSpan(from, to);
            const wanted = (isNotice) => [...new Set(happened.filter(([kind]) => (kind === 'notice') === isNotice).map(([, id]) => id))].sort();
            assert.deepEqual([...ids].sort(), wanted(false), `client ${i}, posts from ${from} to ${to}`);
            assert.deepEqual([...notices].sort(), wanted(true), `client ${i}, notices from ${from} to ${to}`);
            for (const seq of events.keys()) if (seq > from && seq <= to) covered.add(seq);
        }
        const missing = [...events.keys()].filter((seq) => seq > first && !covered.has(seq));
        assert.deepEqual(missing, [], `client ${i} was never told of these`);
        assert.ok(seqOf(client.cursor) >= newest, `client ${i} is where the database is`);
    }
    await server.stop();
    console.log(`# ${events.size} events, ${JSON.stringify(counts)}`);
});
