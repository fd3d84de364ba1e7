/*
 * How the web app is built: hashed names under dist/assets/, nothing inlined (the server's Content-Security-Policy
 * allows no inline script or style), and code that tablets of the last six years understand. JSX is compiled by
 * esbuild itself, so no plugin is needed.
 */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { build } from "esbuild";
import { defineConfig, type Plugin, type Rollup } from "vite";

/*
 * `npm run dev` serves the files and hands everything that is not one of them to a Porchlight server on this machine.
 */
const server = process.env.PORCHLIGHT_URL ?? "http://127.0.0.1:8080";
const community = ["/auth", "/me", "/presence", "/teams", "/posts", "/notices", "/changes", "/cheers"];
const api = [...community, "/capabilities", "/admin", "/metrics", "/readyz", "/rpc", "/channels", "/digests"];

/* Files without a hash in their name that the app needs: "/favicon.svg". Icons are the device's: it takes them once. */
const publicFiles = (): string[] =>
    readdirSync("public", { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => `/${entry.name}`);

/* What a chunk cannot do without: itself, the chunks that it imports, and their styles. */
function needs(bundle: Rollup.OutputBundle, name: string, found = new Set<string>()): Set<string> {
    const chunk = bundle[name];
    if (found.has(name) || chunk?.type !== "chunk") return found;
    found.add(name);
    chunk.viteMetadata?.importedCss.forEach((style) => found.add(style));
    chunk.imports.forEach((it) => needs(bundle, it, found));
    return found;
}

/* Writes /sw.js, the service worker, and tells it the names of all files of this build: what every page needs, the rest. */
const worker = (): Plugin => ({
    name: "porchlight-worker",
    apply: "build",
    enforce: "post",
    async generateBundle(_, bundle) {
        const page = bundle["index.html"];
        const entry = Object.values(bundle).find((it) => it.type === "chunk" && it.isEntry);
        if (page?.type !== "asset" || !entry) throw new Error("the build has no page or no script");
        const built = Object.keys(bundle).filter((name) => name !== "index.html").map((name) => `/${name}`);
        const first = [...needs(bundle, entry.fileName)].map((name) => `/${name}`);
        const kept = publicFiles();
        const version = createHash("sha256").update(JSON.stringify([built, page.source]));
        for (const name of kept) version.update(readFileSync(`public${name}`));
        const { outputFiles } = await build({
            entryPoints: ["worker/worker.ts"],
            bundle: true,
            minify: true,
            format: "iife",
            target: "es2020",
            write: false,
            define: {
                SHELL: JSON.stringify([...first, ...kept].sort()),
                REST: JSON.stringify(built.filter((path) => !first.includes(path)).sort()),
                ENTRY: JSON.stringify(entry.fileName),
                VERSION: JSON.stringify(version.digest("hex").slice(0, 16)),
            },
        });
        this.emitFile({ type: "asset", fileName: "sw.js", source: outputFiles[0]!.text });
    },
});

/*
 * The page's scripts, behind its first picture: each is fetched at once and runs as soon as it can, by itself. What
 * early.ts asks for is asked while the others are still on their way, and no run is long.
 */
const scripts = (): Plugin => ({
    name: "porchlight-scripts",
    apply: "build",
    transformIndexHtml: {
        order: "post",
        handler: (html) => {
            const found = [...html.matchAll(/\n *<(?:script type="module"|link rel="modulepreload").*(?:src|href)="(.+?)".*>/g)];
            const run = ([, src = ""]: string[]): string =>
                `    <script type="module" async crossorigin src="${src}"></script>\n    `;
            const rest = found.reduce((text, [tag]) => text.replace(tag, ""), html);
            /* What others need stands first. */
            return rest.replace("</body>", `${found.reverse().map(run).join("")}</body>`);
        },
    },
});

export default defineConfig({
    base: "/",
    plugins: [scripts(), worker()],
    esbuild: { jsx: "automatic", legalComments: "none" },
    build: {
        /* All of 2021, and on every tablet of the last six years. Older ones would need classes in many more words. */
        target: ["chrome91", "safari15", "firefox90"],
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        /* React is set up by the run of its own file, and not by that of the app. */
        commonjsOptions: { strictRequires: "auto" },
        rollupOptions: {
            /* "use client" in TanStack Query's files speaks to server components, which there are none of. */
            onwarn: (warning, warn) => void (warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning)),
            output: {
                /*
                 * The libraries change less often than the app: a file of their own stays in the member's cache. What
                 * moves cheers comes with the first cheer.
                 */
                manualChunks: (id) => {
                    if (id.endsWith("/src/early.ts")) return "early";
                    return id.includes("node_modules") && !id.includes("motion") ? "vendor" : undefined;
                },
            },
        },
    },
    server: { proxy: Object.fromEntries(api.map((path) => [path, { target: server, changeOrigin: false }])) },
});
