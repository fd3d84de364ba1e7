/* The session cookie, the Origin rule that comes with it, and CORS. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, expectStatus, request, startServer } from './harness.mjs';

/* {name, value, attributes} of the one cookie that a reply sets; attribute names in lower case. */
function cookieOf(reply) {
    const lines = reply.headers['set-cookie'] ?? [];
    assert.equal(lines.length, 1, `one cookie: ${lines}`);
    const [pair, ...rest] = lines[0].split(';').map((part) => part.trim());
    const attributes = new Map(rest.map((part) => [part.split('=')[0].toLowerCase(), part.split('=')[1] ?? true]));
    return { name: pair.slice(0, pair.indexOf('=')), value: pair.slice(pair.indexOf('=') + 1), attributes };
}

async function signIn(server, headers) {
    const reply = await as(server).post('/auth/login', { name: 'member1', password: 'porchlight' }, headers);
    expectStatus(reply, 200);
    return cookieOf(reply);
}

describe('the session cookie on plain HTTP', () => {
    let server;
    let cookie;
    before(async () => {
        server = await startServer();
        const found = await signIn(server);
        assert.equal(found.name, 'porchlight');
        assert.equal(found.attributes.get('httponly'), true);
        assert.match(found.attributes.get('samesite'), /^lax$/i);
        assert.equal(found.attributes.get('path'), '/');
        assert.ok(Number(found.attributes.get('max-age')) > 86400);
        assert.ok(!found.attributes.has('secure'), 'Secure would keep it from a browser on http://localhost');
        assert.ok(!found.attributes.has('domain'));
        cookie = `${found.name}=${found.value}`;
    });
    after(() => server.stop());
    const write = (origin, headers = {}) =>
        request(server, {
            method: 'POST',
            path: '/posts',
            as: { cookie },
            body: { body: 'By cookie' },
            headers: { ...(origin ? { origin } : {}), ...headers },
        });

    test('reads without an Origin', async () => {
        assert.equal(expectStatus(await as(server, { cookie }).get('/me'), 200).username, 'member1');
    });

    test('is found among other cookies', async () => {
        expectStatus(await as(server, { cookie: `theme=dark; ${cookie}; last=1` }).get('/me'), 200);
        expectStatus(await as(server, { cookie: `xporchlight=1; theme=${cookie}` }).get('/me'), 401);
    });

    test('writes with the Origin of this site', async () => {
        expectStatus(await write(server.url), 201);
    });

    test('writes with the Origin under which this site was reached', async () => {
        expectStatus(await write(`http://localhost:${server.port}`, { host: `localhost:${server.port}` }), 201);
    });

    for (const [what, origin] of [
        ['without an Origin', undefined],
        ['from another site', 'https://evil.example'],
        ['from another port', 'http://127.0.0.1:1'],
        ['from another scheme', 'https://127.0.0.1'],
        ['from a sandbox', 'null'],
        ['from a name that only begins like this one', (port) => `http://127.0.0.1:${port}.evil.example`],
    ]) {
        test(`does not write ${what}`, async () => {
            const before = expectStatus(await as(server, 'member1').get('/posts'), 200);
            const reply = await write(typeof origin === 'function' ? origin(server.port) : origin);
            expectStatus(reply, 403);
            assert.equal(reply.json.type, '/docs#forbidden');
            assert.deepEqual(expectStatus(await as(server, 'member1').get('/posts'), 200).items[0], before.items[0]);
        });
    }

    test('every unsafe method needs the Origin', async () => {
        const [post] = expectStatus(await as(server, { cookie }).get('/posts'), 200).items;
        for (const [method, path, body] of [
            ['PUT', `/posts/${post.id}/like`],
            ['DELETE', `/posts/${post.id}/like`],
            ['DELETE', '/presence'],
            ['PATCH', '/me', { appearOffline: false }],
            ['POST', '/auth/refresh'],
            ['POST', '/auth/ticket'],
            ['POST', '/teams/join', { code: 'guess' }],
            ['POST', '/auth/logout'],
        ]) {
            expectStatus(await request(server, { method, path, body, as: { cookie } }), 403);
            expectStatus(
                await request(server, { method, path, body, as: { cookie, origin: 'https://evil.example' } }),
                403,
            );
        }
        expectStatus(await as(server, { cookie }).get('/me'), 200);
    });

    test('a token in a header needs no Origin', async () => {
        expectStatus(await as(server, 'member1').post('/posts', { body: 'By token' }), 201);
    });

    test('refresh renews it, logout clears it and ends it', async () => {
        const own = await signIn(server);
        const who = { cookie: `${own.name}=${own.value}`, origin: server.url };
        const renewed = cookieOf(await as(server, who).post('/auth/refresh'));
        assert.notEqual(renewed.value, own.value);
        const cleared = cookieOf(await as(server, who).post('/auth/logout'));
        assert.equal(cleared.name, 'porchlight');
        assert.equal(cleared.attributes.get('path'), '/');
        assert.ok(
            cleared.attributes.get('max-age') === '0' || Date.parse(cleared.attributes.get('expires')) < Date.now(),
        );
        expectStatus(await as(server, who).get('/me'), 401);
        expectStatus(await as(server, { cookie: `${renewed.name}=${renewed.value}` }).get('/me'), 200);
    });
});

describe('the session cookie behind HTTPS', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--public-url', 'https://club.example'] });
    });
    after(() => server.stop());

    test('is bound to this host and never sent in the clear', async () => {
        const found = await signIn(server);
        assert.equal(found.name, '__Host-porchlight');
        assert.equal(found.attributes.get('secure'), true);
        assert.equal(found.attributes.get('httponly'), true);
        assert.equal(found.attributes.get('path'), '/');
        assert.ok(!found.attributes.has('domain'));
        const cookie = `${found.name}=${found.value}`;
        const write = (origin) =>
            request(server, { method: 'POST', path: '/posts', as: { cookie, origin }, body: { body: 'Hello' } });
        expectStatus(await write('https://club.example'), 201);
        expectStatus(await write('http://club.example'), 403);
        expectStatus(await write(server.url), 403);
        expectStatus(await as(server, { cookie: `porchlight=${found.value}` }).get('/me'), 401);
    });

    test('an invite names the public address', async () => {
        const { team } = expectStatus(await as(server, 'sarah').get('/me'), 200);
        const { url, code } = expectStatus(await as(server, 'sarah').post(`/teams/${team.id}/invites`, {}), 201);
        assert.ok(url.startsWith('https://club.example/') && url.includes(code), url);
    });
});

describe('cross-origin requests', () => {
    const friend = 'https://app.example';
    let server;
    before(async () => {
        server = await startServer({ args: ['--cors-origin', friend, '--cors-origin', 'https://other.example'] });
    });
    after(() => server.stop());
    const list = (text) => (text ?? '').split(',').map((part) => part.trim().toLowerCase());
    const preflight = (path, method, origin = friend) =>
        request(server, {
            method: 'OPTIONS',
            path,
            headers: {
                origin,
                'access-control-request-method': method,
                'access-control-request-headers': 'authorization,content-type,idempotency-key',
            },
        });

    test('a listed site may read every kind of answer, and see the headers that clients need', async () => {
        const etag = (await as(server, 'member1').get('/me')).headers.etag;
        const { cursor } = expectStatus(await as(server, 'member1').get('/posts'), 200);
        for (const [path, headers, status] of [
            ['/capabilities', {}, 200],
            ['/me', {}, 200],
            ['/me', { 'if-none-match': etag }, 304],
            ['/presence', {}, 200],
            [`/posts/new-count?since=${cursor}`, {}, 200],
            [`/changes?since=${cursor}`, {}, 200],
            ['/posts/99999999', {}, 404],
        ]) {
            const reply = await as(server, 'member1').get(path, { ...headers, origin: friend });
            assert.equal(reply.status, status, path);
            assert.equal(reply.headers['access-control-allow-origin'], friend, path);
            assert.ok(list(reply.headers.vary).includes('origin'), `${path} varies by origin`);
            const exposed = list(reply.headers['access-control-expose-headers']);
            for (const name of [
                'etag',
                'x-poll-interval',
                'retry-after',
                'x-request-id',
                'idempotency-replayed',
                'location',
            ]) {
                assert.ok(exposed.includes(name), `${path} exposes ${name}`);
            }
        }
    });

    test('a listed site may write', async () => {
        const asked = await preflight('/posts', 'POST');
        assert.ok([200, 204].includes(asked.status));
        assert.equal(asked.headers['access-control-allow-origin'], friend);
        assert.ok(list(asked.headers['access-control-allow-methods']).includes('post'));
        for (const name of ['authorization', 'content-type', 'idempotency-key']) {
            assert.ok(list(asked.headers['access-control-allow-headers']).includes(name), name);
        }
        assert.ok(Number(asked.headers['access-control-max-age']) > 0);
        const reply = await as(server, 'member1').post('/posts', { body: 'From the app' }, { origin: friend });
        expectStatus(reply, 201);
        assert.equal(reply.headers['access-control-allow-origin'], friend);
    });

    test('other methods pass the preflight where they exist', async () => {
        assert.ok(
            list((await preflight('/posts/1/like', 'PUT')).headers['access-control-allow-methods']).includes('put'),
        );
        assert.ok(list((await preflight('/me', 'PATCH')).headers['access-control-allow-methods']).includes('patch'));
        assert.ok(
            list((await preflight('/presence', 'DELETE')).headers['access-control-allow-methods']).includes('delete'),
        );
    });

    test('another site gets no permission', async () => {
        for (const origin of [
            'https://evil.example',
            'https://app.example.evil.example',
            'http://app.example',
            'null',
        ]) {
            assert.equal(
                (await preflight('/posts', 'POST', origin)).headers['access-control-allow-origin'],
                undefined,
                origin,
            );
            const reply = await as(server, 'member1').get('/me', { origin });
            assert.equal(reply.headers['access-control-allow-origin'], undefined, origin);
        }
    });

    test('the cookie is good for a listed site, and of no use to another', async () => {
        const { name, value } = await signIn(server);
        const cookie = `${name}=${value}`;
        const write = (origin) =>
            request(server, { method: 'POST', path: '/posts', as: { cookie, origin }, body: { body: 'With the cookie' } });
        const reply = await write(friend);
        expectStatus(reply, 201);
        assert.equal(reply.headers['access-control-allow-credentials'], 'true');
        assert.equal((await preflight('/posts', 'POST')).headers['access-control-allow-credentials'], 'true');
        for (const origin of ['https://evil.example', `${friend}.evil.example`, 'null']) {
            const refused = await write(origin);
            expectStatus(refused, 403);
            assert.equal(refused.headers['access-control-allow-credentials'], undefined);
        }
    });
});

describe('cross-origin requests to a server that lists nobody', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());

    test('get no permission', async () => {
        const reply = await as(server, 'member1').get('/me', { origin: 'https://app.example' });
        expectStatus(reply, 200);
        assert.equal(reply.headers['access-control-allow-origin'], undefined);
    });
});
