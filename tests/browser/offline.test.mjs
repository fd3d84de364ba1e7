/*
 * The app on the device: it can be installed, opens without a network with the last feed, says so, catches up, keeps
 * nothing of anybody who signed out, and never holds anybody in an old version.
 */
import assert from 'node:assert/strict';
import { createServer, request as httpRequest } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { countLatest, expected, latest, newPostsButton, openWire, signIn, stage, toPlace, untilKept } from './browser.mjs';

const porch = stage();
const note = (page) => page.locator('.connection-note');
const open = (how) => porch.open({ serviceWorkers: 'allow', allow: [expected.lost, expected.status(502)], ...how });

/* Asks the page again and again until it says yes. waitForFunction takes a promise for a yes. */
async function until(page, ask, argument) {
    const deadline = Date.now() + 15_000;
    while (!(await page.evaluate(ask, argument))) {
        assert.ok(Date.now() < deadline, `never true: ${ask}`);
        await page.evaluate(() => new Promise(requestAnimationFrame));
    }
}

/*
 * Between the browser and the server: what the tests break. A worker's own requests do not pass through the page, so they
 * are met here. `down` hangs up on everybody; `version` makes the site another build's.
 */
const gate = { down: false, version: '', url: '' };
let gateServer;

function pass(incoming, outgoing) {
    if (gate.down) return incoming.socket.destroy();
    const to = new URL(porch.server.url);
    const headers = { ...incoming.headers, 'accept-encoding': 'identity' };
    delete headers['if-none-match'];
    const forward = httpRequest({ host: to.hostname, port: to.port, path: incoming.url, method: incoming.method, headers });
    forward.on('error', () => incoming.socket.destroy());
    forward.on('response', (answer) => {
        if (!gate.version || !/^\/(sw\.js)?$/.test(incoming.url)) {
            outgoing.writeHead(answer.statusCode, answer.headers);
            answer.pipe(outgoing);
            return;
        }
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => {
            const text = Buffer.concat(parts).toString();
            const other =
                incoming.url === '/sw.js'
                    ? text.replace(/"[0-9a-f]{16}"/, `"${gate.version}"`)
                    : text.replace('<title>', `<title>${gate.version} `);
            const headers = { ...answer.headers, 'content-length': Buffer.byteLength(other) };
            delete headers.etag;
            outgoing.writeHead(answer.statusCode, headers);
            outgoing.end(other);
        });
    });
    incoming.pipe(forward);
}

before(async () => {
    gateServer = createServer(pass);
    await new Promise((done) => gateServer.listen(0, '127.0.0.1', done));
    gate.url = `http://127.0.0.1:${gateServer.address().port}`;
});
beforeEach(() => Object.assign(gate, { down: false, version: '' }));
after(() => {
    gateServer.closeAllConnections();
    gateServer.close();
});

async function goOffline(page, offline = true) {
    gate.down = offline;
    if (offline) gateServer.closeAllConnections();
    await page.context().setOffline(offline);
}

test('the app can be installed: manifest, icons, worker', async () => {
    const page = await open();
    const session = await page.context().newCDPSession(page);
    const { url, errors, data } = await session.send('Page.getAppManifest');
    assert.match(url, /\/manifest\.webmanifest$/);
    assert.deepEqual(errors, []);
    const manifest = JSON.parse(data);
    assert.deepEqual([manifest.display, manifest.start_url, manifest.scope], ['standalone', '/', '/']);
    for (const { src, sizes, type } of manifest.icons) {
        const reply = await fetch(porch.server.url + src);
        assert.deepEqual([reply.status, reply.headers.get('content-type')], [200, type], src);
        if (type !== 'image/png') continue;
        const bytes = Buffer.from(await reply.arrayBuffer());
        assert.equal(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`, sizes, src);
    }
    const purposes = manifest.icons.map(({ purpose, sizes }) => `${purpose} ${sizes}`);
    for (const one of ['any 192x192', 'any 512x512', 'maskable 512x512']) assert.ok(purposes.includes(one), one);
    await untilKept(page);
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
    assert.deepEqual(installabilityErrors.map((it) => it.errorId).filter((it) => it !== 'in-incognito'), []);
    await page.leave();
});

test('the worker keeps the files of the app, and no answer of the API', async () => {
    const page = await open({ who: 'member1' });
    await latest(page).first().waitFor();
    await untilKept(page);
    await page.getByRole('link', { name: /^Notices/ }).click();
    await page.getByRole('listitem').first().waitFor();
    await page.reload();
    await page.getByRole('listitem').first().waitFor();
    const paths = await page.evaluate(async () => {
        const found = [];
        for (const name of await caches.keys())
            for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
        return found;
    });
    assert.ok(paths.includes('/') && paths.some((path) => /^\/assets\/.*\.js$/.test(path)));
    for (const path of paths) assert.match(path, /^\/$|^\/assets\/|^\/[^/]+\.(svg|webmanifest)$/);
    await page.leave();
});

const FIRST_VISIT_BYTES = 130_000;
const REST_MS = 60_000;

/* How many of the views that few open are on the device. */
async function viewsKept() {
    const kept = await (await caches.open((await caches.keys())[0])).keys();
    return kept.filter((it) => /\/assets\/(Chat|Settings|Corner)-.*js$/.test(it.url)).length;
}

test('a first visit through the door moves at most 130 kB, the worker and all; a rested page brings the rest', async () => {
    const wire = await openWire(porch.server);
    const page = await open({ baseURL: wire.url, before: (page) => page.clock.install() });
    await signIn(page, 'member7');
    await countLatest(page);
    await untilKept(page);
    await wire.quiet();
    const moved = wire.moved();
    console.log(`a first visit moved ${moved} bytes`);
    assert.ok(moved > 80_000 && moved <= FIRST_VISIT_BYTES, `${moved} bytes`);
    assert.equal(await page.evaluate(viewsKept), 0);

    /* What is used is kept, also where nothing else is sent unasked. */
    const [worker] = page.context().serviceWorkers();
    const tell = (effectiveType) =>
        worker.evaluate((value) => {
            Object.defineProperty(navigator, 'connection', { value, configurable: true });
        }, { effectiveType });
    await tell('3g');
    await toPlace(page, /^Settings/);
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
    await untilKept(page);
    await page.clock.runFor(REST_MS + 10_000);
    await wire.quiet();
    assert.equal(await page.evaluate(viewsKept), 1);

    await tell('4g');
    await page.reload();
    await untilKept(page);
    await page.clock.runFor(REST_MS + 10_000);
    for (const end = Date.now() + 15_000; (await page.evaluate(viewsKept)) < 3; await wire.quiet())
        assert.ok(Date.now() < end, 'the rest did not come');
    await page.leave();
    wire.close();
});

test('older notices are not on the device, and can be asked for as soon as there is a network', async () => {
    for (let i = 0; i < 25; i++) await porch.api('admin', 'POST', '/notices', { title: `Notice ${i}` });
    const page = await open({ who: 'member3', baseURL: gate.url });
    await latest(page).first().waitFor();
    await untilKept(page);
    await goOffline(page);
    await page.reload();
    await page.getByRole('link', { name: /^Notices/ }).click();
    const notices = page.getByRole('listitem').filter({ hasText: /Notice \d/ });
    await notices.first().waitFor();
    const before = await notices.count();
    const older = page.getByRole('button', { name: 'Show older notices' });
    assert.equal(await older.count(), 0);
    await goOffline(page, false);
    await older.click();
    await notices.nth(before).waitFor();
    await page.leave();
});

test('without a network the last feed opens and says so; back online it catches up', async () => {
    const page = await open({ who: 'member1', baseURL: gate.url });
    await latest(page).first().waitFor();
    await untilKept(page);
    await porch.api('member2', 'POST', '/posts', { body: 'The last I heard' });
    await newPostsButton(page).click();
    await latest(page).first().filter({ hasText: 'The last I heard' }).waitFor();
    const before = await countLatest(page);

    await goOffline(page);
    await page.reload();
    await latest(page).first().filter({ hasText: 'The last I heard' }).waitFor();
    assert.equal(await countLatest(page), before);
    await page.getByRole('heading', { level: 1, name: 'Morning Walkers' }).waitFor();
    await note(page).filter({ hasText: 'You are offline.' }).waitFor();
    await page.getByText('Last news: just now').waitFor();
    await page.getByText('We cannot see who is here right now').waitFor();
    assert.equal(await page.getByText('You are up to date').count(), 0);
    await page.getByRole('link', { name: /^Notices/ }).click();
    await page.getByRole('listitem').first().waitFor();
    await page.getByRole('link', { name: /^Home/ }).click();

    await porch.api('member2', 'POST', '/posts', { body: 'Written while you were away' });
    await goOffline(page, false);
    await newPostsButton(page).filter({ hasText: '1 new post available' }).click();
    await latest(page).first().filter({ hasText: 'Written while you were away' }).waitFor();
    await note(page).waitFor({ state: 'detached' });
    await page.leave();
});

test('a server that is away is no reason for an empty page either', async () => {
    const page = await open({ who: 'member4', baseURL: gate.url });
    await latest(page).first().waitFor();
    await untilKept(page);
    gate.down = true;
    gateServer.closeAllConnections();
    await page.reload();
    await latest(page).first().waitFor();
    await note(page).filter({ hasText: 'The server does not answer.' }).waitFor();
    gate.down = false;
    await page.getByText('You are up to date').waitFor();
    await page.leave();
});

test('the next member at this device finds nothing of the last one, online or not', async () => {
    const page = await open({ who: 'member1', baseURL: gate.url });
    await porch.api('member1', 'POST', '/posts', { body: 'Only for the walkers' });
    await newPostsButton(page).click();
    await latest(page).first().filter({ hasText: 'Only for the walkers' }).waitFor();
    await untilKept(page);
    await page.reload();
    await latest(page).first().filter({ hasText: 'Only for the walkers' }).waitFor();
    assert.match(await page.evaluate(() => JSON.stringify({ ...localStorage })), /Only for the walkers/, 'it was kept');

    await toPlace(page, /^Settings/);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    const everything = async () =>
        page.evaluate(async () => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, await indexedDB.databases()]));
    assert.doesNotMatch(await everything(), /Only for the walkers/);

    await goOffline(page);
    await page.goto('/#/');
    await page.reload();
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    await goOffline(page, false);
    await signIn(page, 'member21');
    await page.getByRole('heading', { level: 1, name: 'Strong Together' }).waitFor();
    await latest(page).first().waitFor();
    await goOffline(page);
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Strong Together' }).waitFor();
    await latest(page).first().waitFor();
    assert.doesNotMatch(await page.content(), /Only for the walkers/);
    assert.doesNotMatch(await everything(), /Only for the walkers/);
    await goOffline(page, false);
    await page.leave();
});

test('a session that the server ended leaves nothing to read without a network', async () => {
    const page = await open({ who: 'member5', baseURL: gate.url, allow: [expected.lost, expected.status(401)] });
    await latest(page).first().waitFor();
    await untilKept(page);
    await until(page, () => localStorage.getItem('porchlight.kept') !== null);
    await page.context().clearCookies();
    await page.getByText('Please sign in again.').waitFor();
    await goOffline(page);
    await page.reload();
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    assert.equal(await page.evaluate(() => localStorage.getItem('porchlight.kept')), null);
    await goOffline(page, false);
    await page.leave();
});

test('a newer version is offered and loaded; one that is open keeps the parts of its own', async () => {
    const page = await open({ who: 'member6', baseURL: gate.url });
    await latest(page).first().waitFor();
    await untilKept(page);
    const [first] = await page.evaluate(() => caches.keys());
    gate.version = 'second';
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await note(page).filter({ hasText: 'There is a newer Porchlight.' }).waitFor();
    await until(page, async () => (await navigator.serviceWorker.ready).active.state === 'activated');
    assert.ok((await page.evaluate(() => caches.keys())).includes(first), 'the one before is still there');
    assert.doesNotMatch(await page.evaluate(() => document.documentElement.outerHTML), /second /);
    const [loaded] = await Promise.all([
        page.waitForResponse((it) => it.url() === `${gate.url}/`),
        page.getByRole('button', { name: 'Load it now' }).click(),
    ]);
    assert.match(await loaded.text(), /<title>second /);
    await latest(page).first().waitFor();
    assert.equal(await page.getByText('There is a newer Porchlight.').count(), 0);

    /* Of three versions two stay, and the newest opens without a network. */
    gate.version = 'third';
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await note(page).filter({ hasText: 'There is a newer Porchlight.' }).waitFor();
    await until(page, async (name) => !(await caches.keys()).includes(name), first);
    assert.equal((await page.evaluate(() => caches.keys())).length, 2);
    await goOffline(page);
    const [reply] = await Promise.all([page.waitForResponse((it) => it.url() === `${gate.url}/`), page.reload()]);
    assert.match(await reply.text(), /<title>third /);
    await latest(page).first().waitFor();
    await goOffline(page, false);
    await page.leave();
});

test('online the network has the word: a new page is shown at once, whatever the worker keeps', async () => {
    const page = await open({ baseURL: gate.url });
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    await untilKept(page);
    gate.version = 'fourth';
    const [reply] = await Promise.all([page.waitForResponse((it) => it.url() === `${gate.url}/`), page.reload()]);
    assert.match(await reply.text(), /<title>fourth /);
    await page.leave();
});
