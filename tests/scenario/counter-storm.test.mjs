/*
 * 64 members add 2,000 times each to one counter, by remote calls and over sockets, while the server is killed ten times
 * with SIGKILL. Whatever had no answer is sent again with its key or id. Afterwards the counter is the sum of what was
 * acknowledged, its history has each of it once, whoever listened heard each change once and in order and ends on that
 * value, and each milestone was told once.
 *
 * TEST_SEED repeats who adds how much by which way, and after how many answers the server dies; the moments are the
 * machine's own.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import WebSocket from 'ws';
import { makeCrowd, picker } from './crowd.mjs';
import { allItems, as, expectStatus, mustOn, sanitizer, startServer } from './harness.mjs';
import { readReply } from './raw.mjs';

const CLIENTS = 64;
const EACH = sanitizer ? 200 : 2000;
const KILLS = 10;
const LISTENERS = 4;
const CALLS_AT_ONCE = 4; // of one member; the writer groups what waits
const MESSAGES_AT_ONCE = 16;
const AMOUNT_MAX = 9;
const NAME = 'storm';
const STEPS = [1, 2.5, 5].flatMap((n) => [4, 5, 6, 7].map((k) => n * 10 ** k)).sort((a, b) => a - b);
const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);

/* ---- the server, and its deaths ------------------------------------------------------------------------------------ */

/* `up` is the server while there is one; clients that lost theirs await the next. */
function makeWorld(crowd) {
    const start = () => startServer({ data: crowd.data, args: [...crowd.args, '--realtime', 'on'] });
    const world = {
        up: start(),
        lines: new Set(),
        deaths: 0,
        async die() {
            const server = await world.up;
            let reborn;
            world.up = new Promise((resolve) => {
                reborn = resolve;
            });
            const { signal } = await server.kill();
            assert.equal(signal, 'SIGKILL');
            world.deaths += 1;
            reborn(await start());
        },
        end() {
            world.up = new Promise(() => {}); // nobody comes back
            for (const line of world.lines) (line.terminate ?? line.destroy).call(line);
        },
    };
    return world;
}

/* What is sent within one turn goes out together: a write for each answer of a batch costs more than the answers do. */
function gather(stream) {
    if (stream.writableCorked > 0) return;
    stream.cork();
    setImmediate(() => stream.uncork());
}

/* Until a connection is closed, by whomever. What one of its listeners throws ends the test. */
function ended(world, line, listeners) {
    world.lines.add(line);
    return new Promise((resolve, reject) => {
        for (const [event, listen] of Object.entries(listeners))
            line.on(event, (data) => {
                try {
                    gather(line._socket ?? line); // a WebSocket's, or the connection itself
                    listen(data);
                } catch (error) {
                    reject(error);
                }
            });
        line.on('error', () => {}); // then it closes
        line.on('close', resolve);
    }).finally(() => world.lines.delete(line));
}

/* The life of one socket. */
async function talk(world, token, path, { open = () => {}, message }) {
    const { port } = await world.up;
    const options = { headers: { authorization: `Bearer ${token}` }, perMessageDeflate: false };
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options);
    await ended(world, socket, { open: () => open(socket), message: (data) => message(socket, JSON.parse(data)) });
}

/* ---- those who add ----------------------------------------------------------------------------------------------------- */

/* A member with a list of amounts for calls and another for messages. `done(adder, amount, event)` takes each answer. */
class Adder {
    constructor(world, options) {
        Object.assign(this, { world, ...options, nextCall: 0, nextMessage: 0 });
        this.unanswered = []; // calls, in order
        this.open = new Map(); // id -> amount: sent over the socket, no answer yet
    }

    async run() {
        await Promise.all([this.#keepCalling(), this.#keepTalking()]);
    }

    async #keepCalling() {
        while (this.nextCall < this.calls.length || this.unanswered.length > 0) await this.#call();
    }

    /* One connection's life: calls behind each other, answered in that order (RFC 9112, section 9.3.2). */
    async #call() {
        const { port } = await this.world.up;
        const line = connect({ port, host: '127.0.0.1' }).setNoDelay(true);
        const send = ({ key, amount }) => {
            const body = JSON.stringify({ name: NAME, amount });
            line.write(
                'POST /rpc/counter.increment HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
                    `Authorization: Bearer ${this.token}\r\nIdempotency-Key: ${key}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
            );
        };
        const fill = () => {
            while (this.unanswered.length < CALLS_AT_ONCE && this.nextCall < this.calls.length) {
                const made = { key: `${this.name}-call-${this.nextCall}`, amount: this.calls[this.nextCall++] };
                this.unanswered.push(made);
                send(made);
            }
            if (this.unanswered.length === 0) line.end();
        };
        let bytes = Buffer.alloc(0);
        await ended(this.world, line, {
            connect: () => {
                this.unanswered.forEach(send); // those that the last server had no time to answer
                fill();
            },
            data: (part) => {
                bytes = Buffer.concat([bytes, part]);
                for (let reply = readReply(bytes, false); reply; reply = readReply(bytes, false)) {
                    bytes = bytes.subarray(reply.length);
                    const made = this.unanswered.shift();
                    assert.ok([200, 503].includes(reply.status), reply.body);
                    if (reply.status === 200) this.done(this, made.amount, JSON.parse(reply.body));
                    else if (this.unanswered.push(made)) send(made);
                }
                fill();
            },
        });
    }

    async #keepTalking() {
        while (this.nextMessage < this.messages.length || this.open.size > 0) await this.#converse();
    }

    /* One socket's life. It hears no changes (there are only increments), so that answers come at once. */
    #converse() {
        const say = (socket, id) => socket.send(JSON.stringify({ type: 'increment', id, amount: this.open.get(id) }));
        const fill = (socket) => {
            while (this.open.size < MESSAGES_AT_ONCE && this.nextMessage < this.messages.length) {
                const id = `${this.name}-say-${this.nextMessage}`;
                this.open.set(id, this.messages[this.nextMessage++]);
                say(socket, id);
            }
            if (this.open.size === 0) socket.close();
        };
        return talk(this.world, this.token, `/ws/counter/${NAME}?filters=reset`, {
            open: (socket) => {
                for (const id of this.open.keys()) say(socket, id); // those that the last server had no time to answer
                fill(socket);
            },
            message: (socket, said) => {
                if (said.type === 'WELCOME') return;
                if (said.type === 'error' && said.code === 'busy') {
                    say(socket, said.id);
                    return;
                }
                assert.ok(said.type === 'incrementResult' && this.open.has(said.id), `an answer to nothing: ${JSON.stringify(said)}`);
                const amount = this.open.get(said.id);
                this.open.delete(said.id);
                this.done(this, amount, said.result);
                fill(socket);
            },
        });
    }
}

/* ---- those who listen ------------------------------------------------------------------------------------------------------ */

/* Comes back with its cursor whenever it loses its server, until it has heard `last` changes. */
class Listener {
    value = 0;
    heard = 0;
    cursor = null;

    constructor(world, token, last) {
        Object.assign(this, { world, token, last });
        this.ready = new Promise((resolve) => {
            this.welcomed = resolve;
        });
    }

    async run() {
        while (this.heard < this.last) await this.#listen();
    }

    #listen() {
        const since = this.cursor === null ? '' : `?since=${this.cursor}`;
        return talk(this.world, this.token, `/ws/counter/${NAME}${since}`, {
            message: (socket, said) => {
                if (said.type === 'WELCOME') {
                    this.cursor ??= said.cursor;
                    this.welcomed();
                    return;
                }
                const { type, previousValue, value, metadata, cursor } = said;
                if (type !== 'increment' || previousValue !== this.value || metadata.operationCount !== this.heard + 1)
                    assert.fail(`after change ${this.heard}, which left ${this.value}, came ${JSON.stringify(said)}`);
                this.value = value;
                this.heard += 1;
                this.cursor = cursor;
                if (this.heard === this.last) socket.close();
            },
        });
    }
}

/* A whole app's socket: it is told the newest state, and no more. */
class Onlooker {
    value = 0;
    cursor = null;
    updates = 0;

    constructor(world, token, teamId, last) {
        Object.assign(this, { world, token, teamId, last });
        this.ready = new Promise((resolve) => {
            this.welcomed = resolve;
        });
    }

    async run() {
        while (this.value !== this.last) await this.#look();
    }

    #look() {
        return talk(this.world, this.token, '/ws', {
            open: (socket) =>
                socket.send(JSON.stringify({ type: 'JOIN_TEAM', teamId: this.teamId, ...(this.cursor && { since: this.cursor }) })),
            message: (socket, said) => {
                this.cursor = said.cursor ?? this.cursor;
                this.welcomed();
                assert.ok(!['RESET', 'error'].includes(said.type), JSON.stringify(said));
                if (said.type !== 'COUNTER_UPDATE') return;
                assert.ok(said.value >= this.value, `the counter went back from ${this.value} to ${said.value}`);
                assert.ok(said.value <= this.last, `${said.value} is more than ${this.last}, the sum of all amounts`);
                this.value = said.value;
                this.updates += 1;
                if (this.value === this.last) socket.close();
            },
        });
    }
}

/* ---- the storm ------------------------------------------------------------------------------------------------------------- */

/* Every change, oldest first, by the pages of the API. */
async function historyOf(server, token) {
    const items = [];
    for (let page; page !== null;) {
        const answer = expectStatus(await as(server, { token }).post('/rpc/counter.getHistory', { name: NAME, limit: 100, page }), 200);
        items.push(...answer.items);
        page = answer.next;
    }
    return items.reverse();
}

/* What was acknowledged, by its place in the counter's history. Dies after so many answers. */
class Ledger {
    count = 0;
    sum = 0;
    places = [];

    constructor(total, deadlines, die) {
        Object.assign(this, { total, deadlines, die });
    }

    take(who, amount, event) {
        const place = event.metadata.operationCount;
        assert.ok(place <= this.total, `change ${place} of ${this.total}: something was done twice`);
        assert.equal(this.places[place], undefined, `change ${place} is the answer to two`);
        assert.equal(event.value - event.previousValue, amount);
        this.places[place] = { userId: who.id, amount, value: event.value };
        this.count += 1;
        this.sum += amount;
        if (this.deadlines.length === 0 || this.count < this.deadlines[0]) return;
        this.deadlines.shift();
        this.die();
    }
}

async function checkAfterwards(server, token, ledger) {
    const counter = expectStatus(await as(server, { token }).post('/rpc/counter.getMetadata', { name: NAME }), 200);
    assert.equal(counter.value, ledger.sum, 'the value is the sum of what was acknowledged');
    assert.equal(counter.operationCount, ledger.count);
    const history = await historyOf(server, token);
    assert.equal(history.length, ledger.count, 'the history has each once');
    history.forEach(({ userId, amount, value }, i) => assert.deepEqual({ userId, amount, value }, ledger.places[i + 1]));

    const notices = await allItems(server, { token }, '/notices');
    const told = notices.map((it) => it.title).filter((title) => title.endsWith(` ${NAME} combined!`));
    const reached = STEPS.filter((step) => step <= ledger.sum);
    assert.ok(reached.length > 0);
    const titles = reached.map((step) => `Morning Walkers just hit ${step.toLocaleString('en-US')} ${NAME} combined!`);
    assert.deepEqual(told.reverse(), titles, 'each milestone is told once');
}

test(`${CLIENTS} members add ${EACH} times each over ${KILLS} kills (TEST_SEED=${seed})`, { timeout: 300_000 }, async (t) => {
    const pick = picker(seed);
    const crowd = await makeCrowd(CLIENTS);
    const counter = { type: 'counter', id: '900', teamId: crowd.teamIds[0], name: NAME }; // as if its coach had started it
    await mustOn(crowd.data, ['import', '-'], { input: `${JSON.stringify(counter)}\n` });
    const world = makeWorld(crowd);
    const total = CLIENTS * EACH;
    const begun = performance.now();
    const since = () => `${((performance.now() - begun) / 1000).toFixed(1)} s`;

    let failed;
    const failure = new Promise((_, reject) => {
        failed = reject;
    });
    let dying = Promise.resolve();
    const die = () => {
        dying = dying.then(() => world.die());
        dying.catch(failed);
    };
    const deadlines = Array.from({ length: KILLS }, (_, i) => Math.floor(((i + 1) * total) / (KILLS + 1)) + pick(Math.ceil(total / KILLS / 4)));
    const ledger = new Ledger(total, deadlines, die);
    const done = (...words) => ledger.take(...words);
    const adders = crowd.tokens.map((token, i) => {
        const amounts = Array.from({ length: EACH }, () => ({ amount: 1 + pick(AMOUNT_MAX), byCall: pick(2) === 0 }));
        const of = (byCall) => amounts.filter((it) => it.byCall === byCall).map((it) => it.amount);
        return new Adder(world, { id: crowd.ids[i], name: crowd.names[i], token, calls: of(true), messages: of(false), done });
    });
    const wanted = adders.flatMap((it) => [...it.calls, ...it.messages]).reduce((a, b) => a + b, 0);
    const listeners = crowd.tokens.slice(0, LISTENERS).map((token) => new Listener(world, token, total));
    const onlooker = new Onlooker(world, crowd.tokens[LISTENERS], crowd.teamIds[0], wanted);
    try {
        const all = [...listeners, onlooker];
        const listening = Promise.all(all.map((it) => it.run()));
        listening.catch(failed);
        await Promise.race([Promise.all(all.map((it) => it.ready)), failure]);
        await Promise.race([Promise.all(adders.map((it) => it.run())), failure]);
        t.diagnostic(`${total} changes were acknowledged after ${since()}`);
        await Promise.race([Promise.all([listening, dying]), failure]);
        t.diagnostic(`all were heard after ${since()}; the team was told ${onlooker.updates} times`);
        assert.equal(world.deaths, KILLS, 'every kill happened while they added');
        assert.deepEqual([ledger.count, ledger.sum], [total, wanted]);
        for (const listener of listeners) assert.deepEqual([listener.heard, listener.value], [total, wanted]);
        const server = await world.up;
        await checkAfterwards(server, crowd.tokens[0], ledger);
        await server.stop();
        assert.match(await mustOn(crowd.data, ['check']), /no damage found/);
        t.diagnostic(`all was looked at after ${since()}`);
    } finally {
        world.end();
    }
});
