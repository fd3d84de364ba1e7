/*
 * Thousands of sockets in a small process of their own (tests/load/swarm.c), commanded line by line:
 *
 *     const swarm = startSwarm(server, crowd.tokens);
 *     await swarm.ask('open 1000 2');
 *     await swarm.ask('cheer 0 8 8');
 *     const { p99 } = await swarm.report();
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { binary, temporaryFolder } from './harness.mjs';

export function startSwarm(server, tokens) {
    const file = join(temporaryFolder('swarm'), 'tokens');
    writeFileSync(file, tokens.map((token) => `${token}\n`).join(''));
    const child = spawn(join(dirname(binary), 'tests', 'swarm'), [String(server.port), file], {
        stdio: ['pipe', 'pipe', 'pipe'],
    });
    process.on('exit', () => child.kill('SIGKILL'));
    for (const stream of [child, child.stdin, child.stdout, child.stderr]) stream.unref(); // a test that fails must end
    const waiting = [];
    let said = '';
    child.stderr.on('data', (text) => {
        said += text;
    });
    createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line));
    child.on('close', (code) => {
        for (const { reject } of waiting) reject(new Error(`the swarm ended with ${code}: ${said}`));
    });
    const swarm = {
        pid: child.pid,
        async ask(command) {
            child.stdout.ref();
            const line = await new Promise((resolve, reject) => {
                waiting.push({ resolve, reject });
                child.stdin.write(`${command}\n`);
            });
            child.stdout.unref();
            assert.notEqual(line, 'what?', `the swarm does not understand "${command}"`);
            return line;
        },
        report: async () => JSON.parse(await swarm.ask('report')),
        async end() {
            child.ref();
            const gone = new Promise((resolve) => child.on('close', resolve));
            child.stdin.end('quit\n');
            await gone;
        },
    };
    return swarm;
}
