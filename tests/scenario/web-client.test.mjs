/*
 * The web app's own client (web/src/porchlight) talks to the server: a chat whose readers change between sockets and
 * polls at any moment, and a line that hears of counters, channels and digests either way. The client's clock runs ten
 * times as fast, so that its backoffs and polls are short.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { picker } from './crowd.mjs';
import { allItems, as, community, expectStatus, startServer, until } from './harness.mjs';

const HASTE = 10;
const web = fileURLToPath(new URL('../../web/', import.meta.url));

let server;
let people;
let client;
before(async () => {
    const { build } = createRequire(`${web}package.json`)('esbuild');
    const { outputFiles } = await build({
        entryPoints: [`${web}src/porchlight/index.ts`],
        bundle: true,
        format: 'esm',
        platform: 'node',
        write: false,
    });
    globalThis.crypto ??= (await import('node:crypto')).webcrypto;
    client = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
    server = await startServer({ args: ['--realtime', 'on', '--poll-interval', '10s'], clock: false });
    people = await community(server, 'member1', 'member2', 'sarah');
});
after(() => server?.stop());

const environment = () => ({
    ...client.browserEnvironment(),
    setTimer: (run, ms) => setTimeout(run, ms / HASTE),
    nowMs: () => Date.now() * HASTE,
});

/* A member's client, and the sockets that it has opened. */
async function clientOf(who) {
    const token = await server.token(who);
    const authorization = `Bearer ${token}`;
    const api = client.createApi(
        client.createRequester({
            baseUrl: server.url,
            fetch: (url, { headers, credentials: _, ...init }) => fetch(url, { ...init, headers: { ...headers, authorization } }),
        }),
    );
    const sockets = [];
    const openWebSocket = (url) => {
        const socket = new WebSocket(url, { headers: { authorization } });
        sockets.push(socket);
        return socket;
    };
    const shared = { api, baseUrl: server.url, environment: environment(), openWebSocket };
    const live = () => sockets.filter((it) => it.readyState === WebSocket.OPEN);
    return { api, shared, live };
}

async function readerOf(who, channel) {
    const { api, shared, live } = await clientOf(who);
    const outbox = client.createOutbox({ api, account: who, environment: shared.environment, store: null });
    const stopOutbox = outbox.start();
    const refused = [];
    const room = client.createChannel({
        ...shared,
        id: channel,
        member: people[who],
        outbox,
        refused: (deed, error) => refused.push(`${deed.content}: ${error.message}`),
    });
    let close = room.open();
    const reader = {
        room,
        refused,
        live,
        /* Looks away, and back. */
        again: () => {
            close();
            close = room.open();
        },
        stop: () => {
            close();
            stopOutbox();
        },
    };
    return reader;
}

const shape = ({ id, content, deleted }) => `${id} ${deleted ? 'deleted' : content}`;
const turn = (on) => server.must('flag', 'realtime', on ? 'on' : 'off');

describe('chat', () => {
    test('each reader ends with the table, in order, whatever carried it', async () => {
        const seed = Number(process.env.PORCHLIGHT_SEED ?? Math.floor(Math.random() * 2 ** 31));
        const pick = picker(seed);
        const [channel] = expectStatus(await as(server, 'member1').get('/channels'), 200).items;
        const readers = await Promise.all(
            ['member1', 'member2', 'sarah', 'member1', 'member2', 'sarah'].map((who) => readerOf(who, channel.id)),
        );
        await until(() => readers.every((it) => it.live().length > 0), { what: 'a socket each' });
        let said = 0;
        const sent = [];
        for (let step = 0; step < 250; step += 1) {
            const reader = readers[pick(readers.length)];
            const mine = reader.room.view.messages.filter(
                (it) => it.userId === people.member1.id && !it.state && !it.deleted,
            );
            const what = pick(20);
            if (what < 10) sent.push(reader.room.send(`word ${(said += 1)} of ${seed}`));
            else if (what < 12 && mine.length > 0) void readers[0].room.edit(mine[pick(mine.length)].id, `edited ${step}`);
            else if (what === 12 && mine.length > 0) void readers[0].room.remove(mine[pick(mine.length)].id);
            else if (what < 15) reader.live().forEach((it) => it.terminate());
            else if (what < 17) reader.again();
            else if (what === 17) await turn(pick(2) === 0);
            else await new Promise((done) => setTimeout(done, pick(40)));
        }
        await Promise.all(sent);
        await turn(false);
        const table = async () =>
            (await allItems(server, 'member1', `/channels/${channel.id}/messages`)).reverse().map(shape);
        const wanted = await until(
            async () => {
                const rows = await table();
                return rows.filter((it) => it.includes(`of ${seed}`) || it.includes('edited')).length > 0 && rows;
            },
            { what: 'a table' },
        );
        assert.ok(wanted.length > said / 2);
        for (const [index, reader] of readers.entries()) {
            await until(
                async () => {
                    reader.room.refresh();
                    while (reader.room.view.hasOlder) await reader.room.older();
                    const rows = await table();
                    return JSON.stringify(reader.room.view.messages.map(shape)) === JSON.stringify(rows);
                },
                { seconds: 20, what: `reader ${index} with the table (PORCHLIGHT_SEED=${seed})` },
            ).catch(async (error) => {
                assert.deepEqual(reader.room.view.messages.map(shape), await table(), `PORCHLIGHT_SEED=${seed}`);
                throw error;
            });
            assert.deepEqual(reader.refused, []);
        }
        const all = await allItems(server, 'member1', `/channels/${channel.id}/messages`);
        const words = all.filter((it) => it.clientId !== null).map((it) => it.clientId);
        assert.equal(new Set(words).size, words.length);
        assert.equal(words.length, said, `each was stored once (PORCHLIGHT_SEED=${seed})`);
        readers.forEach((it) => it.stop());
    });
});

describe('the line', () => {
    for (const on of [true, false]) {
        test(`hears of counters, channels and digests ${on ? 'over a socket' : 'by polls'}`, async () => {
            await turn(on);
            const { api, shared } = await clientOf('member1');
            const counters = new Map();
            const line = client.connect({ ...shared, tabs: null });
            const channels = [];
            const digests = [];
            line.listen({
                counter: (counter) => counters.set(counter.name, counter),
                channel: (id) => channels.push(id),
                digest: (progress) => digests.push(progress),
                changes: (changes) => {
                    for (const counter of changes.counters) counters.set(counter.name, counter);
                    channels.push(...changes.channels.map(({ id }) => id));
                },
            });
            line.start();
            await until(() => line.state === 'live' && line.live === on, { what: 'a line' });

            const [channel] = expectStatus(await as(server, 'member2').get('/channels'), 200).items;
            const name = `steps-${on}`;
            expectStatus(await as(server, 'sarah').post('/rpc/counter.increment', { name, amount: 7 }), 200);
            expectStatus(await as(server, 'member2').post(`/channels/${channel.id}/messages`, { content: 'hello' }), 201);
            await until(
                () => {
                    if (!on) line.refresh();
                    return counters.get(name)?.value === 7 && channels.includes(channel.id);
                },
                { what: 'news' },
            );
            const job = await api.startDigest({}, client.newIdempotencyKey());
            await until(async () => (await api.digest(job.id)).status === 'completed', { what: 'a digest' });
            if (on) await until(() => digests.some((it) => it.jobId === job.id && it.status === 'completed'), { what: 'its end' });
            await line.stop();
        });
    }

    test('what was missed of a counter is told from its history, each change once', async () => {
        const { api } = await clientOf('member1');
        const change = (type, body) => api.changeCounter({ type, name: 'missed', ...body }, client.newIdempotencyKey());
        expectStatus(await as(server, 'sarah').post('/rpc/counter.setValue', { name: 'missed', value: 0 }), 200);
        const first = await change('increment', { amount: 1 });
        for (let i = 0; i < 130; i += 1) await change('increment', { amount: 2 });
        const metadata = await api.counter('missed');
        const events = [];
        const follower = client.createCounterFollower({ api, name: 'missed', tell: (event) => events.push(event) });
        follower.known(first.metadata, false);
        follower.known(metadata, false);
        await until(() => events.length >= 130, { what: 'all of them' });
        assert.deepEqual(
            events.map((it) => [it.previousValue, it.value, it.metadata.operationCount]),
            Array.from({ length: 130 }, (_, i) => [1 + 2 * i, 3 + 2 * i, i + 3]),
        );
    });
});
