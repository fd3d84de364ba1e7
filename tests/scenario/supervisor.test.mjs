/*
 * A server below a service manager such as systemd: its socket, readiness, reload and watchdog.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { binary, pollingBinary, sanitizer, temporaryFolder, until } from './harness.mjs';
import { replaceable } from './image.mjs';
import { manage } from './manager.mjs';

const healthy = async (manager) => assert.equal((await fetch(`${manager.url}/healthz`)).status, 200);

describe('a socket that was there before the server', { concurrency: 3 }, () => {
    test('keeps who comes early, and says where the server is', async () => {
        const manager = await manage({ data: temporaryFolder(), args: ['--listen', '127.0.0.1:9'], start: false });
        const early = fetch(`${manager.url}/healthz`); // the kernel takes the connection, nobody answers yet
        await manager.start();
        assert.equal((await early).status, 200);
        const { sender, schema } = await manager.tells('READY=1');
        assert.equal(sender, manager.pid);
        assert.ok(schema > 0, 'it is ready with the schema in place, not before');
        const listening = manager.logs.find((line) => line.includes('event=listening '));
        assert.match(listening, new RegExp(`address=127\\.0\\.0\\.1:${manager.port} open=http://127\\.0\\.0\\.1:${manager.port} `));
        assert.equal(await manager.stop(), 0);
        assert.deepEqual(manager.told(), [['READY=1'], ['STOPPING=1']]);
    });

    test('may take both kinds of addresses', async () => {
        const manager = await manage({ listen: ['::'] });
        await manager.tells('READY=1');
        await healthy(manager);
        assert.equal((await fetch(`http://[::1]:${manager.port}/healthz`)).status, 200);
        assert.equal(await manager.stop(), 0);
    });

    for (const [what, settings, sentence] of [
        ['two of them', { listen: ['127.0.0.1', '127.0.0.1'] }, /2 sockets were passed to listen on, and there can be one/],
        ['one that does not listen', { kind: 'idle' }, /the socket that was passed does not listen for TCP/],
        ['one of the file system', { kind: 'unix' }, /the socket that was passed does not listen for TCP/],
    ])
        test(`${what}: refused in a sentence`, async () => {
            const manager = await manage(settings);
            assert.equal((await manager.happens('ended')).code, 1);
            assert.match(manager.logs.join('\n'), sentence);
            assert.deepEqual(manager.told(), [], 'it was never ready');
        });

    test('is of no concern to a child that inherited the variables', async () => {
        const manager = await manage({ listen: [], env: { LISTEN_PID: '1', LISTEN_FDS: '1' }, args: ['--listen', '127.0.0.1:0'] });
        await manager.tells('READY=1');
        assert.equal(await manager.stop(), 0);
    });
});

describe('a server that cannot start', () => {
    test('is never ready', async () => {
        const data = temporaryFolder();
        writeFileSync(join(data, 'porchlight.db'), 'no database '.repeat(100));
        const manager = await manage({ data });
        assert.equal((await manager.happens('ended')).code, 1);
        assert.deepEqual(manager.told(), []);
    });
});

describe('reload', () => {
    test('says so before the command ends, and goes on as the same process with the same socket and watchdog', async () => {
        const manager = await manage({ watchdogMs: 4000 });
        await manager.tells('READY=1');
        for (let n = 1; n <= 2; n += 1) {
            const from = manager.events.length;
            await manager.must('reload');
            const begun = await manager.tells('RELOADING=1', from);
            assert.match(begun.states[1], /^MONOTONIC_USEC=[1-9]\d+$/);
            const { sender } = await manager.tells('READY=1', from);
            assert.equal(sender, manager.pid, 'the main process is still the one the manager knows');
            await healthy(manager);
            await manager.tells('WATCHDOG=1', manager.events.length);
        }
        assert.equal(await manager.stop(), 0);
    });

    test('that is refused leaves the server ready', async () => {
        const image = await replaceable(binary, { data: temporaryFolder() });
        await image.server.stop();
        const manager = await manage({ bin: image.file });
        await manager.tells('READY=1');
        image.script('#!/bin/sh\necho this is no server >&2\nexit 1\n');
        const from = manager.events.length;
        manager.do('kill SIGUSR2'); // past the command's own check
        await manager.tells('RELOADING=1', from);
        await manager.tells('READY=1', from);
        await healthy(manager);
        assert.equal((await manager.cli('reload')).code, 1);
        assert.match(manager.logs.join('\n'), /event=restart\.refused .*this is no server/);
        assert.equal(await manager.stop(), 0);
    });
});

describe('the watchdog', { concurrency: 3 }, () => {
    const WATCHDOG_MS = sanitizer ? 4000 : 1200;
    const pings = (manager) => manager.told().filter(([state]) => state === 'WATCHDOG=1').length;

    /* Lets two pings pass (the loops turn), stops one thread and waits until the server noticed; then nothing is said. */
    async function stuck(manager, thread, loop) {
        await manager.tells('READY=1');
        await until(() => pings(manager) >= 2, { what: 'two pings' });
        manager.do(`freeze ${thread}`);
        await manager.happens('frozen');
        const said = () => manager.logs.filter((line) => line.includes(`event=watchdog.stuck loop=${loop}`)).length;
        await until(() => said() === 1, { seconds: 20, what: 'the server to notice' });
        const before = pings(manager);
        const looks = Date.now() + WATCHDOG_MS; // four looks: nothing can be awaited but their time
        await until(() => Date.now() >= looks, { seconds: 20, what: 'four looks' });
        assert.equal(pings(manager), before, 'a stuck loop lets nothing be said');
        assert.equal(said(), 1, 'once');
        manager.do('thaw');
        await until(() => pings(manager) > before, { seconds: 20, what: 'the next ping' });
        assert.ok(manager.logs.some((line) => line.includes('event=watchdog.turns_again')));
        assert.equal(await manager.stop(), 0);
    }

    test('is fed while the loops turn, and not while an HTTP loop is stuck', async () =>
        stuck(await manage({ watchdogMs: WATCHDOG_MS, args: ['--threads', '2'] }), 'http loop', 'http'));

    test('nor while a loop of sockets is', async () =>
        stuck(await manage({ watchdogMs: WATCHDOG_MS, args: ['--threads', '2', '--realtime', 'on'] }), 'sockets 1', 'sockets'));

    test('does not take sockets that have just been turned on, or off, for stuck', async () => {
        const manager = await manage({ watchdogMs: WATCHDOG_MS });
        await manager.tells('READY=1');
        for (const value of ['on', 'off', 'on']) {
            await manager.must('flag', 'realtime', value);
            const before = pings(manager);
            await until(() => pings(manager) >= before + 3, { seconds: 20, what: 'three more pings' });
        }
        assert.ok(!manager.logs.some((line) => line.includes('event=watchdog.stuck')), manager.logs.join('\n'));
        assert.equal(await manager.stop(), 0);
    });

    test('is fed by a build without sockets', async () => {
        const manager = await manage({ watchdogMs: WATCHDOG_MS, bin: pollingBinary });
        await until(() => pings(manager) >= 2, { what: 'two pings' });
        assert.equal(await manager.stop(), 0);
    });

    test('of another process is none of ours', async () => {
        const manager = await manage({ env: { WATCHDOG_USEC: '100000', WATCHDOG_PID: '1' } });
        await manager.tells('READY=1');
        await healthy(manager);
        assert.equal(await manager.stop(), 0);
        assert.equal(pings(manager), 0);
    });
});
