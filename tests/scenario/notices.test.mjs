/* GET and POST /notices: to a team by its coach, to everybody by an administrator. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
    allItems,
    as,
    assertMatch,
    community,
    cursorOf,
    eventsSince,
    expectStatus,
    match,
    scenarios,
    startServer,
} from './harness.mjs';

const unknown = '987654321';

scenarios('GET /notices', {
    setup: community,
    cases: [
        {
            name: 'shows notices to the team and to everybody, newest first',
            request: 'GET /notices',
            as: 'member1',
            status: 200,
            reply: ({ walkers }) => ({
                items: match.every({ teamId: (id) => id === null || id === walkers, createdAt: match.time }),
                cursor: match.string,
            }),
            then: async ({ json, headers }, context) => {
                assert.ok(json.items.length > 0, 'the demo community has notices');
                const ids = json.items.map((notice) => Number(notice.id));
                assert.deepEqual(
                    ids,
                    [...ids].sort((a, b) => b - a),
                );
                context.etag = headers.etag;
                context.cursor = json.cursor;
            },
        },
        {
            name: 'answers 304 to who has it',
            request: 'GET /notices',
            as: 'member1',
            headers: ({ etag }) => ({ 'if-none-match': etag }),
            status: 304,
            replyHeaders: { 'x-poll-interval': /^\d+$/ },
        },
        {
            name: 'shows nothing since the newest',
            request: ({ cursor }) => `GET /notices?since=${encodeURIComponent(cursor)}`,
            as: 'member1',
            status: 200,
            reply: { items: [], next: null },
        },
        {
            name: 'pages',
            request: 'GET /notices?limit=1',
            as: 'member1',
            status: 200,
            reply: { items: match.length(1) },
        },
        {
            name: 'refuses a foreign team',
            request: ({ strong }) => `GET /notices?team=${strong}`,
            as: 'member1',
            status: 403,
        },
        { name: 'refuses what is no cursor', request: 'GET /notices?since=monday', as: 'member1', status: 400 },
        { name: 'is for members only', request: 'GET /notices', status: 401 },
    ],
});

scenarios('POST /notices', {
    setup: community,
    cases: [
        {
            name: 'a coach tells the team',
            request: 'POST /notices',
            as: 'sarah',
            body: { title: 'Rain on Saturday', body: 'We meet in the hall.', link: '/#/posts/1' },
            status: 201,
            reply: ({ walkers }) => ({
                id: match.id,
                kind: 'announcement',
                teamId: walkers,
                title: 'Rain on Saturday',
                body: 'We meet in the hall.',
                link: '/#/posts/1',
                createdAt: match.time,
            }),
            events: ({ reply }) => ({ notices: [reply.json] }),
            then: async ({ json }, { server }) => {
                assert.deepEqual(expectStatus(await as(server, 'member1').get('/notices?limit=1'), 200).items, [json]);
                const strangers = expectStatus(await as(server, 'member21').get('/notices?limit=100'), 200).items;
                assert.ok(!strangers.some((notice) => notice.id === json.id), 'not told to another team');
            },
        },
        {
            name: 'a title is enough',
            request: 'POST /notices',
            as: 'sarah',
            body: { title: 'Bring water' },
            status: 201,
            reply: { body: '', link: null },
            events: { notices: [{ title: 'Bring water' }] },
        },
        {
            name: 'null means no link',
            request: 'POST /notices',
            as: 'sarah',
            body: { title: 'No link', link: null },
            status: 201,
            reply: { link: null },
            events: { notices: match.length(1) },
        },
        {
            name: 'no coach tells everybody',
            request: 'POST /notices',
            as: 'sarah',
            body: { title: 'Hello', teamId: null },
            status: 403,
            problem: 'forbidden',
        },
        {
            name: 'an administrator tells everybody',
            request: 'POST /notices',
            as: 'admin',
            body: { title: 'One million steps!' },
            status: 201,
            reply: { kind: 'win', teamId: null },
            events: { notices: [{ kind: 'win', teamId: null }] },
            then: async ({ json }, { server }) => {
                for (const who of ['member1', 'member21', 'dave']) {
                    assert.equal(
                        expectStatus(await as(server, who).get('/notices?limit=1'), 200).items[0].id,
                        json.id,
                        who,
                    );
                }
            },
        },
        {
            name: 'an administrator tells one team',
            request: 'POST /notices',
            as: 'admin',
            body: ({ strong }) => ({ title: 'To the strong', teamId: strong }),
            observer: 'member21',
            status: 201,
            reply: ({ strong }) => ({ kind: 'announcement', teamId: strong }),
            events: { notices: [{ title: 'To the strong' }] },
        },
        {
            name: 'no member tells anything',
            request: 'POST /notices',
            as: 'member1',
            body: { title: 'Hello' },
            status: 403,
            problem: 'forbidden',
        },
        {
            name: 'no coach tells another team',
            request: 'POST /notices',
            as: 'sarah',
            body: ({ strong }) => ({ title: 'Hello', teamId: strong }),
            status: 403,
        },
        {
            name: 'a team that does not exist cannot be told',
            request: 'POST /notices',
            as: 'admin',
            body: { title: 'Hello', teamId: unknown },
            status: 404,
        },
        {
            name: 'a link leads into this site',
            request: 'POST /notices',
            as: 'sarah',
            body: { title: 'Look', link: 'https://evil.example/' },
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'a link is no other host in disguise',
            request: 'POST /notices',
            as: 'sarah',
            body: { title: 'Look', link: '//evil.example/' },
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'nor with a backslash',
            request: 'POST /notices',
            as: 'sarah',
            body: { title: 'Look', link: '/\\evil.example/' },
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'a link is no script',
            request: 'POST /notices',
            as: 'sarah',
            body: { title: 'Look', link: 'javascript:alert(1)' },
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'a title has 120 characters at most',
            request: 'POST /notices',
            as: 'sarah',
            body: { title: 'x'.repeat(121) },
            status: 400,
        },
        {
            name: 'a body has 500 characters at most',
            request: 'POST /notices',
            as: 'sarah',
            body: { title: 'x', body: 'x'.repeat(501) },
            status: 400,
        },
        { name: 'telling is for members only', request: 'POST /notices', body: { title: 'Hello' }, status: 401 },
    ],
});

describe('notices', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());

    test('since a cursor are those that came after it, and pages of them lose none', async () => {
        const since = await cursorOf(server, 'member1');
        for (let i = 0; i < 7; i += 1)
            expectStatus(await as(server, i % 2 ? 'sarah' : 'admin').post('/notices', { title: `Notice ${i}` }), 201);
        const found = await allItems(server, 'member1', `/notices?since=${encodeURIComponent(since)}`, { limit: 3 });
        assert.deepEqual(
            found.map((notice) => notice.title),
            [6, 5, 4, 3, 2, 1, 0].map((i) => `Notice ${i}`),
        );
        const told = (await eventsSince(server, 'member1', since)).notices;
        assertMatch(told, [...found].reverse(), '/changes tells the same, oldest first');
    });

    test('of another history are all of them', async () => {
        const since = await cursorOf(server, 'member1');
        const foreign = (since[0] === 'a' ? 'b' : 'a') + since.slice(1);
        const reply = await as(server, 'member1').get(`/notices?since=${foreign}`);
        assert.ok(expectStatus(reply, 200).items.length > 0);
    });
});
