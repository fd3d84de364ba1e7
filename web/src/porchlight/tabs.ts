/*
 * Several tabs of one member: one of them leads, the others listen to it. Web Locks choose the leader (and another, when
 * it closes or crashes); a BroadcastChannel carries what it hears. Where a browser has not both (a page over plain http
 * from another machine), each tab is on its own.
 */
export interface Tabs {
    /* Waits for the lead. Answers how to give it up, or to stop waiting. */
    lead(gained: () => void): () => void;
    tell(message: unknown): void;
    /* What other tabs tell; never what this one does. */
    listen(heard: (message: unknown) => void): () => void;
}

export function browserTabs(name: string): Tabs | null {
    if (typeof navigator === "undefined" || !navigator.locks || typeof BroadcastChannel === "undefined") return null;
    const channel = new BroadcastChannel(name);
    /* Node keeps running while a channel is open. */
    (channel as unknown as { unref?: () => void }).unref?.();
    return {
        lead: (gained) => {
            const waiting = new AbortController();
            let release = (): void => undefined;
            navigator.locks
                .request(name, { signal: waiting.signal }, () => {
                    /* It was granted in the moment in which it was given up. */
                    if (waiting.signal.aborted) return undefined;
                    gained();
                    return new Promise<void>((done) => {
                        release = done;
                    });
                })
                .catch(() => undefined); /* it was no longer wanted */
            return () => {
                waiting.abort();
                release();
            };
        },
        tell: (message) => channel.postMessage(message),
        listen: (heard) => {
            const listener = ({ data }: MessageEvent): void => heard(data);
            channel.addEventListener("message", listener);
            return () => channel.removeEventListener("message", listener);
        },
    };
}
