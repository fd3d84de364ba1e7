/*
 * Presence by polling: people are counted, not devices; a poll is a heartbeat that holds for 1.5 of the interval it was
 * told; leaving has a grace; whoever appears offline is nowhere. Each test has members and a clock of its own.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, assertMatch, community, expectStatus, match, scenarios, startServer, until } from './harness.mjs';

scenarios('GET /presence', {
    setup: async (server) => community(server),
    cases: [
        {
            name: 'counts the caller',
            request: 'GET /presence',
            as: 'member1',
            status: 200,
            reply: ({ walkers }) => ({ team: walkers, count: 1, activeCoaches: [] }),
            replyHeaders: { 'cache-control': 'private, no-cache', 'x-poll-interval': /^\d+$/ },
        },
        { name: 'counts the caller once', request: 'GET /presence', as: 'member1', status: 200, reply: { count: 1 } },
        {
            name: 'counts the coach and names them',
            request: 'GET /presence',
            as: 'sarah',
            status: 200,
            reply: { count: 2, activeCoaches: [/Sarah/] },
        },
        {
            name: 'keeps teams apart',
            request: 'GET /presence',
            as: 'member21',
            status: 200,
            reply: ({ strong }) => ({ team: strong, count: 1, activeCoaches: [] }),
        },
        {
            name: 'takes the team by its id',
            request: ({ walkers }) => `GET /presence?team=${walkers}`,
            as: 'member2',
            status: 200,
            reply: { count: 3 },
        },
        {
            name: 'refuses a foreign team',
            request: ({ strong }) => `GET /presence?team=${strong}`,
            as: 'member1',
            status: 403,
            problem: 'forbidden',
        },
        {
            name: 'has nothing to say to somebody in no team',
            request: 'GET /presence',
            as: 'admin',
            status: 404,
            problem: 'not-found',
        },
        {
            name: 'refuses a team that is no id',
            request: 'GET /presence?team=walkers',
            as: 'member1',
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'refuses a parameter twice',
            request: ({ walkers }) => `GET /presence?team=${walkers}&team=${walkers}`,
            as: 'member1',
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'refuses an unknown parameter',
            request: 'GET /presence?teamId=2',
            as: 'member1',
            status: 400,
            problem: 'invalid',
        },
        { name: 'is for members only', request: 'GET /presence', status: 401 },
    ],
});

describe('presence', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());
    const poll = async (who) => expectStatus(await as(server, who).get('/presence'), 200);
    /* Everybody who was here is gone; member20 looks on. */
    const emptyRoom = async () => {
        await server.advance(3600);
        await until(async () => (await poll('member20')).count === 1, { what: 'the room being empty' });
    };

    test('counts a person with three devices once', async () => {
        await emptyRoom();
        const devices = await Promise.all([1, 2, 3].map(() => server.must('token', 'issue', '--user', 'member1')));
        for (const token of devices) await poll({ token });
        assert.equal((await poll('member20')).count, 2);
    });

    test('counts everybody when everybody comes at once', async () => {
        await emptyRoom();
        await Promise.all(Array.from({ length: 19 }, (_, i) => poll(`member${i + 1}`)));
        assert.equal((await poll('member20')).count, 20);
    });

    test('is an attribute of the team: asking about it with other endpoints is no heartbeat', async () => {
        await emptyRoom();
        const member = as(server, 'member1');
        const { cursor } = expectStatus(await member.get('/posts'), 200);
        expectStatus(await member.get('/me'), 200);
        expectStatus(await member.get('/notices'), 200);
        expectStatus(await member.get(`/posts/new-count?since=${cursor}`), 200);
        assert.equal((await poll('member20')).count, 1);
        const { presence } = expectStatus(await member.get(`/changes?since=${cursor}`), 200);
        assert.equal(presence.count, 2, 'GET /changes is a heartbeat');
        assert.equal((await poll('member20')).count, 2);
    });

    test('holds for one and a half of the told interval, and no longer', async () => {
        await emptyRoom();
        const told = Number((await as(server, 'member1').get('/presence')).headers['x-poll-interval']);
        await server.advance(Math.floor(told * 1.5) - 5);
        assert.equal((await poll('member20')).count, 2);
        await server.advance(6);
        await until(async () => (await poll('member20')).count === 1, { what: 'the member being gone' });
    });

    test('goes on as long as somebody polls', async () => {
        await emptyRoom();
        for (let i = 0; i < 5; i += 1) {
            await poll('member1');
            await server.advance(80);
        }
        assert.equal((await poll('member20')).count, 2);
    });

    test('ends ten seconds after DELETE /presence', async () => {
        await emptyRoom();
        await poll('member1');
        const reply = await as(server, 'member1').delete('/presence');
        expectStatus(reply, 204);
        assert.equal((await poll('member20')).count, 2, 'the grace');
        await server.advance(8);
        assert.equal((await poll('member20')).count, 2, 'still the grace');
        await server.advance(3);
        await until(async () => (await poll('member20')).count === 1, { what: 'the grace ending' });
    });

    test('goes on when the member is back within the grace', async () => {
        await emptyRoom();
        await poll('member1');
        expectStatus(await as(server, 'member1').delete('/presence'), 204);
        await server.advance(5);
        await poll('member1');
        await server.advance(30);
        assert.equal((await poll('member20')).count, 2);
    });

    test('goes on when another device of the member still polls', async () => {
        await emptyRoom();
        const [phone, tablet] = await Promise.all(
            [1, 2].map(async () => ({ token: await server.must('token', 'issue', '--user', 'member1') })),
        );
        await poll(phone);
        await poll(tablet);
        expectStatus(await as(server, tablet).delete('/presence'), 204);
        await server.advance(20);
        assert.equal((await poll('member20')).count, 2, 'the phone holds them');
        expectStatus(await as(server, phone).delete('/presence'), 204);
        await server.advance(11);
        await until(async () => (await poll('member20')).count === 1, { what: 'both devices being gone' });
    });

    test('leaving without having been here is no arrival', async () => {
        await emptyRoom();
        expectStatus(await as(server, 'member1').delete('/presence'), 204);
        assert.equal((await poll('member20')).count, 1);
        const { walkers, strong } = await community(server);
        expectStatus(await as(server, 'member1').delete(`/presence?team=${walkers}`), 204);
        expectStatus(await as(server, 'member1').delete(`/presence?team=${strong}`), 403);
        expectStatus(await as(server, null).delete('/presence'), 401);
    });

    test('does not show who appears offline', async () => {
        await emptyRoom();
        await poll('sarah');
        await poll('member1');
        assertMatch(await poll('member20'), { count: 3, activeCoaches: [/Sarah/] }, 'before');
        expectStatus(await as(server, 'sarah').patch('/me', { appearOffline: true }), 200);
        expectStatus(await as(server, 'member1').patch('/me', { appearOffline: true }), 200);
        await until(async () => (await poll('member20')).count === 1, { what: 'both being invisible' });
        assert.deepEqual((await poll('member20')).activeCoaches, []);
        // Looking at the others does not betray them, with either poll.
        assertMatch(await poll('sarah'), { count: 1, activeCoaches: [] }, 'what the coach sees');
        const { cursor } = expectStatus(await as(server, 'member1').get('/posts'), 200);
        expectStatus(await as(server, 'member1').get(`/changes?since=${cursor}`), 200);
        assert.equal((await poll('member20')).count, 1);
        expectStatus(await as(server, 'sarah').patch('/me', { appearOffline: false }), 200);
        expectStatus(await as(server, 'member1').patch('/me', { appearOffline: false }), 200);
        await poll('sarah');
        assertMatch(await poll('member20'), { count: match.number, activeCoaches: [/Sarah/] }, 'afterwards');
    });

    test('survives nobody: a restarted server begins empty', async () => {
        await poll('member1');
        await server.stop();
        server = await startServer({ data: server.data });
        assert.equal((await poll('member20')).count, 1);
    });
});

describe('the grace and the interval', () => {
    test('are what the operator chose', async () => {
        const server = await startServer({ args: ['--poll-interval', '8s', '--grace', '2s'] });
        try {
            const reply = await as(server, 'member1').get('/presence');
            const told = Number(reply.headers['x-poll-interval']);
            assert.ok(told >= 8 && told <= 40, `told ${told} s`);
            expectStatus(await as(server, 'member1').delete('/presence'), 204);
            await server.advance(3);
            await until(async () => expectStatus(await as(server, 'member2').get('/presence'), 200).count === 1, {
                what: 'a grace of 2 s',
            });
        } finally {
            await server.stop();
        }
    });
});

describe('X-Poll-Interval', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());

    test('differs from poll to poll, around the interval, on every polled answer', async () => {
        const { cursor } = expectStatus(await as(server, 'member1').get('/posts'), 200);
        for (const path of [
            '/presence',
            `/changes?since=${cursor}`,
            `/posts/new-count?since=${cursor}`,
            '/notices',
            '/posts',
        ]) {
            const told = [];
            for (let i = 0; i < 32; i += 1) {
                const reply = await as(server, `member${1 + (i % 10)}`).get(path);
                told.push(Number(expectStatus(reply, 200) && reply.headers['x-poll-interval']));
            }
            // Half a minute for posts, a minute for presence; a quarter of jitter, four times that under full load.
            assert.ok(
                told.every((s) => s >= 25 && s <= 300),
                `${path}: ${told}`,
            );
            assert.ok(new Set(told).size >= 4, `${path} has too little jitter: ${told}`);
        }
    });
});

describe('ETags of presence', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());

    test('stay while nothing changes and change with the count', async () => {
        const first = await as(server, 'member1').get('/presence');
        const { etag } = first.headers;
        const same = await as(server, 'member1').get('/presence', { 'if-none-match': etag });
        expectStatus(same, 304);
        assert.equal(same.headers.etag, etag);
        assert.ok(Number(same.headers['x-poll-interval']) > 0);
        expectStatus(await as(server, 'member1').get('/presence', { 'if-none-match': '*' }), 304);
        expectStatus(await as(server, 'member1').get('/presence', { 'if-none-match': `"x", ${etag}` }), 304);
        expectStatus(await as(server, 'member1').get('/presence', { 'if-none-match': `W/${etag}` }), 304);
        expectStatus(await as(server, 'member1').get('/presence', { 'if-none-match': '"x"' }), 200);
        expectStatus(await as(server, 'member2').get('/presence'), 200);
        const changed = await as(server, 'member1').get('/presence', { 'if-none-match': etag });
        assert.equal(expectStatus(changed, 200).count, 2);
        assert.notEqual(changed.headers.etag, etag);
    });

    test('a 304 is a heartbeat as well', async () => {
        await server.advance(3600);
        await until(async () => expectStatus(await as(server, 'member20').get('/presence'), 200).count === 1);
        const { etag } = (await as(server, 'member1').get('/presence')).headers;
        for (let i = 0; i < 3; i += 1) {
            await server.advance(60);
            await as(server, 'member20').get('/presence');
            expectStatus(await as(server, 'member1').get('/presence', { 'if-none-match': etag }), 304);
        }
        assert.equal(expectStatus(await as(server, 'member20').get('/presence'), 200).count, 2);
    });
});

describe('hot polls', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--threads', '1'] });
    });
    after(() => server.stop());

    async function statements() {
        const { body } = await as(server, 'admin').get('/metrics');
        const lines = body.split('\n').filter((line) => line.startsWith('porchlight_sql_statements_total'));
        assert.ok(lines.length > 0, 'the metric exists');
        return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    }

    /* Statements that `work` cost, apart from what reading the figure itself costs. */
    async function cost(work) {
        const first = await statements();
        const reading = (await statements()) - first;
        const before = await statements();
        await work();
        return (await statements()) - before - reading;
    }

    for (const [name, path] of [
        ['GET /presence', () => '/presence'],
        ['GET /posts/new-count', (cursor) => `/posts/new-count?since=${cursor}`],
        ['GET /changes when nothing is new', (cursor) => `/changes?since=${cursor}`],
        ['GET /channels/{id}/messages when nothing is new', (cursor) => `/channels/1/messages?since=${cursor}`],
    ]) {
        test(`200 of ${name} run no SQL statement`, async () => {
            const members = ['member1', 'member2', 'member3', 'sarah'];
            const { cursor } = expectStatus(await as(server, 'member1').get('/posts'), 200);
            const poll = async (who) => expectStatus(await as(server, who).get(path(cursor)), 200);
            for (const who of members) await poll(who); // tokens verified, answers rendered
            // The housekeeper may run a statement of its own at any time: one clean run out of five shows it.
            let found = Infinity;
            for (let i = 0; i < 5 && found !== 0; i += 1) {
                found = await cost(async () => {
                    for (let n = 0; n < 200; n += 1) await poll(members[n % members.length]);
                });
            }
            assert.equal(found, 0);
        });
    }

    test('a change of one member makes nobody else be looked up again', async () => {
        const others = ['member1', 'member2', 'member3', 'sarah'];
        const poll = async (who) => expectStatus(await as(server, who).get('/presence'), 200);
        for (const who of [...others, 'member4']) await poll(who);
        let [othersCost, ownCost] = [Infinity, 0];
        for (let i = 0; i < 5 && othersCost !== 0; i += 1) {
            expectStatus(await as(server, 'member4').patch('/me', { name: `Margaret ${i}` }), 200);
            othersCost = await cost(async () => {
                for (const who of others) await poll(who);
            });
            ownCost = Math.max(ownCost, await cost(() => poll('member4')));
        }
        assert.equal(othersCost, 0);
        assert.ok(ownCost > 0, 'the changed member is');
    });

    test('the figure does move when something is read from the database', async () => {
        assert.ok((await cost(async () => expectStatus(await as(server, 'member1').get('/posts'), 200))) > 0);
    });
});
