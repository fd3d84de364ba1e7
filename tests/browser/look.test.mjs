/*
 * Is it legible and reachable: axe on every view in both colour schemes, contrast, targets, text sizes and narrow screens.
 * What a view shows when it has nothing to show: states.test.mjs; what moves: motion.test.mjs.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESKTOP, expected, latest, newPostsButton, PHONE, signIn, stage, TABLET } from './browser.mjs';
import { assertAccessibleInBoth, axe, measure, overflow } from './sight.mjs';

const porch = stage();

/* Without motion: half-faded text is nobody's to read, and nobody's to judge. */
const open = (options) => porch.open({ reducedMotion: 'reduce', ...options });

/* Every view, as somebody who walks through the app meets it. */
async function eachView(page, visit) {
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    await visit('sign in');
    await page.goto('/#/join/some-code');
    await page.getByRole('button', { name: 'Join the team' }).click();
    await page.getByText('Please tell us your name.').waitFor();
    await visit('join');
    await page.goto('/#/');
    await page.getByLabel('Sign-in name').fill('sarah');
    await page.getByLabel('Password', { exact: true }).fill('porchlight');
    await page.keyboard.press('Enter');
    await latest(page).first().waitFor();
    await visit('feed');
    await latest(page).first().getByRole('button', { name: /^Like/ }).click();
    await page.getByRole('button', { name: 'Write to your team' }).click();
    await page.getByRole('button', { name: 'Post', exact: true }).click();
    await page.getByText('Please write something first.').waitFor();
    const { id } = await porch.api('member1', 'POST', '/posts', {
        body: 'News\n\nin two parts',
        topics: ['walking', 'sleep'],
    });
    const link = `/#/posts/${id}`;
    await porch.api('admin', 'POST', '/notices', { title: 'All teams walked a million steps', link });
    const { team } = await porch.api('sarah', 'GET', '/me');
    await porch.api('admin', 'POST', '/notices', { title: 'The lake path is open again', link, teamId: team.id });
    await newPostsButton(page).waitFor();
    await page.getByRole('region', { name: 'New notice' }).waitFor();
    await visit('feed with a form, the button for new posts and a toast');
    await page.getByRole('region', { name: 'New notice' }).getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.goto(`/#/posts/${id}`);
    await page.getByRole('article').waitFor();
    await visit('post');
    await page.goto('/#/posts/999999');
    await page.getByRole('heading', { name: 'This post is not here any more' }).waitFor();
    await visit('post that is gone');
    await page.goto('/#/notices');
    await page.getByRole('listitem').first().waitFor();
    await visit('notices');
    await page.goto('/#/chat');
    await page.getByRole('button', { name: 'Start another chat' }).click();
    await page.getByRole('button', { name: 'Start this chat' }).click();
    await page.getByText('Please give the chat a name.').waitFor();
    await visit('chat, starting another one');
    await page.goto('/#/settings');
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
    await visit('settings');
}

for (const [name, viewport] of Object.entries({ phone: PHONE, tablet: TABLET, desktop: DESKTOP })) {
    test(`axe finds nothing, dark or light: ${name}`, async () => {
        const page = await open({ viewport, allow: [expected.status(404)] });
        await eachView(page, (view) => assertAccessibleInBoth(page, `${view}, ${name}`));
        await page.leave();
    });
}

/*
 * For developers: by WCAG 2 AA, which asks for less contrast than our members do. It is a long page, of which the second
 * look sees again only what colours change.
 */
test('axe finds nothing on /docs, and nothing of it is lost at 320 px', async () => {
    for (const [viewport, colorScheme, runOnly] of [[PHONE, 'dark'], [DESKTOP, 'light', ['color-contrast']]]) {
        const page = await open({ path: '/docs', viewport, colorScheme });
        await page.evaluate(axe);
        const rules = { resultTypes: ['violations'], ...(runOnly && { runOnly }) };
        const found = await page.evaluate((rules) => window.axe.run(document, rules), rules);
        assert.deepEqual(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), [], colorScheme);
        await page.setViewportSize({ width: 320, height: 640 });
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
        await page.leave();
    }
});

test('axe finds nothing for an admin and for somebody without a team', async () => {
    const admin = await open({ who: 'admin' });
    await latest(admin).first().waitFor();
    await assertAccessibleInBoth(admin, 'admin');
    await admin.getByLabel('Team', { exact: true }).selectOption('Strong Together');
    await admin.getByRole('heading', { level: 1, name: 'Strong Together' }).waitFor();
    await latest(admin).first().waitFor();
    await admin.leave();

    const alone = await open();
    await alone.route(/\/(me|auth\/login)$/, async (route) => {
        const response = await route.fetch();
        const json = await response.json();
        Object.assign(json.user ?? json, { team: null, teams: [] });
        await route.fulfill({ response, json });
    });
    await signIn(alone, 'member1');
    await alone.getByText('You are not in a team yet').waitFor();
    await assertAccessibleInBoth(alone, 'without a team');
    await alone.goto('/#/join/some-code');
    await alone.getByText('You are signed in as').waitFor();
    await assertAccessibleInBoth(alone, 'an invite while signed in');
    await alone.leave();
});

test('text is 18 px or more, targets 64 and 48 px, lines short; at 320 px nothing is lost', async () => {
    const page = await porch.open({ allow: [expected.status(404)] });
    await eachView(page, async (view) => {
        for (const viewport of [DESKTOP, { width: 320, height: 640 }, PHONE]) {
            await page.setViewportSize(viewport);
            assert.deepEqual(await measure(page), [], `${view} at ${viewport.width}`);
            assert.deepEqual(await overflow(page), { scrolls: false, wide: [] }, `${view} at ${viewport.width}`);
        }
    });
    await page.leave();
});

test('the largest text still fits 320 px', async () => {
    for (const who of ['admin', 'sarah', 'member1']) {
        const page = await porch.open({ who, viewport: { width: 320, height: 640 } });
        await page.goto('/#/settings');
        await page.getByText('Larger', { exact: true }).click();
        for (const hash of ['#/settings', '#/', '#/notices']) {
            await page.goto(`/${hash}`);
            await page.getByRole('heading', { level: 1 }).waitFor();
            assert.deepEqual(await overflow(page), { scrolls: false, wide: [] }, `${hash} for ${who}`);
        }
        await page.reload();
        await page.locator('.nav-item').first().waitFor();
        assert.equal(await page.evaluate(() => document.documentElement.dataset.textSize), 'larger');
        const sizes = await page.evaluate(() =>
            [document.documentElement, document.querySelector('.nav-item')].map((it) => getComputedStyle(it).fontSize),
        );
        assert.ok(parseFloat(sizes[1]) >= 18, `four places share the bar: ${sizes}`);
        await page.leave();
    }
});

test('the focus can be seen', async () => {
    const page = await porch.open({ who: 'member1' });
    await latest(page).first().waitFor();
    for (let i = 0; i < 12; i++) {
        await page.keyboard.press('Tab');
        const ring = await page.evaluate(() => {
            const element = document.activeElement.matches('.choice-option input, .switch input')
                ? document.activeElement.nextElementSibling
                : document.activeElement;
            const { outlineStyle, outlineWidth } = getComputedStyle(element);
            return { style: outlineStyle, width: parseFloat(outlineWidth), what: element.outerHTML.slice(0, 80) };
        });
        assert.ok(ring.style === 'solid' && ring.width >= 2, JSON.stringify(ring));
    }
    await page.leave();
});

test("colours and text size are the device's choice and stay", async () => {
    const page = await porch.open({ who: 'member1', path: '/#/settings', colorScheme: 'light' });
    const scheme = () => page.evaluate(() => document.documentElement.dataset.scheme);
    assert.equal(await scheme(), 'light');
    await page.getByText('Night', { exact: true }).click();
    assert.equal(await scheme(), 'dark');
    await page.reload();
    await page.getByRole('radio', { name: 'Night' }).waitFor();
    assert.equal(await scheme(), 'dark');
    await page.leave();
});
