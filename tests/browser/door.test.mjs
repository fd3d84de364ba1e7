/*
 * Coming in and going out: signing in, joining by an invite, the end of a session, signing out.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expected, latest, PASSWORD, signIn, stage, toPlace } from './browser.mjs';
import { assertAccessible } from './sight.mjs';

const porch = stage();

test('signing in needs no mouse', async () => {
    const page = await porch.open();
    const focused = () =>
        page.evaluate(() => document.activeElement?.getAttribute('name') ?? document.activeElement?.textContent);
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Español', 'who reads no English has no further to go');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'username');
    await page.keyboard.type('member1');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'password');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.equal(
        await page.locator('input[name=password]').getAttribute('type'),
        'text',
        'the password can be looked at',
    );
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Sign in');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Morning Walkers' }).waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
    await page.leave();
});

test('the session stays in a cookie that scripts cannot read, and survives a reload', async () => {
    const page = await porch.open({ who: 'member1' });
    const kept = await page.evaluate(() =>
        JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }]),
    );
    assert.doesNotMatch(kept, /v4\.public/);
    const [cookie] = await page.context().cookies();
    assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite], ['porchlight', true, 'Lax']);
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Morning Walkers' }).waitFor();
    await page.leave();
});

test('a wrong password is told in a plain sentence', async () => {
    const page = await porch.open({ allow: [expected.status(401)] });
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: 'Please fill in' }).waitFor();
    await page.getByLabel('Sign-in name').fill('member1');
    await page.getByLabel('Password', { exact: true }).fill('not the password');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'do not match' }).waitFor();
    assert.equal(await page.getByLabel('Sign-in name').inputValue(), 'member1');
    await page.leave();
});

test('an invite link asks for a name and a password, and proposes the rest', async () => {
    const { code } = await porch.api('sarah', 'POST', '/teams/2/invites', { maxUses: 5 }).catch(async () => {
        const me = await porch.api('sarah', 'GET', '/me');
        return porch.api('sarah', 'POST', `/teams/${me.team.id}/invites`, { maxUses: 5 });
    });
    const page = await porch.open({ path: `/#/join/${code}`, allow: [expected.status(409)] });
    await page.getByRole('button', { name: 'Join the team' }).click();
    await page.getByText('Please tell us your name.').waitFor();
    await page.getByLabel('Your name').fill("Nora O'Hara");
    assert.equal(await page.getByLabel('Sign-in name').inputValue(), 'nora.o.hara');
    await page.getByLabel('Sign-in name').fill('member1');
    await page.getByLabel('Choose a password').fill('three warm words');
    await page.getByRole('button', { name: 'Join the team' }).click();
    await page.getByText('Somebody has this sign-in name.').first().waitFor();
    await page.getByLabel('Sign-in name').fill('nora.ohara');
    await page.getByRole('button', { name: 'Join the team' }).click();
    await page.getByRole('heading', { level: 1, name: 'Morning Walkers' }).waitFor();
    assert.match(page.url(), /#\/$/);

    await page.goto(`/#/join/${code}`);
    await page.getByText("You are signed in as Nora O'Hara.").waitFor();
    await page.leave();
});

test('a dead invite link says so', async () => {
    const page = await porch.open({ path: '/#/join/no-such-code', allow: [expected.status(404)] });
    await page.getByLabel('Your name').fill('Nobody');
    await page.getByLabel('Choose a password').fill('three warm words');
    await page.getByRole('button', { name: 'Join the team' }).click();
    await page.getByRole('alert').filter({ hasText: 'does not work any more' }).waitFor();
    await page.leave();
});

test('when a session ends, what was being written is kept', async () => {
    const page = await porch.open({ who: 'member2', allow: [expected.status(401)] });
    await page.getByRole('button', { name: 'Write to your team' }).click();
    await page.getByLabel('Write to your team').fill('Half a thought');
    await page.context().clearCookies();
    await page.getByText('Please sign in again. What you wrote is kept.').waitFor();
    await signIn(page, 'member2');
    assert.equal(await page.getByLabel('Write to your team').inputValue(), 'Half a thought');
    await page.leave();
});

test('the next member at the same device finds nothing of the last one', async () => {
    const page = await porch.open({ who: 'member3' });
    await page.getByRole('button', { name: 'Write to your team' }).click();
    await page.getByLabel('Write to your team').fill('A secret');
    await toPlace(page, /^Settings/);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    assert.doesNotMatch(
        await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }])),
        /secret/,
    );
    await page.goto('/#/');
    await signIn(page, 'member21');
    await page.getByRole('heading', { level: 1, name: 'Strong Together' }).waitFor();
    await page.getByRole('button', { name: 'Write to your team' }).waitFor();
    await page.leave();
});

/* ---- signing out can be taken back for ten seconds ---------------------------------------------------------------- */

const wayBack = (page) => page.getByRole('region', { name: 'Signed out' });
const told = (page) => page.waitForResponse(/\/auth\/logout$/);

async function signOut(page) {
    await toPlace(page, /^Settings/);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await wayBack(page).getByText('You are signed out.').waitFor();
}

test('who signs out by a slip goes back in, with what was being written', async () => {
    const page = await porch.open({ who: 'member4' });
    await page.getByRole('button', { name: 'Write to your team' }).click();
    await page.getByLabel('Write to your team').fill('Half a thought');
    await page.clock.install();
    await signOut(page);
    await assertAccessible(page, 'the way back');
    await wayBack(page).getByRole('button', { name: 'Go back in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
    await page.clock.fastForward(11_000);
    await page.getByRole('link', { name: 'Home' }).click();
    await latest(page).first().waitFor();
    assert.equal(await page.getByLabel('Write to your team').inputValue(), 'Half a thought');
    await page.reload();
    await latest(page).first().waitFor();
    await page.leave();
});

test('after ten seconds the server is told, and there is no way back', async () => {
    const page = await porch.open({ who: 'member4' });
    await page.clock.install();
    await signOut(page);
    await page.clock.fastForward(9_000);
    assert.equal(await wayBack(page).count(), 1);
    assert.equal((await page.context().cookies()).length, 1);
    const answer = told(page);
    await page.clock.fastForward(1_100);
    assert.equal((await answer).status(), 204);
    await wayBack(page).waitFor({ state: 'detached' });
    assert.deepEqual(await page.context().cookies(), []);
    await page.leave();
});

test('a page that goes before that leaves nobody signed in', async () => {
    const page = await porch.open({ who: 'member4', allow: [expected.status(401)] });
    await signOut(page);
    await page.reload();
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    assert.equal(await wayBack(page).count(), 0);
    assert.equal((await page.request.get('/me')).status(), 401);
    await page.leave();
});

test('a server that was not told is told again', async () => {
    const page = await porch.open({ who: 'member4', allow: [expected.lost] });
    await page.clock.install();
    await page.route(/\/auth\/logout$/, (route) => route.abort());
    await signOut(page);
    await page.clock.fastForward(10_100);
    await wayBack(page).getByRole('alert').filter({ hasText: 'does not know yet' }).waitFor();
    await assertAccessible(page, 'not told');
    await page.unroute(/\/auth\/logout$/);
    const answer = told(page);
    await wayBack(page).getByRole('button', { name: 'Try again' }).click();
    assert.equal((await answer).status(), 204);
    await wayBack(page).waitFor({ state: 'detached' });
    assert.equal((await page.request.get('/me')).status(), 401);
    await page.leave();
});
