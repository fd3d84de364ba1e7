/*
 * A program whose disk and memory fail when a test says so (build/porchlight-fault, tests/fault/control.h):
 *
 *     const faults = makeFaults();
 *     const server = await startServer({ ...faults.program });
 *     faults.diskFullAfter(3);
 */
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { binary, temporaryFolder } from './harness.mjs';

/* The numbers of the control file, in their order. */
const NUMBERS = ['fullIn', 'writes', 'lateUs', 'latePerMille', 'lateLeft', 'nomemIn', 'nomemMore', 'allocations'];

const FAILING = -1n;
const FOREVER = 1n << 40n;

export function makeFaults() {
    const path = join(temporaryFolder('fault'), 'control');
    writeFileSync(path, Buffer.alloc(8 * NUMBERS.length));
    const fd = openSync(path, 'r+');
    process.on('exit', () => closeSync(fd));
    const bytes = Buffer.alloc(8);
    const set = (name, value) => {
        bytes.writeBigInt64LE(BigInt(value));
        writeSync(fd, bytes, 0, 8, 8 * NUMBERS.indexOf(name));
    };
    const get = (name) => {
        readSync(fd, bytes, 0, 8, 8 * NUMBERS.indexOf(name));
        return bytes.readBigInt64LE();
    };
    return {
        program: { bin: `${binary}-fault`, env: { FAULT_FILE: path } },
        /* From the n-th write on each fails; 0: all is well again. */
        diskFullAfter: (writes) => set('fullIn', writes),
        diskIsFull: () => get('fullIn') === FAILING,
        /* So many per mille of the writes take so long, `count` of them at most; 0 ms: all is well again. */
        diskLate(ms, { perMille = 1000, count = -1 } = {}) {
            set('lateLeft', count);
            set('latePerMille', perMille);
            set('lateUs', ms * 1000);
        },
        lateLeft: () => Number(get('lateLeft')),
        /* The n-th allocation from now on fails, with `more` after it; 0: all is well again. */
        memoryFailsAt(n, { more = 0 } = {}) {
            set('nomemIn', 0);
            set('nomemMore', more === Infinity ? FOREVER : more);
            set('nomemIn', n);
        },
        memoryFailed: () => get('nomemIn') === FAILING,
        allocations: () => Number(get('allocations')),
    };
}
