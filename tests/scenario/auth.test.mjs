/* /auth/...: signing in, joining, staying signed in, signing out, tickets. Cookies and rates have files of their own. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, assertMatch, expectStatus, match, request, scenarios, startServer, until } from './harness.mjs';

const session = { token: /^v4\.public\./, expiresAt: match.time };

scenarios('POST /auth/login', {
    cases: [
        {
            name: 'gives a token and a cookie for name and password',
            request: 'POST /auth/login',
            body: { name: 'member1', password: 'porchlight' },
            status: 200,
            reply: {
                ...session,
                user: { username: 'member1', role: 'member', team: { name: 'Morning Walkers' }, appearOffline: false },
            },
            replyHeaders: { 'cache-control': /no-cache|no-store/, 'set-cookie': match.length(1) },
            forbidden: ['argon2'],
        },
        {
            name: 'does not mind upper case in the name',
            request: 'POST /auth/login',
            body: { name: 'MEMBER1', password: 'porchlight' },
            status: 200,
            reply: { user: { username: 'member1' } },
        },
        {
            name: 'gives a token that signs in',
            request: 'POST /auth/login',
            body: { name: 'sarah', password: 'porchlight' },
            status: 200,
            then: async (reply, { server }) => {
                assertMatch(
                    expectStatus(await as(server, { token: reply.json.token }).get('/me'), 200),
                    { username: 'sarah', role: 'coach' },
                    'me',
                );
            },
        },
        {
            name: 'refuses a wrong password',
            request: 'POST /auth/login',
            body: { name: 'member1', password: 'porchlamp' },
            status: 401,
            problem: 'unauthenticated',
            replyHeaders: { 'set-cookie': match.absent },
            forbidden: ['porchlamp', 'member1'],
            then: async (reply, context) => {
                context.sentence = reply.json.detail;
            },
        },
        {
            name: 'says the same about a name that nobody has',
            request: 'POST /auth/login',
            body: { name: 'nobody.here', password: 'porchlight' },
            status: 401,
            problem: 'unauthenticated',
            reply: ({ sentence }) => ({ detail: sentence }),
        },
        {
            name: 'treats blanks in a password as part of it',
            request: 'POST /auth/login',
            body: { name: 'member1', password: ' porchlight ' },
            status: 401,
        },
        {
            name: 'needs a password',
            request: 'POST /auth/login',
            body: { name: 'member1' },
            status: 400,
            problem: 'invalid',
        },
    ],
});

async function invite(server, body = {}) {
    const { walkers } = { walkers: expectStatus(await as(server, 'sarah').get('/me'), 200).team.id };
    return expectStatus(await as(server, 'sarah').post(`/teams/${walkers}/invites`, body), 201).code;
}

scenarios('POST /auth/join', {
    setup: async (server) => ({ code: await invite(server, { maxUses: 5 }) }),
    cases: [
        {
            name: 'makes a member of the team and signs them in',
            request: 'POST /auth/join',
            body: ({ code }) => ({ invite: code, name: 'Ruth Miller', password: 'a long walk' }),
            status: 201,
            reply: {
                ...session,
                user: {
                    username: 'ruth.miller',
                    name: 'Ruth Miller',
                    role: 'member',
                    team: { name: 'Morning Walkers' },
                    teams: [{ name: 'Morning Walkers' }],
                    appearOffline: false,
                },
            },
            replyHeaders: { 'set-cookie': match.length(1) },
            forbidden: ['a long walk', 'argon2'],
            then: async (reply, { server }) => {
                expectStatus(await as(server, { token: reply.json.token }).get('/posts'), 200);
                expectStatus(
                    await as(server).post('/auth/login', { name: 'ruth.miller', password: 'a long walk' }),
                    200,
                );
            },
        },
        {
            name: 'refuses a user name that is taken and uses nothing up',
            request: 'POST /auth/join',
            body: ({ code }) => ({
                invite: code,
                name: 'Ruth  Miller',
                username: 'Ruth.Miller',
                password: 'another walk',
            }),
            status: 409,
            problem: 'conflict',
            forbidden: ['another walk'],
        },
        {
            name: 'takes the user name that was asked for, in lower case',
            request: 'POST /auth/join',
            body: ({ code }) => ({ invite: code, name: 'Ruth Miller', username: 'Ruth_2', password: 'another walk' }),
            status: 201,
            reply: { user: { username: 'ruth_2', name: 'Ruth Miller' } },
        },
        {
            name: 'counts letters, not bytes',
            request: 'POST /auth/join',
            body: ({ code }) => ({ invite: code, name: 'Å'.repeat(60), username: 'aa', password: 'ä'.repeat(200) }),
            status: 201,
            reply: { user: { name: 'Å'.repeat(60) } },
        },
        {
            name: 'cuts blanks off a name, but not off a password',
            request: 'POST /auth/join',
            body: ({ code }) => ({ invite: code, name: '  Karl Otto ', password: '  12345678  ' }),
            status: 201,
            reply: { user: { name: 'Karl Otto', username: 'karl.otto' } },
            then: async (_, { server }) => {
                expectStatus(await as(server).post('/auth/login', { name: 'karl.otto', password: '12345678' }), 401);
                expectStatus(
                    await as(server).post('/auth/login', { name: 'karl.otto', password: '  12345678  ' }),
                    200,
                );
            },
        },
        {
            name: 'refuses an invite that does not exist',
            request: 'POST /auth/join',
            body: { invite: 'made-up', name: 'Eve', password: 'let me in please' },
            status: 404,
            problem: 'not-found',
        },
        {
            name: 'refuses a short password',
            request: 'POST /auth/join',
            body: ({ code }) => ({ invite: code, name: 'Short Word', password: '1234567' }),
            status: 400,
            problem: 'invalid',
            forbidden: ['1234567'],
        },
        {
            name: 'refuses a name that makes no user name when none is given',
            request: 'POST /auth/join',
            body: ({ code }) => ({ invite: code, name: '李', password: 'a long walk' }),
            status: 400,
            problem: 'invalid',
        },
    ],
});

describe('an invite', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());
    const join = async (code, username) =>
        as(server).post('/auth/join', { invite: code, name: 'New Member', username, password: 'a long walk' });

    test('opens the door once unless it says more', async () => {
        const code = await invite(server);
        expectStatus(await join(code, 'first.one'), 201);
        expectStatus(await join(code, 'second.one'), 404);
    });

    test('opens the door as often as it says, even when everybody comes at once', async () => {
        const code = await invite(server, { maxUses: 3 });
        const replies = await Promise.all(Array.from({ length: 8 }, (_, i) => join(code, `crowd.${i}`)));
        const statuses = replies.map((reply) => reply.status).sort();
        assert.deepEqual(statuses, [201, 201, 201, 404, 404, 404, 404, 404]);
    });

    test('ends when its hours are over', async () => {
        const code = await invite(server, { maxUses: 10, expiresInHours: 2 });
        await server.advance(2 * 3600 - 60);
        expectStatus(await join(code, 'just.in.time'), 201);
        await server.advance(61);
        expectStatus(await join(code, 'too.late'), 404);
    });
});

describe('a session', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());
    const signIn = async (name = 'member2') =>
        expectStatus(await as(server).post('/auth/login', { name, password: 'porchlight' }), 200);
    const status = async (token) => (await as(server, { token }).get('/me')).status;

    test('POST /auth/refresh gives a new token and leaves the old one as it is', async () => {
        const { token } = await signIn();
        await server.advance(60);
        const reply = await as(server, { token }).post('/auth/refresh');
        const fresh = expectStatus(reply, 200);
        assert.notEqual(fresh.token, token);
        assert.equal(reply.headers['set-cookie'].length, 1);
        assert.equal(fresh.user.username, 'member2');
        assert.equal(await status(fresh.token), 200);
        assert.equal(await status(token), 200);
        expectStatus(await as(server, { token }).post('/auth/refresh', {}), 200);
    });

    test('POST /auth/refresh moves the end', async () => {
        const { token, expiresAt } = await signIn();
        await server.advance(3600);
        const fresh = expectStatus(await as(server, { token }).post('/auth/refresh'), 200);
        assert.ok(
            Date.parse(fresh.expiresAt) - Date.parse(expiresAt) >= 3600_000,
            `${expiresAt}, then ${fresh.expiresAt}`,
        );
    });

    test('POST /auth/logout ends this token and no other', async () => {
        const phone = await signIn();
        const tablet = await signIn();
        const reply = await as(server, { token: phone.token }).post('/auth/logout');
        expectStatus(reply, 204);
        assert.match(reply.headers['set-cookie'][0], /^porchlight=;|Max-Age=0|Expires=Thu, 01 Jan 1970/i);
        assert.equal(await status(phone.token), 401);
        assert.equal(await status(tablet.token), 200);
        expectStatus(await as(server, { token: phone.token }).post('/auth/logout'), 401);
        expectStatus(await as(server, { token: tablet.token }).post('/auth/logout', {}), 204);
    });

    test('what was signed out stays signed out after a restart', async () => {
        const { token } = await signIn('member3');
        expectStatus(await as(server, { token }).post('/auth/logout'), 204);
        await server.stop();
        server = await startServer({ data: server.data });
        assert.equal(await status(token), 401);
    });

    test('ends when the life of its token ends', async () => {
        const token = await server.must('token', 'issue', '--user', 'member4', '--ttl', '10m');
        await server.advance(590);
        assert.equal(await status(token), 200);
        await server.advance(11);
        assert.equal(await status(token), 401);
        expectStatus(await as(server, { token }).post('/auth/refresh'), 401);
    });

    test('lasts 30 days unless the operator says otherwise', async () => {
        const now = Date.parse((await as(server).get('/healthz')).headers.date);
        const { expiresAt } = await signIn('member5');
        const days = (Date.parse(expiresAt) - now) / 86400_000;
        assert.ok(days > 29.5 && days < 31, `${days} days`);
    });

    test('cannot be made up', async () => {
        const { token } = await signIn('member6');
        const body = token.slice('v4.public.'.length);
        const changed = `v4.public.${body[0] === 'A' ? 'B' : 'A'}${body.slice(1)}`;
        for (const forged of [
            changed,
            token.slice(0, -1),
            token.slice(0, 40),
            token.replace('v4.', 'v2.'),
            token.replace('public', 'local'),
            'v4.public.',
            'x',
            '.'.repeat(2000),
        ]) {
            expectStatus(await as(server, { token: forged }).get('/me'), 401);
        }
        expectStatus(await request(server, { path: '/me', headers: { authorization: token } }), 401);
        expectStatus(
            await request(server, { path: '/me', headers: { authorization: `Basic ${btoa('member6:porchlight')}` } }),
            401,
        );
    });

    test('POST /auth/ticket gives a ticket for 30 seconds, another one each time', async () => {
        const { token } = await signIn('member7');
        const first = expectStatus(await as(server, { token }).post('/auth/ticket'), 201);
        const second = expectStatus(await as(server, { token }).post('/auth/ticket', {}), 201);
        assert.notEqual(first.ticket, second.ticket);
        expectStatus(await as(server).post('/auth/ticket'), 401);
    });
});

describe('a new password', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());

    test('ends a sign-in with the old one that was under way', async () => {
        // Helpers take passwords in turn: those before ours give the operator the time.
        const before = Array.from({ length: 60 }, () =>
            as(server).post('/auth/login', { name: 'member2', password: 'porchlight' }),
        );
        const late = as(server).post('/auth/login', { name: 'member1', password: 'porchlight' });
        await until(
            async () => {
                const { body } = await request(server, { path: '/metrics' });
                return Number(/^porchlight_helpers_queue (\d+)$/m.exec(body)[1]) >= 50;
            },
            { what: 'a queue of passwords' },
        );
        const said = await server.must('user', 'passwd', 'member1');
        const reply = await late;
        if (reply.status !== 401) {
            // On a machine that is slow with commands it was quicker: then what it got is void.
            const { token } = expectStatus(reply, 200);
            expectStatus(await as(server, { token }).get('/me'), 401);
        }
        await Promise.all(before);
        const password = said.trim().split(/\s+/).at(-1);
        const session = expectStatus(await as(server).post('/auth/login', { name: 'member1', password }), 200);
        expectStatus(await as(server, { token: session.token }).get('/me'), 200);
    });
});

describe('many sign-ins at once', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());

    test('200 of them: each is answered, with 503 and Retry-After past the queue, and a poll does not wait for them', async () => {
        const member = as(server, 'member1');
        expectStatus(await member.get('/presence'), 200);
        let answered = 0;
        const crowd = Array.from({ length: 200 }, async () => {
            const reply = await as(server).post('/auth/login', { name: 'member1', password: 'porchlight' });
            answered += 1;
            return reply;
        });
        let polls = 0;
        while (answered === 0) {
            expectStatus(await member.get('/presence'), 200);
            polls += 1;
        }
        const replies = await Promise.all(crowd);
        assert.ok(polls > 0, 'polls were answered before the first sign-in was');
        assert.ok(
            replies.every((reply) => reply.status === 200 || reply.status === 503),
            `${replies.map((reply) => reply.status)}`,
        );
        assert.ok(
            replies.filter((reply) => reply.status === 200).length >= 64,
            'at least a queue full of people got in',
        );
        expectStatus(await as(server).post('/auth/login', { name: 'member1', password: 'porchlight' }), 200);
    });
});
