/*
 * What browser tests are written with: Debian's Chromium, a server of its own per file, and a member in front of it.
 *
 * Every page of a device is watched, whoever opened it, and its worker: an error on the console, an exception, a report of
 * the Content-Security-Policy, or something that moves longer than it may, fails the test, unless it says that it expects it.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { startServer } from '../scenario/server.mjs';

export const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell';
export const PASSWORD = 'porchlight';
export const PHONE = { width: 390, height: 844 };
export const TABLET = { width: 820, height: 1180 };
export const DESKTOP = { width: 1440, height: 900 };

/* The browser asks nobody outside: these are the services that it would call by itself. */
export const launchArgs = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
];

const QUIET_MS = 1_000;
const FIRST_DRAWN = 4; // of a feed; all the others come in one piece (useFirstScreen.ts)
const SESSION = { httpOnly: true, secure: false, sameSite: 'Lax', expires: -1 };

/* A browser and a server for the tests of a file. `stage.open()` opens a page. */
export function stage({ args = ['--poll-interval', '1s', '--grace', '1s'], ...options } = {}) {
    const it = {
        server: null,
        browser: null,
        open: (how) => openPage(it, how),
        api: (...call) => api(it.server, ...call),
        figure: (name) => figure(it.server, name),
        untilFigure: async (name, wanted) => {
            for (const end = Date.now() + 10_000; (await it.figure(name)) !== wanted; )
                assert.ok(Date.now() < end, `${name} is ${await it.figure(name)} and not ${wanted}`);
        },
    };
    before(async () => {
        assert.ok(existsSync(executablePath), `${executablePath} is missing: apt-get install chromium-headless-shell`);
        [it.server, it.browser] = await Promise.all([
            startServer({ args, ...options }),
            chromium.launch({ executablePath, args: launchArgs }),
        ]);
    });
    after(async () => {
        await it.browser?.close();
        await it.server?.stop();
    });
    return it;
}

/* The console's own words about a request that a test lets fail. */
export const expected = {
    status: (status) => new RegExp(`server responded with a status of ${status}`),
    lost: /net::ERR_/,
};

/*
 * A way to the server on which every byte is counted that comes down it, headers and all, whoever asked: a page, its
 * worker, another tab. A context opened with `baseURL: wire.url` goes through it.
 */
export async function openWire(server) {
    const { hostname, port } = new URL(server.url);
    const ends = new Set();
    let bytes = 0;
    let atMs = performance.now();
    const listening = createServer((near) => {
        const far = connect({ host: hostname, port });
        for (const [end, other] of [[near, far], [far, near]]) {
            ends.add(end);
            end.on('error', () => other.destroy());
            end.on('close', () => ends.delete(end));
            end.pipe(other);
        }
        far.on('data', (part) => {
            bytes += part.length;
            atMs = performance.now();
        });
    });
    await new Promise((done) => listening.listen(0, '127.0.0.1', done));
    return {
        url: `http://127.0.0.1:${listening.address().port}`,
        moved: () => bytes,
        /* Until nothing has come for a second. */
        async quiet() {
            while (performance.now() - atMs < QUIET_MS) await new Promise((done) => setTimeout(done, QUIET_MS / 10));
        },
        close() {
            for (const end of ends) end.destroy();
            listening.close();
        },
    };
}

/* The worker keeps what this page needed, and the page has it from there. */
export async function untilKept(page) {
    const all = async () => {
        if (!navigator.serviceWorker.controller) return false;
        const used = performance.getEntriesByType('resource').map((it) => new URL(it.name).pathname);
        const wanted = ['/', ...used.filter((path) => path.startsWith('/assets/'))];
        return (await Promise.all(wanted.map((path) => caches.match(path, { ignoreVary: true })))).every(Boolean);
    };
    for (const end = Date.now() + 15_000; !(await page.evaluate(all)); await page.evaluate(() => new Promise(requestAnimationFrame)))
        assert.ok(Date.now() < end, 'the worker did not keep the page');
}

/* Runs in each page before anything of its own: what only the page can see is said on the console. */
function confess(longestMs) {
    const fault = (...words) => console.error(words.join(' '));
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
        fault('Content-Security-Policy:', violatedDirective, blockedURI),
    );
    const calm = () =>
        matchMedia('(prefers-reduced-motion: reduce)').matches || document.documentElement.dataset.motion === 'calm';
    const judge = (animation) => {
        const { target } = animation.effect;
        const { endTime } = animation.effect.getComputedTiming();
        const what = `${target.outerHTML.slice(0, 100)} for ${endTime} ms`;
        if (calm()) fault('Motion where there should be none:', what);
        else if (endTime > longestMs) fault('Motion that lasts too long:', what);
        window.moved.push(what);
    };
    window.moved = [];
    for (const kind of ['animationstart', 'transitionrun'])
        document.addEventListener(kind, ({ target }) => target.getAnimations({ subtree: true }).forEach(judge), true);
    const { animate } = Element.prototype;
    Element.prototype.animate = function (...how) {
        const animation = animate.apply(this, how);
        judge(animation);
        return animation;
    };
}

/* WCAG 2.2.2 */
const MOTION_MS = 5_000;

async function watch(context, allow) {
    const faults = [];
    const hear = (where) => (message) => {
        const text = message.text();
        if (message.type() === 'error' && !allow.some((it) => it.test(text)))
            faults.push(`${where}: ${text} (${message.location().url})`);
    };
    context.on('console', hear('console'));
    context.on('weberror', (it) => faults.push(`exception: ${it.error().stack}`));
    context.on('serviceworker', (worker) => worker.on('console', hear('worker')));
    await context.addInitScript(confess, MOTION_MS);
    return faults;
}

/*
 * Opens a page in a context of its own, as if on another device. Options:
 *   who      the device of this member, who signed in before; without it the page is at the door
 *   path     where to start ('/')
 *   viewport, colorScheme, reducedMotion, ...   as Playwright takes them
 *   sockets  false: a network that lets no socket through
 *   serviceWorkers  'allow': with what the app keeps on the device. Without, a test may answer any request in its place
 *   allow    expected errors on the console: [expected.status(401)]
 *   before   async (page) => ...: what has to be in place before the first address is opened
 * The page's `leave()` closes it and fails the test when something was wrong with any page of the context.
 */
export async function openPage(it, how = {}) {
    const { who = null, path = '/', allow = [], viewport = PHONE, sockets = true, before: prepare, ...options } = how;
    const context = await it.browser.newContext({
        viewport,
        colorScheme: 'dark',
        baseURL: it.server.url,
        serviceWorkers: 'block',
        ...(who && { storageState: await signedIn(it.server, who, options.baseURL) }),
        ...options,
    });
    context.setDefaultTimeout(15_000);
    if (!sockets) await blockSockets(context);
    const faults = await watch(context, allow);
    const page = await context.newPage();
    page.leave = async () => {
        /* As a member closes a tab: a context that is only dropped keeps its sockets for a while. */
        for (const each of context.pages())
            await Promise.all([each.waitForEvent('close'), each.close({ runBeforeUnload: true })]);
        await context.close();
        assert.deepEqual(faults, []);
    };
    await prepare?.(page);
    await page.goto(path);
    if (who) await page.getByRole('navigation').first().waitFor();
    return page;
}

/* What a device keeps of a member who has signed in. door.test.mjs goes through the door itself. */
async function signedIn(server, who, origin = server.url) {
    const token = await server.must('token', 'issue', '--user', who);
    const me = await fetch(`${server.url}/me`, { headers: { authorization: `Bearer ${token}` } });
    const { id } = await me.json();
    return {
        cookies: [{ name: 'porchlight', value: token, domain: new URL(origin).hostname, path: '/', ...SESSION }],
        origins: [{ origin, localStorage: [{ name: 'porchlight.signedIn', value: id }] }],
    };
}

/* A network that lets no socket through. */
const blockSockets = (context) => context.routeWebSocket(/\/ws/, (socket) => socket.close({ code: 1011, reason: 'blocked' }));

export async function signIn(page, who, password = PASSWORD) {
    await page.getByLabel('Sign-in name').fill(who);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
}

/* Something that another member does meanwhile, straight through the API. Answers the parsed reply. */
export async function api(server, who, method, path, body) {
    const headers = { authorization: `Bearer ${await server.token(who)}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const reply = await fetch(server.url + path, {
        method,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${text}`);
    return text ? JSON.parse(text) : null;
}

/* What /metrics says. */
async function figure(server, name) {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(text.split('\n').find((line) => line.startsWith(`${name} `)).slice(name.length + 1));
}

/* To a place that a narrow screen has behind "More". */
export async function toPlace(page, name, more = 'More') {
    await page.getByRole('navigation').first().waitFor();
    const link = page.getByRole('link', { name });
    if (!(await link.isVisible())) await page.getByRole('link', { name: more, exact: true }).click();
    await link.click();
}

/* The posts under "Latest posts". */
export const latest = (page) => page.getByRole('region', { name: 'Latest posts' }).getByRole('article');

/* How many there are when a page of them is drawn: the first few come before the others. */
export async function countLatest(page) {
    await latest(page).nth(FIRST_DRAWN).waitFor();
    return latest(page).count();
}

export const newPostsButton = (page) => page.getByRole('button', { name: /new (pinned )?posts? available$/i });
