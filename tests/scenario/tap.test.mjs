/* The reader behind "N passed, N failed": what counts, and what must never be lost. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TapReader } from '../tap.mjs';

function read(text) {
    const tap = new TapReader();
    for (const line of text.split('\n')) tap.line(line);
    tap.end('program');
    return {
        passed: tap.passed,
        skipped: tap.skipped,
        failed: tap.failures.map((failure) => failure.name.join(' > ')),
        tap,
    };
}

describe('TAP', () => {
    test('of cmocka is counted point by point, with its comments', () => {
        const { passed, failed, tap } = read(
            'TAP version 13\n1..2\nok 1 - first\nnot ok 2 - second\n# 1 != 2\n# file.c:7: error: Failure!\n',
        );
        assert.equal(passed, 1);
        assert.deepEqual(failed, ['second']);
        assert.deepEqual(tap.failures[0].details, ['# 1 != 2', '# file.c:7: error: Failure!']);
    });

    test('that ends before its plan is a failure', () => {
        assert.deepEqual(read('1..3\nok 1 - first\n').failed, ['program']);
    });

    test('of nested suites is counted by its leaves', () => {
        const nested = (inner, outer) =>
            `# Subtest: outer\n    # Subtest: inner\n    ${inner} 1 - inner\n      ---\n      error: 'not ok 9 - quoted'\n      ...\n    1..1\n${outer} 1 - outer\n1..1\n`;
        assert.equal(read(nested('ok', 'ok')).passed, 1);
        assert.deepEqual(read(nested('ok', 'ok')).failed, []);
        assert.deepEqual(read(nested('not ok', 'not ok')).failed, ['outer > inner']);
        assert.deepEqual(read(nested('ok', 'not ok')).failed, ['outer'], 'a hook of the suite failed');
    });

    test('of a skipped test is neither passed nor failed', () => {
        assert.deepEqual(
            { ...read('ok 1 - later # SKIP not here\n1..1\n'), tap: 0 },
            { passed: 0, skipped: 1, failed: [], tap: 0 },
        );
    });

    test('of a file without tests is a failure', () => {
        assert.deepEqual(read('# Subtest: /a/b.test.mjs\nok 1 - /a/b.test.mjs\n1..1\n').failed, ['/a/b.test.mjs']);
    });
});
