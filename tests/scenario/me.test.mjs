/* GET and PATCH /me: the signed-in member. */
import assert from 'node:assert/strict';
import { as, expectStatus, match, scenarios } from './harness.mjs';

scenarios('GET /me', {
    cases: [
        {
            name: 'tells a member who they are, and in which team',
            request: 'GET /me',
            as: 'member1',
            status: 200,
            reply: {
                id: match.id,
                username: 'member1',
                name: match.string,
                role: 'member',
                team: { id: match.id, name: 'Morning Walkers' },
                teams: match.length(1),
                appearOffline: false,
                createdAt: match.time,
            },
            replyHeaders: { 'cache-control': 'private, no-cache', 'x-request-id': match.string },
            forbidden: ['argon2', 'password'],
            then: async ({ headers }, context) => {
                context.etag = headers.etag;
            },
        },
        {
            name: 'answers 304 to who has it already',
            request: 'GET /me',
            as: 'member1',
            headers: ({ etag }) => ({ 'if-none-match': `"something else", W/${etag}` }),
            status: 304,
        },
        {
            name: 'does not take one member for another',
            request: 'GET /me',
            as: 'member2',
            headers: ({ etag }) => ({ 'if-none-match': etag }),
            status: 200,
            reply: { username: 'member2' },
        },
        {
            name: 'gives a coach the team with their own id',
            request: 'GET /me',
            as: 'dave',
            status: 200,
            reply: { role: 'coach', team: { name: 'Strong Together' } },
            then: async ({ json }) => assert.equal(json.team.id, json.id),
        },
        {
            name: 'says that an administrator is in no team',
            request: 'GET /me',
            as: 'admin',
            status: 200,
            reply: { role: 'admin', team: null, teams: [] },
        },
        {
            name: 'is for members only',
            request: 'GET /me',
            status: 401,
            problem: 'unauthenticated',
            replyHeaders: { 'www-authenticate': /^Bearer/ },
        },
    ],
});

scenarios('PATCH /me', {
    setup: async (server) => ({ before: (await as(server, 'member1').get('/me')).headers.etag }),
    cases: [
        {
            name: 'changes the name and nothing else',
            request: 'PATCH /me',
            as: 'member1',
            body: { name: '  Ruth Miller ' },
            status: 200,
            reply: { username: 'member1', name: 'Ruth Miller', appearOffline: false },
            then: async (reply, { server, before }) => {
                const now = await as(server, 'member1').get('/me', { 'if-none-match': before });
                assert.deepEqual(expectStatus(now, 200), reply.json);
            },
        },
        {
            name: 'shows the new name with old posts',
            request: 'POST /posts',
            as: 'member1',
            body: { body: 'First' },
            status: 201,
            reply: { author: { name: 'Ruth Miller' } },
            events: { created: [{ author: { name: 'Ruth Miller' } }] },
            then: async ({ json }, { server }) => {
                expectStatus(await as(server, 'member1').patch('/me', { name: 'Ruth M.' }), 200);
                assert.equal(
                    expectStatus(await as(server, 'sarah').get(`/posts/${json.id}`), 200).author.name,
                    'Ruth M.',
                );
            },
        },
        {
            name: 'makes a member invisible',
            request: 'PATCH /me',
            as: 'member1',
            body: { appearOffline: true },
            status: 200,
            reply: { appearOffline: true, name: 'Ruth M.' },
        },
        {
            name: 'makes them visible again',
            request: 'PATCH /me',
            as: 'member1',
            body: { appearOffline: false },
            status: 200,
            reply: { appearOffline: false },
        },
        {
            name: 'takes every alphabet',
            request: 'PATCH /me',
            as: 'member1',
            body: { name: 'Жанна 🚶‍♀️ Müller' },
            status: 200,
            reply: { name: 'Жанна 🚶‍♀️ Müller' },
        },
        {
            name: 'takes sixty characters, not bytes',
            request: 'PATCH /me',
            as: 'member1',
            body: { name: '🌻'.repeat(60) },
            status: 200,
            reply: { name: '🌻'.repeat(60) },
        },
        {
            name: 'refuses sixty-one',
            request: 'PATCH /me',
            as: 'member1',
            body: { name: 'x'.repeat(61) },
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'refuses to change nothing',
            request: 'PATCH /me',
            as: 'member1',
            body: {},
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'refuses a role',
            request: 'PATCH /me',
            as: 'member1',
            body: { role: 'admin' },
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'refuses a name of blanks',
            request: 'PATCH /me',
            as: 'member1',
            body: { name: '   ' },
            status: 400,
            problem: 'invalid',
        },
        { name: 'is for members only', request: 'PATCH /me', body: { name: 'Nobody' }, status: 401 },
    ],
});
