/*
 * Everything at once, for ThreadSanitizer to see: members open and drop sockets, say all there is to say and nonsense,
 * like, post, pin, poll, cheer, sign out and in again, while the flag is turned and figures are read. Each member does
 * one thing after the other, so that what the server has to answer is known. Afterwards it is the same process,
 * everybody is gone from it, and its likes are the acknowledged ones.
 *
 * TEST_SEED repeats what each member wants to do; the moments are the machine's own.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeCrowd, picker } from './crowd.mjs';
import { allItems, as, expectStatus, request, sanitizer, startServer, until } from './harness.mjs';
import { rawClient } from './raw.mjs';
import { connect, frame, OP, ticketOf } from './socket.mjs';

const TEAMS = 3;
const PER_TEAM = 8;
const SOCKETS_EACH = 3;
const STORM_MS = sanitizer === 'thread' ? 30_000 : 5_000;
const MOVES_ON = 1000; // of all members, while the flag is on; then
const MOVES_OFF = 150;
const FLIPS_MIN = 4; // also on a machine so busy that it takes longer
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);

const NONSENSE = [
    '{"type":',
    'null',
    '['.repeat(3000),
    '{"type":"NOPE"}',
    '{"type":"SEND_CHEER"}',
    '{"type":"POST_LIKE","postId":"999999999"}',
    '{"type":"JOIN_TEAM","teamId":"3"}',
    `{"type":"ping","id":"${'x'.repeat(65)}"}`,
];

const NOT_JOINED = ['conflict']; // what a cheer gets on a socket that is in no team's room

/* What ends a socket at once, with the code that says why. */
const RUDE = [
    [1002, frame(3, 'reserved')],
    [1002, frame(OP.text, 'unmasked', { mask: false })],
    [1003, frame(OP.binary, 'bytes')],
    [1007, frame(OP.text, Buffer.from([0xc3, 0x28]))],
    [1009, frame(OP.text, 'x'.repeat(70_000))],
];

async function figure(server, name) {
    const { body } = await as(server).get('/metrics');
    return Number(body.split('\n').find((line) => line.startsWith(`${name} `)).slice(name.length + 1));
}

test(`a storm of ${STORM_MS / 1000} s (TEST_SEED=${seed})`, { timeout: 180_000 }, async () => {
    const crowd = await makeCrowd(TEAMS * PER_TEAM, { teams: TEAMS });
    const server = await startServer({ data: crowd.data, args: [...crowd.args, '--realtime', 'on'] });
    const service = await server.must('token', 'issue', '--service', 'site', '--ttl', '1h');
    const counted = new Map();
    const count = (what) => counted.set(what, (counted.get(what) ?? 0) + 1);
    const feed = []; // {id, teamId, alive}
    let moved = 0;
    let over = false;

    const people = crowd.names.map((name, i) => {
        const teamId = crowd.teamIds[Math.floor(i / PER_TEAM)];
        return {
            id: crowd.ids[i],
            name,
            teamId,
            coach: crowd.ids[i] === teamId,
            token: crowd.tokens[i],
            pick: picker(seed + i),
            sockets: [],
            cursor: null,
            liked: new Map(), // post: what was acknowledged last
            unsure: new Set(), // posts of which nobody knows: the socket went before its answer
        };
    });

    /* ---- asking, and what may be answered ---- */

    /* Being busy is an answer that anybody may get. */
    async function ask(who, method, path, statuses, body) {
        const reply = await request(server, { method, path, as: who.token ? { token: who.token } : undefined, body });
        const busy = reply.status === 503 && reply.json.type === '/docs#busy';
        count(`${reply.status}`);
        assert.ok(busy || statuses.includes(reply.status), `${method} ${path}: ${reply.status} ${reply.body}`);
        return reply;
    }

    /* What answers a message, or null when the socket was closed before. */
    async function tell(client, message, codes = []) {
        try {
            const answer = await client.ask(message);
            const allowed = answer.type === 'ACK' || answer.code === 'busy' || codes.includes(answer.code);
            assert.ok(allowed, `${JSON.stringify(message)}: ${JSON.stringify(answer)}`);
            count(answer.type === 'ACK' ? message.type : answer.code);
            return answer;
        } catch (error) {
            if (client.open || error.code === 'ERR_ASSERTION') throw error;
            return null;
        }
    }

    /* How it ended: with one of these codes, or because the flag was turned off. */
    async function ended(person, client, ...codes) {
        person.sockets = person.sockets.filter((it) => it !== client);
        const { code } = await client.closed;
        count(`closed ${code}`);
        assert.ok([4001, ...codes].includes(code), `closed with ${code} instead of ${codes}`);
    }

    /* An open socket of this member, or a new one; null while there are none. */
    async function socketOf(person, options) {
        const { pick } = person;
        for (const client of person.sockets.filter((it) => !it.open)) await ended(person, client);
        if (!options && person.sockets.length > 0 && (person.sockets.length === SOCKETS_EACH || pick(3) > 0))
            return person.sockets[pick(person.sockets.length)];
        const { token } = person;
        const path = pick(6) === 0 ? '/api/feed/live' : '/ws';
        const way = pick(4) === 0 ? { ticket: await ticketOf(server, { token }) } : { token };
        const form = { deflate: pick(2) === 0, pieces: pick(8) === 0, ...options };
        try {
            const client = await connect({ server, path, ...way, ...form });
            count('opened');
            if (options) return client;
            person.sockets.push(client);
            if (path === '/ws' && pick(4) > 0) await tell(client, { type: 'JOIN_TEAM', teamId: person.teamId });
            return client;
        } catch (error) {
            if (error.actual !== 409 && error.actual !== 503) throw error; // off, or full
            count(`handshake ${error.actual}`);
            return null;
        }
    }

    const postOf = ({ pick, teamId }) => {
        const known = feed.filter((post) => post.teamId === teamId);
        return known[pick(known.length)];
    };

    /* Several at once; each has its answer. */
    const say = (client, messages, codes) => Promise.all(messages.map((message) => tell(client, message, codes)));

    /* The same on one of a member's sockets; null when there is none. */
    async function burst(person, messages, codes) {
        const client = await socketOf(person);
        return client && say(client, messages, codes);
    }

    const words = [{ type: 'ping' }, { type: 'SEND_CHEER', icon: 'storm' }];
    const chatter = ({ pick }) => Array.from({ length: 4 + pick(12) }, () => words[pick(words.length)]);

    /* ---- what members do ---- */

    const moves = {
        async join(person) {
            const { pick, teamId } = person;
            const since = person.cursor && pick(2) ? { since: person.cursor } : {};
            const joins = Array.from({ length: 1 + pick(3) }, () => ({ type: 'JOIN_TEAM', teamId, ...since }));
            await burst(person, joins, ['invalid']); // the feed is no team's
        },
        chat: (person) => burst(person, chatter(person), NOT_JOINED),
        async like(person) {
            const { pick } = person;
            const wishes = Array.from({ length: 1 + pick(6) }, () => ({
                type: pick(3) ? 'POST_LIKE' : 'POST_UNLIKE',
                postId: postOf(person).id,
            }));
            const answers = await burst(person, wishes, ['not-found']);
            for (const [i, answer] of (answers ?? []).entries()) {
                if (answer === null) person.unsure.add(wishes[i].postId);
                if (answer?.type === 'ACK') person.liked.set(wishes[i].postId, wishes[i].type === 'POST_LIKE');
            }
        },
        async nonsense(person) {
            const client = await socketOf(person);
            if (!client) return;
            client.message(NONSENSE[person.pick(NONSENSE.length)]);
            const answer = await client.next('error').catch((error) => {
                if (client.open || error.code === 'ERR_ASSERTION') throw error;
            });
            if (answer) count('nonsense');
        },
        async rude(person) {
            const [code, bytes] = RUDE[person.pick(RUDE.length)];
            const client = await socketOf(person, { early: person.pick(2) ? bytes : undefined });
            client?.write(bytes);
            if (client) await ended(person, client, code);
        },
        async leave(person) {
            const client = await socketOf(person);
            const how = person.pick(3);
            if (!client) return;
            if (how === 0) await client.close();
            else client.destroy({ reset: how === 1 });
            await ended(person, client, how === 0 ? 1000 : 1006);
        },
        /* The head of a handshake, whole or not, and nobody who waits for its answer. */
        async half(person) {
            const head =
                `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
                `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n` +
                `Authorization: Bearer ${person.token}\r\n\r\n`;
            const client = rawClient(server);
            client.write(head.slice(0, person.pick(2) ? head.length : 1 + person.pick(head.length)));
            if (person.pick(2)) await new Promise((sent) => client.socket.write('', sent));
            client.destroy();
        },
        async slow(person) {
            const client = await socketOf(person);
            client?.pause();
            await moves.poll(person);
            client?.resume();
        },
        async restLike(person) {
            const liked = person.pick(3) > 0;
            const post = postOf(person);
            const { status } = await ask(person, liked ? 'PUT' : 'DELETE', `/posts/${post.id}/like`, [200, 404]);
            if (status === 200) person.liked.set(post.id, liked);
        },
        async post(person) {
            const { id } = (await ask(person, 'POST', '/posts', [201], { body: `Storm ${moved}` })).json;
            if (id) feed.push({ id, teamId: person.teamId, alive: true });
        },
        async edit(person) {
            const post = postOf(person);
            if (person.coach && post.alive && person.pick(4) === 0) {
                post.alive = false;
                await ask(person, 'DELETE', `/posts/${post.id}`, [204]);
            } else await ask(person, 'PATCH', `/posts/${post.id}`, [200, 403, 404], { body: `Edited ${moved}` });
        },
        async pin(person) {
            const statuses = person.coach ? [200, 404, 409] : [403, 404];
            await ask(person, person.pick(2) ? 'PUT' : 'DELETE', `/posts/${postOf(person).id}/pin`, statuses);
        },
        async poll(person) {
            await ask(person, 'GET', '/presence', [200]);
            const since = person.cursor ? `?since=${person.cursor}` : '';
            person.cursor = (await ask(person, 'GET', `/changes${since}`, [200])).json.cursor ?? person.cursor;
        },
        gone: (person) => ask(person, 'DELETE', '/presence', [204]),
        cheer: (person) => ask(person, 'POST', '/cheers', [204, 409], { icon: 'rain' }),
        notice: (person) =>
            ask(person, 'POST', '/notices', person.coach ? [201] : [403], { title: 'Storm', body: 'Stay in.' }),
        publish: () => ask({ token: service }, 'POST', '/api/feed/live', [204, 409], { type: 'STORM', force: 12 }),
        /* What sockets know of a member is looked up again. */
        rename: (person) => ask(person, 'PATCH', '/me', [200], { name: `Crowd ${moved}` }),
        metrics: () => ask({}, 'GET', '/metrics', [200]),
        /* A new token for one socket, the end of the old one and of the sockets that have it, while they chat. */
        async renew(person) {
            const old = person.token;
            const kept = await socketOf(person);
            const { token } = (await ask(person, 'POST', '/auth/refresh', [200])).json;
            if (!token) return;
            const authenticated = kept && (await tell(kept, { type: 'AUTH', token }));
            const noise = Promise.all(person.sockets.map((it) => say(it, chatter(person), NOT_JOINED)));
            person.token = token;
            const { status } = await ask({ token: old }, 'POST', '/auth/logout', [204]);
            await noise;
            const others = person.sockets.filter((it) => it !== kept || authenticated?.type !== 'ACK');
            if (status === 204) for (const client of others) await ended(person, client, 4003);
        },
        /* The same as an operator does it, for all of a member's tokens. */
        async revoke(person) {
            const revoked = server.must('token', 'revoke', '--user', person.name);
            await burst(person, chatter(person), NOT_JOINED).catch((error) => {
                if (error.actual !== 401) throw error;
            });
            await revoked;
            person.token = await server.must('token', 'issue', '--user', person.name);
            for (const client of [...person.sockets]) await ended(person, client, 4003);
        },
    };
    const often = ['join', 'chat', 'like', 'like', 'nonsense', 'leave', 'half', 'restLike', 'restLike', 'poll', 'poll'];
    const names = [...Object.keys(moves), ...often, ...often, ...often].filter((name) => name !== 'revoke');

    async function live(person) {
        while (!over) {
            const name = person.pick(400) === 0 ? 'revoke' : names[person.pick(names.length)];
            await moves[name](person);
            moved += 1;
        }
        for (const client of [...person.sockets]) {
            if (client.open) await client.close();
            await ended(person, client, 1000);
        }
    }

    /* Turns the flag, and moves the clock so that what takes seconds happens, too, until the storm is over. */
    async function weather() {
        const pick = picker(seed - 1);
        const end = performance.now() + STORM_MS;
        for (let flips = 0; !over; flips += 1) {
            const value = flips % 2 === 1;
            const next = moved + (value ? MOVES_OFF : MOVES_ON);
            const isOver = () => over || (flips >= FLIPS_MIN && performance.now() > end);
            await until(() => isOver() || moved >= next, { seconds: 60, what: 'the storm' });
            over = isOver();
            if (pick(3)) expectStatus(await as(server, 'admin').put('/admin/flags/realtime', { value }), 200);
            else await server.must('flag', 'realtime', value ? 'on' : 'off');
            count('flips');
            await server.advance(1 + pick(3));
        }
    }

    for (const { token, teamId } of people) {
        const { id } = expectStatus(await as(server, { token }).post('/posts', { body: 'Calm' }), 201);
        feed.push({ id, teamId, alive: true });
    }
    await Promise.all([...people.map(live), weather()]).finally(() => {
        over = true; // also when it failed: nobody goes on for ever
    });
    console.log(`# ${moved} moves, ${JSON.stringify(Object.fromEntries([...counted].sort()))}`);

    /* ---- afterwards ---- */

    const parts = ['opened', 'flips', 'JOIN_TEAM', 'POST_LIKE', 'SEND_CHEER', 'AUTH', 'nonsense'];
    for (const what of [...parts, 'closed 1000', 'closed 4001', 'closed 4003'])
        assert.ok(counted.get(what) > 0, `${what} was part of it`);
    process.kill(server.pid, 0); // it lives
    assert.equal(server.logs.filter((line) => line.includes('event=listening')).length, 1, 'and was never another');
    await until(async () => (await figure(server, 'porchlight_sockets')) === 0, { what: 'the end of the last socket' });
    await server.must('flag', 'realtime', 'off');
    await until(async () => (await figure(server, 'porchlight_likes_waiting')) === 0, { what: 'the flush' });
    await server.advance(600);
    assert.equal(await figure(server, 'porchlight_presence_people'), 0, 'nobody is left behind');
    const likes = (await server.must('export', '-'))
        .split('\n')
        .map((line) => JSON.parse(line))
        .filter(({ type }) => type === 'like');
    const rows = new Set(likes.map(({ userId, postId }) => `${userId} ${postId}`));
    assert.equal(rows.size, likes.length, 'nobody likes twice');
    const alive = new Set(feed.filter((post) => post.alive).map(({ id }) => id));
    for (const { id, name, liked, unsure } of people)
        for (const [postId, last] of liked)
            if (alive.has(postId) && !unsure.has(postId))
                assert.equal(rows.has(`${id} ${postId}`), last, `the like of ${name} for ${postId}`);
    for (const { token } of people.filter(({ coach }) => coach))
        for (const { id, count: told } of await allItems(server, { token }, '/posts'))
            assert.equal(told, likes.filter(({ postId }) => postId === id).length, `the count of ${id}`);
    await server.stop();
});
