/*
 * Settings: how this device looks and tells of news, one's name, one more team.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESKTOP, expected, latest, newPostsButton, PHONE, stage, toPlace } from './browser.mjs';
import { assertAccessible, assertAccessibleInBoth, measure, overflow } from './sight.mjs';

const porch = stage();
const notice = (page) => page.getByRole('region', { name: 'New notice', exact: true });
const bell = (page) => page.getByRole('link', { name: /^Notices/ });

async function openSettings({ who = 'member1', ...options } = {}) {
    const page = await porch.open({ who, ...options });
    await latest(page).first().waitFor();
    await toPlace(page, /^Settings/);
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
    return page;
}

test('the heading of a view that came late has the focus', async () => {
    const page = await openSettings();
    await page.waitForFunction(() => document.activeElement?.textContent === 'Settings');
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
    await page.leave();
});

test('calm: nothing moves, also after a reload', async () => {
    const page = await openSettings();
    await page.getByText('Calm: nothing moves').click();
    await page.reload();
    await page.getByRole('radio', { name: 'Calm: nothing moves', checked: true }).waitFor();
    await page.goto('/#/');
    await latest(page).first().waitFor();
    const guest = await porch.open({ who: 'member2' });
    await page.locator('.active-glow').waitFor({ state: 'attached' });
    await porch.api('member3', 'POST', '/posts', { body: 'Nothing moves' });
    await newPostsButton(page).waitFor();
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
    await guest.leave();
    await page.leave();
});

test('pop-ups can be turned off: the bell still counts, and what came then does not pop up later', async () => {
    const page = await openSettings();
    const toggle = page.locator('.switch').filter({ hasText: 'Let new notices pop up' });
    await toggle.click();
    const before = (await bell(page).textContent()).match(/\d+/)?.[0] ?? 0;
    await porch.api('sarah', 'POST', '/notices', { title: 'Quietly' });
    await bell(page).filter({ hasText: String(Number(before) + 1) }).waitFor();
    assert.equal(await notice(page).count(), 0);
    await toggle.click();
    assert.equal(await notice(page).count(), 0);
    await porch.api('sarah', 'POST', '/notices', { title: 'Loudly' });
    await notice(page).filter({ hasText: 'Loudly' }).waitFor();
    await page.leave();
});

test('sounds are off at first; on, a notice sounds once', async () => {
    const page = await porch.open();
    await page.addInitScript(() => {
        window.notes = 0;
        const { start } = OscillatorNode.prototype;
        OscillatorNode.prototype.start = function (...when) {
            window.notes += 1;
            return start.apply(this, when);
        };
    });
    await page.reload();
    await page.getByLabel('Sign-in name').fill('member1');
    await page.getByLabel('Password', { exact: true }).fill('porchlight');
    await page.keyboard.press('Enter');
    await latest(page).first().waitFor();
    await page.goto('/#/settings');
    const notes = () => page.evaluate(() => window.notes);
    const sounds = page.getByRole('switch', { name: 'Play a soft sound' });
    assert.equal(await sounds.isChecked(), false);
    await porch.api('sarah', 'POST', '/notices', { title: 'Silent' });
    await notice(page).filter({ hasText: 'Silent' }).waitFor();
    assert.equal(await notes(), 0);

    await page.locator('.switch').filter({ hasText: 'Play a soft sound' }).click();
    await page.waitForFunction(() => window.notes === 2);
    await porch.api('sarah', 'POST', '/notices', { title: 'With a sound' });
    await notice(page).filter({ hasText: 'With a sound' }).waitFor();
    await page.waitForFunction(() => window.notes === 4);
    await page.leave();
});

test('a new name is saved and shown', async () => {
    const page = await openSettings({ who: 'member4' });
    await page.getByLabel('Your name').fill('  ');
    await page.getByRole('button', { name: 'Save the name' }).click();
    await page.getByText('Please tell us your name.').waitFor();
    await page.getByLabel('Your name').fill('Maria Antonia');
    await page.getByRole('button', { name: 'Save the name' }).click();
    await page.getByText('Saved. Others see your new name now.').waitFor();
    await page.getByText('You are signed in as Maria Antonia.').waitFor();
    assert.equal((await porch.api('member4', 'GET', '/me')).name, 'Maria Antonia');
    await page.leave();
});

async function inviteInto(coach) {
    const { id } = await porch.api(coach, 'GET', '/me');
    return porch.api(coach, 'POST', `/teams/${id}/invites`, { maxUses: 2 });
}

test('a member joins another team with the link, and goes there', async () => {
    const { url } = await inviteInto('dave');
    const page = await openSettings({ who: 'member5', allow: [expected.status(404)] });
    const code = page.getByLabel('Invite link or code');
    await page.getByRole('button', { name: 'Join the team' }).click();
    await page.getByText('Please paste the link or the code.').waitFor();
    await code.fill('wrongwrongwrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'does not work any more' }).waitFor();
    await code.fill(`Come in: ${url}`);
    await page.keyboard.press('Enter');
    await page.getByText('You are in Strong Together now.').waitFor();
    await page.getByRole('link', { name: 'Go to Strong Together' }).click();
    await page.getByRole('heading', { level: 1, name: 'Strong Together' }).waitFor();
    await page.getByLabel('Team', { exact: true }).selectOption('Morning Walkers');
    await page.getByRole('heading', { level: 1, name: 'Morning Walkers' }).waitFor();
    await page.leave();
});

test('who is signed in and opens an invite can join with what they have', async () => {
    const { code } = await inviteInto('dave');
    const page = await porch.open({ who: 'member6' });
    await page.goto(`/#/join/${code}`);
    await page.getByText('You keep the teams you are in.').waitFor();
    await page.getByRole('button', { name: 'Join the team' }).click();
    await page.getByRole('heading', { level: 1, name: 'Strong Together' }).waitFor();
    assert.equal((await porch.api('member6', 'GET', '/me')).teams.length, 2);
    await page.leave();
});

test('who joins again after the answer was lost has joined once', async () => {
    const { code } = await inviteInto('dave');
    const page = await openSettings({ who: 'member7', allow: [expected.lost] });
    const keys = [];
    page.on('request', (request) => {
        if (request.url().endsWith('/teams/join')) keys.push(request.headers()['idempotency-key']);
    });
    await page.route(
        /\/teams\/join$/,
        async (route) => {
            assert.equal((await route.fetch()).status(), 200);
            await route.abort('connectionreset');
        },
        { times: 1 },
    );
    await page.getByLabel('Invite link or code').fill(code);
    await page.getByRole('button', { name: 'Join the team' }).click();
    await page.getByRole('alert').waitFor();
    assert.equal((await porch.api('member7', 'GET', '/me')).teams.length, 2, 'it did arrive');
    await page.getByRole('button', { name: 'Join the team' }).click();
    await page.getByText('You are in Strong Together now.').waitFor();
    assert.equal((await porch.api('member7', 'GET', '/me')).teams.length, 2);
    assert.deepEqual([keys.length, new Set(keys).size], [2, 1]);
    await page.leave();
});

for (const [name, viewport] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
    test(`axe finds nothing in the settings: ${name}`, async () => {
        const options = { viewport, reducedMotion: 'reduce', allow: [expected.status(404)] };
        const page = await openSettings(options);
        await page.getByLabel('Invite link or code').fill('wrongwrongwrong');
        await page.keyboard.press('Enter');
        await page.getByRole('alert').waitFor();
        await page.getByRole('button', { name: 'Save the name' }).click();
        await page.getByText('Saved.').waitFor();
        await assertAccessibleInBoth(page, 'settings');
        for (const width of [viewport.width, 320]) {
            await page.setViewportSize({ width, height: viewport.height });
            assert.deepEqual(await measure(page), [], `${width}`);
            assert.deepEqual(await overflow(page), { scrolls: false, wide: [] }, `${width}`);
        }
        await page.leave();
    });
}

test('a view whose code does not come says so, and the way around stays', async () => {
    const page = await porch.open({ who: 'member1', allow: [expected.lost, /dynamically imported module/] });
    await latest(page).first().waitFor();
    await page.route(/\/assets\/Settings-.*\.js$/, (route) => route.abort());
    await toPlace(page, /^Settings/);
    await page.getByRole('heading', { name: 'This page did not load' }).waitFor();
    await assertAccessible(page, 'missing code');
    await page.getByRole('link', { name: 'Home' }).click();
    await latest(page).first().waitFor();
    await page.leave();
});
