/*
 * porchlight doctor: each thing is broken on purpose, beside the program; doctor finds just that, repairs it, and finds
 * nothing afterwards. Member 4 is member1 of the demo community, team 2 is Sarah's.
 */
import assert from 'node:assert/strict';
import { closeSync, cpSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { sql, value } from './databases.mjs';
import { as, cliOn, demoData, expectStatus, mustOn, startServer, temporaryFolder } from './harness.mjs';

const newest = "(SELECT value FROM sequence WHERE name = 'event')";

/* name: what doctor calls it, several when one slip is several faults; then, what must hold after the repair. */
const table = [
    ['a count of likes', ['like-counts'], ['UPDATE posts SET likes = likes + 3 WHERE id = 5'],
        'SELECT likes = (SELECT COUNT(*) FROM likes WHERE post_id = 5) FROM posts WHERE id = 5'],
    ['a like of a deleted post', ['likes-of-deleted'], ["UPDATE posts SET deleted_ms = 1, body = '', pinned_ms = NULL WHERE id = 5"],
        'SELECT likes = 0 AND 0 = (SELECT COUNT(*) FROM likes WHERE post_id = 5) FROM posts WHERE id = 5'],
    ['a like of nobody', ['references', 'like-counts'], ['INSERT INTO likes VALUES (5, 99999, 1)'],
        'SELECT COUNT(*) = 0 FROM likes WHERE user_id = 99999'],
    ['a member who vanished', ['references', 'rooms-of-nobody'], ['DELETE FROM users WHERE id = 12'],
        'SELECT COUNT(*) = 0 FROM posts WHERE author_id = 12'],
    ['a message that answers nothing', ['references'], ['UPDATE messages SET thread_id = 99999 WHERE id = 3'],
        'SELECT thread_id IS NULL FROM messages WHERE id = 3'],
    ['a counter beside its newest change', ['counter-values'], ['UPDATE counters SET value = value + 1'],
        'SELECT value = (SELECT value FROM counter_changes ORDER BY operation DESC LIMIT 1) FROM counters'],
    ['a change that is missing', ['counter-history'], ['DELETE FROM counter_changes WHERE operation = 7'],
        'SELECT COUNT(*) = MAX(operation) AND MAX(operation) = (SELECT operations FROM counters) FROM counter_changes'],
    ['a gap behind what was forgotten', ['counter-history'], ['DELETE FROM counter_changes WHERE operation <= 5', 'UPDATE counters SET forgotten = 5', 'DELETE FROM counter_changes WHERE operation = 9'],
        'SELECT MIN(operation) = 6 AND COUNT(*) = MAX(operation) - 5 AND MAX(operation) = (SELECT operations FROM counters) FROM counter_changes'],
    ['the newest change is missing', ['counter-values'], ['DELETE FROM counter_changes WHERE operation = (SELECT MAX(operation) FROM counter_changes)'],
        'SELECT operations = (SELECT MAX(operation) FROM counter_changes) FROM counters'],
    ['a team without a channel', ['team-channels'], [
        'CREATE TEMP TABLE gone AS SELECT id FROM channels WHERE team_id = 3',
        'DELETE FROM messages WHERE channel_id IN (SELECT id FROM gone)',
        'DELETE FROM receipts WHERE channel_id IN (SELECT id FROM gone)',
        'DELETE FROM channels WHERE id IN (SELECT id FROM gone)'], 'SELECT COUNT(*) = 1 FROM channels WHERE team_id = 3'],
    ['a channel behind its messages', ['channel-heads'], ['UPDATE channels SET seq = 1 WHERE id = (SELECT MIN(channel_id) FROM messages)'],
        'SELECT seq > 1 FROM channels WHERE id = (SELECT MIN(channel_id) FROM messages)'],
    ['a receipt of what has not arrived', ['receipts'], ['UPDATE receipts SET read_id = delivered_id + 1'],
        'SELECT MIN(read_id = delivered_id) FROM receipts'],
    ['an event of a post that is not there', ['events-of-nothing'], [`INSERT INTO events VALUES (${newest} + 1, 2, 1, 99999, 1)`, "UPDATE sequence SET value = value + 1 WHERE name = 'event'"],
        'SELECT COUNT(*) = 0 FROM events WHERE subject_id = 99999'],
    ['a sequence that went back', ['sequence'], ["UPDATE sequence SET value = value - 10 WHERE name = 'event'"],
        `SELECT ${newest} >= MAX(seq) FROM events`],
    ['no sequence', ['sequence'], ["DELETE FROM sequence WHERE name = 'event'"], `SELECT ${newest} >= MAX(seq) FROM events`],
    ['no epoch', ['epoch'], ["DELETE FROM meta WHERE key = 'epoch'"], "SELECT LENGTH(value) = 16 FROM meta WHERE key = 'epoch'"],
    ['a short secret', ['secret'], ["UPDATE meta SET value = x'00' WHERE key = 'secret'"], "SELECT LENGTH(value) = 32 FROM meta WHERE key = 'secret'"],
    ['an alarm of nobody', ['rooms-of-nobody'], ["INSERT INTO rooms.room_alarms (room, due_ms) VALUES ('member/99999', 1)"],
        "SELECT COUNT(*) = 0 FROM rooms.room_alarms WHERE room = 'member/99999'"],
    ['what is kept for nobody', ['rooms-of-nobody', 'room-sizes'], ["INSERT INTO rooms.room_values VALUES ('member/99999', 'week', x'31')"],
        "SELECT COUNT(*) = 0 FROM rooms.room_values WHERE room = 'member/99999'"],
    ['a digest that no list has', ['digests-unlisted', 'room-sizes'], ["INSERT INTO rooms.room_values VALUES ('digest/4:77', 'job', x'7b7d')"],
        "SELECT COUNT(*) = 0 FROM rooms.room_values WHERE room = 'digest/4:77'"],
    ['a digest that is only listed', ['digests-missing', 'room-sizes'], ["INSERT INTO rooms.room_values VALUES ('member/4', 'digest/0000000000000000078', x'')"],
        "SELECT COUNT(*) = 0 FROM rooms.room_values WHERE key = 'digest/0000000000000000078'"],
    ['an alarm of a digest that is not there', ['alarms-of-nothing'], ["INSERT INTO rooms.room_alarms (room, due_ms) VALUES ('digest/4:79', 1)"],
        "SELECT COUNT(*) = 0 FROM rooms.room_alarms WHERE room = 'digest/4:79'"],
    ['a like on its way to nothing', ['likes-of-nothing'], ['INSERT INTO rooms.pending_likes VALUES (99999, 4, 1, 1, 1000000)'],
        'SELECT COUNT(*) = 0 FROM rooms.pending_likes'],
    ['sizes of rooms', ['room-sizes'], ["UPDATE rooms.room_sizes SET bytes = bytes + 1 WHERE room = 'member/4'"],
        "SELECT bytes = (SELECT SUM(LENGTH(CAST(key AS BLOB)) + LENGTH(value)) FROM rooms.room_values WHERE room = 'member/4') FROM rooms.room_sizes WHERE room = 'member/4'"],
    // An index is made without a row, and then says that it has all of them.
    ['an index that lacks a row', ['pages'], ['DROP INDEX posts_by_team', 'CREATE INDEX posts_by_team ON posts (team_id, id) WHERE deleted_ms IS NULL AND id <> 5',
        'PRAGMA writable_schema = ON',
        "UPDATE sqlite_schema SET sql = 'CREATE INDEX posts_by_team ON posts (team_id, id) WHERE deleted_ms IS NULL' WHERE name = 'posts_by_team'"],
        'SELECT COUNT(*) = 1 FROM posts INDEXED BY posts_by_team WHERE id = 5 AND deleted_ms IS NULL'],
];

const namesIn = (text) => [...text.matchAll(/^([a-z-]+): /gm)].map((found) => found[1]);

/* Rows of the sort that only life makes: a digest, an opinion. */
let lived;
before(async () => {
    lived = await demoData();
    const server = await startServer({ data: lived });
    expectStatus(await as(server, 'member1').post('/me/feedback', { articleId: '1', feedback: 'helpful', topics: ['tea'] }), 200);
    expectStatus(await as(server, 'member1').post('/digests', { topics: ['tea'] }), 201);
    await server.stop();
});

function living() {
    const folder = temporaryFolder();
    for (const name of readdirSync(lived).filter((each) => /\.db/.test(each))) cpSync(join(lived, name), join(folder, name));
    return folder;
}

describe('doctor', () => {
    test('finds nothing where nothing is wrong, also while a server writes, and makes no backup then', async () => {
        const data = living();
        assert.equal(await mustOn(data, ['doctor']), 'Nothing is wrong.');
        assert.equal(await mustOn(data, ['doctor', '--repair']), 'Nothing is wrong.');
        assert.ok(!readdirSync(data).includes('backups'));
        const server = await startServer({ data });
        assert.equal(await server.must('doctor'), 'Nothing is wrong.');
        const refused = await server.cli('doctor', '--repair');
        assert.equal(refused.code, 1);
        assert.match(refused.stderr, /is in use by another server \(process \d+\): stop it first, then repair/);
        await server.stop();
    });

    for (const [name, faults, statements, holds] of table)
        test(`${name}: found, repaired, gone`, async () => {
            const data = living();
            sql(data, ...statements);
            const looked = await cliOn(data, ['doctor']);
            assert.equal(looked.code, 3, looked.stdout + looked.stderr);
            assert.deepEqual(namesIn(looked.stdout).sort(), [...faults].sort(), looked.stdout);
            assert.match(looked.stdout, /`porchlight doctor --repair` repairs it, after a backup\.$/m);
            const repaired = await mustOn(data, ['doctor', '--repair']);
            assert.match(repaired, /^A backup from before: \S+\/backups\/porchlight-\S+\.tar\.gz$/m);
            assert.deepEqual(namesIn(repaired.replace(/^A backup.*\n/, '')).sort(), [...faults].sort());
            assert.match(repaired, /Everything is repaired\.$/);
            assert.equal(await mustOn(data, ['doctor']), 'Nothing is wrong.');
            assert.equal(value(data, holds), 1, holds);
        });

    test('a history whose beginning was forgotten on purpose is sound', async () => {
        const data = living();
        sql(data, 'DELETE FROM counter_changes WHERE operation <= 50', 'UPDATE counters SET forgotten = 50');
        assert.equal(await mustOn(data, ['doctor', '--repair']), 'Nothing is wrong.');
        assert.equal(value(data, 'SELECT MIN(operation) FROM counter_changes'), 51);
    });

    test('damaged pages are named, and nothing is changed: only a backup helps', async () => {
        const data = living();
        await mustOn(data, ['backup', join(data, 'good.tar.gz')]);
        sql(data, 'PRAGMA wal_checkpoint(TRUNCATE)', 'UPDATE posts SET likes = likes + 1 WHERE id = 5', 'PRAGMA wal_checkpoint(TRUNCATE)');
        const root = value(data, "SELECT rootpage FROM sqlite_schema WHERE name = 'likes'");
        const file = openSync(join(data, 'porchlight.db'), 'r+');
        writeSync(file, Buffer.alloc(200, 0xee), 0, 200, (root - 1) * 4096);
        closeSync(file);
        for (const args of [['doctor'], ['doctor', '--repair']]) {
            const looked = await cliOn(data, args);
            assert.equal(looked.code, 3, looked.stdout + looked.stderr);
            assert.match(looked.stdout, /^pages: pages that are damaged \(.*\)\. Only a backup helps: `porchlight restore FILE`\.$/m);
        }
        await mustOn(data, ['restore', join(data, 'good.tar.gz')]);
        assert.equal(await mustOn(data, ['doctor']), 'Nothing is wrong.');
    });

    test('a file that is no database, or not there, is said', async () => {
        const data = living();
        for (const end of ['-wal', '-shm']) rmSync(join(data, `rooms.db${end}`), { force: true });
        writeFileSync(join(data, 'rooms.db'), 'not a database at all, but some text of a length\n'.repeat(100));
        const looked = await cliOn(data, ['doctor']);
        assert.equal(looked.code, 1);
        assert.match(looked.stderr, /one of them is no database any more; restore a backup/);
        rmSync(join(data, 'rooms.db'));
        assert.match((await cliOn(data, ['doctor'])).stderr, /rooms\.db is not there; `porchlight migrate` makes it anew/);
    });
});
