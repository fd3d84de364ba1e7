/*
 * What a team counts together: adding, taking back, days, corrections, another count.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DESKTOP, expected, PHONE, stage } from './browser.mjs';
import { assertAccessibleInBoth, measure, overflow } from './sight.mjs';

const NARROW = { width: 320, height: 640 };
const part = (page, name) => page.getByRole('region', { name, exact: true });
const total = (page, name = 'Steps') => part(page, name).locator('.count-total strong');

/* A press right after another in the same place would count as a hand that shakes. */
const byHand = (button) => button.evaluate((it) => it.click());
const said = (value) => value.toLocaleString('en-US');

async function openTogether(porch, { who = 'member1', ...options } = {}) {
    const page = await porch.open({ who, reducedMotion: 'reduce', ...options });
    await page.getByRole('link', { name: 'Together', exact: true }).click();
    await part(page, 'Steps').waitFor();
    return page;
}

for (const mode of ['off', 'on']) describe(`with realtime ${mode}`, () => {
    const porch = stage({ args: ['--poll-interval', '1s', '--grace', '1s', '--realtime', mode] });
    const value = async (name = 'steps') => (await porch.api('member1', 'POST', '/rpc/counter.getValue', { name })).value;

    test('what one adds, the other sees; it can be taken back', async () => {
        const before = await value();
        const mary = await openTogether(porch);
        const tom = await openTogether(porch, { who: 'member2' });
        await total(tom).filter({ hasText: said(before) }).waitFor();
        await part(mary, 'Steps').getByRole('button', { name: '+500 to Steps' }).click();
        await total(mary).filter({ hasText: said(before + 500) }).waitFor();
        await total(tom).filter({ hasText: said(before + 500) }).waitFor();
        await part(tom, 'Who added what').getByText(/^Mary Jones added 500$/).waitFor();

        const last = part(mary, 'Steps').locator('.count-last');
        await last.getByText('You added 500.').waitFor();
        await last.getByRole('button', { name: 'Undo' }).click();
        await last.getByText('You took back 500.').waitFor();
        assert.match(await mary.evaluate(() => document.activeElement.textContent), /^\+100/, 'the focus stays near');
        await total(tom).filter({ hasText: said(before) }).waitFor();
        assert.equal(await last.getByRole('button', { name: 'Undo' }).count(), 0);
        await mary.leave();
        await tom.leave();
    });

    test('another number is read as it is typed, and refused in plain words', async () => {
        const before = await value();
        const page = await openTogether(porch);
        const steps = part(page, 'Steps');
        await steps.getByRole('button', { name: /^Another number/ }).click();
        assert.equal(await page.evaluate(() => document.activeElement.tagName), 'INPUT');
        await page.keyboard.type('two');
        await page.keyboard.press('Enter');
        await steps.getByText('Please type a whole number above 0.').waitFor();
        await steps.getByLabel('How many?').fill('');
        await page.keyboard.type('1,234');
        await page.keyboard.press('Enter');
        await total(page).filter({ hasText: said(before + 1234) }).waitFor();
        await steps.getByText('You added 1,234.').waitFor();
        assert.match(await page.evaluate(() => document.activeElement.textContent), /^Another number/);
        await page.leave();
    });
});

describe('the view', () => {
    const porch = stage();

    test('the days are bars with a table behind them', async () => {
        const page = await openTogether(porch);
        const days = part(page, 'Day by day');
        const chart = days.getByRole('img');
        await days.locator('svg[aria-label^="A chart of 7 days"]').waitFor();
        assert.match(await chart.getAttribute('aria-label'), /: [\d,]+ in all\. The best day was \w+\.$/);
        const rows = await days.getByRole('row').count();
        assert.equal(rows, 8, 'a head and seven days, for ears');
        const added = await days.locator('.chart-value').allTextContents();
        await days.getByRole('button', { name: 'Show as a table' }).click();
        assert.equal(await chart.count(), 0);
        const cells = await days.getByRole('row').locator('td:nth-child(2)').allTextContents();
        assert.deepEqual(cells.map((it) => it.replace('+', '')).reverse(), added);
        await days.getByRole('button', { name: 'Show as a chart' }).click();
        await chart.waitFor();
        await page.leave();
    });

    test('a coach starts to count something else, corrects it and begins anew; members add to it', async () => {
        const sarah = await openTogether(porch, { who: 'sarah' });
        await part(sarah, 'Count something else').getByRole('button', { name: 'Count glasses of water' }).click();
        const main = part(sarah, 'Glasses of water');
        await sarah.waitForFunction(() => document.activeElement?.textContent === 'Glasses of water');
        await main.getByRole('button', { name: '+5 to Glasses of water' }).click();
        await total(sarah, 'Glasses of water').filter({ hasText: '5' }).waitFor();

        const mary = await openTogether(porch);
        assert.equal(await part(mary, 'Count something else').count(), 0);
        await part(mary, 'Glasses of water').getByRole('button', { name: 'Day by day' }).click();
        const water = part(mary, 'Glasses of water');
        await water.getByRole('button', { name: '+5 to Glasses of water' }).click();
        await total(mary, 'Glasses of water').filter({ hasText: '10' }).waitFor();
        assert.equal(await water.getByText('For coaches').count(), 0);

        await main.getByText('For coaches').click();
        await main.getByLabel('The right count').fill('12');
        await main.getByRole('button', { name: 'Set the count' }).click();
        await main.getByText('The count is 12 now.').waitFor();
        await total(mary, 'Glasses of water').filter({ hasText: '12' }).waitFor();
        await byHand(main.getByRole('button', { name: 'Start a new count' }));
        await main.getByRole('button', { name: 'No, keep the count' }).click();
        await byHand(main.getByRole('button', { name: 'Start a new count' }));
        await main.getByRole('button', { name: 'Yes, start from 0' }).click();
        await main.getByText('The count starts again from 0.').waitFor();
        await total(mary, 'Glasses of water').filter({ hasText: /^0$/ }).waitFor();
        await part(sarah, 'Who added what').getByText('You started a new count').waitFor();
        await sarah.leave();
        await mary.leave();
    });

    test('what is added without a network waits and is sent once', async () => {
        const page = await openTogether(porch, { who: 'member3', allow: [expected.lost] });
        const steps = part(page, 'Steps');
        await total(page).waitFor();
        const { value } = await porch.api('member1', 'POST', '/rpc/counter.getValue', { name: 'steps' });
        await page.context().setOffline(true);
        await steps.getByRole('button', { name: '+1,000 to Steps' }).click();
        await steps.getByText('This is not sent yet.').waitFor();
        await total(page).filter({ hasText: said(value + 1000) }).waitFor();
        const sent = page.waitForResponse('**/rpc/counter.increment');
        await page.context().setOffline(false);
        assert.equal((await sent).status(), 200);
        await steps.getByText('This is not sent yet.').waitFor({ state: 'detached' });
        const after = await porch.api('member1', 'POST', '/rpc/counter.getValue', { name: 'steps' });
        assert.equal(after.value, value + 1000);
        await page.leave();
    });

    test('loading, empty and failed', async () => {
        const page = await porch.open({ who: 'member1', reducedMotion: 'reduce', allow: [expected.status(404)] });
        await page.route('**/rpc/counter.list', () => {});
        await page.getByRole('link', { name: 'Together', exact: true }).click();
        await page.getByText('Loading the counts…').waitFor();
        await page.leave();

        const empty = await porch.open({ who: 'member1', reducedMotion: 'reduce' });
        await empty.route('**/rpc/counter.list', (route) => route.fulfill({ json: { items: [], next: null } }));
        await empty.route('**/rpc/counter.getHistory', (route) => route.fulfill({ json: { items: [], next: null } }));
        await empty.getByRole('link', { name: 'Together', exact: true }).click();
        await empty.getByText('Nothing is counted yet').waitFor();
        await empty.getByText('Your coach can start a count for your team.').waitFor();
        assert.equal(await part(empty, 'Steps').count(), 0);
        await assertAccessibleInBoth(empty, 'nothing is counted');
        await empty.leave();

        const failed = await porch.open({ who: 'member1', reducedMotion: 'reduce', allow: [expected.status(404)] });
        await failed.route('**/rpc/counter.list', (route) => route.fulfill({ status: 404, body: '{}' }));
        await failed.getByRole('link', { name: 'Together', exact: true }).click();
        await failed.getByText('The counts did not load').waitFor();
        await assertAccessibleInBoth(failed, 'the counts failed');
        await failed.unroute('**/rpc/counter.list');
        await failed.getByRole('button', { name: 'Try again' }).click();
        await part(failed, 'Steps').waitFor();
        await failed.leave();
    });

    test('everybody can see and press it', async () => {
        const page = await openTogether(porch, { who: 'sarah' });
        await part(page, 'Steps').getByText('For coaches').click();
        await part(page, 'Steps').getByRole('button', { name: 'Start a new count' }).click();
        await part(page, 'Day by day').getByRole('img').waitFor();
        for (const viewport of [PHONE, DESKTOP]) {
            await page.setViewportSize(viewport);
            await assertAccessibleInBoth(page, `together at ${viewport.width}`);
        }
        /* It is drawn anew a frame after its place has changed. */
        const narrow = () => document.querySelector('.chart-drawing svg').getBoundingClientRect().right <= innerWidth;
        for (const viewport of [NARROW, PHONE, DESKTOP]) {
            await page.setViewportSize(viewport);
            await page.waitForFunction(narrow);
            assert.deepEqual(await measure(page), [], `at ${viewport.width}`);
            assert.deepEqual(await overflow(page), { scrolls: false, wide: [] }, `at ${viewport.width}`);
        }
        await page.evaluate(() => (document.documentElement.dataset.textSize = 'larger'));
        await page.setViewportSize(NARROW);
        await page.waitForFunction(narrow);
        assert.deepEqual(await overflow(page), { scrolls: false, wide: [] }, 'the largest text');
        await page.leave();
    });
});
