/*
 * Digest jobs: made by the server, weekly and by wish, and driven from outside; who may; what ends them. The same in both modes
 * and in a build without sockets. A job that is killed midway ends as completed or, in time, as failed.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, assertMatch, expectStatus, match, pollingBinary, request, scenarios, startServer, until } from './harness.mjs';
import { connect } from './socket.mjs';

const modes = [
    { name: 'while members poll', options: {} },
    { name: 'while realtime is on', options: { args: ['--realtime', 'on'] } },
    { name: 'in a build without sockets', options: { bin: pollingBinary } },
];
const service = async (server) => ({ token: await server.must('token', 'issue', '--service', 'worker') });
const article = (id, more = {}) => ({ id, title: `Article ${id}`, ...more });
const ended = ({ status }) => status === 'completed' || status === 'failed';
const words = (count) => Array.from({ length: count }, (_, i) => `w${i}`);

async function idOf(server, who) {
    return expectStatus(await as(server, who).get('/me'), 200).id;
}

async function end(server, who, job, seconds = 10) {
    const path = `/digests/${job.id}`;
    let now;
    await until(async () => ended((now = expectStatus(await as(server, who).get(path), 200))), { seconds, what: `the end of ${job.id}` });
    return now;
}

/* ---- who may, and with what -------------------------------------------------------------------------------------------- */

const invalid = { status: 400, problem: 'invalid' };
const create = (name, body, more) => ({ name, request: 'POST /digests', as: 'member1', body, ...more });
const add = (name, body, more) => ({ name, request: ({ job }) => `POST /digests/${job.id}/articles`, as: 'member1', body, ...more });
const move = (name, body, more) => ({ name, request: ({ job }) => `PUT /digests/${job.id}/progress`, as: 'member1', body, ...more });
const complete = (name, body, more) => ({ name, request: ({ job }) => `POST /digests/${job.id}/complete`, as: 'member1', body, ...more });
const everyStep = (kind, more) => [
    { name: `${kind} reads no job`, request: ({ job }) => `GET /digests/${job.id}`, ...more },
    add(`${kind} adds no article`, article('x'), more),
    move(`${kind} moves no job`, { progress: 1 }, more),
    complete(`${kind} completes no job`, {}, more),
];
const elsewhere = (name, address, status) =>
    ['GET /digests/ID', 'PUT /digests/ID/progress', 'POST /digests/ID/articles', 'POST /digests/ID/complete'].map((line) => ({
        name: `${line}: ${name}`,
        request: (context) => line.replace('ID', typeof address === 'function' ? address(context) : address),
        as: 'member1',
        body: line.startsWith('GET') ? undefined : line.endsWith('articles') ? article('x') : line.endsWith('progress') ? { progress: 1 } : {},
        status,
    }));

for (const { name, options } of modes.slice(0, 2))
    scenarios(`digest jobs: who may, and with what, ${name}`, {
        server: options,
        setup: async (server) => {
            const member1 = await idOf(server, 'member1');
            const job = expectStatus(await as(server, 'member1').post('/digests', { worker: 'outside', topics: ['walking'] }), 201);
            return { member1, member2: await idOf(server, 'member2'), job, service: await service(server) };
        },
        cases: [
            create('nobody makes none', {}, { as: undefined, status: 401 }),
            { name: 'nobody lists none', request: 'GET /digests', status: 401 },
            ...everyStep('nobody', { as: undefined, status: 401 }),
            ...everyStep('another member', { as: 'member2', status: 403, problem: 'forbidden' }),
            ...everyStep('a coach', { as: 'sarah', status: 403 }),
            ...everyStep('an admin', { as: 'admin', status: 403 }),
            create('a member makes none for another', ({ member2 }) => ({ userId: member2 }), { status: 403 }),
            { name: 'a member lists no other’s', request: ({ member2 }) => `GET /digests?user=${member2}`, as: 'member1', status: 403 },
            create('a service says for whom', {}, { as: (c) => c.service, ...invalid }),
            create('a service makes none for who is not there', { userId: '987654321' }, { as: (c) => c.service, status: 404 }),
            { name: 'a service says whose it lists', request: 'GET /digests', as: (c) => c.service, ...invalid },
            { name: 'a service lists', request: ({ member1 }) => `GET /digests?user=${member1}&limit=1`, as: (c) => c.service, status: 200, reply: ({ job }) => ({ items: [{ id: job.id }] }) },
            { name: 'a list of whom?', request: 'GET /digests?user=ruth', as: 'member1', ...invalid },
            ...elsewhere('an unknown number', ({ member1 }) => `${member1}:987`, 404),
            ...['x', '1', '1:', ':1', '01:1', '1:01', '-1:1', '1:1:1', '99999999999999999999:1'].flatMap((id) => elsewhere(`${id} is no id`, id, 404)),
            create('refuses another worker', { worker: 'me' }, invalid),
            create('refuses topics that are no list', { topics: 'walking' }, invalid),
            create('refuses too many topics', { topics: words(21) }, invalid),
            create('refuses a member’s id that is a number', { userId: 4 }, invalid),
            create('refuses a field that it does not know', { more: 1 }, invalid),
            { ...create('refuses what is not JSON'), raw: '[]', status: 400, problem: 'malformed' },
            add('refuses an article without a title', { id: 'a' }, invalid),
            add('refuses an article without an id', { title: 'a' }, invalid),
            add('refuses an id that is a number', { id: 1, title: 'a' }, invalid),
            add('refuses an id that is too long', article('a'.repeat(101)), invalid),
            add('refuses a title that is too long', { id: 'a', title: 'a'.repeat(201) }, invalid),
            add('refuses a title of two lines', { id: 'a', title: 'a\nb' }, invalid),
            add('refuses a summary that is too long', article('a', { summary: 'a'.repeat(2001) }), invalid),
            add('refuses a link that is too long', article('a', { link: `/${'a'.repeat(1000)}` }), invalid),
            ...['javascript:alert(1)', '//evil.example', 'evil.example', 'data:text/html,x', ' '].map((link) => add(`refuses the link ${link}`, article('a', { link }), invalid)),
            add('refuses too many topics', article('a', { topics: words(11) }), invalid),
            add('refuses a score that is a text', article('a', { score: '5' }), invalid),
            add('refuses a broken score', article('a', { score: 0.5 }), invalid),
            add('refuses a score below zero', article('a', { score: -1 }), invalid),
            add('refuses a score beyond a million', article('a', { score: 1000001 }), invalid),
            add('refuses progress beyond 100', article('a', { progress: 101 }), invalid),
            add('refuses a field that it does not know', article('a', { more: 1 }), invalid),
            move('refuses progress below zero', { progress: -1 }, invalid),
            move('refuses progress that is a text', { progress: '50' }, invalid),
            move('refuses a step that is too long', { currentStep: 'a'.repeat(121) }, invalid),
            move('refuses to move nothing', {}, invalid),
            complete('refuses an empty error', { error: '' }, invalid),
            complete('refuses an error that is too long', { error: 'a'.repeat(301) }, invalid),
            complete('refuses an error that is a number', { error: 1 }, invalid),
            {
                name: 'after all of that it is as it was',
                request: ({ job }) => `GET /digests/${job.id}`,
                as: 'member1',
                status: 200,
                then: ({ json }, { job }) => assert.deepEqual(json, job),
            },
            add('takes the longest article there is', article('a'.repeat(100), { title: '"'.repeat(200), summary: '\n"'.repeat(1000), link: `https://${'a'.repeat(992)}`, topics: words(10), score: 1000000 }), { status: 201, reply: { articles: [{ score: 1000000 }] } }),
            move('takes the longest step there is', { progress: 100, currentStep: '"'.repeat(120) }, { status: 200, reply: { progress: 100, status: 'in_progress' } }),
            complete('takes the longest error there is', { error: '"'.repeat(300) }, { status: 200, reply: { status: 'failed', error: '"'.repeat(300), digestId: null } }),
            add('takes nothing more when it has ended', article('b'), { status: 409, problem: 'conflict' }),
            move('does not move when it has ended', { progress: 1 }, { status: 409 }),
            complete('ends once', {}, { status: 409 }),
        ],
    });

/* ---- driven from outside ------------------------------------------------------------------------------------------------ */

for (const { name, options } of modes)
    describe(`a digest driven from outside, ${name}`, () => {
        let server;
        let worker;
        let ruth;
        const start = async (data) => {
            server = await startServer({ ...options, data });
            worker = as(server, await service(server));
        };
        before(async () => {
            await start();
            ruth = await idOf(server, 'member1');
        });
        after(() => server?.stop());
        const member = () => as(server, 'member1');
        const begin = async (body = {}) => expectStatus(await worker.post('/digests', { userId: ruth, ...body }), 201);

        test('goes its way, and its member sees it', async () => {
            const reply = await worker.post('/digests', { userId: ruth, topics: ['walking', 'lake'] });
            const job = expectStatus(reply, 201);
            assert.equal(reply.headers.location, `/digests/${job.id}`);
            assertMatch(job, { id: `${ruth}:2`, userId: ruth, topics: ['walking', 'lake'], worker: 'outside', weekly: false, status: 'pending', progress: 0, currentStep: '', articles: match.empty, digestId: null, error: null, startedAt: match.time, completedAt: null });
            const path = `/digests/${job.id}`;
            const first = expectStatus(await worker.post(`${path}/articles`, article('low', { score: 5, progress: 30, currentStep: 'Reading' })), 201);
            assertMatch(first, { status: 'in_progress', progress: 30, currentStep: 'Reading', articleCount: 1 });
            expectStatus(await worker.post(`${path}/articles`, article('high', { score: 9, link: '/#/posts/1', topics: ['lake'], summary: 'One.\nTwo.' })), 201);
            expectStatus(await worker.post(`${path}/articles`, article('also low', { score: 5 })), 201);
            expectStatus(await worker.post(`${path}/articles`, article('low', { score: 5, title: 'Again' })), 201);
            expectStatus(await worker.put(`${path}/progress`, { progress: 90 }), 200);
            const seen = expectStatus(await member().get(path), 200);
            assert.deepEqual(seen.articles.map(({ id, title }) => [id, title]), [['high', 'Article high'], ['low', 'Again'], ['also low', 'Article also low']]);
            assert.deepEqual(seen.articles[0], { id: 'high', title: 'Article high', summary: 'One.\nTwo.', link: '/#/posts/1', topics: ['lake'], score: 9 });
            assertMatch(seen, { progress: 90, currentStep: 'Reading', digestId: null });
            const done = expectStatus(await worker.post(`${path}/complete`, {}), 200);
            assertMatch(done, { status: 'completed', progress: 100, digestId: job.id, error: null, completedAt: match.time });
            const fetched = await member().get(path);
            assert.deepEqual(expectStatus(fetched, 200), done);
            assert.equal((await member().get(path, { 'if-none-match': fetched.headers.etag })).status, 304);
            const listed = await member().get('/digests');
            const { articles, ...summary } = done;
            assert.equal(articles.length, 3);
            const [newest, demo] = expectStatus(listed, 200).items;
            assert.deepEqual(newest, summary);
            assertMatch(demo, { id: `${ruth}:1`, weekly: true, status: 'completed', articleCount: 10 }, 'the demo community’s');
            assert.equal((await member().get('/digests', { 'if-none-match': listed.headers.etag })).status, 304);
            const others = expectStatus(await as(server, 'member2').get('/digests'), 200).items;
            assert.ok(others.every(({ userId }) => userId !== ruth), 'each has their own');
        });

        test('takes a resend with its key as one', async () => {
            const keyed = (path, body, key, who = worker) => who.post(path, body, { 'Idempotency-Key': key });
            const job = expectStatus(await keyed('/digests', { userId: ruth }, 'make'), 201);
            const again = await keyed('/digests', { userId: ruth }, 'make');
            assert.deepEqual([expectStatus(again, 201).id, again.headers['idempotency-replayed'], again.headers.location], [job.id, 'true', `/digests/${job.id}`]);
            expectStatus(await keyed('/digests', { userId: ruth, topics: ['other'] }, 'make'), 422);
            const done = expectStatus(await keyed(`/digests/${job.id}/complete`, {}, 'end'), 200);
            assert.deepEqual(expectStatus(await keyed(`/digests/${job.id}/complete`, {}, 'end'), 200), done, 'not a conflict');
            const other = as(server, { token: await server.must('token', 'issue', '--service', 'another') });
            expectStatus(await keyed('/digests', { userId: ruth, topics: ['other'] }, 'make', other), 201); // its own key
        });

        test('is left alone by the server', async () => {
            const own = expectStatus(await member().post('/digests', { worker: 'outside' }), 201);
            assert.equal(own.status, 'pending');
            await server.advance(300);
            assert.equal(expectStatus(await member().get(`/digests/${own.id}`), 200).status, 'pending');
            assertMatch(expectStatus(await member().post(`/digests/${own.id}/complete`, { error: 'Nothing to read' }), 200), { status: 'failed', error: 'Nothing to read', digestId: null });
        });

        test('times out ten minutes after its last progress, and not before', async () => {
            const job = await begin();
            await server.advance(590);
            expectStatus(await worker.put(`/digests/${job.id}/progress`, { progress: 5 }), 200);
            await server.advance(590);
            expectStatus(await worker.put(`/digests/${job.id}/progress`, { progress: 6 }), 200);
            await server.advance(605);
            const failed = await end(server, 'member1', job);
            assertMatch(failed, { status: 'failed', error: 'Job timed out', progress: 6, completedAt: match.time });
            assert.equal((await worker.put(`/digests/${job.id}/progress`, { progress: 7 })).status, 409);
        });

        test('is whole after a SIGKILL, goes on, and times out when nobody goes on with it', async () => {
            const left = await begin({ topics: ['left'] });
            const kept = await begin();
            const sent = [];
            const adding = Array.from({ length: 40 }, (_, i) =>
                worker.post(`/digests/${kept.id}/articles`, article(`a${i}`)).then((reply) => reply.status === 201 && sent.push(`a${i}`), () => {}));
            await until(() => sent.length > 3, { what: 'some articles' });
            await server.kill();
            await Promise.all(adding);
            await start(server.data);
            const now = expectStatus(await member().get(`/digests/${kept.id}`), 200);
            const there = now.articles.map(({ id }) => id);
            assert.deepEqual(sent.filter((id) => !there.includes(id)), [], 'what was acknowledged is there');
            assert.equal(now.articleCount, there.length);
            assertMatch(expectStatus(await worker.post(`/digests/${kept.id}/complete`, {}), 200), { status: 'completed', articleCount: there.length });
            await server.advance(4000); // its clock began at the real time again
            assertMatch(await end(server, 'member1', left), { status: 'failed', error: 'Job timed out', topics: ['left'] });
        });

        test('makes room for the next when it has ended', async () => {
            for (const { id, status } of expectStatus(await member().get('/digests?limit=30'), 200).items)
                if (status === 'pending' || status === 'in_progress') expectStatus(await worker.post(`/digests/${id}/complete`, {}), 200);
            const made = [];
            for (let i = 0; i < 30; i++) made.push((await begin()).id);
            assert.equal((await worker.post('/digests', { userId: ruth })).status, 409, 'thirty are under way');
            expectStatus(await worker.post(`/digests/${made[7]}/complete`, {}), 200);
            made.push((await begin()).id);
            const listed = [];
            for (let page = ''; page !== null;) {
                const answer = expectStatus(await member().get(`/digests?limit=7${page && `&page=${page}`}`), 200);
                listed.push(...answer.items.map(({ id }) => id));
                page = answer.next;
            }
            assert.deepEqual(listed, made.filter((id) => id !== made[7]).reverse());
            assert.equal((await member().get(`/digests/${made[7]}`)).status, 404);
        });
    });

/* ---- made by this server ------------------------------------------------------------------------------------------------- */

for (const { name, options } of modes)
    describe(`a digest made by the server, ${name}`, () => {
        let server;
        before(async () => {
            server = await startServer(options);
        });
        after(() => server?.stop());
        const member = () => as(server, 'member1');
        const make = async (body = {}, who = 'member1') => {
            const job = expectStatus(await as(server, who).post('/digests', body), 201);
            assert.equal(job.worker, 'built-in');
            return end(server, who, job);
        };

        test('has what the team wrote this week, in the documented order', async () => {
            await server.advance(8 * 86400);
            const coach = as(server, 'sarah');
            const write = async (body, ...topics) => expectStatus(await coach.post('/posts', { body, topics }), 201).id;
            const plain = await write('Plain');
            const newer = await write('Newer, and longer than eighty characters, so that its title is cut at some place in the middle');
            const liked = await write('Liked');
            const loved = await write('Loved\nand more', 'tea', 'cake');
            const dull = await write('Dull', 'knees');
            const asked = await write('Asked', 'walks');
            const gone = await write('Gone');
            expectStatus(await member().put(`/posts/${liked}/like`), 200);
            expectStatus(await as(server, 'member2').put(`/posts/${liked}/like`), 200);
            expectStatus(await coach.put(`/posts/${plain}/pin`), 200);
            assert.equal((await coach.delete(`/posts/${gone}`)).status, 204);
            for (let i = 0; i < 12; i++) expectStatus(await member().post('/me/feedback', { articleId: `loved ${i}`, feedback: 'helpful', topics: ['tea'] }), 200);
            for (let i = 0; i < 5; i++) expectStatus(await member().post('/me/feedback', { articleId: `dull ${i}`, feedback: 'not_helpful', topics: ['knees'] }), 200);
            const done = await make({ topics: ['walks'] });
            assertMatch(done, { status: 'completed', progress: 100, error: null, topics: ['walks'], digestId: done.id });
            assert.deepEqual(done.articles.map(({ id, score }) => [id, score]), [
                [plain, 300], // pinned
                [asked, 150], // 1.0 and a half
                [loved, 150], // (2.0 + 1.0) / 2; asked is newer
                [liked, 120],
                [newer, 100],
                [dull, 50],
            ]);
            const by = (id) => done.articles.find((it) => it.id === id);
            assert.deepEqual(by(loved), { id: loved, title: 'Loved…', summary: 'Loved\nand more', link: `/#/posts/${loved}`, topics: ['tea', 'cake'], score: 150 });
            assert.match(by(newer).title, /^Newer, .{73}…$/);
        });

        test('has a post whose first line has a tab in it', async () => {
            const id = expectStatus(await as(server, 'sarah').post('/posts', { body: 'Soup\tat noon\nBring a bowl.' }), 201).id;
            const { status, articles } = await make();
            assert.equal(status, 'completed');
            assertMatch(articles.find((it) => it.id === id), { title: 'Soup at noon…', summary: 'Soup\tat noon\nBring a bowl.' });
        });

        test('takes the topics that the member prefers', async () => {
            expectStatus(await member().put('/me/preferences', { topics: ['knees'] }), 200);
            assert.deepEqual((await make()).topics, ['knees']);
        });

        test('is empty when nothing was written, and fails for who is in no team', async () => {
            await server.advance(9 * 86400);
            const who = { token: await server.must('token', 'issue', '--user', 'member3') };
            const job = expectStatus(await as(server, who).post('/digests', {}), 201);
            assertMatch(await end(server, who, job), { status: 'completed', articles: match.empty });
            const admin = { token: await server.must('token', 'issue', '--user', 'admin') };
            const none = expectStatus(await as(server, admin).post('/digests', {}), 201);
            assertMatch(await end(server, admin, none), { status: 'failed', error: 'You are not in a team.' });
        });

        test('is not driven from outside', async () => {
            const worker = as(server, await service(server));
            const who = { token: await server.must('token', 'issue', '--user', 'member2') };
            const { id } = expectStatus(await as(server, who).post('/digests', {}), 201);
            for (const reply of [await worker.post(`/digests/${id}/articles`, article('x')), await worker.put(`/digests/${id}/progress`, { progress: 1 }), await worker.post(`/digests/${id}/complete`, {})])
                assert.equal(reply.status, 409);
            assert.equal((await end(server, who, { id })).status, 'completed');
        });

        test('is made once a week for everybody who wants it, not for all at once', async () => {
            const fresh = await startServer(options);
            try {
                const people = Array.from({ length: 30 }, (_, i) => `member${i + 1}`);
                expectStatus(await as(fresh, 'member5').put('/me/preferences', { weeklyDigest: false }), 200);
                const tokens = async () => new Map(await Promise.all(people.map(async (who) => [who, { token: await fresh.must('token', 'issue', '--user', who) }])));
                const weekly = async (who, signed) => expectStatus(await as(fresh, signed.get(who)).get('/digests?limit=30'), 200).items.filter((job) => job.weekly && !job.id.endsWith(':1')); // the first is the demo community’s
                await until(async () => /^porchlight_alarms_waiting 33$/m.test((await as(fresh).get('/metrics')).body), { what: 'everybody’s first alarm' });
                for (let week = 1; week <= 2; week++) {
                    await fresh.advance(7 * 86400); // at once: a job that is under way must not see hours pass
                    const signed = await tokens();
                    await until(async () => (await Promise.all(people.map(async (who) => (await weekly(who, signed)).length === (who === 'member5' ? 0 : week)))).every(Boolean), { seconds: 20, what: `week ${week}` });
                    const all = async () => (await Promise.all(people.map((who) => weekly(who, signed)))).flat();
                    for (let left = true, times = 0; left && times < 30; times++) {
                        await fresh.advance(16); // those who wait for a place ask again
                        left = await until(async () => (await all()).every(ended), { seconds: 2 }).then(() => false, () => true);
                    }
                    assert.equal((await all()).length, 29 * week);
                    assert.ok((await all()).every(({ status }) => status === 'completed'), 'those who waited for a place, too');
                }
            } finally {
                await fresh.stop();
            }
        });

        test('ends as completed or as failed after a SIGKILL in the middle of it', async () => {
            let victim = await startServer(options);
            const people = Array.from({ length: 8 }, (_, i) => `member${i + 1}`);
            const jobs = new Map();
            try {
                for (let round = 0; round < 4; round++) {
                    await Promise.all(people.map((who) => victim.token(who)));
                    const making = people.map((who) =>
                        as(victim, who).post('/digests', {}).then((reply) => reply.status === 201 && jobs.set(reply.json.id, who), () => {}));
                    await until(() => jobs.size > round * 6 + 3, { what: 'some jobs' });
                    await victim.kill();
                    await Promise.all(making);
                    victim = await startServer({ ...options, data: victim.data });
                }
                const all = async () => {
                    const lists = await Promise.all(people.map(async (who) => expectStatus(await as(victim, who).get('/digests?limit=30'), 200).items));
                    return lists.flat();
                };
                const known = new Set((await all()).map(({ id }) => id));
                assert.deepEqual([...jobs.keys()].filter((id) => !known.has(id)), [], 'what was acknowledged is there');
                for (const [who, id] of (await Promise.all(people.map(async (name) => [name, await idOf(victim, name)])))) for (const job of known) if (job.startsWith(`${id}:`)) jobs.set(job, who);
                let left = Infinity;
                for (let minutes = 1; left > 0 && minutes < 12; minutes++) {
                    await victim.advance(61); // those that lie are begun again
                    await until(async () => (left = (await all()).filter((job) => !ended(job)).length) === 0, { seconds: 3 }).catch(() => {});
                }
                assert.equal(left, 0, 'none is stuck');
                for (const job of await all()) {
                    if (job.status === 'failed') assert.equal(job.error, 'Job timed out');
                    else assert.equal(job.articleCount, expectStatus(await as(victim, jobs.get(job.id)).get(`/digests/${job.id}`), 200).articles.length);
                }
                assert.ok((await all()).some(({ status }) => status === 'completed'));
            } finally {
                await victim.stop();
            }
        });
    });

/* ---- told over sockets ----------------------------------------------------------------------------------------------------- */

describe('the steps of a digest', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on'] });
    });
    after(() => server?.stop());

    test('are told to all sockets of its member, and to nobody else', async () => {
        const worker = as(server, await service(server));
        const ruth = await idOf(server, 'member1');
        const own = await Promise.all([0, 1].map(async () => connect({ server, as: 'member1' })));
        const other = await connect({ server, as: 'member2' });
        const feed = await connect({ server, as: 'member1', path: '/api/feed/live' });
        for (const client of [...own, other]) await client.join('2');
        const { id } = expectStatus(await worker.post('/digests', { userId: ruth }), 201);
        const hear = async (wanted) => {
            for (const client of own) assert.deepEqual(await client.next('DIGEST_PROGRESS'), { type: 'DIGEST_PROGRESS', jobId: id, ...wanted });
        };
        await hear({ status: 'pending', progress: 0, currentStep: '' });
        expectStatus(await worker.put(`/digests/${id}/progress`, { progress: 45, currentStep: 'Reading' }), 200);
        await hear({ status: 'in_progress', progress: 45, currentStep: 'Reading' });
        expectStatus(await worker.post(`/digests/${id}/articles`, article('a', { progress: 50 })), 201);
        await hear({ status: 'in_progress', progress: 50, currentStep: 'Reading' });
        expectStatus(await worker.post(`/digests/${id}/complete`, {}), 200);
        await hear({ status: 'completed', progress: 100, currentStep: 'Done' });
        for (const client of [other, feed]) {
            client.say({ type: 'ping', id: 'now' });
            await client.next({ type: 'pong' });
            assert.deepEqual(client.forget().filter(({ json }) => json?.type === 'DIGEST_PROGRESS'), []);
        }
        await Promise.all([...own, other, feed].map((client) => client.close()));
    });

    test('are told when the server makes it, and when it times out', async () => {
        const client = await connect({ server, as: 'member3' });
        await client.join('2');
        const made = expectStatus(await as(server, 'member3').post('/digests', {}), 201);
        await client.next({ type: 'DIGEST_PROGRESS', jobId: made.id, status: 'completed', progress: 100 });
        const left = expectStatus(await as(server, 'member3').post('/digests', { worker: 'outside' }), 201);
        for (let minutes = 0; minutes < 10; minutes += 1) {
            await server.advance(61);
            client.say({ type: 'ping' });
            await client.next({ type: 'pong' });
        }
        await client.next({ type: 'DIGEST_PROGRESS', jobId: left.id, status: 'failed' });
        await client.close();
    });
});

test('a digest has one address', async () => {
    const server = await startServer();
    try {
        const { id } = expectStatus(await as(server, 'member1').post('/digests', {}), 201);
        for (const path of [`/digests/${id}/`, `/digests/${id}/articles/1`]) assert.equal((await request(server, { path, as: 'member1', unchecked: true })).status, 404);
        assert.equal((await request(server, { method: 'DELETE', path: `/digests/${id}`, as: 'member1' })).status, 405);
        assert.equal(expectStatus(await as(server, 'member1').get(`/digests/${id.replace(':', '%3A')}`), 200).id, id);
    } finally {
        await server.stop();
    }
});
