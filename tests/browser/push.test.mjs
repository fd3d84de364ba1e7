/*
 * Notes while the app is closed: who is asked and when, what the service worker shows and opens, settings. Only the
 * browser's push service is played: nobody outside can be reached from here.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DESKTOP, expected, latest, stage, toPlace } from './browser.mjs';
import { assertAccessibleInBoth, overflow } from './sight.mjs';

const porch = stage();
const ENDPOINT = 'https://push.example.net/send/';

/* What a browser does whose push service gives out addresses; a subscription outlives the page. */
function playPushService(prefix) {
    const STORED = 'test.subscription';
    const keys = {
        p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
        auth: 'BTBZMqHH6r4Tts7J_aSIgg',
    };
    /* The headless shell always says "denied" there. */
    Object.defineProperty(Notification, 'permission', {
        get: () => (localStorage.getItem('test.allowed') ? 'granted' : 'default'),
    });
    Notification.requestPermission = async () => {
        localStorage.setItem('test.allowed', '1');
        return 'granted';
    };
    const subscriptionOf = ({ endpoint, key }) => ({
        endpoint,
        options: { userVisibleOnly: true, applicationServerKey: Uint8Array.from(key).buffer },
        toJSON: () => ({ endpoint, expirationTime: null, keys }),
        unsubscribe: async () => {
            localStorage.removeItem(STORED);
            return true;
        },
    });
    PushManager.prototype.getSubscription = async () => {
        const saved = localStorage.getItem(STORED);
        return saved ? subscriptionOf(JSON.parse(saved)) : null;
    };
    PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
        if (!userVisibleOnly || applicationServerKey.length !== 65) throw new Error('not what push services take');
        const made = { endpoint: prefix + crypto.randomUUID(), key: [...applicationServerKey] };
        localStorage.setItem(STORED, JSON.stringify(made));
        return subscriptionOf(made);
    };
}

const open = (who, how = {}) =>
    porch.open({
        who,
        serviceWorkers: 'allow',
        permissions: ['notifications'],
        before: (page) => page.addInitScript(playPushService, ENDPOINT),
        allow: [expected.lost],
        ...how,
    });

const question = (page) => page.getByRole('region', { name: 'Shall we tell you when your coach pins a post?' });
const ready = (page) => page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
const devices = async (who) => (await porch.api(who, 'GET', '/me/push')).devices;

async function again(page) {
    await page.goto('/#/');
    await page.reload();
    await page.getByRole('article').first().waitFor();
    await ready(page);
}

/* A member who has been here before and saw a pin then. */
async function whoSawAPin(who, how) {
    const page = await open(who, how);
    await page.goto('/#/notices');
    await page.locator('.notice').first().waitFor();
    await again(page);
    return page;
}

async function sayYes(page) {
    await question(page).getByRole('button', { name: 'Yes, tell me' }).click();
    await page.getByRole('heading', { name: 'Good. We will tell you.' }).waitFor();
}

test('asked at the second visit, after a pin; later means later', async () => {
    const page = await open('member1');
    await latest(page).first().waitFor();
    const post = await porch.api('sarah', 'POST', '/posts', { body: 'Bring water on Monday' });
    await porch.api('sarah', 'PUT', `/posts/${post.id}/pin`);
    await page.getByRole('region', { name: 'New notice', exact: true }).waitFor();
    await toPlace(page, /^Notices/);
    await page.locator('.notice').first().waitFor();
    await page.goto('/#/');
    await latest(page).first().waitFor();
    assert.equal(await question(page).count(), 0, 'not at the first visit');

    await again(page);
    await question(page).waitFor();
    await assertAccessibleInBoth(page);
    assert.deepEqual(await overflow(page), { scrolls: false, wide: [] });
    await question(page).getByRole('button', { name: 'Later' }).click();
    await question(page).waitFor({ state: 'detached' });
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
    await again(page);
    assert.equal(await question(page).count(), 0);
    assert.deepEqual(await devices('member1'), []);
    await page.leave();
});

test('no thanks is for good', async () => {
    const page = await whoSawAPin('member2', { viewport: DESKTOP });
    await question(page).getByRole('button', { name: 'No thanks' }).click();
    await question(page).waitFor({ state: 'detached' });
    await again(page);
    assert.equal(await question(page).count(), 0);
    assert.deepEqual(await devices('member2'), []);
    await page.leave();
});

test('a browser that is told not to is not pressed', async () => {
    const page = await whoSawAPin('member3', {
        before: async (it) => {
            await it.addInitScript(playPushService, ENDPOINT);
            await it.addInitScript(() => {
                Notification.requestPermission = async () => 'denied';
            });
        },
    });
    await question(page).getByRole('button', { name: 'Yes, tell me' }).click();
    await page.getByText('Your browser does not let us.').waitFor();
    assert.deepEqual(await devices('member3'), []);
    await page.leave();
});

test('yes: the server knows the device, and the worker shows a pin once and opens it', async () => {
    const page = await whoSawAPin('member4');
    await sayYes(page);
    await page.getByRole('button', { name: 'OK', exact: true }).click();
    const [device] = await devices('member4');
    assert.ok(device.endpoint.startsWith(ENDPOINT));

    const session = await page.context().newCDPSession(page);
    const registered = new Promise((done) => {
        session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
            if (registrations.length > 0) done(registrations[0].registrationId);
        });
    });
    await session.send('ServiceWorker.enable');
    const registrationId = await registered;
    const { items } = await porch.api('member4', 'GET', '/posts');
    const link = `/#/posts/${items[0].id}`;
    const push = { id: '7', kind: 'pin', title: 'Coach Sarah pinned a post', body: 'Bring water on Monday', link };
    const deliver = (data) =>
        session.send('ServiceWorker.deliverPushMessage', {
            origin: porch.server.url,
            registrationId,
            data: JSON.stringify(data),
        });
    const [worker] = page.context().serviceWorkers();
    /* The headless shell has no notifications: what the system would keep of them is kept here. */
    await worker.evaluate(() => {
        self.notes = new Map();
        ServiceWorkerRegistration.prototype.showNotification = async (title, { body, tag, data }) => {
            self.notes.set(tag, { title, body, tag, data });
        };
    });
    const shown = () => worker.evaluate(() => [...self.notes.values()]);
    const untilShown = async (count) => {
        for (const end = Date.now() + 10_000; (await shown()).length !== count; )
            assert.ok(Date.now() < end, `${count} notifications, not ${JSON.stringify(await shown())}`);
    };
    await deliver(push);
    await untilShown(1);
    assert.deepEqual(await shown(), [
        { title: 'Coach Sarah pinned a post', body: push.body, tag: 'notice-7', data: { link } },
    ]);
    await deliver(push);
    await deliver({ ...push, id: '8', kind: 'announcement', title: 'Rain', link: '//elsewhere.example' });
    await untilShown(2);
    assert.equal((await shown()).find((it) => it.title === 'Rain').data.link, '/#/notices');

    await worker.evaluate(() => {
        const notification = { ...self.notes.get('notice-7'), close: () => self.notes.delete('notice-7') };
        const event = new ExtendableEvent('notificationclick');
        self.dispatchEvent(Object.defineProperty(event, 'notification', { value: notification }));
    });
    await page.waitForURL(`**${link}`);
    await untilShown(1);
    await page.leave();
});

test('in Spanish the worker speaks Spanish', async () => {
    const page = await whoSawAPin('member5', { locale: 'es-MX' });
    await page.getByRole('button', { name: 'Sí, avísenme' }).click();
    await page.getByRole('heading', { name: 'Bien. Le avisaremos.' }).waitFor();
    const words = await page.evaluate(async () => (await (await caches.open('push-words')).match('/push-words')).json());
    assert.match(words.pinnedBy, /\{name\}.*fij/);
    await page.leave();
});

test('settings: this device, only pins, quiet hours; signing out ends it, coming back goes on', async () => {
    const page = await open('member6');
    await latest(page).first().waitFor();
    await ready(page);
    await toPlace(page, /^Settings/);
    const toggle = (name) => page.locator('.switch').filter({ hasText: name });
    await toggle('Send notes to this device').click();
    await page.getByRole('switch', { name: 'Send notes to this device', checked: true }).waitFor();
    const settled = async (check) => {
        for (const end = Date.now() + 10_000; ; ) {
            const settings = await porch.api('member6', 'GET', '/me/push');
            if (check(settings)) return settings;
            assert.ok(Date.now() < end, JSON.stringify(settings));
        }
    };
    await settled((it) => it.devices.length === 1);
    await toggle('Only when a post is pinned').click();
    await settled((it) => it.onlyPins);
    await toggle('Quiet hours').click();
    await settled((it) => it.quietHours?.from === '22:00' && it.quietHours.to === '07:00');
    await page.getByLabel('From', { exact: true }).fill('21:30');
    const { quietHours } = await settled((it) => it.quietHours.from === '21:30');
    assert.equal(quietHours.offsetMinutes, await page.evaluate(() => 0 - new Date().getTimezoneOffset()));
    await assertAccessibleInBoth(page);
    assert.deepEqual(await overflow(page), { scrolls: false, wide: [] });

    await page.getByRole('button', { name: 'Sign out' }).click();
    await settled((it) => it.devices.length === 0);
    await page.getByRole('button', { name: 'Go back in' }).click();
    await settled((it) => it.devices.length === 1);
    await toPlace(page, /^Settings/);
    await toggle('Send notes to this device').click();
    await settled((it) => it.devices.length === 0);
    await page.leave();
});
