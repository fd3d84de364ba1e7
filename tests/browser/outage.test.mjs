/*
 * What the app says when something does not work, and how it finds back by itself.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expected, latest, newPostsButton, stage } from './browser.mjs';

const porch = stage();
const note = (page) => page.locator('.connection-note');

test('offline is said honestly, reading goes on, and coming back catches up', async () => {
    const page = await porch.open({ who: 'member1', allow: [expected.lost] });
    await latest(page).first().waitFor();
    await page.context().setOffline(true);
    await note(page).filter({ hasText: 'You are offline.' }).waitFor();
    await porch.api('member2', 'POST', '/posts', { body: 'Written meanwhile' });
    await page.context().setOffline(false);
    await newPostsButton(page).filter({ hasText: '1 new post available' }).waitFor();
    await note(page).waitFor({ state: 'detached' });
    await page.leave();
});

test('a feed that does not load says so, and loads when asked again', async () => {
    const page = await porch.open({ allow: [expected.status(503)] });
    let failing = true;
    await page.route(/\/posts(\?|$)/, (route) =>
        failing
            ? route.fulfill({
                  status: 503,
                  contentType: 'application/problem+json',
                  headers: { 'Retry-After': '1' },
                  body: '{}',
              })
            : route.fallback(),
    );
    await page.getByLabel('Sign-in name').fill('member1');
    await page.getByLabel('Password', { exact: true }).fill('porchlight');
    await page.keyboard.press('Enter');
    await page.getByText('Loading the posts…').waitFor();
    await page.getByRole('alert').filter({ hasText: 'The posts did not load' }).waitFor();
    failing = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await latest(page).first().waitFor();
    await page.leave();
});

test('a server that does not answer at the start is waited for', async () => {
    const page = await porch.open({ who: 'member1', allow: [expected.status(500)] });
    await latest(page).first().waitFor();
    let failing = true;
    await page.route('**/me', (route) => (failing ? route.fulfill({ status: 500, body: '' }) : route.fallback()));
    await page.reload();
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    failing = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await latest(page).first().waitFor();
    await page.leave();
});

test('a post that is gone says so', async () => {
    const page = await porch.open({ who: 'member1', path: '/#/posts/999999', allow: [expected.status(404)] });
    await page.getByRole('heading', { name: 'This post is not here any more' }).waitFor();
    await page.getByRole('link', { name: 'Back to all posts' }).click();
    await latest(page).first().waitFor();
    await page.leave();
});

test('an address that leads nowhere says so', async () => {
    const page = await porch.open({ who: 'member1', path: '/#/attic' });
    await page.getByRole('heading', { level: 2, name: 'There is nothing at this address' }).waitFor();
    await page.getByRole('link', { name: 'Go to my team' }).click();
    await latest(page).first().waitFor();
    await page.leave();
});

test('closing the page says good-bye', async () => {
    const page = await porch.open({ who: 'member13' });
    await latest(page).first().waitFor();
    const goodbye = page.waitForRequest(
        (request) => request.method() === 'DELETE' && request.url().endsWith('/presence'),
    );
    await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pagehide')));
    assert.ok(await goodbye);
    await page.leave();
});
