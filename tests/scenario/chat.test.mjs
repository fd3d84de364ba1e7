/*
 * Team chat by polling: channels, messages by page and from a cursor on, threads, resends, receipts. In both modes, since
 * what is stored and what is answered must not depend on the flag.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
    allItems,
    as,
    assertMatch,
    community,
    cursorOf,
    eventsSince,
    expectStatus,
    match,
    request,
    scenarios,
    startServer,
} from './harness.mjs';

const unknown = '987654321';

async function setup(server) {
    const people = await community(server, 'member1', 'member2', 'member21');
    const channels = expectStatus(await as(server, 'sarah').get('/channels'), 200).items;
    const foreign = expectStatus(await as(server, 'dave').get('/channels'), 200).items;
    return { ...people, team: channels[0].id, news: channels[1].id, foreign: foreign[0].id };
}

const say = async (server, who, channel, content, more = {}) =>
    expectStatus(await as(server, who).post(`/channels/${channel}/messages`, { content, ...more }), 201);

const newest = async (server, who, channel, query = '') =>
    expectStatus(await as(server, who).get(`/channels/${channel}/messages${query}`), 200);

for (const mode of ['off', 'on']) {
    const server = { args: ['--realtime', mode] };

    scenarios(`channels, realtime ${mode}`, {
        server,
        setup,
        cases: [
            {
                name: 'a team has a first channel, and the demo one where only the coach writes',
                request: 'GET /channels',
                as: 'member1',
                status: 200,
                replyHeaders: { 'x-poll-interval': /^\d+$/ },
                reply: ({ walkers }) => ({
                    items: [
                        {
                            name: 'Team chat',
                            posting: 'everyone',
                            teamId: walkers,
                            lastMessageId: match.id,
                            unread: match.number,
                        },
                        { name: 'From Sarah', posting: 'coaches', teamId: walkers },
                    ],
                    next: null,
                }),
                then: async ({ headers }, context) => {
                    context.etag = headers.etag;
                },
            },
            {
                name: 'who has the list gets 304',
                request: 'GET /channels',
                as: 'member1',
                headers: ({ etag }) => ({ 'if-none-match': etag }),
                status: 304,
            },
            {
                name: 'is closed to another team',
                request: ({ strong }) => `GET /channels?team=${strong}`,
                as: 'sarah',
                status: 403,
            },
            {
                name: 'an admin sees any team',
                request: ({ strong }) => `GET /channels?team=${strong}`,
                as: 'admin',
                status: 200,
            },
            { name: 'not one that does not exist', request: `GET /channels?team=${unknown}`, as: 'admin', status: 404 },
            {
                name: 'a member makes none',
                request: 'POST /channels',
                as: 'member1',
                body: { name: 'Mine' },
                status: 403,
                problem: 'forbidden',
            },
            {
                name: 'nor does the coach of another team',
                request: 'POST /channels',
                as: 'dave',
                body: ({ walkers }) => ({ name: 'Theirs', teamId: walkers }),
                status: 403,
            },
            {
                name: 'nor is there a third way to post',
                request: 'POST /channels',
                as: 'sarah',
                body: { name: 'X', posting: 'nobody' },
                status: 400,
            },
            {
                name: 'the coach makes one, once for one key',
                request: 'POST /channels',
                as: 'sarah',
                headers: { 'idempotency-key': 'garden' },
                body: { name: 'Garden' },
                status: 201,
                reply: { name: 'Garden', posting: 'everyone', lastMessageId: null, lastReadId: null, unread: 0 },
                events: {},
                then: async ({ json }, context) => {
                    const again = await as(context.server, 'sarah').post(
                        '/channels',
                        { name: 'Garden' },
                        { 'idempotency-key': 'garden' },
                    );
                    assert.deepEqual(expectStatus(again, 201), json);
                    assert.equal(again.headers['idempotency-replayed'], 'true');
                    const list = expectStatus(await as(context.server, 'member1').get('/channels'), 200).items;
                    assert.deepEqual(
                        list.map(({ name }) => name),
                        ['Team chat', 'From Sarah', 'Garden'],
                    );
                    const page = await newest(context.server, 'member1', json.id);
                    assert.deepEqual(page, { items: [], next: null, cursor: json.cursor });
                },
            },
            {
                name: 'an admin makes one for any team',
                request: 'POST /channels',
                as: 'admin',
                body: ({ strong }) => ({ name: 'Office', posting: 'coaches', teamId: strong }),
                status: 201,
                reply: ({ strong }) => ({ teamId: strong, posting: 'coaches' }),
                events: {},
            },
            {
                name: 'twenty are enough',
                request: 'GET /channels',
                as: 'sarah',
                status: 200,
                then: async ({ json }, { server: s }) => {
                    for (let i = json.items.length; i < 20; i++)
                        expectStatus(await as(s, 'sarah').post('/channels', { name: `Channel ${i}` }), 201);
                    const reply = await as(s, 'sarah').post('/channels', { name: 'One more' });
                    assert.equal(expectStatus(reply, 409).detail, 'A team can have at most 20 channels.');
                    assert.equal(expectStatus(await as(s, 'sarah').get('/channels'), 200).items.length, 20);
                },
            },
        ],
    });

    scenarios(`messages, realtime ${mode}`, {
        server,
        setup,
        cases: [
            {
                name: 'a member says something, and the team has it',
                request: ({ team }) => `POST /channels/${team}/messages`,
                as: 'member1',
                body: { content: '  Hello, walkers!\nWho comes?  ', clientId: 'a-1' },
                status: 201,
                reply: ({ team, member1 }) => ({
                    id: match.id,
                    channelId: team,
                    userId: member1.id,
                    username: member1.name,
                    content: 'Hello, walkers!\nWho comes?',
                    threadId: null,
                    clientId: 'a-1',
                    timestamp: match.time,
                    editedAt: null,
                    deleted: false,
                }),
                events: {},
                then: async ({ json }, context) => {
                    context.first = json;
                    assert.deepEqual((await newest(context.server, 'member2', context.team, '?limit=1')).items, [json]);
                },
            },
            {
                name: 'the same client id again is the same message',
                request: ({ team }) => `POST /channels/${team}/messages`,
                as: 'member1',
                body: { content: 'Hello, walkers!\nWho comes?', clientId: 'a-1' },
                status: 200,
                reply: ({ first }) => first,
            },
            {
                name: 'with other words it is refused',
                request: ({ team }) => `POST /channels/${team}/messages`,
                as: 'member1',
                body: { content: 'Something else', clientId: 'a-1' },
                status: 422,
                problem: 'key-reused',
            },
            {
                name: 'and so it is with other places',
                request: ({ team }) => `POST /channels/${team}/messages`,
                as: 'member1',
                body: ({ first }) => ({ content: 'Hello, walkers!\nWho comes?', clientId: 'a-1', threadId: first.id }),
                status: 422,
            },
            {
                name: 'another member may use the same client id',
                request: ({ team }) => `POST /channels/${team}/messages`,
                as: 'member2',
                body: { content: 'Me!', clientId: 'a-1' },
                status: 201,
                events: {},
            },
            {
                name: 'an idempotency key works as everywhere',
                request: ({ team }) => `POST /channels/${team}/messages`,
                as: 'member2',
                headers: { 'idempotency-key': 'k-1' },
                body: { content: 'Once only' },
                status: 201,
                events: {},
                then: async ({ json }, { server: s, team }) => {
                    const path = `/channels/${team}/messages`;
                    const again = await as(s, 'member2').post(
                        path,
                        { content: 'Once only' },
                        { 'idempotency-key': 'k-1' },
                    );
                    assert.deepEqual(expectStatus(again, 201), json);
                    const { items } = await newest(s, 'member2', team, '?limit=2');
                    assert.deepEqual([items[0].id, items[1].content], [json.id, 'Me!']);
                },
            },
            {
                name: 'somebody answers',
                request: ({ team }) => `POST /channels/${team}/messages`,
                as: 'member2',
                body: ({ first }) => ({ content: 'With the thermos', threadId: first.id }),
                status: 201,
                reply: ({ first }) => ({ threadId: first.id }),
                events: {},
                then: async ({ json }, context) => {
                    context.answer = json;
                    const { items } = await newest(
                        context.server,
                        'sarah',
                        context.team,
                        `?thread=${context.first.id}`,
                    );
                    assert.deepEqual(items, [json, context.first]);
                    const first = await newest(
                        context.server,
                        'sarah',
                        context.team,
                        `?thread=${context.first.id}&limit=1`,
                    );
                    assert.deepEqual(first.items, [json]);
                    const rest = await newest(
                        context.server,
                        'sarah',
                        context.team,
                        `?thread=${context.first.id}&limit=1&page=${first.next}`,
                    );
                    assert.deepEqual(rest.items, [context.first]);
                },
            },
            {
                name: 'an answer has no thread of its own',
                request: ({ team }) => `POST /channels/${team}/messages`,
                as: 'member1',
                body: ({ answer }) => ({ content: 'Deeper', threadId: answer.id }),
                status: 400,
            },
            {
                name: 'a thread is in its channel',
                request: ({ news }) => `POST /channels/${news}/messages`,
                as: 'sarah',
                body: ({ first }) => ({ content: 'Elsewhere', threadId: first.id }),
                status: 404,
            },
            {
                name: 'nobody answers what was never said',
                request: ({ team }) => `POST /channels/${team}/messages`,
                as: 'member1',
                body: { content: 'Hello?', threadId: unknown },
                status: 404,
            },
            {
                name: 'an unknown thread is empty, and so is one of another channel',
                request: ({ team }) => `GET /channels/${team}/messages?thread=${unknown}`,
                as: 'member1',
                status: 200,
                reply: { items: [], next: null },
                then: async (_, { server: s, news, first }) => {
                    assert.deepEqual((await newest(s, 'sarah', news, `?thread=${first.id}`)).items, []);
                },
            },
            {
                name: 'where only coaches write a member may not',
                request: ({ news }) => `POST /channels/${news}/messages`,
                as: 'member1',
                body: { content: 'Hello' },
                status: 403,
                problem: 'forbidden',
            },
            {
                name: 'the coach may',
                request: ({ news }) => `POST /channels/${news}/messages`,
                as: 'sarah',
                body: { content: 'Bring water' },
                status: 201,
                events: {},
            },
            {
                name: 'and an admin',
                request: ({ news }) => `POST /channels/${news}/messages`,
                as: 'admin',
                body: { content: 'And hats' },
                status: 201,
                events: {},
            },
            {
                name: 'and everybody reads it',
                request: ({ news }) => `GET /channels/${news}/messages?limit=1`,
                as: 'member1',
                status: 200,
                reply: { items: [{ content: 'And hats' }] },
            },
            {
                name: 'the longest message fits, in any script',
                request: ({ team }) => `POST /channels/${team}/messages`,
                as: 'member1',
                body: { content: '🌻'.repeat(2000) },
                status: 201,
                reply: { content: '🌻'.repeat(2000) },
                events: {},
            },
            {
                name: 'one character more does not',
                request: ({ team }) => `POST /channels/${team}/messages`,
                as: 'member1',
                body: { content: 'x'.repeat(2001) },
                status: 400,
            },
            {
                name: 'members of another team neither read',
                request: ({ team }) => `GET /channels/${team}/messages`,
                as: 'member21',
                status: 403,
                forbidden: ['walkers'],
            },
            {
                name: 'nor write',
                request: ({ team }) => `POST /channels/${team}/messages`,
                as: 'member21',
                body: { content: 'Hello' },
                status: 403,
            },
            {
                name: 'an unknown channel is unknown',
                request: `GET /channels/${unknown}/messages`,
                as: 'admin',
                status: 404,
            },
            {
                name: 'for writers too',
                request: `POST /channels/${unknown}/messages`,
                as: 'admin',
                body: { content: 'Hello' },
                status: 404,
            },
            {
                name: 'its author edits it',
                request: ({ team, first }) => `PATCH /channels/${team}/messages/${first.id}`,
                as: 'member1',
                body: { content: 'Hello, everybody!' },
                status: 200,
                reply: ({ first }) => ({ ...first, content: 'Hello, everybody!', editedAt: match.time }),
                events: {},
                then: async ({ json }, context) => {
                    const again = await as(context.server, 'member1').post(`/channels/${context.team}/messages`, {
                        content: 'Hello, walkers!\nWho comes?',
                        clientId: 'a-1',
                    });
                    assert.deepEqual(expectStatus(again, 200), json, 'a late resend finds the edited message');
                },
            },
            {
                name: 'another member does not',
                request: ({ team, first }) => `PATCH /channels/${team}/messages/${first.id}`,
                as: 'member2',
                body: { content: 'Hacked' },
                status: 403,
            },
            {
                name: 'nor a coach of another team',
                request: ({ team, first }) => `PATCH /channels/${team}/messages/${first.id}`,
                as: 'dave',
                body: { content: 'Hacked' },
                status: 403,
            },
            {
                name: 'nor by the wrong channel',
                request: ({ news, first }) => `PATCH /channels/${news}/messages/${first.id}`,
                as: 'member1',
                body: { content: 'Hacked' },
                status: 404,
            },
            {
                name: 'the coach edits',
                request: ({ team, answer }) => `PATCH /channels/${team}/messages/${answer.id}`,
                as: 'sarah',
                body: { content: 'With the blue thermos' },
                status: 200,
                reply: ({ member2 }) => ({ userId: member2.id, content: 'With the blue thermos' }),
                events: {},
            },
            {
                name: 'a member does not delete what another said',
                request: ({ team, first }) => `DELETE /channels/${team}/messages/${first.id}`,
                as: 'member2',
                status: 403,
            },
            {
                name: 'the coach deletes',
                request: ({ team, first }) => `DELETE /channels/${team}/messages/${first.id}`,
                as: 'sarah',
                status: 204,
                events: {},
                then: async (_, { server: s, team, first, answer }) => {
                    const { items } = await newest(s, 'member2', team, `?thread=${first.id}`);
                    assertMatch(
                        items,
                        [
                            { id: answer.id },
                            {
                                id: first.id,
                                userId: first.userId,
                                content: '',
                                deleted: true,
                                timestamp: first.timestamp,
                            },
                        ],
                        'the place stays',
                    );
                },
            },
            {
                name: 'again is no change',
                request: ({ team, first }) => `DELETE /channels/${team}/messages/${first.id}`,
                as: 'member1',
                status: 204,
                events: {},
            },
            {
                name: 'what was deleted is not edited',
                request: ({ team, first }) => `PATCH /channels/${team}/messages/${first.id}`,
                as: 'member1',
                body: { content: 'Back' },
                status: 404,
            },
            {
                name: 'an unknown message is unknown',
                request: ({ team }) => `DELETE /channels/${team}/messages/${unknown}`,
                as: 'sarah',
                status: 404,
            },
        ],
    });

    describe(`reading on, realtime ${mode}`, () => {
        let s;
        let context;
        before(async () => {
            s = await startServer(server);
            context = await setup(s);
        });
        after(() => s?.stop());

        const since = async (who, cursor, more = '') =>
            expectStatus(await as(s, who).get(`/channels/${context.team}/messages?since=${cursor}${more}`), 200);

        test('pages have everything once, newest first', async () => {
            for (let i = 0; i < 25; i++) await say(s, 'member1', context.team, `Line ${i}`);
            const all = await allItems(s, 'member2', `/channels/${context.team}/messages`, { limit: 7 });
            const ids = all.map(({ id }) => Number(id));
            assert.deepEqual(
                ids,
                [...ids].sort((a, b) => b - a),
            );
            assert.equal(new Set(ids).size, ids.length);
            assert.deepEqual(
                all.slice(0, 25).map(({ content }) => content),
                Array.from({ length: 25 }, (_, i) => `Line ${24 - i}`),
            );
        });

        test('since a cursor comes what was made, edited and deleted, in order, each once', async () => {
            const { cursor, items } = await newest(s, 'member2', context.team);
            const [old, older, oldest] = items;
            const one = await say(s, 'member1', context.team, 'One');
            await as(s, 'member1').patch(`/channels/${context.team}/messages/${old.id}`, { content: 'Old, edited' });
            const two = await say(s, 'member1', context.team, 'Two');
            await as(s, 'sarah').delete(`/channels/${context.team}/messages/${older.id}`);
            await as(s, 'member1').patch(`/channels/${context.team}/messages/${one.id}`, { content: 'One, edited' });
            await as(s, 'member1').patch(`/channels/${context.team}/messages/${old.id}`, {
                content: 'Old, edited twice',
            });
            const expected = [
                { id: one.id, content: 'One, edited' },
                { id: two.id, content: 'Two' },
                { id: older.id, deleted: true, content: '' },
                { id: old.id, content: 'Old, edited twice' },
            ];
            const whole = await since('member2', cursor);
            assertMatch(whole, { items: expected, next: null, more: false, reset: false }, 'at once');
            const pieces = [];
            for (let from = cursor; ;) {
                const part = await since('member2', from, '&limit=1');
                pieces.push(...part.items);
                from = part.cursor;
                if (!part.more) {
                    assert.equal(from, whole.cursor);
                    break;
                }
            }
            // One by one, a message that was made and edited comes once more: the client puts it in its place.
            const last = new Map();
            for (const item of pieces) last.set(item.id, item);
            assert.deepEqual(
                pieces.slice(0, 2).map(({ id }) => id),
                [one.id, two.id],
            );
            for (const item of whole.items) assert.deepEqual(last.get(item.id), item);
            assert.ok(!last.has(oldest.id), 'what did not change is not repeated');
        });

        test('when nothing is new the answer is shared, and 304 to who has it', async () => {
            const { cursor } = await newest(s, 'member2', context.team);
            const path = `/channels/${context.team}/messages?since=${cursor}`;
            const first = await as(s, 'member2').get(path);
            assert.deepEqual(expectStatus(first, 200), { items: [], next: null, cursor, more: false, reset: false });
            assert.match(first.headers['x-poll-interval'], /^\d+$/);
            const again = await as(s, 'member1').get(path, { 'if-none-match': first.headers.etag });
            assert.equal(again.status, 304);
            assert.match(again.headers['x-poll-interval'], /^\d+$/);
            // What happens elsewhere in the team does not touch it.
            expectStatus(await as(s, 'member1').post('/posts', { body: 'A post' }), 201);
            assert.equal((await as(s, 'member1').get(path, { 'if-none-match': first.headers.etag })).status, 304);
            // And a cursor of /changes is as good as one of here.
            const later = await cursorOf(s, 'member2');
            assert.deepEqual((await since('member2', later)).items, []);
            const message = await say(s, 'member1', context.team, 'After the post');
            assert.deepEqual((await since('member2', later)).items, [message]);
            assert.deepEqual((await since('member2', cursor)).items, [message]);
        });

        test('a cursor of another history starts again with the newest, oldest first', async () => {
            const now = await cursorOf(s, 'sarah');
            for (const cursor of [now.replace(/^\w{16}/, '0123456789abcdef'), now.replace(/-\d+-/, '-99999999-')]) {
                const answer = await since('member2', cursor);
                assertMatch(answer, { reset: true, more: false, next: null }, cursor);
                const page = await newest(s, 'member2', context.team, '?limit=50');
                assert.deepEqual(answer.items, page.items.reverse());
                assert.equal(answer.cursor, page.cursor);
            }
        });

        test('since goes with no page and no thread, and is a cursor', async () => {
            const cursor = await cursorOf(s, 'sarah');
            for (const query of [
                `since=${cursor}&page=3`,
                `since=${cursor}&thread=3`,
                'since=monday',
                'thread=monday',
                'thread=0',
            ])
                assert.equal(
                    (await as(s, 'sarah').get(`/channels/${context.team}/messages?${query}`)).status,
                    400,
                    query,
                );
        });

        test('/changes names the channels in which something happened, and no message of them', async () => {
            const cursor = await cursorOf(s, 'member2');
            const message = await say(s, 'member1', context.team, 'Look here');
            const changes = expectStatus(await as(s, 'member2').get(`/changes?since=${cursor}`), 200);
            assertMatch(changes.channels, [{ id: context.team, lastMessageId: message.id }], 'the channel');
            assert.deepEqual(changes.posts, { created: [], changed: [], deleted: [] });
            assert.equal(changes.more, false);
            const { items, cursor: at } = await newest(s, 'member2', context.team, '?limit=1');
            assert.deepEqual([items[0], changes.channels[0].cursor], [message, at]);
            assert.deepEqual(
                expectStatus(await as(s, 'member2').get(`/changes?since=${changes.cursor}`), 200).channels,
                [],
            );
            assert.deepEqual(expectStatus(await as(s, 'member21').get(`/changes?since=${cursor}`), 200).channels, []);
            for (let i = 0; i < 250; i++)
                // more than one answer of /changes has room for
                expectStatus(
                    await as(s, i % 2 ? 'member3' : 'member4').post(`/channels/${context.team}/messages`, {
                        content: `${i}`,
                    }),
                    201,
                );
            const many = expectStatus(await as(s, 'member2').get(`/changes?since=${changes.cursor}`), 200);
            assert.deepEqual([many.more, many.channels.length], [false, 1], 'chat does not flood the changes');
        });
    });

    describe(`who is active, realtime ${mode}`, () => {
        let s;
        let context;
        before(async () => {
            s = await startServer(server);
            context = await setup(s);
        });
        after(() => s?.stop());

        const online = async (who = 'sarah') =>
            expectStatus(await as(s, who).get(`/channels/${context.team}/online`), 200);
        const person = ({ id, name }) => ({ userId: id, username: name });

        test('is told by who polls, coaches first, until they leave or hide', async () => {
            assert.deepEqual(await online(), { people: [], online: 0 }, 'who only asks is not here by that');
            for (const who of ['member2', 'sarah', 'member1', 'member21', 'dave'])
                expectStatus(await as(s, who).get('/presence'), 200);
            const { sarah, member1, member2 } = context;
            const everybody = { people: [sarah, member2, member1].map(person), online: 3 };
            assert.deepEqual(await online(), everybody);
            assert.deepEqual(await online('member1'), everybody);
            assert.deepEqual(await online('admin'), everybody);
            const path = `/channels/${context.news}/online`;
            assert.deepEqual(expectStatus(await as(s, 'member1').get(path), 200), everybody, 'one team, several chats');
            const { headers } = await as(s, 'member1').get(path);
            assert.equal((await as(s, 'member1').get(path, { 'if-none-match': headers.etag })).status, 304);
            expectStatus(await as(s, 'member2').patch('/me', { appearOffline: true }), 200);
            assert.deepEqual(await online(), { people: [sarah, member1].map(person), online: 2 });
            expectStatus(await as(s, 'sarah').delete('/presence'), 204);
            await s.advance(30);
            assert.deepEqual(await online(), { people: [member1].map(person), online: 1 });
            await s.advance(600);
            assert.deepEqual(await online(), { people: [], online: 0 });
        });

        test('is for the team alone', async () => {
            for (const [who, channel, status] of [
                ['dave', context.team, 403],
                ['member21', context.team, 403],
                ['sarah', context.foreign, 403],
                ['sarah', unknown, 404],
                [undefined, context.team, 401],
            ])
                assert.equal((await as(s, who).get(`/channels/${channel}/online`)).status, status, `${who}`);
        });
    });

    describe(`receipts, realtime ${mode}`, () => {
        let s;
        let context;
        before(async () => {
            s = await startServer(server);
            context = await setup(s);
        });
        after(() => s?.stop());

        const read = (who, messageId, state) =>
            as(s, who).put(`/channels/${context.team}/read`, { messageId, ...(state && { state }) });
        const channelOf = async (who) => expectStatus(await as(s, who).get('/channels'), 200).items[0];

        test('move only forward, and reading implies that it has arrived', async () => {
            const ids = [];
            for (const content of ['One', 'Two', 'Three']) ids.push((await say(s, 'sarah', context.team, content)).id);
            const me = context.member1.id;
            for (const [id, state, expected] of [
                [ids[0], 'read', { deliveredId: ids[0], readId: ids[0] }],
                [ids[1], 'delivered', { deliveredId: ids[1], readId: ids[0] }],
                [ids[0], 'delivered', { deliveredId: ids[1], readId: ids[0] }],
                [ids[2], undefined, { deliveredId: ids[2], readId: ids[2] }],
                [ids[0], 'read', { deliveredId: ids[2], readId: ids[2] }],
            ])
                assert.deepEqual(expectStatus(await read('member1', id, state), 200), { userId: me, ...expected });
            const receipts = await allItems(s, 'sarah', `/channels/${context.team}/receipts`, { limit: 4 });
            assertMatch(receipts, match.includes({ userId: me, deliveredId: ids[2], readId: ids[2] }), 'receipts');
            const users = receipts.map(({ userId }) => Number(userId));
            assert.deepEqual(
                users,
                [...users].sort((a, b) => a - b),
            );
            assert.equal(new Set(users).size, users.length);
        });

        test('count what is unread: of others, not deleted', async () => {
            const { lastMessageId } = await channelOf('member1');
            expectStatus(await read('member1', lastMessageId), 200);
            assertMatch(await channelOf('member1'), { unread: 0, lastReadId: lastMessageId }, 'all read');
            const a = await say(s, 'sarah', context.team, 'A');
            await say(s, 'member1', context.team, 'Mine');
            const b = await say(s, 'sarah', context.team, 'B');
            assertMatch(await channelOf('member1'), { unread: 2 }, 'two of Sarah');
            expectStatus(await as(s, 'sarah').delete(`/channels/${context.team}/messages/${a.id}`), 204);
            assertMatch(await channelOf('member1'), { unread: 1, lastMessageId: b.id }, 'one is gone');
        });

        test('are no event for those who poll the feed', async () => {
            const cursor = await cursorOf(s, 'sarah');
            const message = await say(s, 'sarah', context.team, 'Read me');
            const after = (await eventsSince(s, 'sarah', cursor)).cursor;
            expectStatus(await read('member2', message.id), 200);
            assert.equal((await eventsSince(s, 'sarah', after)).cursor, after);
        });

        test('are for members of the team, and of messages that are there', async () => {
            const { lastMessageId } = await channelOf('sarah');
            const foreign = expectStatus(await as(s, 'dave').get('/channels'), 200).items[0];
            for (const [who, id, channel, status] of [
                ['member21', lastMessageId, context.team, 403],
                ['member1', unknown, context.team, 404],
                ['member1', foreign.lastMessageId, context.team, 404],
                ['member1', lastMessageId, context.news, 404],
                ['admin', lastMessageId, unknown, 404],
            ]) {
                const reply = await as(s, who).put(`/channels/${channel}/read`, { messageId: id });
                assert.equal(reply.status, status, `${who} ${id} ${channel}`);
            }
            assert.equal((await read('member1', lastMessageId, 'seen')).status, 400);
            for (const [who, channel, status] of [
                ['member21', context.team, 403],
                ['admin', unknown, 404],
            ])
                assert.equal((await as(s, who).get(`/channels/${channel}/receipts`)).status, status);
            const reply = await as(s, 'sarah').get(`/channels/${context.team}/receipts`);
            const headers = { 'if-none-match': reply.headers.etag };
            assert.equal(
                (await request(s, { path: `/channels/${context.team}/receipts`, as: 'sarah', headers })).status,
                304,
            );
        });
    });
}

describe('what was said', () => {
    test('is there after a kill, with its ids, and who has read it', async () => {
        let s = await startServer();
        const { team } = await setup(s);
        const before = [];
        for (let i = 0; i < 10; i++) before.push(await say(s, 'member1', team, `Line ${i}`, { clientId: `kill-${i}` }));
        expectStatus(await as(s, 'member2').put(`/channels/${team}/read`, { messageId: before[4].id }), 200);
        await s.kill();
        s = await startServer({ data: s.data });
        const { items } = await newest(s, 'member2', team, '?limit=10');
        assert.deepEqual(items.reverse(), before);
        const again = await as(s, 'member1').post(`/channels/${team}/messages`, {
            content: 'Line 3',
            clientId: 'kill-3',
        });
        assert.deepEqual(expectStatus(again, 200), before[3]);
        assert.equal(expectStatus(await as(s, 'member2').get('/channels'), 200).items[0].lastReadId, before[4].id);
        await s.stop();
    });
});
