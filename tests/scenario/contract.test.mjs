/* The judge itself: a reply that breaks the contract in any way must not pass checkReply(), nor a reply in assertMatch(). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertSentence, checkReply } from './contract.mjs';
import { assertMatch, match } from './match.mjs';

const get = { method: 'GET', path: '/capabilities' };
const poll = { presence: 60, posts: 30 };
const good = { realtime: false, socket: null, version: '0.1.0', poll, push: { publicKey: 'BCVx' } };

/* A reply as request() gives it, good unless changed. */
function reply({ status = 200, headers = {}, json, body, drop = [] } = {}) {
    const content = body ?? JSON.stringify(json ?? good);
    const all = {
        'content-type': 'application/json',
        etag: '"abc"',
        'cache-control': 'private, no-cache',
        'x-request-id': '00ff',
        ...headers,
    };
    for (const name of drop) delete all[name];
    const type = all['content-type']?.split(';')[0];
    return {
        status,
        headers: all,
        type,
        bytes: Buffer.from(content),
        body: content,
        json: type?.endsWith('json') && content ? JSON.parse(content) : undefined,
    };
}

const problem = (change = {}, more = {}) =>
    reply({
        status: change.status ?? 400,
        drop: ['etag'],
        ...more,
        headers: { 'content-type': 'application/problem+json', ...more.headers },
        json: {
            type: '/docs#invalid',
            title: 'Not valid',
            status: 400,
            detail: 'The field "name" is missing.',
            requestId: '00ff',
            ...change,
        },
    });

describe('checkReply', () => {
    test('lets a good answer pass', () => {
        checkReply(get, reply());
        checkReply(get, reply({ headers: { 'content-type': 'application/json; charset=utf-8' } }));
        checkReply(get, reply({ status: 304, body: '', drop: ['content-type'] }));
        checkReply(get, problem());
        checkReply({ method: 'HEAD', path: '/capabilities' }, reply({ body: '' }));
        checkReply(
            { method: 'POST', path: '/capabilities' },
            problem(
                { status: 405, type: '/docs#method-not-allowed', title: 'Method not allowed' },
                { headers: { allow: 'GET, HEAD' } },
            ),
        );
        checkReply(
            { method: 'GET', path: '/nothing' },
            problem({ status: 404, type: '/docs#not-found', title: 'Not found' }),
        );
    });

    for (const [what, asked, bad] of [
        ['an undeclared field', get, reply({ json: { ...good, extra: 1 } })],
        ['an undeclared field inside', get, reply({ json: { ...good, poll: { ...poll, extra: 1 } } })],
        ['a missing field', get, reply({ json: { ...good, poll: undefined } })],
        ['a wrong type', get, reply({ json: { ...good, realtime: 'no' } })],
        ['an undeclared status', get, reply({ status: 202 })],
        ['an undeclared header', get, reply({ headers: { 'x-debug': '1' } })],
        ['a missing ETag', get, reply({ drop: ['etag'] })],
        ['a weak ETag', get, reply({ headers: { etag: 'W/"abc"' } })],
        ['another content type', get, reply({ headers: { 'content-type': 'text/plain' } })],
        ['a 304 with a body', get, reply({ status: 304 })],
        ['a HEAD with a body', { method: 'HEAD', path: '/capabilities' }, reply()],
        [
            'a poll without advice',
            { method: 'GET', path: '/presence' },
            reply({ json: { team: '2', count: 1, activeCoaches: [] } }),
        ],
        [
            'advice that is no number',
            { method: 'GET', path: '/presence' },
            reply({ json: { team: '2', count: 1, activeCoaches: [] }, headers: { 'x-poll-interval': 'soon' } }),
        ],
        [
            'an id that is a number',
            { method: 'GET', path: '/presence' },
            reply({ json: { team: 2, count: 1, activeCoaches: [] }, headers: { 'x-poll-interval': '60' } }),
        ],
        ['a problem of another status', get, problem({ type: '/docs#not-found', title: 'Not found' })],
        ['a problem that says another status', get, problem({ status: 404 }, { status: 400 })],
        ['a problem with another title', get, problem({ title: 'Oops' })],
        ['a problem with another request id', get, problem({ requestId: '1234' })],
        ['a problem that shows the inside', get, problem({ detail: 'The call sqlite3_step failed.' })],
        [
            'a 405 without Allow',
            { method: 'POST', path: '/capabilities' },
            problem({ status: 405, type: '/docs#method-not-allowed', title: 'Method not allowed' }),
        ],
        [
            'a 429 without Retry-After',
            get,
            problem({ status: 429, type: '/docs#rate-limited', title: 'Too many requests' }),
        ],
        ['a method that is not declared', { method: 'POST', path: '/capabilities' }, reply()],
    ]) {
        test(`stops ${what}`, () => assert.throws(() => checkReply(asked, bad), assert.AssertionError));
    }
});

describe('assertSentence', () => {
    for (const bad of [
        'missing name.',
        'The name is missing',
        'Missing.',
        'The field team_id is missing.',
        'The value is (null).',
        'SELECT id FROM posts failed, sorry.',
        'The file /var/lib/porchlight.db is locked.',
        'See api/routes.c:12 for more.',
        'A value of %d is too big.',
        'The call read() failed.',
    ]) {
        test(`stops “${bad}”`, () => assert.throws(() => assertSentence(bad, 'it')));
    }
    test('lets a sentence pass', () => assertSentence('The field "appearOffline" has to be true or false.', 'it'));
});

describe('assertMatch', () => {
    test('finds every kind of difference', () => {
        for (const [actual, expected] of [
            [{ a: 1 }, { a: 2 }],
            [{ a: 1 }, { b: 1 }],
            [[1, 2], [1]],
            [[], [1]],
            [null, { a: 1 }],
            ['x', /y/],
            [5, /5/],
            [{ a: 1 }, { a: match.absent }],
            [{}, { a: match.any }],
            [[{ a: 1 }], match.includes({ a: 2 })],
            [[{ a: 1 }], match.excludes({ a: 1 })],
            [[{ a: 1 }, {}], match.every({ a: 1 })],
            ['0', match.id],
            [7, match.id],
            ['2026-01-01', match.time],
            [1, '1'],
            [undefined, null],
        ]) {
            assert.throws(
                () => assertMatch(actual, expected, 'it'),
                `${JSON.stringify(actual)} is not ${JSON.stringify(expected)}`,
            );
        }
    });
    test('lets pass what is as expected', () => {
        assertMatch(
            { id: '7', at: '2026-01-01T00:00:00.000Z', list: [{ a: 1, b: 2 }], more: true },
            { id: match.id, at: match.time, list: [{ a: 1 }] },
            'it',
        );
    });
});
