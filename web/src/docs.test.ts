/* Every example in docs/hooks compiles as a file of the app. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";

/* Tests run in web/. */
const web = process.cwd();
const docs = resolve(web, "../docs/hooks");
const EXAMPLE = /^```(tsx?)\n(.*?)^```$/gms;

function examples(): { name: string; text: string }[] {
    return readdirSync(docs).flatMap((page) =>
        [...readFileSync(join(docs, page), "utf8").matchAll(EXAMPLE)].map(([, kind, text = ""], index) => ({
            name: `${page.replace(/\.md$/, "")}-${index + 1}.${kind}`,
            text,
        })),
    );
}

/* As if they lay in src/views: rootDirs lets them import what is there. */
test("the examples of the hooks' pages compile", (t) => {
    const all = examples();
    assert.ok(new Set(all.map(({ name }) => name.split("-")[0])).size >= 3, "pages of the three hooks");
    const folder = mkdtempSync(join(web, "node_modules/.docs-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, "views"));
    for (const { name, text } of all) writeFileSync(join(folder, "views", name), text);
    const config = {
        extends: join(web, "tsconfig.json"),
        compilerOptions: { rootDirs: [folder, join(web, "src")] },
        include: [],
        files: all.map(({ name }) => join(folder, "views", name)),
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(web, "node_modules/typescript/bin/tsc");
    const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
    assert.equal(status, 0, stdout.replaceAll(folder, ""));
});
