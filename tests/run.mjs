/*
 * Runs the programs of suites, WORKERS at a time, and sums up.
 *
 *     tests/run [unit] [scenario] [browser] [web] [threads]        the first four when none is named
 *
 *   unit      build/tests/test_* (cmocka)
 *   scenario  tests/scenario/*.test.mjs against the real binary; then coverage.mjs: was the whole contract exercised?
 *   browser   tests/browser/*.test.mjs
 *   web       web/test.mjs, the unit tests of the web app
 *   threads   some of scenario: what a build with ThreadSanitizer is run through
 *
 * One queue has the programs of all suites: those that take long come first, so that none of them is left over when the
 * others are done, and those that look at times come last, with the machine for themselves.
 *
 * A program that failed in the crowd is run once more, alone, and that decides; both are told. What a sanitizer found is
 * found: it gets no second run. Nor do more programs than AGAIN_MAX: that is no crowd any more.
 *
 * PORCHLIGHT_BUILD names another build folder (build/address). Every failing test is printed with its name and diagnostics.
 * The last line is "N passed, N failed"; the exit status is 1 when anything failed or nothing ran.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
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
const PROGRAM_MS_MAX = (SANITIZED ? 12 : 10) * 60 * 1000; // one that hangs must not hang whoever waits for the others
const WORKERS = Math.min(8, availableParallelism() + 3); // a test waits for its server, and the server for its disk
const SLOWEST = 10; // are named at the end
const AGAIN_MAX = 6;
const SANITIZER = /sanitizer/i;
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

/* Runs a program that writes TAP. Whatever it says besides is kept for the case that it fails. */
function runTap({ command, args, env = {} }) {
    const tap = new TapReader();
    return new Promise((done) => {
        const child = spawn(command, args, {
            cwd: root,
            env: { ...environment, ...env },
            stdio: ['ignore', 'pipe', 'pipe'],
            detached: true,
        });
        running.add(child);
        const said = [];
        const fail = (...details) => tap.failures.push({ name: [], details });
        const limit = setTimeout(() => {
            fail(`took longer than ${PROGRAM_MS_MAX / 60000} minutes`);
            end(child, 'SIGKILL');
        }, PROGRAM_MS_MAX);
        const gone = () => {
            clearTimeout(limit);
            running.delete(child);
            done(tap);
        };
        createInterface({ input: child.stdout }).on('line', (line) => tap.line(line));
        createInterface({ input: child.stderr }).on('line', (line) => {
            if (said.push(line) > 200) said.shift();
        });
        child.on('error', (error) => {
            fail(error.message);
            gone();
        });
        child.on('close', (code, signal) => {
            if (code !== 0 && tap.failures.length === 0) fail(`ended with ${signal ?? `status ${code}`}`, ...said);
            else if (tap.points === 0 && tap.failures.length === 0) fail('it has no tests');
            else tap.end('plan');
            gone();
        });
    });
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

// With the machine for themselves: they hold thousands of sockets and look at times.
const ALONE = /socket-(restart|slow)\.test\.mjs$/;
// First of all: the storms, and whatever else stands at the head of the list of the slowest.
const LONG = /storm|socket-(cursor|hostile|likes)|(admin|chat|digest|live|look|measure|spanish|transports)\.test|agree_wslay|web.test/;

/* A file of tests, run as a program: node's runner around it would be one more process for each. */
function nodeTest(file, env = {}) {
    return { command: process.execPath, args: ['--test-reporter=tap', file], name: relative(root, file), env };
}

const nodeTests = (folder, env) => filesOf(join(tests, folder), /\.test\.mjs$/).map((file) => nodeTest(file, env));

/* What ThreadSanitizer should see: many clients at once and commands beside them. */
const THREADS = ['changes', 'counters', 'counter-storm', 'idempotency', 'likes', 'posts', 'presence', 'rates'].concat(
    ['close', 'counters', 'cursor', 'flag', 'likes', 'messages', 'modes', 'presence', 'rooms', 'storage', 'storm'].map(
        (name) => `socket-${name}`,
    ),
);

const coverage = join(scratch, 'coverage');

/* The programs of each suite: {name, command, args, env}. */
const suites = {
    scenario: () => nodeTests('scenario', { PORCHLIGHT_COVERAGE: coverage }),
    threads: () => THREADS.map((name) => nodeTest(join(tests, 'scenario', `${name}.test.mjs`))),
    unit() {
        // A sanitizer takes its time.
        const env = { CMOCKA_MESSAGE_OUTPUT: 'TAP', ...(SANITIZED ? { STREAMS: '100000' } : {}) };
        const files = filesOf(join(build, 'tests'), /^test_[a-z0-9_]+$/).filter(executable);
        return files.map((file) => ({ name: basename(file), command: file, args: [], env }));
    },
    web: () => [{ name: 'web/test.mjs', command: process.execPath, args: [join(root, 'web', 'test.mjs')] }],
    browser: () => nodeTests('browser'),
};

/* After all scenarios. */
const coverageOf = {
    name: 'coverage',
    command: process.execPath,
    args: [join(tests, 'scenario', 'coverage.mjs'), coverage],
};

/* ---- telling --------------------------------------------------------------------------------------------------------- */

function printFailures(where, failures) {
    for (const { name, details } of failures) {
        process.stdout.write(`\n  FAILED  ${[...where, ...name].map((part) => part.replace(`${root}/`, '')).join(' > ')}\n`);
        const useful = details.filter(
            (line) => !/^\s*(duration_ms|type|failureType|code|generatedMessage):|\(node:internal/.test(line),
        );
        for (const line of useful.slice(0, DETAIL_LINES_MAX)) process.stdout.write(`          ${line}\n`);
        if (useful.length > DETAIL_LINES_MAX)
            process.stdout.write(`          … and ${useful.length - DETAIL_LINES_MAX} more lines\n`);
    }
    if (failures.length) process.stdout.write('\n');
}

function printSum({ name, passed, skipped, failed, seconds }) {
    const words =
        passed + failed === 0
            ? 'nothing to run'
            : `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`;
    process.stdout.write(`  ${name.padEnd(8)}  ${words.padEnd(32)} ${seconds.toFixed(1).padStart(6)} s\n`);
}

/* ---- all of it --------------------------------------------------------------------------------------------------------- */

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !suites[name]);
if (unknown.length) {
    process.stderr.write(
        `tests/run: no suite is called ${unknown.join(' or ')}; there are unit, scenario, browser, web and threads\n`,
    );
    process.exit(2);
}
mkdirSync(coverage);
const names = Object.keys(suites).filter((name) => (wanted.length === 0 ? name !== 'threads' : wanted.includes(name)));
const sums = names.map((name) => ({ name, programs: suites[name](), passed: 0, skipped: 0, failed: 0, seconds: 0 }));
const times = []; // {name, seconds} of each program

const again = []; // [sum, program] of what failed and may have been crowded out
const unsteady = []; // names of what passed only then

const mayBeCrowd = (failures) => !failures.some(({ details }) => details.some((line) => SANITIZER.test(line)));

async function run(sum, program, { last = false } = {}) {
    const began = performance.now();
    const { passed, skipped, failures } = await runTap(program);
    const seconds = (performance.now() - began) / 1000;
    printFailures([sum.name, program.name], failures);
    sum.seconds += seconds;
    times.push({ name: program.name, seconds });
    if (failures.length > 0 && !last && again.length < AGAIN_MAX && mayBeCrowd(failures)) {
        again.push([sum, program]);
        return;
    }
    if (last && program !== coverageOf && failures.length === 0) unsteady.push(program.name);
    sum.passed += passed;
    sum.skipped += skipped;
    sum.failed += failures.length;
}

/* Runs [sum, program] pairs, so many at a time. */
async function runAll(queue, workers) {
    await Promise.all(
        Array.from({ length: workers }, async () => {
            for (let next = queue.shift(); next; next = queue.shift()) await run(...next);
        }),
    );
}

const all = sums.flatMap((sum) => sum.programs.map((program) => [sum, program]));
const are = (pattern, yes) => all.filter(([, { name }]) => !ALONE.test(name) && pattern.test(name) === yes);
await runAll([...are(LONG, true), ...are(LONG, false)], WORKERS);
await runAll(all.filter(([, { name }]) => ALONE.test(name)), 1);
for (const [sum, program] of again) await run(sum, program, { last: true });
for (const sum of sums) if (sum.name === 'scenario') await run(sum, coverageOf, { last: true });

sums.forEach(printSum);
times.sort((a, b) => b.seconds - a.seconds);
process.stdout.write(`  the slowest of ${times.length} programs:\n`);
for (const { name, seconds } of times.slice(0, SLOWEST))
    process.stdout.write(`    ${name.padEnd(44)} ${seconds.toFixed(1).padStart(6)} s\n`);
for (const name of unsteady) process.stdout.write(`  UNSTEADY  ${name} failed in the crowd and passed alone\n`);
const passed = sums.reduce((n, sum) => n + sum.passed, 0);
const failed = sums.reduce((n, sum) => n + sum.failed, 0);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
