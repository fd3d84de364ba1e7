/*
 * What moves, and for how long. Every test's pages are told off for what moves longer than it may, or at all where somebody
 * wants no motion (browser.mjs); here all of it is made to happen.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expected, latest, newPostsButton, stage } from './browser.mjs';

const porch = stage();

/* Whatever may move: what comes by itself, what answers a press, what loads, every view on the way. */
async function stir(page) {
    const view = async (hash, ready) => {
        await page.goto(`/${hash}`);
        await ready.first().waitFor();
    };
    await latest(page).first().waitFor();
    const guest = await porch.open({ who: 'member2' });
    await page.locator('.active-glow').waitFor({ state: 'attached' });
    await porch.api('member3', 'POST', '/posts', { body: 'Something may move' });
    await newPostsButton(page).waitFor();
    await porch.api('admin', 'POST', '/notices', { title: 'Good news that moves' });
    await page.locator('.wins a').waitFor();
    await porch.api('sarah', 'POST', '/notices', { title: 'A toast' });
    await page.getByRole('region', { name: 'New notice' }).waitFor();
    await latest(page).first().getByRole('button', { name: /^Like/ }).click();
    await page.getByRole('button', { name: 'Write to your team' }).click();
    await page.getByRole('textbox').first().fill('To be thrown away');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('group').filter({ has: page.locator('.question-lose') }).or(page.getByText('Get my words back')).first().waitFor();
    for (const [hash, path] of [['#/chat', /\/channels/], ['#/together', /counter\.list/], ['#/digest', /\/digests/], ['#/notices', /\/notices/]]) {
        let go;
        const held = new Promise((done) => (go = done));
        await page.route(path, (route) => held.then(() => route.continue()));
        await view(hash, page.locator('.loading, h1'));
        await page.mouse.wheel(0, 300);
        go();
        await page.waitForFunction(() => !document.querySelector('.loading'));
        await page.unroute(path);
    }
    await view('#/settings', page.getByRole('switch'));
    await page.getByText('Hide that I am here', { exact: true }).click();
    await view('#/more', page.getByRole('heading', { level: 1 }));
    const { items } = await porch.api('member1', 'GET', '/posts');
    await view(`#/posts/${items[0].id}`, page.getByRole('article'));
    await view('#/posts/999999', page.getByRole('heading', { name: 'This post is not here any more' }));
    await guest.leave();
    return page.evaluate(() => window.moved);
}

test('nothing moves for longer than 5 s, and there is something that moves', async () => {
    const page = await porch.open({ who: 'member1', allow: [expected.status(404)] });
    const moved = await stir(page);
    for (const what of ['active-glow', 'new-posts-button', 'toast', 'switch-track', 'loading-line'])
        assert.ok(moved.some((it) => it.includes(what)), `${what} is not among ${moved.join('\n')}`);
    await page.leave();
});

test('who wants no motion gets none: by the device, and by the settings', async () => {
    const device = await porch.open({ who: 'member1', reducedMotion: 'reduce', allow: [expected.status(404)] });
    assert.deepEqual(await stir(device), []);
    await device.leave();
    const before = (page) =>
        page.addInitScript(() => localStorage.setItem('porchlight.theme', JSON.stringify({ motion: 'calm' })));
    const chosen = await porch.open({ who: 'member1', before, allow: [expected.status(404)] });
    assert.deepEqual(await stir(chosen), []);
    await chosen.leave();
});
