/* /teams: one's own teams, their members, invites. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { allItems, as, assertMatch, community, expectStatus, match, scenarios, startServer } from './harness.mjs';

const unknown = '987654321';

scenarios('GET /teams', {
    setup: community,
    cases: [
        {
            name: 'lists the team of a member',
            request: 'GET /teams',
            as: 'member1',
            status: 200,
            reply: ({ walkers }) => ({
                items: [
                    {
                        id: walkers,
                        name: 'Morning Walkers',
                        coach: { id: walkers, name: /Sarah/ },
                        memberCount: 21,
                        createdAt: match.time,
                    },
                ],
                next: null,
            }),
            then: async ({ headers }, context) => {
                context.etag = headers.etag;
            },
        },
        {
            name: 'answers 304 to who has it',
            request: 'GET /teams',
            as: 'member1',
            headers: ({ etag }) => ({ 'if-none-match': etag }),
            status: 304,
        },
        {
            name: 'lists all teams for an administrator, by id',
            request: 'GET /teams',
            as: 'admin',
            status: 200,
            reply: ({ walkers, strong }) => ({
                items: [walkers, strong].sort((a, b) => a - b).map((id) => ({ id })),
                next: null,
            }),
        },
        {
            name: 'gives as many as wanted',
            request: 'GET /teams?limit=1',
            as: 'admin',
            status: 200,
            reply: { items: match.length(1), next: match.string },
        },
        { name: 'refuses no items', request: 'GET /teams?limit=0', as: 'admin', status: 400, problem: 'invalid' },
        {
            name: 'refuses too many items',
            request: 'GET /teams?limit=101',
            as: 'admin',
            status: 400,
            problem: 'invalid',
        },
        { name: 'refuses a page it never gave out', request: 'GET /teams?page=..', as: 'admin', status: 400 },
        { name: 'is for members only', request: 'GET /teams', status: 401 },
    ],
});

scenarios('GET /teams/{id}', {
    setup: community,
    cases: [
        {
            name: 'shows the team to its members',
            request: ({ walkers }) => `GET /teams/${walkers}`,
            as: 'member20',
            status: 200,
            reply: { name: 'Morning Walkers', memberCount: 21 },
            then: async ({ headers }, context) => {
                context.etag = headers.etag;
            },
        },
        {
            name: 'answers 304 to who has it',
            request: ({ walkers }) => `GET /teams/${walkers}`,
            as: 'sarah',
            headers: ({ etag }) => ({ 'if-none-match': etag }),
            status: 304,
        },
        {
            name: 'shows every team to an administrator',
            request: ({ strong }) => `GET /teams/${strong}`,
            as: 'admin',
            status: 200,
            reply: { memberCount: 11 },
        },
        {
            name: 'shows no foreign team to a member',
            request: ({ strong }) => `GET /teams/${strong}`,
            as: 'member1',
            status: 403,
            problem: 'forbidden',
            forbidden: ['Strong'],
        },
        {
            name: 'shows no foreign team to a coach',
            request: ({ walkers }) => `GET /teams/${walkers}`,
            as: 'dave',
            status: 403,
        },
        {
            name: 'says when there is none',
            request: `GET /teams/${unknown}`,
            as: 'admin',
            status: 404,
            problem: 'not-found',
        },
        { name: 'knows ids only', request: 'GET /teams/walkers', as: 'admin', status: 404 },
        { name: 'is for members only', request: ({ walkers }) => `GET /teams/${walkers}`, status: 401 },
    ],
});

scenarios('GET /teams/{id}/members', {
    setup: community,
    cases: [
        {
            name: 'lists members with the coach, and nothing private',
            request: ({ walkers }) => `GET /teams/${walkers}/members?limit=100`,
            as: 'member1',
            status: 200,
            reply: ({ walkers }) => ({
                items: match.includes(
                    { id: walkers, role: 'coach', name: /Sarah/, joinedAt: match.time },
                    { role: 'member' },
                ),
                next: null,
            }),
            forbidden: ['username', 'appearOffline', 'argon2'],
            then: async ({ json, headers }, context) => {
                context.etag = headers.etag;
                assert.equal(json.items.length, 21);
            },
        },
        {
            name: 'answers 304 to who has it',
            request: ({ walkers }) => `GET /teams/${walkers}/members?limit=100`,
            as: 'member2',
            headers: ({ etag }) => ({ 'if-none-match': etag }),
            status: 304,
        },
        {
            name: 'pages without loss or repeat',
            request: ({ walkers }) => `GET /teams/${walkers}/members`,
            as: 'member1',
            status: 200,
            reply: { items: match.length(20), next: match.string },
            then: async (_, { server, walkers }) => {
                const all = await allItems(server, 'member1', `/teams/${walkers}/members`);
                const paged = await allItems(server, 'member1', `/teams/${walkers}/members`, { limit: 4 });
                assert.deepEqual(paged, all);
                assert.equal(new Set(all.map((member) => member.id)).size, 21);
            },
        },
        {
            name: 'is closed to other teams',
            request: ({ strong }) => `GET /teams/${strong}/members`,
            as: 'member1',
            status: 403,
        },
        {
            name: 'is open to an administrator',
            request: ({ strong }) => `GET /teams/${strong}/members`,
            as: 'admin',
            status: 200,
        },
        {
            name: 'is not there for a team that does not exist',
            request: `GET /teams/${unknown}/members`,
            as: 'admin',
            status: 404,
        },
    ],
});

scenarios('POST /teams/{id}/invites', {
    setup: community,
    cases: [
        {
            name: 'gives the coach a link that opens once within a week',
            request: ({ walkers }) => `POST /teams/${walkers}/invites`,
            as: 'sarah',
            body: {},
            status: 201,
            reply: ({ walkers }) => ({
                code: match.string,
                url: /^http/,
                teamId: walkers,
                maxUses: 1,
                expiresAt: match.time,
            }),
            then: async ({ json, headers }) => {
                assert.ok(json.url.includes(json.code));
                assert.ok(json.code.length >= 16, 'not to be guessed');
                const hours = (Date.parse(json.expiresAt) - Date.parse(headers.date)) / 3600_000;
                assert.ok(Math.abs(hours - 168) < 0.1, `${hours} hours`);
            },
        },
        {
            name: 'gives a bigger one',
            request: ({ walkers }) => `POST /teams/${walkers}/invites`,
            as: 'sarah',
            body: { maxUses: 500, expiresInHours: 2160 },
            status: 201,
            reply: { maxUses: 500 },
        },
        {
            name: 'gives one to an administrator',
            request: ({ strong }) => `POST /teams/${strong}/invites`,
            as: 'admin',
            body: { maxUses: 2 },
            status: 201,
            reply: ({ strong }) => ({ teamId: strong }),
        },
        {
            name: 'gives none to a member',
            request: ({ walkers }) => `POST /teams/${walkers}/invites`,
            as: 'member1',
            body: {},
            status: 403,
            problem: 'forbidden',
        },
        {
            name: 'gives none to another coach',
            request: ({ walkers }) => `POST /teams/${walkers}/invites`,
            as: 'dave',
            body: {},
            status: 403,
        },
        {
            name: 'gives none for a team that does not exist',
            request: `POST /teams/${unknown}/invites`,
            as: 'admin',
            body: {},
            status: 404,
        },
        {
            name: 'refuses more than 500 uses',
            request: ({ walkers }) => `POST /teams/${walkers}/invites`,
            as: 'sarah',
            body: { maxUses: 501 },
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'refuses half an hour',
            request: ({ walkers }) => `POST /teams/${walkers}/invites`,
            as: 'sarah',
            body: { expiresInHours: 0.5 },
            status: 400,
            problem: 'invalid',
        },
    ],
});

describe('a new member', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());

    test('is in the team at once', async () => {
        const { walkers } = await community(server);
        const { code } = expectStatus(await as(server, 'sarah').post(`/teams/${walkers}/invites`, {}), 201);
        const { token, user } = expectStatus(
            await as(server).post('/auth/join', { invite: code, name: 'Ruth Miller', password: 'a long walk' }),
            201,
        );
        assert.equal(expectStatus(await as(server, 'member1').get(`/teams/${walkers}`), 200).memberCount, 22);
        const members = await allItems(server, 'member1', `/teams/${walkers}/members`);
        assert.ok(members.some((member) => member.id === user.id && member.name === 'Ruth Miller'));
        expectStatus(await as(server, { token }).post('/posts', { body: 'Hello, I am new' }), 201);
    });
});

describe('POST /teams/join', () => {
    let server;
    let people;
    before(async () => {
        server = await startServer();
        people = await community(server);
        await server.must('user', 'add', 'nell', '--name', 'Nell');
    });
    after(() => server.stop());
    const invite = async (maxUses = 1) =>
        expectStatus(await as(server, 'sarah').post(`/teams/${people.walkers}/invites`, { maxUses }), 201).code;

    test('lets a member in who has no team, at once', async () => {
        expectStatus(await as(server, 'nell').get('/presence'), 404);
        const code = await invite();
        const reply = await as(server, 'nell').post('/teams/join', { code: ` ${code.toLowerCase()} ` });
        assertMatch(expectStatus(reply, 200), { id: people.walkers, name: 'Morning Walkers', memberCount: 22 }, 'the team');
        assert.equal(expectStatus(await as(server, 'nell').get('/presence'), 200).team, people.walkers);
        assert.equal(expectStatus(await as(server, 'nell').get('/me'), 200).team.id, people.walkers);
        assert.equal(expectStatus(await as(server, 'dave').post('/teams/join', { code }), 404).type, '/docs#not-found');
    });

    test('lets a member into a second team, and takes no use of who is in it already', async () => {
        const code = await invite();
        expectStatus(await as(server, 'sarah').post('/teams/join', { code }), 200);
        expectStatus(await as(server, 'member21').post('/teams/join', { code }), 200);
        const { items } = expectStatus(await as(server, 'member21').get('/teams'), 200);
        assert.deepEqual(items.map((team) => team.id).sort(), [people.walkers, people.strong].sort());
    });

    test('takes one use of an answer that was lost', async () => {
        const code = await invite();
        const key = { 'idempotency-key': 'lost-in-a-tunnel' };
        const first = expectStatus(await as(server, 'member22').post('/teams/join', { code }, key), 200);
        const again = await as(server, 'member22').post('/teams/join', { code }, key);
        assert.deepEqual(expectStatus(again, 200), first);
        assert.equal(again.headers['idempotency-replayed'], 'true');
    });

    test('refuses what is no invite, or is over', async () => {
        const member = as(server, 'member23');
        for (const code of ['nonsense', 'AAAA-BBBB-CCCC-DDDD'])
            assert.equal(expectStatus(await member.post('/teams/join', { code }), 404).type, '/docs#not-found');
        const code = await invite();
        await server.advance(8 * 86400);
        expectStatus(await member.post('/teams/join', { code }), 404);
        for (const body of [{}, { code: '' }, { code: 7 }, { code: 'x', team: '2' }, { code: 'x'.repeat(65) }])
            expectStatus(await member.post('/teams/join', body), 400);
        expectStatus(await as(server).post('/teams/join', { code }), 401);
    });

    test('refuses one team too many, and takes no use', async () => {
        const coaches = Array.from({ length: 16 }, (_, i) => `coach${i}`);
        for (const name of coaches) {
            await server.must('user', 'add', name, '--name', name, '--role', 'coach');
            await server.must('team', 'add', name, '--name', `Team of ${name}`);
        }
        const open = async (name) => /#\/join\/(\S+)$/.exec(await server.must('invite', name))[1];
        for (const name of coaches.slice(0, 15))
            expectStatus(await as(server, 'member24').post('/teams/join', { code: await open(name) }), 200);
        const code = await open(coaches[15]);
        assert.equal(expectStatus(await as(server, 'member24').post('/teams/join', { code }), 409).type, '/docs#conflict');
        expectStatus(await as(server, 'member25').post('/teams/join', { code }), 200);
    });
});
