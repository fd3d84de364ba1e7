/*
 * The contract of sockets (api/asyncapi.json) and what is really said: every message the server sends in a scripted session
 * is held against its schema, and none that the program knows is missing from the document.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { as, cursorOf, expectStatus, startServer } from './harness.mjs';
import { connect } from './socket.mjs';

const read = (path) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
const api = JSON.parse(read('api/asyncapi.json'));
const ajv = new Ajv({ strict: true, allowUnionTypes: true });
addFormats(ajv);
/* By the type, which a message may have several of: what clients say, and what the server says. */
const checksOf = (action) => {
    const names = Object.values(api.operations)
        .filter((it) => it.action === action)
        .flatMap((it) => it.messages.map(({ $ref }) => $ref.split('/').at(-1)));
    return new Map(
        [...new Set(names)].flatMap((name) => {
            const { payload } = api.components.messages[name];
            const valid = ajv.compile(payload);
            return (payload.properties.type.enum ?? [payload.properties.type.const]).map((type) => [type, valid]);
        }),
    );
};
const heardChecks = checksOf('receive');
const saidChecks = checksOf('send');

function check(message, checks = saidChecks) {
    const valid = checks.get(message.type);
    assert.ok(valid, `${message.type} is in the contract`);
    assert.ok(valid(message), `${JSON.stringify(message)}: ${ajv.errorsText(valid.errors)}`);
}

/* What a reader sees of HTML; and of a text of the contract, where `code` is set apart. */
const words = (html) =>
    html
        .replace(/<[^>]*>/g, '')
        .replace(/&(lt|gt|quot|amp);/g, (_, name) => ({ lt: '<', gt: '>', quot: '"', amp: '&' })[name]);
const plain = (text) => text.replaceAll('`', '');

function expectPage(reply) {
    assert.equal(reply.status, 200);
    assert.equal(reply.type, 'text/html');
    return reply.body;
}

describe('asyncapi.json', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on'] });
    });
    after(() => server?.stop());

    test('is served as it is', async () => {
        assert.deepEqual(expectStatus(await as(server).get('/asyncapi.json'), 200), api);
        const { etag } = (await as(server).get('/asyncapi.json')).headers;
        assert.equal((await as(server).get('/asyncapi.json', { 'if-none-match': etag })).status, 304);
        assert.equal((await as(server).post('/asyncapi.json', {})).status, 405);
    });

    test('is on the page for reading: addresses, credentials, messages with their fields, close codes, limits', async () => {
        const page = expectPage(await as(server).get('/docs'));
        const article = (id) => {
            const found = new RegExp(`<article [^>]*id="${id}"[^]*?</article>`).exec(page);
            assert.ok(found, `#${id} is there`);
            return found[0];
        };
        const heading = /<h3[ >]/;
        for (const [name, { address, title, description }] of Object.entries(api.channels)) {
            const shown = words(article(`socket-${name}`));
            for (const text of [address, title, plain(description)])
                assert.ok(shown.includes(text), `${address}: ${text}`);
        }
        for (const { description } of api.servers.here.security)
            assert.ok(words(article('socket-handshake')).includes(plain(description)), description);
        for (const [name, { title, summary, payload, examples }] of Object.entries(api.components.messages)) {
            const html = article(`message-${name}`);
            const shown = words(html);
            assert.match(html, heading);
            for (const text of [name, title, plain(summary)]) assert.ok(shown.includes(text), `${name}: ${text}`);
            const fields = [...html.matchAll(/<dt><code>(\w+)<\/code>([^]*?)<\/dt>\s*<dd>([^]*?)<\/dd>/g)];
            assert.deepEqual(
                fields.map(([, field]) => field),
                Object.keys(payload.properties),
                name,
            );
            for (const [, field, type, about] of fields) {
                const { description } = payload.properties[field];
                if (description) assert.ok(words(about).includes(plain(description)), `${name}.${field}`);
                assert.ok(words(type).trim() !== '', `${name}.${field} has a type`);
                assert.equal(type.includes('optional'), !payload.required.includes(field), `${name}.${field}`);
            }
            const samples = [...html.matchAll(/<pre [^>]*aria-label="Example"><code>([^]*?)<\/code><\/pre>/g)];
            assert.deepEqual(
                samples.map(([, text]) => JSON.parse(words(text))),
                examples.map((it) => it.payload),
                name,
            );
        }
        for (const { code, meaning, next } of api['x-close-codes']) {
            const shown = words(article(`close-${code}`));
            for (const text of [String(code), plain(meaning), plain(next)])
                assert.ok(shown.includes(text), `${code}: ${text}`);
        }
        for (const limit of Object.values(api['x-limits']))
            assert.ok(words(article('socket-limits')).includes(limit.toLocaleString('en-US')), String(limit));
    });

    test('has examples that its schemas accept, and closed schemas', () => {
        for (const [name, it] of Object.entries(api.components.messages)) {
            assert.equal(it.payload.additionalProperties, false, name);
            const valid = ajv.compile(it.payload);
            for (const { payload } of it.examples)
                assert.ok(valid(payload), `${name}: ${ajv.errorsText(valid.errors)}`);
        }
    });

    test('knows every message that the program knows', () => {
        const said = [...read('realtime/say.c').matchAll(/begin\(out, "(\w+)"\)/g)].map(([, name]) => name);
        const heard = [...read('realtime/message.c').matchAll(/\] = \{"(\w+)", /g)].map(([, name]) => name);
        assert.ok(said.length >= 11 && heard.length >= 6);
        const changes = [...read('db/counters.c').matchAll(/\[COUNTER_\w+\] = "(\w+)"/g)].map(([, name]) => name);
        assert.equal(changes.length, 4);
        said.push(...changes, ...changes.map((name) => `${name}Result`));
        assert.deepEqual([...new Set(said)].sort(), [...saidChecks.keys()].sort());
        assert.deepEqual([...new Set(heard)].sort(), [...heardChecks.keys()].sort());
    });

    test('knows every close code that the program gives', () => {
        const sources = ['socket', 'session', 'realtime', 'reactor', 'stats']
            .map((name) => read(`realtime/${name}.c`))
            .join();
        const given = [
            ...sources.matchAll(/socket_close\(r, s, (\d{4}),/g),
            ...sources.matchAll(/\{(\d{4}), CLOSED_/g),
        ];
        const known = api['x-close-codes'].map(({ code }) => code);
        for (const [, code] of given) assert.ok(known.includes(Number(code)), `${code} is described`);
        assert.ok(given.length > 12);
    });

    test('says what a long message is', () => {
        const [, bytes] = /#define MESSAGE_SHORT_BYTES (\d+)/.exec(read('base/limits.h'));
        const long = Number(bytes).toLocaleString('en');
        const { meaning } = api['x-close-codes'].find(({ code }) => code === 4005);
        assert.ok(
            api.components.messages.error.summary.includes(`longer than ${long} bytes is refused without being read`),
        );
        assert.ok(meaning.includes(`once more for each ${long} bytes`), meaning);
    });

    test('describes every message of a session', async () => {
        const seen = new Set();
        const watch = (client) => {
            for (const { json } of client.forget()) {
                check(json);
                seen.add(json.type);
            }
        };
        const since = await cursorOf(server, 'member1');
        const { id } = expectStatus(await as(server, 'sarah').post('/posts', { body: 'Described' }), 201);
        const client = await connect({ server, as: 'member1' });
        const say = async (message) => {
            const sent = { id: `d-${seen.size}-${Math.random()}`, ...message };
            check(sent, heardChecks);
            client.say(sent);
            return client
                .next((it) => it.id === sent.id)
                .then((answer) => {
                    check(answer);
                    seen.add(answer.type);
                });
        };
        client.say({ type: 'JOIN_TEAM', teamId: '2', since });
        await client.next('NEW_POSTS').then(check);
        seen.add('NEW_POSTS');
        await say({ type: 'SEND_CHEER', icon: 'heart' });
        await say({ type: 'POST_LIKE', postId: id });
        await say({ type: 'POST_UNLIKE', postId: id });
        await say({ type: 'ping' });
        await say({ type: 'AUTH', token: await server.token('member1') });
        client.message('{"type":"DANCE"}');
        expectStatus(await as(server, 'sarah').post('/rpc/counter.increment', { name: 'described' }), 200);
        await client.next('COUNTER_UPDATE').then(check);
        seen.add('COUNTER_UPDATE');
        expectStatus(await as(server, 'member2').post('/channels/1/messages', { content: 'Described' }), 201);
        await client.next('CHANNEL_UPDATE').then(check);
        seen.add('CHANNEL_UPDATE');
        expectStatus(await as(server, 'sarah').put(`/posts/${id}/pin`), 200);
        expectStatus(await as(server, 'admin').post('/notices', { title: 'A win', body: 'For all.' }), 201);
        await client.next({ type: 'LIVE_NOTIFICATION', kind: 'win' }).then(check);
        await client.next('LIKE_UPDATE').then(check);
        seen.add('LIKE_UPDATE');
        await client.next('PRESENCE_UPDATE').then(check);
        seen.add('PRESENCE_UPDATE');
        expectStatus(await as(server, 'member1').post('/digests', {}), 201);
        await client.next({ type: 'DIGEST_PROGRESS', status: 'completed' }).then(check);
        seen.add('DIGEST_PROGRESS');
        watch(client);
        const stranger = await connect({ server, as: 'member2' });
        await stranger.join('2', { since: '0123456789abcdef-3-89abcdef.0' });
        check(await stranger.next('RESET'));
        seen.add('RESET');
        const server_says = api.operations.hear.messages.map(({ $ref }) => $ref.split('/').at(-1));
        assert.deepEqual(
            server_says.filter((name) => !seen.has(name)),
            [],
            'all of them were said',
        );
        await client.close();
        await stranger.close();
    });

    test('describes every message in a channel', async () => {
        const seen = new Set();
        const enter = (who) => connect({ server, as: who, path: '/channel/1/websocket' });
        const [sarah, mary] = [await enter('sarah'), await enter('member1')];
        const hear = async (client, wanted) => {
            const it = await client.next(wanted);
            check(it);
            seen.add(it.type);
            return it;
        };
        const say = (client, message) => {
            check(message, heardChecks);
            client.message(JSON.stringify(message));
        };
        await hear(sarah, 'initial_state');
        await hear(sarah, 'presence');
        say(mary, { type: 'typing', isTyping: true });
        await hear(sarah, 'typing');
        say(mary, { type: 'presence', status: 'away' });
        await hear(sarah, { type: 'presence', status: 'away' });
        say(mary, { type: 'message', content: 'Described', clientId: 'd-1', id: 'd-2', threadId: null });
        const { messageId } = await hear(mary, 'ack');
        await hear(sarah, { type: 'message', message: { id: messageId } });
        expectStatus(
            await as(server, 'member1').patch(`/channels/1/messages/${messageId}`, { content: 'Edited' }),
            200,
        );
        await hear(sarah, 'message_updated');
        expectStatus(await as(server, 'member1').delete(`/channels/1/messages/${messageId}`), 204);
        await hear(sarah, 'message_deleted');
        say(sarah, { type: 'read', messageId, state: 'read', id: 'd-3' });
        await hear(sarah, { type: 'ACK', id: 'd-3' });
        await server.advance(1);
        await hear(mary, 'receipt');
        say(sarah, { type: 'sync', afterMessageId: messageId, id: 'd-4' });
        await hear(sarah, { type: 'ACK', id: 'd-4' });
        say(sarah, { type: 'message', content: 'Again', clientId: 'd-1', threadId: messageId });
        say(mary, { type: 'message', content: 'Other words', clientId: 'd-5', threadId: '987654321' });
        await hear(mary, { type: 'error', id: 'd-5' });
        say(mary, { type: 'ping' });
        await hear(mary, 'pong');
        await mary.close();
        await server.advance(11);
        await hear(sarah, 'user_disconnected');
        const names = api.operations.hearChannel.messages.map(({ $ref }) => $ref.split('/').at(-1));
        const types = names.map((name) => api.components.messages[name].payload.properties.type.const);
        assert.deepEqual(
            types.filter((type) => !seen.has(type)),
            [],
            'all of them were said',
        );
        await sarah.close();
    });

    test('describes every message at a counter', async () => {
        const seen = new Set();
        const sarah = await connect({ server, as: 'sarah', path: '/ws/counter/described' });
        for (const message of [
            { type: 'increment', amount: 5 },
            { type: 'decrement' },
            { type: 'setValue', value: 7 },
            { type: 'reset' },
        ]) {
            check({ ...message, id: 'c1' }, heardChecks);
            const answer = await sarah.ask(message);
            for (const it of [answer, await sarah.next(message.type)]) {
                check(it);
                seen.add(it.type);
            }
        }
        assert.equal(seen.size, 8);
        check(await sarah.next('WELCOME'));
        await sarah.close();
    });
});
