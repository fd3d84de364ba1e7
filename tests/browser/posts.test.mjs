/*
 * What people do with posts: change them, delete them, take that back; and hands that shake.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESKTOP, expected, latest, PHONE, stage } from './browser.mjs';
import { assertAccessible, measure, overflow } from './sight.mjs';

const porch = stage();

const write = (who, body, more = {}) => porch.api(who, 'POST', '/posts', { body, ...more });
const cardOf = (page, id) => page.locator(`#post-${id}`);
const button = (where, name) => where.getByRole('button', { name, exact: true });
const isFocused = (locator) => locator.evaluate((element) => element === document.activeElement);
const untilFocused = (page, id) =>
    page.waitForFunction((it) => document.activeElement?.id === it, `post-${id}`);

/* Whether the server still has the post. */
async function isThere(id) {
    const headers = { authorization: `Bearer ${await porch.server.token('member2')}` };
    return (await fetch(`${porch.server.url}/posts/${id}`, { headers })).ok;
}

/* The ids of the posts that any tab of the page's device has asked the server to delete. */
function watchDeletions(page) {
    const asked = [];
    page.context().on('request', (request) => {
        const [, id] = /\/posts\/(\d+)$/.exec(request.url()) ?? [];
        if (request.method() === 'DELETE' && id) asked.push(id);
    });
    return asked;
}

test('a member changes a post in place; cancelling asks, and a reload keeps the words', async () => {
    const { id } = await write('member1', 'Once around the lake', { topics: ['walking'] });
    const page = await porch.open({ who: 'member1', viewport: PHONE });
    const card = cardOf(page, id);
    await button(card, 'Edit').press('Enter');
    const text = card.getByRole('textbox', { name: 'Edit your post' });
    assert.deepEqual([await text.inputValue(), await isFocused(text)], ['Once around the lake', true]);
    await page.keyboard.type(', twice');
    await button(card, 'Cancel').press('Enter');
    await card.getByText('Do you want to lose what you changed?').waitFor();
    assert.ok(await isFocused(button(card, 'No, keep writing')));
    await page.keyboard.press('Enter');
    assert.ok(await isFocused(text));

    await page.reload();
    assert.equal(await text.inputValue(), 'Once around the lake, twice');
    await button(card, 'Save').press('Enter');
    await card.getByText('Once around the lake, twice').waitFor();
    await card.getByText('edited', { exact: true }).waitFor();
    await page.waitForFunction(() => document.activeElement?.textContent === 'Edit');
    const { body, topics } = await porch.api('member1', 'GET', `/posts/${id}`);
    assert.deepEqual([body, topics], ['Once around the lake, twice', ['walking']]);

    await button(card, 'Edit').click();
    await text.fill('Never mind');
    await button(card, 'Cancel').click();
    await button(card, 'Yes, lose it').click();
    await card.getByText('Once around the lake, twice').waitFor();
    await page.leave();
});

test('what stands in the way of a change is said, and the words are kept', async () => {
    const { id } = await write('member3', 'First words');
    const allow = [expected.status(403), expected.lost];
    const page = await porch.open({ who: 'member3', path: `/#/posts/${id}`, allow });
    const card = cardOf(page, id);
    const text = card.getByRole('textbox', { name: 'Edit your post' });
    const alert = (words) => card.getByRole('alert').filter({ hasText: words }).waitFor();
    await button(card, 'Edit').click();
    await text.fill('Words of the phone');
    await porch.api('member3', 'PATCH', `/posts/${id}`, { body: 'Words of the tablet' });
    await button(card, 'Save').click();
    await alert('This post was changed in another place.');
    await card.getByText('Words of the tablet').waitFor();
    assert.equal(await text.inputValue(), 'Words of the phone');
    assert.equal((await porch.api('member3', 'GET', `/posts/${id}`)).body, 'Words of the tablet');
    await button(card, 'Save').press('Enter');
    await card.locator('p').filter({ hasText: 'Words of the phone' }).waitFor();
    assert.equal((await porch.api('member3', 'GET', `/posts/${id}`)).body, 'Words of the phone');

    let refuse = true;
    await page.route(/\/posts\/\d+$/, (route) => {
        const json = { type: '/docs#forbidden', title: 'x', status: 403, detail: 'Only the author can change a post.' };
        if (!refuse || route.request().method() !== 'PATCH') return route.fallback();
        return route.fulfill({ status: 403, contentType: 'application/problem+json', json });
    });
    await button(card, 'Edit').click();
    await text.fill('Third words');
    await button(card, 'Save').click();
    await alert('You are not allowed to do this. What you wrote is kept.');
    assert.equal(await text.inputValue(), 'Third words');
    refuse = false;

    await page.context().setOffline(true);
    await button(card, 'Save').press('Enter');
    await card.locator('p').filter({ hasText: 'Third words' }).waitFor();
    await card.getByText('Waiting to be sent').waitFor();
    await page.context().setOffline(false);
    await card.getByText('Waiting to be sent').waitFor({ state: 'detached' });
    assert.equal((await porch.api('member3', 'GET', `/posts/${id}`)).body, 'Third words');

    await button(card, 'Edit').click();
    await text.fill('Fourth words');
    await porch.api('sarah', 'DELETE', `/posts/${id}`);
    await alert('This post was taken away. Your words are still here, so you can copy them.');
    assert.equal(await text.inputValue(), 'Fourth words');
    await page.leave();
});

test('a deletion stands in every tab and survives a reload; Undo takes it back; it is sent once', async () => {
    const { id } = await write('member4', 'A post to delete');
    const page = await porch.open({ who: 'member4' });
    const asked = watchDeletions(page);
    await page.clock.install();
    const other = await page.context().newPage();
    await other.goto('/');
    await page.reload();
    const [card, twin] = [cardOf(page, id), cardOf(other, id)];
    await twin.getByText('A post to delete').waitFor();

    await button(card, 'Delete').press('Enter');
    await card.getByText('Post deleted. You can undo this for 10 seconds.').waitFor();
    assert.ok(await isFocused(button(card, 'Undo')));
    await button(twin, 'Undo').click();
    await card.getByText('A post to delete').waitFor();
    await untilFocused(other, id);
    await untilFocused(page, id);
    await page.clock.fastForward(15_000);

    /* The focus on what stands in its place goes back to it as well. */
    await button(card, 'Delete').press('Enter');
    await button(card, 'Undo').waitFor();
    await card.evaluate((it) => it.focus());
    await button(twin, 'Undo').click();
    await card.getByText('A post to delete').waitFor();
    await untilFocused(page, id);

    await button(card, 'Delete').dblclick();
    await card.getByText('Post deleted.').waitFor();
    await page.reload();
    await button(card, 'Undo').waitFor();
    await page.clock.fastForward(5_000);
    assert.deepEqual([asked, await isThere(id)], [[], true]);
    await button(card, 'Undo').focus();
    const height = (await card.boundingBox()).height;
    await page.clock.fastForward(5_000);
    await button(card, 'Undo').waitFor({ state: 'detached' });
    await button(twin, 'Undo').waitFor({ state: 'detached' });
    await untilFocused(page, id);
    assert.equal((await card.boundingBox()).height, height, 'nothing moves by itself');
    for (const it of [card, twin]) assert.match(await it.innerText(), /^Post deleted\.\s*$/);
    assert.deepEqual([asked, await isThere(id)], [[id], false]);
    await page.leave();
});

test('a deletion without a network waits for one, also when the page has gone', async () => {
    const { id } = await write('member5', 'Deleted on the train');
    const page = await porch.open({ who: 'member5', allow: [expected.lost] });
    const asked = watchDeletions(page);
    await button(cardOf(page, id), 'Delete').click();
    await page.context().setOffline(true);
    await cardOf(page, id).getByText('You are offline. We will send this when you are back.').waitFor();
    const later = await page.context().newPage();
    await page.close();
    await later.context().setOffline(false);
    await later.clock.install({ time: Date.now() + 11_000 });
    await Promise.all([later.waitForResponse((it) => it.request().method() === 'DELETE'), later.goto('/')]);
    await later.locator('main').waitFor();
    assert.deepEqual([asked, await isThere(id)], [[id], false]);
    await page.leave();
});

test('a coach takes down any post of the team, and pins with a hand that shakes; a member has neither', async () => {
    const { id } = await write('member6', 'Not for here');
    const member = await porch.open({ who: 'member7' });
    await cardOf(member, id).getByText('Not for here').waitFor();
    const names = await cardOf(member, id).getByRole('button').allInnerTexts();
    assert.deepEqual(names, ['Like', 'Report']);
    await member.leave();

    const page = await porch.open({ who: 'sarah', path: `/#/posts/${id}` });
    const card = cardOf(page, id);
    const pins = [];
    page.on('request', (request) => request.url().endsWith('/pin') && pins.push(request.method()));
    await button(card, 'Pin to top').click({ clickCount: 5, delay: 100 });
    await button(card, 'Unpin').waitFor();
    assert.deepEqual(pins, ['PUT']);
    assert.equal(await button(card, 'Edit').count(), 0);
    await page.clock.install();
    await button(card, 'Delete').press('Enter');
    await button(card, 'Undo').waitFor();
    await page.clock.fastForward(10_000);
    await button(card, 'Undo').waitFor({ state: 'detached' });
    await card.getByText('Post deleted.').waitFor();
    assert.equal(await isThere(id), false);
    await page.leave();
});

test('an unlike can be taken back beside the heart for ten seconds, and nothing moves', async () => {
    /* A row that is just wide enough: without a place kept for it, Undo would push something out of the row. */
    const { id } = await write('member8', 'Please like this', { topics: ['walking'] });
    for (const viewport of [PHONE, DESKTOP]) {
        const page = await porch.open({ who: 'member8', path: `/#/posts/${id}`, viewport });
        const card = cardOf(page, id);
        const undo = button(card, 'Undo');
        const isLiked = () => porch.api('member8', 'GET', `/posts/${id}`).then((it) => it.liked);
        const boxes = () =>
            card.evaluate((it) =>
                [it, ...it.querySelectorAll('.like, .post-topics, .post-actions, .post-body')].map((part) =>
                    JSON.stringify(part.getBoundingClientRect()),
                ),
            );
        await button(card, 'Like').dblclick();
        await card.getByText('1 like', { exact: true }).waitFor();
        await page.clock.install();
        const before = await boxes();
        const unlike = async () => {
            await button(card, 'Liked').press('Enter');
            await undo.waitFor();
            await page.waitForFunction(() => document.querySelector('.like').textContent === 'Like');
        };
        await unlike();
        assert.deepEqual(await boxes(), before);
        await page.clock.fastForward(9_000);
        await undo.press('Enter');
        await button(card, 'Liked').waitFor();
        assert.ok(await isFocused(button(card, 'Liked')));
        await page.clock.fastForward(2_000);
        await unlike();
        await page.clock.fastForward(10_000);
        await undo.waitFor({ state: 'hidden' });
        assert.deepEqual(await boxes(), before);
        assert.equal(await isLiked(), false);
        await page.leave();
    }
});

test('a cancelled draft can be had back, two taps post once, and an address is a link', async () => {
    const page = await porch.open({ who: 'member9' });
    const open = page.getByRole('button', { name: 'Write to your team' });
    const text = page.getByRole('textbox', { name: 'Write to your team' });
    const address = 'https://walkers.example/map?a=1';
    const body = `See ${address}. <img src=x onerror=alert(1)> mary@walkers.example`;
    await open.click();
    await text.fill(body);
    await button(page, 'Cancel').dblclick();
    await text.waitFor({ state: 'detached' });
    assert.ok(await isFocused(button(page, 'Get my words back')));
    await page.keyboard.press('Enter');
    assert.deepEqual([await text.inputValue(), await isFocused(text)], [body, true]);
    await button(page, 'Post').dblclick();
    const card = latest(page).first().filter({ hasText: 'walkers.example' });
    const link = card.getByRole('link');
    await link.waitFor();
    assert.equal(await link.count(), 1);
    const attributes = await link.evaluate(({ href, rel, target }) => ({ href, rel, target }));
    assert.deepEqual(attributes, { href: address, rel: 'noopener noreferrer nofollow ugc', target: '_blank' });
    assert.equal(await card.locator('img').count(), 0);
    const { items } = await porch.api('member9', 'GET', '/posts');
    assert.equal(items.filter((it) => it.body === body).length, 1);
    await page.leave();
});

test('all of it is legible and large enough, in both colour schemes and at 320 px', async () => {
    const topics = ['walking', 'lake'];
    const { id } = await write('sarah', 'Three ways to the lake: https://lake.example/one', { topics });
    const { id: second } = await write('sarah', 'To be deleted');
    const narrow = { width: 320, height: 640 };
    const page = await porch.open({ who: 'sarah', reducedMotion: 'reduce', viewport: narrow });
    const card = cardOf(page, id);
    const ways = [['dark', narrow], ['light', DESKTOP], ['light', PHONE], ['dark', PHONE]];
    const look = async (what) => {
        for (const [colorScheme, viewport] of ways) {
            await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
            await page.setViewportSize(viewport);
            assert.deepEqual(await measure(page), [], `${what} at ${viewport.width}`);
            assert.deepEqual(await overflow(page), { scrolls: false, wide: [] }, `${what} at ${viewport.width}`);
            if (viewport === PHONE) await assertAccessible(page, `${what}, ${colorScheme}`);
        }
    };
    await button(card, 'Like').click();
    await button(card, 'Liked').press('Enter');
    await button(cardOf(page, second), 'Delete').press('Enter');
    await page.getByRole('button', { name: 'Write to your team' }).click();
    await page.getByRole('textbox', { name: 'Write to your team' }).fill('Words');
    await button(page, 'Cancel').click();
    await page.clock.install();
    await look('what can be undone');
    await button(card, 'Edit').press('Enter');
    await card.getByRole('textbox', { name: 'Edit your post' }).fill(`Other words ${'x'.repeat(4_900)}`);
    await button(card, 'Cancel').click();
    await card.getByText('Do you want to lose what you changed?').waitFor();
    await look('a form with a question');
    await page.leave();
});
