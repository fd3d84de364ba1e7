/*
 * What tests of hooks put around them: React on a page that shows nothing, so that effects run, and the app's two contexts.
 * No part of the app uses it.
 */
import { webcrypto } from "node:crypto";
import { QueryClientProvider, type QueryClient } from "@tanstack/react-query";
import { act, createElement, type ReactNode } from "react";
import { settle } from "../porchlight/fakes.ts";
import type { Api } from "../porchlight/index.ts";
import { ClientContext } from "./client.ts";
import { ConnectionProvider } from "./useConnection.tsx";

globalThis.crypto ??= webcrypto as Crypto;

/* React waits by one: Node's own would keep the process for ever. */
class Channel {
    port1: { onmessage: (() => void) | null } = { onmessage: null };
    port2 = { postMessage: (): void => void setImmediate(() => this.port1.onmessage?.()) };
}

/* As much of a page as React and the library ask of one in which nothing is ever shown. */
function emptyPage(): Element {
    const listens = { addEventListener: () => undefined, removeEventListener: () => undefined };
    const document = { nodeType: 9, visibilityState: "visible", activeElement: null, ...listens };
    const page = { document, HTMLIFrameElement: class {}, IS_REACT_ACT_ENVIRONMENT: true, ...listens };
    Object.assign(globalThis, { window: globalThis, MessageChannel: Channel, ...page });
    Object.defineProperty(globalThis, "navigator", { value: { onLine: true }, configurable: true });
    Object.assign(document, { defaultView: globalThis });
    return {
        ...{ nodeType: 1, nodeName: "DIV", tagName: "DIV", namespaceURI: "http://www.w3.org/1999/xhtml" },
        ...{ ownerDocument: document, firstChild: null, lastChild: null, textContent: "", ...listens },
    } as unknown as Element;
}

export interface Mounted<T> {
    /* What the hook answered last. */
    readonly value: T;
    /* Runs what changes something, and lets effects and promises come to rest. */
    after(run: () => unknown): Promise<void>;
    leave(): Promise<void>;
}

/* A component that uses the hook, on the page until it leaves. */
export async function mount<T>(use: () => T, around: (it: ReactNode) => ReactNode): Promise<Mounted<T>> {
    const container = emptyPage();
    const { createRoot } = await import("react-dom/client");
    const root = createRoot(container);
    let value: T;
    function Uses(): null {
        value = use();
        return null;
    }
    const after = (run: () => unknown): Promise<void> =>
        act(async () => {
            await run();
            await settle();
        });
    await after(() => root.render(around(createElement(Uses))));
    return {
        get value() {
            return value;
        },
        after,
        leave: () => after(() => root.unmount()),
    };
}

/* As below a sign-in, but for the one line to the server. */
export const inApp =
    (api: Partial<Api>, queryClient: QueryClient, userId = "4") =>
    (it: ReactNode): ReactNode => (
        <QueryClientProvider client={queryClient}>
            <ClientContext.Provider value={{ api: api as Api, baseUrl: "https://porch.test", queryClient }}>
                <ConnectionProvider userId={userId} team="" enabled={false}>
                    {it}
                </ConnectionProvider>
            </ClientContext.Provider>
        </QueryClientProvider>
    );
