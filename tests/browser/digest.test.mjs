/*
 * The digest: made on demand, judged, found again; and what the member chooses to see.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DESKTOP, expected, latest, PHONE, stage, toPlace } from './browser.mjs';
import { assertAccessibleInBoth, measure, overflow } from './sight.mjs';

const NARROW = { width: 320, height: 640 };
const articles = (page) => page.locator('.article');
const answer = (page, name) => articles(page).first().getByRole('button', { name, exact: true });

async function openDigest(porch, { who = 'member1', ...options } = {}) {
    const page = await porch.open({ who, reducedMotion: 'reduce', ...options });
    await toPlace(page, /^Digest/);
    await page.getByRole('heading', { level: 1, name: 'Your digest' }).waitFor();
    return page;
}

for (const mode of ['off', 'on']) describe(`with realtime ${mode}`, () => {
    const porch = stage({ args: ['--poll-interval', '1s', '--grace', '1s', '--realtime', mode] });

    test('one is made now, shows how far it is, and is there on another device', async () => {
        await porch.api('sarah', 'POST', '/posts', { body: 'The lake path is open again', topics: ['walking'] });
        const page = await openDigest(porch, { who: 'member5' });
        const made = page.waitForResponse((it) => it.url().endsWith('/digests') && it.request().method() === 'POST');
        await page.getByRole('button', { name: 'Make a digest now' }).click();
        const { id } = await (await made).json();
        await page.getByText('Your digest is being made').waitFor({ state: 'detached' });
        await articles(page).first().waitFor(); // the last one's had been there before
        const other = await porch.open({ who: 'member5', path: `/#/digest/${encodeURIComponent(id)}` });
        await articles(other).first().waitFor();
        assert.deepEqual(await articles(other).locator('h3').allTextContents(), await articles(page).locator('h3').allTextContents());
        await other.leave();
        await page.leave();
    });

    test('a job from outside shows its progress as it moves, and why it ended', async () => {
        const { id } = await porch.api('member6', 'POST', '/digests', { worker: 'outside' });
        const page = await openDigest(porch, { who: 'member6' });
        await page.getByText('Your digest is being made').waitFor();
        const token = await porch.server.must('token', 'issue', '--service', 'digests');
        const say = (method, path, body) =>
            fetch(`${porch.server.url}/digests/${encodeURIComponent(id)}/${path}`, {
                method,
                headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
                body: JSON.stringify(body),
            });
        const moved = await say('PUT', 'progress', { progress: 60, currentStep: 'Reading' });
        assert.ok(moved.ok, await moved.text());
        await page.getByText('60 percent').waitFor();
        assert.equal(await page.getByRole('progressbar').getAttribute('value'), '60');
        const ended = await say('POST', 'complete', { error: 'The well is dry' });
        assert.ok(ended.ok, await ended.text());
        await page.getByText('This digest was not finished').waitFor();
        await page.leave();
    });
});

describe('the view', () => {
    const porch = stage();

    test('helpful or not: a toggle that holds, and that the server hears', async () => {
        await porch.api('sarah', 'POST', '/posts', { body: 'Seven hours of sleep', topics: ['sleep'] });
        await porch.api('member2', 'POST', '/digests', {});
        const page = await openDigest(porch, { who: 'member2' });
        await articles(page).first().waitFor();
        assert.equal(await answer(page, 'Helpful').getAttribute('aria-pressed'), 'false');
        await answer(page, 'Helpful').click();
        await articles(page).first().getByText('Thank you.').waitFor();
        assert.equal(await answer(page, 'Helpful').getAttribute('aria-pressed'), 'true');
        assert.equal(await answer(page, 'Not helpful').getAttribute('aria-pressed'), 'false');
        const { weights } = await porch.api('member2', 'GET', '/me/weights');
        assert.ok(Object.values(weights).some((it) => it > 1), JSON.stringify(weights));
        await page.leave();
    });

    test('an answer that is refused goes back, and says so', async () => {
        await porch.api('member3', 'POST', '/digests', {});
        const page = await openDigest(porch, { who: 'member3', allow: [expected.status(403)] });
        await articles(page).first().waitFor();
        await page.route('**/me/feedback', (route) =>
            route.fulfill({ status: 403, contentType: 'application/problem+json', body: '{"type":"#forbidden"}' }));
        await answer(page, 'Helpful').click();
        await articles(page).first().getByRole('alert').filter({ hasText: 'Your answer did not get through' }).waitFor();
        assert.equal(await answer(page, 'Helpful').getAttribute('aria-pressed'), 'false');
        await page.leave();
    });

    test('what is not helpful leaves the home page, and one press shows everything', async () => {
        await porch.api('sarah', 'POST', '/posts', { body: 'About cold soup', topics: ['cold-soup'] });
        for (let i = 0; i < 6; i++)
            await porch.api('member4', 'POST', '/me/feedback', {
                articleId: String(i + 1),
                feedback: 'not_helpful',
                topics: ['cold-soup'],
            });
        const page = await porch.open({ who: 'member4', path: '/#/settings', reducedMotion: 'reduce' });
        await page.getByText('What I find helpful', { exact: true }).click();
        await page.getByRole('radio', { name: 'What I find helpful', checked: true }).waitFor();
        await page.getByRole('link', { name: 'Home', exact: true }).click();
        await page.getByText('1 post is not shown.').waitFor();
        assert.equal(await latest(page).filter({ hasText: 'About cold soup' }).count(), 0);
        await assertAccessibleInBoth(page, 'a feed with posts left out');
        await page.getByRole('button', { name: 'Show me everything' }).click();
        await latest(page).filter({ hasText: 'About cold soup' }).waitFor();
        await page.reload();
        await page.getByText('1 post is not shown.').waitFor();
        await page.leave();
    });

    test('choices are kept for every device', async () => {
        const page = await porch.open({ who: 'member7', path: '/#/settings', reducedMotion: 'reduce' });
        const weekly = page.getByRole('switch', { name: 'Make me a digest each week' });
        await page.getByLabel('Topics you like most').fill('walking #Sleep');
        await page.getByRole('button', { name: 'Save the topics' }).click();
        await page.getByText('Saved. Your next digest will know.').waitFor();
        const was = await weekly.isChecked();
        await page.locator('.switch').filter({ hasText: 'Make me a digest each week' }).click();
        const other = await porch.open({ who: 'member7', path: '/#/settings' });
        await other.getByRole('switch', { name: 'Make me a digest each week', checked: !was }).waitFor();
        assert.equal(await other.getByLabel('Topics you like most').inputValue(), 'walking Sleep');
        await other.leave();
        await page.leave();
    });

    test('loading, empty and failed; everybody can see and press it', async () => {
        const empty = await openDigest(porch, { who: 'dave', allow: [expected.status(404)] });
        await empty.getByText('No digest yet').waitFor();
        await assertAccessibleInBoth(empty, 'no digest yet');
        await empty.goto('/#/digest/3:99');
        await empty.getByText('This digest is not here any more').waitFor();
        await empty.leave();

        const failed = await porch.open({ who: 'member1', reducedMotion: 'reduce', allow: [expected.status(404)] });
        await failed.route(/\/digests(\?|$)/, (route) => route.fulfill({ status: 404, body: '{}' }));
        await toPlace(failed, /^Digest/);
        await failed.getByText('Your digest did not load').waitFor();
        await assertAccessibleInBoth(failed, 'the digest failed');
        await failed.leave();

        await porch.api('member1', 'POST', '/digests', {});
        const page = await openDigest(porch);
        await articles(page).first().waitFor();
        for (const viewport of [PHONE, DESKTOP]) {
            await page.setViewportSize(viewport);
            await assertAccessibleInBoth(page, `digest at ${viewport.width}`);
        }
        for (const viewport of [NARROW, PHONE, DESKTOP]) {
            await page.setViewportSize(viewport);
            assert.deepEqual(await measure(page), [], `at ${viewport.width}`);
            assert.deepEqual(await overflow(page), { scrolls: false, wide: [] }, `at ${viewport.width}`);
        }
        await page.leave();
    });
});
