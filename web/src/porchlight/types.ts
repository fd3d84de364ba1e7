/*
 * The shapes of the contract under the names that this client uses. What they are made of is written from the server's
 * own description (contract.gen.ts). Ids and cursors are strings that nobody takes apart; times are RFC 3339 in UTC.
 */
import type {
    AckMessage,
    ClientSays,
    Join,
    LiveCheerMessage,
    PostList,
    PostNew,
    ServerSays,
    User,
} from "./contract.gen.ts";

export type {
    Author,
    Capabilities,
    Changes,
    ErrorMessage,
    Flag,
    Invite,
    Like,
    Member,
    Notice,
    NoticeList,
    NoticeNew as NewNotice,
    Post,
    PostChange,
    Presence,
    Role,
    Session,
    Team,
    TeamList,
    User,
} from "./contract.gen.ts";

export type TeamRef = User["teams"][number];
export type Feed = PostList;
export type NewPost = PostNew;
export type Joining = Join;
export type Cheer = Pick<LiveCheerMessage, "userId" | "name" | "icon">;
export type Ack = AckMessage;

export interface List<T> {
    items: T[];
    next: string | null;
}

/* What is said over a socket; its id is the client's own business (socket.ts). */
type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;
export type ClientMessage = WithoutId<ClientSays>;
export type ServerMessage = ServerSays;
