/*
 * Wires the app: addresses, language, client, cache, and the page's one element.
 */
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode, startTransition } from "react";
import { createRoot } from "react-dom/client";
import "./theme/tokens.css";
import "./theme/base.css";
import { App } from "./App.tsx";
import { Crash } from "./components/Crash/Crash.tsx";
import { answered, baseUrl, earlyFetch, settled } from "./early.ts";
import { ClientContext, createClient } from "./hooks/client.ts";
import { takeFirstView } from "./hooks/firstView.ts";
import { firstFeedPath } from "./hooks/notes.ts";
import { startKeeping } from "./hooks/kept.ts";
import { watchOtherTabs } from "./hooks/otherTab.ts";
import { startRoutes } from "./hooks/useRoute.ts";
import { startLanguage } from "./language.ts";
import { startShell } from "./shell.ts";
import { startTaps } from "./taps.ts";

startRoutes();
startTaps();

const client = createClient({ baseUrl, fetch: earlyFetch });
startKeeping(client.queryClient);
watchOtherTabs(client.queryClient);
startShell();

function draw(): void {
    const element = document.getElementById("app");
    if (!element) throw new Error("no #app");
    const root = createRoot(element);
    /* As a transition it is drawn in small steps, between which the page answers. */
    startTransition(() =>
        root.render(
            <StrictMode>
                <Crash>
                    <ClientContext.Provider value={client}>
                        <QueryClientProvider client={client.queryClient}>
                            <App />
                        </QueryClientProvider>
                    </ClientContext.Provider>
                </Crash>
            </StrictMode>,
        ),
    );
}

async function begin(): Promise<void> {
    await Promise.all([settled(), startLanguage()]);
    if (answered("/me")) await takeFirstView(client, answered(firstFeedPath()));
    draw();
}

void begin();
