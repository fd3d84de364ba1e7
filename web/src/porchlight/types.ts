/*
 * The shapes of the contract under the names that this client uses. What they are made of is written from the server's
 * own description (contract.gen.ts). Ids and cursors are strings that nobody takes apart; times are RFC 3339 in UTC.
 */
import type {
    AckMessage,
    ChannelClientSays,
    ChannelServerSays,
    ChatAckMessage,
    ClientSays,
    Counter,
    CounterEvent,
    CounterPast,
    DigestProgressMessage,
    DigestSummary,
    Join,
    LiveCheerMessage,
    MessageNew,
    PostList,
    PostNew,
    Preferences,
    ServerSays,
    User,
    UserDisconnectedMessage,
    Weights,
} from "./contract.gen.ts";

export type {
    Account,
    Article,
    AuditEntry,
    Author,
    Backups,
    Capabilities,
    Changes,
    Channel,
    ChannelOnline,
    CounterEvent,
    Digest,
    ErrorMessage,
    Feedback,
    Flag,
    Invite,
    InviteOpen,
    Like,
    Member,
    Message,
    MessageList,
    Mute,
    Notice,
    NoticeList,
    NoticeNew as NewNotice,
    Numbers,
    NumbersSample,
    Post,
    PostChange,
    Presence,
    PushDeviceNew as PushDevice,
    PushSettings,
    Receipt,
    Report,
    ReportDecision,
    ReportNew,
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
export type Ack = Omit<AckMessage, "type" | "id"> & Partial<Pick<ChatAckMessage, "messageId">>;

export interface List<T> {
    items: T[];
    next: string | null;
}

/* What is said over a socket; its id is the client's own business (socket.ts). */
type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;
export type ClientMessage = WithoutId<ClientSays | ChannelClientSays>;
export type ServerMessage = ServerSays | ChannelServerSays;

/* ---- counters ---------------------------------------------------------------------------------------------------- */

export type CounterMetadata = Counter;
export type CounterChange = CounterEvent["type"];
export type HistoryItem = CounterPast;

/* ---- chat -------------------------------------------------------------------------------------------------------- */

export type NewMessage = MessageNew;

/* Somebody who is in a channel now. */
export type Person = Pick<UserDisconnectedMessage, "userId" | "username">;

/* ---- digests and what a member prefers --------------------------------------------------------------------------- */

export type DigestHead = DigestSummary;
export type DigestStatus = DigestSummary["status"];
/* How far a job is, as a socket tells it. */
export type DigestMoved = Omit<DigestProgressMessage, "type">;
export type MemberPreferences = Preferences;
export type TopicWeights = Weights["weights"];
