/*
 * Where the focus goes: to what is wrong in a form, and never to the top of the page because what had it is gone.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expected, latest, stage } from './browser.mjs';

const porch = stage();

/* Waits until it has the focus. */
async function focused(locator) {
    const element = await locator.elementHandle();
    await locator.page().waitForFunction((it) => it === document.activeElement, element);
}

/* By keyboard, as those go who need the focus most. On the way there is another key: this is no hand that shakes. */
async function press(button) {
    await button.focus();
    await button.page().keyboard.press('Shift');
    await button.page().keyboard.press('Enter');
}

const button = (page, name) => page.getByRole('button', { name, exact: true });
const topics = (place) => place.getByRole('textbox', { name: /^Topics/ });
const toast = (page) => page.getByRole('region', { name: 'New notice' });

test('a form that is not whole: the focus goes to what is missing', async () => {
    const page = await porch.open({ who: 'member1', path: '/#/settings' });
    await page.getByLabel('Your name').fill(' ');
    await press(button(page, 'Save the name'));
    await focused(page.getByLabel('Your name'));
    await press(button(page, 'Save the name'));
    await focused(page.getByLabel('Your name'));
    await press(button(page, 'Join the team'));
    await focused(page.getByLabel('Invite link or code'));

    await page.goto('/#/');
    await button(page, 'Write to your team').click();
    await page.getByRole('textbox').first().fill('Words');
    await topics(page).fill('a b c d e f g h i j k');
    await press(button(page, 'Post'));
    await focused(topics(page));
    await topics(page).fill('walking');
    await press(button(page, 'Post'));

    await latest(page).first().filter({ hasText: 'Words' }).waitFor();
    const own = latest(page).first();
    await press(own.getByRole('button', { name: 'Edit' }));
    await topics(own).fill('a b c d e f g h i j k');
    await press(own.getByRole('button', { name: 'Save' }));
    await focused(topics(own));
    await page.leave();
});

test('at the door too, also when it is the server that finds it', async () => {
    const page = await porch.open({ allow: [expected.status(409)] });
    await page.getByLabel('Sign-in name').fill('member1');
    await press(button(page, 'Sign in'));
    await focused(page.getByLabel('Password', { exact: true }));

    const { id } = await porch.api('sarah', 'GET', '/me');
    const { code } = await porch.api('sarah', 'POST', `/teams/${id}/invites`, { maxUses: 1 });
    const password = page.getByLabel('Choose a password');
    await page.goto(`/#/join/${code}`);
    await press(button(page, 'Join the team'));
    await focused(page.getByLabel('Your name'));
    await page.getByLabel('Your name').fill('Member One');
    await password.fill('short');
    await press(button(page, 'Join the team'));
    await focused(password);
    await password.fill('long enough');
    await page.getByLabel('Sign-in name').fill('member1');
    await press(button(page, 'Join the team'));
    await focused(page.getByLabel('Sign-in name'));
    assert.equal(await page.getByText('Somebody has this sign-in name.').count(), 1, 'it is said once');
    await page.leave();
});

test('a toast that is closed gives the focus back', async () => {
    const page = await porch.open({ who: 'member2' });
    const like = latest(page).first().getByRole('button', { name: /^Like/ });
    await like.focus();
    for (const close of ['Enter', 'Escape']) {
        await porch.api('sarah', 'POST', '/notices', { title: `Closed by ${close}` });
        await toast(page).filter({ hasText: `Closed by ${close}` }).waitFor();
        await toast(page).getByRole('button', { name: 'Close' }).focus();
        await page.keyboard.press(close);
        await toast(page).waitFor({ state: 'detached' });
        await focused(like);
    }
    await page.leave();
});

test('the line of good news and a post that was not sent give it to what comes next', async () => {
    await porch.api('admin', 'POST', '/notices', { title: 'A million steps' });
    const page = await porch.open({ who: 'member3', allow: [expected.lost, expected.status(422)] });
    const wins = page.locator('.wins');
    await press(wins.getByRole('button', { name: 'Close' }));
    await wins.waitFor({ state: 'detached' });
    await focused(button(page, 'Write to your team'));

    await page.route(/\/posts$/, (route) =>
        route.request().method() === 'POST'
            ? route.fulfill({ status: 422, contentType: 'application/problem+json', body: '{"status":422}' })
            : route.fallback(),
    );
    await latest(page).first().waitFor();
    await page.context().setOffline(true);
    await button(page, 'Write to your team').click();
    await page.getByRole('textbox').first().fill('Not taken');
    await press(button(page, 'Post'));
    const waiting = page.getByRole('region', { name: 'Waiting to be sent' });
    await waiting.getByText('Not taken').waitFor();
    await page.context().setOffline(false);
    await press(waiting.getByRole('button', { name: 'Close' }));
    await waiting.waitFor({ state: 'hidden' });
    await page.waitForFunction(() => document.activeElement.matches('#main article, .new-posts-button'));
    await page.leave();
});

test('starting another chat: to its name, to what is missing, and back to where it began', async () => {
    const page = await porch.open({ who: 'sarah', path: '/#/chat' });
    const begin = button(page, 'Start another chat');
    await press(begin);
    const name = page.getByLabel('What is it about?');
    await focused(name);
    await press(button(page, 'Start this chat'));
    await focused(name);
    await press(page.getByRole('form', { name: 'Start another chat' }).getByRole('button', { name: 'Cancel' }));
    await focused(begin);
    await press(begin);
    await focused(name);
    await page.keyboard.type('Walks by the lake');
    await press(button(page, 'Start this chat'));
    await page.getByRole('heading', { level: 1, name: 'Walks by the lake' }).waitFor();
    await page.waitForFunction(() => document.activeElement !== document.body);
    await page.leave();
});

test("in the coach's corner: another link, all members", async () => {
    const page = await porch.open({ who: 'sarah', path: '/#/corner' });
    await press(button(page, 'Make a link'));
    await press(button(page, 'Make another link'));
    await page.waitForFunction(() => document.activeElement.matches('input[type=radio]:checked'));

    const people = page.locator('.corner-people > li');
    await people.first().waitFor();
    const before = await people.count();
    await press(page.getByRole('button', { name: /^Show all/ }));
    await focused(people.nth(before).locator('.corner-name'));
    await page.leave();
});

test('in the feed: more pins, and a pin that is taken down', async () => {
    const { items } = await porch.api('sarah', 'GET', '/posts');
    for (const { id } of items.slice(0, 4)) await porch.api('sarah', 'PUT', `/posts/${id}/pin`);
    const page = await porch.open({ who: 'sarah' });
    const pins = page.getByRole('region', { name: 'Pinned' }).getByRole('article');
    await press(page.getByRole('button', { name: /more pinned/ }));
    await focused(pins.nth(2));
    const count = await pins.count();
    const next = await pins.nth(1).getAttribute('id');
    await press(pins.first().getByRole('button', { name: 'Unpin' }));
    await page.waitForFunction(
        (left) => document.querySelectorAll('.feed-pinned article').length === left,
        count - 1,
    );
    await focused(page.locator(`.feed-pinned #${next}`));
    await page.leave();
});

test('a view that is tried again, and older notices', async () => {
    for (let i = 0; i < 25; i++) await porch.api('admin', 'POST', '/notices', { title: `Notice ${i}` });
    const list = /\/notices(\?|$)/;
    const page = await porch.open({ who: 'member4', path: '/#/notices', allow: [expected.status(404)], before: (it) =>
        it.route(list, (route) => route.fulfill({ status: 404, json: {} })) });
    await button(page, 'Try again').waitFor();
    await page.unroute(list); // not before: a view that comes late asks by itself
    await press(button(page, 'Try again'));
    const notices = page.locator('li.notice');
    await notices.first().waitFor();
    await focused(page.getByRole('heading', { level: 1 }));
    const before = await notices.count();
    await press(page.getByRole('button', { name: /older notices/i }));
    await focused(notices.nth(before));
    await page.leave();
});
