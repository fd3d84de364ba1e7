/* Team chat on a socket: what is said, who types, who is here, who has read; and nothing lost between two connections. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, assertMatch, expectStatus, match, startServer } from './harness.mjs';
import { answer, connect, refusal } from './socket.mjs';

const unknown = '987654321';

let server;
let team;
let news;
let me;

async function begin(args = []) {
    server = await startServer({ args: ['--realtime', 'on', ...args] });
    const { items } = expectStatus(await as(server, 'sarah').get('/channels'), 200);
    [team, news] = items.map(({ id }) => id);
    const who = async (name) => expectStatus(await as(server, name).get('/me'), 200);
    me = { sarah: await who('sarah'), member1: await who('member1'), member2: await who('member2') };
}

/* A socket in a channel, and its initial state. */
async function enter(who, { channel = team, since, ...more } = {}) {
    const path = `/channel/${channel}/websocket${since ? `?since=${since}` : ''}`;
    const client = await connect({ server, as: who, path, ...more });
    client.state = await client.next('initial_state');
    return client;
}

let sent = 0;
const newName = () => `c-${(sent += 1)}`;

/* Says something, and awaits that it is kept: its id. */
async function say(client, content, more = {}) {
    const clientId = more.clientId ?? newName();
    client.message(JSON.stringify({ type: 'message', content, clientId, ...more }));
    return (await client.next({ type: 'ack', clientId })).messageId;
}

const newest = async (channel, query = '') =>
    expectStatus(await as(server, 'sarah').get(`/channels/${channel}/messages${query}`), 200);

const nothing = (client, ...types) => {
    const found = client.forget().filter(({ json }) => types.includes(json?.type));
    assert.deepEqual(
        found.map(({ text }) => text),
        [],
    );
};

/* Everything that was said before has arrived when this answer has: both go through the room's home. */
async function settled(...clients) {
    const [first] = clients;
    const id = await say(first, 'settled');
    for (const client of clients) await client.next({ type: 'message', message: { id } });
}

describe('a channel', () => {
    before(() => begin());
    after(() => server?.stop());

    test('begins with the last 50 messages, oldest first, and who is here', async () => {
        for (let i = 0; i < 30; i++)
            expectStatus(
                await as(server, i % 2 ? 'member3' : 'sarah').post(`/channels/${team}/messages`, {
                    content: `Line ${i}`,
                }),
                201,
            );
        const mary = await enter('member1');
        const { items, cursor } = await newest(team, '?limit=50');
        assert.equal(items.length, 50);
        assertMatch(
            mary.state,
            {
                messages: items.reverse(),
                onlineUsers: [
                    { userId: me.member1.id, username: me.member1.name, joinedAt: match.time, status: 'online' },
                ],
                online: 1,
                resumed: false,
                cursor: match.string,
            },
            'the state',
        );
        assert.ok(cursor);
        await mary.close();
    });

    test('shows a message to everybody, as HTTP has it, and tells its sender the id', async () => {
        const [mary, robert, tablet] = await Promise.all([enter('member1'), enter('member2'), enter('member1')]);
        const clientId = newName();
        mary.say({ type: 'message', content: '  Hello!\nWho comes? ', clientId, id: 'q-1' });
        const ack = await mary.next('ack');
        assert.deepEqual(ack, { type: 'ack', id: 'q-1', clientId, messageId: ack.messageId });
        const [kept] = (await newest(team, '?limit=1')).items;
        assertMatch(
            kept,
            { id: ack.messageId, content: 'Hello!\nWho comes?', clientId, userId: me.member1.id },
            'kept',
        );
        for (const client of [mary, robert, tablet]) {
            const heard = await client.next('message');
            assert.deepEqual(heard.message, kept);
            assert.match(heard.cursor, /^[0-9a-f]{16}-\d+-/);
        }
        // And what is written over HTTP is heard as well.
        const other = expectStatus(
            await as(server, 'member2').post(`/channels/${team}/messages`, { content: 'Me!', threadId: kept.id }),
            201,
        );
        for (const client of [mary, robert]) assert.deepEqual((await client.next('message')).message, other);
        for (const client of [mary, robert, tablet]) await client.close();
    });

    test('takes a resend for what it is, on any connection of the member', async () => {
        const mary = await enter('member1');
        const id = await say(mary, 'Once', { clientId: 'again-1' });
        assert.equal(await say(mary, 'Once', { clientId: 'again-1' }), id);
        await mary.close();
        const later = await enter('member1');
        assert.equal(await say(later, 'Once', { clientId: 'again-1' }), id);
        const http = await as(server, 'member1').post(`/channels/${team}/messages`, {
            content: 'Once',
            clientId: 'again-1',
        });
        assert.equal(expectStatus(http, 200).id, id);
        assert.equal((await newest(team, '?limit=1')).items[0].id, id);
        later.message(JSON.stringify({ type: 'message', content: 'Twice', clientId: 'again-1' }));
        assertMatch(await later.next('error'), { id: 'again-1', code: 'key-reused' }, 'other words');
        await later.close();
    });

    test('tells what was edited and deleted', async () => {
        const mary = await enter('member1');
        const id = await say(mary, 'Frist');
        const path = `/channels/${team}/messages/${id}`;
        const edited = expectStatus(await as(server, 'member1').patch(path, { content: 'First' }), 200);
        assert.deepEqual((await mary.next('message_updated')).message, edited);
        expectStatus(await as(server, 'sarah').delete(path), 204);
        assertMatch(
            await mary.next('message_deleted'),
            { channelId: team, messageId: id, cursor: match.string },
            'deleted',
        );
        await mary.close();
    });

    test('has threads of one level', async () => {
        const mary = await enter('member1');
        const first = await say(mary, 'A question');
        const reply = await say(mary, 'An answer', { threadId: first });
        assertMatch(
            await mary.next({ type: 'message', message: { id: reply } }),
            { message: { threadId: first } },
            'it',
        );
        for (const [threadId, code] of [
            [reply, 'invalid'],
            [unknown, 'not-found'],
        ]) {
            const clientId = newName();
            mary.message(JSON.stringify({ type: 'message', content: 'No', clientId, threadId }));
            assertMatch(await mary.next({ type: 'error', id: clientId }), { code }, threadId);
        }
        await mary.close();
    });

    test('lets only coaches write where only coaches write', async () => {
        const [mary, sarah, admin] = await Promise.all(
            ['member1', 'sarah', 'admin'].map((who) => enter(who, { channel: news })),
        );
        const clientId = newName();
        mary.message(JSON.stringify({ type: 'message', content: 'Me too', clientId }));
        assertMatch(await mary.next('error'), { id: clientId, code: 'forbidden' }, 'a member');
        const id = await say(sarah, 'Bring water');
        const second = await say(admin, 'And hats');
        for (const wanted of [id, second]) await mary.next({ type: 'message', message: { id: wanted } });
        for (const client of [mary, sarah, admin]) await client.close();
    });

    test('refuses what is wrong, and stays open', async () => {
        const mary = await enter('member1');
        const { cursor } = await newest(team);
        for (const [message, code] of [
            [{ type: 'message', content: 'No name' }, 'invalid'],
            [{ type: 'message', clientId: 'x' }, 'invalid'],
            [{ type: 'message', content: '', clientId: 'x' }, 'invalid'],
            [{ type: 'message', content: '  \n ', clientId: 'x' }, 'invalid'],
            [{ type: 'message', content: 'x'.repeat(2001), clientId: 'x' }, 'invalid'],
            [{ type: 'message', content: 7, clientId: 'x' }, 'invalid'],
            [{ type: 'message', content: 'x', clientId: 'y'.repeat(65) }, 'invalid'],
            [{ type: 'message', content: 'x', clientId: 'x', threadId: 7 }, 'invalid'],
            [{ type: 'message', content: 'x', clientId: 'x', channelId: news }, 'invalid'],
            [{ type: 'typing' }, 'invalid'],
            [{ type: 'typing', isTyping: 'yes' }, 'invalid'],
            [{ type: 'presence', status: 'dancing' }, 'invalid'],
            [{ type: 'sync' }, 'invalid'],
            [{ type: 'sync', afterMessageId: 3 }, 'invalid'],
            [{ type: 'read', messageId: unknown }, 'not-found'],
            [{ type: 'read', messageId: '0' }, 'invalid'],
            [{ type: 'read' }, 'invalid'],
            [{ type: 'read', messageId: '1', state: 'seen' }, 'invalid'],
            [{ type: 'JOIN_TEAM', teamId: me.sarah.team.id }, 'invalid'],
            [{ type: 'SEND_CHEER', icon: 'heart' }, 'conflict'],
            [{ type: 'shout', content: 'x' }, 'invalid'],
        ])
            assertMatch(await mary.ask(message), { type: 'error', code }, JSON.stringify(message).slice(0, 80));
        assert.equal((await newest(team)).cursor, cursor, 'nothing was stored');
        await say(mary, 'Still here');
        await mary.close();
    });

    test('is for members of the team, and is there', async () => {
        const path = `/channel/${team}/websocket`;
        await refusal(403, { server, as: 'member21', path });
        await refusal(403, { server, as: 'dave', path });
        await refusal(401, { server, path });
        await refusal(404, { server, as: 'admin', path: `/channel/${unknown}/websocket` });
        await refusal(404, { server, as: 'admin', path: '/channel/walkers/websocket' });
        await refusal(400, { server, as: 'member1', path: `${path}?since=monday` });
        const others = await connect({ server, as: 'member1' });
        await others.join(me.sarah.team.id);
        assertMatch(await others.ask({ type: 'typing', isTyping: true }), { type: 'error', code: 'invalid' }, 'at /ws');
        assertMatch(
            await others.ask({ type: 'sync', afterMessageId: '1' }),
            { type: 'error', code: 'invalid' },
            'at /ws',
        );
        await others.close();
        const admin = await enter('admin');
        await admin.close();
    });

    test('tells the team where it stands, gathered', async () => {
        const mary = await connect({ server, as: 'member1' });
        const { cursor: before } = await mary.join(me.sarah.team.id);
        const robert = await enter('member2');
        let last;
        for (let i = 0; i < 20; i++) last = await say(robert, `Line ${i}`);
        const update = await mary.next({ type: 'CHANNEL_UPDATE', lastMessageId: last });
        assert.equal(update.channelId, team);
        assert.equal(update.cursor, (await newest(team)).cursor.replace(/[^.]*$/, update.cursor.split('.')[1]));
        const seen = mary.forget().filter(({ json }) => json?.type === 'CHANNEL_UPDATE').length;
        assert.ok(seen < 20, `${seen} were told one by one`);
        const late = await connect({ server, as: 'member3' });
        await late.join(me.sarah.team.id, { since: before });
        assertMatch(await late.next('CHANNEL_UPDATE'), { channelId: team, lastMessageId: last }, 'missed');
        nothing(mary, 'message');
        for (const client of [mary, late, robert]) await client.close();
    });
});

describe('coming back to a channel', () => {
    before(() => begin());
    after(() => server?.stop());

    /* Applies what is heard to a list, as a client does. */
    function apply(list, heard) {
        if (heard.type === 'message' || heard.type === 'message_updated') list.set(heard.message.id, heard.message);
        else if (heard.type === 'message_deleted') {
            const known = list.get(heard.messageId);
            if (known) list.set(heard.messageId, { ...known, content: '', deleted: true });
        }
    }

    test('with a cursor brings what was made, edited and deleted meanwhile, in order', async () => {
        const mary = await enter('member1');
        const list = new Map(mary.state.messages.map((message) => [message.id, message]));
        const [old, older] = [...list.values()].slice(-2);
        await mary.close();
        const path = `/channels/${team}/messages`;
        const made = [];
        for (let i = 0; i < 450; i++) {
            // more than two answers of the desk hold
            const who = ['sarah', 'dave', 'member2', 'member3', 'member4', 'member5'][i % 6];
            if (who === 'dave') continue;
            made.push(expectStatus(await as(server, who).post(path, { content: `Line ${i}` }), 201));
        }
        expectStatus(await as(server, 'sarah').patch(`${path}/${old.id}`, { content: 'Edited' }), 200);
        expectStatus(await as(server, 'sarah').delete(`${path}/${older.id}`), 204);
        const back = await enter('member1', { since: mary.state.cursor });
        assertMatch(back.state, { resumed: true, messages: [], cursor: match.string }, 'the state');
        let last;
        for (let i = 0; i < made.length; i++) {
            const { message, cursor } = await back.next('message');
            assert.equal(message.id, made[i].id);
            last = cursor;
            list.set(message.id, message);
        }
        assertMatch((await back.next('message_updated')).message, { id: old.id, content: 'Edited' }, 'edited');
        assertMatch(await back.next('message_deleted'), { messageId: older.id }, 'deleted');
        await back.close();
        const again = await enter('member1', { since: last });
        assertMatch((await again.next('message_updated')).message, { id: old.id }, 'only what came after');
        nothing(again, 'message');
        await again.close();
    });

    test('with the last message brings the same, also as the very first word', async () => {
        const { items } = await newest(team, '?limit=5');
        const [latest, , third] = items;
        const client = await connect({ server, as: 'member1', path: `/channel/${team}/websocket` });
        const id = client.say({ type: 'sync', afterMessageId: third.id });
        // The answer to opening may have been on its way: what counts is that after the ACK nothing is missing.
        await client.next({ type: 'ACK', id });
        assert.equal(
            (await client.next({ type: 'message', message: { id: latest.id } })).message.content,
            latest.content,
        );
        const open = client.say({ type: 'sync', afterMessageId: latest.id });
        await client.next({ type: 'ACK', id: open });
        client.forget();
        const said = await say(client, 'After the sync');
        await client.next({ type: 'message', message: { id: said } });
        const lost = client.say({ type: 'sync', afterMessageId: unknown });
        assertMatch(await client.next('initial_state'), { resumed: false }, 'a message nobody knows: begin anew');
        await client.next({ type: 'ACK', id: lost });
        await client.close();
    });

    test('with a cursor of another history begins anew', async () => {
        const { cursor } = await newest(team);
        for (const since of [cursor.replace(/^\w{16}/, '0123456789abcdef'), cursor.replace(/-\d+-/, '-99999999-')]) {
            const client = await enter('member1', { since });
            assert.equal(client.state.resumed, false);
            assert.equal(client.state.messages.length, 50);
            await client.close();
        }
    });

    test('and polling in between loses and repeats nothing', async () => {
        const mary = await enter('member1');
        const robert = await enter('member2');
        await say(robert, 'By socket');
        const { cursor } = await mary.next('message');
        await mary.close();
        const two = await say(robert, 'While polling');
        const polled = await newest(team, `?since=${cursor}`);
        assert.deepEqual(
            polled.items.map(({ id }) => id),
            [two],
        );
        const three = await say(robert, 'By socket again');
        const back = await enter('member1', { since: polled.cursor });
        assert.equal((await back.next('message')).message.id, three);
        nothing(back, 'message');
        await back.close();
        await robert.close();
    });

    test('finds what is said at the same moment once, whatever the moment', async () => {
        const robert = await enter('member2');
        for (let round = 0; round < 30; round++) {
            const { cursor } = await newest(team);
            const names = Array.from({ length: 8 }, newName);
            const comes = connect({ server, as: 'member1', path: `/channel/${team}/websocket?since=${cursor}` });
            for (const clientId of names)
                robert.message(JSON.stringify({ type: 'message', content: clientId, clientId }));
            const mary = await comes;
            const heard = [];
            while (heard.length < names.length) heard.push((await mary.next('message')).message.clientId);
            assert.deepEqual(heard, names, `round ${round}`);
            for (const clientId of names) await robert.next({ type: 'ack', clientId });
            nothing(mary, 'message');
            await mary.close();
        }
        await robert.close();
    });

    test('is not lost in a restart that a kill made', async () => {
        const mary = await enter('member1');
        const id = await say(mary, 'Before the kill', { clientId: 'kill-1' });
        const { cursor } = await mary.next({ type: 'message', message: { id } });
        const port = server.port;
        await server.kill();
        server = await startServer({ data: server.data, args: ['--realtime', 'on'] });
        assert.ok(port);
        assert.equal((await newest(team, '?limit=1')).items[0].id, id);
        const back = await enter('member1', { since: cursor });
        assert.equal(await say(back, 'Before the kill', { clientId: 'kill-1' }), id);
        await back.close();
    });
});

describe('who is in a channel', () => {
    before(() => begin());
    after(() => server?.stop());

    test('is told when they come, and when a person, not a socket, has left', async () => {
        const mary = await enter('member1');
        const robert = await enter('member2');
        assertMatch(
            await mary.next({ type: 'presence' }),
            { userId: me.member2.id, username: me.member2.name, status: 'online' },
            'came',
        );
        const tablet = await enter('member2');
        assert.deepEqual(
            tablet.state.onlineUsers.map(({ userId }) => userId).sort(),
            [me.member1.id, me.member2.id].sort(),
        );
        assert.equal(tablet.state.online, 2);
        await robert.close();
        await server.advance(20);
        await settled(mary, tablet);
        nothing(mary, 'presence', 'user_disconnected');
        await tablet.close();
        await settled(mary);
        nothing(mary, 'user_disconnected');
        await server.advance(11);
        assert.deepEqual(await mary.next('user_disconnected'), {
            type: 'user_disconnected',
            userId: me.member2.id,
            username: me.member2.name,
        });
        await mary.close();
    });

    test('is not told of who comes back within the grace', async () => {
        const mary = await enter('member1');
        const robert = await enter('member2');
        await mary.next({ type: 'presence', userId: me.member2.id });
        await robert.close();
        await server.advance(5);
        const back = await enter('member2');
        await server.advance(20);
        await settled(mary, back);
        nothing(mary, 'presence', 'user_disconnected');
        await back.close();
        await mary.close();
    });

    test('does not hear of who appears offline', async () => {
        expectStatus(await as(server, 'member3').patch('/me', { appearOffline: true }), 200);
        const mary = await enter('member1');
        const hidden = await enter('member3');
        assert.ok(!hidden.state.onlineUsers.some(({ username }) => username === 'Linda Okafor'));
        hidden.say({ type: 'typing', isTyping: true });
        hidden.say({ type: 'presence', status: 'away' });
        const id = await say(hidden, 'I am not here');
        await mary.next({ type: 'message', message: { id } });
        await hidden.ask({ type: 'read', messageId: id });
        await server.advance(1);
        await hidden.close();
        await server.advance(11);
        await settled(mary);
        const { id: hiddenId } = expectStatus(await as(server, 'member3').get('/me'), 200);
        const told = mary
            .forget()
            .filter(({ json, text }) => json?.type !== 'message' && text?.includes(`"${hiddenId}"`));
        assert.deepEqual(
            told.map(({ text }) => text),
            [],
        );
        // And who hides while they are here is gone at once.
        const robert = await enter('member2');
        await mary.next({ type: 'presence', userId: me.member2.id });
        expectStatus(await as(server, 'member2').patch('/me', { appearOffline: true }), 200);
        await server.advance(1);
        await mary.next({ type: 'user_disconnected', userId: me.member2.id });
        expectStatus(await as(server, 'member2').patch('/me', { appearOffline: false }), 200);
        await mary.next({ type: 'presence', userId: me.member2.id });
        await robert.close();
        await mary.close();
    });

    test('may be away, and newcomers see it', async () => {
        const mary = await enter('member1');
        const sarah = await enter('sarah');
        await mary.next({ type: 'presence', userId: me.sarah.id });
        assertMatch(await sarah.ask({ type: 'presence', status: 'away' }), { type: 'ACK' }, 'heard');
        assertMatch(await mary.next({ type: 'presence', userId: me.sarah.id }), { status: 'away' }, 'away');
        const robert = await enter('member2');
        assertMatch(robert.state.onlineUsers, match.includes({ userId: me.sarah.id, status: 'away' }), 'listed');
        await sarah.ask({ type: 'presence', status: 'online' });
        assertMatch(await mary.next({ type: 'presence', userId: me.sarah.id }), { status: 'online' }, 'back');
        for (const client of [mary, sarah, robert]) await client.close();
    });

    test('types, to all but themselves, for five seconds', async () => {
        const [mary, robert, tablet] = [await enter('member1'), await enter('member2'), await enter('member1')];
        const typing = (isTyping) => ({ type: 'typing', userId: me.member1.id, username: me.member1.name, isTyping });
        mary.say({ type: 'typing', isTyping: true });
        assert.deepEqual(await robert.next('typing'), typing(true));
        mary.say({ type: 'typing', isTyping: true }); // again is no news
        await server.advance(3);
        assertMatch(await mary.ask({ type: 'typing', isTyping: true }), { type: 'ACK' }, 'heard');
        await server.advance(3);
        await settled(robert, mary, tablet);
        nothing(robert, 'typing');
        await server.advance(3);
        assert.deepEqual(await robert.next('typing'), typing(false));
        mary.say({ type: 'typing', isTyping: true });
        assert.deepEqual(await robert.next('typing'), typing(true));
        mary.say({ type: 'typing', isTyping: false });
        assert.deepEqual(await robert.next('typing'), typing(false));
        await settled(mary, tablet);
        nothing(mary, 'typing');
        nothing(tablet, 'typing');
        for (const client of [mary, robert, tablet]) await client.close();
    });

    test('has read so far, gathered, and only forward', async () => {
        const [mary, robert] = [await enter('member1'), await enter('member2')];
        const ids = [];
        for (let i = 0; i < 3; i++) ids.push(await say(mary, `Read ${i}`));
        for (const id of ids) assertMatch(await robert.ask({ type: 'read', messageId: id }), { type: 'ACK' }, id);
        await robert.ask({ type: 'read', messageId: ids[0] });
        await server.advance(1);
        const told = [];
        for (let last; last !== ids[2];) {
            const { items } = await mary.next('receipt');
            told.push(...items);
            last = items.at(-1).readId;
        }
        assert.deepEqual(told.at(-1), { userId: me.member2.id, deliveredId: ids[2], readId: ids[2] });
        const more = await say(mary, 'Delivered');
        await robert.ask({ type: 'read', messageId: more, state: 'delivered' });
        await server.advance(1);
        assert.deepEqual((await mary.next('receipt')).items, [
            { userId: me.member2.id, deliveredId: more, readId: ids[2] },
        ]);
        const { items } = expectStatus(await as(server, 'member1').get(`/channels/${team}/receipts?limit=100`), 200);
        assertMatch(items, match.includes({ userId: me.member2.id, deliveredId: more, readId: ids[2] }), 'over HTTP');
        await mary.close();
        await robert.close();
    });
});

describe('the limit of a channel', () => {
    before(() => begin(['--channel-limit', '2']));
    after(() => server?.stop());

    test('is answered with 503, and a time to return; other rooms have their own', async () => {
        const first = await enter('member1');
        const second = await enter('member2');
        const path = `/channel/${team}/websocket`;
        const { headers } = await refusal(503, { server, as: 'member3', path });
        assert.match(headers['retry-after'], /^\d+$/);
        const elsewhere = await enter('member3', { channel: news });
        const feed = await connect({ server, as: 'member3' });
        await feed.join(me.sarah.team.id);
        await second.close();
        const third = await enter('member3');
        for (const client of [first, third, elsewhere, feed]) await client.close();
    });

    test('takes what the program says it takes', async () => {
        const { cliOn } = await import('./harness.mjs');
        for (const value of ['0', '32769', 'many'])
            assert.notEqual((await cliOn(server.data, ['check', '--channel-limit', value])).code, 0, value);
    });
});

test('without realtime a channel has no socket', async () => {
    server = await startServer({ args: ['--realtime', 'off'] });
    const { items } = expectStatus(await as(server, 'sarah').get('/channels'), 200);
    assert.equal((await answer({ server, as: 'member1', path: `/channel/${items[0].id}/websocket` })).status, 409);
    await server.stop();
});
