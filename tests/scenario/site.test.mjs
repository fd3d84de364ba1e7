/* What is for reading: the web app's files, the contract and its page. Compression, caching, content security, HEAD. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { api } from './contract.mjs';
import { as, expectStatus, request, startServer } from './harness.mjs';

describe('the site', () => {
    let server;
    let index;
    before(async () => {
        server = await startServer();
        index = await as(server).get('/');
    });
    after(() => server.stop());
    const policy = (reply) =>
        new Map(
            (reply.headers['content-security-policy'] ?? '')
                .split(';')
                .map((part) => part.trim().split(/\s+/))
                .filter(([name]) => name)
                .map(([name, ...sources]) => [name, sources]),
        );
    const assets = () => [...index.body.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((found) => found[1]);

    test('GET / is the web app', () => {
        assert.equal(index.status, 200);
        assert.equal(index.type, 'text/html');
        assert.match(index.body, /^<!doctype html>/i);
        assert.match(index.headers['cache-control'], /no-cache|no-store|max-age=0/, 'a new version is seen at once');
        assert.ok(
            assets().some((path) => path.endsWith('.js')) && assets().some((path) => path.endsWith('.css')),
            `${assets()}`,
        );
    });

    for (const path of ['/', '/docs']) {
        test(`GET ${path} lets no foreign or inline script run`, async () => {
            const reply = await as(server).get(path);
            const found = policy(reply);
            const scripts = found.get('script-src') ?? found.get('default-src');
            const styles = found.get('style-src') ?? found.get('default-src');
            assert.ok(scripts && styles, `a policy: ${reply.headers['content-security-policy']}`);
            for (const sources of [scripts, styles]) {
                assert.ok(
                    sources.every((source) => ["'self'", "'none'"].includes(source) || /^'sha256-/.test(source)),
                    `${sources}`,
                );
            }
            assert.deepEqual(found.get('frame-ancestors'), ["'none'"]);
            assert.deepEqual(found.get('object-src') ?? found.get('default-src'), ["'none'"]);
            assert.ok(["'none'", "'self'"].includes(found.get('base-uri')?.[0]));
            assert.equal(reply.headers['x-content-type-options'], 'nosniff');
            assert.match(reply.headers['referrer-policy'] ?? '', /no-referrer|same-origin|strict-origin/);
            assert.doesNotMatch(reply.body, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/i, 'nothing inline');
        });
    }

    test('the service worker is asked for anew each time, and may reach only ourselves', async () => {
        const worker = await as(server).get('/sw.js');
        assert.deepEqual([worker.status, worker.headers['cache-control']], [200, 'no-cache']);
        assert.match(worker.type, /javascript$/);
        assert.deepEqual(policy(worker).get('default-src'), ["'none'"]);
        assert.deepEqual(policy(worker).get('connect-src'), ["'self'"]);
        const manifest = await as(server).get('/manifest.webmanifest');
        assert.deepEqual([manifest.status, manifest.type], [200, 'application/manifest+json']);
    });

    test('files with a hash in their name are kept for ever', async () => {
        for (const path of assets()) {
            const reply = await as(server).get(path);
            assert.equal(reply.status, 200, path);
            assert.match(reply.headers['cache-control'], /immutable/, path);
            assert.ok(Number(/max-age=(\d+)/.exec(reply.headers['cache-control'])[1]) >= 31536000, path);
            assert.match(
                reply.type,
                path.endsWith('.js') ? /javascript$/ : path.endsWith('.css') ? /^text\/css$/ : /./,
                path,
            );
        }
    });

    test('each file comes as brotli, gzip or plain, and is the same file', async () => {
        for (const path of [
            '/',
            ...assets().filter((name) => /\.(js|css)$/.test(name)),
            '/docs',
            '/docs.css',
            '/openapi.json',
        ]) {
            const get = (encodings) =>
                request(server, {
                    path,
                    headers: encodings === undefined ? {} : { 'accept-encoding': encodings },
                    unchecked: path === '/openapi.json',
                });
            const plain = await get('identity');
            assert.equal(plain.headers['content-encoding'], undefined, path);
            assert.match(plain.headers.vary ?? '', /accept-encoding/i, `${path} varies`);
            const brotli = await get('gzip, deflate, br');
            assert.equal(brotli.headers['content-encoding'], 'br', path);
            assert.deepEqual(brotliDecompressSync(brotli.bytes), plain.bytes, path);
            const gzip = await get('gzip, deflate');
            assert.equal(gzip.headers['content-encoding'], 'gzip', path);
            assert.deepEqual(gunzipSync(gzip.bytes), plain.bytes, path);
            assert.equal(
                new Set([plain, brotli, gzip].map((reply) => reply.headers.etag)).size,
                3,
                `${path}: a strong ETag names bytes`,
            );
            assert.ok(brotli.bytes.length < plain.bytes.length, path);
            assert.equal(
                (await get(undefined)).headers['content-encoding'],
                undefined,
                `${path} without Accept-Encoding`,
            );
            assert.notEqual((await get('br;q=0, gzip')).headers['content-encoding'], 'br', `${path} with br refused`);
            assert.equal(
                (await get('brotli, x-gzipped')).headers['content-encoding'],
                undefined,
                `${path} with unknown codings`,
            );
        }
    });

    test('an ETag saves the transfer, for each encoding', async () => {
        for (const encoding of ['identity', 'gzip', 'br']) {
            const headers = { 'accept-encoding': encoding };
            const { etag } = (await as(server).get('/docs.css', headers)).headers;
            const again = await request(server, { path: '/docs.css', headers: { ...headers, 'if-none-match': etag } });
            assert.equal(again.status, 304, encoding);
            assert.equal(again.bytes.length, 0);
        }
    });

    test('HEAD is GET without the body', async () => {
        for (const path of ['/', assets()[0], '/docs', '/openapi.json', '/healthz', '/capabilities']) {
            const get = await request(server, { path });
            const head = await request(server, { method: 'HEAD', path });
            assert.equal(head.status, get.status, path);
            assert.equal(head.bytes.length, 0, path);
            for (const name of ['content-type', 'content-length', 'etag', 'cache-control'])
                assert.equal(head.headers[name], get.headers[name], `${name} of ${path}`);
        }
        assert.equal((await as(server, 'member1').head('/me')).status, 200);
        assert.equal((await as(server).head('/me')).status, 401);
    });

    test('what does not exist is a problem, not a page', async () => {
        for (const path of [
            '/nothing',
            '/assets/nothing.js',
            '/index.php',
            '/.env',
            '/posts/1/comments',
            '/%2e%2e/%2e%2e/etc/passwd',
            '/..%2f..%2fetc/passwd',
            '/assets/..%5c..%5cetc',
            '/docs/../me',
        ]) {
            const reply = await request(server, { path, as: 'member1', unchecked: true });
            assert.ok([400, 404].includes(reply.status), `${path}: ${reply.status}`);
            assert.equal(reply.type, 'application/problem+json', path);
            assert.doesNotMatch(reply.body, /passwd|root:/);
        }
        expectStatus(await as(server).post('/nothing', {}), 404);
    });

    test('files cannot be written', async () => {
        for (const path of ['/', '/docs', '/openapi.json', assets()[0]]) {
            const reply = await as(server).post(path, {});
            expectStatus(reply, 405);
            assert.match(reply.headers.allow, /GET/);
        }
    });
});

describe('the contract', () => {
    let server;
    before(async () => {
        server = await startServer();
    });
    after(() => server.stop());

    test('GET /openapi.json is the document that these tests hold replies against', async () => {
        const reply = await as(server).get('/openapi.json');
        assert.ok(
            isDeepStrictEqual(expectStatus(reply, 200), api),
            'the program was built with another api/openapi.json: build it again',
        );
        expectStatus(await as(server).get('/openapi.json', { 'if-none-match': reply.headers.etag }), 304);
    });

    test('GET /docs has an anchor for every problem, endpoint and shape, and every link in it leads somewhere', async () => {
        const reply = await as(server).get('/docs');
        assert.equal(reply.status, 200);
        assert.equal((await as(server).get('/docs', { 'if-none-match': reply.headers.etag })).status, 304);
        const ids = [...reply.body.matchAll(/\sid="([^"]+)"/g)].map((found) => found[1]);
        assert.equal(new Set(ids).size, ids.length, 'ids are unique');
        for (const { slug } of api['x-problems']) assert.ok(ids.includes(slug), slug);
        for (const [, target] of reply.body.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.includes(target), `#${target}`);
        for (const [path, item] of Object.entries(api.paths)) {
            for (const operation of Object.values(item))
                if (operation.operationId) assert.ok(ids.includes(operation.operationId), path);
        }
        for (const [, href] of reply.body.matchAll(/(?:href|src)="(\/[^"#]*)"/g))
            assert.equal((await request(server, { path: href })).status, 200, href);
    });

    test('a problem’s type leads to its explanation', async () => {
        const { json } = await as(server).get('/me');
        const [path, anchor] = json.type.split('#');
        assert.ok((await as(server).get(path)).body.includes(`id="${anchor}"`));
    });
});
