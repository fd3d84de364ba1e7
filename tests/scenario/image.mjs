/*
 * A server whose program can be replaced while it runs: what tests of hot restart are written with.
 */
import { chmodSync, copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer, temporaryFolder, until } from './harness.mjs';

/* How often the server logged an event. */
export const count = (server, event) => server.logs.filter((line) => line.includes(`event=${event}`)).length;

/* Resolves when an image serves again: the next one, or the one before. */
export async function reload(server) {
    const before = count(server, 'listening');
    await server.must('reload');
    await until(() => count(server, 'listening') > before, { seconds: 30, what: 'the next image' });
}

/* Starts `source` from a file of its own: {server, file, replace(otherProgram), script(text)}. Options as for startServer. */
export async function replaceable(source, options) {
    const file = join(temporaryFolder('image'), 'porchlight');
    const put = (write) => {
        write(`${file}.new`);
        chmodSync(`${file}.new`, 0o755);
        renameSync(`${file}.new`, file);
    };
    const replace = (other) => put((path) => copyFileSync(other, path));
    const script = (text) => put((path) => writeFileSync(path, text));
    replace(source);
    return { server: await startServer({ ...options, bin: file }), file, replace, script };
}
