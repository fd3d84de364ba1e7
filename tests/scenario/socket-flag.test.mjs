/*
 * The flag is turned a hundred times under load: same process, no error, no like lost, and who polls is never left behind.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCrowd, picker } from './crowd.mjs';
import { as, expectStatus, request, startServer, until } from './harness.mjs';
import { connect } from './socket.mjs';

const FLIPS = 100;
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);

test(`${FLIPS} flips under load (TEST_SEED=${seed})`, { timeout: 180_000 }, async () => {
    const crowd = await makeCrowd(24);
    const server = await startServer({ data: crowd.data, args: crowd.args });
    const pid = server.pid;
    const pick = picker(seed);
    const posts = [];
    for (let i = 0; i < 12; i += 1)
        posts.push(expectStatus(await as(server, 'sarah').post('/posts', { body: `Post ${i}` }), 201).id);
    let over = false;
    const wishes = new Map(); // "token post": acknowledged last
    const counted = { polls: 0, socketLikes: 0, restLikes: 0, sockets: 0, closed: new Map(), posts: 0 };
    let newest = 0; // number of the newest event that was acknowledged

    const seqOf = (cursor) => Number(cursor.split('-')[1]);
    const answer = async (who, method, path, body) => {
        const reply = await request(server, { method, path, as: who, body });
        assert.ok(reply.status < 500, `${method} ${path}: ${reply.status} ${reply.body}`);
        return reply;
    };

    /* Polls, and must never be told less than what was acknowledged before it asked. */
    async function poller(token) {
        let cursor = expectStatus(await answer({ token }, 'GET', '/changes'), 200).cursor;
        while (!over) {
            const known = newest;
            const reply = await answer({ token }, 'GET', `/changes?since=${cursor}`);
            const found = expectStatus(reply, 200);
            assert.equal(found.reset, false);
            cursor = found.cursor;
            if (!found.more) assert.ok(seqOf(cursor) >= known, `told up to ${cursor}, but ${known} was acknowledged`);
            counted.polls += 1;
        }
    }

    async function likerByRest(token) {
        while (!over) {
            const post = posts[pick(posts.length)];
            const liked = pick(2) === 0;
            const reply = await answer({ token }, liked ? 'PUT' : 'DELETE', `/posts/${post}/like`);
            expectStatus(reply, 200);
            wishes.set(`${token} ${post}`, liked);
            counted.restLikes += 1;
        }
    }

    /* A client as it should be: a socket while there is one, REST otherwise, the same ids when it is not sure. */
    async function liker(token) {
        let n = 0;
        while (!over) {
            const { socket } = expectStatus(await answer({ token }, 'GET', '/capabilities'), 200);
            const client = socket && (await connect({ server, token }).catch(() => null));
            if (!client) {
                await until(async () => over || (await answer({ token }, 'GET', '/capabilities')).json.socket, {
                    seconds: 30,
                });
                continue;
            }
            counted.sockets += 1;
            await client.join('2').catch(() => {});
            while (!over && client.open) {
                const postId = posts[pick(posts.length)];
                const liked = pick(2) === 0;
                const wish = { type: liked ? 'POST_LIKE' : 'POST_UNLIKE', postId, id: `${token.slice(-8)}-${(n += 1)}` };
                const done = await client.ask(wish).catch(() => null);
                if (done === null) {
                    // Nobody knows whether it was done: it is done now, by the way that always works.
                    const reply = await answer({ token }, liked ? 'PUT' : 'DELETE', `/posts/${postId}/like`);
                    expectStatus(reply, 200);
                } else {
                    assert.equal(done.type, 'ACK', JSON.stringify(done));
                    counted.socketLikes += 1;
                }
                wishes.set(`${token} ${postId}`, liked);
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
        }
    }

    const busy = [
        ...crowd.tokens.slice(0, 4).map(poller),
        ...crowd.tokens.slice(4, 12).map(likerByRest),
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
    assert.deepEqual([...counted.closed.keys()].filter((code) => code !== 4001), [], 'all were sent to poll');

    const truth = async () => {
        for (const [key, liked] of wishes) {
            const [token, post] = key.split(' ');
            assert.equal(expectStatus(await answer({ token }, 'GET', `/posts/${post}`), 200).liked, liked, key.slice(-20));
        }
        for (const post of posts) {
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
        `# ${counted.polls} polls, ${counted.restLikes} likes by REST, ${counted.socketLikes} by ${counted.sockets} sockets, ` +
            `${counted.posts} posts, closed ${JSON.stringify([...counted.closed])}`,
    );
});
