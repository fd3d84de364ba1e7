/*
 * Bad input, for every endpoint: made from the contract, so that a new endpoint is covered when it is declared. Whatever
 * is sent, the answer is a 4xx problem with a sentence a person understands (checkReply sees to the sentence), nothing is
 * stored (an export is byte for byte as before), and the server goes on.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { badBodies } from './bodies.mjs';
import { methods, operations } from './contract.mjs';
import { as, community, cursorOf, expectStatus, request, startServer, temporaryFolder, until } from './harness.mjs';

const realtime = process.env.BAD_INPUT_REALTIME !== 'off'; // bad-input-polling.test.mjs
let server;
let context;
const folder = temporaryFolder('export');

before(async () => {
    server = await startServer({ args: ['--realtime', realtime ? 'on' : 'off'] });
    const service = { token: await server.must('token', 'issue', '--service', 'site') };
    for (const [name, sender] of Object.entries(good))
        if (/feed\/live|\/digests/.test(name)) sender.as = service;
    const people = await community(server, 'member1');
    const wish = { topics: ['walk'], worker: 'outside', userId: people.member1.id };
    const job = expectStatus(await request(server, { method: 'POST', path: '/digests', as: service, body: wish }), 201).id;
    const mine = expectStatus(await as(server, 'sarah').post('/posts', { body: 'Mine' }), 201).id;
    const foreign = expectStatus(await as(server, 'dave').post('/posts', { body: 'Foreign' }), 201).id;
    const { code, id: invite } = expectStatus(
        await as(server, 'sarah').post(`/teams/${people.walkers}/invites`, { maxUses: 500 }),
        201,
    );
    const channelOf = async (who) => expectStatus(await as(server, who).get('/channels'), 200).items[0].id;
    const channel = await channelOf('sarah');
    const message = expectStatus(
        await as(server, 'sarah').post(`/channels/${channel}/messages`, { content: 'Mine' }),
        201,
    ).id;
    const blame = { subject: 'post', subjectId: mine, reason: 'other' };
    const report = expectStatus(await as(server, 'member1').post('/reports', blame), 201).id;
    const chat = { channel, message, foreignChannel: await channelOf('dave') };
    context = { ...people, job, mine, foreign, code, invite, report, ...chat, cursor: await cursorOf(server, 'sarah') };
});
after(() => server.stop());

async function exported() {
    const file = join(folder, 'export.jsonl');
    await server.must('export', file);
    return readFileSync(file);
}

/* Runs `attack`, and then: nothing stored, still alive. */
async function unharmed(attack) {
    const before = await exported();
    await attack();
    const after = await exported();
    assert.ok(before.equals(after), 'something was stored');
    expectStatus(await as(server).get('/healthz'), 200);
    expectStatus(await as(server, 'member1').get('/posts?limit=1'), 200);
}

const counted =
    (more) =>
    ({ walkers }) => ({ name: 'steps', teamId: walkers, ...more });

/* A good request for each endpoint with a body: who may send it, and what. */
const good = {
    'post /auth/login': { as: null, body: () => ({ name: 'member1', password: 'porchlight' }) },
    'post /auth/join': {
        as: null,
        body: ({ code }) => ({ invite: code, name: 'Ruth Miller', username: 'ruth', password: 'a long walk' }),
    },
    'post /auth/refresh': { as: 'member2', body: () => ({}) },
    'post /auth/logout': { as: 'member3', body: () => ({}) },
    'post /auth/ticket': { as: 'member4', body: () => ({}) },
    'patch /me': { as: 'member1', body: () => ({ name: 'Another Name', appearOffline: true }) },
    'post /teams/join': { as: 'member6', body: ({ code }) => ({ code }) },
    'post /teams/{id}/invites': { as: 'sarah', body: () => ({ maxUses: 2, expiresInHours: 24 }) },
    'post /posts': { as: 'sarah', body: ({ walkers }) => ({ body: 'A post', topics: ['walk'], teamId: walkers }) },
    'patch /posts/{id}': { as: 'sarah', body: () => ({ body: 'Edited', topics: ['walk'] }) },
    'post /notices': {
        as: 'sarah',
        body: ({ walkers }) => ({ title: 'A notice', body: 'About a walk', link: '/#/posts/1', teamId: walkers }),
    },
    'post /rpc/counter.increment': { as: 'member1', body: counted({ amount: 3 }) },
    'post /rpc/counter.decrement': { as: 'member1', body: counted({ amount: 3 }) },
    'post /rpc/counter.setValue': { as: 'sarah', body: counted({ value: 3 }) },
    'post /rpc/counter.reset': { as: 'sarah', body: counted({}) },
    'post /rpc/counter.getValue': { as: 'member1', body: counted({}) },
    'post /rpc/counter.getMetadata': { as: 'member1', body: counted({}) },
    'post /rpc/counter.getHistory': { as: 'member1', body: counted({ limit: 5, page: '100' }) },
    'post /rpc/counter.list': { as: 'member1', body: ({ walkers }) => ({ teamId: walkers }) },
    'post /channels': { as: 'sarah', body: ({ walkers }) => ({ name: 'News', posting: 'coaches', teamId: walkers }) },
    'post /channels/{id}/messages': {
        as: 'sarah',
        body: ({ message }) => ({ content: 'Hello', threadId: message, clientId: 'one' }),
    },
    'patch /channels/{id}/messages/{message}': { as: 'sarah', body: () => ({ content: 'Edited' }) },
    'put /channels/{id}/read': { as: 'sarah', body: ({ message }) => ({ messageId: message, state: 'read' }) },
    'post /cheers': { as: 'member5', body: ({ walkers }) => ({ icon: 'heart', teamId: walkers }) },
    'post /api/feed/live': { as: null, body: () => ({ type: 'NEWS', text: 'from another server' }) },
    'put /me/preferences': { as: 'member1', body: () => ({ feed: 'mine', weeklyDigest: false, topics: ['walk'] }) },
    'post /me/feedback': {
        as: 'member1',
        body: () => ({ articleId: 'one', feedback: 'helpful', topics: ['walk'] }),
    },
    'post /me/push': {
        as: 'member1',
        body: () => ({
            endpoint: 'https://push.example.net/send/3NQ7vFz0xuk',
            expirationTime: null,
            keys: {
                p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
                auth: 'BTBZMqHH6r4Tts7J_aSIgg',
            },
        }),
    },
    'put /me/push': {
        as: 'member1',
        body: () => ({ onlyPins: true, quietHours: { from: '22:00', to: '07:00', offsetMinutes: 60 } }),
    },
    'delete /me/push': { as: 'member1', body: () => ({ endpoint: 'https://push.example.net/send/3NQ7vFz0xuk' }) },
    'post /me/export': { as: 'member1', body: () => ({}) },
    'delete /me': { as: 'member9', body: () => ({ password: 'porchlight' }) },
    'post /me/learn': { as: 'member1', body: () => ({}) },
    'post /digests': {
        as: null,
        body: ({ member1 }) => ({ topics: ['walk'], worker: 'outside', userId: member1.id }),
    },
    'put /digests/{job}/progress': { as: null, body: () => ({ progress: 10, currentStep: 'Reading' }) },
    'post /digests/{job}/articles': {
        as: null,
        body: () => ({ id: 'one', title: 'A walk', summary: 'Long', link: '/#/posts/1', topics: ['walk'], score: 3 }),
    },
    'post /digests/{job}/complete': { as: null, body: () => ({ error: 'The source is away.' }) },
    'post /reports': { as: 'member2', body: ({ mine }) => ({ subject: 'post', subjectId: mine, reason: 'other', words: 'A' }) },
    'put /reports/{id}': { as: 'admin', body: () => ({ decision: 'dismiss' }) },
    'put /teams/{id}/mutes/{user}': { as: 'sarah', body: () => ({ minutes: 1 }) },
    'post /admin/backups': { as: 'admin', body: () => ({}) },
    'put /admin/words': { as: 'admin', body: () => ({ words: ['scam'] }) },
    'put /admin/flags/{name}': { as: 'admin', body: () => ({ value: true }) },
};

/* The path of an operation in the caller's own team. */
function pathOf(template) {
    return template
        .replace('{name}', 'realtime')
        .replace(/^(\/teams\/)\{id\}/, `$1${context.walkers}`)
        .replace(/^(\/channels\/)\{id\}/, `$1${context.channel}`)
        .replace(/^(\/reports\/)\{id\}/, `$1${context.report}`)
        .replace(/^(\/invites\/)\{id\}/, `$1${context.invite}`)
        .replace('{user}', context.member1.id)
        .replace('{message}', context.message)
        .replace('{job}', context.job)
        .replace('{id}', context.mine);
}

/* Holds a reply against what bad input deserves. */
function assertRefused(reply, what, statuses) {
    assert.ok(reply.status >= 400 && reply.status < 500, `${what}: ${reply.status} ${reply.body.slice(0, 300)}`);
    assert.equal(reply.type, 'application/problem+json', what);
    if (statuses)
        assert.ok(
            statuses.includes(reply.status),
            `${what}: wanted ${statuses.join(' or ')}, got ${reply.status} ${reply.body.slice(0, 300)}`,
        );
}

/* Sends all, and reports every reply that is not as it should be, not only the first. */
async function refuseAll(attempts, send, statuses) {
    const flaws = [];
    for (const attempt of attempts) {
        try {
            assertRefused(await send(attempt), attempt.what, statuses);
        } catch (error) {
            flaws.push(error.message.startsWith(attempt.what) ? error.message : `${attempt.what}: ${error.message}`);
        }
    }
    if (flaws.length) assert.fail(`${flaws.length} of ${attempts.length}:\n${flaws.join('\n')}`);
}

const withBody = operations.filter(({ body }) => body);

describe('every endpoint with a body', () => {
    for (const { template, method, body: schema } of withBody) {
        const name = `${method} ${template}`;
        const verb = method.toUpperCase();
        const sender = good[name];

        test(`${verb} ${template} refuses every bad body`, async () => {
            assert.ok(sender, 'add a good request to the table above');
            const attempts = badBodies(schema, sender.body(context));
            assert.ok(attempts.length > 30);
            await unharmed(() =>
                refuseAll(
                    attempts,
                    ({ body, raw }) =>
                        request(server, { method: verb, path: pathOf(template), as: sender.as, body, raw }),
                    [400],
                ),
            );
        });

        test(`${verb} ${template} refuses bodies that are not JSON by their type`, async () => {
            const raw = JSON.stringify(sender.body(context));
            const types = [
                undefined,
                '',
                'text/plain',
                'application/x-www-form-urlencoded',
                'multipart/form-data; boundary=x',
                'application/jsonx',
                'text/json',
                'application/problem+json',
                'json',
            ];
            await unharmed(() =>
                refuseAll(
                    types.map((type) => ({ what: `the type ${type}`, type })),
                    ({ type }) =>
                        request(server, {
                            method: verb,
                            path: pathOf(template),
                            as: sender.as,
                            raw,
                            headers: { 'content-type': type },
                        }),
                    [415],
                ),
            );
        });

        test(`${verb} ${template} refuses a body over 64 KiB, and one of 10 MB`, async () => {
            const text = JSON.stringify(sender.body(context));
            const attempts = [65537, 10_000_000].map((size) => ({
                what: `${size} bytes`,
                raw: Buffer.from(text + ' '.repeat(size - Buffer.byteLength(text))),
            }));
            await unharmed(() =>
                refuseAll(
                    attempts,
                    ({ raw }) => request(server, { method: verb, path: pathOf(template), as: sender.as, raw }),
                    [413],
                ),
            );
        });
    }
});

describe('the good requests that the bad ones were made from', () => {
    test('are accepted', async () => {
        for (const { template, method } of withBody) {
            const sender = good[`${method} ${template}`];
            // A token of its own, since logout ends it.
            const who = sender.as?.token
                ? sender.as
                : sender.as && { token: await server.must('token', 'issue', '--user', sender.as) };
            const reply = await request(server, {
                method: method.toUpperCase(),
                path: pathOf(template),
                as: who,
                body: sender.body(context),
            });
            const unseen = /^.(cheers|api.feed.live)$/.test(template) && !realtime; // well made, and nobody would see it
            assert.ok(reply.status < 300 || (unseen && reply.status === 409), `${method} ${template}: ${reply.body}`);
        }
        // Whose account ended has words that go a moment later: an export is not to change behind the next test.
        await until(() => server.logs.some((line) => /member\.erased/.test(line)), { what: 'the end of an account' });
    });
});

describe('every endpoint', () => {
    test('has no other methods than the declared, and says which it has', async () => {
        await unharmed(async () => {
            for (const template of new Set(operations.map((operation) => operation.template))) {
                const declared = operations
                    .filter((operation) => operation.template === template)
                    .map(({ method }) => method);
                for (const method of methods.filter((name) => !declared.includes(name))) {
                    const reply = await request(server, {
                        method: method.toUpperCase(),
                        path: pathOf(template),
                        as: 'admin',
                        body: method === 'get' || method === 'delete' ? undefined : {},
                    });
                    assertRefused(reply, `${method} ${template}`, [405]);
                    const allowed = reply.headers.allow.toLowerCase().split(/\s*,\s*/);
                    assert.deepEqual(
                        allowed.filter((name) => !['head', 'options'].includes(name)).sort(),
                        [...declared].sort(),
                        `Allow of ${template}`,
                    );
                }
            }
        });
    });

    test('refuses methods that nobody knows', async () => {
        for (const method of ['PROPFIND', 'TRACE', 'LINK', 'M-SEARCH']) {
            const reply = await request(server, { method, path: '/posts', as: 'sarah', unchecked: true });
            assert.ok([400, 405, 501].includes(reply.status), `${method}: ${reply.status}`);
        }
    });

    const secured = operations.filter(({ operation }) => operation.security === undefined);

    test('that needs a member refuses a stranger, and a token that does not hold', async () => {
        await unharmed(async () => {
            for (const { template, method } of secured) {
                const send = (who) =>
                    request(server, {
                        method: method.toUpperCase(),
                        path: pathOf(template),
                        as: who,
                        body: good[`${method} ${template}`]?.body(context),
                    });
                assertRefused(await send(null), `${method} ${template} for a stranger`, [401]);
                assertRefused(await send({ token: 'v4.public.AAAA' }), `${method} ${template} with a bad token`, [401]);
                assertRefused(
                    await send({ cookie: 'porchlight=v4.public.AAAA', origin: server.url }),
                    `${method} ${template} with a bad cookie`,
                    [401],
                );
            }
        });
    });

    test('refuses unknown, repeated and malformed query parameters', async () => {
        await unharmed(async () => {
            const flaws = [];
            for (const { template, method, parameters, operation } of operations) {
                if (!operation.responses[400] || operation.responses[101]) continue; // a handshake is judged first
                const known = parameters.filter((parameter) => parameter.in === 'query');
                const fixed = known
                    .filter((parameter) => parameter.required)
                    .map(({ name }) => `${name}=${context.cursor}`)
                    .join('&');
                const queries = [
                    'surprise=1',
                    'Team=1',
                    '%00=1',
                    'a',
                    '=1',
                    'a=%',
                    'a=%zz',
                    'a=%ff',
                    ...Array.from({ length: 1 }, () => Array.from({ length: 30 }, (_, i) => `p${i}=1`).join('&')),
                ];
                for (const { name } of known) {
                    queries.push(
                        `${name}=1&${name}=1`,
                        `${name}=`,
                        `${name}`,
                        `${name}=%00`,
                        `${name}=${'9'.repeat(60)}`,
                        `${name}=-1`,
                        `${name}=1%20OR%201=1`,
                        `${name}[]=1`,
                        `${name}=%F0%9F%8C%BB`,
                    );
                }
                for (const query of queries) {
                    const own = good[`${method} ${template}`];
                    const gone = own?.body(context).password && template === '/me'; // whose good request was accepted above
                    const reply = await request(server, {
                        method: method.toUpperCase(),
                        path: `${pathOf(template)}?${known.some(({ name, required }) => required && query.startsWith(name)) ? '' : `${fixed}${fixed && '&'}`}${query}`,
                        as: own && !gone ? own.as : template.startsWith('/admin') ? 'admin' : 'sarah',
                        body: own?.body(context),
                    });
                    if (reply.status !== 400) flaws.push(`${method} ${template}?${query}: ${reply.status}`);
                }
            }
            assert.deepEqual(flaws, []);
        });
    });

    test('that names a team or a post is closed to other teams', async () => {
        await unharmed(async () => {
            for (const { template, method, parameters } of secured) {
                const paths = [];
                if (template.startsWith('/teams/{id}'))
                    paths.push(template.replace('{id}', context.strong).replace('{user}', context.strong));
                if (template.startsWith('/posts/{id}')) paths.push(template.replace('{id}', context.foreign));
                if (template.startsWith('/channels/{id}'))
                    paths.push(template.replace('{id}', context.foreignChannel).replace('{message}', context.message));
                if (parameters.some(({ name }) => name === 'team'))
                    paths.push(
                        `${template}?team=${context.strong}${parameters.some(({ name, required }) => name === 'since' && required) ? `&since=${context.cursor}` : ''}`,
                    );
                for (const path of paths) {
                    for (const who of ['member1', 'sarah']) {
                        const reply = await request(server, {
                            method: method.toUpperCase(),
                            path,
                            as: who,
                            body: good[`${method} ${template}`]?.body(context),
                        });
                        assertRefused(reply, `${method} ${path} as ${who}`, [403]);
                        assert.doesNotMatch(reply.body, /Foreign|Strong/);
                    }
                }
            }
        });
    });

    test('that names a thing says when it does not exist, and when it cannot', async () => {
        await unharmed(async () => {
            for (const { template, method } of operations.filter((operation) => operation.template.includes('{'))) {
                for (const id of [
                    '987654321',
                    '9223372036854775807',
                    '9223372036854775808',
                    '0',
                    '-1',
                    '01',
                    '1.0',
                    '1e3',
                    'abc',
                    '%20',
                    '1%20',
                    '%27',
                    '1;drop',
                    '%F0%9F%8C%BB',
                    '%2e%2e',
                    'x'.repeat(300),
                ]) {
                    const path = template.replace(/\{\w+\}/g, id);
                    for (const who of ['admin', 'sarah']) {
                        const reply = await request(server, {
                            method: method.toUpperCase(),
                            path,
                            as: who,
                            body: good[`${method} ${template}`]?.body(context),
                        });
                        assertRefused(
                            reply,
                            `${method} ${path} as ${who}`,
                            id === '987654321' && who === 'admin' ? [404] : [400, 403, 404],
                        );
                    }
                }
            }
        });
    });

    test('refuses an address over 2,048 bytes', async () => {
        for (const path of [`/posts?page=${'9'.repeat(2100)}`, `/${'a'.repeat(2100)}`, `/posts/${'1'.repeat(2100)}`]) {
            assertRefused(await request(server, { path, as: 'sarah' }), `${path.length} bytes`, [414]);
        }
    });
});
