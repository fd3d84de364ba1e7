/*
 * The web client where it is somebody else's: as an npm package in a program of theirs, and as the app on a site of theirs
 * that asks a Porchlight server elsewhere (VITE_SERVER_URL).
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from '../scenario/server.mjs';
import { latest, signIn, stage } from './browser.mjs';

const run = promisify(execFile);
const web = fileURLToPath(new URL('../../web/', import.meta.url));
const typescript = join(web, 'node_modules/typescript/bin/tsc');
const vite = join(web, 'node_modules/vite/bin/vite.js');

/* ---- a site of somebody's ----------------------------------------------------------------------------------------- */

const TYPES = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript', '.svg': 'image/svg+xml' };
const folder = temporaryFolder('package');
const site = createServer((request, answer) => {
    const { pathname } = new URL(request.url, 'http://site');
    const path = pathname === '/' ? '/index.html' : pathname;
    try {
        const bytes = readFileSync(join(folder, 'site', path));
        answer.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(bytes);
    } catch {
        answer.writeHead(404).end();
    }
});
await new Promise((done) => site.listen(0, '127.0.0.1', done));
const origin = `http://127.0.0.1:${site.address().port}`;
after(() => {
    site.closeAllConnections();
    site.close();
});

const porch = stage({ args: ['--cors-origin', origin, '--realtime', 'on', '--poll-interval', '1s', '--grace', '1s'] });

test('the app on another site talks to its server: signs in, likes, hears of a post by socket', async () => {
    const options = { cwd: web, env: { ...process.env, VITE_SERVER_URL: porch.server.url } };
    await run(process.execPath, [vite, 'build', '--logLevel', 'error', '--emptyOutDir', '--outDir', join(folder, 'site')], options);
    const page = await porch.open({ baseURL: origin });
    const asked = new Set();
    page.on('request', (request) => asked.add(new URL(request.url()).origin));
    await signIn(page, 'member1');
    await porch.untilFigure('porchlight_sockets', 1);
    await porch.api('member2', 'POST', '/posts', { body: 'Heard on another site' });
    await page.getByRole('button', { name: /1 new post available/ }).click();
    await latest(page).first().filter({ hasText: 'Heard on another site' }).getByRole('button', { name: /^Like/ }).click();
    await latest(page).first().getByText('1 like', { exact: true }).waitFor();
    await page.reload();
    await latest(page).first().filter({ hasText: 'Heard on another site' }).waitFor();
    assert.deepEqual(asked, new Set([origin, porch.server.url]));
    const { items } = await porch.api('member1', 'GET', '/posts');
    assert.deepEqual([items[0].body, items[0].liked], ['Heard on another site', true]);
    await page.leave();
});

/* ---- a program of somebody's --------------------------------------------------------------------------------------- */

/* The package as `npm run build:client` and `npm pack` make it, from a copy: a build leaves nothing in the source. */
async function pack() {
    const copy = join(folder, 'web');
    mkdirSync(join(copy, 'src'), { recursive: true });
    for (const part of ['client', 'src/porchlight', 'package.json', 'tsconfig.json']) cpSync(join(web, part), join(copy, part), { recursive: true });
    symlinkSync(join(web, 'node_modules'), join(copy, 'node_modules'));
    await run('npm', ['run', '--silent', 'build:client'], { cwd: copy });
    const { stdout } = await run('npm', ['pack', '--json', '--loglevel=error'], { cwd: join(copy, 'client') });
    const [{ filename, files }] = JSON.parse(stdout);
    return { archive: join(copy, 'client', filename), files: files.map((it) => it.path) };
}

let consumer;
let packed;
before(async () => {
    packed = await pack();
    consumer = join(folder, 'consumer');
    mkdirSync(consumer);
    writeFileSync(join(consumer, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--loglevel=error', packed.archive], { cwd: consumer });
});

test('the package holds the modules, their types and how to use them, and no test', () => {
    for (const wanted of ['dist/index.js', 'dist/index.d.ts', 'README.md', 'package.json']) assert.ok(packed.files.includes(wanted), wanted);
    assert.deepEqual(packed.files.filter((path) => !/^(dist\/\w+(\.gen)?(\.d\.ts|\.js)|README\.md|package\.json)$/.test(path)), []);
    assert.deepEqual(packed.files.filter((path) => /test|fake/i.test(path)), []);
});

test('Node imports it from an empty folder: it writes, and its line hears of it', async () => {
    writeFileSync(
        join(consumer, 'program.mjs'),
        `import { connect, createApi, createRequester, newIdempotencyKey } from 'porchlight-client';
        const [baseUrl, token] = process.argv.slice(2);
        const withToken = (url, { headers, ...init }) =>
            fetch(url, { ...init, headers: { ...headers, authorization: 'Bearer ' + token } });
        const api = createApi(createRequester({ baseUrl, fetch: withToken }));
        const user = await api.me();
        const line = connect({ api, baseUrl, account: user.id, openWebSocket: null });
        let asked = false;
        line.listen({
            changes({ posts }) {
                const heard = posts.created.find((it) => it.author.id === user.id);
                if (heard) void line.stop().then(() => console.log(heard.body)).then(() => process.exit());
            },
            state(state) {
                if (state === 'live' && !asked) void api.createPost({ body: 'By a program' }, newIdempotencyKey());
                asked ||= state === 'live';
            },
        });
        line.start();`,
    );
    const args = ['program.mjs', porch.server.url, await porch.server.token('member3')];
    const { stdout } = await run(process.execPath, args, { cwd: consumer, timeout: 15_000 });
    assert.equal(stdout, 'By a program\n');
});

test('a strict TypeScript program, as the README shows it, is checked against its types', async () => {
    const [, example] = /```js\n(.*?)```/s.exec(readFileSync(join(web, 'client/README.md'), 'utf8'));
    const wrong = example.replace('presence: ({ count })', 'presence: ({ counted })');
    assert.notEqual(wrong, example);
    writeFileSync(join(consumer, 'example.ts'), example);
    writeFileSync(join(consumer, 'wrong.ts'), wrong);
    const options = ['--strict', '--noEmit', '--target', 'es2022', '--lib', 'es2022,dom', '--module', 'nodenext', '--skipDefaultLibCheck'];
    const checked = run(process.execPath, [typescript, ...options, 'example.ts', 'wrong.ts'], { cwd: consumer });
    const { stdout } = await checked.catch((error) => error);
    const faults = stdout.split('\n').filter((line) => /error TS/.test(line));
    assert.match(faults[0], /^wrong\.ts.*'counted' does not exist/);
    assert.ok(faults.every((fault) => fault.startsWith('wrong.ts')), stdout);
});
