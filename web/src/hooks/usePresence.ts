/*
 * Who is active now, as the last poll said; undefined until the first one.
 */
import { skipToken, useQuery } from "@tanstack/react-query";
import type { Presence } from "../porchlight/index.ts";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";

export function usePresence(): Presence | undefined {
    const { team } = useConnection();
    return useQuery<Presence>({ queryKey: keys.presence(team), queryFn: skipToken }).data;
}
