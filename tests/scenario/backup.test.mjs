/*
 * Backups and restores: one file with both databases at one moment, made while members write, without making them wait;
 * put back so that clients notice. No backup that is not whole is kept or taken, and nothing that is there is lost.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sql, value } from './databases.mjs';
import { as, cliOn, cursorOf, demoData, expectStatus, mustOn, request, startServer, temporaryFolder, until } from './harness.mjs';
import { connect } from './socket.mjs';

const migrations = fileURLToPath(new URL('../../migrations', import.meta.url));
const isRoot = process.getuid() === 0;
const NAME = /^porchlight-\d{8}T\d{6}Z\.tar\.gz$/;

/* Unpacked with the tools that every machine has. */
function unpacked(file) {
    const folder = temporaryFolder('unpacked');
    execFileSync('tar', ['xzf', file, '-C', folder]);
    const facts = JSON.parse(readFileSync(join(folder, 'backup.json'), 'utf8'));
    const sum = (name) => execFileSync('sha256sum', [join(folder, name)], { encoding: 'utf8' }).split(' ')[0];
    assert.deepEqual([sum('porchlight.db'), sum('rooms.db')], [facts.sha256, facts.roomsSha256]);
    return { folder, facts };
}

const exported = (data) => mustOn(data, ['export', '-']);
const backupsIn = (folder) => (existsSync(folder) ? readdirSync(folder).filter((name) => NAME.test(name)).sort() : []);
const figure = async (server, name) =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec((await request(server, { path: '/metrics' })).body)[1]);

/* A small file system at `folder` while the test runs; false where mounting is not allowed. */
function mounted(t, folder, size) {
    try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], { stdio: 'ignore' });
        t.after(() => execFileSync('umount', ['-l', folder]));
        return true;
    } catch {
        return false;
    }
}

async function failsWith(data, args, pattern) {
    const result = await cliOn(data, args);
    assert.equal(result.code, 1, `${args.join(' ')}: ${result.stdout}${result.stderr}`);
    assert.match(result.stderr, /^porchlight: [^\n]+\n$/);
    assert.match(result.stderr, pattern);
}

describe('a backup without a server', () => {
    test('is one file that tar opens, for its owner alone, and that restores the same community', async () => {
        const data = await demoData();
        const before = await exported(data);
        const file = join(temporaryFolder('out'), 'community.tar.gz');
        const said = await mustOn(data, ['backup', file]);
        assert.match(said, /^.*community\.tar\.gz\nBackup of .*: 33 members, 2 teams, 120 posts/);
        assert.equal(statSync(file).mode & 0o777, 0o600);
        const { folder, facts } = unpacked(file);
        assert.deepEqual([facts.format, facts.event], [1, value(folder, "SELECT value FROM sequence WHERE name = 'event'")]);
        assert.ok(facts.rows.includes('users:33'));
        assert.deepEqual(sql(folder, 'PRAGMA integrity_check')[0], [['ok']]);
        const elsewhere = join(temporaryFolder(), 'new');
        await mustOn(elsewhere, ['restore', file]);
        assert.equal(await exported(elsewhere), before);
        assert.deepEqual(readdirSync(data).filter((name) => /partial|backups/.test(name)), []);
    });

    test('without a name goes into the folder of backups, of which the newest are kept', async () => {
        const data = await demoData();
        const folder = join(data, 'backups');
        mkdirSync(folder);
        for (const day of ['01', '02', '03']) writeFileSync(join(folder, `porchlight-202601${day}T000000Z.tar.gz`), '');
        writeFileSync(join(folder, 'my own.tar.gz'), 'keep me');
        const said = await mustOn(data, ['backup', '--backup-keep', '2']);
        const [older, newest, ...more] = backupsIn(folder);
        assert.deepEqual([older, more], ['porchlight-20260103T000000Z.tar.gz', []]);
        assert.equal(said.split('\n')[0], join(folder, newest));
        assert.equal(readFileSync(join(folder, 'my own.tar.gz'), 'utf8'), 'keep me');
    });

    test('refuses a place that is no file, and what is damaged', async () => {
        const data = await demoData();
        await failsWith(data, ['backup', temporaryFolder()], /it is there already, and no file/);
        await failsWith(data, ['backup', join(data, 'nowhere', 'x.tar.gz')], /cannot write .*No such file/);
        sql(data, "UPDATE sqlite_schema SET rootpage = 9 WHERE name = 'posts_by_team'", { writable: true });
        const file = join(data, 'x.tar.gz');
        await failsWith(data, ['backup', file], /no backup was made: porchlight\.db is damaged/);
        assert.ok(!existsSync(file) && !existsSync(`${file}.partial`));
    });
});

describe('a backup while members write', () => {
    const WRITERS = 8;
    let server;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on'] });
    });
    after(() => server?.stop());

    /* Each writer posts a number (porchlight.db) and only then prefers it (rooms.db), in turn, until told to stop. */
    let phases = 0;
    async function writing(during) {
        const phase = (phases += 1);
        let stop = false;
        const times = [];
        const writers = Array.from({ length: WRITERS }, async (_, i) => {
            const member = as(server, `member${i + 1}`);
            for (let n = 0; !stop; n++) {
                expectStatus(await member.post('/posts', { body: `Both ${i} ${phase} ${n}` }), 201);
                times.push(performance.now());
                expectStatus(await member.put('/me/preferences', { topics: [`p${phase}n${n}`] }), 200);
                times.push(performance.now());
            }
        });
        await until(() => times.length > 4 * WRITERS, { what: 'writing' });
        times.length = 0;
        try {
            await during();
        } finally {
            stop = true;
            await Promise.all(writers);
        }
        return Math.max(...times.slice(1).map((at, i) => at - times[i]));
    }

    test('has both files at one moment, again and again, and holds no writer for 50 ms', { timeout: 120_000 }, async (t) => {
        for (let i = 1; i <= WRITERS; i++) await server.token(`member${i}`);
        // Commands are started in both cases: that alone keeps this process from its writing for a while.
        const quiet = await writing(async () => {
            for (let i = 0; i < 10; i++) await server.must('user', 'list');
        });
        const files = [];
        const longest = await writing(async () => {
            for (let i = 0; i < 5; i++) {
                const file = join(temporaryFolder('out'), 'now.tar.gz');
                await server.must('backup', file);
                files.push(file);
            }
        });
        const held = await figure(server, 'porchlight_backup_writer_pause_seconds');
        t.diagnostic(`longest gap between two acknowledged writes: ${longest.toFixed(1)} ms, without backups ${quiet.toFixed(1)} ms; a writer was held ${(held * 1000).toFixed(1)} ms`);
        assert.ok(held < 0.05, `a writer was held for ${held} s`);
        assert.ok(longest < 50 + 2 * quiet, `nobody's write was acknowledged for ${longest} ms`);
        let some = 0;
        for (const file of files) {
            const { folder } = unpacked(file);
            for (let i = 0; i < WRITERS; i++) {
                const [[[posted]], [[kept]]] = sql(folder,
                    `SELECT MAX(CAST(SUBSTR(body, 10) AS INTEGER)) FROM posts WHERE body LIKE 'Both ${i} 2 %'`,
                    `SELECT CAST(value AS TEXT) FROM rooms.room_values WHERE key = 'preferences' AND room = 'member/' || (SELECT id FROM users WHERE username = 'member${i + 1}')`);
                const [, phase, preferred] = /p(\d+)n(\d+)/.exec(kept).map(Number);
                if (posted === null || phase === 1) continue; // this one had hardly begun
                some++;
                // What is preferred was posted before: one file is never ahead of the other by more than is under way.
                assert.ok(posted === preferred || posted === preferred + 1, `writer ${i}: ${posted} in porchlight.db, ${preferred} in rooms.db`);
            }
        }
        assert.ok(some > 2 * WRITERS, 'the writers hardly wrote: the test shows nothing');
    });

    test('on a full disk fails in a plain sentence, leaves nothing, and the server goes on', async (t) => {
        const small = temporaryFolder('small');
        if (!isRoot || !mounted(t, small, '16k')) {
            t.skip('a file system may not be mounted here');
            return;
        }
        await failsWith(server.data, ['backup', join(small, 'x.tar.gz')], /no backup was made: the disk is full: there is no room for the backup/);
        assert.deepEqual(readdirSync(small), []);
        assert.equal(await figure(server, 'porchlight_backup_failing'), 1);
        assert.equal((await request(server, { path: '/readyz' })).json.backups, 'failing');
        await server.must('backup', join(temporaryFolder('out'), 'x.tar.gz'));
        assert.equal(await figure(server, 'porchlight_backup_failing'), 0);
        assert.ok(!existsSync(join(server.data, 'backup.work')));
    });
});

describe('scheduled backups', () => {
    test('are made in time, kept, told in /metrics, and tried again after a failure', async () => {
        const data = await demoData();
        const folder = join(data, 'kept');
        const args = ['--backup-every', '1h', '--backup-keep', '2', '--backup-to', 'kept'];
        let server = await startServer({ data, args });
        const made = () => figure(server, 'porchlight_backups_total');
        await until(async () => (await made()) === 1, { what: 'the first backup' });
        assert.equal((await request(server, { path: '/readyz' })).json.backups, 'ok');
        for (const n of [2, 3]) {
            await server.advance(3601);
            await until(async () => (await made()) === n, { what: `backup ${n}` });
        }
        const names = backupsIn(folder);
        assert.equal(names.length, 2);
        const newest = join(folder, names[1]);
        assert.equal(await figure(server, 'porchlight_backup_last_size_bytes'), statSync(newest).size);
        assert.ok((await figure(server, 'porchlight_backup_last_success_timestamp_seconds')) > Date.now() / 1000 + 7000);

        renameSync(folder, `${folder}.away`);
        writeFileSync(folder, 'no folder');
        await server.advance(3601);
        await until(async () => (await figure(server, 'porchlight_backup_failing')) === 1, { what: 'a failure' });
        assert.equal((await request(server, { path: '/readyz' })).status, 200);
        assert.ok(server.logs.some((line) => line.includes('backup.failed') && line.includes('Not a directory')));
        rmSync(folder);
        renameSync(`${folder}.away`, folder);
        await server.advance(301);
        await until(async () => (await figure(server, 'porchlight_backup_failing')) === 0, { what: 'the next try' });
        await server.stop();

        server = await startServer({ data, args }); // its clock is behind what the names say: one is made at once
        await until(async () => (await made()) === 1, { what: 'one after the clock went back' });
        await server.stop();
        unpacked(newest);
    });

    test('a start does not make one before its time', async () => {
        const data = await demoData();
        await mustOn(data, ['backup']);
        const server = await startServer({ data, args: ['--backup-every', '1d'] });
        assert.equal(await figure(server, 'porchlight_backups_total'), 0);
        await server.advance(86_000);
        await server.advance(1000);
        await until(async () => (await figure(server, 'porchlight_backups_total')) === 1, { what: 'the next one' });
        await server.stop();
    });
});

describe('a restore', () => {
    test('makes a new epoch: polls and sockets with an old cursor begin anew, and no id comes back', async () => {
        const data = await demoData();
        let server = await startServer({ data, args: ['--realtime', 'on'] });
        const token = await server.token('member1');
        const ruth = as(server, 'member1');
        const kept = expectStatus(await ruth.post('/posts', { body: 'Before the backup' }), 201);
        const liked = expectStatus(await ruth.put(`/posts/${kept.id}/like`), 200); // in rooms.db, on its way
        assert.equal(liked.count, 1);
        const team = expectStatus(await ruth.get('/me'), 200).team.id;
        const file = join(temporaryFolder('out'), 'before.tar.gz');
        await server.must('backup', file);
        const lost = expectStatus(await ruth.post('/posts', { body: 'After the backup' }), 201);
        const cursor = await cursorOf(server, 'member1');
        await failsWith(data, ['restore', file], /is in use by another server \(process \d+\): stop it first/);
        await server.kill();

        const said = await mustOn(data, ['restore', file]);
        const aside = /What was there before is in (\S+);/.exec(said)[1];
        assert.equal(value(aside, "SELECT COUNT(*) FROM posts WHERE body = 'After the backup'"), 1, 'what was there is kept');
        server = await startServer({ data, args: ['--realtime', 'on'] });
        try {
            const again = as(server, { token });
            const answer = expectStatus(await again.get(`/changes?since=${cursor}`), 200);
            assert.equal(answer.reset, true);
            assert.notEqual(answer.cursor.split('-')[0], cursor.split('-')[0]);
            const socket = await connect({ server, token });
            const id = socket.say({ type: 'JOIN_TEAM', teamId: team, since: cursor });
            const first = await socket.next((it) => ['WELCOME', 'RESET', 'error'].includes(it.type) || it.id === id);
            const reset = first.type === 'RESET' ? first : await socket.next('RESET');
            assert.equal(reset.cursor.split('-')[0], answer.cursor.split('-')[0]);
            await socket.close();
            assert.deepEqual([expectStatus(await again.get(`/posts/${kept.id}`), 200).count], [1]);
            assert.equal((await again.get(`/posts/${lost.id}`)).status, 404);
            assert.ok(BigInt(expectStatus(await again.post('/posts', { body: 'A new one' }), 201).id) > BigInt(lost.id), 'ids never come back');
        } finally {
            await server.stop();
        }
        await mustOn(data, ['doctor']);
    });

    test('refuses what is not whole, and changes nothing', async () => {
        const data = await demoData();
        const folder = temporaryFolder('bad');
        const file = join(folder, 'good.tar.gz');
        await mustOn(data, ['backup', file]);
        const bytes = readFileSync(file);
        const before = await exported(data);
        const flipped = Buffer.from(bytes);
        flipped[bytes.length >> 1] ^= 0x40;
        const repacked = join(folder, 'repacked');
        mkdirSync(repacked);
        execFileSync('tar', ['xzf', file, '-C', repacked]);
        const db = join(repacked, 'porchlight.db');
        const changed = readFileSync(db);
        changed[changed.length - 100] ^= 1;
        writeFileSync(db, changed);
        execFileSync('tar', ['czf', join(folder, 'changed'), '--format=ustar', '-C', repacked, 'backup.json', 'porchlight.db', 'rooms.db']);
        execFileSync('tar', ['czf', join(folder, 'other'), '-C', repacked, 'rooms.db']);
        const facts = readFileSync(join(repacked, 'backup.json'), 'utf8');
        writeFileSync(join(repacked, 'backup.json'), facts.replace('"format":1', '"format":2'));
        execFileSync('tar', ['czf', join(folder, 'newer'), '--format=ustar', '-C', repacked, 'backup.json', 'porchlight.db', 'rooms.db']);
        const table = [
            ['flipped', flipped, /is no backup, or not a whole one/],
            ['short', bytes.subarray(0, bytes.length - 9), /is no backup, or not a whole one/],
            ['half', bytes.subarray(0, bytes.length >> 1), /it ends too early|cannot be unpacked/],
            ['empty', Buffer.alloc(0), /is no backup, or not a whole one/],
            ['text', Buffer.from('hello\n'.repeat(200)), /it is not packed with gzip/],
            ['changed', undefined, /a database in it is not what it was/],
            ['other', undefined, /another file is in its place/],
            ['newer', undefined, /a newer porchlight made this backup/],
        ];
        for (const [name, content, pattern] of table) {
            if (content) writeFileSync(join(folder, name), content);
            await failsWith(data, ['restore', join(folder, name)], pattern);
            await failsWith(data, ['restore', join(folder, name), '--dry-run'], pattern);
        }
        assert.equal(await exported(data), before);
        assert.deepEqual(readdirSync(data).filter((name) => /restor/.test(name)), []);
    });

    test('takes an older schema, which it brings up to date, and refuses a newer one', async () => {
        const build = (folder, kind) => {
            const script = `
import hashlib, os, sqlite3, sys
folder, source, name, keep = sys.argv[1:5]
db = sqlite3.connect(os.path.join(folder, name), isolation_level=None)
db.execute('CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TEXT NOT NULL)')
files = sorted(f for f in os.listdir(source) if f.endswith('.sql'))[:int(keep)]
for number, file in enumerate(files, 1):
    text = open(os.path.join(source, file), 'rb').read()
    db.executescript(text.decode())
    db.execute('INSERT INTO migrations VALUES (?, ?, ?, ?)', (number, file[:-4], hashlib.blake2b(text, digest_size=32).hexdigest(), '2026-01-01T00:00:00.000Z'))
if name == 'porchlight.db':
    db.execute("INSERT INTO meta VALUES ('epoch', CAST('00112233445566ff' AS BLOB)), ('secret', randomblob(32))")
    db.execute("INSERT INTO users (username, name, role, created_ms) VALUES ('old', 'Old friend', 'member', 1)")
`;
            const source = kind === 'rooms.db' ? join(migrations, 'rooms') : migrations;
            execFileSync('python3', ['-c', script, folder, source, kind, '1']);
        };
        const old = temporaryFolder('old');
        build(old, 'porchlight.db');
        build(old, 'rooms.db');
        const file = join(temporaryFolder('out'), 'old.tar.gz');
        await mustOn(old, ['backup', file]);
        assert.equal(value(old, 'SELECT COUNT(*) FROM migrations'), 1, 'a backup migrates nothing');
        const data = await demoData();
        await mustOn(data, ['restore', file]);
        const server = await startServer({ data });
        assert.equal(JSON.parse(await server.must('user', 'list', '--json'))[0].username, 'old');
        await server.stop();

        const newer = await demoData();
        sql(newer, "INSERT INTO migrations VALUES (99, 'x', 'y', 'z')");
        await mustOn(newer, ['backup', file]);
        await failsWith(data, ['restore', file], /the database has migration 99, .*use a newer porchlight/);
    });

    test('that was cut off is ended by whoever opens the data next', async () => {
        const data = await demoData();
        const other = await demoData();
        await mustOn(other, ['user', 'add', 'zoe', '--name', 'Zoe']);
        const ready = join(data, 'restoring');
        mkdirSync(ready);
        writeFileSync(join(ready, 'aside'), 'before-restore-20260131T083000Z');
        await mustOn(other, ['backup', join(other, 'x.tar.gz')]);
        execFileSync('tar', ['xzf', join(other, 'x.tar.gz'), '-C', ready, 'porchlight.db', 'rooms.db']);
        await failsWith(data, ['export', '-'], /a restore in .* was cut off; `porchlight migrate` ends it/);
        // Half way: one file is moved already.
        const aside = join(data, 'before-restore-20260131T083000Z');
        mkdirSync(aside);
        for (const end of ['', '-wal', '-shm'])
            if (existsSync(join(data, `porchlight.db${end}`))) renameSync(join(data, `porchlight.db${end}`), join(aside, `porchlight.db${end}`));
        cpSync(join(ready, 'porchlight.db'), join(data, 'porchlight.db'));
        rmSync(join(ready, 'porchlight.db'));
        await mustOn(data, ['migrate']);
        assert.match(await mustOn(data, ['user', 'list']), /zoe/);
        assert.ok(!existsSync(ready));
        assert.ok(existsSync(join(aside, 'rooms.db')));
    });
});
