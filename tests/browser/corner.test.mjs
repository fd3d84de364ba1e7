/*
 * The coach's corner: telling the team, inviting, pins, and who is new.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESKTOP, expected, latest, PHONE, signIn, stage, toPlace } from './browser.mjs';
import { assertAccessibleInBoth, measure, overflow } from './sight.mjs';

const porch = stage();
const part = (page, name) => page.getByRole('region', { name });

async function openCorner({ who = 'sarah', ...options } = {}) {
    const page = await porch.open({ who, ...options });
    await toPlace(page, /^Coach/);
    await page.getByRole('heading', { level: 1, name: "Coach's corner" }).waitFor();
    return page;
}

test('only coaches and admins find it', async () => {
    const page = await porch.open({ who: 'member1' });
    await page.getByRole('link', { name: 'More', exact: true }).click();
    await page.getByRole('link', { name: /^Settings/ }).waitFor();
    assert.equal(await page.getByRole('link', { name: /^Coach/ }).count(), 0);
    await page.goto('/#/corner');
    await page.getByRole('heading', { level: 1, name: 'There is nothing at this address' }).waitFor();
    await page.leave();
});

test('a notice reaches the team, and not who sent it', async () => {
    const mary = await porch.open({ who: 'member1' });
    await latest(mary).first().waitFor();
    const page = await openCorner();
    const tell = part(page, 'Tell your team');
    await tell.getByRole('button', { name: 'Send the notice' }).click();
    await tell.getByText('Please say what it is about.').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'INPUT');
    await tell.getByLabel('What is it about?').fill('We meet at 9');
    await tell.getByLabel('More about it').fill('At the boathouse.');
    await tell.getByRole('button', { name: 'Send the notice' }).click();
    await tell.getByRole('status').filter({ hasText: 'Your notice is out: We meet at 9' }).waitFor();
    assert.equal(await tell.getByLabel('What is it about?').inputValue(), '');
    await part(mary, 'New notice').filter({ hasText: 'At the boathouse.' }).waitFor();

    /* What comes after it was polled after it. */
    const { teams } = await porch.api('sarah', 'GET', '/me');
    await porch.api('admin', 'POST', '/notices', { title: 'From the office', teamId: teams[0].id });
    await part(page, 'New notice').filter({ hasText: 'From the office' }).waitFor();
    await part(page, 'New notice').getByRole('button', { name: 'Close' }).click();
    await part(page, 'New notice').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: /^Notices/ }).click();
    await page.getByRole('heading', { name: /^We meet at 9/ }).waitFor();
    await mary.leave();
    await page.leave();
});

test('a notice that did not go out is kept, and goes out once', async () => {
    const page = await openCorner({ who: 'dave', allow: [expected.lost] });
    const tell = part(page, 'Tell your team');
    await tell.getByLabel('What is it about?').fill('Only once');
    /* The server has it, but the answer is lost. */
    await page.route(/\/notices$/, async (route) => {
        await route.fetch();
        await route.abort();
    });
    await tell.getByRole('button', { name: 'Send the notice' }).click();
    await tell.getByRole('alert').filter({ hasText: 'What you wrote is kept.' }).waitFor();
    await page.unroute(/\/notices$/);
    await tell.getByRole('button', { name: 'Send the notice' }).click();
    await tell.getByRole('status').filter({ hasText: 'Your notice is out' }).waitFor();
    const { items } = await porch.api('dave', 'GET', '/notices');
    assert.equal(items.filter(({ title }) => title === 'Only once').length, 1);
    await page.leave();
});

test('an invite link is shown, copied, and lets somebody in who is then new in the team', async () => {
    const page = await openCorner();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const invite = part(page, 'Invite people');
    await invite.getByText('Up to 5', { exact: true }).click();
    await invite.getByRole('button', { name: 'Make a link' }).click();
    await invite.getByText(/^Good for 5 people until \w+day, /).waitFor();
    const link = await invite.locator('.invite-link').textContent();
    assert.ok(link.startsWith(`${porch.server.url}/#/join/`), link);
    assert.ok(await invite.locator('.invite-link').evaluate((it) => it === document.activeElement));
    await invite.getByRole('button', { name: 'Copy the link' }).click();
    await invite.getByText('Copied.').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), link);
    await invite.getByRole('button', { name: 'Make another link' }).click();
    await invite.getByRole('button', { name: 'Make a link' }).waitFor();

    const nora = await porch.open({ path: link });
    await nora.getByLabel('Your name').fill('Nora Novak');
    await nora.getByLabel('Choose a password').fill('three warm words');
    await nora.getByRole('button', { name: 'Join the team' }).click();
    await nora.getByRole('heading', { level: 1, name: 'Morning Walkers' }).waitFor();
    await nora.leave();

    await page.getByRole('link', { name: 'Home' }).click();
    await toPlace(page, /^Coach/);
    const team = part(page, 'Your team');
    await team.getByText('22 people in the team, 1 new this week.').waitFor();
    const first = team.getByRole('listitem').first();
    assert.match(await first.textContent(), /Nora Novak.*New.*Joined just now/);
    await team.getByRole('button', { name: 'Show all 22' }).click();
    assert.equal(await team.getByRole('listitem').count(), 22);
    await page.leave();
});

test('a pinned post is unpinned, and can be pinned again', async () => {
    const page = await openCorner();
    const pins = part(page, 'Pinned posts');
    const first = pins.getByRole('listitem').first();
    const before = (await porch.api('sarah', 'GET', '/posts')).pinned.length;
    await pins.getByText(`${before} of 10 places are taken.`).waitFor();
    await first.getByRole('button', { name: 'Unpin' }).click();
    await first.getByRole('button', { name: 'Pin to top' }).waitFor();
    assert.equal((await porch.api('sarah', 'GET', '/posts')).pinned.length, before - 1);
    await pins.getByText(new RegExp(`^${before - 1} of 10 places (is|are) taken`)).waitFor();
    /* A second tap in the same place would count as a hand that shakes. */
    await first.getByRole('button', { name: 'Pin to top' }).press('Enter');
    await first.getByRole('button', { name: 'Unpin' }).waitFor();
    assert.equal((await porch.api('sarah', 'GET', '/posts')).pinned.length, before);
    await page.leave();
});

test('an admin chooses the team, and may tell all of them', async () => {
    const page = await openCorner({ who: 'admin' });
    await page.getByLabel('Team', { exact: true }).selectOption('Strong Together');
    await page.getByText('Here you look after Strong Together.').waitFor();
    const tell = part(page, 'Tell your team');
    await tell.getByLabel('What is it about?').fill('A good week for all');
    await tell.getByText('All teams', { exact: true }).click();
    await tell.getByRole('button', { name: 'Send the notice' }).click();
    await tell.getByText('Your notice is out').waitFor();
    const { items } = await porch.api('member1', 'GET', '/notices');
    assert.deepEqual([items[0].title, items[0].kind], ['A good week for all', 'win']);
    await page.leave();
});

for (const [name, viewport] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
    test(`axe finds nothing in the corner: ${name}`, async () => {
        const page = await openCorner({ who: 'admin', viewport, reducedMotion: 'reduce' });
        await part(page, 'Tell your team').getByRole('button', { name: 'Send the notice' }).click();
        await part(page, 'Invite people').getByRole('button', { name: 'Make a link' }).click();
        await part(page, 'Invite people').getByRole('button', { name: 'Copy the link' }).waitFor();
        await part(page, 'Your team').getByRole('listitem').first().waitFor();
        await assertAccessibleInBoth(page, 'corner');
        for (const width of [viewport.width, 320]) {
            await page.setViewportSize({ width, height: viewport.height });
            assert.deepEqual(await measure(page), [], `${width}`);
            assert.deepEqual(await overflow(page), { scrolls: false, wide: [] }, `${width}`);
        }
        await page.leave();
    });
}

test('axe finds nothing while the corner loads, is empty or fails', async () => {
    const lists = /\/(posts|members)(\?|$)/;
    const corner = async (handler, ready) => {
        const page = await porch.open({ path: '/#/corner', allow: [expected.status(404)] });
        await page.route(lists, handler);
        await signIn(page, 'sarah');
        await ready(page);
        await assertAccessibleInBoth(page, 'the corner');
        await page.leave();
    };
    await corner(
        () => {},
        (page) => page.getByText('Loading the pinned posts…').waitFor(),
    );
    const { cursor } = await porch.api('sarah', 'GET', '/posts');
    await corner(
        (route) => route.fulfill({ json: { items: [], next: null, pinned: [], cursor } }),
        async (page) => {
            await page.getByText('Nothing is pinned').waitFor();
            await page.getByText('No one has joined yet').waitFor();
        },
    );
    await corner(
        (route) => route.fulfill({ status: 404, json: {} }),
        async (page) => {
            await page.getByText('The pinned posts did not load').waitFor();
            await page.getByText('The team did not load').waitFor();
        },
    );
});
