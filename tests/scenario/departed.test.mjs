/*
 * Who deleted their account does not come back: not with a backup from before, nor with an import, nor with both files
 * lost. member1 of the demo community is 4; Sarah's team is 2.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { sql, value } from './databases.mjs';
import { as, cliOn, demoData, expectStatus, mustOn, startServer, temporaryFolder } from './harness.mjs';

const NAME = 'Wilhelmina Quastenflosser';
const SECRETS = ['zebrafinch-post', 'zebrafinch-message', 'zebrafinch-topic', NAME];
const out = temporaryFolder('out');

/* Which of the texts are anywhere in the databases of the data folder. */
const found = (folder) => {
    const names = readdirSync(folder).filter((name) => /\.db/.test(name));
    const all = Buffer.concat(names.map((name) => readFileSync(join(folder, name))));
    return SECRETS.filter((text) => all.includes(text));
};
const list = (data) => readFileSync(join(data, 'deleted-members'), 'utf8');
const left = (data) => sql(data, 'SELECT id FROM users WHERE deleted_ms IS NOT NULL ORDER BY id')[0].flat();
const audit = async (data) => JSON.parse(await mustOn(data, ['audit', '--json'])).map(({ action, subjectId }) => [action, subjectId]);

/* member1 has written here and there, and Sarah has pinned a post of theirs; a backup and an export have it all. */
async function lived(mode, name) {
    const data = await demoData();
    const server = await startServer({ data, args: ['--realtime', mode] });
    const me = as(server, 'member1');
    expectStatus(await me.patch('/me', { name: NAME }), 200);
    const post = expectStatus(await me.post('/posts', { body: 'zebrafinch-post' }), 201);
    expectStatus(await as(server, 'sarah').put(`/posts/${post.id}/pin`), 200);
    const channel = expectStatus(await me.get('/channels'), 200).items[0].id;
    expectStatus(await me.post(`/channels/${channel}/messages`, { content: 'zebrafinch-message' }), 201);
    expectStatus(await me.put('/me/preferences', { topics: ['zebrafinch-topic'] }), 200);
    expectStatus(await as(server, 'sarah').put('/teams/2/mutes/4', { minutes: 60 }), 200);
    const backup = join(out, `${name}.tar.gz`);
    const before = join(out, `${name}.jsonl`);
    await server.must('backup', backup);
    await server.must('export', before);
    return { data, server, backup, before };
}

for (const mode of ['off', 'on']) describe(`with realtime ${mode}`, () => {
    test('a restore leaves who left since the backup away, to the last byte, also when the files are lost', async () => {
        const { data, server, backup } = await lived(mode, `restore-${mode}`);
        expectStatus(await as(server, 'member1').delete('/me', { password: 'porchlight' }), 204);
        assert.match(list(data), /^# .*\n# .*\n[0-9a-f]{16} 4 \d{4}-\d\d-\d\dT[\d:.]+Z\n$/, 'when they are told, it is noted');
        assert.equal(statSync(join(data, 'deleted-members')).mode & 0o777, 0o600);
        assert.ok(!SECRETS.some((text) => list(data).includes(text)));
        await server.stop();

        await mustOn(data, ['restore', backup]);
        assert.deepEqual([left(data), found(data)], [[4], []]);
        assert.deepEqual((await audit(data)).slice(-2), [['backup.restore', null], ['user.delete', '4']]);
        assert.equal((await cliOn(data, ['doctor'])).code, 0);

        for (const name of readdirSync(data)) if (/\.db|before-/.test(name)) rmSync(join(data, name), { recursive: true });
        await mustOn(data, ['restore', backup]);
        assert.deepEqual([left(data), found(data)], [[4], []]);
        const again = await startServer({ data, args: ['--realtime', mode] });
        assert.notEqual((await again.cli('token', 'issue', '--user', 'member1')).code, 0);
        expectStatus(await as(again, 'sarah').get('/posts'), 200);
        await again.stop();
    });
});

test('a deletion by command, without a server and without the file, stays as well', async () => {
    const { data, server, backup } = await lived('off', 'command');
    await server.stop();
    await mustOn(data, ['user', 'delete', 'member1']);
    assert.match(list(data), / 4 /);
    rmSync(join(data, 'deleted-members')); // as if an older version had deleted the account
    await mustOn(data, ['restore', backup]);
    assert.deepEqual([left(data), found(data)], [[4], []]);
    assert.match(list(data), / 4 /);
});

test('the id of another person, or of another community, is nobody who left', async () => {
    const { data, server, backup } = await lived('off', 'other');
    await server.stop();
    const after = join(out, 'after.tar.gz');
    await mustOn(data, ['user', 'add', 'ruth', '--name', 'Ruth']);
    const id = value(data, "SELECT id FROM users WHERE username = 'ruth'");
    await mustOn(data, ['backup', after]);
    /* It was given out anew: after a restore that could not know of it. */
    writeFileSync(join(data, 'deleted-members'), `${'0'.repeat(16)} 4 2099-01-01T00:00:00.000Z\n`);
    await mustOn(data, ['user', 'delete', 'member1']);
    writeFileSync(join(data, 'deleted-members'), list(data) + list(data).trim().split('\n').at(-1).replace(/ 4 .*/, ` ${id} 2020-01-01T00:00:00.000Z\n`));
    await mustOn(data, ['restore', after]);
    assert.deepEqual(left(data), [4]);

    const other = await demoData();
    sql(other, "UPDATE meta SET value = randomblob(32) WHERE key = 'secret'"); // copies of the demo share theirs
    const foreign = join(out, 'foreign.tar.gz');
    await mustOn(other, ['backup', foreign]);
    await mustOn(data, ['restore', foreign]);
    assert.deepEqual(left(data), []);
    await mustOn(data, ['restore', backup]);
    assert.deepEqual(left(data), [4], 'and the list is still there');
});

test('a list that is not understood stops a restore before anything is changed', async () => {
    const { data, server, backup } = await lived('off', 'broken');
    await server.stop();
    const before = await audit(data);
    for (const line of ['nonsense', `${'0'.repeat(16)} 4`, `${'0'.repeat(16)} x 2020-01-01T00:00:00Z`, `${'0'.repeat(16)} 99999999999999999999 2020-01-01T00:00:00Z`]) {
        writeFileSync(join(data, 'deleted-members'), `# a comment\n\n${line}\n`);
        const { code, stderr } = await cliOn(data, ['restore', backup]);
        assert.equal(code, 1);
        assert.match(stderr, /line 3 of .*deleted-members is not understood/);
    }
    assert.deepEqual(await audit(data), before);
});

describe('import', () => {
    test('a file from before brings nobody back, also into a new community', async () => {
        const { data, server, before } = await lived('off', 'import');
        await server.stop();
        await mustOn(data, ['user', 'delete', 'member1']);
        assert.deepEqual(found(data), []);
        await mustOn(data, ['import', before]);
        assert.deepEqual([left(data), found(data)], [[4], []]);
        assert.equal(value(data, 'SELECT COUNT(*) FROM memberships WHERE user_id = 4'), 0);
        assert.equal(value(data, 'SELECT COUNT(*) FROM mutes WHERE user_id = 4'), 0);

        const now = join(out, 'now.jsonl');
        await mustOn(data, ['export', now]);
        assert.match(readFileSync(now, 'utf8'), /"username":"former-4".*"deletedAt":"/);
        const fresh = temporaryFolder();
        await mustOn(fresh, ['migrate']);
        await mustOn(fresh, ['import', now]);
        await mustOn(fresh, ['import', before]);
        assert.deepEqual([left(fresh), found(fresh)], [[4], []]);
        await mustOn(fresh, ['export', `${now}.2`]);
        assert.equal(readFileSync(`${now}.2`, 'utf8'), readFileSync(now, 'utf8'), 'and nothing else is lost or changed');
        assert.equal((await cliOn(fresh, ['doctor'])).code, 0);
    });

    test('who is here does not leave by a file', async () => {
        const data = await demoData();
        const file = join(out, 'left.jsonl');
        writeFileSync(file, '{"type":"user","id":"4","username":"member1","name":"Mary","deletedAt":"2026-01-01T00:00:00Z"}\n');
        const { code, stderr } = await cliOn(data, ['import', file]);
        assert.equal(code, 1);
        assert.match(stderr, /line 1: the user "4" has left for good in this file, but is member1 here/);
        assert.deepEqual(left(data), []);
    });

    test('pauses and the word list come along, and hold', async () => {
        const { server, data, before } = await lived('off', 'kind');
        await server.must('words', 'add', 'Scam');
        await server.must('mute', 'dave', 'member21', '30');
        await server.must('export', before);
        await server.stop();
        const text = readFileSync(before, 'utf8');
        assert.match(text, /^\{"type":"mute","teamId":"2","userId":"4","until":"[^"]+","authorId":"2","createdAt":"[^"]+"\}$/m);
        assert.match(text, /^\{"type":"word","word":"scam"\}$/m);
        const fresh = temporaryFolder();
        await mustOn(fresh, ['migrate']);
        const there = await startServer({ data: fresh });
        await there.must('import', before);
        assert.match(await there.must('import', before), / 0 new, 0 updated/);
        await there.must('export', `${before}.2`);
        assert.equal(readFileSync(`${before}.2`, 'utf8'), text);
        assert.equal(expectStatus(await as(there, 'member2').post('/posts', { body: 'A scám' }), 201).hidden, 'words');
        expectStatus(await as(there, 'member1').post('/posts', { body: 'Not now' }), 403);
        await there.stop();

        const bad = join(out, 'bad.jsonl');
        for (const [line, reason] of [
            ['{"type":"mute","teamId":"2","userId":"99999","until":"2099-01-01T00:00:00Z"}', /there is no user "99999"/],
            ['{"type":"mute","teamId":"99999","userId":"5","until":"2099-01-01T00:00:00Z"}', /there is no team "99999"/],
            ['{"type":"mute","teamId":"2","userId":"5"}', /a mute needs the field "until"/],
            ['{"type":"word","word":"two words"}', /"two words" is none/],
        ]) {
            writeFileSync(bad, `${line}\n`);
            assert.match((await cliOn(data, ['import', bad])).stderr, reason);
        }
    });
});
