/*
 * Who of a channel is active now: the team's presence by name, as the server has it for polls and sockets alike. Read anew,
 * soon, when the app's one line says that the presence has changed, and now and then, as one may come while another goes.
 */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { ChannelOnline } from "../porchlight/index.ts";
import { useClient } from "./client.ts";
import { keys } from "./keys.ts";
import { usePresence } from "./usePresence.ts";

/* In a lively team not all ask at every coming and going. */
const SOON_MS = 3_000;
const AGAIN_MS = 45_000;

/* null: not known yet. */
export function useOnline(channelId: string): ChannelOnline | null {
    const { api, queryClient } = useClient();
    const presence = usePresence();
    const { data } = useQuery({
        queryKey: keys.online(channelId),
        queryFn: () => api.online(channelId),
        refetchOnMount: "always",
        refetchInterval: AGAIN_MS,
        enabled: channelId !== "",
    });
    const timer = useRef(0);
    const told = useRef(presence);
    useEffect(() => {
        if (told.current === presence) return;
        told.current = presence;
        timer.current ||= window.setTimeout(
            () => {
                timer.current = 0;
                void queryClient.invalidateQueries({ queryKey: keys.online(channelId) });
            },
            SOON_MS * (0.5 + Math.random()),
        );
    }, [presence, queryClient, channelId]);
    useEffect(
        () => () => {
            window.clearTimeout(timer.current);
            timer.current = 0;
        },
        [channelId],
    );
    return data ?? null;
}
