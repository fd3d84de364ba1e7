/* What an admin looks after beside the flag: invites that are open, everybody, and the backups; and the same commands. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { allItems, as, assertMatch, cliOn, community, expectStatus, match, request, startServer, until } from './harness.mjs';

const unknown = '987654321';

for (const mode of ['off', 'on'])
    describe(`what an admin looks after, with realtime ${mode}`, () => {
        let server;
        let people;
        before(async () => {
            server = await startServer({ args: ['--realtime', mode] });
            people = await community(server, 'member1');
        });
        after(() => server.stop());

        const get = async (who, path) => expectStatus(await as(server, who).get(path), 200);
        const invites = async (who) => (await get(who, '/invites')).items;
        const invite = async (who, team, body = {}) =>
            expectStatus(await as(server, who).post(`/teams/${team}/invites`, body), 201);
        const joins = (code, username) =>
            as(server).post('/auth/join', { invite: code, name: 'New Member', username, password: 'a long walk' });
        const newest = async () => (await get('admin', '/admin/audit?limit=1')).items[0];

        test('invites that are open are listed, the newest first, for whom they concern', async () => {
            const own = await invite('sarah', people.walkers, { maxUses: 2 });
            const other = await invite('admin', people.strong, { maxUses: 1, expiresInHours: 1 });
            assertMatch(
                await invites('admin'),
                [
                    {
                        id: other.id,
                        team: { id: people.strong, name: 'Strong Together' },
                        createdBy: { id: people.admin.id, name: match.string },
                        maxUses: 1,
                        usesLeft: 1,
                        createdAt: match.time,
                        expiresAt: other.expiresAt,
                    },
                    { id: own.id, usesLeft: 2 },
                ],
                'all of them',
            );
            const text = JSON.stringify(await invites('admin'));
            for (const { code } of [own, other]) assert.ok(!text.includes(code), 'a code is told once');
            assert.deepEqual((await invites('sarah')).map(({ id }) => id), [own.id]);
            expectStatus(await as(server, 'member1').get('/invites'), 403);
            expectStatus(await as(server).get('/invites'), 401);
            const { headers } = await as(server, 'sarah').get('/invites');
            expectStatus(await as(server, 'sarah').get('/invites', { 'if-none-match': headers.etag }), 304);
            assert.equal((await get('admin', '/invites?limit=1')).items[0].id, other.id);
            assert.equal((await allItems(server, 'admin', '/invites', { limit: 1 })).length, 2);

            expectStatus(await joins(own.code, `first-${mode}`), 201);
            assertMatch(await invites('sarah'), [{ id: own.id, maxUses: 2, usesLeft: 1 }], 'one use is left');
            expectStatus(await joins(own.code, `second-${mode}`), 201);
            assert.deepEqual(await invites('sarah'), [], 'used up');
            await server.advance(3601);
            assert.deepEqual(await invites('admin'), [], 'over');
        });

        test('an invite that is taken back opens nothing, also after kill -9', async () => {
            const mine = await invite('sarah', people.walkers, { maxUses: 5 });
            const theirs = await invite('dave', people.strong);
            const take = (who, id) => as(server, who).delete(`/invites/${id}`);
            expectStatus(await take('member1', mine.id), 403);
            expectStatus(await take('sarah', theirs.id), 403);
            expectStatus(await take('admin', unknown), 404);
            expectStatus(await take('sarah', mine.id), 204);
            expectStatus(await take('sarah', mine.id), 404);
            assertMatch(
                await newest(),
                {
                    actorId: people.sarah.id,
                    action: 'invite.revoke',
                    teamId: people.walkers,
                    subject: 'invite',
                    subjectId: mine.id,
                },
                'the log',
            );
            const { data } = server;
            await server.kill();
            server = await startServer({ data, args: ['--realtime', mode] });
            assert.equal((await joins(mine.code, 'late')).status, 404);
            const [left, ...older] = await invites('admin');
            assert.ok(left.id === theirs.id && !older.some(({ id }) => id === mine.id));
        });

        test('the same at the command line', async () => {
            const [theirs] = await invites('admin');
            const lines = (await server.must('invites')).split('\n');
            assert.match(lines[0], /^ID +TEAM +MADE BY +LEFT +UNTIL$/);
            assert.match(lines[1], new RegExp(`^${theirs.id} +Strong Together +Dave +1 of 1 +\\d{4}-`));
            assert.deepEqual(JSON.parse(await server.must('invites', '--json')), await invites('admin'));
            for (const args of [['revoke'], ['revoke', 'x'], ['keep', '1'], ['revoke', '1', '2']])
                assert.equal((await cliOn(server.data, ['invites', ...args])).code, 2, args.join(' '));
            assert.equal((await cliOn(server.data, ['invites', 'revoke', unknown])).code, 1);
            await server.must('invites', 'revoke', theirs.id);
            assertMatch(await newest(), { actorId: null, action: 'invite.revoke', subjectId: theirs.id }, 'the log');
            assert.ok(!(await invites('admin')).some(({ id }) => id === theirs.id));
        });

        test('everybody is listed by id, for admins, without what is secret', async () => {
            const all = await allItems(server, 'admin', '/admin/members', { limit: 20 });
            assert.deepEqual(
                all,
                JSON.parse(await server.must('user', 'list', '--json')).sort((a, b) => a.id - b.id),
            );
            assertMatch(all.find(({ username }) => username === 'sarah'), { role: 'coach', team: 'Morning Walkers' }, 'sarah');
            await server.must('user', 'disable', 'member7');
            await server.must('user', 'delete', 'member8');
            const names = (await allItems(server, 'admin', '/admin/members')).map(
                ({ username, disabled }) => `${username} ${disabled}`,
            );
            assert.ok(names.includes('member7 true') && !names.some((it) => it.startsWith('former')), 'gone is gone');
            const { headers } = await as(server, 'admin').get('/admin/members');
            expectStatus(await as(server, 'admin').get('/admin/members', { 'if-none-match': headers.etag }), 304);
            for (const who of ['member1', 'sarah']) expectStatus(await as(server, who).get('/admin/members'), 403);
        });

        test('a backup that is asked for is made, listed, and told in the log', async () => {
            const before = await get('admin', '/admin/backups');
            assertMatch(
                before,
                { everySeconds: null, nextAt: null, keep: 7, making: false, problem: null, items: [] },
                'none is scheduled',
            );
            const { headers } = await as(server, 'admin').get('/admin/backups');
            expectStatus(await as(server, 'admin').get('/admin/backups', { 'if-none-match': headers.etag }), 304);
            for (const who of ['member1', 'sarah']) {
                expectStatus(await as(server, who).get('/admin/backups'), 403);
                expectStatus(await as(server, who).post('/admin/backups', {}), 403);
            }
            const ask = () =>
                request(server, {
                    method: 'POST',
                    path: '/admin/backups',
                    as: 'admin',
                    headers: { 'idempotency-key': 'one' },
                    body: {},
                });
            expectStatus(await ask(), 200);
            const made = await until(
                async () => {
                    const now = await get('admin', '/admin/backups');
                    return now.making ? null : now;
                },
                { what: 'the backup' },
            );
            assert.deepEqual(made.items.map(({ name }) => name), readdirSync(join(server.data, 'backups')));
            assert.ok(made.items[0].bytes > 1000 && made.problem === null);
            expectStatus(await ask(), 200); // the same request again, after the network failed
            assert.equal((await get('admin', '/admin/backups')).making, false);
            assertMatch(await newest(), { actorId: people.admin.id, action: 'backup.make' }, 'the log');

            const lines = (await server.must('backups')).split('\n');
            assert.match(lines[0], /^MADE +SIZE +NAME$/);
            assert.ok(lines[1].endsWith(made.items[0].name) && /^\d{4}-\S+ +\d+ KiB /.test(lines[1]), lines[1]);
            assert.match(lines[2], /^None is scheduled/);
            assert.deepEqual(JSON.parse(await server.must('backups', '--json')), made.items);
        });

        test('what is hidden or paused without a report, at the command line', async () => {
            const post = expectStatus(await as(server, 'member1').post('/posts', { body: 'Hide me' }), 201);
            const seen = async (status) => expectStatus(await as(server, 'member2').get(`/posts/${post.id}`), status);
            assert.equal(await server.must('hide', 'post', post.id), 'Hidden.');
            await seen(404);
            assert.equal(await server.must('hide', 'post', post.id), 'It was so already.');
            assert.equal(await server.must('show', 'post', post.id), 'Shown again.');
            await seen(200);
            assert.equal((await cliOn(server.data, ['hide', 'posts', post.id])).code, 2);
            assert.equal((await cliOn(server.data, ['hide', 'message', unknown])).code, 1);
            await server.must('mute', 'sarah', 'member1', '60');
            assert.match(await server.must('mute', 'sarah'), /^member1 {2}until \d{4}-/);
            assert.equal((await cliOn(server.data, ['mute', 'sarah', 'member1'])).code, 2);
            await server.must('mute', 'sarah', 'member1', '0');
            assert.equal(await server.must('mute', 'sarah'), '');
        });
    });

describe('backups that are scheduled', () => {
    test('tell when the next one is due, and why one was not made', async () => {
        const server = await startServer({ args: ['--backup-every', '1h', '--backup-keep', '2', '--backup-to', '/dev/null'] });
        const failed = await until(
            async () => {
                const now = expectStatus(await as(server, 'admin').get('/admin/backups'), 200);
                return now.problem ? now : null;
            },
            { what: 'a failure' },
        );
        assertMatch(failed, { everySeconds: 3600, keep: 2, making: false, items: [] }, 'the plan');
        assert.match(failed.problem, /Not a directory/);
        const waitS = (Date.parse(failed.nextAt) - Date.now()) / 1000;
        assert.ok(waitS > 200 && waitS <= 301, `${waitS} s: a failure is tried again soon`);
        const said = await server.must('backups');
        assert.match(said, /The last one was not made: .*Not a directory/);
        assert.match(said, /The next is made at 2\d{3}-.*; the newest 2 are kept\./);
        await server.stop();
    });
});
