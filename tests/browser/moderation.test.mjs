/*
 * Looking after one another: a member reports, the coach decides, pauses, removes; who wants to goes for good. By mouse
 * and by keyboard, legible in both colour schemes; whoever goes by keyboard never loses their place.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expected, latest, PASSWORD, PHONE, stage, toPlace } from './browser.mjs';
import { assertAccessibleInBoth, assertReached, crowded, measure, overflow } from './sight.mjs';

const porch = stage();
const part = (page, name) => page.getByRole('region', { name });
const queue = (page) => part(page, 'To look at').getByRole('listitem');
const person = (page, name) => part(page, 'Your team').getByRole('listitem').filter({ hasText: name });
const question = (page, name) => page.getByRole('group', { name });
const nameOf = async (who) => (await porch.api(who, 'GET', '/me')).name;
const focused = (page) => page.evaluate(() => document.activeElement.innerText.trim());

/* Presses what a locator finds, each in a way of its own. Between two presses of a key others brought one there. */
const ways = {
    mouse: (it) => it.click(),
    async keyboard(it) {
        await it.press('Shift');
        await it.press('Enter');
    },
};

async function openCorner() {
    const page = await porch.open({ who: 'sarah', viewport: PHONE, reducedMotion: 'reduce' });
    await toPlace(page, /^Coach/);
    await page.getByRole('heading', { level: 1, name: "Coach's corner" }).waitFor();
    return page;
}

/* Who sees this one: nobody loses their way, misses a button or cannot read it. */
async function judge(page, what) {
    await assertAccessibleInBoth(page, what);
    for (const width of [PHONE.width, 320]) {
        await page.setViewportSize({ width, height: PHONE.height });
        assert.deepEqual(await measure(page), [], `${what} at ${width}`);
        assert.deepEqual(await crowded(page), [], `${what} at ${width}`);
        assert.deepEqual(await overflow(page), { scrolls: false, wide: [] }, `${what} at ${width}`);
    }
    await page.setViewportSize(PHONE);
}

for (const [way, press] of Object.entries(ways)) {
    test(`a post is reported, hidden, shown again, and another is found to be fine: by ${way}`, async () => {
        const bad = await porch.api('member1', 'POST', '/posts', { body: `Unkind words, ${way}` });
        const good = await porch.api('member1', 'POST', '/posts', { body: `Good words, ${way}` });
        const mary = await porch.open({ who: 'member2', viewport: PHONE, reducedMotion: 'reduce' });
        for (const { body } of [bad, good]) {
            const card = latest(mary).filter({ hasText: body });
            await press(card.getByRole('button', { name: 'Report' }));
            if (way === 'mouse') await card.getByText('It is private').click();
            else for (let i = 0; i < 2; i++) await mary.keyboard.press('ArrowDown');
            await card.getByRole('radio', { name: 'It is private', checked: true }).waitFor();
            if (way === 'mouse' && body === bad.body) await judge(mary, 'the form of a report');
            await press(card.getByRole('button', { name: 'Send to the coach' }));
            await card.getByText('Thank you. The coach will look at it.').waitFor();
        }

        const page = await openCorner();
        await queue(page).nth(1).waitFor();
        assert.equal(await queue(page).count(), 2);
        if (way === 'mouse') await judge(page, 'the queue');
        else await assertReached(page, 'the queue');
        const entry = queue(page).filter({ hasText: bad.body });
        await entry.getByText('It is private').waitFor();
        await press(entry.getByRole('button', { name: 'Hide it' }));
        await entry.waitFor({ state: 'detached' });
        assert.match(await focused(page), /^(It is fine|Hide it|Pause for an hour)/, 'the focus goes on');
        assert.equal((await porch.api('member1', 'GET', `/posts/${bad.id}`)).hidden, 'coach');
        await press(queue(page).getByRole('button', { name: 'It is fine' }));
        await part(page, 'To look at').getByText('Nothing is waiting').waitFor();
        assert.match(await focused(page), /^Pause for an hour/, 'the focus goes on');
        assert.equal((await porch.api('member2', 'GET', `/posts/${good.id}`)).hidden, null);
        await latest(mary).filter({ hasText: bad.body }).waitFor({ state: 'detached' });

        /* Its author is told, and only they still see it. */
        const author = await porch.open({ who: 'member1', path: `/#/posts/${bad.id}`, reducedMotion: 'reduce' });
        await author.getByText('Hidden by your coach.').waitFor();
        if (way === 'mouse') await judge(author, 'a hidden post');

        /* Hiding is no end: a coach shows it again. */
        await page.goto(`/#/posts/${bad.id}`);
        await press(page.getByRole('button', { name: 'Show it again' }));
        await page.getByText('Hidden by your coach.').waitFor({ state: 'detached' });
        await author.getByText('Hidden by your coach.').waitFor({ state: 'detached' });
        assert.equal(await focused(page), 'Pin to top');
        for (const each of [author, mary, page]) await each.leave();
    });

    test(`a member pauses, and another is removed, after a question: by ${way}`, async () => {
        const who = { mouse: ['member17', 'member18'], keyboard: ['member19', 'member20'] }[way];
        const [paused, removed] = await Promise.all(who.map(nameOf));
        const page = await openCorner();
        await press(part(page, 'Your team').getByRole('button', { name: /^Show all/ }));
        const pause = person(page, paused).getByRole('button', { name: /^Pause/ });
        const ask = question(page, `Shall ${paused} pause?`);

        await press(pause);
        assert.equal(await focused(page), 'No, go back');
        if (way === 'mouse') await judge(page, 'a question');
        await press(ask.getByRole('button', { name: 'No, go back' }));
        assert.match(await focused(page), /^Pause for an hour/);
        assert.deepEqual((await porch.api(who[0], 'GET', '/me/mutes')).items, []);
        await press(pause);
        await press(ask.getByRole('button', { name: 'Yes, pause' }));
        await person(page, paused).getByText(`${paused} pauses for an hour.`).waitFor();
        assert.match(await focused(page), /^Pause for an hour/);
        assert.equal((await porch.api(who[0], 'GET', '/me/mutes')).items.length, 1);

        const remove = person(page, removed).getByRole('button', { name: /^Remove/ });
        await press(remove);
        await press(question(page, `Remove ${removed}`).getByRole('button', { name: 'No, go back' }));
        assert.match(await focused(page), /^Remove from the team/);
        await press(remove);
        await press(question(page, `Remove ${removed}`).getByRole('button', { name: 'Yes, remove' }));
        await person(page, removed).waitFor({ state: 'detached' });
        assert.notEqual(await page.evaluate(() => document.activeElement.tagName), 'BODY');
        assert.deepEqual((await porch.api(who[1], 'GET', '/me')).teams, []);
        await page.leave();
    });
}

test('who pauses is told so in plain words, and keeps what they wrote', async () => {
    const [{ id: team }] = (await porch.api('member16', 'GET', '/me')).teams;
    const { id } = await porch.api('member16', 'GET', '/me');
    const page = await porch.open({ who: 'member16', reducedMotion: 'reduce', allow: [expected.status(403)] });
    await porch.api('sarah', 'PUT', `/teams/${team}/mutes/${id}`, { minutes: 60 });
    await page.getByRole('button', { name: 'Write to your team' }).click();
    await page.getByRole('textbox').first().fill('Words to keep');
    await page.getByRole('button', { name: 'Post', exact: true }).click();
    await page.getByText('Your coach has asked you for a pause. For now you can read and like.').waitFor();
    assert.equal(await page.getByRole('textbox').first().inputValue(), 'Words to keep');
    await assertAccessibleInBoth(page, 'a pause');
    await page.leave();
});

test('what the word list found waits, and the coach lets it through', async () => {
    await porch.server.must('words', 'add', 'wonderpill');
    const { id, hidden } = await porch.api('member3', 'POST', '/posts', { body: 'Buy my wonderpill' });
    assert.equal(hidden, 'words');
    const author = await porch.open({ who: 'member3', path: `/#/posts/${id}`, reducedMotion: 'reduce' });
    await author.getByText('This waits for your coach to look at it.').waitFor();
    const page = await openCorner();
    const entry = queue(page).filter({ hasText: 'wonderpill' });
    await entry.getByText('The word list found something No one else sees it now.').waitFor();
    await entry.getByRole('button', { name: 'Keep it hidden' }).waitFor();
    await entry.getByRole('button', { name: 'It is fine' }).press('Enter');
    await entry.waitFor({ state: 'detached' });
    await author.getByText('This waits for your coach').waitFor({ state: 'detached' });
    assert.equal((await porch.api('member2', 'GET', `/posts/${id}`)).hidden, null);
    await author.leave();
    await page.leave();
});

test('an account is deleted after a password and a question, by keyboard; a wrong one deletes nothing', async () => {
    const page = await porch.open({
        who: 'member15',
        path: '/#/settings',
        viewport: PHONE,
        reducedMotion: 'reduce',
        allow: [expected.status(401), expected.status(403)],
    });
    const data = part(page, 'Your data');
    const ask = async (password) => {
        await data.getByLabel('Your password').fill(password);
        await data.getByRole('button', { name: 'Delete my account' }).press('Enter');
    };
    const lose = data.getByRole('button', { name: 'Yes, delete it for good' });
    await ask('');
    await data.getByText('Please type your password.').waitFor();
    await ask('not the password');
    assert.equal(await focused(page), 'No, keep my account');
    await judge(page, 'the question about an account');
    await data.getByRole('button', { name: 'No, keep my account' }).press('Enter');
    assert.equal(await focused(page), 'Delete my account');
    await page.keyboard.press('Enter');
    await lose.press('Enter');
    await data.getByText('Your account is still here.').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.type), 'password');
    await judge(page, 'a wrong password');
    await ask(PASSWORD);
    await lose.press('Enter');
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    await page.leave();
});
