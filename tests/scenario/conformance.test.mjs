/*
 * RFC 6455 on the wire: framing, pings, reserved bits and opcodes, fragments, closing, limits and volumes. How a case
 * reads: echo.mjs. UTF-8 and compression have files of their own.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
    atTeams,
    binary,
    close,
    comes,
    echoRoom,
    ends,
    fragments,
    hex,
    letters,
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
import { closing, deflated, frame, OP } from './socket.mjs';

const { cases, open, play } = echoRoom();

/* ---- framing ----------------------------------------------------------------------------------------------------- */

const sizes = [0, 1, 124, 125, 126, 127, 128, 65534, 65535, 65536, 65537, 131072];

cases('framing', {
    ...Object.fromEntries(
        sizes.flatMap((size) => [
            [`a text of ${size} bytes comes back`, { send: [text(letters(size))], expect: [['text', letters(size)]] }],
            [
                `${size} bytes of any value come back`,
                { send: [binary(noise(size))], expect: [['binary', noise(size)]] },
            ],
        ]),
    ),
    'messages in one write come back in order, each of its kind': {
        send: [text('one'), binary('two'), text(''), text('three')],
        expect: [
            ['text', 'one'],
            ['binary', 'two'],
            ['text', ''],
            ['text', 'three'],
        ],
    },
    'a message whose every byte comes by itself is whole': {
        send: [text(letters(300))],
        drip: true,
        expect: [['text', letters(300)]],
    },
    'a mask of zeros is a mask': { send: [text('hello', { mask: Buffer.alloc(4) })], expect: [['text', 'hello']] },
    'each frame has a mask of its own': {
        send: [text('hel', { ...part, mask: hex('01020304') }), more('lo', { mask: hex('fffefdfc') })],
        expect: [['text', 'hello']],
    },
    'a text without a mask is refused': { send: [text('hello', { mask: false })], end: 1002 },
    'an empty text without a mask is refused': { send: [text('', { mask: false })], end: 1002 },
    'a ping without a mask is refused': { send: [ping('', { mask: false })], end: 1002 },
    'a close frame without a mask is refused': { send: [close(closing(1000), { mask: false })], end: 1002 },
    'a continuation without a mask is refused': { send: [text('a', part), more('b', { mask: false })], end: 1002 },
    ...Object.fromEntries(
        [
            [0, 16],
            [1, 16],
            [125, 16],
            [0, 64],
            [125, 64],
            [126, 64],
            [65535, 64],
        ].map(([size, form]) => [
            `a length of ${size} written in ${form} bits is refused`,
            { send: [binary(letters(size), { form })], end: 1002 },
        ]),
    ),
    'a long form is refused before the payload is there': {
        send: [text('', { form: 64, claim: 100 })],
        follow: false,
        end: 1002,
    },
    'a 64-bit length with its first bit set is refused': {
        send: [binary('', { form: 64, claim: 2n ** 63n + 70000n })],
        follow: false,
        end: 1002,
    },
});

describe('framing', () => {
    test('every bit of every byte survives, wherever it stands against the mask', async () => {
        const client = await open();
        const bytes = Buffer.from(numbers(256));
        for (let from = 0; from < 9; from += 1) client.write(binary(bytes.subarray(from)));
        await comes(
            client,
            numbers(9).map((from) => ['binary', bytes.subarray(from)]),
        );
        await client.close();
    });

    test('a frame cut in two writes at every byte is whole', async () => {
        const client = await open();
        const bytes = text(letters(140));
        for (let at = 1; at < bytes.length; at += 1) {
            await client.drip([bytes.subarray(0, at), bytes.subarray(at)]);
            await comes(client, [['text', letters(140)]]);
        }
        await client.close();
    });
});

/* ---- pings ------------------------------------------------------------------------------------------------------- */

const ten = numbers(10).map((i) => `ping ${i}`);

cases('pings', {
    'an empty ping is answered': { send: [ping()], expect: [['pong', '']] },
    'a payload comes back': { send: [ping('are you there?')], expect: [['pong', 'are you there?']] },
    'a payload need not be text': {
        send: [ping(hex('00 ff fe fd fc fb 00 ff'))],
        expect: [['pong', hex('00fffefdfcfb00ff')]],
    },
    '125 bytes come back': { send: [ping(noise(125))], expect: [['pong', noise(125)]] },
    '126 bytes are refused': { send: [ping(noise(126))], end: 1002 },
    'a ping of 64 KiB is refused before it is there': { send: [ping('', { claim: 65536 })], follow: false, end: 1002 },
    'a short length in 16 bits is refused': { send: [ping('hi', { form: 16 })], end: 1002 },
    'a ping whose every byte comes by itself is answered': {
        send: [ping(noise(125))],
        drip: true,
        expect: [['pong', noise(125)]],
    },
    'ten in a row are answered in order': {
        send: ten.map((each) => ping(each)),
        expect: ten.map((each) => ['pong', each]),
    },
    'ten in a row, byte by byte, are answered in order': {
        send: ten.map((each) => ping(each)),
        drip: true,
        expect: ten.map((each) => ['pong', each]),
    },
    'a pong nobody asked for is no trouble': { send: [pong(), ping('still')], expect: [['pong', 'still']] },
    'nor is one with a payload': { send: [pong('unsolicited'), text('hello')], expect: [['text', 'hello']] },
    'pongs between pings change nothing': {
        send: [pong('a'), ping('b'), pong('c'), pong('d'), ping('e')],
        expect: [
            ['pong', 'b'],
            ['pong', 'e'],
        ],
    },
    'a pong of 126 bytes is refused': { send: [pong(noise(126))], end: 1002 },
});

/* ---- reserved bits and opcodes ----------------------------------------------------------------------------------- */

describe('reserved bits', () => {
    for (const [kind, opcode] of Object.entries(OP).filter(([name]) => name !== 'continuation')) {
        for (const rsv of [1, 2, 3, 4, 5, 6, 7]) {
            test(`${rsv.toString(2).padStart(3, '0')} on a ${kind} is refused, and what came before is answered`, () =>
                play({
                    send: [text('before'), frame(opcode, opcode === OP.close ? closing(1000) : 'x', { rsv })],
                    expect: [['text', 'before']],
                    end: 1002,
                }));
        }
    }
    for (const rsv of [1, 2, 4, 7]) {
        test(`${rsv.toString(2).padStart(3, '0')} on a continuation is refused`, () =>
            play({ send: [text('a', part), more('b', { rsv })], end: 1002 }));
    }
});

describe('reserved opcodes', () => {
    for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
        test(`${opcode} is refused, and what came before is answered`, async () => {
            await play({ send: [frame(opcode)], end: 1002 });
            await play({ send: [text('before'), frame(opcode, 'x')], expect: [['text', 'before']], end: 1002 });
            await play({ send: [text('a', part), frame(opcode, 'x'), more('b')], end: 1002 });
        });
    }
});

/* ---- fragments --------------------------------------------------------------------------------------------------- */

cases('fragments', {
    ...Object.fromEntries(
        numbers(10).map((i) => {
            const bytes = Buffer.from(sentence);
            const places = numbers(i).map((n) => Math.floor(((n + 1) * bytes.length) / (i + 1)));
            return [
                `a text in ${i + 1} is one message`,
                { send: fragments(OP.text, bytes, places), expect: [['text', bytes]] },
            ];
        }),
    ),
    'a text in fragments of one byte is one message': {
        send: fragments(OP.text, sentence, numbers(Buffer.from(sentence).length).slice(1)),
        expect: [['text', sentence]],
    },
    'fragments whose every byte comes by itself are one message': {
        send: fragments(OP.text, sentence, [3, 4, 11]),
        drip: true,
        expect: [['text', sentence]],
    },
    'binary fragments are one message': {
        send: fragments(OP.binary, noise(3000), [1, 126, 2000]),
        expect: [['binary', noise(3000)]],
    },
    'empty fragments are a message, too': { send: [text('', part), more('', part), more('')], expect: [['text', '']] },
    'empty fragments change nothing': {
        send: [text('', part), more('', part), more('hel', part), more('', part), more('lo', part), more('')],
        expect: [['text', 'hello']],
    },
    'the kind is that of the first fragment': {
        send: [binary('a', part), more(hex('ff')), text('b', part), more('c')],
        expect: [
            ['binary', hex('61ff')],
            ['text', 'bc'],
        ],
    },
    'a ping between is answered at once': {
        send: [text('hel', part), ping('now'), more('lo')],
        expect: [
            ['pong', 'now'],
            ['text', 'hello'],
        ],
    },
    'pings and pongs between each are answered in order': {
        send: [
            text('a', part),
            ping('1'),
            pong('x'),
            more('b', part),
            ping('2'),
            more('', part),
            ping('3'),
            more('c'),
            ping('4'),
        ],
        expect: [
            ['pong', '1'],
            ['pong', '2'],
            ['pong', '3'],
            ['text', 'abc'],
            ['pong', '4'],
        ],
    },
    'a ping inside a message is answered before the message goes on': {
        send: [binary(noise(70000), part), ping('in'), more(noise(70000))],
        expect: [
            ['pong', 'in'],
            ['binary', Buffer.concat([noise(70000), noise(70000)])],
        ],
    },
    'a close frame between ends it': { send: [text('a', part), close(closing(1000)), more('b')], end: 1000 },
    'a continuation of nothing is refused': { send: [more('a')], end: 1002 },
    'an unfinished continuation of nothing is refused': { send: [more('a', part), more('b')], end: 1002 },
    'an empty continuation of nothing is refused': { send: [more()], end: 1002 },
    'a continuation after the last fragment is refused': {
        send: [text('a', part), more('b'), more('c')],
        expect: [['text', 'ab']],
        end: 1002,
    },
    'a continuation after a whole message is refused': {
        send: [text('a'), more('b')],
        expect: [['text', 'a']],
        end: 1002,
    },
    'a new text inside a text is refused': { send: [text('a', part), text('b')], end: 1002 },
    'a new unfinished text inside a text is refused': { send: [text('a', part), text('b', part)], end: 1002 },
    'a new binary inside a text is refused': { send: [text('a', part), binary('b')], end: 1002 },
    'a new text inside a binary is refused': { send: [binary('a', part), more('b', part), text('c')], end: 1002 },
    'a ping in fragments is refused': { send: [ping('a', part), more('b')], end: 1002 },
    'a pong in fragments is refused': { send: [pong('a', part), more('b')], end: 1002 },
    'a close frame in fragments is refused': { send: [close(closing(1000), part), more('b')], end: 1002 },
    'an unfinished ping inside a message is refused': {
        send: [text('a', part), ping('b', part), more('c')],
        end: 1002,
    },
});

/* ---- closing ----------------------------------------------------------------------------------------------------- */

const mayBeSent = [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4001, 4999,
];
const mayNotBeSent = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 10000, 65535];

cases('closing', {
    ...Object.fromEntries(
        mayBeSent.map((code) => [
            `${code} is answered with ${code}`,
            { send: [close(closing(code, 'bye'))], end: code },
        ]),
    ),
    ...Object.fromEntries(
        mayNotBeSent.map((code) => [`${code} is refused`, { send: [close(closing(code))], end: 1002 }]),
    ),
    'without a code it is answered': { send: [close()], end: [1000, 1005] },
    'half a code is refused': { send: [close('x')], end: 1002 },
    'a reason of 123 bytes is fine': { send: [close(closing(1000, 'r'.repeat(123)))], end: 1000 },
    'a reason of 124 bytes is refused': { send: [close(closing(1000, 'r'.repeat(124)))], end: 1002 },
    'a reason in any language is fine': { send: [close(closing(1000, 'Bis bald — さようなら'))], end: 1000 },
    'a reason that is not UTF-8 is refused': { send: [close(closing(1000, hex('ce ba ed a0 80')))], end: 1007 },
    'a reason that ends inside a character is refused': { send: [close(closing(1000, hex('61 e2 82')))], end: 1007 },
    'a close frame whose every byte comes by itself is answered': {
        send: [close(closing(1001, 'x'))],
        drip: true,
        end: 1001,
    },
    'what came before is answered first': {
        send: [text('a'), ping('b'), close(closing(1000))],
        expect: [
            ['text', 'a'],
            ['pong', 'b'],
        ],
        end: 1000,
    },
    'a long message before it is answered whole': {
        send: [text(letters(256 << 10)), close(closing(1000))],
        expect: [['text', letters(256 << 10)]],
        end: 1000,
    },
    'messages behind it are not answered': {
        send: [close(closing(1000)), text('a'), text('b', part), more('c')],
        end: 1000,
    },
    'a ping behind it is not answered': { send: [close(closing(1000)), ping('a')], end: 1000 },
    'a second one is not answered': { send: [close(closing(1000)), close(closing(1001))], end: 1000 },
    'nonsense behind it is no violation any more': {
        send: [close(closing(1000)), frame(3, 'x', { rsv: 7, mask: false })],
        end: 1000,
    },
    'a violation behind a violation changes nothing': {
        send: [more('a'), text(hex('ff')), close(hex('00'))],
        end: 1002,
    },
});

describe('closing', () => {
    test('the server ends the connection, the client need not', async () => {
        const client = await open();
        await client.drip([close(closing(1000))]);
        assert.deepEqual(await client.closed, { code: 1000, reason: '', clean: true });
    });

    test('clients that vanish, with a word half said or with a reset, leave the server well', async () => {
        const gone = await Promise.all(numbers(8).map(() => open()));
        gone.forEach((client, i) => {
            client.write(text('half a mess', part), frame(OP.continuation, 'age').subarray(0, i));
            client.destroy({ reset: i % 2 === 0 });
        });
        await play({ send: [text('and you?')], expect: [['text', 'and you?']] });
    });
});

/* ---- limits and volumes ------------------------------------------------------------------------------------------ */

describe('limits', () => {
    test('a message of 65,536 bytes is read where members speak', async () => {
        const client = await open(atTeams);
        client.write(text(padded(65536)));
        await client.next('pong');
        client.write(
            ...fragments(
                OP.text,
                padded(65536),
                numbers(15).map((i) => (i + 1) * 4096),
            ),
        );
        await client.next('pong');
        await client.close();
    });

    for (const [what, frames] of [
        ['in one frame', [text(padded(65537))]],
        ['in fragments', fragments(OP.text, padded(65537), [1, 65536])],
        [
            'in many fragments',
            fragments(
                OP.text,
                padded(66000),
                numbers(65999)
                    .slice(1)
                    .filter((i) => i % 100 === 0),
            ),
        ],
        ['of binary', [binary(noise(65537))]],
        ['64 times', [text(padded(4 * MiB))]],
    ]) {
        test(`one byte more ${what} ends in 1009, and the code arrives`, async () => {
            const client = await open(atTeams);
            client.write(...frames);
            assert.equal((await client.closed).code, 1009);
        });
    }

    for (const [what, claim] of [
        ['32 MiB', 32 * MiB],
        ['4 GiB', 2 ** 32],
        ['2^62 bytes', 2n ** 62n],
    ]) {
        test(`a frame that announces ${what} is refused before they come`, () =>
            play({ send: [binary('', { form: 64, claim })], follow: false, end: 1009 }));
    }

    test('a last fragment that would be too much is refused before it comes', () =>
        play({
            send: [binary(noise(70000), part), more('', { form: 64, claim: 17 * MiB })],
            follow: false,
            end: 1009,
        }));
});

describe('volumes', () => {
    const thousand = numbers(1000).map((i) => `message ${i} `.repeat(1 + (i % 9)));
    const echoed = thousand.map((each) => ['text', each]);

    test('1,000 small messages in one write come back in order', async () => {
        await play({ send: thousand.map((each) => text(each)), expect: echoed });
    });

    test('1,000 small messages in 1,000 writes come back in order', async () => {
        const client = await open();
        for (const each of thousand) client.write(text(each));
        await comes(client, echoed);
        await client.close();
    });

    test('1,000 small messages, each after the answer to the last', async () => {
        const client = await open();
        for (const each of thousand) {
            client.write(text(each));
            await comes(client, [['text', each]]);
        }
        await client.close();
    });

    test('1,000 pings and messages in turn', () =>
        play({
            send: thousand.flatMap((each, i) => [ping(`${i}`), text(each)]),
            expect: thousand.flatMap((each, i) => [
                ['pong', `${i}`],
                ['text', each],
            ]),
        }));

    const big = Buffer.from('Grüße vom Spaziergang 🚶🏽 '.repeat(1 + (16 * MiB) / 28)).subarray(0, 16 * MiB);
    big.fill('.', 16 * MiB - 4); // the last character whole
    const places = (step) =>
        numbers(Math.ceil(big.length / step))
            .slice(1)
            .map((i) => i * step);

    test('16 MiB of text come back', () => play({ send: [text(big)], expect: [['text', big]] }));
    test('16 MiB of binary come back', () => play({ send: [binary(big)], expect: [['binary', big]] }));
    test('16 MiB of text in fragments of 64 KiB come back', () =>
        play({ send: fragments(OP.text, big, places(65536)), expect: [['text', big]] }));
    test('16 MiB of binary in fragments of 1,021 bytes come back', () =>
        play({ send: fragments(OP.binary, big, places(1021)), expect: [['binary', big]] }));
    test('16 MiB of compressed text come back', () =>
        play({ send: [text(deflated(big), { rsv: 4 })], expect: [['text', big]], on: { deflate: true } }));
});
