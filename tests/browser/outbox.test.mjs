/*
 * Likes and posts made without a network: they show at once, wait, and arrive once.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expected, latest, stage } from './browser.mjs';

const porch = stage();
const waiting = (page) => page.getByRole('region', { name: 'Waiting to be sent' });
const WAITS = 'You are offline. We will send this when you are back.';

/* A post of somebody else's that nobody has liked, at the top of the feed. */
async function openFeed(who, options = {}) {
    const { id } = await porch.api('member2', 'POST', '/posts', { body: `For ${who}` });
    const page = await porch.open({ who, allow: [expected.lost], ...options });
    const post = latest(page).filter({ hasText: `For ${who}` });
    await post.waitFor();
    return { page, id, post };
}

async function write(page, body) {
    await page.getByRole('button', { name: 'Write to your team' }).click();
    await page.getByRole('textbox', { name: 'Write to your team' }).fill(body);
    await page.getByRole('button', { name: 'Post', exact: true }).click();
}

/* How many posts with these words the team has. */
async function copies(body) {
    const { items } = await porch.api('member2', 'GET', '/posts?limit=100');
    return items.filter((it) => it.body === body).length;
}

const waitUntilSent = (page) => waiting(page).waitFor({ state: 'hidden' });

test('a like and a post without a network end with exactly one of each', async () => {
    const { page, id, post } = await openFeed('member3');
    await page.context().setOffline(true);
    await post.getByRole('button', { name: /^Like/ }).click();
    await post.getByRole('button', { name: 'Liked', pressed: true }).waitFor();
    await post.getByText('Waiting to be sent').waitFor();
    await write(page, 'Written on the train');
    await waiting(page).getByText('Written on the train').waitFor();
    await waiting(page).getByText(WAITS).waitFor();
    assert.equal(await page.getByRole('textbox').count(), 0, 'the form is closed, as after any post');
    assert.equal(await copies('Written on the train'), 0);

    await page.context().setOffline(false);
    await latest(page).first().filter({ hasText: 'Written on the train' }).waitFor();
    await waitUntilSent(page);
    await post.getByText('1 like', { exact: true }).waitFor();
    const { liked, count } = await porch.api('member3', 'GET', `/posts/${id}`);
    assert.deepEqual([liked, count, await copies('Written on the train')], [true, 1, 1]);
    assert.equal(await latest(page).filter({ hasText: 'Written on the train' }).count(), 1);
    await page.leave();
});

test('what waits survives a reload', async () => {
    const { page, id, post } = await openFeed('member4');
    let lost = true;
    await page.route(/\/posts($|\/\d+\/like)/, (route) =>
        lost && route.request().method() !== 'GET' ? route.abort('connectionfailed') : route.fallback(),
    );
    await post.getByRole('button', { name: /^Like/ }).click();
    await post.getByText('Waiting to be sent').waitFor();
    await write(page, 'Kept over a reload');
    await waiting(page).getByText('Kept over a reload').waitFor();

    await page.reload();
    await waiting(page).getByText('Kept over a reload').waitFor();
    await post.getByRole('button', { name: 'Liked', pressed: true }).waitFor();
    await post.getByText('1 like', { exact: true }).waitFor();
    assert.deepEqual([(await porch.api('member4', 'GET', `/posts/${id}`)).liked, await copies('Kept over a reload')], [false, 0]);

    lost = false;
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await latest(page).first().filter({ hasText: 'Kept over a reload' }).waitFor();
    await waitUntilSent(page);
    const { liked, count } = await porch.api('member4', 'GET', `/posts/${id}`);
    assert.deepEqual([liked, count, await copies('Kept over a reload')], [true, 1, 1]);
    await page.leave();
});

test('a post whose answer was lost is there once', async () => {
    const { page } = await openFeed('member5');
    let lose = true;
    await page.route(/\/posts$/, async (route) => {
        if (!lose || route.request().method() !== 'POST') return route.fallback();
        lose = false;
        await route.fetch();
        return route.abort('connectionreset');
    });
    await write(page, 'Heard without an answer');
    await latest(page).filter({ hasText: 'Heard without an answer' }).waitFor();
    await waitUntilSent(page);
    assert.equal(lose, false);
    assert.equal(await copies('Heard without an answer'), 1);
    assert.equal(await latest(page).filter({ hasText: 'Heard without an answer' }).count(), 1);
    await page.leave();
});

test('what the server does not take later is said, and its words are not lost', async () => {
    const { page } = await openFeed('member6', { allow: [expected.lost, expected.status(422)] });
    await page.route(/\/posts$/, (route) =>
        route.request().method() === 'POST'
            ? route.fulfill({
                  status: 422,
                  contentType: 'application/problem+json',
                  body: JSON.stringify({ type: '/docs#invalid', title: 'x', status: 422, detail: 'These words are not allowed.' }),
              })
            : route.fallback(),
    );
    await page.context().setOffline(true);
    await write(page, 'Some words');
    await waiting(page).getByText(WAITS).waitFor();
    await page.context().setOffline(false);
    await page.getByRole('alert').filter({ hasText: 'This post was not sent. These words are not allowed.' }).waitFor();
    await waiting(page).getByText('Some words').waitFor();
    await waiting(page).getByRole('button', { name: 'Close' }).click();
    await waitUntilSent(page);
    assert.equal(await copies('Some words'), 0);
    await page.leave();
});
