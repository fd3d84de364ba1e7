/*
 * The admin's page: the switch for live updates with its numbers, the teams, and how the server is.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DESKTOP, expected, latest, newPostsButton, PHONE, signIn, stage, toPlace } from './browser.mjs';
import { assertAccessibleInBoth, measure, overflow } from './sight.mjs';

const porch = stage();
const part = (page, name) => page.getByRole('region', { name });
const liveSwitch = (page) => page.getByRole('switch', { name: 'Live updates are on' });
const number = (page, name) => page.locator('.number').filter({ hasText: name }).locator('.number-value');

async function openAdmin(options) {
    const page = await porch.open({ who: 'admin', ...options });
    await toPlace(page, /^Admin/);
    await page.getByRole('heading', { level: 1, name: 'Admin' }).waitFor();
    await liveSwitch(page).waitFor();
    return page;
}

test('only admins find it', async () => {
    const page = await porch.open({ who: 'sarah' });
    await page.getByRole('link', { name: 'More', exact: true }).click();
    await page.getByRole('link', { name: /^Coach/ }).waitFor();
    assert.equal(await page.getByRole('link', { name: /^Admin/ }).count(), 0);
    await page.goto('/#/admin');
    await page.getByRole('heading', { level: 1, name: 'There is nothing at this address' }).waitFor();
    await page.leave();
});

test('the switch asks first, moves, and the numbers follow', async () => {
    const page = await openAdmin();
    const live = part(page, 'Live updates');
    const realtime = async () => (await porch.api('admin', 'GET', '/admin/flags/realtime')).value;

    assert.equal(await liveSwitch(page).isChecked(), false);
    await live.locator('.switch').click();
    await live.getByRole('group', { name: 'Turn live updates on?' }).getByText('Nothing is lost.').waitFor();
    assert.equal(await liveSwitch(page).isChecked(), false, 'asking is not turning');
    await page.keyboard.press('Escape');
    assert.equal(await live.getByRole('group', { name: 'Turn live updates on?' }).count(), 0);
    assert.ok(await liveSwitch(page).evaluate((it) => it === document.activeElement));
    assert.equal(await realtime(), false);

    await page.keyboard.press('Space');
    await live.getByRole('button', { name: 'Turn on' }).click();
    await live.getByRole('status').filter({ hasText: 'Live updates are on now.' }).waitFor();
    assert.equal(await liveSwitch(page).isChecked(), true);
    assert.equal(await realtime(), true);
    const mary = await porch.open({ who: 'member1' });
    await latest(mary).first().waitFor();
    await number(page, 'Open lines').filter({ hasText: /^1$/ }).waitFor();
    await number(page, 'People here').filter({ hasText: /^2$/ }).waitFor();

    await live.locator('.switch').click();
    await live.getByText('1 open line will close').waitFor();
    await live.getByRole('button', { name: 'Turn off' }).click();
    await live.getByRole('status').filter({ hasText: 'Live updates are off now.' }).waitFor();
    assert.equal(await realtime(), false);
    await number(page, 'Open lines').filter({ hasText: /^0$/ }).waitFor();
    await number(page, 'Polls a second').filter({ hasText: /^[1-9]/ }).waitFor();
    await mary.leave();
    await page.leave();
});

test('a switch that somebody else turned moves, and one that may not move says why', async () => {
    const page = await openAdmin({ allow: [expected.status(409)] });
    await porch.api('admin', 'PUT', '/admin/flags/realtime', { value: true });
    await page.locator('.switch input:checked').waitFor({ state: 'attached' });
    await porch.api('admin', 'PUT', '/admin/flags/realtime', { value: false });
    await page.locator('.switch input:not(:checked)').waitFor({ state: 'attached' });

    const json = { type: '/docs#conflict', status: 409, detail: 'This build has no realtime module.' };
    await page.route(/\/admin\/flags\/realtime$/, (route) =>
        route.request().method() === 'PUT' ? route.fulfill({ status: 409, json }) : route.fallback(),
    );
    await page.locator('.switch').click();
    await page.getByRole('button', { name: 'Turn on' }).click();
    const said = 'The switch did not move. This server was made without them.';
    await page.getByRole('alert').filter({ hasText: said }).waitFor();
    assert.equal(await liveSwitch(page).isChecked(), false);
    await page.leave();
});

test('teams, members and health are told, and a team leads to its corner', async () => {
    const page = await openAdmin();
    const teams = part(page, 'Teams');
    await teams.getByText('2 teams with 32 people in all.').waitFor();
    assert.match(await teams.getByRole('listitem').first().textContent(), /Morning Walkers.*Sarah.*21 people/);
    const { version } = await (await fetch(`${porch.server.url}/capabilities`)).json();
    await part(page, 'Health').getByText(version, { exact: true }).waitFor();
    await part(page, 'Health').getByText('Ready. It can read and save.').waitFor();
    await teams.getByRole('button', { name: 'Open the coach\'s corner of Strong Together' }).click();
    await page.getByText('Here you look after Strong Together.').waitFor();
    await page.leave();
});

test('the last hour is drawn, and stands in a table for who wants it', async () => {
    const page = await openAdmin();
    await porch.server.advance(10);
    const hour = part(page, 'The last hour');
    const here = hour.locator('.hour-one').filter({ hasText: 'People here' });
    await here.getByRole('img', { name: /^People here, in the last hour/ }).waitFor({ timeout: 20_000 });
    await here.getByText(/^Now \d+, at most \d+$/).waitFor();
    assert.equal(await hour.getByRole('img').count(), 6);
    await hour.getByRole('button', { name: 'Show as a table' }).press('Enter');
    await here.getByRole('rowheader').first().waitFor();
    assert.equal(await hour.getByRole('table').count(), 6);
    assert.equal(await hour.getByRole('img').count(), 0);
    const { days } = await porch.api('admin', 'GET', '/admin/numbers');
    const came = part(page, 'Who came, day by day');
    await came.getByRole('img', { name: /^People on each of 30 days/ }).waitFor();
    await came.getByRole('button', { name: 'Show as a table' }).click();
    assert.equal(await came.getByRole('rowheader').count(), days.length);
    await page.leave();
});

test('an invite is made, listed, and taken back after a question', async () => {
    const page = await openAdmin();
    const invites = part(page, 'Invites');
    await invites.getByText('No invite is open').waitFor();
    await invites.getByRole('button', { name: 'Make an invite' }).press('Enter');
    await invites.getByLabel('Team', { exact: true }).selectOption('Strong Together');
    await invites.getByText('Up to 5').click();
    await invites.getByRole('button', { name: 'Make a link' }).click();
    await invites.getByText(/#\/join\//).waitFor();
    const row = invites.getByRole('listitem').filter({ hasText: 'Strong Together' });
    await row.getByText(/^5 of 5 left, until /).waitFor();
    await invites.getByRole('button', { name: 'Close' }).click();
    await row.getByRole('button', { name: /^Take it back/ }).press('Enter');
    await row.getByRole('group', { name: /^Take back this invite to Strong Together/ }).waitFor();
    await assertAccessibleInBoth(page, 'the question about an invite');
    await row.getByRole('button', { name: 'No, keep it' }).click();
    assert.equal((await porch.api('admin', 'GET', '/invites')).items.length, 1, 'asking is not taking');
    await row.getByRole('button', { name: /^Take it back/ }).click();
    await row.getByRole('button', { name: 'Yes, take it back' }).click();
    await invites.getByText('The link lets no one in any more.').waitFor();
    await invites.getByText('No invite is open').waitFor();
    assert.deepEqual((await porch.api('admin', 'GET', '/invites')).items, []);
    await page.leave();
});

test('a backup is made on request, and who did what is read, page by page, and saved', async () => {
    for (let i = 0; i < 12; i++) await porch.api('admin', 'PUT', '/admin/words', { words: ['scam'] });
    const page = await openAdmin();
    const backups = part(page, 'Backups');
    await backups.getByText('No backup is planned.').waitFor();
    await backups.getByText('There is no backup yet').waitFor();
    await backups.getByRole('button', { name: 'Make one now' }).press('Enter');
    await backups.getByRole('listitem').filter({ hasText: 'Opened and checked' }).waitFor();
    await backups.getByRole('button', { name: 'Make one now' }).waitFor();
    await page.reload();
    const log = part(page, 'Who did what');
    await log.getByRole('listitem').filter({ hasText: 'Grace made a backup' }).waitFor();
    assert.equal(await log.getByRole('listitem').count(), 10);
    await log.getByRole('button', { name: 'Show older ones' }).press('Enter');
    await log.getByRole('listitem').nth(10).waitFor();
    const [file] = await Promise.all([
        page.waitForEvent('download'),
        log.getByRole('button', { name: 'Save as a file' }).click(),
    ]);
    assert.equal(file.suggestedFilename(), 'porchlight-audit.csv');
    const lines = readFileSync(await file.path(), 'utf8').split('\n');
    assert.equal(lines[0], 'at,actorId,action,teamId,subject,subjectId,detail');
    assert.ok(lines.some((line) => line.includes(',1,backup.make,')) && lines.length > 10);
    await page.leave();
});

test('a server that cannot save is told of, and numbers that stop are not passed off as new', async () => {
    const page = await openAdmin({ allow: [expected.status(503)] });
    await number(page, 'People here').waitFor();
    await part(page, 'Health').getByText('Ready. It can read and save.').waitFor();
    await page.route(/\/(readyz|metrics)$/, (route) => route.fulfill({ status: 503, json: {} }));
    await part(page, 'Health').getByText('Not well.').waitFor();
    await page.getByText('The numbers stopped').waitFor();
    await page.unroute(/\/(readyz|metrics)$/);
    await part(page, 'Health').getByText('Ready. It can read and save.').waitFor();
    await page.getByText('The numbers stopped').waitFor({ state: 'detached' });
    await page.leave();
});

test('back at a team, what came while another one was looked at is new', async () => {
    const page = await porch.open({ who: 'admin' });
    const team = page.getByLabel('Team', { exact: true });
    const at = async (name) => {
        await team.selectOption(name);
        await page.getByRole('heading', { level: 1, name }).waitFor();
        await latest(page).first().waitFor();
        await page.getByText('You are up to date').waitFor();
    };
    await at('Morning Walkers');
    await at('Strong Together');
    await porch.api('member1', 'POST', '/posts', { body: 'While you were with the others' });
    await team.selectOption('Morning Walkers');
    await newPostsButton(page).filter({ hasText: '1 new post available' }).waitFor();
    await newPostsButton(page).click();
    await latest(page).first().filter({ hasText: 'While you were with the others' }).waitFor();
    await page.leave();
});

test('nothing is asked of the server while nobody looks', async () => {
    const page = await openAdmin();
    let asked = 0;
    page.on('request', (request) => {
        if (request.url().endsWith('/metrics')) asked += 1;
    });
    await page.waitForRequest(/\/metrics$/);
    const setVisibility = (state) =>
        page.evaluate((value) => {
            Object.defineProperty(document, 'visibilityState', { value, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
        }, state);
    await setVisibility('hidden');
    const before = asked;
    /* Two intervals by the page's own timers, which is what would ask. */
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 6_500)));
    assert.ok(asked <= before + 1, `${asked - before} times`);
    await setVisibility('visible');
    await page.waitForRequest(/\/metrics$/);
    await page.leave();
});

for (const [name, viewport] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
    test(`axe finds nothing on the admin's page: ${name}`, async () => {
        const page = await openAdmin({ viewport, reducedMotion: 'reduce' });
        await page.locator('.switch').click();
        await page.getByRole('group', { name: /^Turn live updates/ }).waitFor();
        await number(page, 'People here').waitFor();
        await part(page, 'Teams').getByRole('listitem').first().waitFor();
        await assertAccessibleInBoth(page, 'admin');
        for (const width of [viewport.width, 320]) {
            await page.setViewportSize({ width, height: viewport.height });
            assert.deepEqual(await measure(page), [], `${width}`);
            assert.deepEqual(await overflow(page), { scrolls: false, wide: [] }, `${width}`);
        }
        await page.leave();
    });
}

test("axe finds nothing while the admin's page loads or fails", async () => {
    const asked = /\/(metrics|readyz|admin\/(numbers|backups|flags\/realtime)|(invites|admin\/audit)\?.*)$/;
    const loading = await porch.open({ who: 'admin' });
    await loading.route(asked, () => {});
    await loading.goto('/#/admin');
    for (const said of ['the numbers', 'the last hour', 'the days'])
        await loading.getByText(`Loading ${said}…`).waitFor();
    for (const said of ['Loading the invites…', 'Looking for backups…', 'Loading the list…'])
        await loading.getByText(said).waitFor();
    await assertAccessibleInBoth(loading, 'loading');
    await loading.leave();

    const failed = await porch.open({ who: 'admin', allow: [expected.status(404)] });
    await failed.route(asked, (route) => route.fulfill({ status: 404, json: {} }));
    await failed.goto('/#/admin');
    await failed.getByText('The numbers did not load').waitFor();
    for (const said of ['The switch', 'The last hour', 'The days', 'The invites', 'The backups', 'The list'])
        await failed.getByText(`${said} did not load`).waitFor();
    await assertAccessibleInBoth(failed, 'failed');
    await failed.leave();

    const empty = await porch.open();
    await empty.route(/\/teams(\?|$)/, (route) => route.fulfill({ json: { items: [], next: null } }));
    await signIn(empty, 'admin');
    await empty.goto('/#/admin');
    await empty.getByText('There are no teams yet').waitFor();
    await assertAccessibleInBoth(empty, 'empty');
    await empty.leave();
});
