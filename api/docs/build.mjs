/*
 * Turns api/openapi.json and api/asyncapi.json into one page for reading: docs.html and docs.css.
 *
 *     node api/docs/build.mjs OUTPUT_DIRECTORY
 *
 * Runs at build time and needs nothing but node. The page has no script and no inline style, since the server's content
 * security policy forbids both. Every problem has an anchor (`/docs#not-found`), since the `type` of a problem links to
 * it; every endpoint has its operation id, every shape `shape-Name`, every message of a socket `message-NAME`.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { page } from './page.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (process.argv.length !== 3 || out.startsWith('-')) {
    process.stderr.write('usage: node build.mjs OUTPUT_DIRECTORY\n');
    process.exit(2);
}
const read = (name) => JSON.parse(readFileSync(join(here, '..', name), 'utf8'));
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'docs.html'), page(read('openapi.json'), read('asyncapi.json')));
copyFileSync(join(here, 'docs.css'), join(out, 'docs.css'));
