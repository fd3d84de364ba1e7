/*
 * RFC 7692 on the wire: permessage-deflate, agreed on and spoken. How a case reads: echo.mjs.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
    atTeams,
    binary,
    close,
    comes,
    echoRoom,
    fragments,
    hex,
    MiB,
    more,
    noise,
    numbers,
    padded,
    part,
    ping,
    pong,
    sentence,
    text,
} from './echo.mjs';
import { closing, deflated, OP } from './socket.mjs';

const DEFLATE = 'permessage-deflate';

const { cases, open, play } = echoRoom();

/* ---- permessage-deflate ------------------------------------------------------------------------------------------ */

describe('negotiating permessage-deflate', () => {
    for (const [offer, agreed] of [
        [undefined, null],
        [DEFLATE, {}],
        [`${DEFLATE}; client_max_window_bits`, {}],
        [`${DEFLATE}; client_max_window_bits=10`, {}],
        [`${DEFLATE};client_max_window_bits="12"`, {}],
        [`${DEFLATE}; server_no_context_takeover; client_no_context_takeover`, {}],
        [`${DEFLATE}; server_max_window_bits=15`, { server_max_window_bits: 15 }],
        [`${DEFLATE}; server_max_window_bits=10`, null],
        [`${DEFLATE}; server_max_window_bits=9, ${DEFLATE}`, {}],
        [
            `${DEFLATE}; server_max_window_bits=9; client_max_window_bits, ${DEFLATE}; server_max_window_bits=15`,
            { server_max_window_bits: 15 },
        ],
        [`x-webkit-deflate-frame, ${DEFLATE}`, {}],
        [`foo; bar="baz"; qux=1, ${DEFLATE}; client_max_window_bits`, {}],
        ['foo, bar; baz', null],
        [`${DEFLATE}; unknown`, null],
        [`${DEFLATE}; server_no_context_takeover=1`, null],
        [`${DEFLATE}; server_no_context_takeover; server_no_context_takeover`, null],
        [`${DEFLATE}; server_max_window_bits`, null],
        [`${DEFLATE}; server_max_window_bits=16`, null],
        [`${DEFLATE}; server_max_window_bits=015`, null],
        [`${DEFLATE}; client_max_window_bits=7`, null],
        [`${DEFLATE}; client_max_window_bits=x`, null],
        [`${DEFLATE}; client_max_window_bits=10; client_max_window_bits=10`, null],
    ]) {
        test(`${offer ?? 'nothing'} is ${agreed ? 'agreed on' : 'declined, and the socket works without'}`, async () => {
            const client = await open({ deflate: offer });
            const { server_max_window_bits: bits } = Object.fromEntries(client.deflate ?? []);
            assert.equal(
                client.deflate !== null,
                agreed !== null,
                `answered: ${client.reply.headers.get('sec-websocket-extensions')}`,
            );
            if (agreed) assert.equal(bits, agreed.server_max_window_bits, 'the window it asked for is confirmed');
            client.message(sentence);
            await comes(client, [['text', sentence]]);
            await client.close();
        });
    }

    test('the offer may stand in several fields', async () => {
        const client = await open({ headers: { 'Sec-WebSocket-Extensions': ['foo', 'bar; baz=1'] } });
        assert.equal(client.deflate, null);
        await client.close();
    });
});

const compressible = (size) =>
    Buffer.from('a walk in the park and home again. '.repeat(1 + size / 35)).subarray(0, size);
const packed = (payload, how) => text(deflated(payload), { rsv: 4, ...how });
const hello = (digits) => ({ send: [text(hex(digits), { rsv: 4 })], expect: [['text', 'Hello']] });

describe('permessage-deflate', () => {
    for (const size of [0, 1, 10, 125, 126, 1000, 65535, 65536, 131072, MiB]) {
        test(`${size} bytes come back, whether they compress or not`, async () => {
            const client = await open({ deflate: true });
            client.message(compressible(size).toString('latin1'));
            client.message(noise(size));
            const event = await client.receive();
            assert.equal(event.text, compressible(size).toString('latin1'));
            if (size >= 1000) assert.ok(event.compressed, 'what compresses well is sent compressed');
            await comes(client, [['binary', noise(size)]]);
            await client.close();
        });
    }

    test('every message stands by itself: each of three alike can be read without the others', async () => {
        const client = await open({ deflate: true });
        const words = compressible(3000).toString('latin1');
        for (let i = 0; i < 3; i += 1) client.message(words);
        await comes(
            client,
            numbers(3).map(() => ['text', words]),
        );
        await client.close();
    });

    test('1,000 compressed messages in one write come back in order', async () => {
        const messages = numbers(1000).map((i) => `${i} ${compressible(i).toString('latin1')}`);
        await play({
            send: messages.map((each) => packed(each)),
            expect: messages.map((each) => ['text', each]),
            on: { deflate: true },
        });
    });

    for (const windowBits of [9, 10, 12, 15]) {
        for (const level of [0, 1, 9]) {
            test(`a window of ${windowBits} bits at level ${level} is understood`, () =>
                play({
                    send: [text(deflated(compressible(100000), { windowBits, level }), { rsv: 4 })],
                    expect: [['text', compressible(100000)]],
                    on: { deflate: `${DEFLATE}; client_max_window_bits` },
                }));
        }
    }
});

cases(
    'permessage-deflate',
    {
        // The payloads of RFC 7692, section 7.2.3.
        'a block of fixed codes (the RFC)': hello('f2 48 cd c9 c9 07 00'),
        'a message in two fragments (the RFC)': {
            send: [text(hex('f2 48 cd'), { rsv: 4, fin: false }), more(hex('c9 c9 07 00'))],
            expect: [['text', 'Hello']],
        },
        'a block without compression (the RFC)': hello('00 05 00 fa ff 48 65 6c 6c 6f 00'),
        'a block that says it is the last (the RFC)': hello('f3 48 cd c9 c9 07 00 00'),
        'two blocks (the RFC)': hello('f2 48 05 00 00 00 ff ff ca c9 c9 07 00'),
        'an empty message (the RFC)': { send: [text(hex('00'), { rsv: 4 })], expect: [['text', '']] },
        'a message that is not compressed may come all the same': {
            send: [text('plain'), packed('packed'), binary('plain')],
            expect: [
                ['text', 'plain'],
                ['text', 'packed'],
                ['binary', 'plain'],
            ],
        },
        'fragments of one byte, pings between': {
            send: fragments(
                OP.text,
                deflated(compressible(500)),
                numbers(deflated(compressible(500)).length).slice(1),
                {
                    rsv: 4,
                },
            ).flatMap((each, i) => [each, ...(i % 7 === 3 ? [ping('p')] : [])]),
            expect: [
                ...numbers(deflated(compressible(500)).length)
                    .filter((i) => i % 7 === 3)
                    .map(() => ['pong', 'p']),
                ['text', compressible(500)],
            ],
        },
        'empty fragments change nothing': {
            send: [text('', { rsv: 4, fin: false }), more(deflated('Hello'), part), more('')],
            expect: [['text', 'Hello']],
        },
        'every byte by itself': { send: [packed(sentence)], drip: true, expect: [['text', sentence]] },
        'bytes of a compressed text that look like no UTF-8 are none of its text': {
            send: [text(deflated('κόσμε 👩‍🦳'.repeat(40)), { rsv: 4 })],
            expect: [['text', 'κόσμε 👩‍🦳'.repeat(40)]],
        },
        'RSV1 on a ping is refused': { send: [ping('x', { rsv: 4 })], end: 1002 },
        'RSV1 on a pong is refused': { send: [pong('x', { rsv: 4 })], end: 1002 },
        'RSV1 on a close frame is refused': { send: [close(closing(1000), { rsv: 4 })], end: 1002 },
        'RSV1 on a continuation is refused': {
            send: [text(hex('f2 48 cd'), { rsv: 4, fin: false }), more(hex('c9 c9 07 00'), { rsv: 4 })],
            end: 1002,
        },
        'RSV1 on a continuation of a plain message is refused': {
            send: [text('a', part), more('b', { rsv: 4 })],
            end: 1002,
        },
        'RSV2 is refused': { send: [packed('x', { rsv: 6 })], end: 1002 },
        'RSV3 is refused': { send: [packed('x', { rsv: 5 })], end: 1002 },
        'a text that inflates to no UTF-8 is refused': { send: [packed(hex('ce ba ed a0 80'))], end: 1007 },
        'a text that inflates to half a character is refused': { send: [packed(hex('61 e2 82'))], end: 1007 },
        'binary that inflates to anything comes back': {
            send: [binary(deflated(hex('ce ba ed a0 80')), { rsv: 4 })],
            expect: [['binary', hex('cebaeda080')]],
        },
        // No RFC says which of the two codes.
        'what is not deflate is refused': { send: [text(Buffer.alloc(64, 0xff), { rsv: 4 })], end: [1002, 1007] },
        'a stored block whose length is wrong is refused': {
            send: [text(hex('00 05 00 00 00 48 65 6c 6c 6f 00'), { rsv: 4 })],
            end: [1002, 1007],
        },
        'a copy from before the beginning is refused: nothing of the last message is kept': {
            send: [packed('Hello'), text(hex('02 02 00'), { rsv: 4 })],
            expect: [['text', 'Hello']],
            end: [1002, 1007],
        },
        'noise is refused': { send: [binary(noise(4096), { rsv: 4 })], end: [1002, 1007] },
        'a bomb of 64 MiB in 64 KiB ends in 1009': {
            send: [binary(deflated(Buffer.alloc(64 * MiB)), { rsv: 4 })],
            end: 1009,
        },
    },
    { deflate: true },
);

describe('permessage-deflate where members speak', () => {
    test('a message that inflates to its limit is read, one byte more ends in 1009', async () => {
        const client = await open({ ...atTeams, deflate: true });
        client.message(padded(65536));
        await client.next('pong');
        client.message(padded(65537));
        assert.equal((await client.closed).code, 1009);
    });

    test('a bomb ends in 1009, and the next client is served', async () => {
        const client = await open({ ...atTeams, deflate: true });
        client.message(Buffer.alloc(60 * MiB));
        assert.equal((await client.closed).code, 1009);
        await play({ send: [text('well?')], expect: [['text', 'well?']] });
    });
});
