/*
 * A disk that fills up at each write in turn, while members do everything that writes: what was acknowledged is there,
 * what was refused is not, the server goes on by itself, and doctor finds nothing afterwards.
 */
import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { as, binary, demoData, expectStatus, mustOn, startServer, temporaryFolder, until } from './harness.mjs';

const STEPS_MAX = 400; // far more writes than the script makes: it ends when no write was left to fail

/* The two numbers of tests/fault/disk.c. */
function disk() {
    const path = join(temporaryFolder('fault'), 'control');
    writeFileSync(path, Buffer.alloc(16));
    const fd = openSync(path, 'r+');
    const bytes = Buffer.alloc(8);
    process.on('exit', () => closeSync(fd));
    return {
        path,
        fillAfter(writes) {
            bytes.writeBigInt64LE(BigInt(writes));
            writeSync(fd, bytes, 0, 8, 0);
        },
        isFull() {
            readSync(fd, bytes, 0, 8, 0);
            return bytes.readBigInt64LE() === -1n;
        },
    };
}

test('a disk that is full from each write on, in turn', { timeout: 120_000 }, async (t) => {
    const control = disk();
    const data = await demoData();
    let server = await startServer({ data, bin: `${binary}-fault`, env: { FAULT_FILE: control.path } });
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
        control.fillAfter(n);
        tried(await ruth.post('/posts', { body }), () => kept.posts.add(body), () => refused.add(body));
        tried(await (kept.likes ? ruth.delete(`/posts/${liked}/like`) : ruth.put(`/posts/${liked}/like`)), () => { kept.likes = !kept.likes; });
        tried(await ruth.post(`/channels/${chat}/messages`, { content: body }), () => kept.messages.add(body), () => refused.add(body));
        tried(await ruth.put('/me/preferences', { topics: [`n${n}`] }), () => { kept.topics = [`n${n}`]; });
        const filled = control.isFull();
        control.fillAfter(0);
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
