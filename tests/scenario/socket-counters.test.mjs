/* /ws/counter/{name}: each change in order, operations by message, filters, from where on; and what /ws tells of counters. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { as, assertMatch, community, cursorOf, expectStatus, match, pollingBinary, startServer, until } from './harness.mjs';
import { reload, replaceable } from './image.mjs';
import { connect, refusal } from './socket.mjs';

const MAX = 9007199254740991;
const CHANGES = ['increment', 'decrement', 'setValue', 'reset'];
const isChange = (it) => CHANGES.includes(it.type);
const call = (server, who, name, body, headers) => as(server, who).post(`/rpc/counter.${name}`, body, headers);
const must = async (...words) => expectStatus(await call(...words), 200);
/* By the coach of the team: members go on with it. */
const start = (server, name, who = 'sarah') => must(server, who, 'setValue', { name, value: 0 });

test('operations by socket are rated as writes by HTTP are', async () => {
    const server = await startServer({ args: ['--realtime', 'on', '--rate-limit', 'on'] });
    const ruth = await connect({ server, as: 'member1', path: '/ws/counter/steps' });
    const drain = async () => {
        let answer;
        for (let i = 0; i < 100 && answer?.type !== 'error'; i += 1) answer = await ruth.ask({ type: 'increment' });
        assertMatch(answer, { type: 'error', code: 'rate-limited' });
        assert.ok(answer.retryAfter > 0, JSON.stringify(answer));
    };
    // A drop may fall in before the call on a slow machine; a bucket of its own would have more than a few.
    let status;
    for (let tries = 0; tries < 5 && status !== 429; tries += 1) {
        await drain();
        ({ status } = await call(server, 'member1', 'increment', { name: 'steps' }));
    }
    assert.equal(status, 429, 'one bucket for both');
    await ruth.close();
    await server.stop();
});

describe('a counter’s socket', () => {
    let server;
    let people;
    let count = 0;
    const unheardOf = () => `c${(count += 1)}`;
    const newName = async () => {
        const name = unheardOf();
        await start(server, name);
        return name;
    };
    const open = (who, name, query = '') => connect({ server, as: who, path: `/ws/counter/${name}${query}` });
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on'] });
        people = await community(server, 'member1');
    });
    after(() => server.stop());

    test('hears each change as who made it is answered, whoever made it and by whichever way', async () => {
        const name = await newName();
        const ruth = await open('member1', name);
        assertMatch(await ruth.next('WELCOME'), { cursor: match.string, userId: people.member1.id });
        const sarah = await open('sarah', name);
        const made = [
            await must(server, 'member2', 'increment', { name, amount: 5 }),
            (await sarah.ask({ type: 'setValue', value: 40 })).result,
            (await ruth.ask({ type: 'decrement', amount: 2 })).result,
            (await ruth.ask({ type: 'increment' })).result,
            await must(server, 'sarah', 'reset', { name }),
        ];
        assertMatch(made.map((it) => [it.type, it.previousValue, it.value]), [
            ['increment', 0, 5],
            ['setValue', 5, 40],
            ['decrement', 40, 38],
            ['increment', 38, 39],
            ['reset', 39, 0],
        ]);
        for (const client of [ruth, sarah]) for (const each of made) assert.deepEqual(await client.next(isChange), each);
        const history = (await must(server, 'member1', 'getHistory', { name })).items.reverse().slice(1);
        assert.deepEqual(history.map((it) => [it.type, it.value, it.timestamp]), made.map((it) => [it.type, it.value, it.timestamp]));
        assert.deepEqual(history.map((it) => it.userId).slice(1, 4), [people.sarah.id, people.member1.id, people.member1.id]);
        await ruth.close();
        await sarah.close();
    });

    test('answers an operation with an id, and without one', async () => {
        const name = await newName();
        const ruth = await open('member1', name);
        assertMatch(await ruth.ask({ type: 'increment', id: 'once-1', amount: 3 }), {
            type: 'incrementResult',
            id: 'once-1',
            result: { type: 'increment', value: 3, metadata: { name, teamId: people.walkers, operationCount: 2 } },
        });
        ruth.say({ type: 'decrement', id: undefined });
        const answer = await ruth.next('decrementResult');
        assert.equal('id' in answer, false);
        assert.equal(answer.result.value, 2);
        await ruth.close();
    });

    test('changes once however often an id is sent, on any of a member’s sockets', async () => {
        const name = await newName();
        const ruth = await open('member1', name);
        const tablet = await open('member1', name);
        const first = await ruth.ask({ type: 'increment', id: 'resent', amount: 2 });
        await ruth.ask({ type: 'increment', amount: 40 });
        assert.deepEqual(await ruth.ask({ type: 'increment', id: 'resent', amount: 2 }), first);
        assert.deepEqual(await tablet.ask({ type: 'increment', id: 'resent', amount: 2 }), first);
        assertMatch(await tablet.ask({ type: 'increment', id: 'resent', amount: 3 }), { type: 'error', code: 'key-reused' });
        const other = await open('member2', name);
        assert.equal((await other.ask({ type: 'increment', id: 'resent', amount: 2 })).result.value, 44, 'another member’s id');
        assert.equal((await must(server, 'member1', 'getMetadata', { name })).operationCount, 4);
        const elsewhere = await open('member1', await newName());
        const same = { type: 'increment', id: 'resent', amount: 2 };
        assertMatch(await elsewhere.ask(same), { type: 'error', code: 'key-reused' }, 'the same words at another counter');
        for (const client of [ruth, tablet, other, elsewhere]) await client.close();
    });

    test('tells members from coaches, and numbers that fit from those that do not', async () => {
        const name = unheardOf();
        const ruth = await open('member1', name);
        const refused = async (message, code, client = ruth) => assertMatch(await client.ask(message), { type: 'error', code });
        await refused({ type: 'increment' }, 'forbidden');
        await refused({ type: 'reset' }, 'forbidden');
        await refused({ type: 'setValue', value: 1 }, 'forbidden');
        const sarah = await open('sarah', name);
        await refused({ type: 'reset' }, 'not-found', sarah);
        assert.equal((await sarah.ask({ type: 'setValue', value: MAX })).result.value, MAX);
        await refused({ type: 'increment' }, 'invalid');
        const admin = await open('admin', name, `?team=${people.walkers}`);
        assert.equal((await admin.ask({ type: 'setValue', value: -MAX })).result.value, -MAX);
        await refused({ type: 'decrement' }, 'invalid');
        for (const bad of [
            { type: 'increment', amount: 1.5 },
            { type: 'increment', amount: 0 },
            { type: 'decrement', amount: -1 },
            { type: 'decrement', amount: 1000001 },
            { type: 'increment', amount: '1' },
            { type: 'increment', amount: MAX + 1 },
            { type: 'increment', value: 1 },
            { type: 'setValue' },
            { type: 'setValue', value: null },
            { type: 'setValue', value: 1, amount: 1 },
            { type: 'reset', value: 0 },
            { type: 'double' },
            { type: 'SEND_CHEER', icon: 'heart' },
            { type: 'JOIN_TEAM', teamId: people.walkers },
        ])
            assert.equal((await ruth.ask(bad)).type, 'error', JSON.stringify(bad));
        assert.equal((await must(server, 'member1', 'getMetadata', { name })).operationCount, 2);
        for (const client of [ruth, sarah, admin]) await client.close();
    });

    test('belongs to counters: other rooms do not take its messages', async () => {
        const ruth = await connect({ server, as: 'member1' });
        await ruth.join(people.walkers);
        assertMatch(await ruth.ask({ type: 'increment' }), { type: 'error', code: 'invalid' });
        await ruth.close();
    });

    test('opens only for who may enter, at a good address', async () => {
        const refuse = (status, who, path) => refusal(status, { server, as: who, path });
        await refuse(403, 'member1', `/ws/counter/steps?team=${people.strong}`);
        await refuse(404, 'admin', '/ws/counter/steps?team=987654321');
        await refuse(404, 'admin', '/ws/counter/steps');
        await refuse(401, undefined, '/ws/counter/steps');
        for (const bad of ['Steps', '.steps', 'two%20words', 'x'.repeat(65)]) await refuse(400, 'member1', `/ws/counter/${bad}`);
        for (const query of ['team=walkers', 'filters=', 'filters=increment,', 'filters=INCREMENT', 'filters=set', 'since=now', 'surprise=1'])
            await refuse(400, 'member1', `/ws/counter/steps?${query}`);
        await refuse(404, 'member1', '/ws/counter/steps/more');
        await refuse(404, 'member1', '/ws/counter');
    });

    test('with filters hears only those kinds, live and from a cursor', async () => {
        const name = await newName();
        const { cursor } = await must(server, 'sarah', 'setValue', { name, value: 100 });
        const few = await open('member1', name, '?filters=decrement,reset');
        await must(server, 'member2', 'increment', { name });
        await must(server, 'member2', 'decrement', { name, amount: 7 });
        await must(server, 'sarah', 'setValue', { name, value: 3 });
        await must(server, 'sarah', 'reset', { name });
        await must(server, 'member2', 'increment', { name, amount: 11 });
        assertMatch([await few.next(isChange), await few.next(isChange)], [{ type: 'decrement', value: 94 }, { type: 'reset', value: 0 }]);
        assert.equal((await few.ask({ type: 'increment' })).result.value, 12, 'an answer is no event');
        const later = await open('member1', name, `?filters=setValue,increment&since=${cursor}`);
        for (const value of [101, 3, 11, 12]) assert.equal((await later.next(isChange)).value, value);
        for (const client of [few, later]) {
            await client.ask({ type: 'ping' });
            assert.deepEqual(client.forget().filter(({ json }) => isChange(json)), [], 'nothing else came');
            await client.close();
        }
    });

    test('goes on from a cursor without a gap, however much was missed, while others go on', async () => {
        const name = await newName();
        const { cursor } = await must(server, 'member1', 'increment', { name });
        const rounds = 450; // more than two pages of a replay
        const writer = await open('member2', name);
        const answers = Array.from({ length: rounds }, (_, i) => writer.ask({ type: 'increment', amount: i + 1 }));
        await answers[300];
        const late = await open('member1', name, `?since=${cursor}`); // in the midst of it
        const seen = [];
        for (let i = 0; i < rounds; i += 1) seen.push(await late.next(isChange));
        const order = (await Promise.all(answers)).map(({ result }) => result).sort((a, b) => a.metadata.operationCount - b.metadata.operationCount);
        assert.deepEqual(seen, order);
        await late.ask({ type: 'ping' });
        assert.deepEqual(late.forget().filter(({ json }) => isChange(json)), [], 'each once');
        const again = await open('member1', name, `?since=${seen[100].cursor}`);
        assert.deepEqual(await again.next(isChange), seen[101]);
        const foreign = await open('member1', name, `?since=0123456789abcdef-3-89abcdef.0`);
        await foreign.next('WELCOME');
        await foreign.next('RESET');
        for (const client of [writer, late, again, foreign]) await client.close();
    });

    test('is one of two that never hear each other', async () => {
        const names = [await newName(), await newName()];
        for (const name of names) await start(server, name, 'dave');
        const teams = { member1: names, member21: names }; // counters of the same names in two teams
        const listeners = [];
        for (const who of Object.keys(teams))
            for (const name of names) listeners.push({ who, name, client: await open(who, name), made: [] });
        for (let round = 0; round < 60; round += 1)
            await Promise.all(
                listeners.map(async (it, i) => {
                    const body = { name: it.name, amount: 1 + i * 1000 };
                    it.made.push(round % 2 ? (await it.client.ask({ type: 'increment', amount: body.amount })).result : await must(server, it.who, 'increment', body));
                }),
            );
        for (const { who, name, client, made } of listeners) {
            for (const each of made) assert.deepEqual(await client.next(isChange), each);
            await client.ask({ type: 'ping' });
            assert.deepEqual(client.forget().filter(({ json }) => isChange(json)), [], `${who} at ${name} heard only theirs`);
            await client.close();
        }
    });

    test('who leaves the team leaves its counters', async () => {
        const name = await newName();
        const ruth = await open('member3', name);
        await ruth.next('WELCOME');
        await server.must('user', 'disable', 'member3');
        assert.equal((await ruth.closed).code, 4003);
    });

    test('stays open, with its filters, when a new program takes over', async () => {
        const name = await newName();
        const ruth = await open('member1', name, '?filters=reset');
        await must(server, 'member2', 'increment', { name });
        await reload(server);
        assert.equal((await ruth.ask({ type: 'increment' })).result.value, 2);
        const sarah = await open('sarah', name);
        await sarah.ask({ type: 'reset' });
        assert.equal((await ruth.next(isChange)).type, 'reset');
        await ruth.close();
        await sarah.close();
    });
});

describe('a team’s socket', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on'] });
    });
    after(() => server.stop());

    test('is told where its counters stand, the newest of many changes', async () => {
        await start(server, 'laps');
        const ruth = await connect({ server, as: 'member1' });
        const stranger = await connect({ server, as: 'member21' });
        await ruth.join('2');
        await stranger.join('3');
        await Promise.all(Array.from({ length: 200 }, () => must(server, 'member2', 'increment', { name: 'laps' })));
        const last = await ruth.next({ type: 'COUNTER_UPDATE', name: 'laps', value: 200 });
        assertMatch(last, { metadata: { name: 'laps', value: 200, operationCount: 201 }, cursor: match.string });
        const told = ruth.forget().filter(({ json }) => json?.type === 'COUNTER_UPDATE');
        assert.ok(told.length < 100, `${told.length + 1} updates for 200 changes`);
        await stranger.ask({ type: 'ping' });
        assert.deepEqual(stranger.forget().filter(({ json }) => json?.type === 'COUNTER_UPDATE'), []);
        await ruth.close();
        await stranger.close();
    });

    test('catches up with counters from a cursor', async () => {
        await start(server, 'lengths');
        const since = await cursorOf(server, 'member1');
        for (let i = 0; i < 30; i += 1) await must(server, 'member2', 'increment', { name: i % 3 ? 'laps' : 'lengths' });
        const ruth = await connect({ server, as: 'member1' });
        await ruth.join('2', { since });
        assertMatch(await ruth.next({ type: 'COUNTER_UPDATE', name: 'laps' }), { value: 220 });
        assertMatch(await ruth.next({ type: 'COUNTER_UPDATE', name: 'lengths' }), { value: 10 });
        const told = (await cursorOf(server, 'member1')).split('-')[1];
        await ruth.close();
        const again = await connect({ server, as: 'member1' });
        const { cursor } = await again.join('2', { since: await cursorOf(server, 'member1') });
        assert.equal(cursor.split('-')[1], told);
        await again.ask({ type: 'ping' });
        assert.deepEqual(again.forget().filter(({ json }) => json?.type === 'COUNTER_UPDATE'), [], 'nothing is new');
        await again.close();
    });

    test('hears of a milestone, as everybody does', async () => {
        await start(server, 'pages');
        const [ruth, stranger] = [await connect({ server, as: 'member1' }), await connect({ server, as: 'member21' })];
        await ruth.join('2');
        await stranger.join('3');
        const counter = await connect({ server, as: 'member1', path: '/ws/counter/pages' });
        await counter.ask({ type: 'increment', amount: 26000 });
        for (const client of [ruth, stranger])
            assertMatch(await client.next('LIVE_NOTIFICATION'), { kind: 'win', title: 'Morning Walkers just hit 25,000 pages combined!' });
        for (const client of [ruth, stranger, counter]) await client.close();
    });
});

/* As a year of changes would have it. */
function age(data, operations) {
    const script = [
        'import sqlite3, sys',
        'c = sqlite3.connect(sys.argv[1], timeout=10)',
        'n = int(sys.argv[2])',
        '(i, had, by), = c.execute("SELECT id, operations, team_id FROM counters WHERE name = \'steps\'").fetchall()',
        '(seq,), = c.execute("SELECT value FROM sequence WHERE name = \'event\'").fetchall()',
        'rows = [(i, k, seq + k - had, "increment", k, k - 1, by, 1) for k in range(had + 1, n + 1)]',
        'c.executemany("INSERT INTO counter_changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)',
        'c.execute("UPDATE counters SET operations = ?, value = ?, seq = ? WHERE id = ?", (n, n, seq + n - had, i))',
        'c.execute("UPDATE sequence SET value = ? WHERE name = \'event\'", (seq + n - had,))',
        'c.commit()',
    ].join('\n');
    execFileSync('python3', ['-c', script, join(data, 'porchlight.db'), String(operations)]);
}

test('a history has an end: who was away for longer begins anew, and nothing else is lost', async () => {
    const KEPT = 200000;
    const server = await startServer({ args: ['--realtime', 'on'] });
    try {
        const first = await must(server, 'sarah', 'increment', { name: 'steps' });
        age(server.data, KEPT + 1200); // more than two jobs of the housekeeper take away
        const latest = await must(server, 'member1', 'increment', { name: 'steps' });
        assert.equal(latest.metadata.operationCount, KEPT + 1201);
        /* Whether there is a change before the one that was the counter's `operation`-th. */
        const before = (operation) => Number(first.cursor.split('-')[1]) + operation - first.metadata.operationCount;
        const hasBefore = async (operation) =>
            (await must(server, 'member1', 'getHistory', { name: 'steps', page: String(before(operation)), limit: 1 })).items.length > 0;
        await server.advance(61);
        await until(async () => !(await hasBefore(1202)), { seconds: 20, what: 'forgetting' });
        assert.ok(await hasBefore(1203), 'no more than had to go');
        assertMatch(await must(server, 'member1', 'getMetadata', { name: 'steps' }), { value: KEPT + 1201, operationCount: KEPT + 1201 });
        const open = (since) => connect({ server, as: 'member1', path: `/ws/counter/steps?since=${since}` });
        const back = await open(first.cursor);
        await back.next('WELCOME');
        await back.next('RESET');
        const soon = await open(latest.cursor);
        await must(server, 'member1', 'increment', { name: 'steps' });
        for (const client of [back, soon]) assert.equal((await client.next(isChange)).value, KEPT + 1202);
        assert.deepEqual(soon.forget().filter(({ json }) => json?.type === 'RESET'), []);
        for (const client of [back, soon]) await client.close();
    } finally {
        await server.stop();
    }
});

describe('a counter’s address', () => {
    test('answers 409 while realtime is off, and in a build without sockets', async () => {
        for (const options of [{ args: ['--realtime', 'off'] }, { bin: pollingBinary }]) {
            const server = await startServer(options);
            await refusal(409, { server, as: 'member1', path: '/ws/counter/steps' });
            assert.equal((await as(server, 'member1').post('/ws/counter/steps', {})).status, 405);
            await server.stop();
        }
    });
});
