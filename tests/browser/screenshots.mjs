/*
 * Takes the README's pictures from the demo community, with realtime on and people in it: phone, tablet and desktop,
 * light and dark, member, coach and admin.
 *
 *   make screenshots                         writes docs/pictures/NAME.png
 *   make screenshots NAMES="feed-phone ..."  only these
 *   make screenshots TO=DIR                  writes somewhere else: to look before they are kept
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { startServer } from '../scenario/server.mjs';
import { connect } from '../scenario/socket.mjs';
import { api, DESKTOP, executablePath, latest, launchArgs, newPostsButton, openPage, PHONE, TABLET } from './browser.mjs';

const to = process.env.TO || 'docs/pictures';
const names = (process.env.NAMES ?? '').split(' ').filter(Boolean);

/* Who is there besides the one whose page is taken. */
const PRESENT = ['sarah', ...Array.from({ length: 12 }, (_, i) => `member${i + 2}`)];

/* Everything has arrived, and nothing moves any more. */
const settled = (page) =>
    page.waitForFunction(() => document.getAnimations().every((it) => it.playState !== 'running'));

async function calm(page) {
    await latest(page).first().waitFor();
    await page.getByText('You are up to date').waitFor();
    await page.getByText(/ are active now$/).waitFor();
    await page.getByRole('button', { name: /^Cheer/ }).waitFor();
    await settled(page);
}

/* The end of the chat, with somebody else in it. */
async function talk(page, { friend }) {
    const other = await friend();
    await page.getByRole('list', { name: 'Messages' }).getByRole('listitem').last().waitFor();
    const newest = page.getByRole('button', { name: 'Go to the newest' });
    if (await newest.isVisible()) await newest.click();
    await page.locator('.dock textarea').fill('In, and I bring cups for all of us.');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.locator('.message-own').last().getByText('Read by 1 person').waitFor();
    await page.getByText(/ active now$/).waitFor();
    await page.evaluate(() => document.activeElement.blur());
    await page.mouse.move(0, 0);
    await settled(page);
    return () => other.leave();
}

const part = (page, name) => page.getByRole('region', { name });

/* name: {who, viewport, colorScheme, path, show: what to do before the picture is taken; it may answer what to do after} */
const pictures = {
    'feed-phone-light': { who: 'member1', viewport: PHONE, colorScheme: 'light', show: calm },
    'feed-tablet-light': { who: 'member1', viewport: TABLET, colorScheme: 'light', show: calm },
    'feed-desktop-dark': { who: 'member1', viewport: DESKTOP, colorScheme: 'dark', show: calm },
    'cheer-phone-dark': {
        who: 'member1',
        viewport: PHONE,
        colorScheme: 'dark',
        async show(page, { cheer }) {
            await calm(page);
            await cheer('sun', 1);
            const drifting = page.locator('.drifting').first();
            await drifting.waitFor();
            await page.waitForFunction((it) => getComputedStyle(it).opacity > 0.9, await drifting.elementHandle());
        },
    },
    'new-posts-phone-dark': {
        who: 'member1',
        viewport: PHONE,
        colorScheme: 'dark',
        async show(page, { post }) {
            await calm(page);
            for (const who of ['member2', 'member3', 'member4']) await post(who);
            await newPostsButton(page).filter({ hasText: '3 new posts' }).waitFor();
            await settled(page);
        },
    },
    'pin-tablet-dark': {
        who: 'member1',
        viewport: TABLET,
        colorScheme: 'dark',
        async show(page, { pin }) {
            await calm(page);
            await pin();
            await part(page, 'New notice').waitFor();
            await settled(page);
        },
    },
    'notices-phone-light': {
        who: 'member1',
        viewport: PHONE,
        colorScheme: 'light',
        path: '/#/notices',
        show: (page) => page.getByRole('listitem').first().waitFor(),
    },
    'together-phone-light': {
        who: 'member1',
        viewport: PHONE,
        colorScheme: 'light',
        path: '/#/together',
        async show(page) {
            await page.getByRole('button', { name: '+500 to Steps' }).click();
            await page.getByText('You added 500.').waitFor();
            await page.mouse.move(0, 0);
            await settled(page);
        },
    },
    'together-desktop-dark': {
        who: 'member1',
        viewport: DESKTOP,
        colorScheme: 'dark',
        path: '/#/together',
        async show(page) {
            const days = part(page, 'Day by day');
            await days.locator('svg[aria-label^="A chart of 7 days"]').waitFor();
            await days.evaluate((it) => it.scrollIntoView({ block: 'end' }));
            await page.evaluate(() => scrollBy(0, 40));
            await settled(page);
        },
    },
    'chat-phone-dark': {
        who: 'member1',
        viewport: PHONE,
        colorScheme: 'dark',
        path: '/#/chat',
        show: talk,
    },
    'chat-desktop-light': {
        who: 'member1',
        viewport: DESKTOP,
        colorScheme: 'light',
        path: '/#/chat',
        show: talk,
    },
    'digest-phone-light': {
        who: 'member1',
        viewport: PHONE,
        colorScheme: 'light',
        path: '/#/digest',
        async show(page, { digest }) {
            await digest();
            await page.reload();
            await page.getByRole('button', { name: 'Helpful', exact: true }).first().click();
            await page.getByText('Thank you.').waitFor();
            await page.mouse.move(0, 0);
            await settled(page);
        },
    },
    'corner-tablet-light': {
        who: 'sarah',
        viewport: TABLET,
        colorScheme: 'light',
        path: '/#/corner',
        show: (page) => part(page, 'Your team').getByRole('listitem').first().waitFor(),
    },
    'admin-desktop-dark': {
        who: 'admin',
        viewport: { ...DESKTOP, height: 1330 },
        colorScheme: 'dark',
        path: '/#/admin',
        async show(page, { minutes }) {
            await minutes(10);
            await page.reload();
            await page.getByText('Ready.').first().waitFor();
            await part(page, 'The last hour').locator('svg').first().waitFor();
            await page.getByText('…', { exact: true }).waitFor({ state: 'detached' }); // polls a second: from two readings on
        },
    },
};

const unknown = names.filter((name) => !pictures[name]);
if (unknown.length > 0) throw new Error(`no picture is called ${unknown.join(' or ')}: ${Object.keys(pictures).join(' ')}`);
mkdirSync(to, { recursive: true });
const browser = await chromium.launch({ executablePath, args: launchArgs });
for (const name of names.length > 0 ? names : Object.keys(pictures)) {
    const { who, show, path = '/', ...options } = pictures[name];
    const server = await startServer({ args: ['--realtime', 'on'] });
    const { id: teamId } = (await api(server, 'sarah', 'GET', '/me')).teams[0];
    const sockets = await Promise.all(
        PRESENT.filter((it) => it !== who).map(async (it) => connect({ server, token: await server.token(it) })),
    );
    for (const socket of sockets) await socket.join(teamId);
    await api(server, 'admin', 'POST', '/notices', { title: 'Team Blue just hit 100,000 steps combined!' });
    const stage = {
        cheer: (icon, by) => sockets[by].ask({ type: 'SEND_CHEER', icon }),
        post: (it) => api(server, it, 'POST', '/posts', { body: 'Good morning, all!' }),
        friend: () => openPage({ browser, server }, { who: 'member2', path: '/#/chat' }),
        digest: () => api(server, who, 'POST', '/digests', {}),
        /* What the server notes of itself every ten seconds, with somebody polling now and then. */
        async minutes(count) {
            for (let i = 0; i < 6 * count; i += 1) {
                for (let k = 0; k < (i * 7) % 11; k += 1) await api(server, PRESENT[k], 'GET', '/presence');
                await Promise.all(sockets.map((socket) => socket.ask({ type: 'ping' })));
                await server.advance(10);
            }
        },
        async pin() {
            const { items } = await api(server, 'sarah', 'GET', '/posts');
            await api(server, 'sarah', 'PUT', `/posts/${items[1].id}/pin`);
        },
    };
    const page = await openPage({ browser, server }, { who, path, ...options });
    const end = await show(page, stage);
    await page.screenshot({ path: join(to, `${name}.png`) });
    if (typeof end === 'function') await end();
    await page.leave();
    for (const socket of sockets) await socket.close();
    await server.stop();
    console.log(join(to, `${name}.png`));
}
await browser.close();
