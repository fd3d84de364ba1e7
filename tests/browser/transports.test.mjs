/*
 * The same app over polls, over a socket, and from one to the other: what members see must not depend on it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latest, newPostsButton, stage } from './browser.mjs';

/* Polls are far apart: what comes within a moment came by socket. */
const SLOW_POLLS_S = 60;
const porch = stage({ args: ['--poll-interval', `${SLOW_POLLS_S}s`, '--grace', '1s', '--realtime', 'on'] });

const activeLine = (page) => page.locator('.active-now');

const { figure, untilFigure } = porch;

test('presence, likes, posts and notices come at once', async () => {
    const mary = await porch.open({ who: 'member1' });
    const sarah = await porch.open({ who: 'sarah' });
    await untilFigure('porchlight_sockets', 2);
    await activeLine(mary).filter({ hasText: 'Coach Sarah and you are active now' }).waitFor();

    const { id } = await porch.api('member2', 'POST', '/posts', { body: 'By socket' });
    for (const page of [mary, sarah]) {
        await newPostsButton(page).filter({ hasText: '1 new post available' }).waitFor();
        await newPostsButton(page).click();
        await latest(page).first().filter({ hasText: 'By socket' }).waitFor();
    }
    await latest(mary).first().getByRole('button', { name: /^Like/ }).click();
    await latest(sarah).first().getByText('1 like', { exact: true }).waitFor();
    assert.equal((await porch.api('member1', 'GET', `/posts/${id}`)).liked, true);

    await porch.api('sarah', 'PUT', `/posts/${id}/pin`);
    await mary.getByRole('region', { name: 'New notice' }).filter({ hasText: 'Coach Sarah pinned a post' }).waitFor();
    await sarah.leave();
    await activeLine(mary).filter({ hasText: 'You are the only one here right now' }).waitFor();
    await mary.leave();
    await untilFigure('porchlight_sockets', 0);
});

test('two tabs have one line between them', async () => {
    const first = await porch.open({ who: 'member3' });
    await untilFigure('porchlight_sockets', 1);
    const second = await first.context().newPage();
    await second.goto('/');
    await latest(second).first().waitFor();
    const third = await first.context().newPage();
    await third.goto('/');
    await latest(third).first().waitFor();
    await porch.api('member2', 'POST', '/posts', { body: 'For every tab' });
    for (const page of [first, second, third]) await newPostsButton(page).filter({ hasText: '1 new post' }).waitFor();
    assert.equal(await figure('porchlight_sockets'), 1);

    await first.close();
    await porch.api('member2', 'POST', '/posts', { body: 'For who is left' });
    for (const page of [second, third]) await newPostsButton(page).filter({ hasText: '2 new posts' }).waitFor();
    await untilFigure('porchlight_sockets', 1);
    await first.context().close();
    await untilFigure('porchlight_sockets', 0);
});

test('a network that blocks sockets is one with polls', async () => {
    const page = await porch.open({ who: 'member4', sockets: false });
    await latest(page).first().waitFor();
    const { id } = await porch.api('member2', 'POST', '/posts', { body: 'For who polls' });
    /* It is told to ask again in a minute; a look at another tab and back asks at once. */
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await newPostsButton(page).filter({ hasText: '1 new post available' }).waitFor();
    await newPostsButton(page).click();
    await latest(page).first().getByRole('button', { name: /^Like/ }).click();
    await latest(page).first().getByText('1 like', { exact: true }).waitFor();
    assert.equal((await porch.api('member4', 'GET', `/posts/${id}`)).liked, true);
    assert.equal(await figure('porchlight_sockets'), 0);
    await page.leave();
});

test('turning realtime off and on under an open page loses nothing', async () => {
    const page = await porch.open({ who: 'member5' });
    await untilFigure('porchlight_sockets', 1);
    await porch.server.must('flag', 'realtime', 'off');
    await untilFigure('porchlight_sockets', 0);
    await porch.api('member2', 'POST', '/posts', { body: 'While it is off' });
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await newPostsButton(page).filter({ hasText: '1 new post available' }).waitFor();
    await porch.server.must('flag', 'realtime', 'on');
    await porch.api('member2', 'POST', '/posts', { body: 'While it is on again' });
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await newPostsButton(page).filter({ hasText: '2 new posts available' }).waitFor();
    await page.leave();
});
