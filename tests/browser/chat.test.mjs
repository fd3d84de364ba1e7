/*
 * The team's chat: two people, one conversation, an unsteady network, and 500 messages while one reads.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DESKTOP, expected, PHONE, stage } from './browser.mjs';
import { assertAccessibleInBoth, crowded, measure, overflow } from './sight.mjs';

const NARROW = { width: 320, height: 640 };
const messages = (page) => page.getByRole('list', { name: 'Messages' }).locator('> li');
const message = (page, text) => messages(page).filter({ hasText: text });
const box = (page) => page.locator('.dock textarea');
const inSight = (locator) =>
    locator.evaluate((it) => {
        const { top, bottom } = it.getBoundingClientRect();
        return top >= 0 && bottom <= document.querySelector('.dock').getBoundingClientRect().top + 1;
    });

async function openChat(porch, { who = 'member1', ...options } = {}) {
    const page = await porch.open({ who, reducedMotion: 'reduce', ...options });
    await page.getByRole('link', { name: /^Chat/ }).click();
    await messages(page).first().waitFor();
    return page;
}

async function send(page, text) {
    await box(page).fill(text);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
}

const channelOf = async (porch, who = 'member1') => (await porch.api(who, 'GET', '/channels')).items[0].id;

for (const mode of ['off', 'on']) describe(`with realtime ${mode}`, () => {
    const porch = stage({ args: ['--poll-interval', '1s', '--grace', '1s', '--realtime', mode] });

    test('what one writes the other reads, and answers', async () => {
        const mary = await openChat(porch);
        const tom = await openChat(porch, { who: 'member2' });
        await send(mary, 'Who walks at nine?');
        await message(mary, 'Who walks at nine?').getByText('You', { exact: true }).waitFor();
        await message(tom, 'Who walks at nine?').getByText('Mary Jones').waitFor();
        assert.ok(await inSight(message(tom, 'Who walks at nine?')), 'who is at the end follows');
        /* Polls ask for it seldom. */
        if (mode === 'on') await message(mary, 'Who walks at nine?').getByText('Read by 1 person').waitFor();

        await message(tom, 'Who walks at nine?').getByRole('button', { name: 'Reply' }).click();
        assert.equal(await box(tom).getAttribute('aria-label'), 'Reply to Mary Jones');
        assert.ok(await box(tom).evaluate((it) => it === document.activeElement));
        await tom.keyboard.type('I do');
        await tom.keyboard.press('Enter');
        const answer = message(mary, 'I do').last();
        await answer.getByText('Reply to Mary Jones:').click();
        await mary.getByRole('heading', { name: 'One conversation' }).waitFor();
        assert.equal(await messages(mary).count(), 2);
        await send(mary, 'See you there');
        await message(mary, 'See you there').waitFor();
        await mary.getByRole('link', { name: 'Back to the whole chat' }).click();
        await message(tom, 'Who walks at nine?').first().getByRole('link', { name: '2 replies' }).waitFor();
        await mary.leave();
        await tom.leave();
    });

    test('who is active stands there, whatever carries the chat, also when they look at something else', async () => {
        const mary = await openChat(porch, { who: 'member5', viewport: DESKTOP });
        const line = mary.locator('.here');
        const says = (text) => line.filter({ hasText: text }).waitFor();
        const { name: mine } = await porch.api('member5', 'GET', '/me');
        const { name } = await porch.api('member6', 'GET', '/me');
        const alone = await line.textContent();
        assert.ok(!alone.includes(mine), alone);
        const tom = await porch.open({ who: 'member6' });
        await says(`${name} is active now`);
        await tom.leave();
        await says('You are the only one here right now');
        await mary.leave();
    });

    test('a message is changed, and one that was deleted comes back', async () => {
        const mary = await openChat(porch, { who: 'member3', allow: [expected.lost] });
        const tom = await openChat(porch, { who: 'member4' });
        await send(mary, 'At eigth');
        await message(tom, 'At eigth').waitFor();
        await message(mary, 'At eigth').getByRole('button', { name: 'More' }).click();
        await message(mary, 'At eigth').getByRole('button', { name: 'Edit' }).click();
        await mary.getByLabel('Edit your message').fill('At eight');
        await mary.getByRole('button', { name: 'Save' }).click();
        await message(tom, 'At eight').getByText('changed').waitFor();
        assert.ok(await message(mary, 'At eight').evaluate((it) => it === document.activeElement), 'the focus stays');

        await message(mary, 'At eight').getByRole('button', { name: 'More' }).click();
        await message(mary, 'At eight').getByRole('button', { name: 'Delete' }).click();
        await mary.getByText('Message deleted.').waitFor();
        /* The way back has the focus. */
        await mary.keyboard.press('Enter');
        await message(mary, 'At eight').waitFor();
        assert.ok(await message(mary, 'At eight').evaluate((it) => it === document.activeElement), 'the focus goes back to it');

        await mary.clock.install();
        await message(mary, 'At eight').getByRole('button', { name: 'More' }).click();
        await message(mary, 'At eight').getByRole('button', { name: 'Delete' }).click();
        await mary.getByText('You can undo this for 10 seconds.').waitFor();
        /* It outlives a reload, and waits for a network. */
        await mary.reload();
        const last = messages(mary).last();
        await last.getByRole('button', { name: 'Undo' }).waitFor();
        assert.ok(!(await last.getByRole('button', { name: 'Undo' }).evaluate((it) => it === document.activeElement)));
        await mary.context().setOffline(true);
        await last.getByText('We will send this when you are back.').waitFor();
        await mary.clock.fastForward(10_000);
        assert.equal(await message(tom, 'At eight').count(), 1);
        await last.getByRole('button', { name: 'Undo' }).focus();
        await mary.context().setOffline(false);
        await messages(tom).last().getByText('This message was taken away.').waitFor();
        await last.getByText('This message was taken away.').waitFor();
        assert.ok(await last.evaluate((it) => it === document.activeElement), 'the focus stays where the way back was');
        await mary.leave();
        await tom.leave();
    });

    test('who comes back to more than a page begins with the first new one, and has not read the rest', async () => {
        const channel = await channelOf(porch);
        const { items } = await porch.api('member14', 'GET', `/channels/${channel}/messages?limit=1`);
        await porch.api('member14', 'PUT', `/channels/${channel}/read`, { messageId: items[0].id });
        const page = await openChat(porch, { who: 'member14' });
        await page.getByRole('link', { name: 'Together', exact: true }).click();
        await page.getByRole('heading', { level: 1, name: 'Together' }).waitFor();
        for (let i = 0; i < 120; i++)
            await porch.api('member8', 'POST', `/channels/${channel}/messages`, { content: `Unseen ${i}.` });
        const unread = page.getByRole('link', { name: 'Chat (120 new messages)' });
        const lastRead = async () => (await porch.api('member14', 'GET', '/channels')).items[0].lastReadId;
        const beginsThere = async (what) => {
            await message(page, 'Unseen 0.').getByText('New messages').waitFor();
            await page.getByRole('button', { name: /Go to the newest|new messages$/ }).waitFor();
            assert.ok(await inSight(message(page, 'Unseen 0.')), what);
            await unread.waitFor();
            assert.equal(await lastRead(), items[0].id, `${what}: nobody has read what they have not seen`);
        };
        /* Perhaps before the bar counts them. */
        await page.getByRole('link', { name: /^Chat/ }).click();
        await beginsThere('what was known goes on');
        await page.reload();
        await beginsThere('only the newest page is loaded');
        await page.getByRole('button', { name: /Go to the newest|new messages$/ }).click();
        await unread.waitFor({ state: 'detached' });
        await page.leave();
    });
});

describe('the view', () => {
    const porch = stage();

    test('without a network a message waits, and is sent once', async () => {
        const page = await openChat(porch, { who: 'member5', allow: [expected.lost] });
        await page.context().setOffline(true);
        await send(page, 'From the train');
        await message(page, 'From the train').getByText('Waiting to be sent').waitFor();
        assert.equal(await box(page).inputValue(), '');
        await page.evaluate(() => {
            window.otherwise = [];
            const look = () => {
                const shown = [...document.querySelectorAll('.messages > li')].map((it) => it.textContent);
                if (shown.filter((it) => it.includes('From the train')).length !== 1)
                    window.otherwise.push(document.querySelector('#app').textContent);
            };
            new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
        });
        await page.context().setOffline(false);
        await message(page, 'From the train').getByRole('button', { name: 'More' }).waitFor();
        assert.deepEqual(await page.evaluate(() => window.otherwise), [], 'it is there, and once, all the time');
        assert.equal(await message(page, 'From the train').count(), 1);
        const { items } = await porch.api('member1', 'GET', `/channels/${await channelOf(porch)}/messages`);
        assert.equal(items.filter((it) => it.content === 'From the train').length, 1);
        await page.leave();
    });

    test('what could not be sent says so, and is sent again', async () => {
        const page = await openChat(porch, { who: 'member6', allow: [expected.status(403)] });
        const posts = /\/channels\/\d+\/messages$/;
        await page.route(posts, (route) =>
            route.fulfill({ status: 403, contentType: 'application/problem+json', body: '{"type":"#forbidden"}' }));
        await send(page, 'Once more');
        await message(page, 'Once more').getByText('This could not be sent.').waitFor();
        await assertAccessibleInBoth(page, 'a message that could not be sent');
        await page.unroute(posts);
        await message(page, 'Once more').getByRole('button', { name: 'Try again' }).click();
        await message(page, 'Once more').getByText('This could not be sent.').waitFor({ state: 'detached' });
        assert.equal(await message(page, 'Once more').count(), 1);
        await page.leave();
    });

    test('what is new is marked: in the bar, by a line, and for ears', async () => {
        const channel = await channelOf(porch);
        const page = await openChat(porch, { who: 'member7' });
        await page.getByRole('link', { name: /^Chat$/ }).waitFor();
        await page.getByRole('link', { name: 'Together', exact: true }).click();
        await page.evaluate(() => {
            window.said = [];
            const polite = document.querySelector('.unseen[aria-live=polite]');
            new MutationObserver(() => window.said.push(polite.textContent)).observe(polite, { childList: true, subtree: true });
        });
        for (const content of ['One', 'Two'])
            await porch.api('member8', 'POST', `/channels/${channel}/messages`, { content });
        await page.getByRole('link', { name: 'Chat (2 new messages)' }).waitFor();
        const said = await page.evaluate(() => window.said);
        assert.equal(said.length, 1, `${said}`);
        assert.match(said[0], /new messages? in the chat\.$/);
        await page.getByRole('link', { name: /^Chat/ }).click();
        const line = message(page, 'One').last().getByText('New messages');
        await line.waitFor();
        await page.getByRole('link', { name: /^Chat$/ }).waitFor();
        assert.equal(await line.count(), 1, 'the line stays while one looks');
        await page.leave();
    });

    test('an answer stays with what it answers: in another conversation, and after a reload', async () => {
        const channel = await channelOf(porch);
        const said = async (content, threadId) =>
            (await porch.api('member8', 'POST', `/channels/${channel}/messages`, { content, threadId })).id;
        await said('Two cakes', await said('Bring cake'));
        await said('Bring tea');
        const page = await openChat(porch, { who: 'member15' });
        await message(page, 'Bring tea').getByRole('button', { name: 'Reply' }).click();
        await page.getByRole('button', { name: 'Do not reply' }).waitFor();
        await message(page, 'Bring cake').getByRole('link', { name: '1 reply' }).click();
        await page.getByRole('heading', { name: 'One conversation' }).waitFor();
        assert.equal(await box(page).getAttribute('aria-label'), 'Write a message');
        await page.getByRole('link', { name: 'Back to the whole chat' }).click();

        await message(page, 'Bring tea').getByRole('button', { name: 'Reply' }).click();
        await box(page).fill('Green tea');
        await page.reload();
        await page.getByRole('button', { name: 'Do not reply' }).waitFor();
        assert.equal(await box(page).inputValue(), 'Green tea');
        await page.getByRole('button', { name: 'Send', exact: true }).click();
        await message(page, 'Bring tea').getByRole('link', { name: '1 reply' }).waitFor();
        await page.leave();
    });

    test('other words for a message outlive a reload, and are not lost without a question', async () => {
        const channel = await channelOf(porch);
        await porch.api('member16', 'POST', `/channels/${channel}/messages`, { content: 'Nine or tenn' });
        const page = await openChat(porch, { who: 'member16' });
        const mine = () => messages(page).last();
        await mine().getByRole('button', { name: 'More' }).click();
        assert.deepEqual(await measure(page), [], 'what More opens has room');
        await mine().getByRole('button', { name: 'Edit' }).click();
        await page.getByLabel('Edit your message').fill('Nine or ten?');
        await page.reload();
        await page.getByLabel('Edit your message').waitFor();
        assert.equal(await page.getByLabel('Edit your message').inputValue(), 'Nine or ten?');
        await mine().getByRole('button', { name: 'Cancel' }).click();
        await mine().getByRole('group').waitFor();
        assert.deepEqual(await measure(page), [], 'the question has room');
        await assertAccessibleInBoth(page, 'a question before words are lost');
        await mine().getByRole('group').getByRole('button').last().click();
        await page.getByLabel('Edit your message').waitFor({ state: 'detached' });
        await message(page, 'Nine or tenn').waitFor();
        await page.leave();
    });

    test('what arrives above a message that has failed is counted', async () => {
        const channel = await channelOf(porch);
        const page = await openChat(porch, { who: 'member17', allow: [expected.status(403)] });
        await page.route(/\/channels\/\d+\/messages$/, (route) =>
            route.fulfill({ status: 403, contentType: 'application/problem+json', body: '{"type":"#forbidden"}' }));
        await send(page, 'Not this');
        await message(page, 'Not this').getByText('This could not be sent.').waitFor();
        await messages(page).nth(4).getByRole('button', { name: 'Reply' }).scrollIntoViewIfNeeded();
        await page.getByRole('button', { name: 'Go to the newest' }).waitFor();
        await porch.api('member8', 'POST', `/channels/${channel}/messages`, { content: 'Above it' });
        await page.getByRole('button', { name: '1 new message', exact: true }).waitFor();
        await page.leave();
    });

    test('the first message of a chat leaves the focus where one writes', async () => {
        const { teams } = await porch.api('sarah', 'GET', '/me');
        await porch.api('sarah', 'POST', '/channels', { name: 'Walks', teamId: teams[0].id });
        const page = await openChat(porch, { who: 'member18' });
        await page.getByRole('link', { name: 'Walks' }).click();
        await page.getByText('No one has written yet').waitFor();
        await send(page, 'The first');
        await message(page, 'The first').waitFor();
        assert.ok(await box(page).evaluate((it) => it === document.activeElement), 'the focus stays');
        await page.leave();
    });

    test('500 messages arrive while one reads: nothing moves, one button has the count', async () => {
        const channel = await channelOf(porch);
        const page = await openChat(porch, { who: 'member9' });
        const reply = messages(page).nth(4).getByRole('button', { name: 'Reply' });
        await reply.scrollIntoViewIfNeeded();
        await reply.focus();
        await page.getByRole('button', { name: 'Go to the newest' }).waitFor();
        const where = () => reply.evaluate((it) => Math.round(it.getBoundingClientRect().top));
        const before = await where();
        await page.evaluate(() => {
            window.shifts = 0;
            window.said = [];
            new PerformanceObserver((list) => {
                for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
            }).observe({ type: 'layout-shift' });
            const polite = document.querySelector('.unseen[aria-live=polite]');
            new MutationObserver(() => window.said.push(polite.textContent)).observe(polite, { childList: true, subtree: true });
        });
        const writers = Array.from({ length: 4 }, async (_, writer) => {
            for (let i = 0; i < 125; i++)
                await porch.api(`member${10 + writer}`, 'POST', `/channels/${channel}/messages`, { content: `Word ${i}` });
        });
        const began = Date.now();
        await Promise.all(writers);
        await page.getByRole('button', { name: '500 new messages' }).waitFor();
        const { shifts, said } = await page.evaluate(() => ({ shifts: window.shifts, said: window.said }));
        assert.equal(await where(), before);
        assert.ok(await reply.evaluate((it) => it === document.activeElement), 'the focus stays');
        assert.ok(shifts <= 0.02, `layout shift ${shifts}`);
        assert.ok(said.length <= 1 + (Date.now() - began) / 30_000, `${said}`);
        await page.getByRole('button', { name: '500 new messages' }).click();
        await page.waitForFunction(() => document.activeElement?.matches('.messages > li:last-child'));
        assert.ok(await inSight(messages(page).last()));
        await page.leave();
    });

    test('older messages come in above, and what one reads stays', async () => {
        const page = await openChat(porch, { who: 'member10' });
        const count = await messages(page).count();
        await page.getByRole('button', { name: 'Show older messages' }).scrollIntoViewIfNeeded();
        const first = messages(page).first();
        const text = await first.getAttribute('id');
        const top = () => page.locator(`#${text}`).evaluate((it) => Math.round(it.getBoundingClientRect().top));
        const before = await top();
        await page.getByRole('button', { name: 'Show older messages' }).click();
        await messages(page).nth(count + 10).waitFor({ state: 'attached' });
        assert.ok(Math.abs((await top()) - before) <= 1, `${before} and ${await top()}`);
        assert.ok(await page.evaluate(() => document.activeElement.matches('.messages > li')), 'the focus is above');
        await page.leave();
    });

    test('where coaches write, members read; a coach takes a message away', async () => {
        const { teams } = await porch.api('sarah', 'GET', '/me');
        const channel = await porch.api('sarah', 'POST', '/channels', { name: 'A word from Sarah', posting: 'coaches', teamId: teams[0].id });
        await porch.api('sarah', 'POST', `/channels/${channel.id}/messages`, { content: 'Drink water' });
        const page = await openChat(porch, { who: 'member11' });
        await page.getByRole('link', { name: /^A word/ }).click();
        await message(page, 'Drink water').getByText('Coach').waitFor();
        await page.getByText('In this chat the coaches write').waitFor();
        assert.equal(await box(page).count(), 0);
        const sarah = await openChat(porch, { who: 'sarah' });
        const last = messages(sarah).last();
        await last.getByRole('button', { name: 'More' }).click();
        await last.getByRole('button', { name: 'Delete' }).click();
        await last.getByRole('button', { name: 'Undo' }).waitFor();
        await assertAccessibleInBoth(sarah, 'a deleted message, two chats');
        await sarah.leave();
        await page.leave();
    });

    test('a coach starts another chat by keyboard; a member has no way to', async () => {
        const sarah = await openChat(porch, { who: 'sarah', viewport: NARROW, allow: [expected.status(503)] });
        await sarah.getByRole('button', { name: 'Start another chat' }).press('Enter');
        const name = sarah.getByLabel('What is it about?');
        assert.ok(await name.evaluate((it) => it === document.activeElement));
        await sarah.keyboard.press('Enter');
        await sarah.getByText('Please give the chat a name.').waitFor();
        await sarah.keyboard.type('Good recipes');
        await sarah.keyboard.press('Tab');
        await sarah.keyboard.press('ArrowRight');
        assert.ok(await sarah.getByRole('radio', { name: 'Only coaches' }).isChecked());
        assert.deepEqual(await measure(sarah), []);
        assert.deepEqual(await overflow(sarah), { scrolls: false, wide: [] });
        assert.deepEqual(await crowded(sarah), []);
        await assertAccessibleInBoth(sarah, 'a new chat');

        /* A server in trouble: what was typed is kept, and the same again makes one. */
        let fails = 1;
        await sarah.route(/\/channels$/, (route) =>
            route.request().method() === 'POST' && fails-- > 0 ? route.fulfill({ status: 503, body: '{}' }) : route.fallback());
        await sarah.getByRole('button', { name: 'Start this chat' }).press('Enter');
        await sarah.getByRole('form', { name: 'Start another chat' }).getByRole('alert').waitFor();
        assert.equal(await name.inputValue(), 'Good recipes');
        await name.press('End'); // two presses of Enter in a row would count as one
        await name.press('Enter');
        await sarah.getByRole('heading', { level: 1, name: 'Good recipes' }).waitFor();
        const { items } = await porch.api('member2', 'GET', '/channels');
        assert.deepEqual(items.filter((it) => it.name === 'Good recipes').map((it) => it.posting), ['coaches']);
        await sarah.leave();

        const page = await openChat(porch, { who: 'member2' });
        await page.getByRole('link', { name: /^Good recipes/ }).waitFor();
        assert.equal(await page.getByRole('button', { name: 'Start another chat' }).count(), 0);
        await page.leave();
    });

    test('loading, empty and failed; everybody can see and press it', async () => {
        const newest = /\/channels\/\d+\/messages(\?|$)/;
        const empty = await porch.open({ who: 'member12', reducedMotion: 'reduce' });
        await empty.route(newest, (route) => route.fulfill({ json: { items: [], next: null, cursor: 'x' } }));
        await empty.getByRole('link', { name: /^Chat/ }).click();
        await empty.getByText('No one has written yet').waitFor();
        await assertAccessibleInBoth(empty, 'an empty chat');
        await empty.leave();

        const failed = await porch.open({ who: 'member12', reducedMotion: 'reduce', allow: [expected.status(404)] });
        await failed.route(newest, (route) => route.fulfill({ status: 404, body: '{}' }));
        await failed.getByRole('link', { name: /^Chat/ }).click();
        await failed.getByText('The messages did not load').waitFor();
        await assertAccessibleInBoth(failed, 'the chat failed');
        await failed.leave();

        const page = await openChat(porch, { who: 'member12' });
        await messages(page).getByRole('button', { name: 'Reply' }).last().click(); // one's own has none
        for (const viewport of [PHONE, DESKTOP]) {
            await page.setViewportSize(viewport);
            await assertAccessibleInBoth(page, `chat at ${viewport.width}`);
        }
        for (const viewport of [NARROW, PHONE, DESKTOP]) {
            await page.setViewportSize(viewport);
            assert.deepEqual(await measure(page), [], `at ${viewport.width}`);
            assert.deepEqual(await overflow(page), { scrolls: false, wide: [] }, `at ${viewport.width}`);
        }
        await page.evaluate(() => (document.documentElement.dataset.textSize = 'larger'));
        await page.setViewportSize(NARROW);
        assert.deepEqual(await overflow(page), { scrolls: false, wide: [] }, 'the largest text');
        await page.leave();
    });
});
