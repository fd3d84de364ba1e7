/* Rate limits: 429 with Retry-After, by address for sign-ins and strangers, by member for the rest; the clock heals them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, expectStatus, request, startServer } from './harness.mjs';
import { exchange } from './raw.mjs';

/* Repeats `attempt` until it answers 429; gives back that reply and how many came before it. */
async function exhaust(attempt, most) {
    for (let count = 0; count <= most; count += 1) {
        const reply = await attempt(count);
        if (reply.status === 429) return { reply, count };
    }
    return assert.fail(`no 429 after ${most} requests`);
}

describe('rate limits', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--rate-limit', 'on'] });
    });
    after(() => server.stop());

    test('an address may try to sign in 20 times, and again after Retry-After', async () => {
        const attempt = () => as(server).post('/auth/login', { name: 'member1', password: 'wrong password' });
        const { reply, count } = await exhaust(attempt, 40);
        assert.ok(count >= 20, `only ${count} attempts`);
        assert.equal(reply.json.type, '/docs#rate-limited');
        // The right password does not open the door meanwhile: a dictionary would not notice.
        expectStatus(await as(server).post('/auth/login', { name: 'member2', password: 'porchlight' }), 429);
        await server.advance(Number(reply.headers['retry-after']));
        expectStatus(await as(server).post('/auth/login', { name: 'member2', password: 'porchlight' }), 200);
    });

    test('joining counts as trying to sign in', async () => {
        await server.advance(600);
        const { count } = await exhaust(
            () => as(server).post('/auth/join', { invite: 'guess', name: 'Guess', password: 'guess guess' }),
            40,
        );
        assert.ok(count >= 20, `only ${count} attempts`);
        await server.advance(600);
    });

    test('so does a code that a member shows to join a team', async () => {
        await server.advance(600);
        const { count } = await exhaust(() => as(server, 'member8').post('/teams/join', { code: 'guess' }), 40);
        assert.ok(count >= 20, `only ${count} attempts`);
        expectStatus(await as(server, 'member9').post('/teams/join', { code: 'guess' }), 429);
        await server.advance(600);
    });

    test('and the password that ends an account: who found the tablet may not guess it', async () => {
        // The code is no less secret: it uses up what the address may try.
        await exhaust(() => as(server, 'member8').post('/teams/join', { code: 'guess' }), 40);
        expectStatus(await as(server, 'member8').delete('/me', { password: 'guess' }), 429);
        await server.advance(600);
    });

    test('a member may read 120 times at once; others are not held up', async () => {
        const { reply, count } = await exhaust(() => as(server, 'member3').get('/me'), 1000);
        assert.ok(count >= 120, `only ${count} reads`);
        expectStatus(await as(server, 'member4').get('/me'), 200);
        await server.advance(Number(reply.headers['retry-after']));
        expectStatus(await as(server, 'member3').get('/me'), 200);
    });

    test('hot polls are limited as well', async () => {
        const { count } = await exhaust(() => as(server, 'member5').get('/presence'), 2000);
        assert.ok(count >= 120, `only ${count} polls`);
    });

    test('a member may change something 60 times at once, and still read', async () => {
        const [post] = expectStatus(await as(server, 'member6').get('/posts'), 200).items;
        const { count } = await exhaust(
            (i) =>
                request(server, {
                    method: i % 2 ? 'DELETE' : 'PUT',
                    path: `/posts/${post.id}/like`,
                    as: 'member6',
                }),
            600,
        );
        assert.ok(count >= 60, `only ${count} changes`);
        expectStatus(await as(server, 'member6').get('/me'), 200);
        await server.advance(60);
        expectStatus(await as(server, 'member6').put(`/posts/${post.id}/like`), 200);
    });

    test('an address without credentials may load the app 300 times at once', async () => {
        const { count } = await exhaust(() => as(server).get('/capabilities'), 3000);
        assert.ok(count >= 300, `only ${count} requests`);
        expectStatus(await as(server, 'member7').get('/me'), 200);
        await server.advance(60);
        expectStatus(await as(server).get('/capabilities'), 200);
    });
});

describe('rate limits of strangers', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--rate-limit', 'on'] });
    });
    after(() => server.stop());

    const lines = (event, status) =>
        server.logs.filter((line) => line.includes(`event=${event}`) && (!status || line.includes(`status=${status}`)))
            .length;

    test('tokens that do not hold are neither verified nor logged without end; who is known does not notice', async () => {
        const token = await server.token('member1');
        for (let i = 0; i < 8; i += 1) expectStatus(await as(server, 'member1').get('/me'), 200);
        const attempt = async (i) => request(server, { path: '/me', as: { token: `${token.slice(0, -6)}${1e5 + i}A` } });
        const { count } = await exhaust(attempt, 2000);
        assert.ok(count >= 300, `only ${count} tokens`);
        const refused = lines('token.refused');
        const answers = new Set();
        for (let i = 0; i < 300; i += 1) answers.add((await attempt(5000 + i)).status);
        await server.advance(1); // what was logged before this has been read
        assert.ok(lines('token.refused') - refused < 150, `${lines('token.refused') - refused} more lines of 300`);
        assert.ok(answers.has(429));
        expectStatus(await as(server, 'member1').get('/me'), 200);
        await server.advance(60);
        expectStatus(await as(server, 'member9').get('/me'), 200);
    });

    for (const [what, method, path, status] of [
        ['an address that is nowhere', 'POST', '/nowhere', 404],
        ['a method that is not there', 'DELETE', '/healthz', 405],
        ['a slash too many', 'GET', '/me/', 404],
        ['an address that cannot be read', 'GET', '/posts?%zz', 400],
    ])
        test(`${what} is answered so many times`, async () => {
            await server.advance(60);
            const attempt = async () => {
                const reply = await request(server, { method, path, unchecked: true });
                assert.ok([status, 429].includes(reply.status), `${reply.status}`);
                return reply;
            };
            const { reply, count } = await exhaust(attempt, 3000);
            assert.ok(count >= 300, `only ${count} requests`);
            assert.match(reply.headers['retry-after'], /^[1-9]\d*$/);
        });

    test('so is a head that cannot be read', async () => {
        await server.advance(60);
        const attempt = async () => {
            const [{ status }] = await exchange(server, 'GET / HTTP/1.1\r\n\r\n');
            assert.ok([400, 429].includes(status), `${status}`);
            return { status };
        };
        const { count } = await exhaust(attempt, 3000);
        assert.ok(count >= 300, `only ${count} requests`);
    });
});

describe('rate limits behind a proxy', () => {
    const from = (address) => ({ 'x-forwarded-for': address });
    const attempt = (server, headers) =>
        as(server).post('/auth/login', { name: 'member1', password: 'wrong password' }, headers);

    test('a trusted proxy tells addresses apart', async () => {
        const server = await startServer({ args: ['--rate-limit', 'on', '--trust-proxy', '127.0.0.0/8'] });
        try {
            await exhaust(() => attempt(server, from('192.0.2.1')), 40);
            expectStatus(await attempt(server, from('192.0.2.2')), 401);
            // What the client itself wrote in front does not count, only what the proxy added.
            expectStatus(await attempt(server, from('198.51.100.7, 192.0.2.1')), 429);
        } finally {
            await server.stop();
        }
    });

    test('nobody else can pretend to come from elsewhere', async () => {
        const server = await startServer({ args: ['--rate-limit', 'on'] });
        try {
            const { count } = await exhaust((i) => attempt(server, from(`192.0.2.${i}`)), 60);
            assert.ok(count < 60);
        } finally {
            await server.stop();
        }
    });
});

describe('rate limits switched off', () => {
    test('nobody is held up', async () => {
        const server = await startServer({ args: ['--rate-limit', 'off'] });
        try {
            for (let i = 0; i < 400; i += 1) expectStatus(await as(server, 'member1').get('/me'), 200);
        } finally {
            await server.stop();
        }
    });
});
