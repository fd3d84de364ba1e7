/*
 * One server process for a test: started on a free port with its own data, ended by its process id.
 *
 * Nothing here waits by the clock: a server is ready when it logs event=listening, gone when its process ends.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Agent } from 'node:http';

export const binary = process.env.PORCHLIGHT_BIN ?? fileURLToPath(new URL('../../build/porchlight', import.meta.url));

/* The same program with one more kind of room, an echo at /test/echo: the codec is tested through it. */
export const echoBinary = `${binary}-echo`;

/* The program without sockets (REALTIME=0). */
export const pollingBinary = join(dirname(binary), 'polling', basename(binary));

/* The sanitizer that the program was built with: `address`, `thread` or undefined. It takes its own time and memory. */
export const sanitizer = /\/(address|thread)\//.exec(binary)?.[1];

/* The environment without settings that the person who runs the tests has for their own server. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PORCHLIGHT_')));

const alive = new Set();
const folders = new Set();
const reported = new Set(); // lines of programs in which a sanitizer found something

const REPORT = /Sanitizer|runtime error:/;
const reportIn = (lines) => lines.slice(lines.findIndex((line) => REPORT.test(line))).join('\n');

process.on('exit', () => {
    for (const child of alive) child.kill('SIGKILL');
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    // Also a program that was killed, or that failed as a test wanted it to, must not have had a report.
    for (const lines of reported) process.stderr.write(`${reportIn(lines)}\n`);
    if (reported.size > 0) process.exitCode = 1;
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

export function temporaryFolder(name = 'data') {
    const folder = mkdtempSync(join(tmpdir(), `porchlight-${name}-`));
    folders.add(folder);
    return folder;
}

/* A program that does not end fails its test by name, and not the whole suite by its time. */
const PATIENCE_MS = 120_000;

function endInTime(child) {
    const timer = setTimeout(() => child.kill('SIGABRT'), PATIENCE_MS);
    child.on('close', () => clearTimeout(timer));
}

/* Runs the program once: {code, signal, stdout, stderr}. `input` goes to its standard input. */
export function run(args, { input = '', env = {}, bin = binary } = {}) {
    return new Promise((resolve, reject) => {
        const child = spawn(bin, args, { env: { ...environment, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
        alive.add(child);
        endInTime(child);
        let stdout = '';
        let stderr = '';
        child.stdout.setEncoding('utf8').on('data', (text) => {
            stdout += text;
        });
        child.stderr.setEncoding('utf8').on('data', (text) => {
            stderr += text;
        });
        child.stdin.on('error', () => {}); // a command that reads no input may be gone already
        child.on('error', (error) => {
            alive.delete(child);
            reject(error);
        });
        child.on('close', (code, signal) => {
            alive.delete(child);
            if (REPORT.test(stderr)) reported.add(stderr.split('\n'));
            resolve({ code, signal, stdout, stderr });
        });
        child.stdin.end(input);
    });
}

/* Where `--data DIR` goes: after the command, which for some has two words. */
function withData(args, data) {
    const words = ['user', 'team', 'token'].includes(args[0]) ? 2 : 1;
    return [...args.slice(0, words), '--data', data, ...args.slice(words)];
}

export async function cliOn(data, args, options) {
    return run(withData(args, data), options);
}

/* The same, but anything other than success fails the test. Resolves to standard output without its last line feed. */
export async function mustOn(data, args, options) {
    const result = await cliOn(data, args, options);
    assert.equal(
        result.code,
        0,
        `porchlight ${args.join(' ')} ended with ${result.code ?? result.signal}:\n${result.stderr}`,
    );
    return result.stdout.trimEnd();
}

/* ---- data ------------------------------------------------------------------------------------------------------- */

let demo;

/* A copy of the demo community; it is made once per process. */
export async function demoData() {
    demo ??= (async () => {
        const folder = temporaryFolder('demo');
        await mustOn(folder, ['demo']);
        return folder;
    })();
    const source = await demo;
    const folder = temporaryFolder();
    cpSync(source, folder, {
        recursive: true,
        filter: (path) => lstatSync(path).isDirectory() || lstatSync(path).isFile(),
    });
    return folder;
}

/* ---- the server --------------------------------------------------------------------------------------------------- */

function ready(child, logs) {
    return new Promise((resolve, reject) => {
        const lines = createInterface({ input: child.stderr });
        lines.on('line', (line) => {
            logs.push(line);
            if (REPORT.test(line)) reported.add(logs);
            const found = /event"?[=:]"?listening\b.*address"?[=:]"?([^\s",]+)/.exec(line);
            if (found) resolve(found[1]);
        });
        child.on('error', reject);
        child.on('close', (code, signal) =>
            reject(new Error(`the server ended with ${code ?? signal} before it listened:\n${logs.join('\n')}`)),
        );
    });
}

/*
 * Starts `porchlight serve`. Options:
 *   args    more options of serve; rates are off unless args say --rate-limit
 *   data    a data directory to use; otherwise a fresh copy of the demo community, or an empty one with demo: false
 *   env     more environment
 *   clock   false: with the real clock, as in life
 *   bin     the program, when it is not the usual one: echoBinary, pollingBinary
 * Resolves to the server; see the methods at the end.
 */
export async function startServer({ args = [], data, demo: wanted = true, env = {}, bin = binary, clock = true } = {}) {
    const folder = data ?? (wanted ? await demoData() : temporaryFolder());
    const options = ['serve', '--listen', '127.0.0.1:0', '--data', folder];
    if (clock) options.push('--test-clock', 'on');
    if (!args.includes('--rate-limit')) options.push('--rate-limit', 'off');
    const logs = [];
    const child = spawn(bin, [...options, ...args], {
        env: { ...environment, ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
    });
    alive.add(child);
    const ended = new Promise((resolve) => {
        child.on('close', (code, signal) => {
            alive.delete(child);
            resolve({ code, signal });
        });
        child.on('error', () => {
            alive.delete(child);
            resolve({ code: null, signal: null });
        });
    });
    const address = await ready(child, logs);
    // A test that forgets its server must end all the same; the exit handler above ends the server.
    child.unref();
    child.stderr.unref();

    const agent = new Agent({ keepAlive: true, maxSockets: 64 });
    const tokens = new Map();
    const wait = async () => {
        child.ref();
        child.stderr.ref();
        return ended;
    };
    const server = {
        url: `http://${address}`,
        port: Number(address.slice(address.lastIndexOf(':') + 1)),
        pid: child.pid,
        data: folder,
        agent,
        logs,
        isAlive: () => alive.has(child),
        /* Resolves to {code, signal} when the process is gone. */
        ended: wait,
        cli: (...words) => cliOn(folder, words),
        must: (...words) => mustOn(folder, words),
        /* A token of a member, asked for once. */
        token(user) {
            if (!tokens.has(user)) tokens.set(user, server.must('token', 'issue', '--user', user));
            return tokens.get(user);
        },
        /* Moves the clock of the server forward. */
        advance: (seconds) => server.must('clock', 'advance', `${seconds}s`),
        /* Ends it as an operator does; it must drain and end with 0, without a finding of a sanitizer. */
        async stop() {
            agent.destroy();
            child.kill('SIGTERM');
            endInTime(child);
            const { code, signal } = await wait();
            assert.ok(!reported.has(logs), `a sanitizer found something:\n${reportIn(logs)}`);
            assert.equal(
                code,
                0,
                `the server ended with ${code ?? signal} instead of 0:\n${logs.slice(-20).join('\n')}`,
            );
        },
        async kill(name = 'SIGKILL') {
            agent.destroy();
            child.kill(name);
            return wait();
        },
    };
    return server;
}
