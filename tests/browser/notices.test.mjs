/*
 * What comes to a member by itself: toasts for pins and words from the coach, and the quiet line with good news.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latest, PHONE, stage } from './browser.mjs';

const porch = stage();
const toast = (page) => page.getByRole('region', { name: 'New notice' });
const wins = (page) => page.getByRole('region', { name: 'Good news from all teams' });
const win = (title) => porch.api('admin', 'POST', '/notices', { title });

test('a pin is told as it happens, and a tap anywhere on it leads to the post', async () => {
    const { id } = await porch.api('sarah', 'POST', '/posts', { body: 'Today: up the hill and back.' });
    const page = await porch.open({ who: 'member1' });
    await latest(page).first().waitFor();
    await porch.api('sarah', 'PUT', `/posts/${id}/pin`);
    await toast(page).filter({ hasText: 'Just now' }).filter({ hasText: 'Coach Sarah pinned a post' }).waitFor();
    await toast(page).filter({ hasText: 'Today: up the hill and back.' }).click({ position: { x: 100, y: 60 } });
    await page.waitForURL(`**/#/posts/${id}`);
    await page.getByRole('article').filter({ hasText: 'Today: up the hill and back.' }).waitFor();
    await toast(page).waitFor({ state: 'detached' });
    await page.leave();
});

test('a word from the coach without a link leads to the notices, and Escape closes it', async () => {
    const page = await porch.open({ who: 'member2' });
    await latest(page).first().waitFor();
    await porch.api('sarah', 'POST', '/notices', { title: 'We meet at ten', body: 'Bring water.' });
    await toast(page).filter({ hasText: 'We meet at ten' }).waitFor();
    await toast(page).getByRole('link', { name: 'Tap to read it' }).focus();
    await page.keyboard.press('Escape');
    await toast(page).waitFor({ state: 'detached' });
    await porch.api('sarah', 'POST', '/notices', { title: 'We meet at eleven' });
    await toast(page).filter({ hasText: 'We meet at eleven' }).getByRole('link', { name: 'Tap to read it' }).click();
    await page.getByRole('heading', { level: 1, name: 'Notices' }).waitFor();
    await page.getByRole('listitem').filter({ hasText: 'We meet at eleven' }).waitFor();
    await page.leave();
});

test('good news comes into its line without a toast, and moves nothing', async () => {
    const page = await porch.open({ who: 'member3', viewport: PHONE });
    await latest(page).first().waitFor();
    await wins(page).getByRole('link').waitFor();
    await page.evaluate(() => {
        window.shifts = 0;
        new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) window.shifts += entry.value;
        }).observe({ type: 'layout-shift' });
    });
    await win('The teams walked round the whole of the big lake together, in the rain, in one single day');
    await wins(page).getByText('round the whole of the big lake').waitFor();
    await page.locator('[aria-live=polite]').filter({ hasText: 'Good news. The teams walked round' }).waitFor();
    assert.equal(await toast(page).count(), 0);
    assert.equal(await page.evaluate(() => window.shifts), 0);
    await page.leave();
});

test('good news goes around once and rests; a press stops it earlier', async () => {
    await win('The first of the two');
    await win('The second of the two');
    const shown = (page) => wins(page).getByRole('link').innerText();
    const page = await porch.open({ who: 'member4' });
    await wins(page).getByText('The second of the two').waitFor();
    await wins(page).getByText('The first of the two').waitFor();
    await wins(page).getByRole('button', { name: 'Pause' }).press('Enter');
    const stopped = await shown(page);
    await wins(page).getByRole('button', { name: 'Next' }).click();
    assert.notEqual(await shown(page), stopped);

    const other = await porch.open({ who: 'member5' });
    await wins(other).getByText('The second of the two').waitFor();
    await wins(other).getByText('The first of the two').waitFor();
    await wins(other).getByText('The second of the two').waitFor({ timeout: 20_000 });
    await wins(other).getByRole('button', { name: 'Next' }).waitFor();
    assert.equal(await wins(other).getByRole('button', { name: 'Pause' }).count(), 0, 'it rests');
    await other.leave();
    await page.leave();
});

test('who wants no motion turns the good news by hand', async () => {
    const page = await porch.open({ who: 'member6', reducedMotion: 'reduce' });
    await wins(page).getByRole('link').waitFor();
    await wins(page).getByRole('button', { name: 'Next' }).waitFor();
    assert.equal(await wins(page).getByRole('button', { name: 'Pause' }).count(), 0);
    await page.leave();
});

test('the line with good news is put away for the day', async () => {
    const page = await porch.open({ who: 'member7' });
    await wins(page).getByRole('button', { name: 'Close' }).click();
    await wins(page).waitFor({ state: 'detached' });
    await page.reload();
    await latest(page).first().waitFor();
    assert.equal(await wins(page).count(), 0);
    await page.leave();
});

test('where there is no good news yet, the line says so', async () => {
    const page = await porch.open();
    const { cursor } = await porch.api('member8', 'GET', '/notices');
    await page.route(/\/notices(\?|$)/, (route) => route.fulfill({ json: { items: [], next: null, cursor } }));
    await page.getByLabel('Sign-in name').fill('member8');
    await page.getByLabel('Password', { exact: true }).fill('porchlight');
    await page.keyboard.press('Enter');
    await wins(page).getByText('Good news from all teams will show up here.').waitFor();
    await page.leave();
});
