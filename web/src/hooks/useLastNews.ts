/*
 * While the server cannot be reached: when it last said what is new. null while it can, and when it never did.
 */
import { skipToken, useQuery } from "@tanstack/react-query";
import { keys } from "./keys.ts";
import { useConnection } from "./useConnection.tsx";

export function useLastNews(): number | null {
    const { team, state } = useConnection();
    const { dataUpdatedAt } = useQuery<string>({ queryKey: keys.cursor(team), queryFn: skipToken });
    const reached = state !== "offline" && state !== "waiting";
    return reached || dataUpdatedAt === 0 ? null : dataUpdatedAt;
}
