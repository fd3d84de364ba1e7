/*
 * All teams there are, for admins.
 */
import { queryOptions, useQuery } from "@tanstack/react-query";
import type { Api } from "../porchlight/index.ts";
import { allPages } from "./allPages.ts";
import { useClient } from "./client.ts";
import { orKept } from "./kept.ts";
import { keys } from "./keys.ts";

export const teamsQuery = (api: Api) =>
    queryOptions({
        queryKey: keys.teams,
        queryFn: () =>
            orKept(
                allPages((page) => api.teams(page)),
                (teams) => teams,
                (kept) => kept.teams,
            ),
    });

export function useTeams() {
    const { api } = useClient();
    return useQuery({ ...teamsQuery(api), staleTime: 0 });
}
