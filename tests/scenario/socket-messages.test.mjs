/*
 * What is said over a socket, and what is answered (DESIGN, section 6).
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, cursorOf, expectStatus, startServer } from './harness.mjs';
import { connect, frame, OP } from './socket.mjs';

const WALKERS = '2';
const STRONG = '3';

describe('messages', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on'] });
    });
    after(() => server?.stop());

    const post = async (who, body) => expectStatus(await as(server, who).post('/posts', { body }), 201);
    const open = async (who, team = WALKERS, more) => {
        const client = await connect({ server, as: who });
        await client.join(team, more);
        return client;
    };
    /* What a client was told of events since it was last asked, once `marker` (a cheer of its own) has come. */
    const heardUntilNow = async (client) => {
        await client.ask({ type: 'SEND_CHEER', icon: 'marker' });
        await client.next({ type: 'LIVE_CHEER', icon: 'marker' });
        return client.forget().flatMap(({ json }) => json ?? []);
    };

    describe('JOIN_TEAM', () => {
        test('welcomes: who one is, where in history, how often to ping', async () => {
            const client = await connect({ server, as: 'member1' });
            const welcome = await client.join(WALKERS);
            const me = expectStatus(await as(server, 'member1').get('/me'), 200);
            assert.equal(welcome.userId, me.id);
            assert.equal(welcome.heartbeat, 30);
            assert.match(welcome.sessionId, /^\d+-\d+$/);
            assert.ok(!Number.isNaN(Date.parse(welcome.subscribedAt)));
            assert.equal(welcome.cursor, await cursorOf(server, 'member1'), 'the cursor of a poll');
            await client.close();
        });

        for (const [name, message, code] of [
            ['another team', { teamId: STRONG }, 'forbidden'],
            ['a team that is none', { teamId: '999999' }, 'forbidden'],
            ['a cursor that is none', { teamId: WALKERS, since: 'yesterday' }, 'malformed'],
        ])
            test(`${name}: refused, and the socket stays`, async () => {
                const client = await connect({ server, as: 'member1' });
                const answer = await client.ask({ type: 'JOIN_TEAM', ...message });
                assert.equal(answer.type, 'error');
                assert.equal(answer.code, code);
                await client.join(WALKERS);
                await client.close();
            });

        test('an admin may enter any team that exists, one after the other', async () => {
            const client = await connect({ server, as: 'admin' });
            await client.join(WALKERS);
            await client.join(STRONG);
            const nowhere = await client.ask({ type: 'JOIN_TEAM', teamId: '999999' });
            assert.equal(nowhere.code, 'not-found');
            await client.join(STRONG);
            await post('sarah', 'not for this one any more');
            const { id } = await post('dave', 'for this one');
            assert.deepEqual((await client.next('NEW_POSTS')).postIds, [id]);
            await client.close();
        });

        test('from a poll\'s cursor: what was missed, in order, then what happens', async () => {
            const since = await cursorOf(server, 'member2');
            const { id: one } = await post('sarah', 'one');
            const { id: two } = await post('member3', 'two');
            expectStatus(await as(server, 'sarah').patch(`/posts/${one}`, { body: 'one, corrected' }), 200);
            expectStatus(await as(server, 'sarah').put(`/posts/${two}/pin`), 200);
            expectStatus(await as(server, 'member4').put(`/posts/${one}/like`), 200);
            const client = await connect({ server, as: 'member2' });
            const welcome = await client.join(WALKERS, { since });
            assert.equal(welcome.cursor, since, 'it is where it was');
            assert.deepEqual((await client.next('NEW_POSTS')).postIds, [one]);
            assert.deepEqual((await client.next('NEW_POSTS')).postIds, [two]);
            assert.equal((await client.next({ type: 'POST_CHANGED', postId: one })).change, 'edited');
            assert.equal((await client.next({ type: 'POST_CHANGED', postId: two })).change, 'pinned');
            const { cursor } = await client.next('LIVE_NOTIFICATION');
            assert.equal((await client.next({ type: 'LIKE_UPDATE', postId: one })).count, 1);
            const { id: three } = await post('sarah', 'three');
            assert.deepEqual((await client.next('NEW_POSTS')).postIds, [three]);
            const later = await open('member2', WALKERS, { since: cursor });
            assert.deepEqual((await later.next('NEW_POSTS')).postIds, [three], 'a socket\'s cursor does as well');
            const answer = expectStatus(await as(server, 'member2').get(`/changes?since=${cursor}`), 200);
            assert.deepEqual(answer.posts.created.map(({ id }) => id), [three], 'and serves a poll');
            await later.close();
            await client.close();
        });

        test('from a cursor of another history: RESET, and on from now', async () => {
            const client = await connect({ server, as: 'member2' });
            await client.join(WALKERS, { since: '0123456789abcdef-3-89abcdef.0' });
            assert.equal((await client.next('RESET')).cursor, await cursorOf(server, 'member2'));
            const { id } = await post('sarah', 'after the reset');
            assert.deepEqual((await client.next('NEW_POSTS')).postIds, [id]);
            await client.close();
        });

        test('several in one breath: each has its answer, and the last one counts', async () => {
            const early = await cursorOf(server, 'member2');
            const { id: one } = await post('sarah', 'one');
            const late = await cursorOf(server, 'member2');
            const { id: two } = await post('sarah', 'two');
            const client = await connect({ server, as: 'member2' });
            const join = (id, since) => frame(OP.text, JSON.stringify({ type: 'JOIN_TEAM', teamId: WALKERS, id, since }));
            client.write(join('breath-1', late), join('breath-2', late), join('breath-3', early));
            for (const id of ['breath-1', 'breath-2', 'breath-3']) await client.next({ type: 'ACK', id });
            assert.deepEqual((await client.next('NEW_POSTS')).postIds, [one]);
            assert.deepEqual((await client.next('NEW_POSTS')).postIds, [two]);
            const rest = (await heardUntilNow(client)).map(({ type }) => type);
            assert.deepEqual(rest.filter((type) => /WELCOME|NEW_POSTS/.test(type)), ['WELCOME'], 'nothing twice');
            await client.close();
        });

        test('of a team that is none, and at once of another: each has its answer', async () => {
            const client = await connect({ server, as: 'admin' });
            const join = (id, teamId) => frame(OP.text, JSON.stringify({ type: 'JOIN_TEAM', teamId, id }));
            client.write(join('none', '987654321'), join('walkers', WALKERS));
            assert.equal((await client.next({ id: 'none' })).code, 'not-found');
            assert.equal((await client.next({ id: 'walkers' })).type, 'ACK');
            await client.ask({ type: 'SEND_CHEER', icon: 'heart' });
            await client.close();
        });
    });

    describe('SEND_CHEER', () => {
        test('reaches all of the team, the sender too, and nobody else', async () => {
            const [ruth, sarah, dave] = [await open('member1'), await open('sarah'), await open('dave', STRONG)];
            assert.equal((await ruth.ask({ type: 'SEND_CHEER', icon: '🎉' })).type, 'ACK');
            const { id, name } = expectStatus(await as(server, 'member1').get('/me'), 200);
            for (const client of [ruth, sarah])
                assert.deepEqual(await client.next('LIVE_CHEER'), { type: 'LIVE_CHEER', userId: id, name, icon: '🎉' });
            assert.deepEqual((await heardUntilNow(dave)).filter(({ type }) => type === 'LIVE_CHEER'), []);
            for (const client of [ruth, sarah, dave]) await client.close();
        });

        test('sent again with its id, on this socket or another, is one cheer', async () => {
            const [ruth, phone, sarah] = [await open('member1'), await open('member1'), await open('sarah')];
            for (const client of [ruth, ruth, phone])
                assert.equal((await client.ask({ type: 'SEND_CHEER', icon: 'sun', id: 'c-1' })).type, 'ACK');
            const cheers = (await heardUntilNow(sarah)).filter(({ icon }) => icon === 'sun');
            assert.equal(cheers.length, 1);
            for (const client of [ruth, phone, sarah]) await client.close();
        });

        test('before joining: an error', async () => {
            const client = await connect({ server, as: 'member1' });
            assert.equal((await client.ask({ type: 'SEND_CHEER', icon: 'sun' })).code, 'conflict');
            await client.close();
        });
    });

    describe('likes', () => {
        test('are acknowledged with the count, told to all, and the same over polls', async () => {
            const [ruth, sarah] = [await open('member1'), await open('sarah')];
            const { id } = await post('sarah', 'likeable');
            assert.deepEqual(await ruth.ask({ type: 'POST_LIKE', postId: id, id: 'l1' }), {
                type: 'ACK',
                id: 'l1',
                postId: id,
                liked: true,
                count: 1,
            });
            await sarah.next({ type: 'LIKE_UPDATE', postId: id, count: 1 });
            const read = async () => expectStatus(await as(server, 'member1').get(`/posts/${id}`), 200);
            assert.deepEqual([(await read()).liked, (await read()).count], [true, 1]);
            assert.equal(expectStatus(await as(server, 'member2').put(`/posts/${id}/like`), 200).count, 2);
            await ruth.next({ type: 'LIKE_UPDATE', postId: id, count: 2 });
            assert.equal((await ruth.ask({ type: 'POST_UNLIKE', postId: id })).count, 1);
            assert.deepEqual([(await read()).liked, (await read()).count], [false, 1]);
            assert.equal((await ruth.ask({ type: 'POST_LIKE', postId: id, id: 'l1' })).count, 1, 'l1 was done before');
            assert.equal((await read()).liked, false);
            const since = await cursorOf(server, 'member5');
            await ruth.ask({ type: 'POST_LIKE', postId: id });
            const { likes } = expectStatus(await as(server, 'member5').get(`/changes?since=${since}`), 200);
            assert.deepEqual(likes, [{ postId: id, count: 2 }]);
            await ruth.close();
            await sarah.close();
        });

        test('of one post within a moment are few LIKE_UPDATEs, the last of them right', async () => {
            const sarah = await open('sarah');
            const { id } = await post('sarah', 'popular');
            const fans = await Promise.all(Array.from({ length: 16 }, (_, i) => open(`member${i + 1}`)));
            await Promise.all(fans.map((fan) => fan.ask({ type: 'POST_LIKE', postId: id })));
            const updates = [await sarah.next({ type: 'LIKE_UPDATE', postId: id })];
            while (updates.at(-1).count < fans.length) updates.push(await sarah.next({ type: 'LIKE_UPDATE', postId: id }));
            assert.ok(updates.length <= 5, `${updates.length} updates for ${fans.length} likes`);
            for (const fan of fans) await fan.close();
            await sarah.close();
        });

        for (const [name, who, code] of [
            ['a post of another team', 'dave', 'forbidden'],
            ['a post that is none', 'member1', 'not-found'],
        ])
            test(`of ${name}: refused`, async () => {
                const { id } = await post('sarah', 'for walkers');
                const client = await connect({ server, as: who });
                const postId = who === 'dave' ? id : '99999999';
                assert.equal((await client.ask({ type: 'POST_LIKE', postId })).code, code);
                await client.close();
            });
    });

    describe('what happens', () => {
        test('to posts is told with a cursor each, and in order', async () => {
            const client = await open('member1');
            const { id } = await post('sarah', 'watch me');
            const seen = [await client.next({ type: 'NEW_POSTS', count: 1, postIds: [id] })];
            const sarah = as(server, 'sarah');
            for (const [change, send] of [
                ['edited', () => sarah.patch(`/posts/${id}`, { body: 'watched' })],
                ['pinned', () => sarah.put(`/posts/${id}/pin`)],
                ['unpinned', () => sarah.delete(`/posts/${id}/pin`)],
                ['deleted', () => sarah.delete(`/posts/${id}`)],
            ]) {
                assert.ok((await send()).status < 300);
                seen.push(await client.next({ type: 'POST_CHANGED', postId: id, change }));
            }
            const numbers = seen.map(({ cursor }) => Number(cursor.split('-')[1]));
            assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
            assert.equal(new Set(numbers).size, numbers.length);
            await client.close();
        });

        test('a coach\'s pin is a notification to the team, a win one to every team', async () => {
            const [walker, strong] = [await open('member1'), await open('dave', STRONG)];
            const { id } = await post('sarah', 'Bring water tomorrow.');
            expectStatus(await as(server, 'sarah').put(`/posts/${id}/pin`), 200);
            const pin = await walker.next('LIVE_NOTIFICATION');
            assert.match(pin.title, /Sarah/);
            assert.deepEqual([pin.body, pin.link, pin.kind], ['Bring water tomorrow.', `/#/posts/${id}`, 'pin']);
            const win = { title: 'A hundred thousand steps!', body: 'Team Blue did it.' };
            expectStatus(await as(server, 'admin').post('/notices', win), 201);
            for (const client of [walker, strong]) {
                const told = await client.next('LIVE_NOTIFICATION');
                assert.deepEqual([told.title, told.body], [win.title, win.body]);
            }
            await walker.close();
            await strong.close();
        });

        test('a member who is moved out of sight hears no more of the team', async () => {
            const client = await open('member8');
            await server.must('user', 'disable', 'member8');
            assert.equal((await client.closed).code, 4003);
            await server.must('user', 'enable', 'member8');
        });
    });

    test('ping is answered with the time', async () => {
        const client = await connect({ server, as: 'member1' });
        await client.ask({ type: 'ping' });
        assert.ok(Math.abs(Date.parse((await client.next('pong')).timestamp) - Date.now()) < 3_600_000);
        await client.close();
    });

    test('AUTH with another member\'s token is refused, and the old one goes on', async () => {
        const client = await connect({ server, as: 'member1' });
        assert.equal((await client.ask({ type: 'AUTH', token: await server.token('member2') })).code, 'forbidden');
        assert.equal((await client.ask({ type: 'AUTH', token: 'v4.public.nonsense' })).code, 'unauthenticated');
        assert.equal((await client.ask({ type: 'ping' })).type, 'ACK');
        await client.close();
    });

    for (const [name, text, code] of [
        ['no JSON', 'hello', 'malformed'],
        ['a list', '[]', 'malformed'],
        ['nested too deeply', `{"type":${'['.repeat(50)}${']'.repeat(50)}}`, 'malformed'],
        ['the same field twice', '{"type":"ping","type":"ping"}', 'malformed'],
        ['no type', '{}', 'invalid'],
        ['a type nobody knows', '{"type":"DANCE"}', 'invalid'],
        ['a type in small letters', '{"type":"join_team","teamId":"2"}', 'invalid'],
        ['a number as type', '{"type":7}', 'invalid'],
        ['no team', '{"type":"JOIN_TEAM"}', 'invalid'],
        ['a team that is a number', '{"type":"JOIN_TEAM","teamId":2}', 'invalid'],
        ['a field of another type', '{"type":"ping","icon":"sun"}', 'invalid'],
        ['an unknown field', '{"type":"ping","colour":"blue"}', 'invalid'],
        ['an empty icon', '{"type":"SEND_CHEER","icon":""}', 'invalid'],
        ['a long icon', `{"type":"SEND_CHEER","icon":"${'x'.repeat(33)}"}`, 'invalid'],
        ['a NUL in an icon', '{"type":"SEND_CHEER","icon":"a\\u0000"}', 'malformed'],
        ['a long id', `{"type":"ping","id":"${'x'.repeat(65)}"}`, 'invalid'],
        ['an id with a blank', '{"type":"ping","id":"a b"}', 'invalid'],
        ['a post id below one', '{"type":"POST_LIKE","postId":"0"}', 'invalid'],
        ['a post id beyond 64 bits', '{"type":"POST_LIKE","postId":"9223372036854775808"}', 'invalid'],
    ])
        test(`${name}: an error with a sentence, and the socket stays`, async () => {
            const client = await connect({ server, as: 'member1' });
            client.message(text);
            const answer = await client.next('error');
            assert.equal(answer.code, code);
            assert.match(answer.message, /^[A-Z].*\.$/);
            assert.equal((await client.ask({ type: 'ping' })).type, 'ACK');
            await client.close();
        });
});

describe('the feed', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on'] });
    });
    after(() => server?.stop());

    test('welcomes at once and tells of all teams, without their words', async () => {
        const client = await connect({ server, as: 'member1', path: '/api/feed/live' });
        const { cursor } = await client.next('WELCOME');
        const { id: one } = expectStatus(await as(server, 'sarah').post('/posts', { body: 'private words' }), 201);
        const { id: two } = expectStatus(await as(server, 'dave').post('/posts', { body: 'other words' }), 201);
        assert.deepEqual((await client.next('NEW_POSTS')).postIds, [one]);
        assert.deepEqual((await client.next('NEW_POSTS')).postIds, [two]);
        expectStatus(await as(server, 'sarah').put(`/posts/${one}/pin`), 200);
        assert.equal((await client.next('POST_CHANGED')).change, 'pinned');
        expectStatus(await as(server, 'dave').put(`/posts/${two}/like`), 200);
        await client.next({ type: 'LIKE_UPDATE', postId: two, count: 1 });
        const joined = await client.ask({ type: 'JOIN_TEAM', teamId: '2' });
        assert.equal(joined.code, 'invalid', 'it is bound to its room');
        assert.ok(client.forget().every(({ text }) => !/words/.test(text)), 'no words of a team');
        const again = await connect({ server, as: 'member2', path: `/api/feed/live?since=${cursor}` });
        assert.equal((await again.next('WELCOME')).cursor, cursor);
        assert.deepEqual((await again.next('NEW_POSTS')).postIds, [one]);
        assert.deepEqual((await again.next('NEW_POSTS')).postIds, [two]);
        await again.close();
        await client.close();
    });
});
