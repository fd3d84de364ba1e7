/* Commands while a server runs: they reach it, and what they change is there for the next request. DESIGN section 2. */
import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { as, cliOn, community, cursorOf, demoData, eventsSince, expectStatus, mustOn, request, startServer, temporaryFolder, until } from './harness.mjs';

const lines = (...records) => records.map((record) => `${JSON.stringify(record)}\n`).join('');

/* A client of the control socket that sends these bytes and nothing more; resolves to what came back, once it is closed. */
function knock(data, bytes = '', { end = false } = {}) {
    return new Promise((resolve, reject) => {
        const parts = [];
        const socket = connect(join(data, 'control.sock'));
        socket.on('error', (error) => (error.code === 'EPIPE' || error.code === 'ECONNRESET' ? resolve(Buffer.concat(parts)) : reject(error)));
        socket.on('data', (part) => parts.push(part));
        socket.on('close', () => resolve(Buffer.concat(parts)));
        if (end) socket.end(bytes);
        else socket.write(bytes);
    });
}

function frame(kind, text = '') {
    const head = Buffer.alloc(5);
    head.write(kind, 0, 'latin1');
    head.writeUInt32BE(Buffer.byteLength(text), 1);
    return Buffer.concat([head, Buffer.from(text)]);
}

/* Each change has to be seen within a second of the command's end. */
const soon = (check, what) => until(check, { seconds: 1, what });
const pollStatus = async (server, token) => (await request(server, { path: '/presence', as: { token } })).status;

describe('a running server takes commands', () => {
    let server;
    let people;
    before(async () => {
        server = await startServer();
        people = await community(server, 'member1', 'member2', 'member7', 'member8', 'member21');
    });
    after(() => server.stop());

    test('the socket is its owner’s alone', () => {
        const { mode } = statSync(join(server.data, 'control.sock'));
        assert.ok((mode & 0o777) === 0o600, mode.toString(8));
    });

    test('a second server on the same data refuses with one line', async () => {
        const { code, stdout, stderr } = await cliOn(server.data, ['serve', '--listen', '127.0.0.1:0']);
        assert.equal(code, 1);
        assert.equal(stdout, '');
        assert.equal(stderr, `porchlight: ${server.data} is in use by another server (process ${server.pid})\n`);
        expectStatus(await as(server, 'member1').get('/presence'), 200);
    });

    test('invite: the link leads to where the server listens, also on a port that the system chose', async () => {
        assert.ok((await server.must('invite', 'sarah')).startsWith(`${server.url}/#/join/`));
        const { url } = expectStatus(await as(server, 'sarah').post('/teams/2/invites', {}), 201);
        assert.ok(url.startsWith(`${server.url}/#/join/`));
    });

    test('user disable: the next poll is 401; enable lets them sign in again', async () => {
        const token = await server.must('token', 'issue', '--user', 'member3');
        assert.equal(await pollStatus(server, token), 200);
        const count = async () => expectStatus(await as(server, 'member1').get('/presence'), 200).count;
        const here = await count();
        await server.must('user', 'disable', 'member3');
        await soon(async () => await pollStatus(server, token) === 401, 'the 401');
        assert.equal(await count(), here - 1, 'who is shut out is no longer here');
        assert.equal((await as(server).post('/auth/login', { name: 'member3', password: 'porchlight' })).status, 401);
        await server.must('user', 'enable', 'member3');
        await soon(async () => (await as(server).post('/auth/login', { name: 'member3', password: 'porchlight' })).status === 200, 'the sign-in');
        assert.equal(await pollStatus(server, token), 401, 'what was issued before stays void');
        const fresh = expectStatus(await as(server).post('/auth/login', { name: 'member3', password: 'porchlight' }), 200).token;
        assert.equal(await pollStatus(server, fresh), 200);
        expectStatus(await as(server, 'member2').patch('/me', { name: 'Somebody Else' }), 200); // everybody is looked up again
        assert.equal(await pollStatus(server, fresh), 200, 'what was issued since holds');
    });

    test('token revoke: this token only, then all of a member', async () => {
        const [one, two] = [await server.must('token', 'issue', '--user', 'member4'), await server.must('token', 'issue', '--user', 'member4')];
        for (const token of [one, two]) assert.equal(await pollStatus(server, token), 200);
        await server.must('token', 'revoke', one);
        await soon(async () => await pollStatus(server, one) === 401, 'the 401');
        assert.equal(await pollStatus(server, two), 200);
        await server.must('token', 'revoke', '--user', 'member4');
        await soon(async () => await pollStatus(server, two) === 401, 'the 401');
    });

    test('token keys rotate: both keys hold', async () => {
        const before = await server.must('token', 'issue', '--user', 'member5');
        await server.must('token', 'keys', 'rotate');
        const later = await server.must('token', 'issue', '--user', 'member5');
        await soon(async () => await pollStatus(server, later) === 200, 'the new key');
        assert.equal(await pollStatus(server, before), 200);
    });

    test('team add: a member with a team of their own is in both, poll after poll', async () => {
        await mustOn(server.data, ['user', 'add', 'otto', '--name', 'Otto', '--team', 'sarah', '--password-stdin'], { input: 'correct horse\n' });
        await server.must('team', 'add', 'otto', '--name', 'Night Owls');
        const { token } = expectStatus(await as(server).post('/auth/login', { name: 'otto', password: 'correct horse' }), 200);
        const teams = expectStatus(await as(server, { token }).get('/teams'), 200).items.map(({ id }) => id);
        assert.equal(teams.length, 2);
        for (const team of [...teams, ...teams])
            assert.equal(expectStatus(await as(server, { token }).get(`/presence?team=${team}`), 200).team, team);
    });

    test('flag: on and off are taken at once', async () => {
        const socket = async () => expectStatus(await as(server).get('/capabilities'), 200).socket;
        assert.equal(await server.must('flag', 'realtime', 'on'), 'realtime is now on.');
        assert.equal(await socket(), '/ws');
        assert.equal(await server.must('flag', 'realtime', 'off'), 'realtime is now off.');
        assert.equal(await socket(), null);
    });

    test('user add, team add, invite: usable at once', async () => {
        await mustOn(server.data, ['user', 'add', 'ruth', '--name', 'Ruth', '--role', 'coach', '--password-stdin'], { input: 'correct horse\n' });
        await server.must('team', 'add', 'ruth', '--name', 'Late Risers');
        const session = expectStatus(await as(server).post('/auth/login', { name: 'ruth', password: 'correct horse' }), 200);
        assert.equal(session.user.team.name, 'Late Risers');
        const code = /#\/join\/(\S+)$/.exec(await server.must('invite', 'ruth'))[1];
        const joined = expectStatus(await as(server).post('/auth/join', { invite: code, name: 'Nell Novak', password: 'another horse' }), 201);
        assert.equal(joined.user.team.name, 'Late Risers');
    });

    test('import: posts, likes and people are there; history tells of them', async () => {
        const since = await cursorOf(server, 'member1');
        const post = { type: 'post', id: '900', teamId: people.walkers, authorId: people.member1.id, body: 'From the old site', createdAt: '2020-01-01T00:00:00Z' };
        const file = lines(
            { type: 'user', id: '901', username: 'old.friend', name: 'Old Friend', externalId: 'x-901' },
            { type: 'membership', teamId: people.walkers, userId: '901' },
            post,
            { type: 'like', postId: '900', userId: '901' },
        );
        assert.match(await mustOn(server.data, ['import', '-'], { input: file }), /4 new/);
        await soon(async () => (await as(server, 'member1').get('/posts/900')).status === 200, 'the post');
        assert.equal((await as(server, 'member1').get('/posts/900')).json.count, 1);
        const happened = await eventsSince(server, 'member1', since);
        assert.deepEqual(happened.created.map((created) => created.id), ['900']);
        const count = expectStatus(await as(server, 'member1').get(`/posts/new-count?since=${encodeURIComponent(since)}`), 200);
        assert.equal(count.count, 1);

        // The same again makes no event; a changed line makes one.
        const now = await cursorOf(server, 'member1');
        await mustOn(server.data, ['import', '-'], { input: file });
        assert.equal(await cursorOf(server, 'member1'), now);
        await mustOn(server.data, ['import', '-'], { input: lines({ ...post, body: 'Corrected' }) });
        assert.deepEqual((await eventsSince(server, 'member1', now)).changed.map((changed) => changed.body), ['Corrected']);
    });

    test('import --dry-run: the server says what it would do, and does nothing', async () => {
        const since = await cursorOf(server, 'member1');
        const post = { type: 'post', id: '990', teamId: people.walkers, authorId: people.member1.id, body: 'Not yet' };
        assert.match(await mustOn(server.data, ['import', '--dry-run', '-'], { input: lines(post) }), /1 new.* nothing was changed/);
        expectStatus(await as(server, 'member1').get('/posts/990'), 404);
        assert.equal(await cursorOf(server, 'member1'), since);
    });

    test('import of likes alone: a client that has seen everything is told', async () => {
        const since = await cursorOf(server, 'member2');
        await mustOn(server.data, ['import', '-'], { input: lines({ type: 'like', postId: '900', userId: people.member2.id }) });
        assert.deepEqual((await eventsSince(server, 'member2', since)).likes.filter((like) => like.postId === '900'), [{ postId: '900', count: 2 }]);
    });

    test('import: who is disabled by it is signed out and gone from presence at once', async () => {
        const count = async () => expectStatus(await as(server, 'member1').get('/presence'), 200).count;
        const token = await server.token('member7');
        assert.equal(await pollStatus(server, token), 200);
        assert.equal(await pollStatus(server, await server.token('member8')), 200);
        const before = await count();
        const file = lines(
            { type: 'user', id: people.member7.id, username: 'member7', name: people.member7.name, disabled: true },
            { type: 'user', id: people.member8.id, username: 'member8', name: people.member8.name, appearOffline: true },
        );
        await mustOn(server.data, ['import', '-'], { input: file });
        await soon(async () => (await count()) === before - 2, 'both being gone');
        assert.equal(await pollStatus(server, token), 401);
    });

    test('a bad import changes nothing, whatever came before the bad line', async () => {
        const file = join(temporaryFolder('file'), 'bad.jsonl');
        writeFileSync(file, lines({ type: 'user', id: '950', username: 'never.there', name: 'Never' }, { type: 'team' }));
        const { code, stderr } = await server.cli('import', file);
        assert.equal(code, 1);
        assert.equal(stderr, `porchlight: ${file}, line 2: a team needs the field "id"\n`);
        assert.ok(!(await server.must('export', '-')).includes('never.there'));
    });

    test('export is one moment, while others write', async () => {
        let writing = true;
        const writer = (async () => {
            for (let i = 0; writing; i++) expectStatus(await as(server, 'member2').put(`/posts/${1 + i % 2}/like`), 200);
        })();
        const posted = expectStatus(await as(server, 'member1').post('/posts', { body: 'Just before the export' }), 201);
        const records = (await server.must('export', '-')).split('\n').map((line) => JSON.parse(line));
        writing = false;
        await writer;
        assert.ok(records.some((record) => record.type === 'post' && record.id === posted.id));
        const ids = new Set(records.filter((record) => record.type === 'post').map((record) => record.id));
        for (const record of records) if (record.type === 'like') assert.ok(ids.has(record.postId));
    });

    test('the server’s own clock and options apply to what it runs', async () => {
        await server.advance(7200);
        const token = await server.must('token', 'issue', '--user', 'member6', '--ttl', '1h');
        assert.equal(await pollStatus(server, token), 200);
        assert.match(await server.must('token', 'verify', token), /holds/);
    });

    test('demo and migrate are harmless here too', async () => {
        assert.match(await server.must('demo'), /there already/);
        assert.match(await server.must('migrate'), /up to date/);
    });

    test('a mistake is told with the same words and status as without a server', async () => {
        for (const [args, status] of [[['user', 'disable', 'nobody'], 1], [['flag', 'realtime', 'maybe'], 2], [['user', 'disable'], 2]]) {
            const there = await server.cli(...args);
            const here = await cliOn(await demoData(), args);
            assert.deepEqual([there.code, there.stderr], [status, here.stderr]);
        }
    });
});

describe('the control socket', () => {
    let server;
    before(async () => { server = await startServer(); });
    after(() => server.stop());

    test('a client that says nothing, or half of it, holds up nobody for long', async () => {
        const stuck = [knock(server.data), knock(server.data, frame('a', 'flag').subarray(0, 3))];
        const start = performance.now();
        await server.must('flag', 'realtime', 'off');
        assert.ok(performance.now() - start < 8000, 'two patiences at most');
        assert.deepEqual((await Promise.all(stuck)).map((answer) => answer.length), [0, 0]);
    });

    test('nonsense is dropped, and the next one is served', async () => {
        const table = ['GET / HTTP/1.1\r\n\r\n', Buffer.alloc(100, 0xff), Buffer.concat([frame('a', 'a\0b'), frame('r')]),
            Buffer.concat([frame('r'), frame('r')]), Buffer.alloc(70000, 'a')];
        for (const bytes of table) assert.equal((await knock(server.data, bytes)).length, 0);
        await knock(server.data, '', { end: true });
        assert.equal(await server.must('flag', 'realtime'), 'off');
    });

    test('only commands that are for it', async () => {
        for (const words of [['serve'], ['export', '-'], ['check'], ['nothing'], [], ['import', '/etc/passwd']]) {
            const answer = await knock(server.data, Buffer.concat([...words.map((word) => frame('a', word)), frame('r')]));
            assert.equal(String.fromCharCode(answer[0]), 'e', words.join(' '));
            assert.deepEqual([...answer.subarray(-6)], [...frame('x', '\x02')], 'exit status 2');
        }
    });

    test('a client that leaves in the middle leaves nothing behind', async () => {
        const words = ['user', 'add', 'gone', '--name', 'Gone'].map((word) => frame('a', word));
        await knock(server.data, Buffer.concat([...words, frame('r')]), { end: true });
        assert.match(await server.must('token', 'issue', '--user', 'gone'), /^v4/, 'the command itself was whole, so it ran');
    });
});

describe('when the server is gone', () => {
    test('SIGTERM: the socket is removed; commands open the files themselves', async () => {
        const server = await startServer();
        await server.stop();
        assert.ok(!existsSync(join(server.data, 'control.sock')));
        await server.must('user', 'disable', 'member1');
    });

    test('SIGKILL: the socket that stays behind is in nobody’s way', async () => {
        const server = await startServer();
        const token = await server.token('member1');
        await server.kill();
        assert.ok(existsSync(join(server.data, 'control.sock')));
        await server.must('token', 'revoke', token);
        const next = await startServer({ data: server.data });
        assert.equal(await pollStatus(next, token), 401);
        await next.must('user', 'disable', 'member2');
        await next.stop();
    });

    test('stopping in the middle of an import: nothing of it is there, and the client is told', async () => {
        const server = await startServer();
        const file = join(temporaryFolder('file'), 'big.jsonl');
        const many = Array.from({ length: 60000 }, (_, i) => ({ type: 'user', id: String(1000 + i), username: `many${i}`, name: 'Many' }));
        writeFileSync(file, lines(...many));
        const ended = server.cli('import', file);
        // It is under way once something of it is in the log; whether it is done by then is for the server to say.
        const begun = async () => {
            await new Promise(setImmediate);
            return statSync(join(server.data, 'porchlight.db-wal')).size > 0;
        };
        await until(begun, { seconds: 30, what: 'the import' });
        await server.stop();
        const { code } = await ended;
        const there = (await mustOn(server.data, ['export', '-'])).split('\n').filter((line) => line.includes('"many')).length;
        assert.ok((code === 0 && there === 60000) || (code === 1 && there === 0), `status ${code} and ${there} of the members`);
    });
});

describe('signing keys', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());

    test('one that falls out of the list takes its tokens along, though they were verified before', async () => {
        const token = await server.token('member2');
        assert.equal(await pollStatus(server, token), 200);
        for (let keys = 1; keys < 16; keys += 1) await server.must('token', 'keys', 'rotate');
        assert.equal(await pollStatus(server, token), 200, 'the oldest of sixteen keys still verifies');
        await server.must('token', 'keys', 'rotate');
        await soon(async () => (await pollStatus(server, token)) === 401, 'the end of the first key');
        assert.equal(await pollStatus(server, await server.must('token', 'issue', '--user', 'member2')), 200);
    });
});
