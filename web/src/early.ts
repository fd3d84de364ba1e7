/*
 * What the page does before its scripts are all there: puts on the theme, and asks for what a member who comes back
 * sees first. A file of its own, so small that it runs while the others are still on their way; on a slow network the
 * answers are here before the app is.
 */
import { firstFeedPath, wasLeaving, wasSignedIn } from "./hooks/notes.ts";
import { startTheme } from "./theme/theme.ts";

export const baseUrl: string = import.meta.env.VITE_SERVER_URL ?? "";

/* An answer that nobody took by then tells of a feed as it was. */
const FRESH_MS = 10_000;

interface Asked {
    answer: Promise<Response>;
    atMs: number;
    here: boolean;
}

const asked = new Map<string, Asked>();

async function ask(path: string): Promise<Response> {
    const url = baseUrl + path;
    const headers = { Accept: "application/json" };
    const answer = fetch(url, { headers, credentials: baseUrl ? "include" : "same-origin" });
    const entry: Asked = { answer, atMs: performance.now(), here: false };
    asked.set(url, entry);
    const response = await answer;
    const copy = response.clone();
    await response.clone().arrayBuffer();
    entry.here = true;
    return copy;
}

/* Somebody without a team has no feed to ask for, and other views have no use for it. */
async function askForFeed(): Promise<void> {
    const me = await ask("/me");
    if (!me.ok || !["", "#", "#/"].includes(location.hash)) return;
    const { team } = (await me.json()) as { team: unknown };
    if (team) await ask(firstFeedPath());
}

/* How long the page waits with its first view for answers: then it says that it is loading. */
const WAIT_MS = 800;

/* When all that was asked for is here, or did not come, or lets wait. */
export const settled = (): Promise<unknown> =>
    Promise.race([asking, new Promise((done) => setTimeout(done, WAIT_MS))]);

/* Whether this was asked for and the whole answer is here. */
export const answered = (path: string): boolean => asked.get(baseUrl + path)?.here ?? false;

function orAborted<T>(promise: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
    return new Promise((done, failed) => {
        signal?.addEventListener("abort", () => failed(new DOMException("aborted", "AbortError")), { once: true });
        promise.then(done, failed);
    });
}

/* fetch(), but for the first of each question that has been asked already. */
export const earlyFetch: typeof fetch = (input, init) => {
    const entry = init?.method === "GET" ? asked.get(String(input)) : undefined;
    if (!entry) return fetch(input, init);
    asked.delete(String(input));
    return performance.now() - entry.atMs < FRESH_MS ? orAborted(entry.answer, init?.signal) : fetch(input, init);
};

startTheme();
const asking = wasSignedIn() && !wasLeaving() ? askForFeed().catch(() => undefined) : Promise.resolve();
