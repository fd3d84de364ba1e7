/*
 * What a view shows when it has nothing to show: it is coming, there is nothing, it did not come. axe looks at each, in both
 * colour schemes, and so it does at the few places that the others pass by.
 */
import { test } from 'node:test';
import { expected, latest, PHONE, signIn, stage } from './browser.mjs';
import { assertAccessibleInBoth } from './sight.mjs';

const porch = stage();

/* Without motion: half-faded text is nobody's to read, and nobody's to judge. */
const open = (options) => porch.open({ reducedMotion: 'reduce', ...options });

test('axe finds nothing while the feed loads, is empty, failed, or offline', async () => {
    const feed = /\/posts(\?|$)/;
    const loading = await open();
    await loading.route(feed, () => {});
    await signIn(loading, 'member1');
    await loading.getByText('Loading the posts…').waitFor();
    await assertAccessibleInBoth(loading, 'loading');
    await loading.leave();

    const failed = await open({ allow: [expected.status(404)] });
    await failed.route(feed, (route) => route.fulfill({ status: 404, body: '{}' }));
    await signIn(failed, 'member1');
    await failed.getByRole('button', { name: 'Try again' }).waitFor();
    await assertAccessibleInBoth(failed, 'failed');
    await failed.leave();

    const empty = await open();
    const nothing = {
        items: [],
        next: null,
        pinned: [],
        cursor: (await porch.api('member1', 'GET', '/posts')).cursor,
    };
    await empty.route(feed, (route) => route.fulfill({ json: nothing }));
    await empty.route(/\/notices(\?|$)/, (route) => route.fulfill({ json: nothing }));
    await signIn(empty, 'member1');
    await empty.getByText('It is quiet here').waitFor();
    await assertAccessibleInBoth(empty, 'empty feed');
    await empty.getByRole('link', { name: /^Notices/ }).click();
    await empty.getByText('No notices yet').waitFor();
    await assertAccessibleInBoth(empty, 'no notices');
    await empty.leave();

    const offline = await open({ who: 'sarah', allow: [expected.lost] });
    await latest(offline).first().waitFor();
    await offline.context().setOffline(true);
    await latest(offline).first().getByRole('button', { name: /^Like/ }).click();
    await offline.getByText('You are offline.').first().waitFor();
    await assertAccessibleInBoth(offline, 'offline');
    await offline.leave();
});

/* A place, what it asks the server for, and what it says while it waits and when it got nothing. */
const PLACES = {
    '#/notices': [/\/notices(\?|$)/, 'Loading the notices…', 'The notices did not load'],
    '#/chat': [/\/channels\/\d+\/messages(\?|$)/, 'Loading the messages…', 'The messages did not load'],
    '#/digest': [/\/digests(\?|$)/, 'Loading your digest…', 'Your digest did not load'],
    '#/together': [/counter\.list$/, 'Loading the counts…', 'The counts did not load'],
    '#/posts/1': [/\/posts\/1$/, 'Loading the post…', 'The post did not load'],
    '#/corner': [/\/reports(\?|$)/, 'Loading the reports…', 'The reports did not load'],
    '#/settings': [/\/me\/preferences$/, 'Loading your choices…', 'Your choices did not load'],
};
/* A refusal of no kind that the app has words for. */
const REFUSED = 418;

for (const [place, [asks, waiting, nothing]] of Object.entries(PLACES)) {
    test(`axe finds nothing while it loads and when it failed: ${place}`, async () => {
        let refuse;
        const refused = new Promise((done) => (refuse = done));
        const before = (it) => it.route(asks, (route) => refused.then(() => route.fulfill({ status: REFUSED, body: '{}' })));
        const allow = [expected.status(REFUSED)];
        const page = await open({ who: 'sarah', path: `/${place}`, viewport: PHONE, before, allow });
        await page.getByText(waiting).first().waitFor();
        await assertAccessibleInBoth(page, `${place} loads`);
        refuse();
        await page.getByText(nothing).first().waitFor();
        await assertAccessibleInBoth(page, `${place} failed`);
        await page.leave();
    });
}

test('axe finds nothing on "More", for a member and for a coach', async () => {
    for (const who of ['member1', 'sarah']) {
        const page = await open({ who, viewport: PHONE, path: '/#/more' });
        await page.getByRole('link', { name: /^Settings/ }).waitFor();
        await assertAccessibleInBoth(page, `more, ${who}`);
        await page.leave();
    }
});
