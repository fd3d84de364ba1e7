/*
 * Bytes that no honest client sends, and odd ones that some do. DESIGN section 8.
 *
 * Every refused head is followed, in the same write, by an honest request: a server that loses its place in the stream, or that
 * leaves the connection open, would answer it. And every refused head asks for something that would leave a
 * trace, so that a handler that ran all the same is seen.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, expectStatus, startServer } from './harness.mjs';
import { exchange, rawClient } from './raw.mjs';

let server;
let token;
let post;
before(async () => {
    server = await startServer();
    token = await server.token('member1');
    post = expectStatus(await as(server, 'sarah').post('/posts', { body: 'Nobody likes this one' }), 201).id;
});
after(() => server?.stop());

/* A like, whose traces are easy to find, with more header lines. */
const like = (...lines) => [`PUT /posts/${post}/like HTTP/1.1`, 'Host: walkers.example', `Authorization: Bearer ${token}`, ...lines, '', ''].join('\r\n');
/* The same with a line of the head exchanged. */
const likeWith = (from, to) => {
    const head = like('Content-Length: 0');
    assert.ok(head.includes(from), from);
    return head.replace(from, () => to);
};
const honest = 'GET /healthz HTTP/1.1\r\nHost: walkers.example\r\n\r\n';

/*
 * Sends the bytes and an honest request behind them. There must be one reply at most, with one of the given statuses and
 * `Connection: close`, and then the end. `silent`: libmicrohttpd may hang up without a word. `ours`: the reply is a problem.
 */
async function refused(bytes, { status, silent = false, ours = false }) {
    const replies = await rawClient(server).write(bytes + honest).closed();
    assert.ok(replies.length <= 1, `answered ${replies.length} times: ${replies.map((each) => each.status)}`);
    if (replies.length === 0) {
        assert.ok(silent, 'the connection was closed without an answer');
        return;
    }
    const [reply] = replies;
    assert.ok([status].flat().includes(reply.status), `wanted ${status}, got ${reply.status}: ${reply.body}`);
    assert.equal(reply.headers.get('connection')?.toLowerCase(), 'close');
    if (!ours) return;
    assert.equal(reply.headers.get('content-type'), 'application/problem+json');
    const problem = JSON.parse(reply.body);
    assert.equal(problem.status, reply.status);
    assert.match(problem.detail, /^[A-Z].*\.$/, 'a sentence');
}

async function untouched() {
    const seen = expectStatus(await as(server, 'member1').get(`/posts/${post}`), 200);
    assert.equal(seen.count, 0, 'a refused request was carried out');
}

/* A table of refusals: name -> [bytes, expectation]. */
function refusals(name, table) {
    describe(name, () => {
        for (const [what, make, expectation] of table) test(what, () => refused(make(), expectation));
        test('none of them was carried out', untouched);
    });
}

const bad = { status: 400, ours: true };
const badByLibrary = { status: 400 };
const hex = (byte) => `0x${byte.toString(16).padStart(2, '0')}`;

refusals('Transfer-Encoding', [
    ...['chunked', 'Chunked', 'identity', 'gzip, chunked', 'chunked, chunked', 'chunked ', '\tchunked', '"chunked"', 'x', ''].map((value) =>
        [JSON.stringify(value), () => like(`Transfer-Encoding: ${value}`) + '0\r\n\r\n', { status: 411, ours: true }]),
    ['in capitals', () => like('TRANSFER-ENCODING: chunked') + '0\r\n\r\n', { status: 411, ours: true }],
    ['beside a Content-Length', () => like('Content-Length: 5', 'Transfer-Encoding: chunked') + '0\r\n\r\n', { status: 411, ours: true }],
    ['twice', () => like('Transfer-Encoding: chunked', 'Transfer-Encoding: identity') + '0\r\n\r\n', { status: 411, ours: true }],
    ['a blank before the colon', () => like('Transfer-Encoding : chunked') + '0\r\n\r\n', bad],
    ['on a folded line', () => like('Transfer-Encoding:', ' chunked') + '0\r\n\r\n', { status: [400, 411], ours: true }],
    ['behind a NUL', () => like('X: 1\0', 'Transfer-Encoding: chunked') + '0\r\n\r\n', bad],
    ['behind a bare line feed', () => like('X: 1\nTransfer-Encoding: chunked') + '0\r\n\r\n', { status: [400, 411], ours: true }],
]);

refusals('Content-Length', [
    ['two that differ', () => like('Content-Length: 0', `Content-Length: ${honest.length}`), bad],
    ['two that agree', () => like('Content-Length: 0', 'Content-Length: 0'), bad],
    ['two in different spelling', () => like('content-length: 0', 'CONTENT-LENGTH: 0'), bad],
    ['far over the limit', () => like('Content-Length: 16777217'), { status: 413, ours: true }],
    ['as long as the library can count', () => like('Content-Length: 18446744073709551615'), { status: 413, ours: true }],
]);

/*
 * What is no number at all libmicrohttpd 0.9.75 refuses by itself, before anybody is asked, and sends the head of its refusal twice.
 * What matters holds: the refusal comes first, the connection ends, nobody else is answered, nothing is carried out.
 */
describe('Content-Length that is no number', () => {
    const values = ['+0', '-0', '-1', '0x0', '0 0', '0,0', '0, 0', '0;', '1e1', '0.0', '"0"', 'abc', '\xb2', '',
        '18446744073709551616', '99999999999999999999999999'];
    for (const value of values)
        test(JSON.stringify(value), async () => {
            const text = await rawClient(server).write(like(`Content-Length: ${value}`) + honest).everything();
            assert.match(text, /^HTTP\/1\.1 (400|413) /);
            assert.match(text, /\r\nConnection: close\r\n/);
            assert.doesNotMatch(text, /HTTP\/1\.1 2|status"/, 'something was answered after the refusal');
        });
    test('none of them was carried out', untouched);
});

refusals('Host', [
    ['none', () => likeWith('Host: walkers.example\r\n', ''), bad],
    ['two', () => like('Host: other.example', 'Content-Length: 0'), bad],
    ['two that agree', () => like('Host: walkers.example', 'Content-Length: 0'), bad],
    ...['a b', 'a\tb', 'a/b', 'a@b', 'a,b', 'a\\b', 'a?b', 'a#b', '<a>', '"a"', 'a|b', 'a{b}', 'a\xe9b', '\x80', 'walkers.example, other.example'].map((value) =>
        [JSON.stringify(value), () => likeWith('Host: walkers.example', `Host: ${value}`), bad]),
]);

refusals('blanks where none belong', [
    ['in the method', () => likeWith('PUT ', 'PU T '), { ...badByLibrary, silent: true }],
    ['before the method', () => ` ${like('Content-Length: 0')}`, { ...badByLibrary, silent: true }],
    ['two after the method', () => likeWith('PUT ', 'PUT  '), bad],
    ['a tab after the method', () => likeWith('PUT ', 'PUT\t'), { ...badByLibrary, silent: true }],
    ['in the target', () => likeWith('/like', '/li ke'), bad],
    ['a version in the target', () => likeWith('/like', '/like HTTP/1.1'), bad],
    ['at the end of the target', () => likeWith('/like ', '/like  '), bad],
    ['a tab in the target', () => likeWith('/like', '/like\t'), bad],
    ['after the version', () => likeWith('HTTP/1.1\r\n', 'HTTP/1.1 \r\n'), badByLibrary],
    ['in a header name', () => like('X Y: 1', 'Content-Length: 0'), bad],
    ['before a colon', () => likeWith('Host:', 'Host :'), bad],
    ['a tab before a colon', () => likeWith('Host:', 'Host\t:'), bad],
    ['before the first header', () => likeWith('Host:', ' Host:'), bad],
    ['no colon', () => like('Nothing', 'Content-Length: 0'), badByLibrary],
    ['no header name', () => like(': 1', 'Content-Length: 0'), bad],
    ...['(', ')', ',', '/', ';', '<', '=', '>', '?', '@', '[', '\\', ']', '{', '}', '"', '\x80', '\xe9'].map((c) =>
        [`${JSON.stringify(c)} in a header name`, () => like(`X${c}Y: 1`, 'Content-Length: 0'), bad]),
]);

const controls = [...Array(0x20).keys(), 0x7f].filter((byte) => ![0x09, 0x0a, 0x0d].includes(byte));

/* In the method libmicrohttpd may take offence first; everywhere else the check of the head must. */
refusals('control bytes', controls.flatMap((byte) => {
    const c = String.fromCharCode(byte);
    return [
        [`${hex(byte)} in the method`, () => likeWith('PUT', `PU${c}T`), { ...bad, silent: true }],
        [`${hex(byte)} in the target`, () => likeWith('/like', `/like${c}`), bad],
        [`${hex(byte)} in the query`, () => likeWith('/like', `/like?a=${c}`), bad],
        [`${hex(byte)} in the version`, () => likeWith('HTTP/1.1', `HTTP/1.1${c}`), badByLibrary],
        [`${hex(byte)} in a header name`, () => like(`X${c}Y: 1`, 'Content-Length: 0'), { status: 400 }],
        [`${hex(byte)} in a header value`, () => like(`X: a${c}b`, 'Content-Length: 0'), bad],
        [`${hex(byte)} in the value of Host`, () => likeWith('walkers', `walk${c}ers`), bad],
        [`${hex(byte)} at the end of a value`, () => like(`X: a${c}`, 'Content-Length: 0'), bad],
    ];
}));

refusals('NUL hides nothing', [
    ['the rest of a target', () => likeWith('/like', '/like\0/../pin'), bad],
    ['the rest of a value', () => like('X: 1\0 and more', 'Content-Length: 0'), bad],
    ['a header line that begins with it', () => like('\0X: 1', 'Content-Length: 0'), bad],
    ['NUL, a byte and line feeds for the empty line', () => like('Content-Length: 0').replace(/\r\n\r\n$/, '\0x\n\n'), bad],
]);

refusals('line ends', [
    ['bare line feeds everywhere', () => like('Content-Length: 0').replaceAll('\r\n', '\n'), bad],
    ['a bare line feed after the request line', () => likeWith('HTTP/1.1\r\n', 'HTTP/1.1\n'), bad],
    ['a bare line feed after a header', () => likeWith('walkers.example\r\n', 'walkers.example\n'), bad],
    ['a bare line feed at the end', () => like('Content-Length: 0').replace(/\r\n\r\n$/, '\r\n\n'), bad],
    ['a bare carriage return in a value', () => like('X: a\rb', 'Content-Length: 0'), bad],
    ['a bare carriage return for a line end', () => like('X: a\rY: b', 'Content-Length: 0'), bad],
    ['a bare carriage return in a name', () => like('X\rY: a', 'Content-Length: 0'), { status: 400 }],
    ['a bare carriage return in the target', () => likeWith('/like', '/li\rke'), bad],
    ['two carriage returns', () => like('X: a\r', 'Content-Length: 0'), bad],
    ['a folded value', () => like('X: a', ' b', 'Content-Length: 0'), bad],
    ['a value folded with a tab', () => like('X: a', '\tb', 'Content-Length: 0'), bad],
    ['a fold of nothing', () => like('X: a', ' ', 'Content-Length: 0'), bad],
    ['a fold as the last line', () => like('Content-Length: 0', 'X: a', ' b'), bad],
    ['a folded Content-Length', () => like('Content-Length:', ` ${honest.length}`), bad],
    ['a folded Host', () => likeWith('Host: walkers', 'Host:\r\n walkers'), bad],
]);

refusals('too long', [
    ['a target', () => likeWith('/like', `/like?${'a'.repeat(3000)}`), { status: 414, ours: true }],
    ['a target longer than all the memory', () => likeWith('/like', `/like?${'a'.repeat(40_000)}`), { status: 414 }],
    ['a header', () => like(`X: ${'a'.repeat(40_000)}`, 'Content-Length: 0'), { status: 431 }],
    ['a head', () => like(...Array.from({ length: 2000 }, (_, i) => `X-${i}: ${'a'.repeat(20)}`), 'Content-Length: 0'), { status: 431 }],
    ['a line without an end', () => 'G'.repeat(40_000), { status: [400, 414], silent: true }],
]);

refusals('other protocols', [
    ['HTTP/2 with prior knowledge', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', { status: [400, 505] }],
    ['HTTP/2.0', () => likeWith('HTTP/1.1', 'HTTP/2.0'), { status: [400, 505] }],
    ['HTTP/0.9', () => `GET /posts/${post}/like\r\n\r\n`, { status: 400, silent: true }],
    ['no version', () => likeWith(' HTTP/1.1', ''), { status: 400 }],
    ...['http/1.1', 'HTTP/1', 'HTTP/1.', 'HTTP/01.1', 'HTTP/1.10', 'HTTP/1.1.1', 'HTTPS/1.1', 'HTTP-1.1', 'XTTP/1.1', 'HTTP/-1.1'].map((version) =>
        [version, () => likeWith('HTTP/1.1', version), { status: [400, 505] }]),
    ['a TLS handshake', () => '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03' + 'A'.repeat(160) + '\r\n\r\n', { status: 400, silent: true }],
    ['noise', () => Array.from({ length: 600 }, (_, i) => String.fromCharCode((i * 167 + 13) % 256)).join('') + '\r\n\r\n', { status: 400, silent: true }],
]);

describe('targets that are no path', () => {
    for (const target of ['http://walkers.example/healthz', 'http://other.example/healthz', 'walkers.example:80', 'healthz', '*', '?a=b', '#', '//healthz', '\\healthz'])
        test(`GET ${target}`, async () => {
            const [reply] = await exchange(server, `GET ${target} HTTP/1.1\r\nHost: walkers.example\r\n\r\n`);
            assert.ok([400, 404].includes(reply.status), `${reply.status}`);
        });
    test('OPTIONS *', async () => {
        const [reply] = await exchange(server, 'OPTIONS * HTTP/1.1\r\nHost: walkers.example\r\n\r\n');
        assert.ok([400, 404, 405].includes(reply.status), `${reply.status}`);
    });
    for (const path of ['/../healthz', '/assets/../healthz', '/%2e%2e/healthz', '/healthz%00', '/healthz%0d%0aX:1', '/%', '/%zz', '/%2fhealthz'])
        test(`GET ${path}`, async () => {
            const [reply] = await exchange(server, `GET ${path} HTTP/1.1\r\nHost: walkers.example\r\n\r\n`);
            assert.ok([400, 404].includes(reply.status), `${reply.status}`);
            assert.doesNotMatch(JSON.stringify([...reply.headers]), /"x"/, 'a header of the client\'s making');
        });
});

describe('methods that nobody serves', () => {
    for (const method of ['TRACE', 'CONNECT', 'PROPFIND', 'get', 'GETX', '!'])
        test(method, async () => {
            const [reply] = await exchange(server, `${method} /healthz HTTP/1.1\r\nHost: walkers.example\r\nX-Secret: 12345\r\n\r\n`);
            assert.ok([400, 405, 501].includes(reply.status), `${reply.status}`);
            assert.doesNotMatch(reply.body, /12345/, 'the request must not be echoed');
            if (reply.status === 405) assert.match(reply.headers.get('allow') ?? '', /GET/);
        });
    test('CONNECT to an authority', async () => {
        const [reply] = await exchange(server, 'CONNECT walkers.example:443 HTTP/1.1\r\nHost: walkers.example:443\r\n\r\n');
        assert.ok([400, 404, 405, 501].includes(reply.status), `${reply.status}`);
    });
});

/* ---- no false alarms ------------------------------------------------------------------------------------------------ */

describe('odd but honest', () => {
    const get = (...lines) => ['GET /presence HTTP/1.1', ...lines, `Authorization: Bearer ${token}`, '', ''].join('\r\n');
    const cases = [
        ['no blank after the colon', () => get('Host:walkers.example', 'Accept:*/*')],
        ['two blanks after the colon', () => get('Host:  walkers.example')],
        ['tabs around values', () => get('Host:\twalkers.example\t', 'Accept: \t */* \t ')],
        ['a blank at the end of a value', () => get('Host: walkers.example ', 'Accept: */* ')],
        ['an empty value', () => get('Host: walkers.example', 'X-Empty:', 'X-Blank:   ')],
        ['a port', () => get('Host: walkers.example:8080')],
        ['an address', () => get('Host: 127.0.0.1')],
        ['an IPv6 address', () => get('Host: [::1]:8080')],
        ['capitals', () => get('HOST: WALKERS.example')],
        ['an underscore in the host', () => get('Host: my_service')],
        ['every byte a name may have', () => get('Host: walkers.example', "!#$%&'*+-.^_`|~09azAZ: 1")],
        ['every byte a value may have', () => get('Host: walkers.example', `X: ${Array.from({ length: 95 }, (_, i) => String.fromCharCode(0x20 + i)).join('')}`)],
        ['bytes above 127 in a value', () => get('Host: walkers.example', 'X-Name: Zo\xc3\xab', 'X-Old: \x80\xff')],
        ['a quoted string', () => get('Host: walkers.example', 'If-None-Match: "a, \\"b\\", c", W/"d"')],
        ['cookies', () => get('Host: walkers.example', 'Cookie: a=1; b="2; 3"; c==; theme=dark')],
        ['colons and blanks in a value', () => get('Host: walkers.example', 'User-Agent: Mozilla/5.0 (X11; Linux): a b  c')],
        ['a hundred headers', () => get('Host: walkers.example', ...Array.from({ length: 100 }, (_, i) => `X-${i}: ${i}`))],
        ['a long header', () => get('Host: walkers.example', `X: ${'a'.repeat(6000)}`)],
        ['what a browser sends', () => get('Host: walkers.example', 'Connection: keep-alive', 'sec-ch-ua: "Chromium";v="120", "Not?A_Brand";v="8"',
            'User-Agent: Mozilla/5.0', 'Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8', 'Accept-Encoding: gzip, deflate, br', 'Accept-Language: de-CH,de;q=0.9',
            'Sec-Fetch-Site: same-origin')],
        ['what a proxy adds', () => get('Host: walkers.example', 'X-Forwarded-For: 192.0.2.1, 10.0.0.1', 'X-Forwarded-Proto: https', 'Forwarded: for="[2001:db8::1]";proto=https', 'Via: 1.1 proxy')],
        ['a second line of a proxy\'s header', () => get('Host: walkers.example', 'X-Forwarded-For: 192.0.2.1', 'X-Forwarded-For: 10.0.0.1')],
        ['a list header on two lines', () => get('Host: walkers.example', 'Accept-Encoding: gzip', 'Accept-Encoding: br', 'If-None-Match: "a"', 'If-None-Match: "b"')],
        ['an empty line before the request', () => `\r\n${get('Host: walkers.example')}`],
        ['a body nobody asked for', () => get('Host: walkers.example', 'Content-Length: 5').replace(/$/, 'GET /')],
        ['a length of nothing', () => get('Host: walkers.example', 'Content-Length: 0')],
    ];
    for (const [name, make] of cases)
        test(name, async () => {
            const [first, second] = await exchange(server, make() + honest, { replies: 2 });
            assert.equal(first.status, 200, first.body);
            assert.notEqual(first.headers.get('connection')?.toLowerCase(), 'close');
            assert.equal(second.body, '{"status":"ok"}');
        });

    test('a long query', async () => {
        const since = 'a'.repeat(1900);
        const [reply] = await exchange(server, `GET /posts/new-count?since=${since} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`);
        assert.equal(reply.status, 400, 'not a cursor, but not too long either');
    });

    test('HTTP/1.0 without a host', async () => {
        const [reply] = await rawClient(server).write('GET /healthz HTTP/1.0\r\n\r\n').closed();
        assert.equal(reply.status, 200);
    });

    test('Connection: close is honoured', async () => {
        const replies = await rawClient(server).write('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n').closed();
        assert.deepEqual(replies.map((each) => each.status), [200]);
        assert.equal(replies[0].headers.get('connection')?.toLowerCase(), 'close');
    });

    test('one byte at a time', async () => {
        const client = rawClient(server);
        for (const c of honest) {
            client.write(c);
            await new Promise((resolve) => { setImmediate(resolve); });
        }
        assert.equal((await client.reply()).status, 200);
        client.destroy();
    });

    test('HEAD is GET without the body', async () => {
        for (const path of ['/healthz', '/capabilities', '/openapi.json', '/', '/nowhere']) {
            const [head, get_] = await exchange(server, `HEAD ${path} HTTP/1.1\r\nHost: a\r\n\r\nGET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`, { replies: 2, heads: [0] });
            assert.equal(head.status, get_.status, path);
            for (const name of ['content-type', 'etag', 'content-length']) {
                if (name === 'content-length' && path === '/nowhere') continue; // its request id differs, not always in length
                assert.equal(head.headers.get(name), get_.headers.get(name), `${name} of ${path}`);
            }
        }
    });
});

describe('pipelining', () => {
    test('twenty requests in one packet', async () => {
        const one = `GET /presence HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`;
        const replies = await exchange(server, (one + honest).repeat(10), { replies: 20 });
        assert.ok(replies.every((each) => each.status === 200));
        assert.deepEqual(replies.map((each) => each.body.startsWith('{"status"')), Array.from({ length: 20 }, (_, i) => i % 2 === 1));
    });

    test('writes, bodies and reads keep their order', async () => {
        const mine = expectStatus(await as(server, 'sarah').post('/posts', { body: 'Like me, leave me' }), 201).id;
        const auth = `Host: a\r\nAuthorization: Bearer ${token}\r\n`;
        const patch = '{"name":"Member One"}';
        const replies = await exchange(server, [
            `PUT /posts/${mine}/like HTTP/1.1\r\n${auth}Content-Length: 0\r\n\r\n`,
            `GET /posts/${mine} HTTP/1.1\r\n${auth}\r\n`,
            `PATCH /me HTTP/1.1\r\n${auth}Content-Type: application/json\r\nContent-Length: ${patch.length}\r\n\r\n${patch}`,
            `DELETE /posts/${mine}/like HTTP/1.1\r\n${auth}\r\n`,
            `GET /posts/${mine} HTTP/1.1\r\n${auth}\r\n`,
            `GET /nowhere HTTP/1.1\r\n${auth}Content-Length: 3\r\n\r\nabc`,
            honest,
        ].join(''), { replies: 7 });
        assert.deepEqual(replies.map((each) => each.status), [200, 200, 200, 200, 200, 404, 200]);
        assert.deepEqual([0, 1, 3, 4].map((i) => JSON.parse(replies[i].body).count), [1, 1, 0, 0]);
    });

    test('a body is not a request', async () => {
        const inner = `PUT /posts/${post}/like HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Length: 0\r\n\r\n`;
        for (const [method, path] of [['GET', '/healthz'], ['DELETE', '/presence'], ['POST', '/nowhere'], ['POST', '/posts'], ['PUT', '/healthz']]) {
            const client = rawClient(server);
            client.write(`${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${inner.length}\r\n\r\n${inner}${honest}`);
            const first = await client.reply();
            if (first.headers.get('connection')?.toLowerCase() === 'close') assert.deepEqual(await client.closed(), []);
            else assert.equal((await client.reply()).body, '{"status":"ok"}', `${method} ${path}`);
            client.destroy();
        }
        await untouched();
    });
});

describe('Expect: 100-continue', () => {
    const head = (length) => `POST /posts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\nExpect: 100-continue\r\n\r\n`;
    const body = '{"body":"Shall I go on?"}';

    test('is answered before the body', async () => {
        const client = rawClient(server).write(head(body.length));
        assert.equal((await client.reply()).status, 100);
        client.write(body);
        assert.equal((await client.reply()).status, 201);
        client.destroy();
    });

    test('a body that is too large is not asked for', async () => {
        const client = rawClient(server).write(head(10_000_000));
        assert.equal((await client.reply()).status, 413);
        assert.deepEqual(await client.closed(), []);
    });
});

/* ---- slow and broken clients ------------------------------------------------------------------------------------------ */

/*
 * The server looks once a second of real time, at idle connections every fourth time, and measures with the clock that
 * these tests move. So a connection that lives a moment after the clock moved lives for that long, and one that is to be cut
 * is waited for.
 */
describe('slow clients', () => {
    const sweep = () => new Promise((resolve) => { setTimeout(resolve, 1500); });
    const posting = (length) => `POST /posts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${slowToken}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
    let slow;
    let slowToken;
    before(async () => {
        slow = await startServer();
        slowToken = await slow.token('member1');
    });
    after(() => slow?.stop());

    const alive = async () => assert.equal((await exchange(slow, honest))[0].status, 200);

    /* The beginning of a request behind a whole one: when that is answered, the server has seen the beginning. */
    async function begun(bytes) {
        const client = rawClient(slow).write(honest + bytes);
        assert.equal((await client.reply()).status, 200);
        return client;
    }

    /* Whatever the server says before it hangs up, it is not a success. */
    async function cut(client) {
        for (const reply of await client.closed()) assert.equal(reply.status, 408);
    }

    function lives(clients) {
        for (const [name, client] of Object.entries(clients)) assert.equal(client.ended, false, `${name} was cut too early`);
    }

    test('a head has 10 s, a body 30 s, an idle connection more than a minute', async () => {
        const body = '{"body":"Slow and steady"}';
        const head = await begun('GET /healthz HTTP/1.1\r\nHost: a\r\n');
        const slowHead = await begun('GET /healthz HTTP/1.1\r\n');
        const dripping = await begun(`${posting(30)}{`);
        const slowBody = await begun(posting(body.length) + body.slice(0, 5));
        const idle = await begun('');

        await slow.advance(8);
        await sweep();
        lives({ head, slowHead, dripping, slowBody, idle });
        assert.equal((await slowHead.write('Host: a\r\n\r\n').reply()).status, 200);
        head.write('X-1: 1\r\n');

        await slow.advance(3); // 11 s
        await cut(head);
        lives({ dripping, slowBody, idle });
        await alive();

        await slow.advance(14); // 25 s
        await sweep();
        lives({ dripping, slowBody, idle });
        assert.equal((await slowBody.write(body.slice(5)).reply()).status, 201);
        dripping.write('"');

        await slow.advance(6); // 31 s
        await cut(dripping);
        await alive();

        await slow.advance(30); // a poll comes once a minute
        await sweep();
        lives({ idle, slowHead, slowBody });
        for (const client of [idle, slowHead, slowBody]) {
            assert.equal((await client.write(honest).reply()).status, 200);
            client.destroy();
        }
    });

    test('a request line has 10 s, however it drips', async () => {
        const silent = rawClient(slow).write('GET /heal');
        const dripping = rawClient(slow);
        const second = await begun('');
        let seconds = 0;
        for (const c of 'GET /healthz?a-line-that-never-comes-to-its-end-though-it-is-not-too-long') {
            if (silent.ended && dripping.ended && second.ended) break;
            for (const client of [dripping, second]) if (!client.ended) client.write(c);
            await new Promise((resolve) => { setTimeout(resolve, 300); });
            if (seconds < 7) lives({ silent, dripping, second });
            await slow.advance(1);
            seconds++;
        }
        for (const client of [silent, dripping, second]) await cut(client);
        await alive();
    });

    test('a hundred of them keep nobody waiting', async () => {
        const many = await Promise.all(Array.from({ length: 100 }, (_, i) => begun(i % 2 ? 'GET /healthz HTTP/1.1\r\nHo' : `${posting(9)}{`)));
        for (let i = 0; i < 20; i++) await alive();
        await slow.advance(31);
        await Promise.all(many.map(cut));
        await alive();
    });
});

describe('broken connections', () => {
    test('a client that closes its half still gets its answer', async () => {
        const client = rawClient(server, { allowHalfOpen: true });
        client.socket.end(Buffer.from(honest));
        const reply = await client.reply();
        assert.equal(reply.status, 200);
        client.destroy();
    });

    /* libmicrohttpd 0.9.75 looks for the client before it sends a resumed answer, and takes half a goodbye for a whole one. */
    test('a client that closes its half while its write waits is written all the same', async () => {
        const mine = expectStatus(await as(server, 'sarah').post('/posts', { body: 'Half a goodbye' }), 201).id;
        const client = rawClient(server, { allowHalfOpen: true });
        client.socket.end(Buffer.from(`PUT /posts/${mine}/like HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Length: 0\r\n\r\n`));
        for (const reply of await client.closed()) assert.equal(reply.status, 200);
        assert.equal(expectStatus(await as(server, 'sarah').get(`/posts/${mine}`), 200).count, 1);
    });

    test('half a request and then the end', async () => {
        const parts = ['', 'GET /healthz HTTP/1.1\r\n', 'GET /healthz HTTP/1.1\r\nHost: a\r\n', `POST /posts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Length: 10\r\n\r\n{`];
        const clients = parts.map((part) => {
            const client = rawClient(server, { allowHalfOpen: true });
            client.socket.end(Buffer.from(part));
            return client;
        });
        // The end may come with the last bytes and go unnoticed: then the request is late, like any other.
        await Promise.all(clients.map((client) => new Promise((resolve) => { client.socket.once('finish', resolve); })));
        assert.equal((await exchange(server, honest))[0].status, 200);
        await server.advance(31);
        for (const client of clients) for (const reply of await client.closed()) assert.ok(reply.status >= 400);
    });

    test('resets at every moment', async () => {
        const whole = like('Content-Length: 0');
        const before_ = expectStatus(await as(server, 'sarah').get(`/posts/${post}`), 200);
        for (let cut = 1; cut < whole.length; cut += 7) {
            const client = rawClient(server).write(whole.slice(0, cut));
            await new Promise((resolve) => { client.socket.once('connect', resolve); });
            client.socket.resetAndDestroy();
        }
        assert.equal(before_.count, 0);
        await untouched();
    });

    test('readers that do not read', async () => {
        const many = Array.from({ length: 20 }, () => {
            const client = rawClient(server);
            client.socket.pause();
            return client.write(`GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(100));
        });
        assert.equal((await exchange(server, honest))[0].status, 200);
        for (const client of many) client.destroy();
    });

    test('an answer that nobody reads has 30 s; one that is read slowly has the time it takes', async () => {
        const own = await startServer();
        const ask = 'GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(400);
        const stuck = rawClient(own);
        const slow = rawClient(own);
        for (const { socket } of [stuck, slow]) {
            socket.removeAllListeners('data');
            socket.pause();
        }
        let taken = 0;
        slow.socket.on('data', (part) => { taken += part.length; slow.socket.pause(); });
        const sip = setInterval(() => slow.socket.resume(), 10);
        stuck.write(ask);
        slow.write(ask);
        const cuts = () => own.logs.filter((line) => line.includes('was not read in time')).length;
        for (let i = 0; i < 40 && cuts() === 0; i++) {
            await own.advance(20);
            await new Promise((resolve) => { setTimeout(resolve, 1000); }); // the server looks once a second of real time
        }
        assert.equal(cuts(), 1);
        assert.ok(taken > 0 && !slow.ended);
        assert.equal((await exchange(own, honest))[0].status, 200);
        clearInterval(sip);
        for (const client of [stuck, slow]) client.destroy();
        await own.stop();
    });

    test('a thousand idle connections', async () => {
        const many = Array.from({ length: 1000 }, () => rawClient(server));
        await Promise.all(many.map((client) => new Promise((resolve, reject) => {
            client.socket.once('connect', resolve);
            client.socket.once('error', reject);
        })));
        const replies = await Promise.all(many.slice(0, 50).map((client) => client.write(honest).reply()));
        assert.ok(replies.every((each) => each.status === 200));
        assert.equal((await exchange(server, honest))[0].status, 200);
        for (const client of many) client.destroy();
    });
});
