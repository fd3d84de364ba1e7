/*
 * The shapes of the contract under the names that this client uses. What they are made of is written from the server's
 * own description (contract.gen.ts). Ids and cursors are strings that nobody takes apart; times are RFC 3339 in UTC.
 */
import type {
    AckMessage,
    ClientSays,
    Counter,
    CounterEvent,
    CounterPast,
    DigestProgressMessage,
    DigestSummary,
    Join,
    LiveCheerMessage,
    Message,
    MessageNew,
    PostList,
    PostNew,
    Preferences,
    Receipt,
    ServerSays,
    User,
    Weights,
} from "./contract.gen.ts";

export type {
    Article,
    Author,
    Capabilities,
    Changes,
    Channel,
    CounterEvent,
    Digest,
    ErrorMessage,
    Feedback,
    Flag,
    Invite,
    Like,
    Member,
    Message,
    MessageList,
    Notice,
    NoticeList,
    NoticeNew as NewNotice,
    Post,
    PostChange,
    Presence,
    Receipt,
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
export type Ack = Omit<AckMessage, "type" | "id"> & { messageId?: string };

export interface List<T> {
    items: T[];
    next: string | null;
}

/* What is said over a socket; its id is the client's own business (socket.ts). */
type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;
export type ClientMessage = WithoutId<ClientSays> | ChannelSaying;
export type ServerMessage = ServerSays | ChannelMessage;

/* What is said in a channel's own room. */
type ChannelSaying =
    | { type: "message"; content: string; threadId?: string; clientId: string }
    | { type: "typing"; isTyping: boolean }
    | { type: "read"; messageId: string; state?: "read" | "delivered" };
type ChannelMessage =
    | { type: "initial_state"; messages: Message[]; onlineUsers: Person[]; resumed: boolean; cursor: string }
    | { type: "message" | "message_updated"; message: Message; cursor: string }
    | { type: "message_deleted"; channelId: string; messageId: string; cursor: string }
    | ({ type: "typing"; isTyping: boolean } & Person)
    | ({ type: "presence"; status: string } & Person)
    | ({ type: "user_disconnected" } & Person)
    | { type: "receipt"; items: Receipt[] }
    | { type: "ack"; clientId: string; messageId: string };

/* ---- counters ---------------------------------------------------------------------------------------------------- */

export type CounterMetadata = Counter;
export type CounterChange = CounterEvent["type"];
export type HistoryItem = CounterPast;

/* ---- chat -------------------------------------------------------------------------------------------------------- */

export type NewMessage = MessageNew;

/* Somebody who is in a channel now. */
export interface Person {
    userId: string;
    username: string;
}

/* ---- digests and what a member prefers --------------------------------------------------------------------------- */

export type DigestHead = DigestSummary;
export type DigestStatus = DigestSummary["status"];
/* How far a job is, as a socket tells it. */
export type DigestMoved = Omit<DigestProgressMessage, "type">;
export type MemberPreferences = Preferences;
export type TopicWeights = Weights["weights"];
