/*
 * The service worker: it keeps the files of the app on the device, so that it opens without a network. It never sees an
 * answer of the API: what is not the page itself or one of the app's files goes by as if it were not there. What members
 * wrote is kept elsewhere (hooks/kept.ts).
 *
 *   the page "/"        the network's, so that nobody stays on an old version; the device's own when the network says
 *                       nothing in time, or a gateway says that the server is away
 *   the app's files     the device's own; a name holds a hash, so it can never be another version's
 *
 * A first visit keeps what every page needs, which the page has just loaded: so the worker moves next to nothing. The rest,
 * views that few open, is kept when it is used, or when the page has rested for a while and the network is not a slow one. A
 * newer version comes with the rest, beside the one before it: a page that is still open finds the parts of its own version.
 * SHELL, REST, ENTRY and VERSION are put in by the build (vite.config.ts).
 */
export {};

declare const self: ServiceWorkerGlobalScope;
/* The files of this version that every page needs besides "/", and all the others. */
declare const SHELL: string[];
declare const REST: string[];
/* The name that the page of this version, and of no other, asks for. */
declare const ENTRY: string;
declare const VERSION: string;

const PREFIX = "porchlight-";
const NAME = PREFIX + VERSION;
const files = new Set([...SHELL, ...REST]);

/* Longer than a slow network takes for one small file; shorter than people wait before they give up. */
const PATIENCE_MS = 4_000;

/* A network on which nobody is sent what they did not ask for. Browsers that cannot tell have nothing to say here. */
function slow(): boolean {
    const { connection } = navigator as { connection?: { saveData?: boolean; effectiveType?: string } };
    return connection?.saveData === true || /^(slow-2g|2g|3g)$/.test(connection?.effectiveType ?? "");
}

async function keep(): Promise<void> {
    const page = await fetch("/", { cache: "no-cache" });
    if (!page.ok || !(await page.clone().text()).includes(ENTRY)) throw new Error("the page is another version's");
    const cache = await caches.open(NAME);
    const newer = self.registration.active !== null;
    /* Those of a first visit are in the browser's own cache since the page loaded: they are not fetched again. */
    try {
        await cache.addAll(newer && !slow() ? [...files] : SHELL);
        await cache.put("/", page);
    } catch (error) {
        /* Half a version would take the place of a whole one. */
        await caches.delete(NAME);
        throw error;
    }
    await self.skipWaiting();
}

/* One after another: what the member does meanwhile goes first. */
async function keepMore(paths: string[]): Promise<void> {
    const cache = await caches.open(NAME);
    for (const path of paths)
        if (files.has(path) && !(await cache.match(path, { ignoreVary: true }))) await cache.add(path);
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

/* What is used for the first time is there from then on. */
async function file(event: FetchEvent, path: string): Promise<Response> {
    const kept = await caches.match(event.request, { ignoreVary: true });
    if (kept) return kept;
    const answer = await fetch(event.request);
    if (answer.ok && files.has(path)) {
        const copy = answer.clone();
        event.waitUntil(caches.open(NAME).then((cache) => cache.put(event.request, copy)));
    }
    return answer;
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
/* From the page (src/shell.ts): files that it has used, or that it has rested for a while. */
self.addEventListener("message", (event) => {
    const { used } = event.data as { used: string[] | null };
    if (used || !slow()) event.waitUntil(keepMore(used ?? REST).catch(() => undefined));
});
self.addEventListener("fetch", (event) => {
    const { request } = event;
    const { origin, pathname } = new URL(request.url);
    if (request.method !== "GET" || origin !== self.location.origin) return;
    if (request.mode === "navigate" && pathname === "/") event.respondWith(page(request));
    else if (files.has(pathname) || pathname.startsWith("/assets/")) event.respondWith(file(event, pathname));
});
