/*
 * Web Push: devices and wishes of a member, and what reaches a push service that loses, refuses and asks to wait. Time is
 * what the clock was moved; a delivery is due ten seconds after its notice.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { as, binary, community, expectStatus, match, request, scenarios, startServer, until } from './harness.mjs';
import { reload, replaceable } from './image.mjs';
import { startPushService } from './push-service.mjs';
import { connect } from './socket.mjs';

const DELAY_S = 11;
const AGAIN_S = 16; // a first try is made again within 15 seconds
const DAY_S = 86_400;
const DEVICES_MAX = 10;

const key = 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4';
const auth = 'BTBZMqHH6r4Tts7J_aSIgg';
const at = (endpoint, keys = { p256dh: key, auth }) => ({ endpoint, keys });
const endpoint = 'https://push.example.net/send/abc-DEF_123';

scenarios('POST /me/push', {
    setup: community,
    cases: [
        {
            name: 'takes what a browser says of its subscription',
            request: 'POST /me/push',
            as: 'member1',
            body: { ...at(endpoint), expirationTime: null },
            status: 200,
            reply: {
                devices: [{ endpoint, createdAt: match.time, reachedAt: null }],
                onlyPins: false,
                quietHours: null,
            },
            events: {},
        },
        {
            name: 'knows it again',
            request: 'POST /me/push',
            as: 'member1',
            body: at(endpoint),
            status: 200,
            reply: { devices: match.length(1) },
            events: {},
        },
        {
            name: 'lets a tablet change hands',
            request: 'POST /me/push',
            as: 'member2',
            body: at(endpoint),
            status: 200,
            reply: { devices: match.length(1) },
            events: {},
            then: async (_, { server }) => {
                assert.deepEqual(expectStatus(await as(server, 'member1').get('/me/push'), 200).devices, []);
            },
        },
        ...[
            ['plain HTTP', 'http://push.example.net/send'],
            ['a user in the address', 'https://me@push.example.net/send'],
            ['a port', 'https://push.example.net:8443/send'],
            ['this machine', 'https://localhost/send'],
            ['this machine by number', 'https://127.0.0.1/send'],
            ['its number in another spelling', 'https://0x7f.1/send'],
            ['this machine in IPv6', 'https://[::1]/send'],
            ['a cloud’s metadata', 'https://169.254.169.254/latest'],
            ['a machine of the operator’s network', 'https://printer.local/send'],
            ['a bare name', 'https://database/send'],
            ['a backslash', 'https://push.example.net\\@localhost/'],
            ['a fragment', 'https://push.example.net/send#x'],
        ].map(([what, address]) => ({
            name: `refuses ${what}`,
            request: 'POST /me/push',
            as: 'member1',
            body: at(address),
            status: 400,
            problem: 'invalid',
            forbidden: [address],
        })),
        ...[
            ['a key beside the curve', { p256dh: `${key.slice(0, 40)}AAAA${key.slice(44)}`, auth }],
            ['half a key', { p256dh: key.slice(0, 40), auth }],
            ['a short secret', { p256dh: key, auth: 'AAAA' }],
            ['no keys', {}],
            ['other keys', { p256dh: key, auth, more: 'x' }],
        ].map(([what, keys]) => ({
            name: `refuses ${what}`,
            request: 'POST /me/push',
            as: 'member1',
            body: at('https://push.example.net/other', keys),
            status: 400,
            problem: 'invalid',
        })),
        { name: 'is for members only', request: 'POST /me/push', body: at(endpoint), status: 401 },
        {
            name: 'keeps ten devices: the first one goes',
            request: 'POST /me/push',
            as: 'member3',
            body: at(`${endpoint}/0`),
            status: 200,
            events: {},
            then: async (_, { server }) => {
                const phil = as(server, 'member3');
                let last;
                for (let i = 1; i <= DEVICES_MAX; i++)
                    last = expectStatus(await phil.post('/me/push', at(`${endpoint}/${i}`)), 200);
                const wanted = Array.from({ length: DEVICES_MAX }, (_, i) => `${endpoint}/${DEVICES_MAX - i}`);
                assert.deepEqual(
                    last.devices.map((it) => it.endpoint),
                    wanted,
                );
            },
        },
    ],
});

const night = { from: '22:00', to: '07:30', offsetMinutes: -300 };

scenarios('GET, PUT and DELETE /me/push', {
    setup: community,
    cases: [
        { name: 'nobody is told at first', request: 'GET /me/push', as: 'member1', status: 200, reply: { devices: [] } },
        {
            name: 'answers 304 to who has it',
            request: 'GET /me/push',
            as: 'member1',
            headers: async ({ server }) => ({ 'if-none-match': (await as(server, 'member1').get('/me/push')).headers.etag }),
            status: 304,
        },
        {
            name: 'takes quiet hours',
            request: 'PUT /me/push',
            as: 'member1',
            body: { quietHours: night },
            status: 200,
            reply: { onlyPins: false, quietHours: night },
            events: {},
        },
        {
            name: 'leaves what is not named',
            request: 'PUT /me/push',
            as: 'member1',
            body: { onlyPins: true },
            status: 200,
            reply: { onlyPins: true, quietHours: night },
            events: {},
        },
        {
            name: 'ends quiet hours',
            request: 'PUT /me/push',
            as: 'member1',
            body: { quietHours: null },
            status: 200,
            reply: { onlyPins: true, quietHours: null },
            events: {},
        },
        ...[
            {},
            { quietHours: { ...night, from: '24:00' } },
            { quietHours: { ...night, to: '7:30' } },
            { quietHours: { ...night, to: '07:61' } },
            { quietHours: { ...night, offsetMinutes: 1081 } },
            { quietHours: { from: '22:00', to: '07:00' } },
            { quietHours: '22:00' },
            { onlyPins: null },
        ].map((body) => ({
            name: `refuses ${JSON.stringify(body)}`,
            request: 'PUT /me/push',
            as: 'member1',
            body,
            status: 400,
            problem: 'invalid',
        })),
        {
            name: 'another member’s device stays',
            request: 'DELETE /me/push',
            as: 'member1',
            body: { endpoint },
            status: 200,
            events: {},
            then: async (_, { server }) => {
                const ann = as(server, 'member2');
                expectStatus(await ann.post('/me/push', at(endpoint)), 200);
                expectStatus(await as(server, 'member1').delete('/me/push', { endpoint }), 200);
                assert.equal(expectStatus(await ann.get('/me/push'), 200).devices.length, 1);
                assert.deepEqual(expectStatus(await ann.delete('/me/push', { endpoint }), 200).devices, []);
            },
        },
        { name: 'removing needs an endpoint', request: 'DELETE /me/push', as: 'member1', body: {}, status: 400 },
        { name: 'reading is for members only', request: 'GET /me/push', status: 401 },
        { name: 'removing is for members only', request: 'DELETE /me/push', body: { endpoint }, status: 401 },
        { name: 'wishing is for members only', request: 'PUT /me/push', body: { onlyPins: true }, status: 401 },
    ],
});

/* ---- deliveries ---------------------------------------------------------------------------------------------------- */

const figure = async (server, name) => {
    const { body } = await request(server, { path: '/metrics' });
    return Number(new RegExp(`^porchlight_push_${name} (\\d+)$`, 'm').exec(body)[1]);
};

/* Until nothing is owed any more. */
const allSettled = (server) => until(async () => (await figure(server, 'waiting')) === 0, { what: 'the end of the queue' });

async function subscribe(server, service, who) {
    const device = service.device();
    expectStatus(await as(server, who).post('/me/push', device.subscription), 200);
    return device;
}

const announce = async (server, title, who = 'sarah') =>
    expectStatus(await as(server, who).post('/notices', { title, body: 'Bring water.', link: '/#/notices' }), 201);

async function pin(server, body) {
    const post = expectStatus(await as(server, 'sarah').post('/posts', { body }), 201);
    expectStatus(await as(server, 'sarah').put(`/posts/${post.id}/pin`), 200);
    return post;
}

const newest = async (server, who) => expectStatus(await as(server, who).get('/changes'), 200).cursor;
const poll = async (server, who, since) =>
    expectStatus(await as(server, who).get(`/changes?since=${encodeURIComponent(since)}`), 200);

for (const realtime of ['off', 'on']) {
    describe(`pushes, with realtime ${realtime}`, () => {
        let server;
        let service;
        let devices;
        let publicKey;
        before(async () => {
            service = await startPushService();
            server = await startServer({
                args: ['--push-allow-private', 'on', '--push-ca', service.ca, '--realtime', realtime],
            });
            ({ publicKey } = expectStatus(await as(server).get('/capabilities'), 200).push);
        });
        after(async () => {
            await server?.stop();
            service?.stop();
        });
        beforeEach(async () => {
            service.answer = () => ({ status: 201 });
            devices ??= {
                ruth: await subscribe(server, service, 'member1'),
                ann: await subscribe(server, service, 'member2'),
                sarah: await subscribe(server, service, 'sarah'),
                dave: await subscribe(server, service, 'dave'),
            };
            for (const device of Object.values(devices)) device.deliveries.length = 0;
        });

        test('a pin comes to who is away: encrypted, signed, urgent', async () => {
            const post = await pin(server, 'The hall is closed today.');
            assert.equal(devices.ruth.deliveries.length, 0);
            await server.advance(DELAY_S);
            await allSettled(server);
            const [delivery] = devices.ruth.deliveries;
            assert.deepEqual(
                { ...delivery.message, id: undefined },
                {
                    id: undefined,
                    kind: 'pin',
                    title: 'Coach Sarah pinned a post',
                    body: 'The hall is closed today.',
                    link: `/#/posts/${post.id}`,
                },
            );
            assert.equal(delivery.headers.urgency, 'high');
            assert.match(delivery.headers.topic, /^pin-\d+$/);
            const ttl = Number(delivery.headers.ttl);
            assert.ok(ttl > DAY_S - 120 && ttl <= DAY_S, `a day at most, not ${ttl} s`);
            assert.equal(delivery.vapid.key, publicKey);
            assert.match(delivery.vapid.sub, /^(https?:|mailto:)/);
            const now_s = Date.now() / 1000;
            assert.ok(delivery.vapid.exp > now_s && delivery.vapid.exp < now_s + DAY_S + 3600, 'a token for today');
            assert.equal(devices.ann.deliveries.length, 1);
            assert.equal(delivery.length, devices.ann.deliveries[0].length);
            assert.deepEqual(devices.sarah.titles, [], 'the coach knows what she pinned');
            assert.deepEqual(devices.dave.titles, [], 'another team');
            const { devices: mine } = expectStatus(await as(server, 'member1').get('/me/push'), 200);
            assert.ok(Date.parse(mine[0].reachedAt) > Date.parse(mine[0].createdAt));
        });

        test('an announcement has no hurry, and of two that wait the newer one comes', async () => {
            await announce(server, 'We meet at nine');
            await announce(server, 'We meet at ten');
            await server.advance(DELAY_S);
            await allSettled(server);
            assert.deepEqual(devices.ruth.titles, ['We meet at ten']);
            assert.equal(devices.ruth.deliveries[0].headers.urgency, 'normal');
            assert.equal(devices.ruth.deliveries[0].message.kind, 'announcement');
            assert.equal(devices.ruth.deliveries[0].message.link, '/#/notices');
        });

        test('who heard of it by a poll gets none', async () => {
            const spared = await figure(server, 'spared_total');
            const since = await newest(server, 'member1');
            await announce(server, 'Rain');
            assert.equal((await poll(server, 'member1', since)).notices.length, 1);
            await server.advance(DELAY_S);
            await allSettled(server);
            assert.deepEqual(devices.ruth.titles, []);
            assert.deepEqual(devices.ann.titles, ['Rain']);
            assert.equal(await figure(server, 'spared_total'), spared + 1);
        });

        test('who has the app open is waited for; who puts it away gets it', async () => {
            const since = { member1: await newest(server, 'member1'), member2: await newest(server, 'member2') };
            await poll(server, 'member1', since.member1);
            await poll(server, 'member2', since.member2);
            await announce(server, 'Sun');
            await server.advance(DELAY_S);
            await until(async () => (await figure(server, 'waiting')) === 2, { what: 'two that wait' });
            assert.equal((await poll(server, 'member2', since.member2)).notices.length, 1);
            expectStatus(await as(server, 'member1').delete('/presence'), 204);
            await server.advance(6);
            await allSettled(server);
            assert.deepEqual(devices.ruth.titles, ['Sun']);
            assert.deepEqual(devices.ann.titles, []);
        });

        test('who was asleep with an open app is not waited for longer than a poll takes', async () => {
            await poll(server, 'member1', await newest(server, 'member1'));
            await announce(server, 'Fog');
            await server.advance(120);
            await allSettled(server);
            assert.deepEqual(devices.ruth.titles, ['Fog']);
        });

        test('who wants only pins gets only pins', async () => {
            expectStatus(await as(server, 'member1').put('/me/push', { onlyPins: true }), 200);
            await announce(server, 'Cake');
            await pin(server, 'Shoes');
            await server.advance(DELAY_S);
            await allSettled(server);
            assert.deepEqual(devices.ruth.titles, ['Coach Sarah pinned a post']);
            assert.deepEqual(devices.ann.titles.toSorted(), ['Cake', 'Coach Sarah pinned a post']);
            await announce(server, 'Tea');
            expectStatus(await as(server, 'member1').put('/me/push', { onlyPins: false }), 200);
            await announce(server, 'Juice');
            await server.advance(DELAY_S);
            await allSettled(server);
            assert.equal(devices.ruth.titles.at(-1), 'Juice');
        });

        test('within quiet hours nothing comes, and then what is still new', async () => {
            const { createdAt } = await announce(server, 'What time is it?');
            await server.advance(DELAY_S);
            await allSettled(server);
            devices.ruth.deliveries.length = devices.ann.deliveries.length = 0;
            // From an hour ago to in an hour, by the clock of a place five hours west of Greenwich.
            const clock = (hours) => new Date(Date.parse(createdAt) + (hours - 5) * 3_600_000).toISOString().slice(11, 16);
            const quietHours = { from: clock(-1), to: clock(1), offsetMinutes: -300 };
            for (const who of ['member1', 'member2'])
                expectStatus(await as(server, who).put('/me/push', { quietHours }), 200);
            await pin(server, 'Late news');
            await server.advance(1800);
            await until(async () => (await figure(server, 'waiting')) === 2, { what: 'two that wait' });
            expectStatus(await as(server, 'member2').get('/notices'), 200); // she reads it in bed
            assert.deepEqual(devices.ruth.titles, []);
            await server.advance(1860);
            await allSettled(server);
            assert.deepEqual(devices.ruth.titles, ['Coach Sarah pinned a post']);
            assert.deepEqual(devices.ann.titles, []);
            for (const who of ['member1', 'member2'])
                expectStatus(await as(server, who).put('/me/push', { quietHours: null }), 200);
        });

        test('what is lost or refused for now comes with a later try', async () => {
            const retried = await figure(server, 'retried_total');
            const answer = (what) => {
                service.answer = ({ device }) => (device === devices.ruth ? what : { status: 201 });
            };
            answer('lost');
            await announce(server, 'Third time');
            await server.advance(DELAY_S);
            await until(async () => (await figure(server, 'retried_total')) === retried + 1);
            answer({ status: 500 });
            await server.advance(AGAIN_S);
            await until(async () => (await figure(server, 'retried_total')) === retried + 2);
            answer({ status: 201, body: 'x'.repeat(100_000) }); // more than anybody wants to read
            assert.deepEqual(devices.ruth.titles, []);
            await server.advance(2 * AGAIN_S);
            await allSettled(server);
            assert.deepEqual(devices.ruth.titles, ['Third time']);
            assert.deepEqual(devices.ann.titles, ['Third time']);
            assert.ok(
                server.logs.some((line) => /push.again.*service=localhost.*reason="the push service has a fault"/.test(line)),
            );
        });

        test('who asks to wait is waited for', async () => {
            const retried = await figure(server, 'retried_total');
            service.answer = ({ device }) =>
                device === devices.ruth ? { status: 429, headers: { 'Retry-After': '300' } } : { status: 201 };
            await announce(server, 'Patience');
            await server.advance(DELAY_S);
            await until(async () => (await figure(server, 'retried_total')) === retried + 1);
            await server.advance(70); // the others of this service were held up for a minute at most
            await until(() => devices.ann.titles.length === 1);
            service.answer = () => ({ status: 201 });
            await server.advance(200);
            await announce(server, 'A second one', 'dave'); // a barrier: what is due is looked at
            await server.advance(DELAY_S);
            assert.deepEqual(devices.ruth.titles, []);
            await server.advance(60);
            await allSettled(server);
            assert.deepEqual(devices.ruth.titles, ['Patience']);
        });

        test('what can never be taken is given up, and said in the log', async () => {
            const failed = await figure(server, 'failed_total');
            service.answer = ({ device }) => ({ status: device === devices.ruth ? 413 : 201 });
            await announce(server, 'Too long');
            await server.advance(DELAY_S);
            await allSettled(server);
            assert.equal(await figure(server, 'failed_total'), failed + 1);
            const line = server.logs.find((it) => it.includes('push.refused') && it.includes('413'));
            assert.match(line, /service=localhost/);
            assert.ok(!server.logs.some((it) => it.includes('/send/')), 'no endpoint is in the log');
        });

        test('a device that is gone is forgotten', async () => {
            const gone = await subscribe(server, service, 'member4');
            service.answer = ({ device }) => ({ status: device === gone ? 410 : 201 });
            await announce(server, 'Hello?');
            await server.advance(DELAY_S);
            await allSettled(server);
            assert.deepEqual(expectStatus(await as(server, 'member4').get('/me/push'), 200).devices, []);
            await until(async () => (await figure(server, 'removed_total')) === 1, { what: 'one removed' });
            assert.equal(await figure(server, 'devices'), 4);
        });

        test('who gets a new password has to open the app again: a lost tablet is silent', async () => {
            const lost = await subscribe(server, service, 'member6');
            await server.must('user', 'passwd', 'member6');
            await announce(server, 'Who hears this?');
            await server.advance(DELAY_S);
            await allSettled(server);
            assert.deepEqual(lost.titles, []);
            assert.deepEqual(devices.ruth.titles, ['Who hears this?']);
        });

        test('who may not sign in any more hears nothing, and a pin whose post is gone is none', async () => {
            const phil = await subscribe(server, service, 'member5');
            await announce(server, 'For members');
            await server.must('user', 'disable', 'member5');
            const post = await pin(server, 'A mistake');
            expectStatus(await as(server, 'sarah').delete(`/posts/${post.id}`), 204);
            await server.advance(DELAY_S);
            await allSettled(server);
            assert.deepEqual(phil.titles, []);
            assert.deepEqual(devices.ruth.titles, ['For members']);
        });

        test('a win of everybody comes to all teams', async () => {
            await announce(server, 'A million steps', 'admin');
            await server.advance(DELAY_S);
            await allSettled(server);
            for (const device of Object.values(devices)) assert.deepEqual(device.titles, ['A million steps']);
        });
    });
}

describe('pushes and sockets', () => {
    let server;
    let service;
    before(async () => {
        service = await startPushService();
        server = await startServer({
            args: ['--push-allow-private', 'on', '--push-ca', service.ca, '--realtime', 'on'],
        });
    });
    after(async () => {
        await server?.stop();
        service?.stop();
    });

    test('who has a living socket hears it there; who has a dead one gets a push', async () => {
        const { walkers } = await community(server);
        const awake = await subscribe(server, service, 'member1');
        const lost = await subscribe(server, service, 'member2');
        const sockets = [];
        for (const who of ['member1', 'member2']) {
            const client = await connect({ server, as: who });
            await client.join(walkers);
            sockets.push(client);
        }
        await announce(server, 'On the air');
        await sockets[0].next('LIVE_NOTIFICATION');
        await server.advance(5);
        await sockets[0].ask({ type: 'ping', id: 'p' });
        await server.advance(6);
        await until(async () => (await figure(server, 'waiting')) === 1, { what: 'one that waits' });
        assert.deepEqual(awake.titles, []);
        assert.deepEqual(lost.titles, [], 'a socket may still say that it is there');
        await server.advance(40);
        await allSettled(server);
        assert.deepEqual(lost.titles, ['On the air']);
        assert.deepEqual(awake.titles, []);
        for (const client of sockets) await client.close();
    });
});

describe('pushes and restarts', () => {
    let service;
    before(async () => {
        service = await startPushService();
    });
    after(() => service?.stop());
    const args = () => ['--push-allow-private', 'on', '--push-ca', service.ca];

    test('what a commit owes is sent after kill -9', async () => {
        let server = await startServer({ args: args() });
        const ruth = await subscribe(server, service, 'member1');
        const { publicKey } = expectStatus(await as(server).get('/capabilities'), 200).push;
        await pin(server, 'Before the crash');
        await server.kill();
        server = await startServer({ args: args(), data: server.data });
        await server.advance(DELAY_S);
        await allSettled(server);
        assert.deepEqual(ruth.titles, ['Coach Sarah pinned a post']);
        assert.equal(ruth.deliveries[0].vapid.key, publicKey, 'the key that the browser subscribed with');
        await server.stop();
    });

    test('a hot restart sends everything once', async () => {
        const { server } = await replaceable(binary, { args: args() });
        const ruth = await subscribe(server, service, 'member1');
        await announce(server, 'Before');
        await server.advance(DELAY_S);
        await until(() => ruth.titles.length === 1);
        await announce(server, 'Between');
        await reload(server);
        await announce(server, 'After');
        await pin(server, 'A post');
        await server.advance(DELAY_S);
        await allSettled(server);
        assert.deepEqual(ruth.titles.toSorted(), ['After', 'Before', 'Coach Sarah pinned a post']);
        await server.stop();
    });

    test('a push service that says nothing does not keep the server from stopping', async () => {
        let server = await startServer({ args: args() });
        const ruth = await subscribe(server, service, 'member1');
        service.answer = () => 'silent';
        const { tries } = service;
        await announce(server, 'Anybody there?');
        await server.advance(DELAY_S);
        await until(() => service.tries === tries + 1);
        await server.stop();
        service.answer = () => ({ status: 201 });
        server = await startServer({ args: args(), data: server.data });
        await server.advance(DELAY_S);
        await allSettled(server);
        assert.deepEqual(ruth.titles, ['Anybody there?']);
        await server.stop();
    });

    test('a target on this machine is refused when the option for tests is gone', async () => {
        let server = await startServer({ args: args() });
        await subscribe(server, service, 'member1');
        await announce(server, 'To myself');
        await server.stop();
        const { connections } = service;
        server = await startServer({ args: ['--push-ca', service.ca], data: server.data });
        await server.advance(DELAY_S);
        await allSettled(server);
        assert.equal(service.connections, connections);
        assert.equal(await figure(server, 'failed_total'), 1);
        await server.stop();
    });
});
