/*
 * Telling the coach about a post or a message, by keyboard, and what the coach then sees.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expected, stage, toPlace } from './browser.mjs';
import { assertAccessibleInBoth, crowded, measure, overflow } from './sight.mjs';

const porch = stage();
const NARROW = { width: 320, height: 640 };
const message = (page, text) => page.getByRole('list', { name: 'Messages' }).locator('> li').filter({ hasText: text });
const focused = (page) => page.evaluate(() => document.activeElement.closest('label, button, .report')?.innerText);

async function openMessage(who, text) {
    const page = await porch.open({
        who,
        path: '/#/chat',
        viewport: NARROW,
        reducedMotion: 'reduce',
        allow: [expected.status(503)],
    });
    await message(page, text).getByRole('button', { name: 'More' }).press('Enter');
    return { page, card: message(page, text) };
}

const reported = async () => (await porch.api('sarah', 'GET', '/reports')).items;

test('a message in the chat: nothing is sent by a slip, or lost by a server in trouble', async () => {
    const [{ id: channel }] = (await porch.api('member1', 'GET', '/channels')).items;
    await porch.api('member1', 'POST', `/channels/${channel}/messages`, { content: 'Buy my wonder pills' });
    const { page, card } = await openMessage('member2', 'Buy my wonder pills');
    await card.getByRole('button', { name: 'Report' }).press('Enter');
    assert.equal(await focused(page), 'It is unkind');
    for (const judge of [measure, crowded]) assert.deepEqual(await judge(page), []);
    assert.deepEqual(await overflow(page), { scrolls: false, wide: [] });
    await assertAccessibleInBoth(page, 'a report of a message');
    await card.getByRole('button', { name: 'Do not report' }).press('Enter');
    assert.equal(await focused(page), 'Report');
    assert.deepEqual(await reported(), []);

    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await page.keyboard.type('She sells them every day.');
    await page.route(/\/reports$/, (route) => route.fulfill({ status: 503, body: '{}' }), { times: 1 });
    const send = card.getByRole('button', { name: 'Send to the coach' });
    await send.press('Enter');
    await card.getByText('Your report did not go out. Please try again.').waitFor();
    await send.press('Enter');
    await card.getByText('Thank you. The coach will look at it.').waitFor();
    assert.match(await focused(page), /^Thank you/);
    const [{ subject, reason, words, text }] = await reported();
    assert.deepEqual([subject, reason, words, text], ['message', 'advert', 'She sells them every day.', 'Buy my wonder pills']);
    await page.leave();

    const sarah = await porch.open({ who: 'sarah' });
    await toPlace(sarah, /^Coach/);
    const entry = sarah.getByRole('listitem').filter({ hasText: 'Buy my wonder pills' });
    await entry.getByText('It sells something: She sells them every day.').waitFor();
    await entry.getByRole('button', { name: 'Hide it' }).click();
    await entry.waitFor({ state: 'detached' });
    await sarah.leave();
});

test('nobody is offered to report their own, and a coach deletes instead', async () => {
    const [{ id: channel }] = (await porch.api('member3', 'GET', '/channels')).items;
    await porch.api('member3', 'POST', `/channels/${channel}/messages`, { content: 'Tea at four' });
    for (const who of ['member3', 'sarah']) {
        const { page, card } = await openMessage(who, 'Tea at four');
        await card.getByRole('button', { name: 'Delete' }).waitFor();
        assert.equal(await card.getByRole('button', { name: 'Report' }).count(), 0);
        await page.leave();
    }
});

test('a post', async () => {
    const { id } = await porch.api('member4', 'POST', '/posts', { body: 'Something to look at' });
    const page = await porch.open({ who: 'member5', path: `/#/posts/${id}` });
    await page.getByRole('button', { name: 'Report' }).click();
    await page.getByRole('radio', { name: 'I worry about this person' }).check();
    await page.getByRole('button', { name: 'Send to the coach' }).click();
    await page.getByText('Thank you. The coach will look at it.').waitFor();
    assert.deepEqual((await reported()).map(({ subjectId, reason }) => [subjectId, reason]), [[id, 'worry']]);
    await page.leave();
});
