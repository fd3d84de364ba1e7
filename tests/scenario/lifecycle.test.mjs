/*
 * A server's life as its operator sees it: SIGTERM under load, and advice that grows before the server is overloaded.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { allItems, expectStatus, request, startServer, until } from './harness.mjs';

describe('SIGTERM while members write', () => {
    test('what was begun is answered, what was acknowledged is there, the exit status is 0', async () => {
        const server = await startServer();
        const acknowledged = new Set();
        let stopping = false;
        let enough;
        const busy = new Promise((resolve) => (enough = resolve));
        const writers = ['member1', 'member2', 'member3', 'member4'].map(async (who) => {
            for (let n = 0; !stopping || n === 0; n++) {
                const body = `before the end ${who} ${n}`;
                try {
                    const reply = await request(server, { method: 'POST', path: '/posts', as: who, body: { body } });
                    if (reply.status === 201) acknowledged.add(body);
                    if (acknowledged.size === 40) enough();
                    if (reply.status !== 201) assert.equal(reply.status, 503);
                } catch (error) {
                    if (error.code === 'ERR_ASSERTION') throw error;
                    return; // the listening socket is closed
                }
            }
        });
        await busy;
        process.kill(server.pid, 'SIGTERM');
        const { code } = await server.ended();
        stopping = true;
        await Promise.all(writers);
        assert.equal(code, 0, server.logs.slice(-5).join('\n'));

        const again = await startServer({ data: server.data });
        const bodies = new Set((await allItems(again, 'member1', '/posts')).map((post) => post.body));
        for (const body of acknowledged) assert.ok(bodies.has(body), `acknowledged and lost: ${body}`);
        await again.stop();
    });
});

/* Sends the same request over and over on one connection, ahead of its answers, until stop() is called. */
function press(server, token) {
    const text = `GET /posts?limit=100 HTTP/1.1\r\nHost: press\r\nAuthorization: Bearer ${token}\r\n\r\n`.repeat(20);
    const socket = connect(server.port, '127.0.0.1');
    let received = 0;
    socket.on('data', (bytes) => {
        received += bytes.length;
        socket.write(text);
        socket.pause();
        setImmediate(() => socket.resume());
    });
    socket.on('error', () => {});
    socket.write(text);
    return { stop: () => socket.destroy(), received: () => received };
}

describe('advice to pollers', () => {
    test('grows while a loop is busy and comes back when it is not', async () => {
        const server = await startServer({ args: ['--threads', '1'] });
        const interval = async () => {
            const reply = await request(server, { path: '/presence', as: 'member1' });
            expectStatus(reply, 200);
            return Number(reply.headers['x-poll-interval']);
        };
        assert.ok((await interval()) <= 75, 'a calm server advises its base and at most a quarter more');
        const token = await server.token('member2');
        const crowd = [1, 2, 3, 4].map(() => press(server, token));
        await until(async () => (await interval()) > 100, { seconds: 20, what: 'longer advice' });
        assert.ok((await interval()) <= 300, 'never more than four times the base and a quarter');
        for (const one of crowd) one.stop();
        await until(async () => (await interval()) <= 75, { seconds: 20, what: 'the base again' });
        await server.stop();
    });
});

describe('SIGHUP', () => {
    test('is logged and ignored', async () => {
        const server = await startServer();
        for (let n = 1; n <= 2; n += 1) {
            process.kill(server.pid, 'SIGHUP');
            const said = () => server.logs.filter((line) => line.includes('event=sighup ')).length;
            await until(() => said() === n, { what: `log line ${n}` });
        }
        expectStatus(await request(server, { path: '/me', as: 'member1' }), 200);
        await server.stop();
    });
});

describe('a server that listens to other machines', () => {
    const said = (server, event) => server.logs.filter((line) => line.includes(`event=${event} `));

    test('names a link that works, and warns of plain HTTP', async () => {
        const server = await startServer({ args: ['--listen', '0.0.0.0:0'] });
        try {
            const link = /open=(\S+)/.exec(said(server, 'listening')[0])[1];
            assert.equal(link, `http://localhost:${server.port}`);
            assert.equal((await fetch(`${link}/healthz`)).status, 200);
            assert.ok((await server.must('invite', 'sarah')).startsWith(`${link}/#/join/`));
            await until(() => said(server, 'plain_http').length === 1, { what: 'the warning' });
        } finally {
            await server.stop();
        }
    });

    test('does not warn when TLS stands before it, nor when it listens to this machine alone', async () => {
        for (const args of [['--listen', '0.0.0.0:0', '--public-url', 'https://walkers.example'], []]) {
            const server = await startServer({ args });
            await server.stop();
            assert.deepEqual(said(server, 'plain_http'), []);
        }
    });
});
