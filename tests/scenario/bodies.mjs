/*
 * Bad bodies, made from the schema of a good one: every way in which a field, an object or the bytes can be wrong.
 * Each is {what, body} (a value to be sent as JSON) or {what, raw} (bytes).
 */
import { resolveSchema } from './contract.mjs';

const samples = {
    string: ['a text', 'a text'],
    integer: ['a number', 5],
    fraction: ['a fraction', 1.5],
    boolean: ['true', true],
    array: ['a list', []],
    object: ['an object', {}],
    null: ['null', null],
};

function typesOf(schema) {
    if (schema.oneOf) return schema.oneOf.flatMap((part) => typesOf(resolveSchema(part)));
    return [schema.type].flat();
}

/* Values of types that the field does not have. */
function wrongTypes(schema) {
    const good = typesOf(schema);
    return Object.entries(samples)
        .filter(([type]) => !good.includes(type))
        .map(([, sample]) => sample);
}

const cursor = '^[0-9a-f]{16}-(0|[1-9][0-9]*)-[0-9a-f]{8}\\.(0|[1-9][0-9]*)$';
const ids = [
    ['a name for an id', 'walkers'],
    ['zero', '0'],
    ['a negative id', '-1'],
    ['a leading zero', '012'],
    ['a blank before', ' 1'],
    ['an id of 20 digits', '99999999999999999999'],
    ['an id over 63 bits', '9999999999999999999'],
    ['an id in hexadecimal', '0x1'],
    ['an empty id', ''],
];

const badForPattern = {
    '\\S': [
        ['only blanks', '   '],
        ['only line feeds', '\n\n'],
    ],
    '^\\S+$': [['two words', 'two words']],
    '^/(?!/)': [
        ['another site', 'https://evil.example/'],
        ['another host', '//evil.example/'],
        ['no slash', 'posts/1'],
        ['an empty link', ''],
    ],
    '^(/(?!/)|https?://)': [
        ['a script', 'javascript:alert(1)'],
        ['data', 'data:text/html,hello'],
        ['another host', '//evil.example/'],
        ['no slash', 'posts/1'],
        ['an empty link', ''],
    ],
    '^[1-9][0-9]{0,18}$': ids, // of openapi.json
    '^[1-9][0-9]*$': ids, // of asyncapi.json
    '^[a-z0-9][a-z0-9._-]*$': [
        ['a capital', 'Steps'],
        ['a blank', 'two words'],
        ['an umlaut', 'schönes'],
        ['a slash', 'a/b'],
        ['a dot first', '.steps'],
        ['a hyphen first', '-1'],
        ['only blanks', '   '],
        ['a quote', "a'b"],
    ],
    '^[!-~]+$': [
        ['a blank', 'two words'],
        ['an umlaut', 'schönes'],
    ],
    [cursor]: [
        ['no cursor', 'yesterday'],
        ['half a cursor', 'f8ef86032eb0216d-132'],
        ['an empty cursor', ''],
    ],
    '^[A-Za-z0-9._-]+$': [
        ['a blank', 'two words'],
        ['an umlaut', 'müller'],
        ['a slash', 'a/b'],
        ['a quote', "a'b"],
    ],
};

/* Values of the right type that break a limit. */
function outOfLimits(schema, secret) {
    const bad = [];
    const parts = schema.oneOf ? schema.oneOf.map(resolveSchema) : [schema];
    for (const part of parts) {
        if (part.minLength > 0) bad.push(['an empty text', '']);
        if (part.minLength > 1) bad.push(['a short text', 'x'.repeat(part.minLength - 1)]);
        if (part.maxLength) {
            const start = part.pattern?.startsWith('^/') ? '/' : 'x';
            bad.push(['one character too many', start + 'x'.repeat(part.maxLength)]);
            bad.push(['60,000 characters', start + 'x'.repeat(60000)]);
            if (!part.pattern?.startsWith('^['))
                bad.push(['one character outside the BMP too many', start + '🌻'.repeat(part.maxLength)]);
        }
        if (part.minimum !== undefined)
            bad.push(
                ['below the least', part.minimum - 1],
                ['far below', -9007199254740993],
                ['minus zero point five', -0.5],
            );
        if (part.maximum !== undefined)
            bad.push(['above the most', part.maximum + 1], ['far above', 1e30], ['over 63 bits', 9223372036854775808]);
        if (part.pattern) {
            const known = badForPattern[part.pattern];
            if (!known) throw new Error(`no bad values for the pattern ${part.pattern}`);
            bad.push(...known);
        }
        if (part.maxItems)
            bad.push(
                ['too many items', Array.from({ length: part.maxItems + 1 }, (_, i) => `w${i}`)],
                ['1,000 items', Array.from({ length: 1000 }, (_, i) => `w${i}`)],
            );
        if (part.uniqueItems) bad.push(['an item twice', ['same', 'same']]);
        if (part.items) {
            for (const [what, value] of [...wrongTypes(part.items), ...outOfLimits(part.items)])
                bad.push([`${what} as an item`, [value]]);
        }
        if (part.type === 'string' && !secret)
            bad.push(['a control character', '/a\u0007b'], ['a NUL', '/a\u0000b'], ['a delete', '/a\u007fb']);
    }
    return bad;
}

/* {what, body, field}: one field of `good` at a time made bad. */
export function badFields(schema, good) {
    const found = [];
    for (const [name, unresolved] of Object.entries(schema.properties)) {
        const field = resolveSchema(unresolved);
        const secret = field.format === 'password';
        for (const [what, value] of [...wrongTypes(field), ...outOfLimits(field, secret)]) {
            found.push({ what: `${what} as ${name}`, body: { ...good, [name]: value }, field: name });
        }
    }
    for (const name of schema.required ?? []) {
        const { [name]: left, ...rest } = good;
        found.push({ what: `no ${name}`, body: rest });
    }
    if (schema.additionalProperties !== false) return found; // whatever else it says is its own business
    found.push({ what: 'an unknown field', body: { ...good, surprise: 1 } });
    found.push({
        what: 'a known field in capitals',
        body: {
            ...good,
            ...Object.fromEntries(
                Object.keys(schema.properties)
                    .slice(0, 1)
                    .map((name) => [name.toUpperCase(), 'x']),
            ),
            SURPRISE: true,
        },
    });
    if (!schema.properties.id) found.push({ what: 'an id of its own', body: { ...good, id: '1' } });
    found.push({
        what: 'a prototype',
        raw: JSON.stringify(good).replace(/\}$/, `${Object.keys(good).length ? ',' : ''}"__proto__":{}}`),
    });
    if (schema.minProperties) found.push({ what: 'nothing in it', body: {} });
    return found;
}

/* Nested deeper than anything of ours, in a place where a value may stand. */
const nested = (depth) => '['.repeat(depth) + ']'.repeat(depth);

function badBytes(schema, good) {
    const text = JSON.stringify(good);
    const inside = (extra) => text.replace(/\}$/, `${Object.keys(good).length ? ',' : ''}${extra}}`);
    const [first] = Object.keys(schema.properties);
    const found = [
        ['a list', '[]'],
        ['a text', '"hello"'],
        ['a number', '5'],
        ['null', 'null'],
        ['true', 'true'],
        ['blanks', '   '],
        ['half an object', text.slice(0, -1)],
        ['only a brace', '{'],
        ['something after the object', `${text} {}`],
        ['a comma at the end', inside('"surprise":1,').replace(',}', ',}')],
        ['single quotes', "{'body': 'x'}"],
        ['a bare key', '{body: "x"}'],
        ['a comment', `${text} // hello`],
        ['NaN', inside('"surprise":NaN')],
        ['a leading plus', inside('"surprise":+1')],
        ['a byte order mark', `\ufeff${text}`],
        ['a NUL after it', `${text}\0`],
        ['a NUL before it', `\0${text}`],
        ['nesting of 9', inside(`"surprise":${nested(9)}`)],
        ['nesting of 10,000', inside(`"surprise":${nested(10000)}`)],
        ['only open brackets', '['.repeat(60000)],
        ['only open braces', '{"a":'.repeat(12000)],
        ['a lone surrogate', inside('"surprise":"\\ud83c"')],
        ['a broken escape', inside('"surprise":"\\x41"')],
        ['a raw line feed in a text', inside('"surprise":"a\nb"')],
        ['a form', 'name=value&other=1'],
        ['XML', '<?xml version="1.0"?><post/>'],
    ].map(([what, raw]) => ({ what, raw }));
    for (const [what, bytes] of [
        ['a lone continuation byte', [0x80]],
        ['a cut sequence', [0xe2, 0x82]],
        ['an overlong slash', [0xc0, 0xaf]],
        ['an encoded surrogate', [0xed, 0xa0, 0x80]],
        ['a character beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
        ['0xff', [0xff]],
        ['Latin-1', [0x4d, 0xfc, 0x6c, 0x6c]],
    ]) {
        const key = first ?? 'surprise';
        const rest = Object.fromEntries(Object.entries(good).filter(([name]) => name !== key));
        const head = JSON.stringify(rest).replace(/\}$/, `${Object.keys(rest).length ? ',' : ''}"${key}":"abcdefgh`);
        found.push({
            what: `${what} in a text`,
            raw: Buffer.concat([Buffer.from(head), Buffer.from(bytes), Buffer.from('"}')]),
        });
    }
    if (first && good[first] !== undefined) {
        const value = JSON.stringify(good[first]);
        found.push({ what: 'a field twice', raw: `{"${first}":${value},${text.slice(1)}` });
        found.push({
            what: 'a field twice, once with an escape',
            raw: `{"\\u${first.charCodeAt(0).toString(16).padStart(4, '0')}${first.slice(1)}":${value},${text.slice(1)}`,
        });
    }
    return found;
}

export function badBodies(schema, good) {
    return [...badFields(schema, good), ...badBytes(schema, good)];
}
