/* /healthz, /readyz, /metrics. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, expectStatus, request, scenarios, startServer, until } from './harness.mjs';

const conditional = (path) => [
    {
        name: 'has an ETag',
        request: `GET ${path}`,
        status: 200,
        then: async ({ headers }, context) => {
            context.etag = headers.etag;
        },
    },
    { name: 'answers 304', request: `GET ${path}`, headers: ({ etag }) => ({ 'if-none-match': etag }), status: 304 },
];

scenarios('GET /healthz', {
    cases: [
        { name: 'says ok to anybody', request: 'GET /healthz', status: 200, reply: { status: 'ok' } },
        ...conditional('/healthz'),
        { name: 'refuses a query', request: 'GET /healthz?deep=1', status: 400, problem: 'invalid' },
        {
            name: 'needs no forwarding header to be trusted',
            request: 'GET /healthz',
            headers: { 'x-forwarded-for': '192.0.2.1' },
            status: 200,
        },
    ],
});

scenarios('GET /readyz', {
    cases: [
        { name: 'says ready', request: 'GET /readyz', status: 200, reply: { status: 'ready', storage: 'ok' } },
        ...conditional('/readyz'),
        { name: 'refuses a query', request: 'GET /readyz?deep=1', status: 400, problem: 'invalid' },
    ],
});

/* The text format, version 0.0.4: {families: name -> {type, help, samples: [{name, labels, value}]}}. Throws on a flaw. */
function parseMetrics(text) {
    assert.ok(text.endsWith('\n'), 'ends with a line feed');
    const families = new Map();
    const seen = new Set();
    const suffix = /_(bucket|sum|count)$/;
    const base = (name) => {
        const short = name.replace(suffix, '');
        return families.get(short)?.type === 'histogram' || families.get(short)?.type === 'summary' ? short : name;
    };
    for (const line of text.split('\n').slice(0, -1)) {
        if (line === '') continue;
        const meta = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
        if (meta) {
            const family = families.get(meta[2]) ?? { samples: [] };
            assert.equal(family[meta[1]], undefined, `${meta[1]} of ${meta[2]} twice`);
            assert.equal(family.samples.length, 0, `${meta[1]} of ${meta[2]} after its samples`);
            family[meta[1]] = meta[3];
            if (meta[1] === 'TYPE') {
                assert.match(meta[3], /^(counter|gauge|histogram|summary|untyped)$/);
                family.type = meta[3];
            }
            families.set(meta[2], family);
            continue;
        }
        assert.ok(!line.startsWith('#'), `a comment that is neither HELP nor TYPE: ${line}`);
        const sample =
            /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (-?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|Inf)|[+]Inf|NaN)$/.exec(
                line,
            );
        assert.ok(sample, `no sample: ${line}`);
        const key = `${sample[1]}{${sample[2] ?? ''}}`;
        assert.ok(!seen.has(key), `${key} twice`);
        seen.add(key);
        const family = families.get(base(sample[1]));
        assert.ok(family?.type, `${sample[1]} has no TYPE before it`);
        const labels = new Map(
            [...(sample[2] ?? '').matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map((found) => [found[1], found[2]]),
        );
        family.samples.push({ name: sample[1], labels, value: Number(sample[3].replace('Inf', 'Infinity')) });
    }
    return families;
}

function checkHistogram(name, family) {
    const series = new Map();
    for (const { name: sample, labels, value } of family.samples) {
        const key = [...labels].filter(([label]) => label !== 'le').join();
        const found = series.get(key) ?? { buckets: [] };
        if (sample.endsWith('_bucket'))
            found.buckets.push([Number(labels.get('le').replace('+Inf', 'Infinity')), value]);
        else found[sample.slice(name.length + 1)] = value;
        series.set(key, found);
    }
    for (const [key, { buckets, sum, count }] of series) {
        assert.ok(buckets.length > 1, `${name}{${key}} has buckets`);
        assert.ok(
            buckets.every(([le, value], i) => i === 0 || (le > buckets[i - 1][0] && value >= buckets[i - 1][1])),
            `${name}{${key}} is cumulative`,
        );
        assert.equal(buckets.at(-1)[0], Infinity, `${name}{${key}} ends with +Inf`);
        assert.equal(buckets.at(-1)[1], count, `${name}{${key}} counts`);
        assert.ok(sum >= 0, `${name}{${key}} has a sum`);
    }
}

describe('GET /metrics', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());
    const forwarded = { 'x-forwarded-for': '192.0.2.1' };
    const read = async () => {
        const reply = await as(server).get('/metrics');
        assert.equal(reply.status, 200);
        return parseMetrics(reply.body);
    };

    test('is valid Prometheus text', async () => {
        await as(server, 'member1').get('/presence');
        await as(server, 'member1').get('/posts');
        await as(server, 'member1').post('/posts', { body: 'Counted' });
        await as(server, 'member1').get('/posts/0');
        const reply = await as(server).get('/metrics');
        assert.match(reply.headers['content-type'], /^text\/plain;\s*version=0\.0\.4/);
        const families = parseMetrics(reply.body);
        for (const [name, family] of families) {
            assert.match(name, /^(porchlight|process)_/, name);
            assert.ok(family.HELP, `${name} has HELP`);
            if (family.type === 'counter') assert.match(name, /_total$/, name);
            if (family.type === 'histogram') checkHistogram(name, family);
        }
    });

    test('has what an operator needs to know', async () => {
        const names = [...(await read()).keys()];
        for (const [what, pattern] of [
            ['requests', /requests|request_/],
            ['latencies', /(seconds|duration|latency)/],
            ['presence', /present|presence/],
            ['writer batches', /batch/],
            ['SQL statements', /^porchlight_sql_statements_total$/],
            ['memory', /memory|bytes/],
            ['members active by day and week', /active/],
            ['posts', /posts/],
            ['likes', /likes/],
        ]) {
            assert.ok(
                names.some((name) => pattern.test(name)),
                `${what}: ${names}`,
            );
        }
        await as(server, 'member1').get('/changes');
        assert.match(
            (await as(server).get('/metrics')).body,
            /^porchlight_\w*requests_total\{[^}]*"\/?changes"[^}]*\} [1-9]/m,
            'polls',
        );
    });

    test('counts requests by route and status', async () => {
        const find = async () => {
            const families = await read();
            const [, family] = [...families].find(([name, f]) => f.type === 'counter' && /requests/.test(name));
            return family.samples
                .filter(
                    ({ labels }) =>
                        [...labels.values()].some((value) => value.includes('/me')) &&
                        [...labels.values()].includes('401'),
                )
                .reduce((sum, { value }) => sum + value, 0);
        };
        const before = await find();
        for (let i = 0; i < 3; i += 1) expectStatus(await as(server).get('/me'), 401);
        assert.equal((await find()) - before, 3);
    });

    test('tells apart every status that a reply can have', async () => {
        const counted = async (status) => {
            const [, family] = [...(await read())].find(([name, f]) => f.type === 'counter' && /requests/.test(name));
            return family.samples
                .filter(({ labels }) => [...labels.values()].includes(String(status)))
                .reduce((sum, { value }) => sum + value, 0);
        };
        const asText = { 'content-type': 'text/plain' };
        for (const [status, asked] of [
            [405, { method: 'PUT', path: '/me' }],
            [411, { method: 'POST', path: '/posts', headers: { 'transfer-encoding': 'chunked' }, unchecked: true }],
            [413, { method: 'POST', path: '/posts', as: 'member1', body: { body: 'x'.repeat(70_000) } }],
            [414, { path: `/posts?team=${'1'.repeat(3000)}` }],
            [415, { method: 'POST', path: '/posts', as: 'member1', raw: '{}', headers: asText }],
            [426, { path: '/ws', as: 'member1', unchecked: true }],
        ]) {
            const before = await counted(status);
            assert.equal((await request(server, asked)).status, status);
            assert.equal((await counted(status)) - before, 1, `${status}`);
        }
    });

    test('does not make a series of what strangers ask for', async () => {
        const before = (await as(server).get('/metrics')).body.split('\n').length;
        for (let i = 0; i < 50; i += 1) await request(server, { path: `/nothing-${i}`, unchecked: true });
        const { body } = await as(server).get('/metrics');
        assert.ok(body.split('\n').length - before < 20);
        assert.doesNotMatch(body, /nothing-/);
    });

    test('names nobody', async () => {
        await as(server, 'member1').get('/me');
        assert.doesNotMatch((await as(server).get('/metrics')).body, /member1|sarah/i);
    });

    test('is closed to who comes through a proxy, unless they are an administrator or a service', async () => {
        const service = await server.must('token', 'issue', '--service', 'prometheus');
        for (const headers of [
            forwarded,
            { forwarded: 'for=192.0.2.1' },
            { 'x-forwarded-proto': 'https' },
            { via: '1.1 proxy' },
            { 'x-real-ip': '192.0.2.1' },
        ]) {
            const reply = await as(server).get('/metrics', headers);
            assert.ok([401, 403].includes(reply.status), `${JSON.stringify(headers)}: ${reply.status}`);
        }
        assert.equal((await as(server, 'member1').get('/metrics', forwarded)).status, 403);
        assert.equal((await as(server, 'sarah').get('/metrics', forwarded)).status, 403);
        assert.equal((await as(server, 'admin').get('/metrics', forwarded)).status, 200);
        assert.equal((await as(server, { token: service }).get('/metrics', forwarded)).status, 200);
    });

    test('a service’s token opens nothing else', async () => {
        const service = as(server, { token: await server.must('token', 'issue', '--service', 'prometheus') });
        for (const path of ['/me', '/presence', '/posts', '/teams', '/admin/flags', '/changes'])
            expectStatus(await service.get(path), 403);
        expectStatus(await service.post('/posts', { body: 'I am a robot' }), 403);
        expectStatus(await service.get('/healthz'), 200);
    });
});

describe('the log', () => {
    let server;
    before(async () => {
        server = await startServer({ args: ['--trust-proxy', '127.0.0.0/8', '--log-level', 'debug'] });
    });
    after(() => server.stop());

    /* The line about a request that this test made. */
    async function line(options) {
        const reply = await request(server, options);
        const id = reply.headers['x-request-id'];
        return until(() => server.logs.find((each) => each.includes(`id=${id}`) && each.includes('event=request')), {
            what: 'a line in the log',
        });
    }

    test('says who asked, behind a proxy too, how, and for a failure what', async () => {
        const headers = { 'x-forwarded-for': '198.51.100.1, 192.0.2.7' };
        const missing = await line({ method: 'POST', path: '/no/such/thing?password=secret', headers, unchecked: true });
        assert.match(missing, / method=POST route=none status=404 .* client=192\.0\.2\.7 path=\/no\/such\/thing$/);
        assert.ok(!missing.includes('secret'));
        const refused = await line({ path: '/me', headers });
        assert.match(refused, / method=GET route=me status=401 .* client=192\.0\.2\.7 path=\/me$/);
        const fine = await line({ path: '/healthz', unchecked: true });
        assert.match(fine, / method=GET route=healthz status=200 .* client=127\.0\.0\.1$/);
        const own = await line({ path: '/posts/999999', as: 'member1', headers });
        assert.match(own, / method=GET route=posts\/\{\} status=404 .* client=192\.0\.2\.7 path=\/posts\/999999$/);
        const long = await line({ method: 'PUT', path: `/${'x'.repeat(300)}`, headers, unchecked: true });
        assert.ok(long.endsWith(` path=/${'x'.repeat(79)}`), long);
    });
});
