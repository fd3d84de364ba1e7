/*
 * Web Push on this device: whether its browser can, is allowed to and does; and what the member said when they were asked.
 * No React: usePush.ts shows it, worker/worker.ts receives.
 *
 * The note of this device says what its member wants. A browser may lose a subscription, and the server may have another
 * key than it was made with: `keepPush` mends both when the app opens.
 */
import { newIdempotencyKey, type Api } from "../porchlight/index.ts";
import { words } from "../words.ts";

/* "Later" is not tomorrow. */
const LATER_MS = 7 * 24 * 3600 * 1000;
const NOTE = "porchlight.push.";

export interface PushNote {
    /* A visit has ended before this one: nobody is asked at the first. */
    visited: boolean;
    sawPin: boolean;
    /* What the member answered; null: they were not asked, or have not said. */
    wish: "yes" | "no" | null;
    /* Not to be asked before then. */
    later: number;
}

const FRESH: PushNote = { visited: false, sawPin: false, wish: null, later: 0 };
const memory = new Map<string, PushNote>();

export function readNote(userId: string): PushNote {
    try {
        const saved = JSON.parse(localStorage.getItem(NOTE + userId) ?? "null") as Partial<PushNote> | null;
        return { ...FRESH, ...memory.get(userId), ...saved };
    } catch {
        return memory.get(userId) ?? FRESH;
    }
}

export function writeNote(userId: string, change: Partial<PushNote>): void {
    const note = { ...readNote(userId), ...change };
    memory.set(userId, note);
    try {
        localStorage.setItem(NOTE + userId, JSON.stringify(note));
    } catch {
        /* Then it is known until the page closes. */
    }
}

export const putOff = (userId: string, now = Date.now()): void => writeNote(userId, { later: now + LATER_MS });

export const canPush = (): boolean =>
    "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

/* Whether to ask: a pin was seen, it is not the first visit, and nobody has answered yet. */
export function wantsToBeAsked(userId: string, now = Date.now()): boolean {
    const note = readNote(userId);
    return canPush() && Notification.permission !== "denied" && note.visited && note.sawPin && note.wish === null && now >= note.later;
}

const registration = async (): Promise<ServiceWorkerRegistration | null> =>
    canPush() ? ((await navigator.serviceWorker.getRegistration()) ?? null) : null;

export async function subscriptionHere(): Promise<PushSubscription | null> {
    return (await (await registration())?.pushManager.getSubscription()) ?? null;
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
    const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(text, (it) => it.charCodeAt(0));
}

function madeWith(subscription: PushSubscription, key: Uint8Array): boolean {
    const used = subscription.options.applicationServerKey;
    /* A browser that does not say is believed. */
    return !used || new Uint8Array(used).every((it, i) => it === key[i]);
}

/* The server writes of a pin in English: the worker says it in the member's words. */
async function tellWorker(): Promise<void> {
    const cache = await caches.open("push-words");
    await cache.put("/push-words", new Response(JSON.stringify({ pinnedBy: words.notices.pinnedBy("{name}") })));
}

async function subscribe(api: Api): Promise<boolean> {
    const here = await registration();
    if (!here) return false;
    const key = bytesOf((await api.capabilities()).push.publicKey);
    let subscription = await here.pushManager.getSubscription();
    if (subscription && !madeWith(subscription, key)) {
        await subscription.unsubscribe();
        subscription = null;
    }
    subscription ??= await here.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    const { endpoint, keys } = subscription.toJSON();
    if (!endpoint || !keys?.p256dh || !keys.auth) return false;
    await api.addPushDevice({ endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth } }, newIdempotencyKey());
    await tellWorker().catch(() => undefined);
    return true;
}

export type Turned = "on" | "denied" | "failed";

/* From a press: the browser asks as well, if it has not before. */
export async function turnOn(api: Api, userId: string): Promise<Turned> {
    try {
        if ((await Notification.requestPermission()) !== "granted") return "denied";
        if (!(await subscribe(api))) return "failed";
        writeNote(userId, { wish: "yes" });
        return "on";
    } catch {
        return "failed";
    }
}

/* The server first: a browser that forgot its subscription could not say which one it was. */
async function drop(api: Api): Promise<void> {
    const subscription = await subscriptionHere();
    if (!subscription) return;
    await api.removePushDevice(subscription.endpoint);
    await subscription.unsubscribe();
}

export async function turnOff(api: Api, userId: string): Promise<void> {
    await drop(api);
    writeNote(userId, { wish: "no" });
}

/* Who signs out is told nothing more on this device; their wish is known when they are back. */
export async function leavePush(api: Api): Promise<void> {
    try {
        await drop(api);
    } catch {
        /* Without a network the browser forgets it at least: its push service then refuses what comes. */
        await subscriptionHere().then((it) => it?.unsubscribe()).catch(() => undefined);
    }
}

/* How far this device's clock is ahead of UTC. */
export const clockOffset = (): number => 0 - new Date().getTimezoneOffset();

/* When the app opens: what the member wants is so, also after the clocks have changed. */
export async function keepPush(api: Api, userId: string): Promise<void> {
    if (!canPush() || readNote(userId).wish !== "yes" || Notification.permission !== "granted") return;
    await subscribe(api);
    const { quietHours } = await api.push();
    const offsetMinutes = clockOffset();
    if (quietHours && quietHours.offsetMinutes !== offsetMinutes) await api.updatePush({ quietHours: { ...quietHours, offsetMinutes } });
}
