/*
 * Cheers: one member presses, and everybody who is here sees it drift by. Never without a socket, never for long.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertAccessible } from './sight.mjs';
import { expected, latest, stage, toPlace } from './browser.mjs';

const args = (mode) => ['--poll-interval', '1s', '--grace', '1s', '--realtime', mode];
const opener = (page) => page.getByRole('button', { name: 'Cheer', exact: true });
const panel = (page) => page.getByRole('group', { name: 'Send a cheer to everyone who is here' });
const drifting = (page, name) => page.locator('.drifting').filter({ hasText: name });
const polite = (page) => page.locator('[aria-live=polite]');

describe('with realtime on', () => {
    const porch = stage({ args: args('on') });
    /* `sockets`: how many there are then. Before its own is open a page may offer the button, and miss a cheer. */
    const live = async (sockets, options) => {
        const page = await porch.open(options);
        await opener(page).waitFor();
        await porch.untilFigure('porchlight_sockets', sockets);
        return page;
    };

    test('a cheer drifts over the pages of all who are here, wherever they are, and ends by itself', async () => {
        const mary = await live(1, { who: 'member1' });
        const tom = await live(2, { who: 'member2' });
        const name = (await porch.api('member1', 'GET', '/me')).name;
        await toPlace(tom, /^Settings/);
        await tom.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();

        await opener(mary).click();
        await panel(mary).getByRole('button', { name: 'Sun' }).click();
        await panel(mary).getByRole('status').filter({ hasText: 'You sent some sunshine.' }).waitFor();
        const seen = drifting(tom, name);
        await seen.waitFor();
        await drifting(mary, name).waitFor();
        const began = Date.now();
        await polite(tom).filter({ hasText: `${name} sent some sunshine.` }).waitFor();
        assert.equal(await polite(mary).filter({ hasText: 'sunshine' }).count(), 0, 'not to who sent it');

        const moving = () =>
            tom.evaluate(() => document.querySelector('.drifting').getAnimations().map((it) => it.effect.getComputedTiming().endTime));
        await tom.waitForFunction(() => document.querySelector('.drifting')?.getAnimations().length > 0);
        for (const ms of await moving()) assert.ok(ms <= 5_000, `${ms} ms`);
        await seen.waitFor({ state: 'detached' });
        assert.ok(Date.now() - began < 5_500, 'it ends by itself');

        /* The next within half a minute is to be seen, and not said. */
        await panel(mary).getByRole('button', { name: 'Heart' }).click();
        await drifting(tom, name).waitFor();
        assert.equal(await polite(tom).filter({ hasText: 'heart' }).count(), 0);
        await tom.leave();
        await mary.leave();
    });

    test('all of it works by keyboard, and Escape leads back', async () => {
        const page = await live(1, { who: 'member3' });
        const focused = () => page.evaluate(() => document.activeElement.textContent);
        await opener(page).focus();
        await page.keyboard.press('Enter');
        await panel(page).waitFor();
        assert.equal(await opener(page).getAttribute('aria-expanded'), 'true');
        for (const icon of ['Heart', 'Bravo', 'Star', 'Sun', 'Strong']) {
            await page.keyboard.press('Tab');
            assert.equal(await focused(), icon);
            const { width, height } = await page.evaluate(() => {
                const { width, height } = document.activeElement.getBoundingClientRect();
                return { width, height };
            });
            assert.ok(width >= 64 && height >= 64, `${icon}: ${width} x ${height}`);
        }
        await page.keyboard.press('Enter');
        await panel(page).getByRole('status').filter({ hasText: 'You sent some strength.' }).waitFor();
        await page.keyboard.press('Escape');
        await panel(page).waitFor({ state: 'detached' });
        assert.equal(await focused(), 'Cheer');

        await page.keyboard.press('Enter');
        for (let i = 0; i < 6; i++) await page.keyboard.press('Tab');
        await panel(page).waitFor({ state: 'detached' });
        await opener(page).click();
        await page.getByRole('heading', { level: 1 }).click();
        await panel(page).waitFor({ state: 'detached' });
        await page.leave();
    });

    const chosen = (page) =>
        page.addInitScript(() => localStorage.setItem('porchlight.theme', JSON.stringify({ motion: 'calm' })));
    for (const [where, how] of [['on the device', { reducedMotion: 'reduce' }], ['in the settings', { before: chosen }]]) {
        test(`who wants no motion, ${where}, sees the cheer stand`, async () => {
            const still = await live(1, { who: 'member4', ...how });
            await porch.api('member5', 'POST', '/cheers', { icon: 'clap' });
            const cheer = still.locator('.drifting');
            await cheer.waitFor();
            assert.equal(await cheer.evaluate((it) => getComputedStyle(it).opacity), '1');
            await cheer.waitFor({ state: 'detached' });
            assert.deepEqual(await still.evaluate(() => window.moved), []);
            await still.leave();
            await porch.untilFigure('porchlight_sockets', 0);
        });
    }

    for (const colorScheme of ['dark', 'light']) {
        test(`axe finds nothing with the icons open and cheers in the air: ${colorScheme}`, async () => {
            const page = await live(1, { who: 'member9', colorScheme, reducedMotion: 'reduce' });
            await opener(page).click();
            for (const icon of ['heart', 'star']) await porch.api('member5', 'POST', '/cheers', { icon });
            await page.locator('.drifting').nth(1).waitFor();
            await assertAccessible(page, colorScheme);
            await page.leave();
            await porch.untilFigure('porchlight_sockets', 0);
        });
    }

    test('who is in a network without sockets can cheer all the same', async () => {
        const mary = await live(1, { who: 'member6' });
        const tom = await live(1, { who: 'member7', sockets: false });
        await opener(tom).click();
        await panel(tom).getByRole('button', { name: 'Star' }).click();
        await panel(tom).getByRole('status').filter({ hasText: 'You sent a star.' }).waitFor();
        await drifting(mary, (await porch.api('member7', 'GET', '/me')).name).waitFor();
        await tom.leave();
        await mary.leave();
    });

    test('a cheer that does not get through is told in a plain sentence', async () => {
        const page = await live(0, { who: 'member8', sockets: false, allow: [expected.lost, expected.status(429), expected.status(409)] });
        const refuse = (status) => (route) => route.fulfill({ status, contentType: 'application/problem+json', body: '{}' });
        const told = (text) => panel(page).getByRole('alert').filter({ hasText: text }).waitFor();
        await opener(page).click();
        const heart = panel(page).getByRole('button', { name: 'Heart' });
        await page.route('**/cheers', (route) => route.abort());
        await heart.click();
        await told('Your cheer did not get through. Please try again.');
        await page.route('**/cheers', refuse(429));
        await heart.click();
        await told('That was a bit fast.');
        await page.route('**/cheers', refuse(409));
        await heart.click();
        await told('Cheers are switched off right now.');
        await page.unroute('**/cheers');
        await heart.click();
        await panel(page).getByRole('status').filter({ hasText: 'You sent a heart.' }).waitFor();
        assert.equal(await panel(page).getByRole('alert').count(), 0);
        await page.leave();
    });
});

describe('with realtime off', () => {
    const porch = stage({ args: args('off') });

    test('there is no Cheer button, and its coming moves nothing', async () => {
        const page = await porch.open({ who: 'member1' });
        await latest(page).first().waitFor();
        await page.waitForResponse('**/changes*');
        assert.equal(await opener(page).count(), 0);
        const tops = () => page.evaluate(() => [...document.querySelectorAll('#main > *')].map((it) => it.getBoundingClientRect().top));
        const before = await tops();
        await porch.server.must('flag', 'realtime', 'on');
        await page.reload();
        await latest(page).first().waitFor();
        await opener(page).waitFor();
        assert.deepEqual(await tops(), before);
        await page.leave();
    });
});
