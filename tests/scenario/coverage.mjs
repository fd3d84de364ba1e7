/*
 * After all scenarios: was every operation of the contract exercised, once with success and once with a problem?
 *
 *     node coverage.mjs FOLDER
 *
 * FOLDER is what PORCHLIGHT_COVERAGE named while the scenarios ran. Prints TAP, one point per operation.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { operations } from './contract.mjs';

const folder = process.argv[2];
const seen = new Map();
for (const file of readdirSync(folder)) {
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n').filter(Boolean)) {
        const [method, template, status] = line.split(' ');
        const name = `${method} ${template}`;
        seen.set(name, (seen.get(name) ?? new Set()).add(Number(status)));
    }
}

let failed = 0;
process.stdout.write('TAP version 13\n');
operations.forEach(({ template, method, operation }, index) => {
    const statuses = seen.get(`${method} ${template}`) ?? new Set();
    const missing = [];
    // A handshake leaves HTTP with its success: socket-handshake.test.mjs sees to that.
    if (!operation.responses[101] && ![...statuses].some((status) => status < 300)) missing.push('a success');
    if (method === 'get' && operation.responses[304] && !statuses.has(304)) missing.push('304');
    const refusals = Object.keys(operation.responses).filter(
        (status) => status >= 400 && status < 500 && status !== '429',
    );
    if (refusals.length && ![...statuses].some((status) => status >= 400 && status < 500))
        missing.push(`one of ${refusals.join(', ')}`);
    const ok = missing.length === 0;
    if (!ok) failed += 1;
    process.stdout.write(`${ok ? 'ok' : 'not ok'} ${index + 1} - ${method.toUpperCase()} ${template} is exercised\n`);
    if (!ok) process.stdout.write(`  ---\n  error: |-\n    no scenario got ${missing.join(' and ')}\n  ...\n`);
});
process.stdout.write(`1..${operations.length}\n`);
process.exitCode = failed ? 1 : 0;
