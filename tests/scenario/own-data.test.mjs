/* One's own data: as one download, and taken away for good, to the last byte of both files; by HTTP and by command. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { as, assertMatch, community, expectStatus, match, startServer, until } from './harness.mjs';
import { connect } from './socket.mjs';

const NAME = 'Wilhelmina Quastenflosser';
const SECRETS = ['zebrafinch-post', 'zebrafinch-message', 'zebrafinch-topic', 'zebrafinch-note', NAME];

/* What a server does first that finds an account half taken away. */
test('a server that was killed goes on with it when it is started again', async () => {
    const first = await startServer();
    const { items } = expectStatus(await as(first, 'member1').get('/channels'), 200);
    for (let i = 0; i < 250; i += 50)
        await Promise.all(
            Array.from({ length: 50 }, (_, k) =>
                as(first, 'member1').post(`/channels/${items[0].id}/messages`, { content: `quetzal ${i + k}` }),
            ),
        );
    expectStatus(await as(first, 'member1').delete('/me', { password: 'porchlight' }), 204);
    await first.kill();
    const next = await startServer({ data: first.data });
    try {
        await until(async () => !/quetzal/.test(await next.must('export', '-')), { what: 'the end of it' });
    } finally {
        await next.stop();
    }
});

/* Which of the texts are anywhere in the files of the data folder. */
const found = (folder) => {
    const files = readdirSync(folder).filter((name) => /\.db/.test(name));
    const all = Buffer.concat(files.map((name) => readFileSync(join(folder, name))));
    return SECRETS.filter((text) => all.includes(text));
};

for (const mode of ['off', 'on']) {
    describe(`one's own data, realtime ${mode}`, () => {
        let server;
        let people;
        before(async () => {
            server = await startServer({ args: ['--realtime', mode] });
            people = await community(server, 'member1');
            const me = as(server, 'member1');
            expectStatus(await me.patch('/me', { name: NAME }), 200);
            const post = expectStatus(
                await me.post('/posts', { body: 'zebrafinch-post', topics: ['walk'] }, { 'idempotency-key': 'k' }),
                201,
            );
            expectStatus(await as(server, 'sarah').put(`/posts/${post.id}/pin`), 200);
            expectStatus(await me.put(`/posts/${post.id}/like`), 200);
            const channel = expectStatus(await me.get('/channels'), 200).items[0].id;
            expectStatus(await me.post(`/channels/${channel}/messages`, { content: 'zebrafinch-message' }), 201);
            expectStatus(await me.put('/me/preferences', { topics: ['zebrafinch-topic'] }), 200);
            const other = expectStatus(await as(server, 'member2').post('/posts', { body: 'Another’s' }), 201);
            const blame = { subject: 'post', subjectId: other.id, reason: 'other', words: 'zebrafinch-note' };
            expectStatus(await me.post('/reports', blame), 201);
            Object.assign(people, { post, channel, other });
        });
        after(() => server.stop());

        test('comes as one download', async () => {
            const reply = await as(server, 'member1').post('/me/export', {});
            const copy = expectStatus(reply, 200);
            assert.match(reply.headers['content-disposition'], /attachment; filename=/);
            assertMatch(
                copy,
                {
                    format: 'porchlight-own-data-1',
                    madeAt: match.time,
                    profile: [{ id: people.member1.id, name: NAME }],
                    teams: [{ teamId: people.walkers }],
                    mutes: [],
                },
                'the copy',
            );
            for (const text of SECRETS) assert.ok(reply.body.includes(text), text);
            expectStatus(await as(server).post('/me/export', {}), 401);
        });

        test('is taken away only by who knows the password', async () => {
            expectStatus(await as(server, 'member1').delete('/me', { password: 'wrong one' }), 403);
            expectStatus(await as(server, 'member1').delete('/me', {}), 400);
            expectStatus(await as(server).delete('/me', { password: 'porchlight' }), 401);
            expectStatus(await as(server, 'member1').get('/me'), 200);
        });

        test('and then to the last byte, with the member’s tokens and sockets', async () => {
            assert.deepEqual(found(server.data), SECRETS, 'it is in the files before');
            const socket = mode === 'on' ? await connect({ server, as: 'member1' }) : null;
            expectStatus(await as(server, 'member1').delete('/me', { password: 'porchlight' }), 204);
            if (socket) assert.equal((await socket.closed).code, 4003);
            expectStatus(await as(server, 'member1').get('/me'), 401);
            await until(async () => (await as(server, 'member2').get(`/posts/${people.post.id}`)).status === 404, {
                what: 'the end of the post',
            });
            await until(
                async () => {
                    expectStatus(await as(server, 'member2').post('/posts', { body: 'Meanwhile' }), 201);
                    expectStatus(await as(server, 'member2').put('/me/preferences', { feed: 'everything' }), 200);
                    return found(server.data).length === 0;
                },
                { what: 'the last byte' },
            );
            const { items } = expectStatus(await as(server, 'admin').get('/admin/audit?limit=1'), 200);
            assertMatch(items, [{ action: 'user.delete', subjectId: people.member1.id }], 'the log');
            assert.ok(!server.logs.some((line) => SECRETS.some((text) => line.includes(text))), 'nor in the log');
        });

        test('nothing that was on its way when the account ended stays', async () => {
            const tab = as(server, 'member6');
            const me = expectStatus(await tab.get('/me'), 200);
            const writes = [];
            let ended = false;
            const end = tab.delete('/me', { password: 'porchlight' }).finally(() => {
                ended = true;
            });
            for (let i = 0; !ended; i += 1) {
                for (let k = 0; k < 8; k += 1) writes.push(tab.patch('/me', { name: `Quetzal ${i}` }));
                writes.push(tab.post('/posts', { body: `quetzal ${i}` }));
                await tab.put('/me/preferences', { topics: [`quetzal ${i}`] });
            }
            expectStatus(await end, 204);
            const answers = await Promise.all(writes);
            assert.ok(answers.some(({ status }) => status < 300));
            expectStatus(await tab.patch('/me', { name: 'Quetzal' }), 401);
            await until(() => server.logs.some((line) => /member\.erased/.test(line) && line.includes(`=${me.id}`)), {
                what: 'the end',
            });
            const all = await server.must('export', '-');
            assert.deepEqual(all.split('\n').filter((line) => /quetzal/i.test(line)), []);
        });

        test('by command as well, and the same acts as in the app', async () => {
            await server.must('words', 'add', 'Scam');
            assert.equal(await server.must('words'), 'scam');
            const post = expectStatus(await as(server, 'member3').post('/posts', { body: 'A scam' }), 201);
            assert.equal(post.hidden, 'words');
            const [id] = (await server.must('report')).split(' ');
            await server.must('report', id, 'dismiss');
            expectStatus(await as(server, 'member2').get(`/posts/${post.id}`), 200);
            await server.must('mute', 'sarah', 'member3', '5');
            expectStatus(await as(server, 'member3').post('/posts', { body: 'Not now' }), 403);
            await server.must('mute', 'sarah', 'member3', '0');
            expectStatus(await as(server, 'member3').post('/posts', { body: 'Now' }), 201);
            await server.must('team', 'remove', 'sarah', 'member4');
            assert.equal((await as(server, 'member4').get(`/posts?team=${people.walkers}`)).status, 403);
            await server.must('user', 'delete', 'member5');
            expectStatus(await as(server, 'member3').get('/me'), 200);
            const log = JSON.parse(await server.must('audit', '--json'));
            assert.deepEqual(
                log
                    .filter(({ action }) => action !== 'token.issue')
                    .slice(-6)
                    .map(({ action, actorId }) => [action, actorId]),
                [
                    ['words.add', null],
                    ['post.dismiss', null],
                    ['member.mute', null],
                    ['member.unmute', null],
                    ['member.remove', null],
                    ['user.delete', null],
                ],
            );
            const lines = (await server.must('audit', '--csv')).split('\n');
            assert.equal(lines[0], 'at,actor,action,team,subject,subjectId,detail');
            assert.match(lines.at(-1), /,operator,user\.delete,,user,\d+,$/);
            for (const [words, code] of [
                [['mute', 'sarah', 'member3', 'x'], 2],
                [['report', '1', 'burn'], 2],
                [['words', 'add', 'two words'], 1],
                [['user', 'delete', 'nobody'], 1],
            ])
                assert.equal((await server.cli(...words)).code, code, words.join(' '));
        });
    });
}
