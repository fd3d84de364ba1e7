/*
 * RFC 6455, section 8.1, on the wire: what is UTF-8 and what is not, at every place where it can be cut. How a case
 * reads: echo.mjs.
 */
import { describe, test } from 'node:test';
import { all, binary, comes, echoRoom, ends, fragments, hex, more, numbers, part, ping, text } from './echo.mjs';
import { OP } from './socket.mjs';

const { open, play } = echoRoom();

/* ---- UTF-8 ------------------------------------------------------------------------------------------------------- */

/* The first and the last character of every length, and their neighbours. */
const borders = [
    0, 0x7f, 0x80, 0x7ff, 0x800, 0xfff, 0x1000, 0xcfff, 0xd000, 0xd7ff, 0xe000, 0xfeff, 0xfffd, 0xfffe, 0xffff,
];
const beyond = [0x10000, 0x1fffe, 0x3ffff, 0x40000, 0xfffff, 0x100000, 0x10fffe, 0x10ffff];
const good = [
    ...[...borders, ...beyond].map((point) => String.fromCodePoint(point)),
    'κόσμε',
    'Zażółć gęślą jaźń',
    '日本語',
    '👩‍🦳 🚶🏽 ❤️',
    String.fromCodePoint(...borders, ...beyond),
];

/*
 * What is not UTF-8, by the byte that decides: [why, bytes before, the byte after which it cannot be UTF-8 any more].
 * RFC 3629, section 4, as a table of everything that stands outside it.
 */
const impossible = [
    ...['80', 'bf'].map((byte) => ['a continuation byte alone', '', byte]),
    ...['c0', 'c1'].map((byte) => ['an overlong pair', '', byte]),
    ...['f5', 'f8', 'fb', 'fc', 'fe', 'ff'].map((byte) => ['a byte that UTF-8 does not have', '', byte]),
    ...['c2', 'df'].flatMap((lead) =>
        ['00', '28', '7f', 'c0', 'c2', 'ff'].map((byte) => ['a pair broken off', lead, byte]),
    ),
    ...['80', '9f'].map((byte) => ['an overlong triple', 'e0', byte]),
    ...['a0', 'bf'].map((byte) => ['a surrogate', 'ed', byte]),
    ...['e1', 'ec', 'ee', 'ef'].flatMap((lead) =>
        ['28', '7f', 'c0'].map((byte) => ['a triple broken off', lead, byte]),
    ),
    ...['e0 a0', 'e1 80', 'ed 9f', 'ef bf'].map((lead) => ['a triple broken off', lead, '41']),
    ...['80', '8f'].map((byte) => ['an overlong quadruple', 'f0', byte]),
    ...['90', 'bf'].map((byte) => ['beyond U+10FFFF', 'f4', byte]),
    ...['f1', 'f3'].map((lead) => ['a quadruple broken off', lead, 'c0']),
    ...['f0 90', 'f3 80', 'f4 8f', 'f0 90 80', 'f4 8f bf'].map((lead) => ['a quadruple broken off', lead, '41']),
    ['a surrogate pair, each half encoded', 'ce ba', 'ed a0'],
].map(([why, lead, byte]) => ({ why, lead: hex(lead), byte: hex(byte), name: `${lead} ${byte}`.trim() }));

const truncated = ['c2', 'df', 'e0 a0', 'e1', 'ed 9f', 'ef bf', 'f0', 'f0 90', 'f0 90 80', 'f4 8f bf', 'ce ba e1 bd'];

describe('UTF-8', () => {
    test('every good text comes back whole', async () => {
        const client = await open();
        client.write(...good.map((each) => text(each)));
        await comes(
            client,
            good.map((each) => ['text', each]),
        );
        await client.close();
    });

    test('every good text comes back, split at every byte', async () => {
        const client = await open();
        const splits = good.flatMap((each) =>
            numbers(Buffer.byteLength(each) + 1).map((at) => ({ each, frames: fragments(OP.text, each, [at]) })),
        );
        client.write(...splits.flatMap(({ frames }) => frames));
        await comes(
            client,
            splits.map(({ each }) => ['text', each]),
        );
        await client.close();
    });

    test('every good text comes back, in fragments of one byte with pings between', async () => {
        const client = await open();
        for (const each of good) {
            const frames = fragments(OP.text, each, numbers(Buffer.byteLength(each)).slice(1));
            client.write(...frames.flatMap((one) => [ping('p'), one]));
            await comes(client, [...frames.map(() => ['pong', 'p']), ['text', each]]);
        }
        await client.close();
    });

    test('a binary message may hold anything', () =>
        play({
            send: impossible.map(({ lead, byte }) => binary(Buffer.concat([lead, byte]))),
            expect: impossible.map(({ lead, byte }) => ['binary', Buffer.concat([lead, byte])]),
        }));

    for (const why of new Set(impossible.map((each) => each.why))) {
        const these = impossible.filter((each) => each.why === why);

        test(`${why} is refused in a whole message, alone and inside good text`, async () => {
            for (const [front, back] of [
                ['', ''],
                ['κόσμε', 'tail'],
                ['a'.repeat(200), ''],
            ]) {
                await all(these, ({ lead, byte }) =>
                    play({
                        send: [text(Buffer.concat([Buffer.from(front), lead, byte, Buffer.from(back)]))],
                        end: 1007,
                    }),
                );
            }
        });

        test(`${why} is refused split at every byte, and byte by byte`, async () => {
            const splits = these.flatMap(({ lead, byte }) => {
                const bytes = Buffer.concat([Buffer.from('ab'), lead, byte, Buffer.from('c')]);
                return numbers(bytes.length).map((at) => fragments(OP.text, bytes, [at]));
            });
            await all(splits, (send) => play({ send, end: 1007 }));
            await all(these, ({ lead, byte }) =>
                play({ send: [text(Buffer.concat([lead, byte]))], drip: true, end: 1007 }),
            );
        });

        test(`${why} is refused at the byte that decides, and not before`, () =>
            all(these, async ({ lead, byte }) => {
                const client = await open();
                client.write(text(Buffer.concat([Buffer.from('κ'), lead]), part), ping('alive'));
                await comes(client, [['pong', 'alive']]);
                client.write(more(byte, part));
                await ends(client, 1007);
            }));

        test(`${why} is refused inside a frame that is not whole yet`, () =>
            all(these, async ({ lead, byte }) => {
                // The frame says 100 bytes; the first of them already cannot be UTF-8.
                const whole = text(
                    Buffer.concat([Buffer.from('κ'), lead, byte, Buffer.alloc(100, 0x61)]).subarray(0, 100),
                );
                const client = await open();
                client.write(whole.subarray(0, 6 + 2 + lead.length + byte.length));
                await ends(client, 1007);
            }));
    }

    test('a message that ends inside a character is refused, however it was split', async () => {
        await all(truncated, async (digits) => {
            const bytes = hex(digits);
            await play({ send: [text(bytes)], end: 1007 });
            await play({ send: [text(Buffer.concat([Buffer.from('fine until here '), bytes]))], end: 1007 });
            await play({ send: [text(bytes, part), more('')], end: 1007 });
            for (const at of numbers(bytes.length)) await play({ send: fragments(OP.text, bytes, [at]), end: 1007 });
        });
    });

    test('a character does not go on in the next message', () =>
        play({ send: [text(hex('ce')), text(hex('ba'))], end: 1007 }));

    test('a state of one message does not stay for the next', () =>
        play({
            send: [binary(hex('ce')), text('fine'), binary(hex('f0'), part), more(hex('90')), text('κ')],
            expect: [
                ['binary', hex('ce')],
                ['text', 'fine'],
                ['binary', hex('f090')],
                ['text', 'κ'],
            ],
        }));
});
