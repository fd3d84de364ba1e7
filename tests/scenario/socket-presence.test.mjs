/*
 * Who is here, over polls and sockets at once, with several devices a member, cut connections and processes that stand
 * still: counted exactly within each transport's own bound and a second (DESIGN, section 7). Time is what the clock was
 * moved and what really passed.
 *
 * The model knows for every member until when each of their devices holds them: a socket while it is open, then ten
 * seconds; a silent one 75 seconds and those ten; a poller one and a half times the interval it was told.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { picker } from './crowd.mjs';
import { as, expectStatus, startServer, until } from './harness.mjs';
import { connect } from './socket.mjs';

const GRACE_S = 10;
const SILENCE_S = 75;
const SLACK_S = 1;
const EDGE_S = 1.2; // beside a bound, and so far from it that there is nothing to doubt
const STEPS = 200;
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
const members = Array.from({ length: 17 }, (_, i) => `member${i + 1}`);
const stoppable = ['member18', 'member19', 'member20']; // in a process of their own

/* That process, when all of them have joined. It ends with its test, also one that stands still. */
async function startChild(t, server, names) {
    const tokens = await Promise.all(names.map((who) => server.token(who)));
    const child = fork(fileURLToPath(new URL('presence-child.mjs', import.meta.url)), [String(server.port), ...tokens]);
    t.after(() => child.kill('SIGKILL'));
    await once(child, 'message');
    return child;
}

/* What happens to whom in the mix, and what has to be seen of it at any time of the clock. */
class Mix {
    #server;
    #began = performance.now();
    #moved = 0; // seconds
    #ends = new Map(); // member: the time up to which something that is over still holds them
    #here = new Set(); // who is to be counted, as of the last look
    sockets = []; // {member, client, heard}
    child = { open: false, stopped: false, heard: 0 };
    opened = 0;
    cut = 0;
    joins = 0;
    leaves = 0;

    constructor(server) {
        this.#server = server;
    }

    get clock() {
        return this.#moved + (performance.now() - this.#began) / 1000;
    }

    async advance(seconds) {
        const ms = Math.max(1, Math.round(seconds * 1000));
        await this.#server.must('clock', 'advance', `${ms}ms`);
        this.#moved += ms / 1000;
    }

    #isOpen(member) {
        return stoppable.includes(member) ? this.child.open : this.sockets.some((it) => it.member === member);
    }

    arrive(member, end = 0) {
        if (!this.#here.has(member)) this.joins += 1;
        this.#here.add(member);
        this.hold(member, end);
    }

    hold(member, end) {
        this.#ends.set(member, Math.max(this.#ends.get(member) ?? 0, end));
    }

    /* Their last socket is gone: ten seconds are left. */
    gone(member) {
        if (!this.#isOpen(member)) this.hold(member, this.clock + GRACE_S);
    }

    /* Those who are held by nothing but time, and until when. */
    get closing() {
        return [...this.#here].filter((it) => !this.#isOpen(it)).map((it) => this.#ends.get(it));
    }

    /* Nobody's time ends at this moment: who arrives now either returns or comes. */
    get certain() {
        return this.closing.every((end) => Math.abs(end - this.clock) > SLACK_S + 1);
    }

    /* How many may be counted now: [least, most]. Whose time is over has left. */
    bounds() {
        const now = this.clock;
        let doubtful = 0;
        for (const member of [...this.#here]) {
            const end = this.#isOpen(member) ? Infinity : this.#ends.get(member);
            if (end <= now - SLACK_S) {
                this.#here.delete(member);
                this.leaves += 1;
            } else if (end <= now + SLACK_S) doubtful += 1;
        }
        return [this.#here.size - doubtful, this.#here.size];
    }
}

/* What a socket is told of presence: the newest count, and how many joined and left for it. */
class Watcher {
    told = 0;
    joins = 0;
    leaves = 0;

    constructor(client) {
        this.client = client;
    }

    #note(json) {
        if (json?.type !== 'PRESENCE_UPDATE') return;
        if (json.count > this.told) this.joins += json.count - this.told;
        else this.leaves += this.told - json.count;
        this.told = json.count;
    }

    /* All that was said so far. */
    async listen() {
        const id = this.client.say({ type: 'ping' });
        for (let json; json?.id !== id; this.#note(json)) ({ json } = await this.client.receive());
    }

    async next() {
        this.#note((await this.client.receive()).json);
    }
}

describe(`presence over both transports (TEST_SEED=${seed})`, () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--realtime', 'on'] });
    });
    after(() => server?.stop());

    test('is exact within the bound of each, whatever connections do', { timeout: 120_000 }, async (t) => {
        const pick = picker(seed);
        const client = await connect({ server, as: 'admin' });
        await as(server, 'admin').patch('/me', { appearOffline: true }); // they watch, and are not counted
        await client.join('2');
        const watcher = new Watcher(client);
        const mix = new Mix(server);
        const child = await startChild(t, server, stoppable);
        mix.child = { open: true, stopped: false, heard: mix.clock };
        stoppable.forEach((member) => mix.arrive(member));
        let silenced = 0;
        let stopped = 0; // how often those who stood still were given up
        let exact = 0;
        let looks = 0;

        const figure = async (name) => Number(new RegExp(`^porchlight_${name} (\\d+)$`, 'm').exec((await as(server).get('/metrics')).body)[1]);
        /* The server has seen every end, so that its time begins before the clock is moved. */
        const ended = async () => {
            const open = mix.sockets.length + (mix.child.open ? stoppable.length : 0) + 1;
            await until(async () => (await figure('sockets')) === open, { seconds: 30, what: 'the end of a connection' });
        };
        const alive = async () => {
            child.send('ping');
            await once(child, 'message');
            mix.child = { open: true, stopped: false, heard: mix.clock };
        };
        const isSilent = ({ heard }) => heard + SILENCE_S <= mix.clock + SLACK_S;
        /* Those that are silent for too long, or will be before they can say another word. */
        const takeSilent = async () => {
            for (const it of mix.sockets.filter(isSilent)) {
                const due = Math.max(mix.clock, it.heard + SILENCE_S);
                assert.equal((await it.client.closed).code, 1001, 'a silent one is closed');
                assert.ok(mix.clock < due + SLACK_S + 1, `${mix.clock - due} s late, on a machine that may be busy`);
                silenced += 1;
                mix.sockets.splice(mix.sockets.indexOf(it), 1);
                mix.gone(it.member);
            }
            if (!mix.child.open || !mix.child.stopped || !isSilent(mix.child)) return;
            silenced += stoppable.length;
            stopped += 1;
            await until(async () => (await figure('sockets_closed_total{code="1001"}')) === silenced, { what: 'their end' });
            mix.child.open = false;
            stoppable.forEach((member) => mix.gone(member));
            await mix.advance(6); // their answer to the close frame is not waited for any longer
            await takeSilent();
            await ended();
        };
        const forward = async (seconds) => {
            if (!mix.child.stopped) await alive();
            await takeSilent();
            await mix.advance(seconds);
            await takeSilent();
        };
        const look = async (step) => {
            const [, most] = mix.bounds();
            const { count } = expectStatus(await as(server, 'admin').get('/presence?team=2'), 200);
            const [least] = mix.bounds();
            assert.ok(count >= least && count <= most, `step ${step}: ${count} are counted, ${least} to ${most} are here`);
            looks += 1;
            exact += least === most;
            await watcher.listen();
            const isTold = () => {
                const [low, high] = mix.bounds();
                return watcher.told >= low && watcher.told <= high;
            };
            if (!isTold()) await mix.advance(0.3); // what is gathered is told
            while (!isTold()) await watcher.next();
        };
        const moves = {
            async open(member) {
                if (mix.sockets.filter((it) => it.member === member).length >= 4) return;
                const socket = await connect({ server, as: member, deflate: pick(2) === 0 });
                await socket.join('2');
                mix.opened += 1;
                mix.sockets.push({ member, client: socket, heard: mix.clock });
                mix.arrive(member);
            },
            /* One connection of ten is cut, whatever became of the others. */
            async close() {
                if (mix.sockets.length === 0) return;
                const [{ member, client: socket }] = mix.sockets.splice(pick(mix.sockets.length), 1);
                if (mix.cut * 10 < mix.opened) {
                    mix.cut += 1;
                    socket.destroy({ reset: pick(2) === 0 });
                } else await socket.close();
                await ended();
                mix.gone(member);
            },
            async poll(member) {
                const reply = await as(server, member).get(pick(2) ? '/presence' : '/changes');
                expectStatus(reply, 200);
                mix.arrive(member, mix.clock + 1.5 * Number(reply.headers['x-poll-interval']));
            },
            async ping() {
                for (const it of mix.sockets) {
                    if (pick(10) === 0) continue; // some say nothing
                    await it.client.ask({ type: 'ping' });
                    it.heard = mix.clock;
                }
            },
            async time() {
                await forward(1 + pick(20));
            },
            /* To just before somebody's time is over, and to just after. */
            async edge(member, step) {
                const end = Math.min(...mix.closing.filter((it) => it > mix.clock + EDGE_S));
                if (end > mix.clock + 30) return;
                await forward(end - mix.clock - EDGE_S);
                await look(step);
                await forward(end - mix.clock + EDGE_S);
            },
            async stop() {
                if (mix.child.stopped) {
                    child.kill('SIGCONT');
                    await alive();
                    stoppable.forEach((member) => mix.arrive(member));
                } else {
                    await alive();
                    child.kill('SIGSTOP');
                    mix.child.stopped = true;
                }
            },
        };
        const names = Object.entries({ open: 8, close: 5, poll: 4, ping: 2, time: 3, edge: 4, stop: 1 });
        const deck = names.flatMap(([name, times]) => Array(times).fill(name));
        for (let step = 0; step < STEPS; step += 1) {
            while (!mix.certain) {
                await forward(1);
                await look(step);
            }
            await moves[deck[pick(deck.length)]](members[pick(members.length)], step);
            await takeSilent();
            await look(step);
        }
        if (stopped === 0) {
            if (!mix.child.stopped) await moves.stop();
            while (stopped === 0) {
                await forward(20);
                await look('standing still');
            }
        }
        if (mix.child.stopped) await moves.stop();
        child.disconnect();
        mix.child.open = false;
        stoppable.forEach((member) => mix.gone(member));
        while (mix.sockets.length > 0) await moves.close();
        await ended();
        mix.child.stopped = true; // it says nothing any more
        for (let i = 0; i < 10; i += 1) {
            await look('the end');
            await forward(20);
        }
        await look('the end');
        assert.deepEqual([watcher.told, ...mix.bounds()], [0, 0, 0], 'all are gone');
        assert.deepEqual([watcher.joins, watcher.leaves], [mix.joins, mix.leaves], 'nobody was seen to come or go who did not');
        assert.ok(mix.cut * 10 >= mix.opened, `${mix.cut} of ${mix.opened} connections were cut`);
        assert.ok(exact > looks * 0.8, `${exact} of ${looks} looks left nothing to doubt`);
        console.log(
            `# ${mix.joins} joins and leaves, ${mix.cut} of ${mix.opened} sockets cut, ${stopped} times others stood still, ` +
                `${exact} of ${looks} looks exact`,
        );
        await client.close();
    });

    test('a reload, a change of network and a second device are no flicker', async () => {
        await server.advance(200);
        const watcher = await connect({ server, as: 'sarah' });
        await watcher.join('2');
        const tablet = await connect({ server, as: 'member1' });
        await tablet.join('2');
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 2 });
        watcher.forget();
        let current = tablet;
        for (let i = 0; i < 10; i += 1) {
            if (i % 3 === 0) current.destroy({ reset: true });
            else if (i % 3 === 1) await current.close();
            const next = await connect({ server, as: 'member1' });
            if (i % 3 === 2) current.destroy();
            await server.advance(9);
            await watcher.ask({ type: 'ping' });
            await next.join('2');
            current = next;
        }
        await watcher.ask({ type: 'SEND_CHEER', icon: 'heart' });
        await watcher.next('LIVE_CHEER');
        const seen = watcher.forget().filter(({ json }) => json?.type === 'PRESENCE_UPDATE');
        assert.deepEqual([...new Set(seen.map(({ json }) => json.count))].filter((count) => count !== 2), []);
        await current.close();
        await server.advance(GRACE_S + SLACK_S);
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 1 });
        await watcher.close();
    });

    test('who appears offline is in no count, answer or event, on either transport', async () => {
        await server.advance(200);
        const watcher = await connect({ server, as: 'sarah' });
        await watcher.join('2');
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 1 });
        expectStatus(await as(server, 'member2').patch('/me', { appearOffline: true }), 200);
        const hidden = await connect({ server, as: 'member2' });
        await hidden.join('2');
        expectStatus(await as(server, 'member2').get('/presence'), 200);
        await hidden.ask({ type: 'SEND_CHEER', icon: 'from nobody to be counted' });
        await watcher.next('LIVE_CHEER');
        const count = async () => expectStatus(await as(server, 'dave').get('/presence?team=3'), 200).count;
        assert.ok((await count()) >= 1);
        assert.deepEqual(watcher.forget().filter(({ json }) => json?.type === 'PRESENCE_UPDATE'), []);
        // Shown again while connected, then hidden again: the others see it within moments.
        expectStatus(await as(server, 'member2').patch('/me', { appearOffline: false }), 200);
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 2 });
        expectStatus(await as(server, 'member2').patch('/me', { appearOffline: true }), 200);
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 1 });
        assert.equal(expectStatus(await as(server, 'sarah').get('/presence'), 200).count, 1);
        await hidden.close();
        await watcher.close();
    });

    test('a coach is named by their newest name, without being seen to leave', async () => {
        await server.advance(200);
        const watcher = await connect({ server, as: 'member1' });
        await watcher.join('2');
        const sarah = await connect({ server, as: 'sarah' });
        await sarah.join('2');
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 2, activeCoaches: ['Sarah'] });
        watcher.forget();
        expectStatus(await as(server, 'sarah').patch('/me', { name: 'Sarah Jones' }), 200);
        await watcher.next({ type: 'PRESENCE_UPDATE', activeCoaches: ['Sarah Jones'] });
        const dips = watcher.forget().filter(({ json }) => json?.type === 'PRESENCE_UPDATE' && json.count < 2);
        assert.deepEqual(dips, []);
        await sarah.close();
        await watcher.close();
    });

    test('a process that stands still is gone after 75 and 10 seconds, and comes back', async (t) => {
        await server.advance(200);
        const watcher = await connect({ server, as: 'sarah' });
        await watcher.join('2');
        const child = await startChild(t, server, ['member11', 'member12', 'member13']);
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 4 });
        child.kill('SIGSTOP');
        for (let i = 0; i < 2; i += 1) {
            await server.advance(37);
            await watcher.ask({ type: 'ping' });
        }
        assert.equal(expectStatus(await as(server, 'sarah').get('/presence'), 200).count, 4, 'after 74 seconds');
        await server.advance(2);
        await watcher.ask({ type: 'ping' });
        await server.advance(GRACE_S + SLACK_S);
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 1 });
        child.kill('SIGCONT');
        await watcher.next({ type: 'PRESENCE_UPDATE', count: 4 });
        child.disconnect();
        await watcher.close();
    });
});
