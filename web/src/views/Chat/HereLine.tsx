/*
 * Who else is writing at this moment, else who is active now.
 */
import { useConnection } from "../../hooks/useConnection.tsx";
import type { User } from "../../porchlight/index.ts";
import { hereLine, typingLine } from "../../text/chat.ts";
import { words } from "../../words.ts";
import type { Room } from "./room.ts";

interface HereLineProps {
    room: Room;
    user: User;
    /* Something else stands beside it: it gives way where there is no room for both. */
    aside?: boolean;
}

export function HereLine({ room, user, aside = false }: HereLineProps) {
    const { state } = useConnection();
    const reached = state !== "offline" && state !== "waiting";
    const some = reached && room.online?.people.some((it) => it.userId !== user.id);
    const typing = typingLine(room.typing, user.id);
    return (
        <p className={`here${some ? " here-some" : ""}${aside ? " here-aside" : ""}`}>
            <span aria-hidden="true" />
            {!reached ? words.active.unknown : typing || (room.online ? hereLine(room.online, user.id) : "")}
        </p>
    );
}
