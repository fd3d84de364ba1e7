/*
 * Every message that a client may say, at every address of api/asyncapi.json: by everybody who is not meant, of what is not
 * there, with every field wrong, and where it does not belong. A refusal has its code, which is the one that HTTP gives for
 * the same; nothing is stored, and nobody hears of it. A new message there fails here until it has its row.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { badFields } from './bodies.mjs';
import { as, community, cursorOf, expectStatus, request, startServer, temporaryFolder } from './harness.mjs';
import { connect, refusal } from './socket.mjs';

const UNKNOWN = '987654321';
const api = JSON.parse(readFileSync(new URL('../../api/asyncapi.json', import.meta.url), 'utf8'));

/* {address, type, payload} of each message that a client may say there. */
const said = Object.values(api.operations)
    .filter(({ action }) => action === 'receive')
    .flatMap(({ channel, messages }) =>
        messages.map(({ $ref }) => {
            const name = $ref.split('/').at(-1);
            const { address, messages: declared } = api.channels[channel.$ref.split('/').at(-1)];
            const { payload } = api.components.messages[declared[name].$ref.split('/').at(-1)];
            return { address, type: payload.properties.type.const, payload };
        }),
    );

const TEAM = '/ws';
const FEED = '/api/feed/live';
const COUNTER = '/ws/counter/{name}';
const CHANNEL = '/channel/{id}/websocket';

/* ---- the tables ---------------------------------------------------------------------------------------------------- */

let context;
let names = 0;
const newName = () => `n-${(names += 1)}`;

/*
 * Of each address: where it is for the members of Sarah's team (`own`) and of Dave's (`foreign`), who may not come in
 * (`closed`: with the status that HTTP gives at `twin` as well), and `mark`, what says something to a whole room.
 */
const cheer = async (from, heard) => {
    const icon = newName();
    await from.ask({ type: 'SEND_CHEER', icon });
    await heard.next({ type: 'LIVE_CHEER', icon });
};
const addresses = {
    [TEAM]: {
        own: () => '/ws',
        foreign: () => '/ws',
        enter: (client, team) => client.join(team),
        mark: cheer,
        closed: [],
    },
    [FEED]: { own: () => FEED, mark: (from, heard) => heard.ask({ type: 'ping' }), closed: [] },
    [COUNTER]: {
        own: ({ walkers }) => `/ws/counter/steps?team=${walkers}`,
        foreign: ({ strong }) => `/ws/counter/steps?team=${strong}`,
        mark: (from, heard) => heard.ask({ type: 'ping' }),
        closed: [
            ['dave', ({ walkers }) => `/ws/counter/steps?team=${walkers}`, 403],
            ['member25', ({ walkers }) => `/ws/counter/steps?team=${walkers}`, 403],
            ['member1', ({ strong }) => `/ws/counter/steps?team=${strong}`, 403],
            ['admin', () => `/ws/counter/steps?team=${UNKNOWN}`, 404],
        ],
        twin: (path) => ['POST', '/rpc/counter.getValue', { name: 'steps', teamId: path.split('=')[1] }],
    },
    [CHANNEL]: {
        own: ({ channel }) => `/channel/${channel}/websocket`,
        foreign: ({ foreignChannel }) => `/channel/${foreignChannel}/websocket`,
        mark: async (from, heard) => {
            for (const status of ['away', 'online']) {
                await from.ask({ type: 'presence', status });
                await heard.next({ type: 'presence', status });
            }
        },
        closed: [
            ['dave', ({ channel }) => `/channel/${channel}/websocket`, 403],
            ['member25', ({ channel }) => `/channel/${channel}/websocket`, 403],
            ['member1', ({ foreignChannel }) => `/channel/${foreignChannel}/websocket`, 403],
            ['member1', () => `/channel/${UNKNOWN}/websocket`, 404],
            ['admin', () => `/channel/${UNKNOWN}/websocket`, 404],
        ],
        twin: (path) => ['GET', `/channels/${path.split('/')[2]}/messages`],
    },
};

/*
 * Of each message: `good`; `http`, the same request over HTTP, if there is one; `refused`: [who, code, {with, at}], what is
 * sent in place of the good fields, and where, if not there; `taken`: who may; `quiet`: [who, {with, at}], taken, and nobody
 * hears of it; `told`: what the others hear of those that were taken. member5 may not write for an hour.
 */
const everybody = ['member1', 'member5', 'sarah', 'admin'];
const ping = { good: () => ({}), taken: ['member1', 'member5', 'sarah'], refused: [] };
const auth = {
    good: ({ tokens }, who) => ({ token: tokens[who] }),
    taken: ['member1', 'sarah'],
    refused: [
        ['member1', 'forbidden', { with: ({ tokens }) => ({ token: tokens.sarah }) }],
        ['member1', 'unauthenticated', { with: () => ({ token: 'v4.public.AAAA' }) }],
        ['member1', 'forbidden', { with: ({ service }) => ({ token: service }) }],
    ],
};
const like = (method) => ({
    good: ({ post }) => ({ postId: post }),
    http: ({ postId }) => [method, `/posts/${postId}/like`],
    taken: everybody,
    told: 'LIKE_UPDATE',
    refused: [
        ['dave', 'forbidden'],
        ['member25', 'forbidden'],
        ['member1', 'not-found', { with: () => ({ postId: UNKNOWN }) }],
        ['member1', 'forbidden', { with: ({ foreignPost }) => ({ postId: foreignPost }) }],
    ],
});
const likes = { POST_LIKE: like('PUT'), POST_UNLIKE: { ...like('DELETE') } };
const unheardOf = { at: ({ walkers }) => `/ws/counter/unheard-of?team=${walkers}` };
const counter = (type, more) => ({
    good: () => ({}),
    http: (fields, path) => {
        const [, name, teamId] = /counter\/([^?]+)\?team=(\d+)/.exec(path);
        return ['POST', `/rpc/counter.${type}`, { name, teamId, ...fields }];
    },
    taken: everybody,
    told: type,
    ...more,
});
const adds = (type) =>
    counter(type, {
        refused: [
            ['member1', 'forbidden', unheardOf],
            ['member1', 'invalid', { with: () => ({ amount: 1_000_001 }) }],
        ],
    });
const onlyCoach = ['member1', 'member5'].map((who) => [who, 'forbidden']);
const inNews = { at: ({ news }) => `/channel/${news}/websocket` };

const rows = {
    [`${TEAM} JOIN_TEAM`]: {
        good: ({ walkers }) => ({ teamId: walkers }),
        http: ({ teamId, since }) => ['GET', `/changes?team=${teamId}${since ? `&since=${since}` : ''}`],
        taken: everybody,
        refused: [
            ['dave', 'forbidden'],
            ['member25', 'forbidden'],
            ['member1', 'forbidden', { with: ({ strong }) => ({ teamId: strong }) }],
            ['member1', 'forbidden', { with: () => ({ teamId: UNKNOWN }) }],
            ['sarah', 'forbidden', { with: ({ strong }) => ({ teamId: strong }) }],
            ['admin', 'not-found', { with: () => ({ teamId: UNKNOWN }) }],
            ['member1', 'malformed', { with: ({ walkers }) => ({ teamId: walkers, since: 'yesterday' }) }],
        ],
    },
    [`${TEAM} SEND_CHEER`]: {
        good: () => ({ icon: 'sun' }),
        http: ({ icon }, path, { walkers }) => ['POST', '/cheers', { icon, teamId: walkers }],
        taken: ['member1', 'sarah', 'admin'],
        told: 'LIVE_CHEER',
        refused: [['member5', 'muted']],
    },
    [`${TEAM} POST_LIKE`]: likes.POST_LIKE,
    [`${TEAM} POST_UNLIKE`]: likes.POST_UNLIKE,
    [`${TEAM} ping`]: ping,
    [`${TEAM} AUTH`]: auth,
    [`${FEED} ping`]: ping,
    [`${FEED} POST_LIKE`]: likes.POST_LIKE,
    [`${FEED} POST_UNLIKE`]: likes.POST_UNLIKE,
    [`${FEED} AUTH`]: auth,
    [`${COUNTER} increment`]: adds('increment'),
    [`${COUNTER} decrement`]: adds('decrement'),
    [`${COUNTER} setValue`]: counter('setValue', {
        good: () => ({ value: 40 }),
        taken: ['sarah', 'admin'],
        refused: onlyCoach,
    }),
    [`${COUNTER} reset`]: counter('reset', {
        taken: ['sarah', 'admin'],
        refused: [...onlyCoach, ['sarah', 'not-found', unheardOf]],
    }),
    [`${COUNTER} ping`]: ping,
    [`${COUNTER} AUTH`]: auth,
    [`${CHANNEL} message`]: {
        good: () => ({ content: 'Hello', clientId: newName() }),
        http: (fields, path) => ['POST', `/channels/${path.split('/')[2]}/messages`, { ...fields, clientId: newName() }],
        taken: ['member1', 'sarah', 'admin'],
        told: 'message',
        refused: [
            ['member5', 'muted'],
            ['member1', 'forbidden', inNews],
            ['member1', 'not-found', { with: () => ({ content: 'Hello', clientId: newName(), threadId: UNKNOWN }) }],
            [
                'member1',
                'not-found',
                {
                    with: ({ foreignMessage }) => ({
                        content: 'Hello',
                        clientId: newName(),
                        threadId: foreignMessage,
                    }),
                },
            ],
        ],
    },
    [`${CHANNEL} typing`]: {
        good: () => ({ isTyping: true }),
        taken: ['member1', 'sarah', 'admin'],
        told: 'typing',
        refused: [],
        quiet: [['member5']],
    },
    [`${CHANNEL} presence`]: {
        good: () => ({ status: 'away' }),
        taken: everybody,
        told: 'presence',
        refused: [],
        quiet: [['member7']], // who appears offline
    },
    [`${CHANNEL} sync`]: {
        good: ({ message }) => ({ afterMessageId: message }),
        taken: everybody,
        refused: [],
        // What is not of this channel is not known here: it begins anew.
        quiet: [
            ['member1', { with: () => ({ afterMessageId: UNKNOWN }) }],
            ['member1', { with: ({ foreignMessage }) => ({ afterMessageId: foreignMessage }) }],
        ],
    },
    [`${CHANNEL} read`]: {
        good: ({ message }) => ({ messageId: message }),
        http: (fields, path) => ['PUT', `/channels/${path.split('/')[2]}/read`, fields],
        taken: everybody,
        told: async (listener, { admin }) => {
            await server.advance(1); // they are gathered
            await listener.next((it) => it.type === 'receipt' && it.items.some(({ userId }) => userId === admin.id));
        },
        refused: [
            ['member1', 'not-found', { with: () => ({ messageId: UNKNOWN }) }],
            ['member1', 'not-found', { with: ({ foreignMessage }) => ({ messageId: foreignMessage }) }],
        ],
    },
    [`${CHANNEL} ping`]: ping,
    [`${CHANNEL} AUTH`]: auth,
};

test('every message that a client may say has its row', () => {
    assert.deepEqual(Object.keys(rows).sort(), said.map(({ address, type }) => `${address} ${type}`).sort());
    assert.deepEqual(
        Object.keys(addresses).sort(),
        Object.values(api.channels)
            .map(({ address }) => address)
            .sort(),
    );
});

/* ---- who is there --------------------------------------------------------------------------------------------------- */

let server;
const folder = temporaryFolder('export');

before(async () => {
    server = await startServer({ args: ['--realtime', 'on'] });
    const people = await community(server, 'member5');
    const post = async (who) => expectStatus(await as(server, who).post('/posts', { body: 'A walk' }), 201).id;
    const channels = async (who) => expectStatus(await as(server, who).get('/channels'), 200).items;
    const [{ id: channel }, { id: news }] = await channels('sarah');
    const [{ id: foreignChannel }] = await channels('dave');
    const message = async (who, where) =>
        expectStatus(await as(server, who).post(`/channels/${where}/messages`, { content: 'Mine' }), 201).id;
    for (const who of ['sarah', 'dave'])
        expectStatus(await as(server, who).post('/rpc/counter.setValue', { name: 'steps', value: 1 }), 200);
    const tokens = {};
    for (const who of ['member1', 'member5', 'sarah'])
        tokens[who] = await server.must('token', 'issue', '--user', who);
    const pause = `/teams/${people.walkers}/mutes/${people.member5.id}`;
    expectStatus(await as(server, 'sarah').put(pause, { minutes: 60 }), 200);
    expectStatus(await as(server, 'member7').patch('/me', { appearOffline: true }), 200);
    context = {
        ...people,
        tokens,
        ...{ channel, news, foreignChannel },
        post: await post('sarah'),
        foreignPost: await post('dave'),
        message: await message('sarah', channel),
        foreignMessage: await message('dave', foreignChannel),
        service: await server.must('token', 'issue', '--service', 'site'),
    };
});
after(() => server?.stop());

const teamOf = (who) => (['dave', 'member25', 'member26'].includes(who) ? context.strong : context.walkers);

async function open(address, who, path = addresses[address].own(context)) {
    const client = await connect({ server, as: who, path });
    await addresses[address].enter?.(client, teamOf(who));
    return client;
}

async function exported() {
    const file = join(folder, 'export.jsonl');
    await server.must('export', file);
    return readFileSync(file);
}

/* ---- what is tried ---------------------------------------------------------------------------------------------------- */

const fieldsOf = (row, who, { with: other } = {}) => (other ?? row.good)(context, who);

/* Says it on a socket of its own: the answer. */
async function say({ address, type }, row, who, how = {}) {
    const client = await open(address, who, how.at?.(context));
    const answer = await client.ask({ type, ...fieldsOf(row, who, how) });
    await client.close();
    return answer;
}

/* What HTTP says to the same; undefined: there is no such request. */
async function overHttp({ address }, row, who, how = {}) {
    if (!row.http) return undefined;
    const path = (how.at ?? addresses[address].own)(context);
    const [method, where, body] = row.http(fieldsOf(row, who, how), path, context);
    const reply = await request(server, { method, path: where, as: who, body });
    return reply.status < 300 ? 'taken' : reply.json.type.split('#')[1];
}

async function refuse(message, row, [who, code, how]) {
    const said = `${who}, ${JSON.stringify(fieldsOf(row, who, how))}${how?.at ? `, at ${how.at(context)}` : ''}`;
    const answer = await say(message, row, who, how);
    assert.deepEqual([answer.type, answer.code], ['error', code], said);
    assert.match(answer.message, /^[A-Z].*[.!]$/, said);
    const http = await overHttp(message, row, who, how);
    assert.ok(http === undefined || http === code, `${said}: ${code} here, ${http} over HTTP`);
}

/* Every field of it wrong, on one socket, which stays open. */
async function refuseBadFields({ address, type, payload }, row) {
    const client = await open(address, 'sarah');
    const good = { type, id: 'bad-1', ...row.good(context, 'sarah') };
    const tried = badFields(payload, good);
    assert.ok(tried.length > 20, 'many');
    for (const { what, body, raw, field } of tried) {
        client.message(raw ?? JSON.stringify(body));
        const answer = await client.next(({ type: kind, id }) => kind === 'error' || id === 'bad-1', what);
        assert.equal(answer.type, 'error', `${what}: ${JSON.stringify(answer)}`);
        const codes = ['invalid', 'malformed', ...(type === 'AUTH' ? ['unauthenticated'] : [])];
        assert.ok(codes.includes(answer.code), `${what}: ${answer.code}`);
        // What is no JSON of ours has no name either.
        if (field !== 'id' && answer.id === undefined) assert.ok(/malformed/.test(answer.code), what);
        else if (field !== 'id') assert.equal(answer.id, 'bad-1', what);
    }
    await client.ask({ type: 'ping' });
    await client.close();
}

const quietly = ({ json }) => !['WELCOME', 'ACK', 'PRESENCE_UPDATE', 'pong', 'initial_state'].includes(json?.type);
/* What a client has heard that was not for itself, but for marks and for who came and went. */
const heardBy = (client, mark) =>
    client
        .forget()
        .filter(quietly)
        .map(({ json }) => json)
        .filter(({ type }) => type !== 'user_disconnected' && !(type === 'presence' && mark));

for (const [address, where] of Object.entries(addresses))
    describe(address, () => {
        let own; // {speaker, listener}
        let foreign;
        const pair = async (speaker, listener, path) => ({
            speaker: await open(address, speaker, path),
            listener: await open(address, listener, path),
        });
        before(async () => {
            own = await pair('member3', 'member2', where.own(context));
            if (where.foreign) foreign = await pair('dave', 'member26', where.foreign(context));
        });
        after(async () => {
            for (const { speaker, listener } of [own, foreign].filter(Boolean))
                for (const client of [speaker, listener]) await client.close();
        });

        for (const [who, path, status] of where.closed)
            test(`${who} is not let in at ${path.toString().replace(/^.*`(.*)`.*$/, '$1')}`, async () => {
                await refusal(status, { server, as: who, path: path(context) });
                const [method, twin, body] = where.twin(path(context));
                assert.equal((await request(server, { method, path: twin, as: who, body })).status, status);
            });

        test('nobody is let in without a token, nor a service', async () => {
            await refusal(401, { server, path: where.own(context) });
            await refusal(403, { server, as: { token: context.service }, path: where.own(context) });
        });

        for (const message of said.filter((it) => it.address === address))
            test(message.type, async () => {
                const row = rows[`${address} ${message.type}`];
                const before = await exported();
                own.listener.forget();
                await refuseBadFields(message, row);
                for (const each of row.refused) await refuse(message, row, each);
                await where.mark(own.speaker, own.listener);
                assert.ok(before.equals(await exported()), 'something was stored');
                for (const [who, how] of row.quiet ?? [])
                    assert.equal((await say(message, row, who, how)).type, 'ACK', `${who}: taken`);
                await where.mark(own.speaker, own.listener);
                assert.deepEqual(heardBy(own.listener, 'presence'), [], 'nobody hears of what was refused');
                for (const who of row.taken) {
                    const answer = await say(message, row, who);
                    assert.notEqual(answer.type, 'error', `${who}: ${JSON.stringify(answer)}`);
                    assert.ok(['taken', undefined].includes(await overHttp(message, row, who)), `${who} over HTTP`);
                }
                if (typeof row.told === 'function') await row.told(own.listener, context);
                else if (row.told) await own.listener.next(row.told);
                if (!foreign) return;
                await where.mark(foreign.speaker, foreign.listener);
                assert.deepEqual(heardBy(foreign.listener, 'presence'), [], 'another team hears nothing');
            });

        test('what belongs to another address is refused', async () => {
            const here = said.filter((it) => it.address === address).map(({ type }) => type);
            const elsewhere = said.filter(({ type }) => !here.includes(type));
            const before = await exported();
            const client = await open(address, 'sarah');
            for (const { address: home, type } of elsewhere) {
                const answer = await client.ask({ type, ...rows[`${home} ${type}`].good(context, 'sarah') });
                assert.equal(answer.type, 'error', `${type}: ${JSON.stringify(answer)}`);
                assert.ok(['invalid', 'conflict'].includes(answer.code), `${type}: ${answer.code}`);
            }
            await client.close();
            assert.ok(before.equals(await exported()), 'something was stored');
        });
    });

test('who may not write in a channel is not told to type there; the coach is', async () => {
    const [mary, robert, sarah] = await Promise.all(
        ['member1', 'member2', 'sarah'].map((who) => open(CHANNEL, who, inNews.at(context))),
    );
    for (const client of [mary, sarah]) assert.equal((await client.ask({ type: 'typing', isTyping: true })).type, 'ACK');
    assert.equal((await robert.next('typing')).userId, context.sarah.id);
    for (const client of [mary, robert, sarah]) await client.close();
});

describe('before a team is joined', () => {
    test('there is nobody to cheer, and nothing else is let in', async () => {
        const client = await connect({ server, as: 'member1' });
        const answers = {};
        for (const { address, type } of said) {
            if (['JOIN_TEAM', 'POST_LIKE', 'POST_UNLIKE', 'AUTH', 'ping'].includes(type)) continue;
            const fields = rows[`${address} ${type}`].good(context, 'member1');
            answers[type] = (await client.ask({ type, ...fields })).code;
        }
        const { SEND_CHEER, ...others } = answers;
        assert.equal(SEND_CHEER, 'conflict');
        assert.ok(
            Object.values(others).every((code) => code === 'invalid'),
            JSON.stringify(others),
        );
        await client.close();
    });
});

test('without realtime no address has a socket, and polls go on', async () => {
    const cursor = await cursorOf(server, 'member1');
    await server.must('flag', 'realtime', 'off');
    for (const { own } of Object.values(addresses))
        await refusal(409, { server, as: 'member1', path: own(context) });
    assert.ok(await cursorOf(server, 'member1', `since=${cursor}`));
});
