/*
 * Memory that runs out at each allocation of a request in turn, for each main kind of request: the answer is a problem, or the
 * connection ends, and never the server; what was acknowledged is there, and who asks again is served.
 *
 * Each attempt is made by somebody new in a team of their own, so that what the server keeps in memory of a member, a token or a
 * team is made anew each time, and fails as well. It goes on until a request meets no failure any more. Beyond the first
 * DENSE points `make test` tries every fifth; `make fault` (ALLOC_POINTS=all) tries each, with a sanitizer as well.
 */
import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { test } from 'node:test';
import { makeCrowd } from './crowd.mjs';
import { makeFaults } from './faults.mjs';
import { allItems, expectStatus, mustOn, request, startServer } from './harness.mjs';
import { connect } from './socket.mjs';

const MEMBERS = 3000;
const DENSE = process.env.ALLOC_POINTS === 'all' ? Infinity : 24;
const POINTS_MAX = 1000; // of one kind: none makes so many allocations
const PATIENCE_MS = 8000;

const faults = makeFaults();
const oneUse = new Agent({ keepAlive: false }); // a connection's own memory fails too

/* What came of it: {status, json} of an answer, or {closed} with why there was none. */
async function outcome(work) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error('no answer')), PATIENCE_MS);
    });
    try {
        return await Promise.race([work(), late]);
    } catch (error) {
        if (['ECONNRESET', 'EPIPE'].includes(error.code) || /ended|hang up|came instead of an answer/.test(error.message)) return { closed: error.message };
        throw error;
    } finally {
        clearTimeout(timer);
    }
}

const ask = (member, method, path, body) => request(member.server, { method, path, as: member.who, body });
const get = (path) => (member) => ask(member, 'GET', path);

async function posted(member) {
    return expectStatus(await ask(member, 'POST', '/posts', { body: 'Like me' }), 201).id;
}

async function channelOf(member) {
    return expectStatus(await ask(member, 'GET', '/channels'), 200).items[0].id;
}

async function startCounter(member) {
    expectStatus(await ask(member, 'POST', '/rpc/counter.setValue', { name: 'steps', value: 0 }), 200);
}

/* What a socket was answered; a handshake that was refused is an answer too, and so is an error. */
async function overSocket(member, path, work) {
    let client;
    try {
        client = await connect({ server: member.server, token: member.who.token, path });
        const json = await work(client);
        return json.type === 'error' ? { status: 503, body: JSON.stringify(json) } : { status: 200, json };
    } catch (error) {
        const refused = /a handshake at \S+: (\d+)/.exec(error.message);
        if (refused) return { status: Number(refused[1]) };
        throw error;
    } finally {
        client?.destroy();
    }
}

/*
 * The kinds of requests. `before` runs while all is well, and what it gives goes to the others; `go` is the attempt; `kept` is
 * how often what it did is found afterwards: once when it was acknowledged, at most once when not.
 */
const kinds = {
    'signing in': { go: (member) => request(member.server, { method: 'POST', path: '/auth/login', body: { name: 'member1', password: 'porchlight' } }) },
    'joining with an invite': {
        stride: 4, // each costs a password's time
        before: async (member) => expectStatus(await ask(member, 'POST', `/teams/${member.team}/invites`, { maxUses: 5 }), 201).code,
        go: (member, invite) =>
            request(member.server, {
                method: 'POST',
                path: '/auth/join',
                headers: { 'Idempotency-Key': `join-${member.team}` },
                body: { invite, name: member.words, password: 'a long walk' },
            }),
        kept: async (member) => (await allItems(member.server, member.who, `/teams/${member.team}/members`)).filter(({ name }) => name === member.words).length,
    },
    presence: { go: get('/presence') },
    'the first changes': { go: get('/changes') },
    'later changes': {
        before: async (member) => {
            const { cursor } = expectStatus(await ask(member, 'GET', '/changes'), 200);
            await posted(member);
            return cursor;
        },
        go: (member, cursor) => ask(member, 'GET', `/changes?since=${encodeURIComponent(cursor)}`),
    },
    'the feed': { before: posted, go: get('/posts') },
    'a post': {
        go: (member) => ask(member, 'POST', '/posts', { body: member.words }),
        kept: async (member) => (await allItems(member.server, member.who, '/posts')).filter(({ body }) => body === member.words).length,
    },
    'a like': {
        before: posted,
        go: (member, post) => ask(member, 'PUT', `/posts/${post}/like`),
        kept: async (member, post) => expectStatus(await ask(member, 'GET', `/posts/${post}`), 200).count,
    },
    'a chat message': {
        before: channelOf,
        go: (member, channel) => ask(member, 'POST', `/channels/${channel}/messages`, { content: member.words }),
        kept: async (member, channel) => expectStatus(await ask(member, 'GET', `/channels/${channel}/messages`), 200).items.length,
    },
    'the chat': { before: channelOf, go: (member, channel) => ask(member, 'GET', `/channels/${channel}/messages`) },
    'a counter': {
        before: startCounter,
        go: (member) => ask(member, 'POST', '/rpc/counter.increment', { name: 'steps', amount: 1 }),
        kept: async (member) => expectStatus(await ask(member, 'POST', '/rpc/counter.getValue', { name: 'steps' }), 200).value,
    },
    'a digest': {
        go: (member) => ask(member, 'POST', '/digests', { topics: ['walking'] }),
        kept: async (member) => (await allItems(member.server, member.who, '/digests')).length,
    },
    'joining over a socket': {
        realtime: true,
        go: (member) =>
            overSocket(member, '/ws', (client) => {
                const id = client.say({ type: 'JOIN_TEAM', teamId: member.team });
                return client.next((it) => it.type === 'WELCOME' || it.id === id);
            }),
    },
    'a chat message over a socket': {
        realtime: true,
        armsItself: true,
        before: channelOf,
        go: (member, channel) =>
            overSocket(member, `/channel/${channel}/websocket`, async (client) => {
                await client.next('initial_state');
                faults.memoryFailsAt(member.point);
                client.say({ type: 'message', content: member.words, clientId: member.words, id: undefined });
                return client.next((it) => it.type === 'error' || it.clientId === member.words);
            }),
        kept: async (member, channel) => expectStatus(await ask(member, 'GET', `/channels/${channel}/messages`), 200).items.length,
    },
    'a counter over a socket': {
        realtime: true,
        armsItself: true,
        before: startCounter,
        go: (member) =>
            overSocket(member, '/ws/counter/steps', async (client) => {
                await client.next('WELCOME');
                faults.memoryFailsAt(member.point);
                return client.ask({ type: 'increment', amount: 1 });
            }),
        kept: async (member) => expectStatus(await ask(member, 'POST', '/rpc/counter.getValue', { name: 'steps' }), 200).value,
    },
    'a like over a socket': {
        realtime: true,
        before: posted,
        go: (member, post) =>
            overSocket(member, '/ws', async (client) => {
                await client.join(member.team);
                faults.memoryFailsAt(member.point);
                return client.ask({ type: 'POST_LIKE', postId: post });
            }),
        armsItself: true,
        kept: async (member, post) => expectStatus(await ask(member, 'GET', `/posts/${post}`), 200).count,
    },
};

const crowd = await makeCrowd(MEMBERS, { teams: MEMBERS });
let used = 0;

for (const [name, kind] of Object.entries(kinds)) {
    test(name, { timeout: 600_000 }, async (t) => {
        const server = await startServer({ data: crowd.data, args: [...crowd.args, '--realtime', kind.realtime ? 'on' : 'off'], ...faults.program });
        const faulted = [];
        const counts = { answered: 0, refused: 0, closed: 0 };
        let points = 0;
        for (let point = 1, failed = true; failed && point < POINTS_MAX; point += DENSE === Infinity ? 1 : (kind.stride ?? 1) * (point < DENSE ? 1 : 5)) {
            points += 1;
            const member = { server: { ...server, agent: oneUse }, who: { token: crowd.tokens[used] }, team: crowd.teamIds[used], words: `At ${point}`, point };
            used += 1;
            try {
                const context = await kind.before?.(member);
                if (!kind.armsItself) faults.memoryFailsAt(point);
                const came = await outcome(() => kind.go(member, context));
                failed = faults.memoryFailed();
                faults.memoryFailsAt(0);
                if (came.closed) counts.closed++;
                else if (came.status < 300) counts.answered++;
                else counts.refused++;
                assert.ok(came.closed || came.status < 300 || [500, 503].includes(came.status), `${came.status}: ${came.body}`);
                const found = await kind.kept?.(member, context);
                if (kind.kept) assert.ok(came.status < 300 ? found === 1 : found <= 1, `answered ${came.status ?? came.closed}, and found ${found} times`);
            } catch (error) {
                failed = true;
                faults.memoryFailsAt(0);
                faulted.push(`${point}: ${error.message.slice(0, 300)}`);
                if (faulted.length > 8 || !server.isAlive()) break;
            }
        }
        t.diagnostic(`${points} points: ${counts.answered} answered, ${counts.refused} refused, ${counts.closed} closed`);
        await server.stop();
        assert.deepEqual(faulted, []);
        assert.ok(counts.refused + counts.closed > 5, 'memory hardly ever failed');
    });
}

test('what is left of it all is whole', async () => {
    assert.equal(await mustOn(crowd.data, ['doctor']), 'Nothing is wrong.');
});
