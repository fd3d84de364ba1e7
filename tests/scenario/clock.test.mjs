/*
 * A wall clock that somebody sets: an hour back, a day back, forth again. Who is signed in stays signed in, cursors go on,
 * the newest stands on top, presence is counted by another clock, and what is made in the background is made.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { as, cursorOf, demoData, eventsSince, expectStatus, startServer, until } from './harness.mjs';
import { connect } from './socket.mjs';

const login = async (server) =>
    expectStatus(await as(server).post('/auth/login', { name: 'member1', password: 'porchlight' }), 200).token;

/* Everything that a member does, after the clock was set. */
async function live(server, ruth, watcher, words) {
    const since = await cursorOf(server, 'sarah');
    const post = expectStatus(await ruth.post('/posts', { body: words }), 201);
    assert.equal(expectStatus(await ruth.get('/posts'), 200).items.filter(({ pinned }) => !pinned)[0].id, post.id, 'the newest is on top');
    expectStatus(await ruth.put(`/posts/${post.id}/like`), 200);
    await watcher.next({ type: 'NEW_POSTS', postIds: [post.id] });
    await watcher.next({ type: 'LIKE_UPDATE', postId: post.id, count: 1 });
    const news = await eventsSince(server, 'sarah', since);
    assert.deepEqual(news.created.map(({ id }) => id), [post.id], 'the cursor goes on');

    const [{ id: chat }] = expectStatus(await ruth.get('/channels'), 200).items;
    const said = expectStatus(await ruth.post(`/channels/${chat}/messages`, { content: words }), 201);
    const heard = expectStatus(await ruth.get(`/channels/${chat}/messages`), 200).items;
    assert.ok(heard.every(({ id }) => Number(id) <= Number(said.id)), 'the newest message is the last');

    const counted = expectStatus(await ruth.post('/rpc/counter.getValue', { name: 'days' }), 200).value;
    expectStatus(await ruth.post('/rpc/counter.increment', { name: 'days', amount: 1 }), 200);
    assert.equal(expectStatus(await ruth.post('/rpc/counter.getValue', { name: 'days' }), 200).value, counted + 1);

    assert.ok(expectStatus(await ruth.get('/presence'), 200).count >= 1, 'who polls is here');
    const job = expectStatus(await ruth.post('/digests', {}), 201);
    await until(async () => expectStatus(await ruth.get(`/digests/${job.id}`), 200).status === 'completed', { seconds: 10, what: 'the digest' });
    return post.id;
}

test('a clock that is set back and forth', { timeout: 120_000 }, async () => {
    const args = ['--realtime', 'on'];
    const data = await demoData();
    let server = await startServer({ data, args });
    expectStatus(await as(server, 'sarah').post('/rpc/counter.setValue', { name: 'days', value: 0 }), 200);
    const { id: walkers } = expectStatus(await as(server, 'sarah').get('/me'), 200).team;
    const before = await login(server);
    const watcher = await connect({ server, as: 'sarah' });
    await watcher.join(walkers);
    const old = await cursorOf(server, 'sarah');
    const posts = [await live(server, as(server, { token: before }), watcher, 'Before')];

    for (const [how, by] of [['back', '1h'], ['back', '1d'], ['forth', '1d'], ['forth', '2h'], ['back', '1h']]) {
        await server.must('clock', how, by);
        posts.push(await live(server, as(server, { token: before }), watcher, `The clock went ${how} by ${by}`));
        posts.push(await live(server, as(server, { token: await login(server) }), watcher, `And then, ${how} by ${by}`));
    }
    assert.deepEqual((await eventsSince(server, 'sarah', old)).created.map(({ id }) => id).sort(), [...posts].sort());

    // Time that passes ends presence, whatever the wall clock says meanwhile.
    await watcher.close();
    await server.must('clock', 'back', '1d');
    await server.advance(600);
    await until(async () => expectStatus(await as(server, 'dave').get('/presence'), 200).count === 1, { what: 'the end of presence' });
    await server.stop();

    // The server starts with a clock that is a day behind: what was signed by it before still holds.
    server = await startServer({ data, args });
    await server.must('clock', 'back', '1d');
    const seen = expectStatus(await as(server, { token: before }).get('/posts?limit=50'), 200).items.map(({ id }) => id);
    for (const id of posts) assert.ok(seen.includes(id), `post ${id}`);
    await server.must('settle');
    assert.equal(expectStatus(await as(server, { token: before }).get(`/posts/${posts[0]}`), 200).count, 1);
    await server.stop();
});
