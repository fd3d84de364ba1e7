/*
 * Which team is looked at. Nearly everybody has one. A coach of several, or an admin, chooses.
 */
import { useQuery } from "@tanstack/react-query";
import type { TeamRef, User } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { teamsQuery } from "./useTeams.ts";

export function useTeam(user: User) {
    const { api, queryClient } = useClient();
    const isAdmin = user.role === "admin";
    const all = useQuery({ ...teamsQuery(api), enabled: isAdmin });
    const chosen = useQuery<string>({ queryKey: keys.team, queryFn: () => "", initialData: "" }).data;

    const teams: TeamRef[] = isAdmin ? (all.data ?? []) : user.teams;
    const team = teams.find((it) => it.id === chosen) ?? user.team ?? teams[0] ?? null;
    return {
        teams,
        team,
        /* What requests and cache keys say: "" stands for the member's own team. */
        teamKey: team === null || team.id === user.team?.id ? "" : team.id,
        loading: isAdmin && all.isPending,
        choose: (id: string) => void queryClient.setQueryData(keys.team, id),
    };
}
