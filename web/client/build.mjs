/*
 * Builds porchlight-client: src/porchlight as ES modules with types, into client/dist. `npm run build:client` in web/.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = join(here, "dist");
const tsc = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));

rmSync(dist, { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [tsc, "-p", here], { stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);

/* The compiler renames imports in what runs, and leaves those of the types. */
for (const name of readdirSync(dist).filter((it) => it.endsWith(".d.ts"))) {
    const file = join(dist, name);
    writeFileSync(file, readFileSync(file, "utf8").replace(/(from "\.\/[^"]+)\.ts"/g, '$1.js"'));
}
