/*
 * A WebSocket client of our own on a bare TCP connection: it sends any bytes, legal or not, and reads what comes back
 * as strictly as RFC 6455 and RFC 7692 allow. It knows nothing of the server's code.
 *
 *     const ruth = await connect({ server, as: 'member1' });
 *     await ruth.join('2');
 *     const { count } = await ruth.ask({ type: 'POST_LIKE', postId });
 *     await ruth.next({ type: 'LIKE_UPDATE', postId, count });
 *     await ruth.close();
 *
 * Every wait has a bound and ends at once when the connection does. Nothing sleeps. A client is one TCP socket and a
 * few small objects, so that a process can hold a thousand.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { inspect } from 'node:util';
import { checkHandshake } from './contract.mjs';
import { closing, codeMayBeSent, deflated, frame, frameSize, inflated, OP, readFrame, utf8 } from './frames.mjs';
import { as as person, expectStatus } from './harness.mjs';
import { matches } from './match.mjs';
import { readReply } from './raw.mjs';

export { closing, deflated, frame, OP } from './frames.mjs';

const PATIENCE_MS = 15_000; // for a machine that is busy with other tests; nothing waits this long when all is well

/* ---- the handshake ----------------------------------------------------------------------------------------------- */

const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const DEFAULT_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

async function credentialsOf({ server, as, token, cookie, origin }) {
    const who = typeof as === 'object' && as !== null ? as : {};
    const bearer = token ?? who.token ?? (typeof as === 'string' ? await server.token(as) : undefined);
    return {
        Authorization: bearer && `Bearer ${bearer}`,
        Cookie: cookie ?? who.cookie,
        Origin: origin ?? who.origin,
    };
}

/*
 * The head of a handshake. Options as for connect(); `headers` replaces fields by name, whatever their case: undefined
 * leaves one out, a list repeats it.
 */
async function handshakeHead(options) {
    const { server, path = '/ws', ticket, deflate, headers = {}, version = 'HTTP/1.1', method = 'GET' } = options;
    const address = ticket === undefined ? path : `${path}${path.includes('?') ? '&' : '?'}ticket=${ticket}`;
    const fields = new Map();
    const put = (name, value) => {
        for (const known of fields.keys()) if (known.toLowerCase() === name.toLowerCase()) fields.delete(known);
        if (value !== undefined) fields.set(name, [value].flat());
    };
    const offer = deflate === true ? 'permessage-deflate' : deflate || undefined;
    const given = {
        Host: `127.0.0.1:${server.port}`,
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': DEFAULT_KEY,
        'Sec-WebSocket-Extensions': offer,
        ...(await credentialsOf(options)),
    };
    for (const [name, value] of [...Object.entries(given), ...Object.entries(headers)]) put(name, value);
    const lines = [...fields].flatMap(([name, values]) => values.map((value) => `${name}: ${value}\r\n`));
    return { address, offer, bytes: Buffer.from(`${method} ${address} ${version}\r\n${lines.join('')}\r\n`, 'latin1') };
}

/* The extensions a server answers with: [{name, parameters: Map}]. */
function readExtensions(text) {
    return text.split(',').map((each) => {
        const [name, ...rest] = each.split(';').map((part) => part.trim());
        const parameters = new Map();
        for (const one of rest) {
            const found = /^([a-z_]+)(?:=("?)(\d+)\2)?$/.exec(one);
            assert.ok(found, `a parameter of an extension, not ${one}`);
            assert.ok(!parameters.has(found[1]), `${found[1]} twice`);
            parameters.set(found[1], found[3] === undefined ? true : Number(found[3]));
        }
        return { name, parameters };
    });
}

const BITS = [8, 9, 10, 11, 12, 13, 14, 15];

/* Whether what the server answers is what one may answer to this offer. Gives the parameters, or null. */
function checkExtensions(offer, answer) {
    if (answer === undefined) return null;
    const found = readExtensions(answer);
    assert.ok(offer !== undefined, `nothing was offered, but the server answers ${answer}`);
    assert.deepEqual(
        found.map((each) => each.name),
        ['permessage-deflate'],
        'the one extension there is',
    );
    const [{ parameters }] = found;
    for (const [name, value] of parameters) {
        if (name.endsWith('_no_context_takeover')) assert.equal(value, true, `${name} has no value`);
        else if (name.endsWith('_max_window_bits')) assert.ok(BITS.includes(value), `${name}=${value}`);
        else assert.fail(`the unknown parameter ${name}`);
    }
    if (parameters.has('client_max_window_bits')) assert.match(offer, /client_max_window_bits/, 'only when offered');
    // DESIGN, section 7: a broadcast is compressed once for everybody, so nothing may depend on what came before.
    assert.ok(parameters.has('server_no_context_takeover'), `server_no_context_takeover in ${answer}`);
    assert.ok(parameters.has('client_no_context_takeover'), `client_no_context_takeover in ${answer}`);
    return parameters;
}

function checkSwitch({ headers }, key, offer) {
    assert.match(headers.get('upgrade') ?? '', /^websocket$/i, 'Upgrade');
    assert.match(headers.get('connection') ?? '', /(^|[\s,])upgrade($|[\s,])/i, 'Connection');
    const accept = createHash('sha1').update(`${key}${ACCEPT_SUFFIX}`).digest('base64');
    assert.equal(headers.get('sec-websocket-accept'), accept, 'Sec-WebSocket-Accept');
    assert.ok(!headers.has('sec-websocket-protocol'), 'no subprotocol was asked for');
    assert.ok(!headers.has('content-length') && !headers.has('content-type'), 'a 101 has no content');
    return checkExtensions(offer, headers.get('sec-websocket-extensions'));
}

/* As request() of the harness gives it. */
function plainReply(found) {
    const headers = Object.fromEntries(found.headers);
    if (headers['set-cookie']) headers['set-cookie'] = [headers['set-cookie']];
    const type = headers['content-type']?.split(';')[0].trim();
    const json = type?.endsWith('json') ? JSON.parse(found.body) : undefined;
    return { status: found.status, headers, type, body: found.body, bytes: Buffer.from(found.body), json };
}

/* Sends the handshake and reads its answer: {tcp, reply, rest, key, offer, address}; `rest` came behind the answer. */
async function shake(options) {
    const { address, offer, bytes } = await handshakeHead(options);
    const early = options.early ?? Buffer.alloc(0);
    const tcp = connectTcp({ port: options.server.port, host: '127.0.0.1' });
    tcp.setNoDelay(true);
    const key = /^Sec-WebSocket-Key: *(.*?)\r$/im.exec(bytes.toString('latin1'))?.[1];
    return new Promise((resolve, reject) => {
        let got = Buffer.alloc(0);
        const fail = (why) => {
            tcp.destroy();
            reject(
                new Error(
                    `${why} instead of an answer at ${address}: ${inspect(got.toString('latin1').slice(0, 400))}`,
                ),
            );
        };
        const timer = setTimeout(() => fail(`${PATIENCE_MS} ms passed`), PATIENCE_MS);
        const done = (settle, value) => {
            clearTimeout(timer);
            tcp.removeAllListeners();
            tcp.on('error', () => {});
            settle(value);
        };
        tcp.on('data', (part) => {
            got = Buffer.concat([got, part]);
            try {
                const reply = readReply(got, false);
                if (!reply) return;
                tcp.pause();
                done(resolve, { tcp, reply, rest: got.subarray(reply.length), key, offer, address });
            } catch (error) {
                tcp.destroy();
                done(reject, error);
            }
        });
        tcp.on('error', (error) => done(reject, error));
        tcp.on('end', () => {
            clearTimeout(timer);
            fail('the end of the connection came');
        });
        if (options.pieces) for (const piece of [...bytes, ...early]) tcp.write(Buffer.from([piece]));
        else tcp.write(Buffer.concat([bytes, early]));
    });
}

/* ---- the client -------------------------------------------------------------------------------------------------- */

class Client {
    #tcp;
    #parts = [];
    #have = 0;
    #need = 2;
    #message = null; // {opcode, compressed, parts} while it comes in fragments
    #inbox = [];
    #waiting = new Set();
    #closeSent = false;
    #closeSeen = null;
    #fault = null;
    #end = null; // {code, reason, clean} when the connection is gone
    #answer;
    #name = randomBytes(6).toString('hex'); // an id is a member's, on all of their connections
    #count = 0;

    constructor(tcp, { reply, deflate, answer = true, rest }) {
        this.#tcp = tcp;
        this.#answer = answer;
        this.reply = reply;
        this.deflate = deflate; // the parameters that were agreed on, or null
        tcp.on('data', (part) => this.#take(part));
        tcp.on('error', (error) => this.#gone(error));
        tcp.on('close', () => this.#gone(null));
        if (rest.length) this.#take(rest);
        tcp.resume();
    }

    /* ---- sending ---- */

    /* Bytes as they are. */
    write(...bytes) {
        this.#tcp.write(bytes.length === 1 ? bytes[0] : Buffer.concat(bytes));
        return this;
    }

    /* Pieces (of a Buffer: its bytes), each in a write of its own. */
    async drip(pieces) {
        for (const piece of pieces) {
            const bytes = typeof piece === 'number' ? Buffer.from([piece]) : piece;
            await new Promise((next) => this.#tcp.write(bytes, next));
        }
    }

    /* A message in one frame, compressed when that was agreed on. */
    message(payload, opcode = typeof payload === 'string' ? OP.text : OP.binary) {
        if (this.deflate) return this.write(frame(opcode, deflated(payload), { rsv: 4 }));
        return this.write(frame(opcode, payload));
    }

    /* What `work` says goes out in one write: for who says hundreds of things at once. */
    together(work) {
        this.#tcp.cork();
        work();
        this.#tcp.uncork();
    }

    /* A JSON message with an `id`, its own or the next one; `{id: undefined}` sends none. Gives the id. */
    say(message) {
        const id = 'id' in message ? message.id : `${this.#name}-${(this.#count += 1)}`;
        this.message(JSON.stringify({ ...message, id }));
        return id;
    }

    /* The same, and awaits what answers it: an ACK, or an error. */
    ask(message) {
        const id = this.say(message);
        return this.next((answer) => answer.id === id, `the answer to ${message.type} ${id}`);
    }

    /* Joins a team; gives its WELCOME. What was missed comes behind it. */
    async join(teamId, more = {}) {
        const id = this.say({ type: 'JOIN_TEAM', teamId, ...more });
        const answer = await this.next(
            (it) => it.type === 'WELCOME' || (it.type === 'error' && it.id === id),
            'WELCOME',
        );
        assert.equal(answer.type, 'WELCOME', `joining: ${JSON.stringify(answer)}`);
        return answer;
    }

    /* ---- receiving ---- */

    /*
     * The next event of any kind, in order: {kind: 'text', text}, {kind: 'binary', 'ping' or 'pong', bytes}. Messages
     * also have `compressed` and `fragments`.
     */
    receive() {
        return this.#await(() => true, 'an event');
    }

    /*
     * The first JSON message, of those that came and of those that will, that is wanted: a type, an object that it has
     * to match (match.mjs), or a predicate. Others stay for whoever wants them; forget() drops them.
     */
    async next(wanted, what = inspect(wanted)) {
        const fits =
            typeof wanted === 'function'
                ? wanted
                : (json) => matches(json, typeof wanted === 'string' ? { type: wanted } : wanted);
        return (await this.#await((event) => event.json !== undefined && fits(event.json), what)).json;
    }

    /* What came and nobody asked for yet, and drops it. */
    forget() {
        return this.#inbox.splice(0);
    }

    /* How it ended: {code, reason, clean}. Without a close frame the code is 1006, with an empty one 1005. */
    get closed() {
        return this.#await(null, 'the end of the connection');
    }

    get open() {
        return this.#end === null && this.#fault === null;
    }

    /* ---- ending ---- */

    /* Says goodbye and awaits the end, which must be clean. */
    async close(code = 1000, reason = '') {
        this.#sendClose(closing(code, reason));
        const end = await this.closed;
        assert.ok(end.clean, `the end should be clean: ${inspect(end)}`);
        return end;
    }

    /* Vanishes, as a phone in a tunnel does: without a word, or with a reset. */
    destroy({ reset = false } = {}) {
        // A reset of what is being shut down closes nothing, and Node 20 then waits for it at its end, for ever.
        if (reset && !this.#tcp.writableEnded) this.#tcp.resetAndDestroy();
        else this.#tcp.destroy();
    }

    /* Stops and goes on reading, for who wants to be slow. */
    pause() {
        this.#tcp.pause();
    }

    resume() {
        this.#tcp.resume();
    }

    /* ---- inside ---- */

    #sendClose(payload) {
        if (this.#closeSent) return;
        this.#closeSent = true;
        this.write(frame(OP.close, payload));
    }

    #take(part) {
        if (this.#fault) return;
        this.#parts.push(part);
        this.#have += part.length;
        if (this.#have < this.#need) return;
        const bytes = this.#parts.length === 1 ? part : Buffer.concat(this.#parts);
        let at = 0;
        try {
            for (;;) {
                this.#need = frameSize(bytes, at);
                if (bytes.length - at < this.#need) break;
                this.#frame(readFrame(bytes.subarray(at, at + this.#need)));
                at += this.#need;
            }
        } catch (error) {
            this.#fail(error);
        }
        const rest = bytes.subarray(at);
        this.#parts = rest.length ? [rest] : [];
        this.#have = rest.length;
    }

    #frame({ fin, rsv, opcode, payload }) {
        assert.equal(this.#closeSeen, null, 'a frame after the close frame');
        if (opcode >= 8) {
            assert.equal(rsv, 0, 'reserved bits on a control frame');
            this.#control(opcode, payload);
            return;
        }
        if (opcode === OP.continuation) {
            assert.ok(this.#message, 'a continuation of nothing');
            assert.equal(rsv, 0, 'reserved bits on a continuation');
        } else {
            assert.equal(this.#message, null, 'a new message inside another');
            assert.ok(rsv === 0 || (rsv === 4 && this.deflate), `reserved bits ${rsv}`);
            this.#message = { opcode, compressed: rsv === 4, parts: [] };
        }
        this.#message.parts.push(payload);
        if (!fin) return;
        const { opcode: kind, compressed, parts } = this.#message;
        this.#message = null;
        const whole = parts.length === 1 ? parts[0] : Buffer.concat(parts);
        const bytes = compressed ? inflated(whole) : whole;
        const event = { kind: kind === OP.text ? 'text' : 'binary', bytes, compressed, fragments: parts.length };
        if (kind === OP.text) {
            event.text = utf8(bytes, "the server's text");
            event.json = bytes[0] === 0x7b ? parsed(event.text) : undefined;
        }
        this.#event(event);
    }

    #control(opcode, payload) {
        if (opcode === OP.ping) {
            if (this.#answer && !this.#closeSent) this.write(frame(OP.pong, payload));
            this.#event({ kind: 'ping', bytes: payload });
        } else if (opcode === OP.pong) {
            this.#event({ kind: 'pong', bytes: payload });
        } else {
            assert.notEqual(payload.length, 1, 'half a close code');
            const code = payload.length ? payload.readUInt16BE(0) : 1005;
            if (payload.length) assert.ok(codeMayBeSent(code), `${code} must not be sent`);
            this.#closeSeen = { code, reason: utf8(payload.subarray(2), 'the reason') };
            if (this.#answer) this.#sendClose(payload.subarray(0, 2));
        }
    }

    #event(event) {
        for (const waiter of this.#waiting) {
            if (waiter.fits?.(event)) {
                this.#settle(waiter, () => waiter.resolve(event));
                return;
            }
        }
        this.#inbox.push(event);
    }

    #settle(waiter, how) {
        clearTimeout(waiter.timer);
        this.#waiting.delete(waiter);
        how();
    }

    /* An event that fits, or with `fits` null the end. */
    #await(fits, what) {
        const index = fits ? this.#inbox.findIndex(fits) : -1;
        if (index >= 0) return Promise.resolve(this.#inbox.splice(index, 1)[0]);
        return new Promise((resolve, reject) => {
            const waiter = { fits, resolve, reject, what };
            this.#waiting.add(waiter);
            if (this.#fault || this.#end) {
                this.#release(waiter);
                return;
            }
            waiter.timer = setTimeout(
                () =>
                    this.#settle(waiter, () =>
                        reject(new Error(`no sign of ${what} after ${PATIENCE_MS} ms; ${this.#sofar()}`)),
                    ),
                PATIENCE_MS,
            );
        });
    }

    #sofar() {
        const tell = (event) => (event.text ?? `${event.kind} of ${event.bytes.length} bytes`).slice(0, 160);
        return `not asked for: ${inspect(this.#inbox.slice(-8).map(tell))}`;
    }

    /* Nothing more will come. */
    #release(waiter) {
        this.#settle(waiter, () => {
            if (this.#fault) waiter.reject(this.#fault);
            else if (!waiter.fits) waiter.resolve(this.#end);
            else
                waiter.reject(
                    new Error(
                        `the connection ended with ${inspect(this.#end)} before ${waiter.what}; ${this.#sofar()}`,
                    ),
                );
        });
    }

    #fail(error) {
        this.#fault ??= error;
        this.#tcp.destroy();
        for (const waiter of [...this.#waiting]) this.#release(waiter);
    }

    #gone(error) {
        if (this.#end) return;
        const whole = this.#have === 0 && this.#message === null;
        const { code, reason } = this.#closeSeen ?? { code: 1006, reason: '' };
        this.#end = { code, reason, clean: !error && whole && this.#closeSeen !== null && this.#closeSent };
        this.#tcp.destroy();
        for (const waiter of [...this.#waiting]) this.#release(waiter);
    }
}

function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return undefined;
    }
}

/* ---- connecting -------------------------------------------------------------------------------------------------- */

/*
 * Opens a socket. Options:
 *   server     from startServer
 *   path       /ws
 *   as         a user name, {token} or {cookie, origin}; or by themselves: token, cookie, origin, ticket
 *   headers    more fields, or others: see handshakeHead
 *   deflate    true offers permessage-deflate; a text is the whole offer
 *   early      bytes that go in the same write as the handshake
 *   pieces     sends the handshake (and `early`) one byte a write
 *   answer     false: pings and close frames of the server are not answered
 * Anything but a correct 101 fails the test.
 */
export async function connect(options) {
    const { tcp, reply, rest, key, offer, address } = await shake(options);
    try {
        assert.equal(reply.status, 101, `a handshake at ${address}: ${reply.status} ${reply.body.slice(0, 500)}`);
        const deflate = checkSwitch(reply, key, offer);
        checkHandshake({ path: address }, plainReply(reply));
        return new Client(tcp, { reply, deflate, rest, answer: options.answer });
    } catch (error) {
        tcp.destroy();
        throw error;
    }
}

/* The answer to a handshake, whatever it is; the connection ends with it. */
export async function answer(options) {
    const { tcp, reply, address } = await shake(options);
    tcp.destroy();
    const found = plainReply(reply);
    checkHandshake({ path: address }, found);
    return found;
}

/* The same when it has to be refused with this status: what it says must be a problem as the contract has it. */
export async function refusal(status, options) {
    const found = await answer(options);
    assert.equal(found.status, status, `a handshake at ${options.path ?? '/ws'}: ${found.status} ${found.body}`);
    return found;
}

/* A one-use ticket of this member. */
export async function ticketOf(server, who) {
    return expectStatus(await person(server, who).post('/auth/ticket'), 201).ticket;
}

/* The session cookie that this member's browser has, as `name=value`. */
export async function cookieOf(server, name, password = 'porchlight') {
    const reply = await person(server).post('/auth/login', { name, password });
    expectStatus(reply, 200);
    return reply.headers['set-cookie'][0].split(';')[0];
}
