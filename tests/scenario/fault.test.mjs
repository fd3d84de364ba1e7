/*
 * A disk that fills up at each write in turn, while members do everything that writes: what was acknowledged is there,
 * what was refused is not, the server goes on by itself, and doctor finds nothing afterwards. And a disk that is slow: writes
 * are late, but as durable as ever, and who only asks does not feel it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeFaults } from './faults.mjs';
import { as, demoData, expectStatus, mustOn, startServer, until } from './harness.mjs';

const STEPS_MAX = 400; // far more writes than the script makes: it ends when no write was left to fail

test('a disk that is full from each write on, in turn', { timeout: 120_000 }, async (t) => {
    const faults = makeFaults();
    const data = await demoData();
    let server = await startServer({ data, ...faults.program });
    const ruth = as(server, 'member1');
    const liked = expectStatus(await ruth.post('/posts', { body: 'Like me' }), 201).id;
    const chat = expectStatus(await ruth.get('/channels'), 200).items[0].id;
    const kept = { posts: new Set(), messages: new Set(), likes: false, topics: [] };
    const refused = new Set();
    let steps = 0;
    let refusals = 0;

    /* 200 or 201: it is durable. 503: nothing of it is there. Anything else is a fault. */
    const tried = (reply, done, not) => {
        assert.ok([200, 201, 503].includes(reply.status), `${reply.status}: ${reply.body}`);
        if (reply.status !== 503) return done();
        refusals++;
        return not?.();
    };
    for (let n = 1; n <= STEPS_MAX; n++) {
        steps = n;
        const body = `Step ${n}`;
        faults.diskFullAfter(n);
        tried(await ruth.post('/posts', { body }), () => kept.posts.add(body), () => refused.add(body));
        tried(await (kept.likes ? ruth.delete(`/posts/${liked}/like`) : ruth.put(`/posts/${liked}/like`)), () => { kept.likes = !kept.likes; });
        tried(await ruth.post(`/channels/${chat}/messages`, { content: body }), () => kept.messages.add(body), () => refused.add(body));
        tried(await ruth.put('/me/preferences', { topics: [`n${n}`] }), () => { kept.topics = [`n${n}`]; });
        const filled = faults.diskIsFull();
        faults.diskFullAfter(0);
        assert.equal((await ruth.get('/posts')).status, 200, 'reads go on');
        await until(async () => (await ruth.patch('/me', { name: 'Ruth' })).status === 200, { what: 'writing again' });
        assert.equal(expectStatus(await ruth.get(`/posts/${liked}`), 200).liked, kept.likes, `step ${n}: the like`);
        assert.deepEqual(expectStatus(await ruth.get('/me/preferences'), 200).topics, kept.topics, `step ${n}: what is preferred`);
        if (!filled) break;
    }
    assert.ok(refusals > 4 && steps < STEPS_MAX, `${refusals} refusals in ${steps} steps: the disk was hardly ever full`);
    assert.equal((await server.kill()).signal, 'SIGKILL');

    server = await startServer({ data });
    const records = (await server.must('export', '-')).split('\n').map((line) => JSON.parse(line));
    const found = records.filter(({ type }) => type === 'post').map((record) => record.body);
    const said = records.filter(({ type }) => type === 'message').map((record) => record.content);
    for (const body of kept.posts) assert.equal(found.filter((each) => each === body).length, 1, `${body}: an acknowledged post`);
    for (const body of kept.messages) assert.equal(said.filter((each) => each === body).length, 1, `${body}: an acknowledged message`);
    for (const body of refused) {
        assert.ok(kept.posts.has(body) || !found.includes(body), `${body}: a post that was refused is there`);
        assert.ok(kept.messages.has(body) || !said.includes(body), `${body}: a message that was refused is there`);
    }
    await server.stop();
    assert.equal(await mustOn(data, ['doctor']), 'Nothing is wrong.');
    t.diagnostic(`${steps} places to fail, ${refusals} refusals, ${kept.posts.size} posts and ${kept.messages.size} messages kept`);
});

const LATE_MS = 60;
const POLLS = 50;

test('a slow disk makes writes late, and polls go on from memory', { timeout: 120_000 }, async (t) => {
    const faults = makeFaults();
    const data = await demoData();
    let server = await startServer({ data, ...faults.program });
    const ruth = as(server, 'member1');
    expectStatus(await ruth.post('/posts', { body: 'Before' }), 201);
    const since = expectStatus(await ruth.get('/changes'), 200).cursor;

    faults.diskLate(LATE_MS);
    let written = false;
    const began = performance.now();
    const writing = ruth.post('/posts', { body: 'Slowly' }).then((reply) => {
        written = true;
        return reply;
    });
    let during = 0;
    let longest = 0;
    for (let polls = 0; polls < POLLS; polls++) {
        const asked = performance.now();
        expectStatus(await ruth.get('/presence'), 200);
        const changes = await ruth.get(`/changes?since=${encodeURIComponent(since)}`);
        if (!written) {
            assert.equal(expectStatus(changes, 200).posts.created.length, 0, 'what is not durable is not shown');
            during += 1;
            longest = Math.max(longest, performance.now() - asked);
        }
    }
    expectStatus(await writing, 201);
    const took = performance.now() - began;
    assert.ok(took >= 2 * LATE_MS, `the write took ${took} ms: the disk was not slow`);
    assert.ok(during > 0 && longest < took / 2, `${during} polls meanwhile, the longest ${longest} ms`);

    // One write in five is late, twenty times: then the disk is itself again, with no word from anybody.
    faults.diskLate(20, { perMille: 200, count: 20 });
    const kept = [];
    while (faults.lateLeft() > 0) {
        kept.push(`Now and then ${kept.length}`);
        expectStatus(await ruth.post('/posts', { body: kept.at(-1) }), 201);
    }
    assert.equal((await server.kill()).signal, 'SIGKILL');

    server = await startServer({ data });
    const records = (await server.must('export', '-')).split('\n').map((line) => JSON.parse(line));
    const found = records.filter(({ type }) => type === 'post').map((record) => record.body);
    for (const body of ['Before', 'Slowly', ...kept]) assert.equal(found.filter((each) => each === body).length, 1, body);
    await server.stop();
    t.diagnostic(`the write took ${took.toFixed(0)} ms; the longest of ${during} polls meanwhile ${longest.toFixed(1)} ms`);
});
