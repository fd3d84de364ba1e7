/*
 * Wires the app: theme, addresses, client, cache, and the page's one element.
 */
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./theme/tokens.css";
import "./theme/base.css";
import { App } from "./App.tsx";
import { Crash } from "./components/Crash/Crash.tsx";
import { ClientContext, createClient } from "./hooks/client.ts";
import { startKeeping } from "./hooks/kept.ts";
import { startRoutes } from "./hooks/useRoute.ts";
import { startLanguage } from "./language.ts";
import { startShell } from "./shell.ts";
import { startTaps } from "./taps.ts";
import { startTheme } from "./theme/theme.ts";

startTheme();
startRoutes();
startTaps();

const client = createClient(import.meta.env.VITE_SERVER_URL ?? "");
startKeeping(client.queryClient);
startShell();
const element = document.getElementById("app");
if (!element) throw new Error("no #app");

void startLanguage().then(() =>
    createRoot(element).render(
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
