/*
 * Who may do what with counters, chat, digests and what a member taught: each operation by everybody who is not meant, and for what
 * is not there, in both modes. A new operation there fails here until it has its row. (What is sent wrong: bad-input.test.mjs.)
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { operations } from './contract.mjs';
import { as, community, expectStatus, request, startServer } from './harness.mjs';

const UNKNOWN = '987654321';
const AREA = /^\/(rpc\/|channels|digests|me\/(preferences|weights|feedback|learn))/;

/*
 * Of each operation: a good body; the status for a member of another team (`outsider`), a plain member of the team (`member`), its
 * coach, an admin, and a trusted server; and `unknown`, what to send the coach's request as, so that what it names is not there.
 */
const counter = (more, statuses) => ({
    body: ({ walkers }) => ({ name: 'steps', teamId: walkers, ...more }),
    unknown: { body: { name: 'unheard-of', ...more }, status: 404 },
    ...{ outsider: 403, member: 200, coach: 200, admin: 200, service: 403 },
    ...statuses,
});
const leads = { member: 403 };
const makes = { unknown: { as: 'admin', body: { name: 'steps', teamId: UNKNOWN, value: 1 }, status: 404 } };
const inChannel = (row) => ({
    unknown: { path: (path) => path.replace(/channels\/\d+/, `channels/${UNKNOWN}`), status: 404 },
    ...{ outsider: 403, member: 200, coach: 200, admin: 200, service: 403 },
    ...row,
});
const ofJob = (row) => ({
    unknown: { path: (path) => path.replace(/:\d+/, `:${UNKNOWN}`), as: 'service', status: 404 },
    ...{ outsider: 403, member: 403, coach: 403, admin: 403, service: 200 },
    ...row,
});
/* A member's own: there is nobody else's that could be meant. */
const own = (row) => ({ outsider: 200, member: 200, coach: 200, admin: 200, service: 403, ...row });

const rows = {
    'post /rpc/counter.increment': counter({}, { unknown: { as: 'member1', body: { name: 'unheard-of' }, status: 403 } }),
    'post /rpc/counter.decrement': counter({}, { unknown: { as: 'member1', body: { name: 'unheard-of' }, status: 403 } }),
    'post /rpc/counter.setValue': counter({ value: 3 }, { ...leads, ...makes }),
    'post /rpc/counter.reset': counter({}, leads),
    'post /rpc/counter.getValue': counter({}),
    'post /rpc/counter.getMetadata': counter({}),
    'post /rpc/counter.getHistory': counter({}),
    'post /rpc/counter.list': {
        ...counter({}),
        body: ({ walkers }) => ({ teamId: walkers }),
        unknown: { as: 'admin', body: { teamId: UNKNOWN }, status: 404 },
    },
    'get /channels': {
        ...inChannel({}),
        path: (path, { walkers }) => `${path}?team=${walkers}`,
        unknown: { as: 'admin', path: () => `/channels?team=${UNKNOWN}`, status: 404 },
    },
    'post /channels': {
        ...inChannel({ ...leads, coach: 201, admin: 201 }),
        body: ({ walkers }) => ({ name: 'News', posting: 'coaches', teamId: walkers }),
        unknown: { as: 'admin', body: { name: 'News', posting: 'coaches', teamId: UNKNOWN }, status: 404 },
    },
    'get /channels/{id}/messages': inChannel({}),
    'post /channels/{id}/messages': inChannel({ member: 201, coach: 201, admin: 201, body: () => ({ content: 'Hello' }) }),
    'patch /channels/{id}/messages/{message}': inChannel({
        member: 403, // somebody else's message
        body: () => ({ content: 'Edited' }),
        also: [{ path: (path) => path.replace(/\d+$/, UNKNOWN), status: 404 }],
    }),
    'delete /channels/{id}/messages/{message}': inChannel({
        ...{ member: 403, coach: 204, admin: 204 },
        also: [{ path: (path) => path.replace(/\d+$/, UNKNOWN), status: 404 }],
    }),
    'put /channels/{id}/messages/{message}/hidden': inChannel({
        member: 403,
        also: [{ path: (path) => path.replace(/\d+\/hidden$/, `${UNKNOWN}/hidden`), status: 404 }],
    }),
    'delete /channels/{id}/messages/{message}/hidden': inChannel({
        member: 403,
        also: [{ path: (path) => path.replace(/\d+\/hidden$/, `${UNKNOWN}/hidden`), status: 404 }],
    }),
    'put /channels/{id}/read': inChannel({
        body: ({ message }) => ({ messageId: message }),
        also: [{ body: { messageId: UNKNOWN }, status: 404 }],
    }),
    'get /channels/{id}/receipts': inChannel({}),
    'get /channels/{id}/online': inChannel({}),
    'get /digests': {
        ...{ outsider: 403, member: 403, coach: 403, admin: 403, service: 200 },
        path: (path, { member2 }) => `${path}?user=${member2.id}`,
        unknown: { as: 'service', path: () => `/digests?user=${UNKNOWN}`, status: 200 }, // an empty list
    },
    'post /digests': {
        ...{ outsider: 403, member: 403, coach: 403, admin: 403, service: 201 },
        body: ({ member2 }) => ({ topics: ['walk'], worker: 'outside', userId: member2.id }),
        unknown: { as: 'service', body: { topics: ['walk'], worker: 'outside', userId: UNKNOWN }, status: 404 },
    },
    'get /digests/{job}': ofJob({}),
    'put /digests/{job}/progress': ofJob({ body: () => ({ progress: 10, currentStep: 'Reading' }) }),
    'post /digests/{job}/articles': ofJob({ service: 201, body: () => ({ id: 'one', title: 'A walk' }) }),
    'post /digests/{job}/complete': ofJob({ body: () => ({ error: 'The source is away.' }) }),
    'get /me/preferences': own({}),
    'put /me/preferences': own({ body: () => ({ feed: 'everything' }) }),
    'get /me/weights': own({}),
    'post /me/feedback': own({ body: () => ({ articleId: 'one', feedback: 'helpful', topics: ['walk'] }) }),
    'post /me/learn': own({ body: () => ({}) }),
};

const people = { outsider: 'member25', member: 'member1', coach: 'sarah', admin: 'admin', service: 'service' };

test('every operation there has its row', () => {
    const declared = operations.filter(({ template }) => AREA.test(template)).map(({ method, template }) => `${method} ${template}`);
    assert.deepEqual(Object.keys(rows).sort(), declared.sort());
});

for (const mode of ['off', 'on'])
    describe(`with realtime ${mode}`, () => {
        let server;
        let service;
        let context;
        let turn = 0;
        const wishers = []; // in turn: nobody has more than so many jobs
        const who = (name) => (name === 'service' ? service : name);
        before(async () => {
            server = await startServer({ args: ['--realtime', mode] });
            service = { token: await server.must('token', 'issue', '--service', 'site') };
            context = await community(server, 'member2');
            for (const name of ['member2', 'member5', 'member6', 'member7'])
                wishers.push(expectStatus(await as(server, name).get('/me'), 200).id);
            context.channel = expectStatus(await as(server, 'sarah').get('/channels'), 200).items[0].id;
        });
        after(() => server?.stop());

        /* What a row names is made anew each time: some take it away, or end it. */
        const prepare = async (name) => {
            const there = { ...context };
            expectStatus(await as(server, 'sarah').post('/rpc/counter.setValue', { name: 'steps', value: 1 }), 200);
            if (name.includes('/channels/{id}')) {
                const reply = await as(server, 'member2').post(`/channels/${context.channel}/messages`, { content: 'Mine' });
                there.message = expectStatus(reply, 201).id;
            }
            if (name.includes('{job}')) {
                const wish = { topics: ['walk'], worker: 'outside', userId: wishers[turn++ % wishers.length] };
                there.job = expectStatus(await as(server, service).post('/digests', wish), 201).id;
            }
            return there;
        };
        const ask = (name, row, how, there) => {
            const [method, template] = name.split(' ');
            const filled = template.replace('{id}', there.channel).replace('{message}', there.message).replace('{job}', there.job);
            const path = how.path ? how.path(filled) : row.path ? row.path(filled, there) : filled;
            const body = how.body ?? row.body?.(there);
            return request(server, { method: method.toUpperCase(), path, as: how.as && who(how.as), body });
        };

        for (const [name, row] of Object.entries(rows))
            test(name, async () => {
                const wanted = [
                    { status: 401 },
                    ...Object.entries(people).map(([kind, person]) => ({ as: person, status: row[kind] })),
                    ...(row.unknown ? [{ as: 'sarah', ...row.unknown }] : []),
                    ...(row.also ?? []).map((more) => ({ as: 'sarah', ...more })),
                ];
                for (const how of wanted) {
                    const reply = await ask(name, row, how, await prepare(name));
                    const said = `as ${how.as ?? 'nobody'}${how.path || how.body ? ', not there' : ''}`;
                    assert.equal(reply.status, how.status, `${said}: ${reply.status} ${reply.body.slice(0, 200)}`);
                }
            });
    });
