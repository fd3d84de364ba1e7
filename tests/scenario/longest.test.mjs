/*
 * The largest answers there can be: a client whose cursor stands before them must get past them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cursorOf, expectStatus, request, startServer } from './harness.mjs';

test('two hundred of the longest posts come in one answer of /changes, and a hundred on one page', async () => {
    const server = await startServer();
    const since = await cursorOf(server, 'member1');
    const body = '🌻'.repeat(5000); // 5,000 characters, 20,000 bytes
    for (let n = 0; n < 200; n += 20)
        await Promise.all(
            Array.from({ length: 20 }, async () =>
                expectStatus(await request(server, { method: 'POST', path: '/posts', as: 'member2', body: { body } }), 201),
            ),
        );
    const news = expectStatus(await request(server, { path: `/changes?since=${since}`, as: 'member1' }), 200);
    assert.equal(news.posts.created.length, 200);
    const rest = expectStatus(await request(server, { path: `/changes?since=${news.cursor}`, as: 'member1' }), 200);
    assert.deepEqual([rest.more, rest.posts.created.length], [false, 0]);
    const page = expectStatus(await request(server, { path: '/posts?limit=100', as: 'member1' }), 200);
    assert.equal(page.items.length, 100);
    await server.stop();
});
