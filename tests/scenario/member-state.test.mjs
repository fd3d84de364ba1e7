/*
 * What a member prefers and has taught: /me/preferences, /me/feedback, /me/learn, /me/weights, and the feed that follows from it.
 * The same in both modes, and after a SIGKILL.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { allItems, as, community, expectStatus, pollingBinary, request, scenarios, startServer } from './harness.mjs';

const modes = [
    { name: 'while members poll', options: {} },
    { name: 'while realtime is on', options: { args: ['--realtime', 'on'] } },
    { name: 'in a build without sockets', options: { bin: pollingBinary } },
];
const defaults = { feed: 'everything', weeklyDigest: true, topics: [] };
const words = (count, length = 3) => Array.from({ length: count }, (_, i) => String(i).padStart(length, 'w'));

/* ---- preferences ------------------------------------------------------------------------------------------------------ */

const put = 'PUT /me/preferences';
const refuse = (name, body) => ({ name: `refuses ${name}`, request: put, as: 'member1', body, status: 400, problem: 'invalid' });

for (const { name, options } of modes.slice(0, 2))
    scenarios(`/me/preferences, ${name}`, {
        server: options,
        cases: [
            { name: 'are nobody’s without a token', request: 'GET /me/preferences', status: 401 },
            { name: 'are not a service’s', request: 'GET /me/preferences', as: async ({ server }) => ({ token: await server.must('token', 'issue', '--service', 'site') }), status: 403 },
            { name: 'have defaults', request: 'GET /me/preferences', as: 'member1', status: 200, reply: defaults },
            { name: 'change in part', request: put, as: 'member1', body: { feed: 'mine' }, status: 200, reply: { ...defaults, feed: 'mine' } },
            { name: 'keep the rest', request: put, as: 'member1', body: { topics: ['walking', '"quoted"', 'größe'] }, status: 200, reply: { feed: 'mine', weeklyDigest: true, topics: ['walking', '"quoted"', 'größe'] } },
            { name: 'take the most topics there are', request: put, as: 'member1', body: { weeklyDigest: false, topics: words(20, 30) }, status: 200, reply: { feed: 'mine', weeklyDigest: false, topics: words(20, 30) } },
            refuse('one topic too many', { topics: words(21) }),
            refuse('a topic that is too long', { topics: ['w'.repeat(31)] }),
            refuse('a topic of two words', { topics: ['two words'] }),
            refuse('the same topic twice', { topics: ['a', 'a'] }),
            refuse('a topic that is a number', { topics: [1] }),
            refuse('topics that are no list', { topics: 'walking' }),
            refuse('another feed', { feed: 'yours' }),
            refuse('a feed that is null', { feed: null }),
            refuse('a weekly digest that is a text', { weeklyDigest: 'yes' }),
            refuse('a field that it does not know', { colour: 'red' }),
            refuse('nothing to change', {}),
            { name: 'refuse what is not JSON', request: put, as: 'member1', raw: '{"feed":', status: 400, problem: 'malformed' },
            {
                name: 'are as they were after all of that',
                request: 'GET /me/preferences',
                as: 'member1',
                status: 200,
                reply: { feed: 'mine', weeklyDigest: false, topics: words(20, 30) },
                then: async ({ headers }, { server }) => {
                    const again = await as(server, 'member1').get('/me/preferences', { 'if-none-match': headers.etag });
                    assert.equal(again.status, 304);
                },
            },
            { name: 'are each member’s own', request: 'GET /me/preferences', as: 'member2', status: 200, reply: defaults },
        ],
    });

/* ---- feedback and weights ---------------------------------------------------------------------------------------------- */

let articles = 0;
/* On an article of its own each time. */
const opinion = (feedback, ...topics) => ({ articleId: String(++articles), feedback, topics });
const tell = (name, body, weights) => ({ name, request: 'POST /me/feedback', as: 'member1', body, status: 200, then: ({ json }) => assert.deepEqual(json, { weights }) });
const reject = (name, body) => ({ name: `refuses ${name}`, request: 'POST /me/feedback', as: 'member1', body, status: 400, problem: 'invalid' });

const tea = opinion('helpful', 'tea');

for (const { name, options } of modes.slice(0, 2))
    scenarios(`/me/feedback, /me/learn and /me/weights, ${name}`, {
        server: options,
        cases: [
            { name: 'are nobody’s without a token', request: 'POST /me/feedback', body: opinion('helpful', 'a'), status: 401 },
            { name: 'there are none at first', request: 'GET /me/weights', as: 'member1', status: 200, then: ({ json }) => assert.deepEqual(json, { weights: {} }) },
            tell('what is helpful counts more', opinion('helpful', 'garden', 'lake'), { garden: 1.1, lake: 1.1 }),
            tell('what is not counts less', opinion('not_helpful', 'lake'), { garden: 1.1, lake: 1 }),
            tell('any word may be a topic', opinion('not_helpful', '"q"'), { '"q"': 0.9, garden: 1.1, lake: 1 }),
            tell('an article without topics moves nothing', opinion('helpful'), { garden: 1.1, lake: 1, '"q"': 0.9 }),
            reject('another opinion', opinion('great', 'a')),
            reject('no opinion', { articleId: '118', topics: [] }),
            reject('no article', { feedback: 'helpful', topics: [] }),
            reject('no topics', { articleId: '118', feedback: 'helpful' }),
            reject('an empty article', { articleId: ' ', feedback: 'helpful', topics: [] }),
            reject('an article that is a number', { articleId: 118, feedback: 'helpful', topics: [] }),
            reject('an article’s id that is too long', { articleId: 'a'.repeat(101), feedback: 'helpful', topics: [] }),
            reject('too many topics', opinion('helpful', ...words(6))),
            { name: 'takes as many topics as a post has', request: 'POST /me/feedback', as: 'member4', body: opinion('helpful', ...words(5, 30)), status: 200, reply: { weights: Object.fromEntries(words(5, 30).map((word) => [word, 1.1])) } },
            reject('a field that it does not know', { ...opinion('helpful', 'a'), more: 1 }),
            { name: 'learning takes nothing', request: 'POST /me/learn', as: 'member1', body: { fast: true }, status: 400, problem: 'invalid' },
            { name: 'learning is not for nobody', request: 'POST /me/learn', body: {}, status: 401 },
            { name: 'learning gives the same', request: 'POST /me/learn', as: 'member1', body: {}, status: 200, reply: { weights: { garden: 1.1, lake: 1, '"q"': 0.9 } } },
            {
                name: 'weights are as they were told',
                request: 'GET /me/weights',
                as: 'member1',
                status: 200,
                then: async ({ json, headers }, { server }) => {
                    assert.deepEqual(json, { weights: { '"q"': 0.9, garden: 1.1, lake: 1 } });
                    const again = await as(server, 'member1').get('/me/weights', { 'if-none-match': headers.etag });
                    assert.equal(again.status, 304);
                    assert.deepEqual(expectStatus(await as(server, 'member2').get('/me/weights'), 200), { weights: {} });
                },
            },
            {
                name: 'a resend with its key counts once',
                request: 'POST /me/feedback',
                as: 'member2',
                headers: { 'Idempotency-Key': 'one' },
                body: tea,
                status: 200,
                reply: { weights: { tea: 1.1 } },
                then: async (_, { server }) => {
                    const send = (body) => as(server, 'member2').post('/me/feedback', body, { 'Idempotency-Key': 'one' });
                    const again = await send(tea);
                    assert.deepEqual(expectStatus(again, 200), { weights: { tea: 1.1 } });
                    assert.equal(again.headers['idempotency-replayed'], 'true');
                    expectStatus(await send(opinion('helpful', 'cake')), 422);
                    assert.deepEqual(expectStatus(await as(server, 'member2').get('/me/weights'), 200), { weights: { tea: 1.1 } });
                    // Another member's key is another key.
                    const other = await as(server, 'member3').post('/me/feedback', opinion('helpful', 'tea'), { 'Idempotency-Key': 'one' });
                    assert.equal(other.headers['idempotency-replayed'], undefined);
                },
            },
        ],
    });

for (const { name, options } of modes)
    describe(`what a member taught, ${name}`, () => {
        let server;
        before(async () => {
            server = await startServer(options);
        });
        after(() => server?.stop());
        let who = 'member1';
        const member = () => as(server, who);
        /* Signs in again, since a sign-in does not last so long. */
        const pass = async (days) => {
            await server.advance(days * 86400);
            who = { token: await server.must('token', 'issue', '--user', 'member1') };
        };
        const say = async (feedback, ...topics) =>
            expectStatus(await member().post('/me/feedback', opinion(feedback, ...topics)), 200).weights;

        test('stays within 0.1 and 2.0, in exact tenths', async () => {
            const seen = [];
            for (let i = 0; i < 12; i++) seen.push((await say('helpful', 'up')).up);
            assert.deepEqual(seen, [1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2, 2, 2]);
            for (let i = 0; i < 11; i++) await say('not_helpful', 'down');
            assert.equal((await say('not_helpful', 'down')).down, 0.1);
            assert.equal((await say('helpful', 'down')).down, 0.2);
        });

        test('has one answer an article: another takes its place, and learning knows no other', async () => {
            const weightsOf = async (reply) => expectStatus(await reply, 200).weights;
            const answer = (feedback, ...topics) => weightsOf(member().post('/me/feedback', { articleId: 'one', feedback, topics }));
            const rest = await weightsOf(member().get('/me/weights'));
            const steps = [
                [['helpful', 'knees', 'rain'], { knees: 1.1, rain: 1.1 }],
                [['helpful', 'knees', 'rain'], { knees: 1.1, rain: 1.1 }],
                [['not_helpful', 'knees', 'rain'], { knees: 0.9, rain: 0.9 }],
                [['not_helpful', 'knees', 'snow'], { knees: 0.9, snow: 0.9 }],
                [['helpful', 'up'], { up: 2 }],
                [['not_helpful', 'up'], { up: 1.9 }],
                [['helpful'], {}],
            ];
            for (const [said, moved] of steps) {
                assert.deepEqual(await answer(...said), { ...rest, ...moved });
                assert.deepEqual(await weightsOf(member().post('/me/learn', {})), { ...rest, ...moved });
            }
        });

        test('is there again after a SIGKILL', async () => {
            expectStatus(await member().put('/me/preferences', { topics: ['tea'] }), 200);
            const weights = await say('helpful', 'tea');
            await server.kill();
            server = await startServer({ ...options, data: server.data });
            assert.deepEqual(expectStatus(await member().get('/me/weights'), 200), { weights });
            assert.deepEqual(expectStatus(await member().get('/me/preferences'), 200).topics, ['tea']);
        });

        test('is forgotten after 30 days, and then learning forgets it too', async () => {
            const learn = async () => expectStatus(await member().post('/me/learn', {}), 200).weights;
            assert.equal((await learn()).up, 2);
            await pass(20);
            await say('helpful', 'late');
            await pass(11);
            assert.equal(expectStatus(await member().get('/me/weights'), 200).weights.up, 2, 'a weight stays');
            assert.deepEqual(await learn(), { late: 1.1 });
        });

        test('decides what the feed shows, but everything is one question away', async () => {
            const sign = async (name) => ({ token: await server.must('token', 'issue', '--user', name) });
            const maryToken = await sign('member25');
            const mary = as(server, maryToken);
            const dave = as(server, await sign('dave'));
            const ids = {};
            const write = async (who, key, ...topics) => {
                ids[key] = expectStatus(await who.post('/posts', { body: key, topics }), 201).id;
            };
            const team = expectStatus(await dave.get('/me'), 200).team.id;
            assert.equal(expectStatus(await mary.get('/me'), 200).team.id, team, 'a member of Dave’s team');
            await write(dave, 'dull', 'knees');
            await write(dave, 'dullest', 'knees', 'rain');
            await write(dave, 'half', 'knees', 'bread');
            await write(dave, 'plain');
            await write(dave, 'pinned', 'knees');
            await write(mary, 'own', 'knees');
            expectStatus(await dave.put(`/posts/${ids.pinned}/pin`), 200);
            const show = async (query) => {
                const page = expectStatus(await mary.get(`/posts?limit=6${query}`), 200);
                const names = Object.entries(ids).filter(([, id]) => page.items.some((post) => post.id === id));
                return { ...page, names: names.map(([key]) => key) };
            };
            const tellMary = async (topic, times) => {
                for (let i = 0; i < times; i++)
                    expectStatus(await mary.post('/me/feedback', opinion('not_helpful', topic)), 200);
            };
            const all = ['dull', 'dullest', 'half', 'plain', 'pinned', 'own'];
            await tellMary('knees', 5);
            await tellMary('rain', 5);
            assert.deepEqual((await show('&show=mine')).names, all, '0.5 is enough');
            await tellMary('knees', 1);
            assert.deepEqual((await show('&show=mine')).names, all.filter((key) => key !== 'dull'), 'rain is still shown');
            await tellMary('rain', 1);
            const mine = await show('&show=mine');
            assert.deepEqual(mine.names, ['half', 'plain', 'pinned', 'own']);
            assert.equal(mine.hidden, 2);
            for (const query of ['', '&show=everything']) {
                const page = await show(query);
                assert.deepEqual([page.names, page.hidden], [all, 0]);
                assert.equal(page.next, mine.next, 'pages go on at the same place');
            }
            assert.equal((await mary.get('/posts?show=yours')).status, 400);
            const everything = await allItems(server, maryToken, '/posts', { limit: 7 });
            const shown = await allItems(server, maryToken, '/posts?show=mine', { limit: 7 });
            const left = new Set(shown.map((post) => post.id));
            const hidden = everything.filter((post) => !left.has(post.id));
            assert.ok(hidden.length >= 2 && hidden.every((post) => post.topics.every((topic) => ['knees', 'rain'].includes(topic))));
        });
    });

test('only the member’s own are touched: other members and admins have theirs', async () => {
    const server = await startServer();
    try {
        const people = await community(server);
        assert.ok(people.admin.id);
        expectStatus(await as(server, 'admin').put('/me/preferences', { feed: 'mine' }), 200);
        assert.equal(expectStatus(await as(server, 'sarah').get('/me/preferences'), 200).feed, 'everything');
        for (const path of ['/me/preferences', '/me/weights']) {
            const reply = await request(server, { method: 'DELETE', path, as: 'sarah' });
            assert.equal(reply.status, 405);
        }
    } finally {
        await server.stop();
    }
});
