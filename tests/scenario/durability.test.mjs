/*
 * Nothing that was acknowledged is lost, nothing that is retried happens twice: the server is killed 50 times.
 *
 * Several members post (each time with an Idempotency-Key) and like and unlike without pause; after a random number of
 * acknowledged writes the server gets SIGKILL, while others are under way. After each start the truth is read in three
 * ways (export, the feed's events since a cursor from before, single posts) and compared with what was acknowledged; what was
 * not is retried with the same key. PORCHLIGHT_SEED repeats a run's decisions (the moments are the machine's own).
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cursorOf, demoData, eventsSince, expectStatus, mustOn, request, startServer, temporaryFolder } from './harness.mjs';

const ROUNDS = 50;
const CLIENTS = 8;
const LIKED_POSTS = 12;
const ACKNOWLEDGED_MAX = 300; // per round

const seed = Number(process.env.PORCHLIGHT_SEED ?? randomInt(2 ** 31));

/* mulberry32: small, good enough, and the same everywhere. */
function generator(state) {
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

/*
 * What the clients know.
 *   posts     key -> {client, body, id}      acknowledged
 *   open      key -> {client, body}          sent, no answer
 *   likes     "client post" -> liked         acknowledged
 *   openLikes "client post" -> liked         sent, no answer: either is right
 */
const known = { posts: new Map(), open: new Map(), likes: new Map(), openLikes: new Map() };

/* A request to a server that may die under it: undefined when it did. */
async function attempt(server, options) {
    try {
        return await request(server, options);
    } catch (error) {
        if (error.code === 'ERR_ASSERTION') throw error;
        return undefined;
    }
}

const posting = (client, key, body) => ({ method: 'POST', path: '/posts', as: client, body: { body }, headers: { 'Idempotency-Key': key } });
const liking = (client, post, liked) => ({ method: liked ? 'PUT' : 'DELETE', path: `/posts/${post}/like`, as: client });

async function postOnce(server, client, key, body) {
    known.open.set(key, { client, body });
    const reply = await attempt(server, posting(client, key, body));
    if (!reply) return false;
    const id = expectStatus(reply, 201).id;
    known.posts.set(key, { client, body, id });
    known.open.delete(key);
    return true;
}

async function likeOnce(server, client, post, liked) {
    const pair = `${client.id} ${post}`;
    known.openLikes.set(pair, liked);
    const reply = await attempt(server, liking(client, post, liked));
    if (!reply) return false;
    assert.equal(expectStatus(reply, 200).liked, liked);
    known.likes.set(pair, liked);
    known.openLikes.delete(pair);
    return true;
}

/* Writes until the server is gone. */
async function keepWriting(server, client, { random, posts, round, acknowledged }) {
    for (let n = 0; ; n++) {
        const post = posts[Math.floor(random() * posts.length)];
        const done = random() < 0.4
            ? await postOnce(server, client, `${round}-${client.name}-${n}-${Math.floor(random() * 1e9)}`, `Round ${round}, ${client.name}, number ${n}`)
            : await likeOnce(server, client, post, !known.likes.get(`${client.id} ${post}`));
        if (!done) return;
        acknowledged();
    }
}

/* One round: everybody writes, the server dies after so many answers and a few turns of the event loop. */
async function writeUntilKilled(server, clients, options) {
    let left = 1 + Math.floor(options.random() * ACKNOWLEDGED_MAX);
    let turns = Math.floor(options.random() * 12);
    let killed;
    const acknowledged = () => {
        if (--left !== 0) return;
        const soon = () => {
            if (turns-- > 0) setImmediate(soon);
            else killed = server.kill();
        };
        soon();
    };
    await Promise.all(clients.map((client) => keepWriting(server, client, { ...options, acknowledged })));
    assert.ok(killed, 'the clients stopped before the server was killed');
    assert.equal((await killed).signal, 'SIGKILL');
}

/* ---- what is really there --------------------------------------------------------------------------------------------- */

const folder = temporaryFolder('export');

async function exported(data) {
    const file = join(folder, 'community.jsonl');
    await mustOn(data, ['export', file]);
    const posts = new Map();
    const bodies = new Map();
    const likes = new Set();
    for (const line of readFileSync(file, 'utf8').split('\n')) {
        if (line === '') continue;
        const record = JSON.parse(line);
        if (record.type === 'post') {
            posts.set(record.id, record);
            bodies.set(record.body, (bodies.get(record.body) ?? 0) + 1);
        }
        if (record.type === 'like') likes.add(`${record.userId} ${record.postId}`);
    }
    return { posts, bodies, likes };
}

function checkPosts(found, round) {
    for (const { body, id, client } of known.posts.values()) {
        assert.equal(found.posts.get(id)?.body, body, `round ${round}: an acknowledged post is lost`);
        assert.equal(found.posts.get(id).authorId, client.id);
        assert.equal(found.bodies.get(body), 1, `round ${round}: "${body}" is there ${found.bodies.get(body)} times`);
    }
    for (const { body } of known.open.values())
        assert.ok((found.bodies.get(body) ?? 0) <= 1, `round ${round}: an open post is there more than once`);
}

function checkLikes(found, clients, posts, round) {
    for (const client of clients)
        for (const post of posts) {
            const pair = `${client.id} ${post}`;
            if (known.openLikes.has(pair)) continue;
            assert.equal(found.likes.has(pair), known.likes.get(pair) ?? false, `round ${round}: the like of ${client.name} for ${post} is not what was acknowledged`);
        }
}

async function checkCounts(server, found, clients, posts, round) {
    for (const post of posts) {
        const rows = [...found.likes].filter((pair) => pair.endsWith(` ${post}`)).length;
        const seen = expectStatus(await request(server, { path: `/posts/${post}`, as: clients[0] }), 200);
        assert.equal(seen.count, rows, `round ${round}: the count of post ${post} is not the number of its likes`);
        assert.equal(seen.liked, found.likes.has(`${clients[0].id} ${post}`));
    }
}

/* Every post that was acknowledged since the cursor is told to who asks what is new. */
async function checkEvents(server, client, cursor, before, round) {
    const told = new Set((await eventsSince(server, client, cursor)).created.map((post) => post.id));
    for (const [key, { id }] of known.posts)
        if (!before.has(key)) assert.ok(told.has(id), `round ${round}: post ${id} is stored, but /changes does not tell of it`);
}

/* What had no answer is sent again, twice: the first may be the first time, the second never is. */
async function retry(server) {
    for (const [key, { client, body }] of [...known.open]) {
        assert.ok(await postOnce(server, client, key, body));
        const again = await request(server, posting(client, key, body));
        assert.equal(again.headers['idempotency-replayed'], 'true');
        assert.equal(expectStatus(again, 201).id, known.posts.get(key).id, 'a key made two posts');
    }
    for (const [pair, liked] of [...known.openLikes]) {
        const [id, post] = pair.split(' ');
        assert.ok(await likeOnce(server, server.clients.find((client) => client.id === id), post, liked));
    }
}

/* An acknowledged one, retried by a client that lost the answer, is answered from memory that survived the kill. */
async function replayOne(server, before, random) {
    const keys = [...known.posts.keys()].filter((key) => !before.has(key));
    if (keys.length === 0) return;
    const key = keys[Math.floor(random() * keys.length)];
    const { client, body, id } = known.posts.get(key);
    const again = await request(server, posting(client, key, body));
    assert.equal(again.headers['idempotency-replayed'], 'true');
    assert.equal(expectStatus(again, 201).id, id);
}

test(`${ROUNDS} kills: what was acknowledged is there, once`, { timeout: 600_000 }, async (t) => {
    t.diagnostic(`PORCHLIGHT_SEED=${seed}`);
    const random = generator(seed);
    const data = await demoData();
    let server = await startServer({ data });
    const clients = await Promise.all(Array.from({ length: CLIENTS }, async (_, i) => {
        const name = `member${i + 1}`;
        const token = await server.token(name);
        const { id } = expectStatus(await request(server, { path: '/me', as: { token } }), 200);
        return { name, token, id };
    }));
    const posts = [];
    for (let i = 0; i < LIKED_POSTS; i++)
        posts.push(expectStatus(await request(server, { method: 'POST', path: '/posts', as: clients[0], body: { body: `Like me ${i}` } }), 201).id);

    for (let round = 1; round <= ROUNDS; round++) {
        server.clients = clients;
        const before = new Set(known.posts.keys());
        const cursor = await cursorOf(server, clients[0]);
        await writeUntilKilled(server, clients, { random, posts, round });

        server = await startServer({ data });
        server.clients = clients;
        const found = await exported(data);
        checkPosts(found, round);
        checkLikes(found, clients, posts, round);
        await checkCounts(server, found, clients, posts, round);
        await checkEvents(server, clients[0], cursor, before, round);
        await replayOne(server, before, random);
        await retry(server);
    }

    const found = await exported(data);
    assert.equal(known.open.size + known.openLikes.size, 0);
    checkPosts(found, 'last');
    checkLikes(found, clients, posts, 'last');
    await checkCounts(server, found, clients, posts, 'last');
    const ours = [...found.posts.values()].filter((post) => post.body.startsWith('Round ')).length;
    assert.equal(ours, known.posts.size, 'a post is there that nobody sent');
    assert.ok(known.posts.size > ROUNDS, 'the clients hardly wrote: the test shows nothing');
    await server.stop();
    t.diagnostic(`${known.posts.size} posts, ${found.likes.size} likes survived ${ROUNDS} kills`);
});
