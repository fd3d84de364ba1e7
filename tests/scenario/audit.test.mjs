/*
 * The audit log has a row of every act of a coach, an admin or the operator: by id, and never with a name. Every command
 * and every operation that changes something stands in one of the tables below; a new one that does not fails.
 *
 * Of the demo community: admin is 1, Sarah 2, member1 is 4.
 */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { sql } from './databases.mjs';
import { as, assertMatch, cliOn, demoData, expectStatus, match, mustOn, startServer, temporaryFolder } from './harness.mjs';
import { run } from './server.mjs';
import { connect } from './socket.mjs';

const SARAH = '2';
const NAMES = /sarah|dave|member\d|ruth|miller|walkers|lena/i;
const files = temporaryFolder('files');
const more = join(files, 'more.jsonl');
writeFileSync(more, '{"type":"user","id":"4711","username":"lena","name":"Lena Miller"}\n');

const row = (action, subject = null, subjectId = null, teamId = null, detail = '') => ({
    action,
    subject,
    subjectId,
    teamId,
    detail,
});

/* The words of a command and its row. `alone`: no server may run beside it. */
const commands = [
    ['user add ruth --name Ruth', row('user.add', 'user', '34')],
    ['user passwd member2', row('user.password', 'user', '5')],
    ['user disable member2', row('user.disable', 'user', '5')],
    ['user enable member2', row('user.enable', 'user', '5')],
    ['user delete member3', row('user.delete', 'user', '6')],
    ['team add ruth --name Walkers', row('team.add', 'user', '34')],
    ['team remove sarah member2', row('member.remove', 'user', '5', SARAH)],
    ['mute sarah member1 5', row('member.mute', 'user', '4', SARAH, '5 minutes')],
    ['report 1 dismiss', row('post.dismiss', 'post', match.string, SARAH)],
    ['words add scam', row('words.add')],
    ['words remove scam', row('words.remove')],
    ['invite sarah', row('invite.create', 'invite', '1', SARAH)],
    ['invites revoke 1', row('invite.revoke', 'invite', '1', SARAH)],
    ['hide post 5', row('post.hide', 'post', '5', match.string)],
    ['show post 5', row('post.restore', 'post', '5', match.string)],
    ['token issue --user member1', row('token.issue', 'user', '4')],
    ['token issue --service news', row('token.issue', null, null, null, 'for the service news')],
    ['token revoke --user member1', row('token.revoke', 'user', '4', null, 'all')],
    ['token revoke TOKEN', row('token.revoke', 'user', SARAH, null, 'one')],
    ['token keys rotate', row('key.rotate')],
    ['flag realtime on', row('flag.set', null, null, null, 'realtime on')],
    ['flag realtime off', row('flag.set', null, null, null, 'realtime off')],
    [`import ${more}`, row('community.import', null, null, null, '1 new, 0 updated')],
    ['backup BACKUP', row('backup.make')],
    ['doctor --repair', row('doctor.repair', null, null, null, '1 repaired'), { alone: true }],
    ['restore BACKUP', row('backup.restore', null, null, null, match.time), { alone: true }],
];
/* These only look, or concern the process and not the community; demo has a test of its own. */
const quiet = ['serve', 'check', 'migrate', 'demo', 'export', 'user list', 'team list', 'audit', 'backups', 'token verify', 'numbers', 'reload'];

/* Operations of coaches and admins: who, what, and the row. A string in the row that begins with : is of the context. */
const acts = [
    ['sarah', 'POST /teams/2/invites', { maxUses: 3 }, row('invite.create', 'invite', ':invite', SARAH, '3 uses')],
    ['sarah', 'DELETE /invites/:invite', undefined, row('invite.revoke', 'invite', ':invite', SARAH)],
    ['sarah', 'POST /notices', { title: 'Tea at four' }, row('notice.create', match.any, match.any, SARAH)],
    ['sarah', 'POST /channels', { name: 'Recipes' }, row('channel.create', 'channel', match.string, SARAH)],
    ['sarah', 'PUT /posts/:post/pin', undefined, row('post.pin', 'post', ':post', SARAH)],
    ['sarah', 'DELETE /posts/:post/pin', undefined, row('post.unpin', 'post', ':post', SARAH)],
    ['sarah', 'PUT /posts/:post/hidden', undefined, row('post.hide', 'post', ':post', SARAH)],
    ['sarah', 'DELETE /posts/:post/hidden', undefined, row('post.restore', 'post', ':post', SARAH)],
    ['sarah', 'PUT /channels/:channel/messages/:message/hidden', undefined, row('message.hide', 'message', ':message', SARAH)],
    ['sarah', 'DELETE /channels/:channel/messages/:message/hidden', undefined, row('message.restore', 'message', ':message', SARAH)],
    ['sarah', 'PUT /reports/:report', { decision: 'dismiss' }, row('post.dismiss', 'post', ':reported', SARAH)],
    ['sarah', 'DELETE /channels/:channel/messages/:message', undefined, row('message.delete', 'message', ':message', SARAH)],
    ['sarah', 'DELETE /posts/:post', undefined, row('post.delete', 'post', ':post', SARAH)],
    ['sarah', 'PUT /teams/2/mutes/4', { minutes: 5 }, row('member.mute', 'user', '4', SARAH, '5 minutes')],
    ['sarah', 'DELETE /teams/2/mutes/4', undefined, row('member.unmute', 'user', '4', SARAH)],
    ['sarah', 'DELETE /teams/2/members/7', undefined, row('member.remove', 'user', '7', SARAH)],
    ['sarah', 'POST /rpc/counter.setValue', { name: 'steps', value: 5 }, row('counter.set', 'counter', match.string, SARAH, match.string)],
    ['admin', 'POST /rpc/counter.reset', { name: 'steps', teamId: SARAH }, row('counter.reset', 'counter', match.string, SARAH, '0, before 5')],
    ['admin', 'PUT /admin/words', { words: ['scam'] }, row('words.set', null, null, null, '1 words')],
    ['admin', 'POST /admin/backups', {}, row('backup.make')],
    ['admin', 'PUT /admin/flags/realtime', { value: false }, row('flag.set', null, null, null, 'realtime off')],
];
/* What members do for themselves, and with each other; and a trusted server. */
const members = `
    POST /auth/login, POST /auth/join, POST /auth/refresh, POST /auth/logout, POST /auth/ticket, PATCH /me, DELETE /me,
    POST /me/export, PUT /me/preferences, POST /me/feedback, POST /me/learn, DELETE /presence, POST /teams/join,
    POST /posts, PATCH /posts/{}, PUT /posts/{}/like, DELETE /posts/{}/like, POST /cheers, POST /reports,
    POST /channels/{}/messages, PATCH /channels/{}/messages/{}, PUT /channels/{}/read, POST /api/feed/live
`;

const logOf = async (data) => JSON.parse(await mustOn(data, ['audit', '--json']));
const told = ({ action, subject, subjectId, teamId, detail }) => ({ action, subject, subjectId, teamId, detail });

/* A demo community in which member2 has reported a post. */
let lived;
before(async () => {
    lived = await demoData();
    const server = await startServer({ data: lived });
    const post = expectStatus(await as(server, 'member1').post('/posts', { body: 'Look at this' }), 201);
    const blame = { subject: 'post', subjectId: post.id, reason: 'other' };
    expectStatus(await as(server, 'member2').post('/reports', blame), 201);
    await server.stop();
});

function livedCopy() {
    const data = temporaryFolder();
    cpSync(lived, data, { recursive: true });
    return data;
}

async function runCommand(data, [text, expected]) {
    const backup = `${data}.tar.gz`;
    const token = text.includes('TOKEN') ? await mustOn(data, ['token', 'issue', '--user', 'sarah']) : '';
    if (text.startsWith('doctor')) sql(data, 'UPDATE posts SET likes = likes + 3 WHERE id = 5');
    const words = text.replace('TOKEN', token).replace('BACKUP', backup).split(' ');
    const before = (await logOf(data)).length;
    const { code, stderr } = await cliOn(data, words);
    assert.equal(code, 0, `${text}: ${stderr}`);
    /* What is restored has its own log, which ends with the restoring. */
    const rows = (await logOf(data)).slice(words[0] === 'restore' ? -1 : before);
    assertMatch(rows.map(told), [expected], text);
    assert.equal(rows[0].actorId, null, `${text}: the operator has no id`);
}

test('every command is in the table', async () => {
    const { stdout } = await run(['--help']);
    const listed = stdout.split('Commands:')[1].split('\n\n')[0];
    const names = [...listed.matchAll(/^ {2}([a-z]+(?: [a-z]+)?)/gm)].map(([, name]) => name);
    assert.ok(names.length > 25, listed);
    const known = [...quiet, ...commands.map(([text]) => text)];
    assert.deepEqual(names.filter((name) => !known.some((text) => `${text} `.startsWith(`${name} `))), []);
});

test('every operation that changes something is in a table', () => {
    const { paths } = JSON.parse(readFileSync(new URL('../../api/openapi.json', import.meta.url)));
    const shape = (path) => path.replace(/\{[^}]*\}|:\w+|(?<=\/)\d+/g, '{}').replace('flags/realtime', 'flags/{}');
    const known = [...members.matchAll(/[A-Z]+ [^\s,]+/g)].map(([text]) => text);
    for (const [, what] of acts) known.push(shape(what));
    const changing = Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).filter((it) => ['post', 'put', 'patch', 'delete'].includes(it)).map((it) => `${it.toUpperCase()} ${shape(path)}`));
    const own = /^\w+ \/(me\/push|digests|rpc\/counter\.(increment|decrement|get|list))/;
    assert.deepEqual(changing.filter((it) => !known.includes(it) && !own.test(it)), []);
});

test('the operator’s commands, without a server', async () => {
    const data = livedCopy();
    for (const entry of commands) await runCommand(data, entry);
    assert.doesNotMatch(JSON.stringify(await logOf(data)), NAMES);
    const fresh = temporaryFolder();
    await mustOn(fresh, ['demo']);
    assertMatch((await logOf(fresh)).map(told), [row('community.demo')], 'demo');
});

for (const mode of ['off', 'on']) describe(`with realtime ${mode}`, () => {
    test('the operator’s commands', async () => {
        const data = livedCopy();
        const server = await startServer({ data, args: ['--realtime', mode] });
        const began = (await logOf(data)).filter(({ action }) => action === 'flag.set').map(({ detail }) => detail);
        assert.deepEqual(began, mode === 'on' ? ['realtime on'] : [], 'a start that says what is so already is no act');
        for (const entry of commands.filter((it) => !it[2]?.alone)) await runCommand(server.data, entry);
        assert.doesNotMatch(JSON.stringify(await logOf(server.data)), NAMES);
        await server.stop();
    });

    test('the acts of coaches and admins', async () => {
        const server = await startServer({ data: livedCopy(), args: ['--realtime', mode] });
        const post = expectStatus(await as(server, 'member1').post('/posts', { body: 'Words' }), 201).id;
        const channel = expectStatus(await as(server, 'member1').get('/channels'), 200).items[0].id;
        const message = expectStatus(await as(server, 'member1').post(`/channels/${channel}/messages`, { content: 'Hi' }), 201).id;
        const [{ id: report, subjectId: reported }] = expectStatus(await as(server, 'sarah').get('/reports'), 200).items;
        await as(server, 'admin').get('/me');
        const context = { post, channel, message, report, reported, invite: '1' };
        const fill = (text) => text.replace(/:(\w+)/g, (_, name) => context[name]);
        for (const [who, what, body, expected] of acts) {
            const [method, path] = fill(what).split(' ');
            const before = (await logOf(server.data)).length;
            const reply = await as(server, who)[method.toLowerCase()](path, body);
            assert.ok(reply.status < 300, `${what}: ${reply.status} ${reply.body}`);
            const rows = (await logOf(server.data)).slice(before);
            const { subjectId } = expected;
            const wanted = typeof subjectId === 'string' ? { ...expected, subjectId: fill(subjectId) } : expected;
            assertMatch(rows.map(told), [wanted], what);
            assert.equal(rows[0].actorId, who === 'sarah' ? SARAH : '1', what);
        }
        assert.doesNotMatch(JSON.stringify(await logOf(server.data)), NAMES);
        await server.stop();
    });
});

test('a counter that is set and reset over a socket', async () => {
    const server = await startServer({ data: livedCopy(), args: ['--realtime', 'on'] });
    const socket = await connect({ server, as: 'sarah', path: '/ws/counter/steps' });
    await socket.ask({ type: 'setValue', value: 7 });
    await socket.ask({ type: 'reset' });
    const rows = (await logOf(server.data)).slice(-2);
    assertMatch(rows.map(({ action, actorId }) => [action, actorId]), [['counter.set', SARAH], ['counter.reset', SARAH]], 'rows');
    await socket.close();
    await server.stop();
});
