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
import { chmodSync, chownSync, closeSync, copyFileSync, cpSync, lstatSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { Agent } from 'node:http';
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

/* ---- an incident: before, while nothing can be written, and after ------------------------------------------------------- */

const ruth = 'member1';

/* `name` makes the words and the key of this incident, so that one server can have several. */
class Incident {
    constructor(server, name, { rooms = true } = {}) {
        this.rooms = rooms; // rooms.db cannot be written either
        this.server = server;
        this.words = `Lost words, ${name}`;
        this.post = { method: 'POST', path: '/posts', as: ruth, body: { body: this.words }, headers: { 'Idempotency-Key': this.words.replaceAll(' ', '-') } };
    }

    /* A post to like, and everybody's token, while writing still works. */
    async before() {
        const { server } = this;
        for (const who of [ruth, 'sarah']) await server.token(who);
        expectStatus(await as(server, ruth).patch('/me', { name: 'Ruth before' }), 200);
        this.team = expectStatus(await as(server, ruth).get('/me'), 200).team.id;
        this.liked = expectStatus(await as(server, 'sarah').post('/posts', { body: `Like me, ${this.words}` }), 201).id;
        await this.remember();
    }

    /* The place in history to ask from: nothing may happen after it. */
    async remember() {
        this.cursor = expectStatus(await as(this.server, ruth).get('/changes'), 200).cursor;
    }

    /* Every kind of write is refused with the same problem, and is to be tried again. */
    async refuses() {
        const { server, liked } = this;
        const attempts = [
            { method: 'PUT', path: `/posts/${liked}/like`, as: ruth },
            this.post,
            { method: 'PATCH', path: '/me', as: ruth, body: { name: 'Ruth during' } },
            { method: 'POST', path: '/notices', as: 'sarah', body: { title: 'Lost notice' } },
            { method: 'PUT', path: `/posts/${liked}/pin`, as: 'sarah' },
            { method: 'DELETE', path: `/posts/${liked}`, as: 'sarah' },
            { method: 'POST', path: `/teams/${this.team}/invites`, as: 'sarah', body: {} },
        ];
        if (this.rooms)
            attempts.push(
                { method: 'PUT', path: '/me/preferences', as: ruth, body: { feed: 'mine' } },
                { method: 'POST', path: '/me/feedback', as: ruth, body: { articleId: '1', feedback: 'helpful', topics: ['lost'] } },
                { method: 'POST', path: '/digests', as: ruth, body: { topics: ['lost'] } },
            );
        for (const attempt of attempts) {
            const reply = await request(server, attempt);
            assert.equal(reply.status, 503, `${attempt.method} ${attempt.path}: ${reply.body}`);
            assert.equal(reply.json.type, '/docs#storage');
            assert.match(reply.headers['retry-after'] ?? '', /^[1-9]\d*$/);
        }
        assert.equal((await request(server, { path: '/readyz' })).status, 503);
        assert.match((await request(server, { path: '/metrics' })).body, /^porchlight_storage_failing 1$/m);
    }

    async reads() {
        const { server, liked } = this;
        const member = as(server, ruth);
        for (const path of ['/presence', '/posts', `/posts/new-count?since=${this.cursor}`, '/notices', '/teams', '/capabilities', '/healthz'])
            expectStatus(await member.get(path), 200);
        assert.equal((await member.delete('/presence')).status, 204);
        const seen = expectStatus(await member.get(`/posts/${liked}`), 200);
        assert.deepEqual([seen.liked, seen.count, seen.pinned], [false, 0, false], 'what was refused is shown');
        assert.equal(expectStatus(await member.get('/me'), 200).name, 'Ruth before');
        assert.equal(expectStatus(await member.get('/me/preferences'), 200).feed, 'everything');
        assert.deepEqual(expectStatus(await member.get('/me/weights'), 200).weights, {});
        assert.ok(expectStatus(await member.get('/digests'), 200).items.every(({ topics }) => !topics.includes('lost')));
        const news = expectStatus(await member.get(`/changes?since=${this.cursor}`), 200);
        assert.deepEqual([news.reset, news.posts.created, news.posts.deleted, news.likes, news.notices], [false, [], [], [], []], 'what was refused is told');
        assert.equal(await this.found(), 0, 'a post that was refused is shown');
    }

    /* No restart, no command: the next write that can be made is made, and what was refused was not half done. */
    async heals() {
        const { server, liked } = this;
        const like = () => as(server, ruth).put(`/posts/${liked}/like`);
        await until(async () => (await like()).status === 200, { seconds: 10, what: 'writing again' });
        assert.equal(expectStatus(await like(), 200).count, 1);
        const first = await request(server, this.post);
        assert.equal(first.headers['idempotency-replayed'], undefined, 'a refusal must not be kept for the key');
        const again = await request(server, this.post);
        assert.equal(expectStatus(again, 201).id, expectStatus(first, 201).id);
        assert.equal(await this.found(), 1);
        assert.equal((await request(server, { path: '/readyz' })).status, 200);
        assert.match((await request(server, { path: '/metrics' })).body, /^porchlight_storage_failing 0$/m);
    }

    async found() {
        const feed = expectStatus(await as(this.server, ruth).get('/posts?limit=100'), 200);
        return feed.items.filter((item) => item.body === this.words).length;
    }
}

/* ---- a full disk ---------------------------------------------------------------------------------------------------------- */

describe('a full disk (RLIMIT_FSIZE)', () => {
    let server;
    const limit = (size) => execFileSync('prlimit', ['--pid', String(server.pid), `--fsize=${size}:`]);
    before(async () => { server = await startServer(); });
    after(() => server?.stop());

    for (const name of ['the first time', 'the second time'])
        test(`writes are refused, reads go on, it heals: ${name}`, async () => {
            const incident = new Incident(server, name);
            await incident.before();
            limit(0);
            try {
                await incident.refuses();
                await incident.reads();
            } finally {
                limit('unlimited');
            }
            await incident.heals();
        });

    test('polls are as quick while writes fail', async () => {
        const incident = new Incident(server, 'polls');
        await incident.before();
        limit(0);
        try {
            const polls = Array.from({ length: 50 }, () => as(server, ruth).get('/presence'));
            const writes = Array.from({ length: 50 }, () => as(server, ruth).put(`/posts/${incident.liked}/like`));
            for (const reply of await Promise.all(polls)) assert.equal(reply.status, 200);
            for (const reply of await Promise.all(writes)) assert.equal(reply.status, 503);
        } finally {
            limit('unlimited');
        }
        await incident.heals();
    });
});

describe('housekeeping while nothing can be written', () => {
    let server;
    const limit = (size) => execFileSync('prlimit', ['--pid', String(server.pid), `--fsize=${size}:`]);
    const failures = (task) => server.logs.filter((line) => line.includes('housekeeping.failed') && line.includes(`task=${task}`)).length;
    before(async () => { server = await startServer(); });
    after(() => server?.stop());

    test('is tried once in its time, and forgets nobody who was here', async () => {
        await server.token(ruth);
        // More than one job's worth to throw away: a job that is full is followed by the next one at once.
        for (let i = 0; i < 600; i += 50)
            await Promise.all(Array.from({ length: 50 }, async (_, n) => expectStatus(await request(server, { method: 'POST', path: '/posts', as: ruth, body: { body: `Old news ${i + n}` }, unchecked: true }), 201)));
        const seen = async () => Number(/^porchlight_active_members_day (\d+)$/m.exec((await request(server, { path: '/metrics' })).body)[1]);
        const token = await server.must('token', 'issue', '--user', ruth, '--ttl', '60d'); // hers expires meanwhile
        limit(0);
        try {
            await server.advance(40 * 86400);
            await until(() => failures('prune') > 0, { what: 'a clean-up that fails' });
            expectStatus(await as(server, { token }).get('/presence'), 200);
            await server.advance(11);
            await until(() => failures('seen') > 0, { what: 'the turn after the clean-up' });
            assert.ok(failures('prune') < 10, `${failures('prune')} clean-ups were tried`);
            assert.equal(await seen(), 0);
        } finally {
            limit('unlimited');
        }
        await server.advance(11);
        await until(async () => (await seen()) === 1, { what: 'the member who was here' });
    });
});

/* A small file system at `folder`; false where mounting is not allowed. */
function mounted(folder) {
    try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder], { stdio: 'ignore' });
        return true;
    } catch {
        return false;
    }
}

/* Writes until nothing more fits. */
function fill(file) {
    const piece = Buffer.alloc(65536);
    const fd = openSync(file, 'w');
    for (let size = piece.length; size >= 1;) {
        try {
            writeSync(fd, piece, 0, size);
        } catch {
            size >>= 1;
        }
    }
    closeSync(fd);
}

describe('a full disk (a file system without room)', () => {
    test('writes are refused, reads go on, it heals', async (t) => {
        const folder = temporaryFolder('disk');
        if (!isRoot || !mounted(folder)) {
            t.skip('mounting is not allowed here');
            return;
        }
        let server;
        try {
            const data = join(folder, 'data');
            cpSync(await demoData(), data, { recursive: true, filter: (path) => lstatSync(path).isDirectory() || lstatSync(path).isFile() });
            server = await startServer({ data });
            const incident = new Incident(server, 'no room');
            await incident.before();
            fill(join(folder, 'filler'));
            await incident.refuses();
            await incident.reads();
            rmSync(join(folder, 'filler'));
            await incident.heals();
        } finally {
            await server?.stop();
            execFileSync('umount', [folder]);
        }
    });
});

/* ---- a read-only file ------------------------------------------------------------------------------------------------------- */

describe('a read-only file', () => {
    test('the server starts, reads go on, writes are refused; started again on a writable file it goes on', async () => {
        const data = await demoData();
        const files = () => readdirSync(data).map((name) => join(data, name));
        const give = () => { if (isRoot) for (const path of [data, ...files()]) chownSync(path, NOBODY, NOBODY); };
        const options = { data, env: isRoot ? { SERVE_AS: String(NOBODY) } : {} };
        const database = join(data, 'porchlight.db');
        const name = 'read-only';

        give();
        let server = await startServer(options);
        const incident = new Incident(server, name, { rooms: false });
        await incident.before();
        /* No token is issued that the audit log cannot have. */
        const tokens = new Map();
        for (const who of [ruth, 'sarah']) tokens.set(who, await server.token(who));
        await server.stop();

        give();
        chmodSync(database, 0o400);
        server = await startServer(options);
        server.token = (who) => tokens.get(who);
        incident.server = server;
        try {
            assert.match((await server.cli('token', 'issue', '--user', ruth)).stderr, /Nothing can be saved at the moment/);
            await incident.remember(); // likes are numbered anew with each start
            await incident.reads();
            await incident.refuses();
            await incident.reads();
            await server.stop();
            for (const path of files()) chmodSync(path, 0o600); // SQLite gave the log and its index the mode of the database
            server = await startServer(options);
            incident.server = server;
            await incident.remember();
            await incident.heals();
        } finally {
            chmodSync(database, 0o600);
            await server.stop();
        }
    });
});

/* ---- many sign-ins ------------------------------------------------------------------------------------------------------------ */

describe('two hundred sign-ins at once', () => {
    const SIGN_INS = 200;
    let server;
    before(async () => {
        server = await startServer();
        await server.token(ruth);
    });
    after(() => server?.stop());

    /* The 99th percentile of polls, one after the other on four connections, until `stop` says so; in milliseconds. */
    async function p99(stop) {
        const took = [];
        await Promise.all(Array.from({ length: 4 }, async () => {
            while (!stop(took.length)) {
                const began = performance.now();
                const reply = await request(server, { path: '/presence', as: ruth, unchecked: true });
                took.push(performance.now() - began);
                assert.equal(reply.status, 200);
            }
        }));
        took.sort((a, b) => a - b);
        return took[Math.min(took.length - 1, Math.floor(took.length * 0.99))];
    }

    test('do not stall the polls; those past the queue are told when to return', async (t) => {
        const quiet = await p99((count) => count >= 1000);
        const flood = { ...server, agent: new Agent({ maxSockets: SIGN_INS }) };
        let waiting = SIGN_INS;
        const replies = Promise.all(Array.from({ length: SIGN_INS }, async (_, i) => {
            const body = { name: `member${(i % 30) + 1}`, password: i % 5 ? 'porchlight' : 'a wrong password' };
            const reply = await request(flood, { method: 'POST', path: '/auth/login', body });
            waiting--;
            return { reply, right: i % 5 !== 0 };
        }));
        const busy = await p99(() => waiting === 0);
        const counts = new Map();
        for (const { reply, right } of await replies) {
            counts.set(reply.status, (counts.get(reply.status) ?? 0) + 1);
            if (reply.status === 503) {
                assert.equal(reply.json.type, '/docs#busy');
                assert.match(reply.headers['retry-after'] ?? '', /^[1-9]\d*$/);
            } else {
                assert.equal(reply.status, right ? 200 : 401);
            }
        }
        flood.agent.destroy();
        t.diagnostic(`p99 of polls ${quiet.toFixed(1)} ms, with ${SIGN_INS} sign-ins ${busy.toFixed(1)} ms; ${JSON.stringify([...counts])}`);
        assert.ok(counts.get(200) > 0 && counts.get(503) > 0, `${JSON.stringify([...counts])}`);
        // Two hundred passwords take seconds of work; behind them a poll would wait for most of that.
        assert.ok(busy < 10 * quiet + 150, `p99 ${quiet} ms, with sign-ins ${busy} ms`);
        expectStatus(await request(server, { method: 'POST', path: '/auth/login', body: { name: ruth, password: 'porchlight' } }), 200);
    });
});
