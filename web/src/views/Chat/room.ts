/*
 * A channel as the chat's parts hand it to each other.
 */
import type { useChannel } from "../../hooks/useChannel.ts";

export type Room = ReturnType<typeof useChannel>;
export type Shown = Room["messages"][number];
