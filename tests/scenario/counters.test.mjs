/* Named counters, /rpc/counter.*: who may change them, by how much, what is kept of it, what everybody is told. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import {
    as,
    assertMatch,
    community,
    cursorOf,
    demoData,
    eventsSince,
    expectStatus,
    match,
    mustOn,
    pollingBinary,
    scenarios,
    startServer,
    temporaryFolder,
} from './harness.mjs';

const MAX = 9007199254740991;
const unknown = '987654321';
const modes = {
    'by polling': { args: ['--realtime', 'off'] },
    'with realtime on': { args: ['--realtime', 'on'] },
    'without sockets': { bin: pollingBinary },
};
const rpc = (name) => `POST /rpc/counter.${name}`;
const call = (server, who, name, body, headers) => as(server, who).post(`/rpc/counter.${name}`, body, headers);
/* By the coach of the team: members go on with it. */
const start = async (server, name, who = 'sarah') => expectStatus(await call(server, who, 'setValue', { name, value: 0 }), 200);
const counted = (name, change) => ({
    counters: [{ id: match.id, name, createdAt: match.time, updatedAt: match.time, ...change }],
});

const refusals = (name, who, body) => [
    { name: `${name} is for members only`, request: rpc(name), body, status: 401 },
    {
        name: `${name} refuses another team`,
        request: rpc(name),
        as: who,
        body: ({ strong }) => ({ ...body, teamId: strong }),
        status: 403,
        problem: 'forbidden',
        forbidden: ['Strong'],
    },
    {
        name: `${name} refuses a team that does not exist`,
        request: rpc(name),
        as: 'admin',
        body: { ...body, teamId: unknown },
        status: 404,
    },
    {
        name: `${name} wants to know which team an admin means`,
        request: rpc(name),
        as: 'admin',
        body,
        status: 404,
        problem: 'not-found',
    },
];

const notThere = (name, who, more = {}) => ({
    name: `${name} of an unknown counter finds nothing`,
    request: rpc(name),
    as: who,
    body: { name: 'unheard-of', ...more },
    status: 404,
    problem: 'not-found',
});

for (const [mode, options] of Object.entries(modes)) {
    scenarios(`changing a counter ${mode}`, {
        server: options,
        setup: community,
        cases: [
            ...['increment', 'decrement'].map((name) => ({
                name: `no member starts one by an ${name}`,
                request: rpc(name),
                as: 'member1',
                body: { name: 'water' },
                status: 403,
                problem: 'forbidden',
            })),
            {
                name: 'its coach starts one',
                request: rpc('increment'),
                as: 'sarah',
                body: { name: 'water' },
                status: 200,
                reply: { previousValue: 0, metadata: { operationCount: 1 } },
                events: counted('water', { value: 1 }),
            },
            {
                name: 'any member of the team adds 1',
                request: rpc('increment'),
                as: 'member1',
                body: { name: 'water' },
                status: 200,
                reply: ({ walkers }) => ({
                    type: 'increment',
                    value: 2,
                    previousValue: 1,
                    metadata: { name: 'water', teamId: walkers, value: 2, operationCount: 2 },
                    timestamp: match.time,
                    cursor: match.string,
                }),
                events: ({ walkers }) => counted('water', { teamId: walkers, value: 2, operationCount: 2 }),
                then: ({ json }, context) => {
                    assert.equal(json.metadata.updatedAt, json.timestamp);
                    context.water = json.metadata;
                },
            },
            {
                name: 'and more, as much as a member may',
                request: rpc('increment'),
                as: 'member2',
                body: { name: 'water', amount: 1000000 },
                status: 200,
                reply: ({ water }) => ({
                    type: 'increment',
                    value: 1000002,
                    previousValue: 2,
                    metadata: { id: water.id, createdAt: water.createdAt, operationCount: 3 },
                }),
                events: ({ walkers }) => ({ ...counted('water', { teamId: walkers, value: 1000002 }), notices: [{ kind: 'win' }] }),
            },
            {
                name: 'takes away',
                request: rpc('decrement'),
                as: 'member1',
                body: ({ walkers }) => ({ name: 'water', amount: 1000000, teamId: walkers }),
                status: 200,
                reply: { type: 'decrement', value: 2, previousValue: 1000002 },
                events: counted('water', { value: 2 }),
            },
            {
                name: 'takes away 1 when nothing is said',
                request: rpc('decrement'),
                as: 'sarah',
                body: { name: 'water' },
                status: 200,
                reply: { value: 1 },
                events: counted('water', { value: 1 }),
            },
            {
                name: 'a member does not set it',
                request: rpc('setValue'),
                as: 'member1',
                body: { name: 'water', value: 5 },
                status: 403,
                problem: 'forbidden',
            },
            {
                name: 'a member does not reset it',
                request: rpc('reset'),
                as: 'member1',
                body: { name: 'water' },
                status: 403,
                problem: 'forbidden',
            },
            {
                name: 'the coach sets it',
                request: rpc('setValue'),
                as: 'sarah',
                body: { name: 'water', value: MAX },
                status: 200,
                reply: { type: 'setValue', value: MAX, previousValue: 1 },
                events: counted('water', { value: MAX }),
            },
            {
                name: 'nothing goes beyond 2^53 - 1',
                request: rpc('increment'),
                as: 'member1',
                body: { name: 'water' },
                status: 400,
                problem: 'invalid',
            },
            {
                name: 'an admin sets it as well',
                request: rpc('setValue'),
                as: 'admin',
                body: ({ walkers }) => ({ name: 'water', value: -MAX, teamId: walkers }),
                status: 200,
                reply: { value: -MAX, previousValue: MAX },
                events: counted('water', { value: -MAX }),
            },
            {
                name: 'nor beyond its negative',
                request: rpc('decrement'),
                as: 'member1',
                body: { name: 'water' },
                status: 400,
                problem: 'invalid',
            },
            {
                name: 'the largest amount fits',
                request: rpc('increment'),
                as: 'sarah',
                body: { name: 'water', amount: MAX },
                status: 200,
                reply: { value: 0 },
                events: counted('water', { value: 0 }),
            },
            {
                name: 'the coach resets it',
                request: rpc('reset'),
                as: 'sarah',
                body: { name: 'water' },
                status: 200,
                reply: { type: 'reset', value: 0, previousValue: 0, metadata: { operationCount: 9 } },
                events: counted('water', { value: 0, operationCount: 9 }),
            },
            {
                name: 'setting makes a counter too',
                request: rpc('setValue'),
                as: 'sarah',
                body: { name: 'km.2026_w47', value: 12 },
                status: 200,
                reply: { previousValue: 0, metadata: { operationCount: 1 } },
                events: counted('km.2026_w47', { value: 12 }),
            },
            {
                name: 'another team has its own of the same name',
                request: rpc('increment'),
                as: 'dave',
                body: { name: 'water', amount: 7 },
                observer: 'member21',
                status: 200,
                reply: ({ strong }) => ({ value: 7, metadata: { teamId: strong } }),
                events: counted('water', { value: 7 }),
            },
            notThere('reset', 'sarah'),
            ...refusals('increment', 'member1', { name: 'water' }),
            ...refusals('decrement', 'sarah', { name: 'water' }),
            ...refusals('setValue', 'sarah', { name: 'water', value: 1 }),
            ...refusals('reset', 'sarah', { name: 'water' }),
            ...['Water', '', '.water', 'two words', 'w/ater', 'ẅater', 'x'.repeat(65)].map((name) => ({
                name: `"${name.slice(0, 12)}" is no name`,
                request: rpc('increment'),
                as: 'member1',
                body: { name },
                status: 400,
                problem: 'invalid',
            })),
            ...[0, -1, 1000001, 1.5, '1', null, true, [1], MAX + 1, -MAX - 1].map((amount) => ({
                name: `${JSON.stringify(amount)} is no amount`,
                request: rpc('increment'),
                as: 'member1',
                body: { name: 'water', amount },
                status: 400,
                problem: 'invalid',
            })),
            {
                name: 'setting needs a value',
                request: rpc('setValue'),
                as: 'sarah',
                body: { name: 'water' },
                status: 400,
                problem: 'invalid',
            },
        ],
    });

    scenarios(`asking for counters ${mode}`, {
        server: options,
        setup: async (server) => {
            const people = await community(server, 'member1');
            await start(server, 'pages');
            for (let i = 1; i < 7; i += 1)
                expectStatus(await call(server, 'member1', 'increment', { name: 'pages', amount: i }), 200);
            expectStatus(await call(server, 'sarah', 'setValue', { name: 'pages', value: 4 }), 200);
            return people;
        },
        cases: [
            {
                name: 'getValue says what it stands at',
                request: rpc('getValue'),
                as: 'member2',
                body: { name: 'pages' },
                status: 200,
                reply: { name: 'pages', value: 4 },
            },
            {
                name: 'getMetadata says more',
                request: rpc('getMetadata'),
                as: 'admin',
                body: ({ walkers }) => ({ name: 'pages', teamId: walkers }),
                status: 200,
                reply: ({ walkers }) => ({
                    id: match.id,
                    name: 'pages',
                    teamId: walkers,
                    value: 4,
                    operationCount: 8,
                    createdAt: match.time,
                    updatedAt: match.time,
                }),
            },
            {
                name: 'getHistory has the newest first, with who made it',
                request: rpc('getHistory'),
                as: 'member2',
                body: { name: 'pages', limit: 2 },
                status: 200,
                reply: ({ sarah, member1 }) => ({
                    items: [
                        {
                            type: 'setValue',
                            amount: null,
                            value: 4,
                            previousValue: 21,
                            userId: sarah.id,
                            username: sarah.name,
                            timestamp: match.time,
                        },
                        {
                            type: 'increment',
                            amount: 6,
                            value: 21,
                            previousValue: 15,
                            userId: member1.id,
                            operationCount: 7,
                        },
                    ],
                    next: match.string,
                }),
            },
            {
                name: 'list has all of the team, by name',
                request: rpc('list'),
                as: 'member2',
                body: {},
                status: 200,
                reply: { items: [{ name: 'pages', value: 4 }, { name: 'steps' }], next: null },
            },
            {
                name: 'an empty body asks for one’s own team',
                request: rpc('list'),
                as: 'member21',
                status: 200,
                reply: { items: [], next: null },
            },
            notThere('getValue', 'member1'),
            notThere('getMetadata', 'member1'),
            notThere('getHistory', 'member1'),
            ...refusals('getValue', 'member1', { name: 'pages' }),
            ...refusals('getMetadata', 'sarah', { name: 'pages' }),
            ...refusals('getHistory', 'sarah', { name: 'pages' }),
            ...refusals('list', 'sarah', {}),
            ...[0, 101, -1, '5', 2.5].map((limit) => ({
                name: `a page has no ${JSON.stringify(limit)} items`,
                request: rpc('getHistory'),
                as: 'member1',
                body: { name: 'pages', limit },
                status: 400,
                problem: 'invalid',
            })),
            {
                name: 'a page begins at no word',
                request: rpc('getHistory'),
                as: 'member1',
                body: { name: 'pages', page: 'first' },
                status: 400,
                problem: 'invalid',
            },
        ],
    });
}

/* All changes of a counter, oldest first. */
async function historyOf(server, who, name, { limit = 100, between } = {}) {
    const items = [];
    for (let page; page !== null;) {
        const answer = expectStatus(await call(server, who, 'getHistory', { name, limit, page }), 200);
        items.push(...answer.items);
        page = answer.next;
        await between?.();
    }
    return items.reverse();
}

describe('a counter', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());
    const must = async (who, name, body, headers) => expectStatus(await call(server, who, name, body, headers), 200);

    test('counts what many add at the same moment, each once and in one line', async () => {
        const people = Array.from({ length: 20 }, (_, i) => `member${i + 1}`);
        await start(server, 'many');
        const replies = await Promise.all(
            people.flatMap((who, i) => [1, 2, 3, 4, 5].map((n) => must(who, 'increment', { name: 'many', amount: i * 5 + n }))),
        );
        const sum = (100 * 101) / 2;
        assert.equal((await must('member1', 'getValue', { name: 'many' })).value, sum);
        const history = (await historyOf(server, 'member1', 'many', { limit: 7 })).slice(1);
        assert.equal(history.length, 100);
        assert.deepEqual([...history.map((it) => it.amount)].sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i + 1));
        let value = 0;
        for (const [i, it] of history.entries()) {
            assert.equal(it.previousValue, value, `change ${i} begins where the one before ended`);
            value += it.amount;
            assert.equal(it.value, value);
        }
        const order = [...replies].sort((a, b) => a.metadata.operationCount - b.metadata.operationCount);
        assert.deepEqual(order.map((it) => it.value), history.map((it) => it.value), 'answers and history agree');
    });

    test('has a history whose pages lose nothing while it grows', async () => {
        await start(server, 'growing');
        for (let i = 1; i <= 25; i += 1) await must('member1', 'increment', { name: 'growing', amount: i });
        const seen = await historyOf(server, 'member1', 'growing', {
            limit: 4,
            between: () => must('member2', 'increment', { name: 'growing', amount: 1000 }),
        });
        assert.deepEqual(seen.slice(1).map((it) => it.amount), Array.from({ length: 25 }, (_, i) => i + 1));
    });

    test('changes once however often a key is sent', async () => {
        const key = { 'idempotency-key': 'glass-of-water' };
        await start(server, 'once');
        const since = await cursorOf(server, 'member1');
        const first = await call(server, 'member1', 'increment', { name: 'once', amount: 2 }, key);
        expectStatus(first, 200);
        await must('member2', 'increment', { name: 'once', amount: 40 });
        const again = await call(server, 'member1', 'increment', { name: 'once', amount: 2 }, key);
        assert.equal(again.headers['idempotency-replayed'], 'true');
        assert.equal(again.body, first.body, 'the first answer, byte by byte');
        expectStatus(await call(server, 'member1', 'increment', { name: 'once', amount: 3 }, key), 422);
        expectStatus(await call(server, 'member1', 'decrement', { name: 'once', amount: 2 }, key), 422);
        assert.equal((await must('member1', 'getValue', { name: 'once' })).value, 42);
        assert.equal((await must('member2', 'increment', { name: 'once', amount: 2 }, key)).value, 44, 'another member’s key');
        assertMatch((await eventsSince(server, 'member1', since)).counters, [{ name: 'once', value: 44, operationCount: 4 }]);
    });

    test('is told by /changes once as it stands, however often it changed, and hides no post', async () => {
        for (const name of ['busy', 'busy-too']) await start(server, name);
        const since = await cursorOf(server, 'member1');
        const strangers = await cursorOf(server, 'member21');
        const before = expectStatus(await as(server, 'member2').post('/posts', { body: 'Before' }), 201);
        for (let i = 0; i < 300; i += 10)
            await Promise.all(Array.from({ length: 10 }, () => must('member1', 'increment', { name: 'busy' })));
        await must('member1', 'increment', { name: 'busy-too' });
        const last = expectStatus(await as(server, 'member2').post('/posts', { body: 'After' }), 201);
        const answer = expectStatus(await as(server, 'member1').get(`/changes?since=${since}`), 200);
        assert.equal(answer.more, false);
        assertMatch(answer.posts.created, [{ id: before.id }, { id: last.id }]);
        assertMatch(answer.counters, [{ name: 'busy', value: 300 }, { name: 'busy-too', value: 1 }]);
        assert.deepEqual(expectStatus(await as(server, 'member1').get(`/changes?since=${answer.cursor}`), 200).counters, []);
        assert.deepEqual((await eventsSince(server, 'member21', strangers)).counters, [], 'nothing of it to another team');
        const { cursor } = await must('member1', 'increment', { name: 'busy' });
        assert.deepEqual(expectStatus(await as(server, 'member1').get(`/changes?since=${cursor}`), 200).counters, []);
    });

    test('is one of 100 of its team', async () => {
        const names = Array.from({ length: 101 }, (_, i) => `n${i}`);
        for (const name of names.slice(0, 100)) expectStatus(await call(server, 'dave', 'increment', { name }), 200);
        for (const [name, body] of [['increment', {}], ['decrement', {}], ['setValue', { value: 1 }]]) {
            const refused = await call(server, 'dave', name, { name: 'n100', ...body });
            assert.equal(expectStatus(refused, 409).type, '/docs#conflict');
        }
        expectStatus(await call(server, 'member21', 'increment', { name: 'n50' }), 200);
        const { items } = expectStatus(await call(server, 'dave', 'list'), 200);
        assert.equal(items.length, 100);
        assert.deepEqual(items.map((it) => it.name), [...names.slice(0, 100)].sort());
    });

    test('reads are rated as reads', async () => {
        const rated = await startServer({ args: ['--rate-limit', 'on'] });
        const ask = () => call(rated, 'member1', 'getValue', { name: 'steps' });
        for (let i = 0; i < 100; i += 1) expectStatus(await ask(), 200); // more than the 60 changes at once
        await rated.stop();
    });
});

describe('milestones', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());
    const must = async (who, name, body, headers) => expectStatus(await call(server, who, name, body, headers), 200);
    const wins = async (since, who = 'member21') =>
        (await eventsSince(server, who, since)).notices.filter((it) => it.kind === 'win').map((it) => it.title);

    test('are told to everybody, each once', async () => {
        await start(server, 'glasses-of-water');
        const since = await cursorOf(server, 'member21');
        await must('member1', 'increment', { name: 'glasses-of-water', amount: 9999 });
        assert.deepEqual(await wins(since), []);
        await Promise.all(Array.from({ length: 10 }, (_, i) => must(`member${i + 1}`, 'increment', { name: 'glasses-of-water' })));
        const told = ['Morning Walkers just hit 10,000 glasses of water combined!'];
        assert.deepEqual(await wins(since), told);
        assert.deepEqual(await wins(since, 'member1'), told);
        await must('sarah', 'reset', { name: 'glasses-of-water' });
        await must('member1', 'increment', { name: 'glasses-of-water', amount: 24999 });
        assert.deepEqual(await wins(since), told, 'not again after a reset');
        await must('member1', 'increment', { name: 'glasses-of-water', amount: 230000 });
        told.push('Morning Walkers just hit 250,000 glasses of water combined!');
        assert.deepEqual(await wins(since), told, 'the highest of those it went over');
        await must('sarah', 'setValue', { name: 'glasses-of-water', value: 0 });
        await must('member1', 'increment', { name: 'glasses-of-water', amount: 100000 });
        await must('sarah', 'setValue', { name: 'glasses-of-water', value: 600000 });
        assert.deepEqual(await wins(since), told, 'neither those below, nor what a coach sets');
        const [notice] = expectStatus(await as(server, 'dave').get('/notices?limit=1'), 200).items;
        assertMatch(notice, { kind: 'win', teamId: null, title: told[1], link: null });
    });

    test('are not told twice by a key that is sent twice', async () => {
        await start(server, 'twice');
        const since = await cursorOf(server, 'member21');
        const key = { 'idempotency-key': 'ten-thousand' };
        for (let i = 0; i < 3; i += 1) await must('member1', 'increment', { name: 'twice', amount: 10000 }, key);
        assert.equal((await wins(since)).length, 1);
    });
});

describe('counters on their way out and in', () => {
    const exported = (data) => mustOn(data, ['export', '-']);

    test('come back with every change, and go on where they were', async () => {
        const data = await demoData();
        let server = await startServer({ data });
        await start(server, 'laps');
        expectStatus(await call(server, 'member1', 'increment', { name: 'laps', amount: 12000 }), 200);
        expectStatus(await call(server, 'sarah', 'reset', { name: 'laps' }), 200);
        const history = await historyOf(server, 'member1', 'laps');
        const steps = expectStatus(await call(server, 'member1', 'getMetadata', { name: 'steps' }), 200);
        await server.stop();
        const text = await exported(data);

        const other = temporaryFolder();
        await mustOn(other, ['migrate']);
        await mustOn(other, ['import', '-'], { input: text });
        assert.equal(await exported(other), text);
        assert.match(await mustOn(other, ['check']), /no damage found/);
        server = await startServer({ data: other });
        assert.deepEqual(expectStatus(await call(server, 'member1', 'getMetadata', { name: 'steps' }), 200), steps);
        const same = (it) => ({ ...it, id: null });
        assert.deepEqual((await historyOf(server, 'member1', 'laps')).map(same), history.map(same));
        const since = await cursorOf(server, 'member21');
        const { metadata } = expectStatus(await call(server, 'member1', 'increment', { name: 'laps', amount: 10000 }), 200);
        assert.equal(metadata.operationCount, 4);
        assert.deepEqual((await eventsSince(server, 'member21', since)).notices, [], 'a milestone that was told stays told');
        await server.stop();
    });

    test('are told to who polls when an import changes them', async () => {
        const server = await startServer();
        const since = await cursorOf(server, 'member1');
        const { operationCount, value } = expectStatus(await call(server, 'member1', 'getMetadata', { name: 'steps' }), 200);
        const file = join(temporaryFolder('import'), 'steps.jsonl');
        const change = { type: 'counterChange', counterId: '1', operation: operationCount + 1, kind: 'increment', value: value + 5, userId: '4' };
        writeFileSync(file, `${JSON.stringify(change)}\n`);
        await server.must('import', file);
        assertMatch((await eventsSince(server, 'member1', since)).counters, [{ name: 'steps', value: value + 5 }]);
        expectStatus(await call(server, 'member1', 'increment', { name: 'steps' }), 200);
        await server.stop();
    });
});
