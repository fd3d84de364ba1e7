/*
 * The same app over polls, over a socket, and from one to the other: what members see must not depend on it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expected, latest, newPostsButton, stage } from './browser.mjs';

/* Polls are far apart: what comes within a moment came by socket. */
const SLOW_POLLS_S = 60;
const porch = stage({ args: ['--poll-interval', `${SLOW_POLLS_S}s`, '--grace', '1s', '--realtime', 'on'] });

const activeLine = (page) => page.locator('.active-now');

const { figure, untilFigure } = porch;

test('presence, likes, posts and notices come at once', async () => {
    const mary = await porch.open({ who: 'member1' });
    const sarah = await porch.open({ who: 'sarah' });
    await untilFigure('porchlight_sockets', 2);
    await activeLine(mary).filter({ hasText: 'Coach Sarah and you are active now' }).waitFor();

    const { id } = await porch.api('member2', 'POST', '/posts', { body: 'By socket' });
    for (const page of [mary, sarah]) {
        await newPostsButton(page).filter({ hasText: '1 new post available' }).waitFor();
        await newPostsButton(page).click();
        await latest(page).first().filter({ hasText: 'By socket' }).waitFor();
    }
    await latest(mary).first().getByRole('button', { name: /^Like/ }).click();
    await latest(sarah).first().getByText('1 like', { exact: true }).waitFor();
    assert.equal((await porch.api('member1', 'GET', `/posts/${id}`)).liked, true);

    await porch.api('sarah', 'PUT', `/posts/${id}/pin`);
    await mary.getByRole('region', { name: 'New notice' }).filter({ hasText: 'Coach Sarah pinned a post' }).waitFor();
    await sarah.leave();
    await activeLine(mary).filter({ hasText: 'You are the only one here right now' }).waitFor();
    await mary.leave();
    await untilFigure('porchlight_sockets', 0);
});

test('two tabs have one line between them', async () => {
    const first = await porch.open({ who: 'member3' });
    await untilFigure('porchlight_sockets', 1);
    const second = await first.context().newPage();
    await second.goto('/');
    await latest(second).first().waitFor();
    const third = await first.context().newPage();
    await third.goto('/');
    await latest(third).first().waitFor();
    await porch.api('member2', 'POST', '/posts', { body: 'For every tab' });
    for (const page of [first, second, third]) await newPostsButton(page).filter({ hasText: '1 new post' }).waitFor();
    assert.equal(await figure('porchlight_sockets'), 1);

    await first.close();
    await porch.api('member2', 'POST', '/posts', { body: 'For who is left' });
    for (const page of [second, third]) await newPostsButton(page).filter({ hasText: '2 new posts' }).waitFor();
    await untilFigure('porchlight_sockets', 1);
    await first.context().close();
    await untilFigure('porchlight_sockets', 0);
});

/* ---- polls, when their time has come ----------------------------------------------------------------------------- */

/* Asks for news every two seconds: half of what it says for presence. */
const QUICK_POLLS_S = 2;
/* The client asks a little earlier or later than it was told to (backoff.ts), and the answer has to be drawn. */
const POLL_SPREAD = 1.1;
const ANSWER_MS = 1_500;
const quick = stage({ args: ['--poll-interval', `${2 * QUICK_POLLS_S}s`, '--grace', '1s', '--realtime', 'on'] });

test('a network that blocks sockets is one with polls', async () => {
    const page = await quick.open({ who: 'member4', sockets: false });
    const polls = [];
    page.on('request', (request) => request.url().includes('/changes') && polls.push(performance.now()));
    await latest(page).first().waitFor();
    const { id } = await quick.api('member2', 'POST', '/posts', { body: 'For who polls' });
    await newPostsButton(page).filter({ hasText: '1 new post available' }).waitFor();
    await newPostsButton(page).click();
    await latest(page).first().getByRole('button', { name: /^Like/ }).click();
    await latest(page).first().getByText('1 like', { exact: true }).waitFor();
    assert.equal((await quick.api('member4', 'GET', `/posts/${id}`)).liked, true);
    /* One after a socket that failed proves nothing; these are in step. */
    const before = polls.length;
    while (polls.length < before + 5) await page.waitForRequest(/\/changes/);
    const gaps = polls.slice(before).map((at, i) => at - polls[before + i - 1]);
    const inStep = gaps.filter((ms) => ms > QUICK_POLLS_S * 800 && ms < QUICK_POLLS_S * 1_500);
    assert.ok(inStep.length >= 4, `${gaps.map(Math.round)} ms between polls`);
    assert.equal(await quick.figure('porchlight_sockets'), 0);
    await page.leave();
});

/* What the page asks for, and how long it was told to wait in between. */
function watchPolls(page) {
    const polls = { begun: 0, adviceMs: 0 };
    page.on('request', (request) => (polls.begun += request.url().includes('/changes') ? 1 : 0));
    page.on('response', (response) => {
        const advice = response.url().includes('/changes') && response.headers()['x-poll-interval'];
        if (advice) polls.adviceMs = Number(advice) * 1_000;
    });
    /* What the other has done by now is seen with the next poll, which comes when it was told to. */
    polls.shows = async (what, seen) => {
        const { begun } = polls;
        const began = performance.now();
        await seen.waitFor();
        const tookMs = performance.now() - began;
        assert.ok(polls.begun - begun <= 1, `${what}: ${polls.begun - begun} polls`);
        assert.ok(polls.adviceMs === QUICK_POLLS_S * 1_000, `asked to wait ${polls.adviceMs} ms`);
        assert.ok(tookMs <= polls.adviceMs * POLL_SPREAD + ANSWER_MS, `${what}: ${Math.round(tookMs)} ms`);
    };
    return polls;
}

test('two who have no sockets see of each other all but cheers, with the next poll', async () => {
    const { id } = await quick.api('member2', 'POST', '/posts', { body: 'For both to like' });
    const post = (page) => latest(page).filter({ hasText: 'For both to like' });
    const polls = new Map();
    const open = async (who) => {
        let first;
        const before = (page) => (first = page.waitForResponse(/\/changes/)) && undefined;
        const page = await quick.open({ who, sockets: false, before });
        polls.set(page, watchPolls(page));
        await Promise.all([first, post(page).waitFor()]);
        return page;
    };
    const mary = await open('member1');
    await mary.waitForResponse(/\/changes/);
    const sarah = await open('sarah');
    await polls.get(mary).shows('who is here', activeLine(mary).filter({ hasText: 'Coach Sarah and you are active now' }));
    await activeLine(sarah).filter({ hasText: 'You and 1 other are active now' }).waitFor();

    let likes = 0;
    for (const [actor, other] of [[sarah, mary], [mary, sarah]]) {
        const seen = (what, where) => polls.get(other).shows(what, where);
        const done = (path) => actor.waitForResponse((it) => path.test(it.url()) && it.request().method() !== 'GET');
        const name = actor === sarah ? 'Sarah' : 'Mary';
        await Promise.all([done(/\/like$/), post(actor).getByRole('button', { name: /^Like/ }).click()]);
        likes += 1;
        await seen('a like', post(other).getByText(likes === 1 ? '1 like' : '2 likes', { exact: true }));

        await actor.getByRole('button', { name: 'Write to your team' }).click();
        await actor.getByRole('textbox').first().fill(`From ${name} to the other`);
        await Promise.all([done(/\/posts$/), actor.getByRole('button', { name: 'Post', exact: true }).click()]);
        await seen('a post', newPostsButton(other));
        await newPostsButton(other).click();
        await latest(other).first().filter({ hasText: `From ${name} to the other` }).waitFor();
    }

    await Promise.all([
        sarah.waitForResponse(/\/pin$/),
        post(sarah).getByRole('button', { name: 'Pin to top' }).click(),
    ]);
    await polls.get(mary).shows('a pin', mary.getByRole('region', { name: 'New notice' }).filter({ hasText: 'Coach Sarah pinned' }));

    await quick.api('sarah', 'POST', '/cheers', { icon: 'heart' });
    for (let i = 0; i < 2; i++) await mary.waitForResponse(/\/changes/);
    assert.equal(await mary.locator('.drifting').count(), 0);

    await sarah.leave();
    await polls.get(mary).shows('a good-bye', activeLine(mary).filter({ hasText: 'You are the only one here right now' }));
    assert.equal(await quick.figure('porchlight_sockets'), 0);
    assert.equal((await quick.api('member1', 'GET', `/posts/${id}`)).count, 2);
    await mary.leave();
});

/* The page's own clock is moved, and its timers ring: nothing is told to it that it does not find out by itself. */
const movable = { before: (page) => page.clock.install() };

/* In steps: a request needs time that no page's clock gives it, and is given up when the page's twenty seconds are over. */
async function passUntil(page, happened) {
    for (const end = Date.now() + 15_000; !(await happened()); await page.clock.runFor(1_000))
        assert.ok(Date.now() < end, 'it did not happen by itself');
}

const untilSocket = (page) => passUntil(page, async () => (await figure('porchlight_sockets')) === 1);

test('turning realtime off and on under an open page loses nothing', async () => {
    const page = await porch.open({ who: 'member5', ...movable });
    await untilFigure('porchlight_sockets', 1);
    await porch.server.must('flag', 'realtime', 'off');
    await untilFigure('porchlight_sockets', 0);
    await page.waitForResponse(/\/changes/); // what came until the socket was gone
    await porch.api('member2', 'POST', '/posts', { body: 'While it is off' });
    await passUntil(page, () => newPostsButton(page).filter({ hasText: '1 new post available' }).isVisible());
    await porch.server.must('flag', 'realtime', 'on');
    await untilSocket(page);
    await porch.api('member2', 'POST', '/posts', { body: 'While it is on again' });
    await newPostsButton(page).filter({ hasText: '2 new posts available' }).waitFor();
    await page.leave();
});

/* ---- what is on its way when the line changes -------------------------------------------------------------------- */

/* A post of somebody else's, at the top of the feed. */
async function openAt(who, words, options) {
    const { id } = await porch.api('member2', 'POST', '/posts', { body: `For ${who}` });
    const page = await porch.open({ who, ...options });
    const post = latest(page).filter({ hasText: `For ${who}` });
    const likeAndWrite = async () => {
        await post.getByRole('button', { name: /^Like/ }).click();
        await page.getByRole('button', { name: 'Write to your team' }).click();
        await page.getByRole('textbox').first().fill(words);
        await page.getByRole('button', { name: 'Post', exact: true }).click();
    };
    const oneOfEach = async () => {
        await latest(page).first().filter({ hasText: words }).waitFor();
        await post.getByRole('button', { name: 'Liked', pressed: true }).waitFor();
        await page.getByText('Waiting to be sent').first().waitFor({ state: 'hidden' });
        const { liked, count } = await porch.api(who, 'GET', `/posts/${id}`);
        const { items } = await porch.api(who, 'GET', '/posts?limit=100');
        const copies = items.filter((it) => it.body === words).length;
        assert.deepEqual({ liked, count, copies }, { liked: true, count: 1, copies: 1 });
        await post.getByText('1 like', { exact: true }).waitFor();
        assert.equal(await latest(page).filter({ hasText: words }).count(), 1);
    };
    return { page, id, likeAndWrite, oneOfEach };
}

const WRITES = /\/posts($|\/\d+\/like$)/;

/* Holds writes on their way. `held(count)` waits for so many; `let(how)` lets them go on. */
async function hold(page) {
    const routes = [];
    let came = () => {};
    let over = false;
    await page.route(WRITES, (route) => {
        if (over || route.request().method() === 'GET') return route.fallback();
        routes.push(route);
        return came();
    });
    return {
        held: async (count) => {
            while (routes.length < count) await new Promise((done) => (came = done));
            return routes;
        },
        let: async (how) => {
            over = true;
            await Promise.all(routes.map(how));
        },
    };
}

test('realtime is turned on while a like and a post are on their way: one of each', async () => {
    await porch.server.must('flag', 'realtime', 'off');
    const { page, likeAndWrite, oneOfEach } = await openAt('member6', 'While it was turned on', movable);
    const writes = await hold(page);
    await likeAndWrite();
    await writes.held(2);
    await porch.server.must('flag', 'realtime', 'on');
    await writes.let((route) => route.continue());
    await oneOfEach();
    await untilSocket(page);
    await oneOfEach();
    await page.leave();
});

/* Over a socket a like is a message. It, or the server's answer to it, does not arrive. */
async function loseLike(page, lost) {
    let happened;
    const gone = new Promise((done) => (happened = done));
    await page.routeWebSocket(/\/ws/, (socket) => {
        const server = socket.connectToServer();
        let asked = null;
        socket.onMessage((text) => {
            const { type, id } = JSON.parse(text);
            if (type === 'POST_LIKE') asked = id;
            if (type === 'POST_LIKE' && lost === 'it') happened();
            else server.send(text);
        });
        server.onMessage((text) => {
            if (asked !== null && JSON.parse(text).id === asked) happened();
            else socket.send(text);
        });
    });
    return () => gone;
}

for (const [who, lost] of [['member7', 'it'], ['member8', 'its answer']]) {
    test(`realtime is turned off while a like and a post are on their way, and ${lost} is lost: one of each`, async () => {
        await porch.server.must('flag', 'realtime', 'on');
        let likeIsLost;
        const before = async (page) => (likeIsLost = await loseLike(page, lost));
        const { page, likeAndWrite, oneOfEach } = await openAt(who, `While it was turned off, ${lost}`, { before });
        await untilFigure('porchlight_sockets', 1);
        const writes = await hold(page);
        await likeAndWrite();
        await likeIsLost();
        await writes.held(1);
        await porch.server.must('flag', 'realtime', 'off');
        await untilFigure('porchlight_sockets', 0);
        await writes.held(2); // the like, which now goes the other way
        await writes.let((route) => route.continue());
        await oneOfEach();
        await page.leave();
        await porch.server.must('flag', 'realtime', 'on');
    });
}

test('no network for 30 s while a like and a post are on their way: one of each', async () => {
    const options = { sockets: false, allow: [expected.lost], ...movable };
    const { page, id, likeAndWrite, oneOfEach } = await openAt('member9', 'In the tunnel', options);
    const writes = await hold(page);
    await likeAndWrite();
    const [like, post] = await writes.held(2);
    assert.match(like.request().url(), /like$/);
    await post.fetch(); // it arrives, and nobody hears of it
    await page.context().setOffline(true);
    await writes.let((route) => route.abort('internetdisconnected'));
    await page.getByRole('region', { name: 'Waiting to be sent' }).getByText('In the tunnel').waitFor();
    await page.clock.runFor(30_000);
    assert.equal((await porch.api('member9', 'GET', `/posts/${id}`)).liked, false);
    await page.context().setOffline(false);
    await oneOfEach();
    await page.leave();
});

/* A line that can be cut: from then on nothing passes, and no other socket opens, until it is whole again. */
async function cuttable(page) {
    const line = { cut: false, like: null };
    const ends = [];
    await page.routeWebSocket(/\/ws/, (socket) => {
        if (line.cut) return void socket.close({ code: 1011, reason: 'no network' });
        const server = socket.connectToServer();
        ends.push(socket, server);
        socket.onMessage((text) => {
            const lost = line.loses && JSON.parse(text).type === 'POST_LIKE';
            if (lost) line.like = text;
            else server.send(text);
        });
        server.onMessage((text) => socket.send(text));
    });
    line.break = async () => {
        line.cut = true;
        await Promise.all(ends.splice(0).map((end) => end.close({ code: 1011, reason: 'no network' })));
    };
    return line;
}

test('no network for 30 s, under a socket, while a like and a post are on their way: one of each', async () => {
    let line;
    const before = async (page) => {
        await page.clock.install();
        line = await cuttable(page);
    };
    const { page, id, likeAndWrite, oneOfEach } = await openAt('member11', 'In the longer tunnel', { before, allow: [expected.lost] });
    await untilFigure('porchlight_sockets', 1);
    const writes = await hold(page);
    line.loses = true;
    await likeAndWrite();
    const [post] = await writes.held(1);
    assert.match(line.like, /POST_LIKE/);
    await post.fetch(); // it arrives, and nobody hears of it
    await page.context().setOffline(true);
    await line.break();
    await writes.let((route) => route.abort('internetdisconnected'));
    await page.getByRole('region', { name: 'Waiting to be sent' }).getByText('In the longer tunnel').waitFor();
    await page.clock.runFor(30_000);
    assert.equal((await porch.api('member11', 'GET', `/posts/${id}`)).liked, false);
    Object.assign(line, { cut: false, loses: false });
    await page.context().setOffline(false);
    await oneOfEach();
    await untilSocket(page);
    await oneOfEach();
    await page.leave();
});

test('a like whose answer is lost counts once', async () => {
    const options = { sockets: false, allow: [expected.lost] };
    const { page, id } = await openAt('member10', '', options);
    let lost = 0;
    let seen;
    const seeing = new Promise((resolve) => {
        seen = resolve;
    });
    await page.route(/\/like$/, async (route) => {
        if (lost > 0) {
            await seeing; // the second try may come at once
            await route.continue();
            return;
        }
        lost += 1;
        await route.fetch();
        await route.abort('connectionreset');
    });
    const post = latest(page).filter({ hasText: 'For member10' });
    await post.getByRole('button', { name: /^Like/ }).click();
    await post.getByText('Waiting to be sent').waitFor();
    seen();
    await post.getByText('Waiting to be sent').waitFor({ state: 'hidden' });
    await post.getByText('1 like', { exact: true }).waitFor();
    const { liked, count } = await porch.api('member10', 'GET', `/posts/${id}`);
    assert.deepEqual({ liked, count, lost }, { liked: true, count: 1, lost: 1 });
    await page.leave();
});
