/*
 * Runs suites of tests, at most two at a time, and sums up.
 *
 *     tests/run [unit] [scenario] [browser] [web] [threads]        the first four when none is named
 *
 *   unit      build/tests/test_* (cmocka)
 *   scenario  tests/scenario/*.test.mjs against the real binary; then coverage.mjs: was the whole contract exercised?
 *   browser   tests/browser/*.test.mjs
 *   web       web/test.mjs, the unit tests of the web app
 *   threads   some of scenario: what a build with ThreadSanitizer is run through
 *
 * PORCHLIGHT_BUILD names another build folder (build/address). Every failing test is printed with its name and diagnostics.
 * The last line is "N passed, N failed"; the exit status is 1 when anything failed or nothing ran.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TapReader } from './tap.mjs';

const tests = dirname(fileURLToPath(import.meta.url));
const root = dirname(tests);
const build = resolve(root, process.env.PORCHLIGHT_BUILD ?? 'build');
const scratch = mkdtempSync(join(tmpdir(), 'porchlight-tests-'));
const environment = { ...process.env, PORCHLIGHT_BIN: process.env.PORCHLIGHT_BIN ?? join(build, 'porchlight') };
delete environment.PORCHLIGHT_BUILD;
delete environment.NODE_TEST_CONTEXT;

const SANITIZED = basename(build) !== 'build';
const SUITE_MS_MAX = (SANITIZED ? 20 : 14) * 60 * 1000; // a suite that hangs must not hang whoever waits for it
const DETAIL_LINES_MAX = 60;

/* ---- running ----------------------------------------------------------------------------------------------------- */

const running = new Set();

/* Ends a program and what it started: it leads a process group of its own. */
function end(child, signal) {
    try {
        process.kill(-child.pid, signal);
    } catch {
        // gone already
    }
}

process.on('exit', () => {
    for (const child of running) end(child, 'SIGKILL');
    rmSync(scratch, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

/* Runs a program that writes TAP into `tap`. Whatever it says besides is kept for the case that it fails. */
function runTap(name, command, args, { tap, env = {}, deadline }) {
    return new Promise((done) => {
        const child = spawn(command, args, {
            cwd: root,
            env: { ...environment, ...env },
            stdio: ['ignore', 'pipe', 'pipe'],
            detached: true,
        });
        running.add(child);
        const said = [];
        const limit = setTimeout(
            () => {
                said.push(`took longer than ${SUITE_MS_MAX / 60000} minutes`);
                end(child, 'SIGKILL');
            },
            Math.max(0, deadline - Date.now()),
        );
        const before = tap.failures.length;
        createInterface({ input: child.stdout }).on('line', (line) => tap.line(line));
        createInterface({ input: child.stderr }).on('line', (line) => {
            if (said.push(line) > 200) said.shift();
        });
        child.on('error', (error) => {
            clearTimeout(limit);
            running.delete(child);
            tap.failures.push({ name: [name], details: [error.message] });
            done();
        });
        child.on('close', (code, signal) => {
            clearTimeout(limit);
            running.delete(child);
            tap.end(name);
            if (code !== 0 && tap.failures.length === before) {
                tap.failures.push({ name: [name], details: [`ended with ${signal ?? `status ${code}`}`, ...said] });
            }
            done();
        });
    });
}

/* Copies the sums of one reader into another. */
function add(sum, tap, prefix) {
    sum.passed += tap.passed;
    sum.skipped += tap.skipped;
    for (const failure of tap.failures)
        sum.failures.push(prefix ? { ...failure, name: [prefix, ...failure.name] } : failure);
}

/* ---- suites -------------------------------------------------------------------------------------------------------- */

function filesOf(folder, pattern) {
    return existsSync(folder)
        ? readdirSync(folder)
              .filter((name) => pattern.test(name))
              .sort()
              .map((name) => join(folder, name))
        : [];
}

function executable(path) {
    try {
        accessSync(path, constants.X_OK);
        return true;
    } catch {
        return false;
    }
}

async function runNode(files, options) {
    const [major, minor] = process.versions.node.split('.').map(Number);
    const twoFiles = major > 18 || minor >= 19 ? ['--test-concurrency=2'] : [];
    await runTap('node --test', process.execPath, ['--test', '--test-reporter=tap', ...twoFiles, ...files], options);
}

const suites = {
    async scenario(sum, deadline) {
        const coverage = mkdtempSync(join(scratch, 'coverage-'));
        const tap = new TapReader();
        const files = filesOf(join(tests, 'scenario'), /\.test\.mjs$/);
        const env = { PORCHLIGHT_COVERAGE: coverage };
        // Those that hold thousands of sockets and look at times have the machine for themselves.
        const alone = /socket-(hostile|restart|slow)\.test\.mjs$/;
        await runNode(files.filter((file) => !alone.test(file)), { tap, deadline, env });
        for (const file of files.filter((name) => alone.test(name))) await runNode([file], { tap, deadline, env });
        add(sum, tap);
        const covered = new TapReader();
        await runTap('coverage', process.execPath, [join(tests, 'scenario', 'coverage.mjs'), coverage], {
            tap: covered,
            deadline,
        });
        add(sum, covered, 'coverage');
    },
    /* Many clients at once and commands beside them: what ThreadSanitizer should see. */
    async threads(sum, deadline) {
        const files = ['changes', 'counters', 'counter-storm', 'idempotency', 'likes', 'posts', 'presence', 'rates'].concat(
            ['close', 'counters', 'cursor', 'flag', 'likes', 'messages', 'modes', 'presence', 'rooms', 'storage', 'storm'].map(
                (name) => `socket-${name}`,
            ),
        );
        const tap = new TapReader();
        await runNode(
            files.map((name) => join(tests, 'scenario', `${name}.test.mjs`)),
            { tap, deadline },
        );
        add(sum, tap);
    },
    async unit(sum, deadline) {
        for (const file of filesOf(join(build, 'tests'), /^test_[a-z0-9_]+$/).filter(executable)) {
            const tap = new TapReader();
            const fewer = SANITIZED ? { STREAMS: '100000' } : {}; // a sanitizer takes its time
            await runTap(basename(file), file, [], {
                tap,
                deadline,
                env: { CMOCKA_MESSAGE_OUTPUT: 'TAP', ...fewer },
            });
            add(sum, tap, basename(file));
        }
    },
    async web(sum, deadline) {
        const file = join(root, 'web', 'test.mjs');
        if (!existsSync(file)) return;
        const tap = new TapReader();
        await runTap('web/test.mjs', process.execPath, [file], { tap, deadline });
        add(sum, tap);
    },
    async browser(sum, deadline) {
        const files = filesOf(join(tests, 'browser'), /\.test\.mjs$/);
        if (files.length === 0) return;
        const tap = new TapReader();
        await runNode(files, { tap, deadline });
        add(sum, tap);
    },
};

/* ---- telling --------------------------------------------------------------------------------------------------------- */

function printFailures(suite, failures) {
    for (const { name, details } of failures) {
        process.stdout.write(
            `\n  FAILED  ${[suite, ...name.map((part) => part.replace(`${root}/`, ''))].join(' > ')}\n`,
        );
        const useful = details.filter(
            (line) => !/^\s*(duration_ms|type|failureType|code|generatedMessage):|\(node:internal/.test(line),
        );
        for (const line of useful.slice(0, DETAIL_LINES_MAX)) process.stdout.write(`          ${line}\n`);
        if (useful.length > DETAIL_LINES_MAX)
            process.stdout.write(`          … and ${useful.length - DETAIL_LINES_MAX} more lines\n`);
    }
    if (failures.length) process.stdout.write('\n');
}

async function runSuite(name) {
    const start = Date.now();
    const sum = { passed: 0, skipped: 0, failures: [] };
    await suites[name](sum, start + SUITE_MS_MAX);
    const ran = sum.passed + sum.failures.length;
    const words =
        ran === 0
            ? 'nothing to run'
            : `${sum.passed} passed, ${sum.failures.length} failed${sum.skipped ? `, ${sum.skipped} skipped` : ''}`;
    process.stdout.write(
        `  ${name.padEnd(8)}  ${words.padEnd(32)} ${((Date.now() - start) / 1000).toFixed(1).padStart(6)} s\n`,
    );
    printFailures(name, sum.failures);
    return sum;
}

const order = ['scenario', 'threads', 'unit', 'web', 'browser']; // the longest first
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !suites[name]);
if (unknown.length) {
    process.stderr.write(
        `tests/run: no suite is called ${unknown.join(' or ')}; there are unit, scenario, browser, web and threads\n`,
    );
    process.exit(2);
}
const queue = order.filter((name) => (wanted.length === 0 ? name !== 'threads' : wanted.includes(name)));
const sums = [];
await Promise.all(
    [1, 2].map(async () => {
        for (let name = queue.shift(); name; name = queue.shift()) sums.push(await runSuite(name));
    }),
);
const passed = sums.reduce((n, sum) => n + sum.passed, 0);
const failed = sums.reduce((n, sum) => n + sum.failures.length, 0);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
