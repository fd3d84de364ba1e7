/*
 * How the web app is built: hashed names under dist/assets/, nothing inlined (the server's Content-Security-Policy
 * allows no inline script or style), and code that tablets of the last six years understand. JSX is compiled by
 * esbuild itself, so no plugin is needed.
 */
import { defineConfig } from "vite";

/*
 * `npm run dev` serves the files and hands everything that is not one of them to a Porchlight server on this machine.
 */
const server = process.env.PORCHLIGHT_URL ?? "http://127.0.0.1:8080";
const api = ["/auth", "/me", "/presence", "/teams", "/posts", "/notices", "/changes", "/capabilities"];

export default defineConfig({
    base: "/",
    esbuild: { jsx: "automatic", legalComments: "none" },
    build: {
        target: ["es2020", "chrome87", "safari14", "firefox88"],
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        rollupOptions: {
            /* "use client" in TanStack Query's files speaks to server components, which there are none of. */
            onwarn: (warning, warn) => void (warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning)),
            output: {
                /* The libraries change less often than the app: a file of their own stays in the member's cache. */
                manualChunks: (id) => (id.includes("node_modules") ? "vendor" : undefined),
            },
        },
    },
    server: { proxy: Object.fromEntries(api.map((path) => [path, { target: server, changeOrigin: false }])) },
});
