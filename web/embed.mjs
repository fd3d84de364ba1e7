/*
 * Puts the built web app into the form that the server carries inside itself.
 *
 *   node web/embed.mjs DIR [SOURCE]
 *
 * reads SOURCE (web/dist/ when not given) and writes to DIR:
 *   web_assets.S    the bytes of every file, as it is and compressed (.incbin)
 *   web_assets.c    the table `assets` of api/assets.h, sorted by path
 *   web_assets/     the compressed forms
 *
 * The same input gives the same output, byte for byte.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
};

function filesBelow(folder) {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? filesBelow(path) : [path];
    });
}

function brotli(bytes) {
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    return brotliCompressSync(bytes, { params });
}

const quoted = (text) => `"${text.replace(/[\\"]/g, "\\$&")}"`;

/* One form of one file: its label in the assembly, its bytes and where they lie. null when it is of no use. */
function form(label, file, bytes, identity) {
    if (identity && bytes.length >= identity.length) return null;
    if (identity) writeFileSync(file, bytes);
    return { label, file, bytes };
}

function describe(dist, out, file, index) {
    const path = `/${relative(dist, file).split(sep).join("/")}`;
    const type = TYPES[extname(file)];
    if (!type) throw new Error(`${path}: what Content-Type has ${extname(file) || "a file without an ending"}?`);
    const bytes = readFileSync(file);
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 20);
    const compressed = join(out, "web_assets", String(index));
    return {
        path,
        type,
        hash,
        immutable: path.startsWith("/assets/"),
        identity: form(`web_asset_${index}_identity`, file, bytes, null),
        gzip: form(`web_asset_${index}_gzip`, `${compressed}.gz`, gzipSync(bytes, { level: 9 }), bytes),
        brotli: form(`web_asset_${index}_brotli`, `${compressed}.br`, brotli(bytes), bytes),
    };
}

const forms = (asset) => [asset.identity, asset.gzip, asset.brotli].filter(Boolean);

function assembly(assets) {
    const data = assets.flatMap(forms).map(
        ({ label, file }) => `\t.globl ${label}
\t.hidden ${label}
\t.balign 16
${label}:
\t.incbin ${quoted(file)}
`,
    );
    /* The mark at the end says that no code here needs an executable stack. */
    return `/* Made by web/embed.mjs. */
\t.section .rodata
${data.join("")}
\t.section .note.GNU-stack,"",%progbits
`;
}

function table(assets) {
    const declared = assets.flatMap(forms).map(({ label }) => `extern const unsigned char ${label}[];\n`);
    const rows = assets.map((asset) => {
        const etag = (name, suffix) =>
            `.${name} = ${asset[name.slice(5)] || name === "etag" ? quoted(`"${asset.hash}${suffix}"`) : "NULL"}`;
        const bytes = (name) =>
            asset[name] ? `.${name} = ${asset[name].label}, .${name}_len = ${asset[name].bytes.length}` : "";
        const fields = [
            `.path = ${quoted(asset.path)}`,
            `.type = ${quoted(asset.type)}`,
            etag("etag", ""),
            etag("etag_gzip", "-gz"),
            etag("etag_brotli", "-br"),
            `.immutable = ${asset.immutable}`,
            bytes("identity"),
            bytes("gzip"),
            bytes("brotli"),
        ].filter(Boolean);
        return `    {\n${fields.map((field) => `        ${field},\n`).join("")}    },\n`;
    });
    return `/* Made by web/embed.mjs. */
#include "api/assets.h"

${declared.join("")}
const struct asset assets[] = {
${rows.join("")}};

const size_t assets_count = sizeof assets / sizeof *assets;
`;
}

function main() {
    const [argument, source] = process.argv.slice(2);
    if (!argument) throw new Error("usage: node web/embed.mjs DIR [SOURCE]");
    const out = resolve(argument);
    const dist = source ? resolve(source) : join(dirname(fileURLToPath(import.meta.url)), "dist");
    if (!statSync(join(dist, "index.html"), { throwIfNoEntry: false }))
        throw new Error("the web app is not built yet");

    rmSync(join(out, "web_assets"), { recursive: true, force: true });
    mkdirSync(join(out, "web_assets"), { recursive: true });
    const path = (file) => relative(dist, file).split(sep).join("/");
    const files = filesBelow(dist).sort((a, b) => (path(a) < path(b) ? -1 : 1));
    const assets = files.map((file, index) => describe(dist, out, file, index));
    writeFileSync(join(out, "web_assets.S"), assembly(assets));
    writeFileSync(join(out, "web_assets.c"), table(assets));

    const sum = (pick) => assets.reduce((total, asset) => total + pick(asset), 0);
    const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
    const small = sum((asset) => Math.min(...forms(asset).map((it) => it.bytes.length)));
    console.log(
        `embedded ${assets.length} files, ${kb(sum((it) => it.identity.bytes.length))}, compressed ${kb(small)}`,
    );
}

try {
    main();
} catch (error) {
    console.error(`embed: ${error.message}`);
    process.exitCode = 1;
}
