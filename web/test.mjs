/*
 * Runs the unit tests: every src/**\/*.test.ts is bundled by esbuild (Node 18 does not read TypeScript) and handed to
 * Node's own test runner, which writes TAP. Arguments choose files by a part of their name.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const web = fileURLToPath(new URL(".", import.meta.url));
const source = join(web, "src");

const filesBelow = (folder) =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
    );

const wanted = process.argv.slice(2);
const tests = filesBelow(source)
    .filter((file) => /\.test\.tsx?$/.test(file))
    .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
    .sort();

const out = mkdtempSync(join(tmpdir(), "porchlight-web-"));
try {
    await build({
        entryPoints: tests,
        outdir: out,
        outbase: source,
        bundle: true,
        platform: "node",
        target: "node18",
        format: "esm",
        jsx: "automatic",
        sourcemap: "inline",
        outExtension: { ".js": ".mjs" },
        loader: { ".css": "empty" },
        logLevel: "warning",
    });
    const built = filesBelow(out).filter((file) => basename(file).endsWith(".test.mjs"));
    const args = ["--enable-source-maps", "--test", "--test-reporter=tap", ...built];
    process.exitCode = spawnSync(process.execPath, args, { stdio: "inherit", cwd: web }).status ?? 1;
} finally {
    rmSync(out, { recursive: true, force: true });
}
