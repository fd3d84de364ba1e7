/*
 * A server below a service manager of our own (manager.py): sockets that are there before it, notifications, a watchdog.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { binary, cliOn, demoData, mustOn, until } from './harness.mjs';

const script = fileURLToPath(new URL('manager.py', import.meta.url));
const alive = new Set();
process.on('exit', () => {
    for (const child of alive) child.kill('SIGKILL'); // and with it the server: its standard input ends
});

/*
 * Options: listen (addresses; one by default), kind ('tcp', or 'idle' and 'unix' for sockets that are no use), watchdogMs, env, bin,
 * data, args. `start: false` leaves the server to manager.start().
 */
export async function manage({ data, args = [], bin = binary, start = true, ...settings } = {}) {
    const folder = data ?? (await demoData());
    const words = ['serve', '--data', folder, '--test-clock', 'on', '--rate-limit', 'off', ...args];
    const child = spawn('/usr/bin/python3', [script, JSON.stringify({ listen: ['127.0.0.1'], ...settings }), bin, ...words], {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PORCHLIGHT_'))),
    });
    alive.add(child);
    const gone = once(child, 'close').then(() => alive.delete(child));
    const events = [];
    const logs = [];
    createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line)));
    createInterface({ input: child.stderr }).on('line', (line) => logs.push(line));
    const seen = (event, from = 0) => events.slice(from).filter((one) => one.event === event);
    const wait = (check, what) =>
        until(
            () => {
                assert.ok(alive.has(child) || check(), `the manager ended before ${what}:\n${logs.join('\n')}`);
                return check();
            },
            { seconds: 20, what },
        );
    const manager = {
        data: folder,
        events,
        logs,
        /* All that was told so far, each a list of VARIABLE=value. */
        told: (from = 0) => seen('told', from).map(({ states }) => states),
        /* Waits until something was told (again), from the event with this number on. */
        tells: (state, from = 0) =>
            wait(() => seen('told', from).find(({ states }) => states.includes(state)), `${state} is told`),
        happens: (event) => wait(() => seen(event).at(-1), event),
        do: (command) => child.stdin.write(`${command}\n`),
        async start() {
            manager.do('start');
            manager.pid = (await manager.happens('started')).pid;
        },
        cli: (...command) => cliOn(folder, command),
        must: (...command) => mustOn(folder, command),
        /* Ends the server and gives back its exit status. */
        async stop() {
            manager.do('kill SIGTERM');
            const { code } = await manager.happens('ended');
            await gone;
            return code;
        },
    };
    manager.port = (await manager.happens('listens')).ports[0];
    manager.url = `http://127.0.0.1:${manager.port}`;
    if (start) await manager.start();
    return manager;
}
