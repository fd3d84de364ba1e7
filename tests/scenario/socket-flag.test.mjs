/*
 * The flag is turned a hundred times under load: same process, no error at any request or handshake, no like lost, and
 * who polls is never left behind: neither with posts nor with the counts of likes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCrowd, picker } from './crowd.mjs';
import { as, expectStatus, request, startServer, until } from './harness.mjs';
import { connect } from './socket.mjs';

const FLIPS = 100;
const POLLERS = 4;
const LIKERS = 20;
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);

test(`${FLIPS} flips under load (TEST_SEED=${seed})`, { timeout: 180_000 }, async () => {
    const crowd = await makeCrowd(POLLERS + LIKERS);
    const server = await startServer({ data: crowd.data, args: crowd.args });
    const pid = server.pid;
    const pick = picker(seed);
    const posts = [];
    for (let i = 0; i < 12; i += 1)
        posts.push(expectStatus(await as(server, 'sarah').post('/posts', { body: `Post ${i}` }), 201).id);
    let over = false;
    const wishes = new Map(); // "token post": acknowledged last
    const counted = { polls: 0, socketLikes: 0, restLikes: 0, sockets: 0, refused: 0, closed: new Map(), posts: 0 };
    let newest = 0; // number of the newest event that was acknowledged
    const risen = []; // posts that everybody likes once and nobody unlikes: their counts only go up
    const rise = async () => {
        const { id } = expectStatus(await answer('sarah', 'POST', '/posts', { body: `Rising ${risen.length}` }), 201);
        risen.push({ id, likers: new Set(), acknowledged: 0 });
    };

    const seqOf = (cursor) => Number(cursor.split('-')[1]);
    const answer = async (who, method, path, body) => {
        const reply = await request(server, { method, path, as: who, body });
        assert.ok(reply.status < 500, `${method} ${path}: ${reply.status} ${reply.body}`);
        return reply;
    };

    /* What a member wishes next: to like a post that rises, or any post this way or that. */
    const wishOf = (token) => {
        const rising = risen.at(-1);
        if (pick(12) === 0 && !rising.likers.has(token)) {
            rising.likers.add(token);
            return { postId: rising.id, liked: true, rising };
        }
        return { postId: posts[pick(posts.length)], liked: pick(2) === 0 };
    };
    const acknowledge = (token, { postId, liked, rising }) => {
        wishes.set(`${token} ${postId}`, liked);
        if (rising) rising.acknowledged += 1;
    };
    const likeByRest = async (token, wish) => {
        expectStatus(await answer({ token }, wish.liked ? 'PUT' : 'DELETE', `/posts/${wish.postId}/like`), 200);
        acknowledge(token, wish);
    };

    /* Polls, and must never be told less than what was acknowledged before it asked. */
    async function poller(token) {
        let cursor = expectStatus(await answer({ token }, 'GET', '/changes'), 200).cursor;
        const counts = new Map();
        while (!over) {
            const known = newest;
            const { id, acknowledged } = risen.at(-1);
            const reply = await answer({ token }, 'GET', `/changes?since=${cursor}`);
            const found = expectStatus(reply, 200);
            assert.equal(found.reset, false);
            cursor = found.cursor;
            for (const { id: postId, count } of found.posts.created) counts.set(postId, count);
            for (const { postId, count } of found.likes) counts.set(postId, count);
            if (!found.more) {
                assert.ok(seqOf(cursor) >= known, `told up to ${cursor}, but ${known} was acknowledged`);
                assert.ok((counts.get(id) ?? 0) >= acknowledged, `told ${counts.get(id)} likes of ${acknowledged}`);
            }
            counted.polls += 1;
        }
    }

    async function likerByRest(token) {
        while (!over) {
            await likeByRest(token, wishOf(token));
            counted.restLikes += 1;
        }
    }

    /* A socket, or null while the flag is off: DESIGN (section 6) knows no other answer. */
    const open = (token) =>
        connect({ server, token }).catch((error) => {
            if (error.actual !== 409) throw error;
            counted.refused += 1;
            return null;
        });
    /* What a socket was waiting for when it was closed never comes; nothing else may go wrong with it. */
    const unlessClosed = (client) => (error) => {
        if (client.open) throw error;
        return null;
    };

    /* A client as it should be: a socket while there is one, REST otherwise, the same ids when it is not sure. */
    async function liker(token) {
        let n = 0;
        while (!over) {
            const { socket } = expectStatus(await answer({ token }, 'GET', '/capabilities'), 200);
            const client = socket && (await open(token));
            if (!client) {
                await until(async () => over || (await answer({ token }, 'GET', '/capabilities')).json.socket, {
                    seconds: 30,
                });
                continue;
            }
            counted.sockets += 1;
            await client.join('2').catch(unlessClosed(client));
            while (!over && client.open) {
                const wish = wishOf(token);
                const type = wish.liked ? 'POST_LIKE' : 'POST_UNLIKE';
                const id = `${token.slice(-8)}-${(n += 1)}`;
                const done = await client.ask({ type, postId: wish.postId, id }).catch(unlessClosed(client));
                if (done === null) {
                    await likeByRest(token, wish); // nobody knows whether it was done: now it is, as always works
                    continue;
                }
                assert.equal(done.type, 'ACK', JSON.stringify(done));
                acknowledge(token, wish);
                counted.socketLikes += 1;
            }
            if (over) client.destroy();
            else {
                const { code } = await client.closed;
                counted.closed.set(code, (counted.closed.get(code) ?? 0) + 1);
            }
        }
    }

    async function poster() {
        while (!over) {
            const since = expectStatus(await answer('sarah', 'GET', '/changes'), 200).cursor;
            expectStatus(await answer('sarah', 'POST', '/posts', { body: `News ${counted.posts}` }), 201);
            newest = Math.max(newest, seqOf(since) + 1);
            counted.posts += 1;
            if (risen.at(-1).acknowledged === LIKERS) await rise();
        }
    }

    await rise();

    const busy = [
        ...crowd.tokens.slice(0, POLLERS).map(poller),
        ...crowd.tokens.slice(POLLERS, 12).map(likerByRest),
        ...crowd.tokens.slice(12).map(liker),
        poster(),
    ];
    const failed = Promise.race(busy.map((each) => each.then(() => null, (error) => error)));
    try {
        for (let flip = 0; flip < FLIPS; flip += 1) {
            const value = flip % 2 === 0;
            if (flip % 4 < 2) expectStatus(await answer('admin', 'PUT', '/admin/flags/realtime', { value }), 200);
            else await server.must('flag', 'realtime', value ? 'on' : 'off');
            const before = counted.polls + counted.restLikes;
            if (!value) await server.advance(5); // those who were sent away go within four seconds
            const stop = await Promise.race([
                failed,
                until(() => counted.polls + counted.restLikes > before + 60, { seconds: 30, what: 'work between flips' }),
            ]);
            if (stop instanceof Error) throw stop;
        }
    } finally {
        over = true; // also when it failed: nobody goes on for ever
    }
    await Promise.all(busy);
    assert.equal(server.pid, pid);
    process.kill(pid, 0); // it is the same process that was started, and it lives
    assert.ok(counted.sockets > FLIPS / 4, `sockets were used: ${counted.sockets}`);
    assert.ok(risen.length > 2, `counts rose: ${risen.length}`);
    assert.deepEqual([...counted.closed.keys()].filter((code) => code !== 4001), [], 'all were sent to poll');

    const truth = async () => {
        for (const [key, liked] of wishes) {
            const [token, post] = key.split(' ');
            assert.equal(expectStatus(await answer({ token }, 'GET', `/posts/${post}`), 200).liked, liked, key.slice(-20));
        }
        for (const post of [...posts, ...risen.map((it) => it.id)]) {
            const likes = [...wishes].filter(([key, liked]) => liked && key.endsWith(` ${post}`)).length;
            assert.equal(expectStatus(await answer('sarah', 'GET', `/posts/${post}`), 200).count, likes, post);
        }
    };
    await truth();
    await server.must('flag', 'realtime', 'off');
    await until(async () => / 0$/m.test(/^porchlight_likes_waiting \d+$/m.exec((await as(server).get('/metrics')).body)[0]), {
        what: 'the flush',
    });
    await truth();
    await server.stop();
    console.log(
        `# ${counted.polls} polls, ${counted.restLikes} likes by REST, ${counted.socketLikes} by ${counted.sockets} sockets (${counted.refused} refused), ` +
            `${counted.posts} posts, ${risen.length} that rose, closed ${JSON.stringify([...counted.closed])}`,
    );
});
