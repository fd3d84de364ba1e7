/* GET /admin/numbers and `porchlight numbers`: the last hour in samples, and members by day, in both modes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { as, expectStatus, request, startServer, until } from './harness.mjs';
import { connect } from './socket.mjs';

const EVERY_S = 10;
const DAY_MS = 86_400_000;

const read = async (server) => expectStatus(await as(server, 'admin').get('/admin/numbers'), 200);

/* Lets ten seconds pass; resolves to the numbers with one sample more. */
async function nextSample(server) {
    const { items } = await read(server);
    await server.advance(EVERY_S);
    return until(
        async () => {
            const numbers = await read(server);
            return numbers.items.length > items.length ? numbers : null;
        },
        { what: 'the next sample' },
    );
}

for (const mode of ['off', 'on'])
    describe(`live numbers with realtime ${mode}`, () => {
        let server;
        before(async () => {
            server = await startServer({ args: ['--realtime', mode] });
        });
        after(() => server.stop());

        test('for admins only, and without a query', async () => {
            for (const [who, status] of [
                [undefined, 401],
                ['member1', 403],
                ['sarah', 403],
                [{ token: await server.must('token', 'issue', '--service', 'site') }, 403],
                ['admin', 200],
            ])
                expectStatus(await request(server, { path: '/admin/numbers', as: who }), status);
            expectStatus(await as(server, 'admin').get('/admin/numbers?hours=2'), 400);
        });

        test('they are known until the next sample', async () => {
            const { headers } = await as(server, 'admin').get('/admin/numbers');
            const again = { 'if-none-match': headers.etag };
            expectStatus(await as(server, 'admin').get('/admin/numbers', again), 304);
            await nextSample(server);
            expectStatus(await as(server, 'admin').get('/admin/numbers', again), 200);
        });

        test('a sample has who is here, what they asked for and how long it took', async () => {
            await nextSample(server);
            for (const who of ['member1', 'member2']) expectStatus(await as(server, who).get('/presence'), 200);
            const socket = mode === 'on' ? await connect({ server, as: 'member3' }) : null;
            const { team } = expectStatus(await as(server, 'member3').get('/me'), 200);
            await socket?.join(team.id);
            const { every, items } = await nextSample(server);
            const newest = items.at(-1);
            assert.equal(every, EVERY_S);
            assert.equal(newest.here, mode === 'on' ? 3 : 2);
            assert.equal(newest.sockets, mode === 'on' ? 1 : 0);
            const took_s = (Date.parse(newest.at) - Date.parse(items.at(-2).at)) / 1000;
            assert.ok(Math.abs(newest.pollsPerSecond - 2 / took_s) <= 0.06, `${newest.pollsPerSecond} in ${took_s} s`);
            assert.ok(newest.p50Ms >= 0.1 && newest.p99Ms >= newest.p50Ms, JSON.stringify(newest));
            assert.equal(newest.loadStage, 0);
            assert.ok(items.every(({ at }, i) => i === 0 || at > items[i - 1].at), 'the oldest first');
            assert.equal((await nextSample(server)).items.at(-1).pollsPerSecond, 0);
            socket?.destroy();
        });

        test('likes that a flush carried, and what was left undone', async () => {
            const [post] = expectStatus(await as(server, 'member4').get('/posts?limit=1'), 200).items;
            const likes = as(server, 'member4');
            expectStatus(await (post.liked ? likes.delete : likes.put)(`/posts/${post.id}/like`), 200);
            await server.must('settle');
            const { likesFlushed } = (await nextSample(server)).items.at(-1);
            assert.equal(likesFlushed, mode === 'on' ? 1 : 0);
            await server.must('load', '600');
            await until(async () => (await nextSample(server)).items.at(-1).loadStage === 1, { what: 'stage 1' });
            await server.must('load', '0');
        });

        test('the last hour is kept, and no more', async () => {
            const first = (await read(server)).items[0].at;
            await server.advance(3600);
            const { items } = await nextSample(server);
            assert.equal(items[0].at, first, 'a jump of the clock is one sample');
            assert.ok(items.length <= 360);
        });

        test('members by day: thirty days, today with who was here', async () => {
            const { days } = await until(
                async () => {
                    // Today is the server's: its clock was moved, perhaps past midnight.
                    for (const who of ['member1', 'member2']) expectStatus(await as(server, who).get('/presence'), 200);
                    const numbers = await nextSample(server); // who was seen is stored every ten seconds
                    return numbers.days.at(-1).members >= 2 ? numbers : null;
                },
                { what: 'who was here today' },
            );
            assert.equal(days.length, 30);
            const today = Date.parse((await read(server)).items.at(-1).at);
            assert.equal(days.at(-1).day, new Date(today).toISOString().slice(0, 10));
            days.forEach(({ day }, i) =>
                assert.equal(day, new Date(today - (29 - i) * DAY_MS).toISOString().slice(0, 10)),
            );
        });

        test('the command line says the same, as a table and as JSON', async () => {
            const numbers = await read(server);
            assert.deepEqual(JSON.parse(await server.must('numbers', '--json')), numbers);
            const lines = (await server.must('numbers')).split('\n');
            assert.match(lines[0], /^UNTIL \(UTC\) +HERE +SOCKETS +POLLS\/S/);
            assert.match(lines[1], /^\d\d:\d\d +\d+ +\d+ +\d+\.\d +\d+\.\d +\d+\.\d +\d+ +[01]$/);
            const { day, members } = numbers.days.at(-1);
            assert.match(lines.at(-1), new RegExp(`^${day} +${members}$`));
        });
    });

test('without a server there are the days, and with one that has just started no hour yet', async () => {
    const server = await startServer();
    assert.deepEqual((await read(server)).items, []);
    assert.match(await server.must('numbers'), /^The server has just started/);
    await server.stop();
    assert.match(await server.must('numbers'), /^No server runs here: there are the days only\.\n\nDAY \(UTC\) +MEMBERS\n/);
    const { items, days } = JSON.parse(await server.must('numbers', '--json'));
    assert.deepEqual(items, []);
    assert.equal(days.length, 30);
});
