/*
 * The service worker: it keeps the files of the app on the device, so that it opens without a network. It never sees an
 * answer of the API: what is not the page itself or one of the app's files goes by as if it were not there. What members
 * wrote is kept elsewhere (hooks/kept.ts).
 *
 *   the page "/"        the network's, so that nobody stays on an old version; the device's own when the network says
 *                       nothing in time, or a gateway says that the server is away
 *   the app's files     the device's own; a name holds a hash, so it can never be another version's
 *
 * A version is kept whole or not at all, beside the one before it: a page that is still open finds the parts of its own
 * version. SHELL, ENTRY and VERSION are put in by the build (vite.config.ts).
 */
export {};

declare const self: ServiceWorkerGlobalScope;
/* Every file of this version, "/" among them. */
declare const SHELL: string[];
/* The name that the page of this version, and of no other, asks for. */
declare const ENTRY: string;
declare const VERSION: string;

const PREFIX = "porchlight-";
const NAME = PREFIX + VERSION;
const files = new Set(SHELL.filter((path) => path !== "/"));

/* Longer than a slow network takes for one small file; shorter than people wait before they give up. */
const PATIENCE_MS = 4_000;

async function keep(): Promise<void> {
    const page = await fetch("/", { cache: "no-cache" });
    if (!page.ok || !(await page.clone().text()).includes(ENTRY)) throw new Error("the page is another version's");
    const cache = await caches.open(NAME);
    /* Most of them are in the browser's own cache since the page loaded: they are not fetched again. */
    try {
        await cache.addAll([...files]);
        await cache.put("/", page);
    } catch (error) {
        /* Half a version would take the place of a whole one. */
        await caches.delete(NAME);
        throw error;
    }
    await self.skipWaiting();
}

/* Every cache of ours but this version's and the newest other one. */
async function tidy(): Promise<void> {
    const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== NAME);
    await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
    await self.clients.claim();
}

async function keptPage(): Promise<Response | undefined> {
    return (await caches.open(NAME)).match("/");
}

/* A gateway in front of the server answers in its place when it is away. */
const away = (status: number): boolean => status >= 502 && status <= 504;

async function page(request: Request): Promise<Response> {
    const asked = fetch(request);
    const answered = asked.then(
        async (answer) => (away(answer.status) && (await keptPage())) || answer,
        async () => (await keptPage()) ?? Response.error(),
    );
    const late = new Promise<Response | undefined>((done) => {
        setTimeout(() => done(keptPage()), PATIENCE_MS);
    });
    return (await Promise.race([answered, late])) ?? answered;
}

async function file(request: Request): Promise<Response> {
    return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}

/* ---- news while the app is closed ------------------------------------------------------------------------------- */

/* What the server sends (api/pusher.c). */
interface Push {
    id: string;
    kind: "pin" | "announcement" | "win";
    title: string;
    body: string;
    link: string | null;
}

/* "{name} pinned a post" in the member's language, as the page left it here (src/hooks/push.ts). */
async function titleOf({ kind, title }: Push): Promise<string> {
    const said = await (await caches.open("push-words")).match("/push-words");
    const name = / pinned a post$/.test(title) ? title.replace(/ pinned a post$/, "") : null;
    if (kind !== "pin" || name === null || !said) return title;
    const { pinnedBy } = (await said.json()) as { pinnedBy: string };
    return pinnedBy.replace("{name}", () => name);
}

/* Only our own pages: "//elsewhere" also begins with a slash. */
const safe = (link: unknown): string => (typeof link === "string" && /^\/(?![/\\])/.test(link) ? link : "/#/notices");

async function show(push: Push): Promise<void> {
    /* One that comes twice has the same tag, and takes the place of the first. */
    await self.registration.showNotification(await titleOf(push), {
        body: push.body,
        tag: `notice-${push.id}`,
        icon: "/icons/192.png",
        data: { link: safe(push.link) },
    });
}

/* In the window that is open already, or in a new one. */
async function open(link: string): Promise<void> {
    const [client] = await self.clients.matchAll({ type: "window" });
    /* A page that loaded without this worker cannot be moved by it. */
    const there = await client?.navigate(link).catch(() => null);
    if (!there) await self.clients.openWindow(link);
    /* A browser may find that nobody asked for it. */
    else await there.focus().catch(() => undefined);
}

self.addEventListener("push", (event) => {
    if (event.data) event.waitUntil(show(event.data.json() as Push));
});
self.addEventListener("notificationclick", (event) => {
    event.notification.close();
    event.waitUntil(open(safe((event.notification.data as { link?: unknown } | null)?.link)));
});

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(tidy()));
self.addEventListener("fetch", (event) => {
    const { request } = event;
    const { origin, pathname } = new URL(request.url);
    if (request.method !== "GET" || origin !== self.location.origin) return;
    if (request.mode === "navigate" && pathname === "/") event.respondWith(page(request));
    else if (files.has(pathname) || pathname.startsWith("/assets/")) event.respondWith(file(request));
});
