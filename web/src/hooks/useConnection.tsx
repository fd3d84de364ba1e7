/*
 * The app's one line to the server, open while somebody is signed in. What arrives goes into the cache; views read the
 * cache and never learn how it came.
 */
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import {
    connect,
    isUnauthenticated,
    PorchlightError,
    type Connection,
    type ConnectionState,
} from "../porchlight/index.ts";
import { applyChanges } from "./cache.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";

interface Line {
    state: ConnectionState;
    /* "" for the member's own team. */
    team: string;
    setCursor(cursor: string): void;
    refresh(): void;
    start(): void;
    stop(): Promise<void>;
}

const LineContext = createContext<Line | null>(null);

/* A refusal stays one, however often one asks. */
function mayHeal(error: unknown): boolean {
    return error instanceof PorchlightError && error.kind !== "refused";
}

interface ConnectionProviderProps {
    team: string;
    /* Somebody without a team has nothing to ask for. */
    enabled: boolean;
    children: ReactNode;
}

export function ConnectionProvider({ team, enabled, children }: ConnectionProviderProps) {
    const { api, queryClient } = useClient();
    const [state, setState] = useState<ConnectionState>("connecting");
    const connection = useRef<Connection | null>(null);
    /* The feed may answer before the effect below has run. */
    const early = useRef<string | null>(null);

    useEffect(() => {
        if (!enabled) return undefined;
        const line = connect({ api, ...(team ? { team } : {}) });
        const unlisten = line.listen({
            changes: (changes, reset) => applyChanges(queryClient, team, changes, reset),
            failed: (error) => {
                /* A refusal may mean that the member's teams have changed. */
                if (error.kind !== "refused" || isUnauthenticated(error)) return;
                void queryClient.invalidateQueries({ queryKey: keys.session });
            },
            state: (next) => {
                setState(next);
                if (next !== "live") return;
                /* The server is back: what failed to load meanwhile loads by itself. */
                void queryClient.refetchQueries({
                    type: "active",
                    predicate: ({ state: { error } }) => mayHeal(error),
                });
            },
        });
        if (early.current) line.setCursor(early.current);
        connection.current = line;
        line.start();
        return () => {
            connection.current = null;
            early.current = null;
            unlisten();
            void line.stop();
        };
    }, [api, queryClient, team, enabled]);

    const setCursor = useCallback((cursor: string) => {
        early.current = cursor;
        connection.current?.setCursor(cursor);
    }, []);
    const refresh = useCallback(() => connection.current?.refresh(), []);
    const start = useCallback(() => connection.current?.start(), []);
    const stop = useCallback(async () => connection.current?.stop(), []);
    const value = useMemo(
        () => ({ state, team, setCursor, refresh, start, stop }),
        [state, team, setCursor, refresh, start, stop],
    );
    return <LineContext.Provider value={value}>{children}</LineContext.Provider>;
}

export function useConnection(): Line {
    const line = useContext(LineContext);
    if (!line) throw new Error("no ConnectionProvider");
    return line;
}
