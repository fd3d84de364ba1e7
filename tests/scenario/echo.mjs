/*
 * What the conformance tests are written with: a room that sends every message back as it came (server.mjs,
 * echoBinary).
 *
 * A case sends bytes and names the events that have to come back, in order, and the code the server closes with.
 * Without a code the socket has to be well afterwards: it says goodbye with 1000. Behind every violation one more good
 * message goes out in the same write, which must not be answered. The client (socket.mjs) checks every frame of the
 * server by itself.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { echoBinary, startServer } from './harness.mjs';
import { connect, frame, OP } from './socket.mjs';

/* ---- frames ------------------------------------------------------------------------------------------------------ */

export const text = (payload, how) => frame(OP.text, payload, how);
export const binary = (payload, how) => frame(OP.binary, payload, how);
export const more = (payload, how) => frame(OP.continuation, payload, how);
export const ping = (payload, how) => frame(OP.ping, payload, how);
export const pong = (payload, how) => frame(OP.pong, payload, how);
export const close = (payload, how) => frame(OP.close, payload, how);
export const part = { fin: false };
export const hex = (digits) => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const AFTER = text('not read any more');

/* A message in fragments that end at these places. */
export function fragments(opcode, payload, ends, how = {}) {
    const bytes = Buffer.from(payload);
    const places = [0, ...ends, bytes.length];
    return places.slice(1).map((end, i) =>
        frame(i === 0 ? opcode : OP.continuation, bytes.subarray(places[i], end), {
            ...(i === 0 ? how : {}),
            fin: i === places.length - 2,
        }),
    );
}

/* ---- payloads ---------------------------------------------------------------------------------------------------- */

export const numbers = (count) => Array.from({ length: count }, (_, i) => i);
export const letters = (count) => Buffer.from(numbers(count).map((i) => 97 + (i % 23)));
/* The same bytes each time, of no pattern that compresses. */
export function noise(count) {
    let state = 2463534242;
    return Buffer.from(numbers(count).map(() => (state = Math.imul(state ^ (state >>> 15), 739982445) + 1) >>> 24));
}

export const MiB = 1 << 20;
export const sentence = 'Grüße — the walk begins at nine.';

/* Where members speak in JSON, and a message for there of exactly so many bytes. */
export const atTeams = { path: '/ws' };
export const padded = (bytes) => `{"type":"ping"${' '.repeat(bytes - 15)}}`;

/* ---- cases ------------------------------------------------------------------------------------------------------- */

/* These events and no others before them: [['text', 'hello']]. */
export async function comes(client, expected) {
    for (const [kind, payload] of expected) {
        const event = await client.receive();
        const wanted = Buffer.from(payload);
        assert.equal(
            event.kind,
            kind,
            `${kind} of ${wanted.length} bytes wanted, got ${event.kind} of ${event.bytes.length}`,
        );
        if (event.bytes.equals(wanted)) continue;
        const at = wanted.findIndex((byte, i) => event.bytes[i] !== byte);
        assert.fail(`${kind} of ${wanted.length} bytes came back as ${event.bytes.length}, different from byte ${at}`);
    }
}

/* The server closes with this code, or one of these. */
export async function ends(client, codes) {
    const end = await client.closed;
    assert.ok(
        [codes].flat().includes(end.code),
        `closed with ${end.code} ${JSON.stringify(end.reason)} instead of ${[codes].flat().join(' or ')}`,
    );
    assert.ok(end.clean, 'the close frame was answered and the connection ended without a reset');
    assert.deepEqual(client.forget(), [], 'nothing else came');
}

/* Up to so many at once: for tables whose every line needs a socket of its own. */
export async function all(items, work, atOnce = 8) {
    const queue = [...items];
    await Promise.all(
        Array.from({ length: atOnce }, async () => {
            while (queue.length) await work(queue.shift());
        }),
    );
}

/*
 *   send    frames, in one write; `drip` sends every byte in a write of its own
 *   expect  events: ['text', 'hello']
 *   end     the code the server closes with, or several that will do
 *   follow  false: no good message behind a violation (the last frame is not whole)
 *   on      options of the handshake
 */
async function play(open, { send, expect = [], end, drip = false, follow = true, on = {} }) {
    const client = await open(on);
    const bytes = Buffer.concat([...send, ...(end !== undefined && follow ? [AFTER] : [])]);
    if (drip) await client.drip(bytes);
    else client.write(bytes);
    await comes(client, expect);
    if (end === undefined) assert.equal((await client.close()).code, 1000);
    else await ends(client, end);
    assert.deepEqual(client.forget(), [], 'nothing else came');
}

/* A server with an echo for the tests of a file: `open` a socket there, `play` a case, name a table of `cases`. */
export function echoRoom() {
    let server;
    let turn = 0;
    before(async () => {
        server = await startServer({ bin: echoBinary, args: ['--realtime', 'on'] });
    });
    after(() => server?.stop());
    /* Members take turns: one may have 16 sockets at once, and those that are just going away count. */
    const open = (options) =>
        connect({ server, path: '/test/echo', as: `member${1 + ((turn += 1) % 20)}`, ...options });
    const cases = (name, table, on) =>
        describe(name, () => {
            for (const [goal, it] of Object.entries(table))
                test(goal, () => play(open, { ...it, on: { ...on, ...it.on } }));
        });
    return { open, cases, play: (it) => play(open, it) };
}
