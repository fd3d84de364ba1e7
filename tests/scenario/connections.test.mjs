/*
 * Connections that only take room: how many an address may have, how long one may say nothing, and what is left for the
 * operator when all descriptors are wanted.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { as, expectStatus, startServer, until } from './harness.mjs';
import { rawClient } from './raw.mjs';
import { binary, temporaryFolder } from './server.mjs';

const MOST = Number(/CONNECTIONS_PER_ADDRESS_MAX (\d+)/.exec(readFileSync(new URL('../../base/limits.h', import.meta.url), 'utf8'))[1]);
const ask = 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/* Connections from one address that say nothing: {sockets, open()}. */
async function crowd(server, count, from = '127.0.0.1') {
    const sockets = [];
    let closed = 0;
    for (let i = 0; i < count; i += 256) {
        const some = Array.from({ length: Math.min(256, count - i) }, () => {
            const socket = connect({ port: server.port, host: '127.0.0.1', localAddress: from });
            socket.on('error', () => {});
            socket.on('close', () => { closed++; });
            sockets.push(socket);
            return once(socket, 'connect').catch(() => {});
        });
        await Promise.all(some);
    }
    return { sockets, open: () => count - closed, leave: () => { for (const socket of sockets) socket.destroy(); } };
}

/* Whether a request from this address is answered; a refused connection ends without a word. */
async function served(server, from) {
    const socket = connect({ port: server.port, host: '127.0.0.1', localAddress: from });
    let text = '';
    socket.on('error', () => {}); // it may be refused with a reset
    socket.on('data', (bytes) => { text += bytes; });
    socket.write(ask);
    await new Promise((closed) => { socket.on('close', closed); }); // once() would end with the error
    return text.startsWith('HTTP/1.1 200 ');
}

describe('connections', () => {
    let server;
    after(() => server?.stop());

    test('an address has so many; another address is served meanwhile', async () => {
        server = await startServer();
        expectStatus(await as(server, 'member1').get('/me'), 200);
        const many = await crowd(server, MOST + 100);
        await until(() => many.open() <= MOST, { seconds: 10, what: 'an end of those that are too many' });
        assert.ok(many.open() > MOST - 10, `${many.open()} are left of ${MOST}`);
        assert.equal(await served(server, '127.0.0.1'), false);
        assert.equal(await served(server, '127.0.0.2'), true);
        await until(() => server.logs.some((line) => line.includes('connections.refused')), { what: 'a line in the log' });
        many.leave();
        await until(() => served(server, '127.0.0.1'), { seconds: 10, what: 'being served again' });
        await server.stop();
        server = undefined;
    });

    test('a proxy that is trusted speaks for many', async () => {
        server = await startServer({ args: ['--trust-proxy', '127.0.0.3'] });
        const many = await crowd(server, MOST + 100, '127.0.0.3');
        assert.equal(await served(server, '127.0.0.3'), true);
        assert.equal(many.open(), MOST + 100);
        many.leave();
        await server.stop();
        server = undefined;
    });

    test('one without a request has as long as a head', async () => {
        server = await startServer();
        const silent = rawClient(server);
        await once(silent.socket, 'connect');
        const spoke = rawClient(server).write(ask.replace('Connection: close\r\n', ''));
        await spoke.reply();
        await server.advance(11);
        assert.deepEqual(await silent.closed(), []);
        assert.equal(spoke.ended, false);
        spoke.destroy();
        await server.stop();
        server = undefined;
    });

    test('leave descriptors for commands and databases', async () => {
        const bin = join(temporaryFolder('bin'), 'few');
        writeFileSync(bin, `#!/bin/sh\nulimit -n 600\nexec '${binary}' "$@"\n`);
        chmodSync(bin, 0o755);
        server = await startServer({ bin });
        const many = await crowd(server, 700);
        await server.advance(1); // over the control socket
        assert.equal(many.open(), 700, 'the command should not have to wait for a connection to end');
        many.leave();
        await server.stop();
        server = undefined;
    });
});
