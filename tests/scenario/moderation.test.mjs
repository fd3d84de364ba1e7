/* Reports and the queue, hiding, pauses, leaving a team, the word list, the audit log; while members poll, and live. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
    as,
    assertMatch,
    community,
    cursorOf,
    eventsSince,
    expectStatus,
    match,
    request,
    scenarios,
    startServer,
    until,
} from './harness.mjs';
import { connect } from './socket.mjs';

const unknown = '987654321';

const write = async (server, who, body = 'Words to look at', more = {}) =>
    expectStatus(await as(server, who).post('/posts', { body, ...more }), 201);
const channelOf = async (server, who) => expectStatus(await as(server, who).get('/channels'), 200).items[0].id;
const say = async (server, who, content) => {
    const channel = await channelOf(server, who);
    return expectStatus(await as(server, who).post(`/channels/${channel}/messages`, { content }), 201);
};
const blame = (post, more = {}) => ({ subject: 'post', subjectId: post.id, reason: 'unkind', ...more });
const queueOf = async (server, who, query = '') =>
    expectStatus(await as(server, who).get(`/reports${query}`), 200).items;

scenarios('POST /reports', {
    setup: async (server) => ({
        ...(await community(server)),
        post: await write(server, 'member1'),
        foreign: await write(server, 'member21', 'Of the other team'),
        message: await say(server, 'member1', 'Said to look at'),
    }),
    cases: [
        {
            name: 'takes a report of a post',
            request: 'POST /reports',
            as: 'member2',
            body: ({ post }) => blame(post, { words: 'This hurts.' }),
            status: 201,
            reply: ({ post }) => ({ id: match.string, subject: 'post', subjectId: post.id }),
        },
        {
            name: 'answers the same report again',
            request: 'POST /reports',
            as: 'member2',
            body: ({ post }) => blame(post, { reason: 'other' }),
            status: 200,
        },
        {
            name: 'takes a report of a message',
            request: 'POST /reports',
            as: 'member2',
            body: ({ message }) => ({ subject: 'message', subjectId: message.id, reason: 'advert' }),
            status: 201,
            reply: { subject: 'message' },
        },
        {
            name: 'refuses one’s own',
            request: 'POST /reports',
            as: 'member1',
            body: ({ post }) => blame(post),
            status: 409,
        },
        {
            name: 'refuses another team’s',
            request: 'POST /reports',
            as: 'member2',
            body: ({ foreign }) => blame(foreign),
            status: 403,
            problem: 'forbidden',
        },
        {
            name: 'refuses what does not exist',
            request: 'POST /reports',
            as: 'member2',
            body: blame({ id: unknown }),
            status: 404,
        },
        {
            name: 'refuses reasons that are not on the list, and the word list’s own',
            request: 'POST /reports',
            as: 'member2',
            body: ({ post }) => blame(post, { reason: 'words' }),
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'refuses other subjects',
            request: 'POST /reports',
            as: 'member2',
            body: { subject: 'member', subjectId: '1', reason: 'other' },
            status: 400,
        },
        {
            name: 'is in the coach’s queue, without who reported',
            request: 'GET /reports',
            as: 'sarah',
            status: 200,
            reply: ({ post, message, walkers }) => ({
                items: [
                    { subject: 'message', subjectId: message.id, text: 'Said to look at', reason: 'advert' },
                    {
                        subject: 'post',
                        subjectId: post.id,
                        teamId: walkers,
                        text: 'Words to look at',
                        author: { id: post.author.id },
                        reporterId: null,
                        reason: 'unkind',
                        words: 'This hurts.',
                        state: 'open',
                        decidedAt: null,
                    },
                ],
                next: null,
            }),
            then: async ({ headers, json }, context) => {
                context.etag = headers.etag;
                context.report = json.items[1].id;
            },
        },
        {
            name: 'answers 304 to who has the queue',
            request: 'GET /reports',
            as: 'sarah',
            headers: ({ etag }) => ({ 'if-none-match': etag }),
            status: 304,
        },
        { name: 'is no member’s queue', request: 'GET /reports', as: 'member2', status: 403, problem: 'forbidden' },
        {
            name: 'is not another coach’s',
            request: 'GET /reports',
            as: 'dave',
            status: 200,
            reply: { items: match.length(0) },
        },
        {
            name: 'tells administrators who reported',
            request: 'GET /reports?state=open&limit=1&page=2',
            as: 'admin',
            status: 200,
            reply: { items: [{ reporterId: match.string }] },
        },
        {
            name: 'knows its states',
            request: 'GET /reports?state=closed',
            as: 'sarah',
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'is decided by no member',
            request: ({ report }) => `PUT /reports/${report}`,
            as: 'member3',
            body: { decision: 'hide' },
            status: 403,
        },
        {
            name: 'nor by another coach',
            request: ({ report }) => `PUT /reports/${report}`,
            as: 'dave',
            body: { decision: 'hide' },
            status: 403,
        },
        {
            name: 'is not decided by a word that nobody knows',
            request: ({ report }) => `PUT /reports/${report}`,
            as: 'sarah',
            body: { decision: 'burn' },
            status: 400,
        },
        {
            name: 'has to exist',
            request: `PUT /reports/${unknown}`,
            as: 'sarah',
            body: { decision: 'hide' },
            status: 404,
        },
        {
            name: 'is decided by the coach',
            request: ({ report }) => `PUT /reports/${report}`,
            as: 'sarah',
            body: { decision: 'hide' },
            status: 200,
            reply: { state: 'hidden', hidden: 'coach', decidedAt: match.time },
            events: ({ post }) => ({ changed: [{ id: post.id, hidden: 'coach' }] }),
        },
    ],
});

scenarios('what was decided', {
    setup: async (server) => {
        const context = { ...(await community(server, 'member1')), post: await write(server, 'member1') };
        context.own = await write(server, 'sarah', 'The coach’s own');
        for (const subject of [context.post, context.own])
            expectStatus(await as(server, 'member2').post('/reports', blame(subject)), 201);
        context.report = (await queueOf(server, 'sarah'))[0].id;
        return context;
    },
    cases: [
        {
            name: 'is not about the coach’s own: that is in an admin’s queue, and stays there',
            request: ({ own }) => `DELETE /posts/${own.id}/hidden`,
            as: 'sarah',
            status: 403,
            then: async (_, { server, own }) => {
                assert.equal((await queueOf(server, 'admin')).filter(({ subjectId }) => subjectId === own.id).length, 1);
                assert.equal((await queueOf(server, 'sarah')).filter(({ subjectId }) => subjectId === own.id).length, 0);
            },
        },
        {
            name: 'leaves one line in the log, also when it is said twice',
            request: ({ report }) => `PUT /reports/${report}`,
            as: 'sarah',
            body: { decision: 'dismiss' },
            status: 200,
            then: async (_, { server, report, post, walkers, member1 }) => {
                expectStatus(await as(server, 'sarah').put(`/reports/${report}`, { decision: 'dismiss' }), 200);
                await as(server, 'sarah').delete(`/teams/${walkers}/mutes/${member1.id}`);
                for (const _twice of [1, 2]) await as(server, 'sarah').delete(`/posts/${post.id}`);
                const { items } = expectStatus(await as(server, 'admin').get('/admin/audit?limit=50'), 200);
                const told = (action) => items.filter((entry) => entry.action === action).length;
                assert.deepEqual(['post.dismiss', 'member.unmute', 'post.delete'].map(told), [1, 0, 1]);
            },
        },
    ],
});

scenarios('a report of what was settled', {
    setup: async (server) => {
        const context = { ...(await community(server)), post: await write(server, 'member1') };
        expectStatus(await as(server, 'member2').post('/reports', blame(context.post)), 201);
        const [{ id }] = await queueOf(server, 'sarah');
        expectStatus(await as(server, 'sarah').put(`/reports/${id}`, { decision: 'dismiss' }), 200);
        return context;
    },
    cases: [
        {
            name: 'opens it again with its new words',
            request: 'POST /reports',
            as: 'member2',
            body: ({ post }) => blame(post, { reason: 'worry', words: 'Look at it now.' }),
            status: 200,
            then: async (_, { server, post }) => {
                const [report] = await queueOf(server, 'sarah');
                assertMatch(report, { subjectId: post.id, state: 'open', reason: 'worry', words: 'Look at it now.' }, 'open');
            },
        },
    ],
});

scenarios('PUT and DELETE /posts/{id}/hidden', {
    setup: async (server) => ({ ...(await community(server)), post: await write(server, 'member1') }),
    cases: [
        { name: 'no member hides', request: ({ post }) => `PUT /posts/${post.id}/hidden`, as: 'member2', status: 403 },
        { name: 'nor the author', request: ({ post }) => `PUT /posts/${post.id}/hidden`, as: 'member1', status: 403 },
        { name: 'nor another coach', request: ({ post }) => `PUT /posts/${post.id}/hidden`, as: 'dave', status: 403 },
        {
            name: 'the coach hides, and only some are told what',
            request: ({ post }) => `PUT /posts/${post.id}/hidden`,
            as: 'sarah',
            status: 200,
            reply: { hidden: 'coach', body: 'Words to look at' },
            observer: 'member2',
            events: ({ post }) => ({ deleted: [post.id] }),
            then: async (_, { server, post }) => {
                const seen = async (who) =>
                    expectStatus(await as(server, who).get('/posts'), 200).items.find(({ id }) => id === post.id);
                assert.equal(await seen('member2'), undefined);
                assert.equal((await seen('member1')).hidden, 'coach', 'the author sees that it is hidden');
                assert.equal((await seen('sarah')).body, 'Words to look at');
                expectStatus(await as(server, 'member2').get(`/posts/${post.id}`), 404);
                expectStatus(await as(server, 'member1').get(`/posts/${post.id}`), 200);
                expectStatus(await as(server, 'member2').put(`/posts/${post.id}/like`), 404);
                expectStatus(await as(server, 'member2').post('/reports', blame(post)), 404);
                expectStatus(await as(server, 'sarah').put(`/posts/${post.id}/pin`), 409);
            },
        },
        {
            name: 'hiding again changes nothing',
            request: ({ post }) => `PUT /posts/${post.id}/hidden`,
            as: 'admin',
            status: 200,
        },
        {
            name: 'no member shows it again',
            request: ({ post }) => `DELETE /posts/${post.id}/hidden`,
            as: 'member1',
            status: 403,
        },
        {
            name: 'an administrator shows it again, and all are told',
            request: ({ post }) => `DELETE /posts/${post.id}/hidden`,
            as: 'admin',
            status: 200,
            reply: { hidden: null },
            observer: 'member2',
            events: ({ post }) => ({ changed: [{ id: post.id, hidden: null, body: 'Words to look at' }] }),
        },
        { name: 'hiding needs a post', request: `PUT /posts/${unknown}/hidden`, as: 'sarah', status: 404 },
        { name: 'and showing', request: `DELETE /posts/${unknown}/hidden`, as: 'sarah', status: 404 },
    ],
});

scenarios('pauses', {
    setup: async (server) => ({
        ...(await community(server, 'member1', 'member21')),
        post: await write(server, 'member2', 'To be liked'),
    }),
    cases: [
        {
            name: 'no member asks for one',
            request: ({ walkers, member1 }) => `PUT /teams/${walkers}/mutes/${member1.id}`,
            as: 'member2',
            body: { minutes: 5 },
            status: 403,
        },
        {
            name: 'nor the coach of another team',
            request: ({ walkers, member1 }) => `PUT /teams/${walkers}/mutes/${member1.id}`,
            as: 'dave',
            body: { minutes: 5 },
            status: 403,
        },
        {
            name: 'no coach asks another team’s member',
            request: ({ walkers, member21 }) => `PUT /teams/${walkers}/mutes/${member21.id}`,
            as: 'sarah',
            body: { minutes: 5 },
            status: 404,
        },
        {
            name: 'the coach is not asked',
            request: ({ walkers }) => `PUT /teams/${walkers}/mutes/${walkers}`,
            as: 'admin',
            body: { minutes: 5 },
            status: 403,
        },
        {
            name: 'it has an end',
            request: ({ walkers, member1 }) => `PUT /teams/${walkers}/mutes/${member1.id}`,
            as: 'sarah',
            body: { minutes: 43201 },
            status: 400,
        },
        {
            name: 'a team is needed',
            request: ({ member1 }) => `PUT /teams/${unknown}/mutes/${member1.id}`,
            as: 'admin',
            body: { minutes: 5 },
            status: 404,
        },
        {
            name: 'the coach asks',
            request: ({ walkers, member1 }) => `PUT /teams/${walkers}/mutes/${member1.id}`,
            as: 'sarah',
            body: { minutes: 60 },
            status: 200,
            reply: ({ walkers, member1 }) => ({ teamId: walkers, userId: member1.id, until: match.time }),
        },
        {
            name: 'the coach sees it',
            request: ({ walkers }) => `GET /teams/${walkers}/mutes`,
            as: 'sarah',
            status: 200,
            reply: ({ member1 }) => ({ items: [{ userId: member1.id }], next: null }),
            then: async ({ headers }, context) => {
                context.etag = headers.etag;
            },
        },
        {
            name: 'and answers 304 to who has it',
            request: ({ walkers }) => `GET /teams/${walkers}/mutes`,
            as: 'sarah',
            headers: ({ etag }) => ({ 'if-none-match': etag }),
            status: 304,
        },
        {
            name: 'nobody else sees it',
            request: ({ walkers }) => `GET /teams/${walkers}/mutes`,
            as: 'member2',
            status: 403,
        },
        {
            name: 'but the member',
            request: 'GET /me/mutes',
            as: 'member1',
            status: 200,
            reply: ({ walkers }) => ({ items: [{ teamId: walkers }] }),
            then: async ({ headers }, context) => {
                context.etag = headers.etag;
            },
        },
        {
            name: 'who gets 304 when they have it',
            request: 'GET /me/mutes',
            as: 'member1',
            headers: ({ etag }) => ({ 'if-none-match': etag }),
            status: 304,
        },
        { name: 'a stranger has none', request: 'GET /me/mutes', status: 401 },
        {
            name: 'no post meanwhile',
            request: 'POST /posts',
            as: 'member1',
            body: { body: 'Still here' },
            status: 403,
            problem: 'muted',
            reply: { detail: /write again from .+ \(UTC\)/ },
        },
        {
            name: 'no message meanwhile',
            request: async ({ server }) => `POST /channels/${await channelOf(server, 'member1')}/messages`,
            as: 'member1',
            body: { content: 'Still here' },
            status: 403,
            problem: 'muted',
        },
        {
            name: 'no cheer meanwhile',
            request: 'POST /cheers',
            as: 'member1',
            body: { icon: 'sun' },
            status: 403,
            problem: 'muted',
        },
        {
            name: 'but reading and liking',
            request: ({ post }) => `PUT /posts/${post.id}/like`,
            as: 'member1',
            status: 200,
            reply: { liked: true, count: 1 },
            events: ({ post }) => ({ likes: [{ postId: post.id, count: 1 }] }),
        },
        {
            name: 'no member ends it',
            request: ({ walkers, member1 }) => `DELETE /teams/${walkers}/mutes/${member1.id}`,
            as: 'member1',
            status: 403,
        },
        {
            name: 'the coach ends it',
            request: ({ walkers, member1 }) => `DELETE /teams/${walkers}/mutes/${member1.id}`,
            as: 'sarah',
            status: 204,
            then: async (_, { server, walkers, member1 }) => {
                await write(server, 'member1', 'Back');
                expectStatus(
                    await as(server, 'sarah').put(`/teams/${walkers}/mutes/${member1.id}`, { minutes: 1 }),
                    200,
                );
                expectStatus(await as(server, 'member1').post('/posts', { body: 'Too early' }), 403);
                await server.advance(61);
                await write(server, 'member1', 'It ended by itself');
            },
        },
    ],
});

describe('the word list', () => {
    let server;
    let people;
    before(async () => {
        server = await startServer();
        people = await community(server);
        const list = await as(server, 'admin').put('/admin/words', { words: ['Énfado', 'scam'] });
        assert.deepEqual(expectStatus(list, 200).words, ['enfado', 'scam']);
    });
    after(() => server.stop());

    test('is an administrator’s', async () => {
        const read = await as(server, 'admin').get('/admin/words');
        assert.deepEqual(expectStatus(read, 200).words, ['enfado', 'scam']);
        const again = await as(server, 'admin').get('/admin/words', { 'if-none-match': read.headers.etag });
        assert.equal(again.status, 304);
        expectStatus(await as(server, 'sarah').get('/admin/words'), 403);
        expectStatus(await as(server, 'sarah').put('/admin/words', { words: [] }), 403);
        for (const words of [['two-words'], ['…'], ['x'.repeat(41)], ['a b']])
            expectStatus(await as(server, 'admin').put('/admin/words', { words }), 400);
        assert.deepEqual(expectStatus(await as(server, 'admin').get('/admin/words'), 200).words, ['enfado', 'scam']);
    });

    test('holds back whole words, whatever their case and accents', async () => {
        for (const body of ['A SCAM!', 'qué enfadó', 'me ENFADO\u0301', 'it’s a scam'])
            assert.equal((await write(server, 'member3', body)).hidden, 'words', body);
        for (const body of ['scampi for all', 'enfados', 'a scan'])
            assert.equal((await write(server, 'member3', body)).hidden, null, body);
        assert.equal((await write(server, 'member3', 'Plain', { topics: ['Scam'] })).hidden, 'words');
        assert.equal((await write(server, 'sarah', 'About the scam we had')).hidden, null, 'the coach may');
    });

    test('keeps a held post from everybody and every count until the coach shows it', async () => {
        const since = await cursorOf(server, 'member2');
        const count = async () =>
            expectStatus(await as(server, 'member2').get(`/posts/new-count?since=${since}`), 200).count;
        const post = await write(server, 'member1', 'This is a scam, friends');
        assertMatch(await eventsSince(server, 'member2', since), { created: [], changed: [] }, 'nothing is told');
        assert.equal(await count(), 0);
        const [report] = await queueOf(server, 'sarah');
        assertMatch(report, { subjectId: post.id, reason: 'words', hidden: 'words' }, 'in the queue');
        const decided = await as(server, 'sarah').put(`/reports/${report.id}`, { decision: 'dismiss' });
        assertMatch(expectStatus(decided, 200), { state: 'dismissed', hidden: null }, 'shown');
        const { created } = await eventsSince(server, 'member2', since);
        assertMatch(created, [{ id: post.id, hidden: null }], 'new to everybody now');
        assert.equal(await count(), 1);
    });

    test('an edit that was held back is no news when it is shown again', async () => {
        const post = await write(server, 'member1', 'Read by everybody');
        const since = await cursorOf(server, 'member2');
        expectStatus(await as(server, 'member1').patch(`/posts/${post.id}`, { body: 'A scam after all' }), 200);
        const [report] = await queueOf(server, 'sarah');
        assertMatch(report, { subjectId: post.id, hidden: 'words' }, 'in the queue');
        expectStatus(await as(server, 'sarah').put(`/reports/${report.id}`, { decision: 'dismiss' }), 200);
        expectStatus(await as(server, 'member2').get(`/posts/${post.id}`), 200);
        assertMatch(await eventsSince(server, 'member2', since), { created: [] }, 'it is where it was');
        const { count } = expectStatus(await as(server, 'member2').get(`/posts/new-count?since=${since}`), 200);
        assert.equal(count, 0);
    });

    test('a notice of a pin forgets what the coach confirms as hidden', async () => {
        const post = await write(server, 'member1', 'Gather at the lighthouse');
        expectStatus(await as(server, 'sarah').put(`/posts/${post.id}/pin`), 200);
        const quoting = async () =>
            expectStatus(await as(server, 'member2').get('/notices'), 200).items.filter(({ body }) => /lighthouse/.test(body));
        assert.equal((await quoting()).length, 1);
        expectStatus(await as(server, 'member1').patch(`/posts/${post.id}`, { body: 'A scam at the lighthouse' }), 200);
        const [report] = await queueOf(server, 'sarah');
        expectStatus(await as(server, 'sarah').put(`/reports/${report.id}`, { decision: 'hide' }), 200);
        assert.equal((await quoting()).length, 0);
    });

    test('looks at edits and messages, too', async () => {
        const post = await write(server, 'member1', 'Harmless');
        const edited = await as(server, 'member1').patch(`/posts/${post.id}`, { body: 'A scam after all' });
        assert.equal(expectStatus(edited, 200).hidden, 'words');
        expectStatus(await as(server, 'member2').get(`/posts/${post.id}`), 404);
        const message = await say(server, 'member1', 'Scam here');
        assertMatch(message, { hidden: 'words', content: 'Scam here', deleted: false }, 'its author reads it');
        const channel = await channelOf(server, 'member1');
        const read = async (who) =>
            expectStatus(await as(server, who).get(`/channels/${channel}/messages?limit=1`), 200).items[0];
        assertMatch(await read('member2'), { id: message.id, content: '', deleted: true, hidden: 'words' }, 'others');
        assertMatch(await read('sarah'), { content: 'Scam here', deleted: false }, 'the coach');
        const [report] = await queueOf(server, 'sarah');
        assertMatch(report, { subject: 'message', subjectId: message.id, channelId: channel }, 'in the queue');
        const decided = await as(server, 'sarah').put(`/reports/${report.id}`, { decision: 'hide' });
        assertMatch(expectStatus(decided, 200), { state: 'hidden', hidden: 'words' }, 'it stays hidden');
        expectStatus(await as(server, 'sarah').delete(`/channels/${channel}/messages/${message.id}/hidden`), 200);
        assertMatch(await read('member2'), { content: 'Scam here', deleted: false, hidden: null }, 'shown');
        expectStatus(await as(server, 'member2').put(`/channels/${channel}/messages/${message.id}/hidden`), 403);
        expectStatus(await as(server, 'member2').delete(`/channels/${channel}/messages/${message.id}/hidden`), 403);
        expectStatus(await as(server, 'sarah').put(`/channels/${channel}/messages/${message.id}/hidden`), 200);
        const foreign = await channelOf(server, 'dave');
        expectStatus(await as(server, 'admin').put(`/channels/${foreign}/messages/${message.id}/hidden`), 404);
        assert.equal((await read('member2')).content, '');
        assert.equal(people.sarah.role, 'coach');
    });

    test('and all of it survives a kill', async () => {
        const post = await write(server, 'member1', 'One more scam');
        const other = await write(server, 'member2', 'Hidden by hand');
        expectStatus(await as(server, 'sarah').put(`/posts/${other.id}/hidden`), 200);
        const { member5 } = await community(server, 'member5');
        const pause = `/teams/${people.walkers}/mutes/${member5.id}`;
        expectStatus(await as(server, 'sarah').put(pause, { minutes: 60 }), 200);
        await server.kill();
        server = await startServer({ data: server.data });
        for (const { id } of [post, other]) expectStatus(await as(server, 'member3').get(`/posts/${id}`), 404);
        assert.equal(expectStatus(await as(server, 'member1').get(`/posts/${post.id}`), 200).hidden, 'words');
        expectStatus(await as(server, 'member5').post('/cheers', { icon: 'sun' }), 403);
        const { items } = expectStatus(await as(server, 'admin').get('/admin/audit?limit=50'), 200);
        assertMatch(
            items.filter(({ action }) => action !== 'token.issue').slice(0, 2),
            [
                { action: 'member.mute', subjectId: member5.id, detail: '60 minutes', actorId: people.sarah.id },
                { action: 'post.hide', subjectId: other.id },
            ],
            'the log',
        );
    });
});

scenarios('GET /admin/audit', {
    setup: async (server) => {
        const people = await community(server);
        const post = await write(server, 'member1');
        expectStatus(await as(server, 'sarah').put(`/posts/${post.id}/pin`), 200);
        expectStatus(await as(server, 'sarah').delete(`/posts/${post.id}`), 204);
        expectStatus(await as(server, 'admin').put('/admin/flags/realtime', { value: false }), 200);
        return { ...people, post };
    },
    cases: [
        {
            name: 'is an administrator’s',
            request: 'GET /admin/audit?limit=3',
            as: 'admin',
            status: 200,
            reply: ({ admin, sarah, post, walkers }) => ({
                items: [
                    { actorId: admin.id, action: 'flag.set', detail: 'realtime off' },
                    { actorId: sarah.id, action: 'post.delete', subjectId: post.id },
                    { actorId: sarah.id, action: 'post.pin', subject: 'post', subjectId: post.id, teamId: walkers },
                ],
            }),
            forbidden: ['Sarah', 'Words to look at'],
            then: async ({ headers }, context) => {
                context.etag = headers.etag;
            },
        },
        {
            name: 'answers 304 to who has it',
            request: 'GET /admin/audit?limit=3',
            as: 'admin',
            headers: ({ etag }) => ({ 'if-none-match': etag }),
            status: 304,
        },
        {
            name: 'page by page, of one member',
            request: ({ sarah }) => `GET /admin/audit?actor=${sarah.id}&limit=1`,
            as: 'admin',
            status: 200,
            reply: { items: [{ action: 'post.delete' }], next: match.string },
        },
        { name: 'knows members by id', request: 'GET /admin/audit?actor=sarah', as: 'admin', status: 400 },
        { name: 'is no coach’s', request: 'GET /admin/audit', as: 'sarah', status: 403 },
        { name: 'nor a stranger’s', request: 'GET /admin/audit', status: 401 },
    ],
});

describe('leaving a team', () => {
    let server;
    let people;
    before(async () => {
        server = await startServer();
        people = await community(server, 'member1', 'member2', 'member3', 'member21');
    });
    after(() => server.stop());

    const remove = (who, user, team = people.walkers) => as(server, who).delete(`/teams/${team}/members/${user}`);

    test('is asked by the coach or oneself alone', async () => {
        expectStatus(await remove('member2', people.member1.id), 403);
        expectStatus(await remove('dave', people.member1.id), 403);
        expectStatus(await remove('sarah', people.member21.id), 404);
        expectStatus(await remove('sarah', unknown), 404);
        expectStatus(await remove('admin', people.member1.id, unknown), 404);
        assert.equal(expectStatus(await remove('sarah', people.sarah.id), 409).type, '/docs#conflict');
        expectStatus(await as(server, 'member1').get('/posts'), 200);
    });

    test('takes the team away at once; what was written stays', async () => {
        const post = await write(server, 'member1', 'It stays');
        const there = async () => expectStatus(await as(server, 'sarah').get('/presence'), 200).count;
        expectStatus(await as(server, 'member1').get('/presence'), 200);
        const before = await there();
        const invite = await as(server, 'dave').post(`/teams/${people.strong}/invites`, { maxUses: 1 });
        const { code } = expectStatus(invite, 201);
        expectStatus(await as(server, 'member1').post('/teams/join', { code }), 200);
        const elsewhere = async (who) =>
            expectStatus(await as(server, who).get(`/presence?team=${people.strong}`), 200).count;
        const besides = await elsewhere('member1');
        expectStatus(await remove('sarah', people.member1.id), 204);
        assert.equal((await as(server, 'member1').get(`/posts?team=${people.walkers}`)).status, 403);
        assert.equal(await there(), before - 1, 'nobody is here who is not in the team');
        assert.equal(await elsewhere('member21'), besides + 1, 'but in the other team they are');
        assert.equal(expectStatus(await as(server, 'sarah').get(`/posts/${post.id}`), 200).body, 'It stays');
        expectStatus(await remove('sarah', people.member1.id), 404);
        expectStatus(await remove('member2', people.member2.id), 204);
    });
});

describe('while realtime is on', () => {
    let server;
    let people;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on'] });
        people = await community(server, 'member1', 'member2', 'member3');
    });
    after(() => server.stop());

    test('hiding a post is told, and showing it', async () => {
        const post = await write(server, 'member1');
        const reader = await connect({ server, as: 'member2' });
        await reader.join(people.walkers);
        expectStatus(await as(server, 'sarah').put(`/posts/${post.id}/hidden`), 200);
        await reader.next({ type: 'POST_CHANGED', postId: post.id, change: 'hidden', cursor: match.string });
        expectStatus(await as(server, 'sarah').delete(`/posts/${post.id}/hidden`), 200);
        await reader.next({ type: 'POST_CHANGED', postId: post.id, change: 'restored' });
        await reader.close();
    });

    test('new posts are counted as before when one is hidden and shown again', async () => {
        const since = await cursorOf(server, 'member3');
        const count = async () =>
            expectStatus(await as(server, 'member3').get(`/posts/new-count?since=${since}`), 200).count;
        const posts = [];
        for (const body of ['One', 'Two', 'Three']) posts.push(await write(server, 'member1', body));
        assert.equal(await count(), 3);
        expectStatus(await as(server, 'sarah').put(`/posts/${posts[1].id}/hidden`), 200);
        assert.equal(await count(), 2);
        expectStatus(await as(server, 'sarah').delete(`/posts/${posts[1].id}/hidden`), 200);
        assert.equal(await count(), 3);
    });

    test('a hidden message is said without its words, live and to who comes later', async () => {
        const channel = await channelOf(server, 'member1');
        const path = `/channel/${channel}/websocket`;
        const message = await say(server, 'member1', 'Unkind words');
        const reader = await connect({ server, as: 'member2', path });
        await reader.next({ type: 'initial_state' });
        expectStatus(await as(server, 'sarah').put(`/channels/${channel}/messages/${message.id}/hidden`), 200);
        await reader.next({
            type: 'message_updated',
            message: { id: message.id, content: '', deleted: true, hidden: 'coach' },
        });
        const later = await connect({ server, as: 'member3', path });
        const state = await later.next({ type: 'initial_state' });
        assertMatch(state.messages.at(-1), { id: message.id, content: '', deleted: true, hidden: 'coach' }, 'the last');
        expectStatus(await as(server, 'sarah').delete(`/channels/${channel}/messages/${message.id}/hidden`), 200);
        await reader.next({
            type: 'message_updated',
            message: { content: 'Unkind words', deleted: false, hidden: null },
        });
        await later.close();
        await reader.close();
    });

    test('a pause holds on sockets that are open', async () => {
        const channel = await channelOf(server, 'member1');
        const home = await connect({ server, as: 'member1' });
        await home.join(people.walkers);
        const chat = await connect({ server, as: 'member1', path: `/channel/${channel}/websocket` });
        await chat.next({ type: 'initial_state' });
        const pause = `/teams/${people.walkers}/mutes/${people.member1.id}`;
        const sent = { content: 'Said before', clientId: 'm0' };
        chat.say({ type: 'message', ...sent });
        const { messageId } = await chat.next({ type: 'ack', clientId: 'm0' });
        expectStatus(await as(server, 'sarah').put(pause, { minutes: 10 }), 200);
        home.say({ type: 'SEND_CHEER', icon: 'sun', id: 'c1' });
        await home.next({ type: 'error', id: 'c1', code: 'muted', message: /write again/ });
        chat.say({ type: 'message', content: 'Still here', clientId: 'm1' });
        await chat.next({ type: 'error', code: 'muted', message: /write again/ });
        chat.say({ type: 'message', ...sent });
        await chat.next({ type: 'ack', clientId: 'm0', messageId }); /* it was taken: its answer was lost, perhaps */
        const again = await as(server, 'member1').post(`/channels/${channel}/messages`, sent);
        assert.equal(expectStatus(again, 200).id, messageId);
        expectStatus(await as(server, 'sarah').delete(pause), 204);
        assertMatch(await home.ask({ type: 'SEND_CHEER', icon: 'sun' }), { type: 'ACK' }, 'again');
        await chat.close();
        await home.close();
    });

    test('the word list holds a message back that came by a socket', async () => {
        expectStatus(await as(server, 'admin').put('/admin/words', { words: ['scam'] }), 200);
        const channel = await channelOf(server, 'member1');
        const chat = await connect({ server, as: 'member1', path: `/channel/${channel}/websocket` });
        await chat.next({ type: 'initial_state' });
        chat.say({ type: 'message', content: 'A scam', clientId: 'held' });
        await chat.next({ type: 'message', message: { content: '', deleted: true, hidden: 'words' } });
        assertMatch((await queueOf(server, 'sarah'))[0], { text: 'A scam', reason: 'words' }, 'in the queue');
        await chat.close();
    });

    test('who is removed leaves the room, and the chat’s socket ends', async () => {
        const home = await connect({ server, as: 'member3' });
        await home.join(people.walkers);
        const channel = await channelOf(server, 'member3');
        const chat = await connect({ server, as: 'member3', path: `/channel/${channel}/websocket` });
        await chat.next({ type: 'initial_state' });
        expectStatus(await as(server, 'sarah').delete(`/teams/${people.walkers}/members/${people.member3.id}`), 204);
        await home.next({ type: 'error', code: 'forbidden', message: 'You are no longer in this team.' });
        assert.equal((await chat.closed).code, 4003);
        const refused = await request(server, { path: `/posts?team=${people.walkers}`, as: 'member3' });
        expectStatus(refused, 403);
        await until(async () => expectStatus(await as(server, 'sarah').get('/presence'), 200).count < 21);
        await home.close();
    });
});
