/* Written by web/contract.mjs from api/openapi.json and api/asyncapi.json: change those, then `npm run contract`. */

export type Id = string;

export type Time = string;

export type Cursor = string;

export type Role = "member" | "coach" | "admin";

export interface Capabilities {
    realtime: boolean;
    socket: string | null;
    version: string;
    poll: {
        presence: number;
        posts: number;
    };
    push: {
        publicKey: string;
    };
}

export interface Login {
    name: string;
    password: string;
}

export interface Join {
    invite: string;
    name: string;
    username?: string;
    password: string;
}

export interface Session {
    token: string;
    expiresAt: Time;
    user: User;
}

export interface Ticket {
    ticket: string;
    expiresAt: Time;
}

export type Nothing = Record<string, never>;

export interface User {
    id: Id;
    username: string;
    name: string;
    role: Role;
    team: {
        id: Id;
        name: string;
    } | null;
    teams: {
        id: Id;
        name: string;
    }[];
    appearOffline: boolean;
    createdAt: Time;
}

export interface MeChange {
    name?: string;
    appearOffline?: boolean;
}

export interface Preferences {
    feed: "everything" | "mine";
    weeklyDigest: boolean;
    topics: string[];
}

export interface PreferencesChange {
    feed?: "everything" | "mine";
    weeklyDigest?: boolean;
    topics?: string[];
}

export interface Feedback {
    articleId: string;
    feedback: "helpful" | "not_helpful";
    topics: string[];
}

export interface Weights {
    weights: Record<string, number>;
}

export interface PushSettings {
    devices: PushDevice[];
    onlyPins: boolean;
    quietHours: QuietHours | null;
}

export interface PushDevice {
    endpoint: string;
    createdAt: Time;
    reachedAt: Time | null;
}

export interface QuietHours {
    from: string;
    to: string;
    offsetMinutes: number;
}

export interface PushDeviceNew {
    endpoint: string;
    expirationTime?: number | null;
    keys: {
        p256dh: string;
        auth: string;
    };
}

export interface PushDeviceGone {
    endpoint: string;
}

export interface PushChange {
    onlyPins?: boolean;
    quietHours?: QuietHours | null;
}

export interface Presence {
    team: Id;
    count: number;
    activeCoaches: string[];
}

export interface Team {
    id: Id;
    name: string;
    coach: {
        id: Id;
        name: string;
    };
    memberCount: number;
    createdAt: Time;
}

export interface TeamList {
    items: Team[];
    next: string | null;
}

export interface Member {
    id: Id;
    name: string;
    role: Role;
    joinedAt: Time;
}

export interface MemberList {
    items: Member[];
    next: string | null;
}

export interface Account {
    id: Id;
    username: string;
    name: string;
    role: Role;
    team: string | null;
    disabled: boolean;
    createdAt: Time;
}

export interface AccountList {
    items: Account[];
    next: string | null;
}

export interface TeamJoin {
    code: string;
}

export interface InviteNew {
    maxUses?: number;
    expiresInHours?: number;
}

export interface Invite {
    id: Id;
    code: string;
    url: string;
    teamId: Id;
    maxUses: number;
    expiresAt: Time;
}

export interface InviteOpen {
    id: Id;
    team: {
        id: Id;
        name: string;
    };
    createdBy: {
        id: Id;
        name: string;
    };
    maxUses: number;
    usesLeft: number;
    createdAt: Time;
    expiresAt: Time;
}

export interface InviteList {
    items: InviteOpen[];
    next: string | null;
}

export interface Author {
    id: Id;
    name: string;
    role: Role;
}

export interface Post {
    id: Id;
    teamId: Id;
    author: Author;
    body: string;
    topics: string[];
    hidden: "coach" | "words" | null;
    pinned: boolean;
    pinnedAt: Time | null;
    liked: boolean;
    count: number;
    createdAt: Time;
    editedAt: Time | null;
}

export interface PostList {
    items: Post[];
    next: string | null;
    hidden: number;
    pinned: Post[];
    cursor: Cursor;
}

export interface PostNew {
    body: string;
    topics?: string[];
    teamId?: Id;
}

export interface PostChange {
    body?: string;
    topics?: string[];
}

export interface NewCount {
    count: number;
    cursor: Cursor;
    reset: boolean;
}

export interface Like {
    postId: Id;
    liked: boolean;
    count: number;
}

export interface LikeCount {
    postId: Id;
    count: number;
}

export interface Channel {
    id: Id;
    teamId: Id;
    name: string;
    posting: "everyone" | "coaches";
    lastMessageId: Id | null;
    lastReadId: Id | null;
    unread: number;
    createdAt: Time;
    cursor: Cursor;
}

export interface ChannelList {
    items: Channel[];
    next: null;
}

export interface ChannelNew {
    name: string;
    posting?: "everyone" | "coaches";
    teamId?: Id;
}

export interface Message {
    id: Id;
    channelId: Id;
    userId: Id;
    username: string;
    content: string;
    threadId: Id | null;
    clientId: string | null;
    timestamp: Time;
    editedAt: Time | null;
    deleted: boolean;
    hidden: "coach" | "words" | null;
}

export interface MessageList {
    items: Message[];
    next: Id | null;
    cursor: Cursor;
    more?: boolean;
    reset?: boolean;
}

export interface MessageNew {
    content: string;
    threadId?: Id | null;
    clientId?: string | null;
}

export interface MessageChange {
    content: string;
}

export interface ReadNew {
    messageId: Id;
    state?: "read" | "delivered";
}

export interface Receipt {
    userId: Id;
    deliveredId: Id | null;
    readId: Id | null;
}

export interface ReceiptList {
    items: Receipt[];
    next: Id | null;
}

export interface ChannelPerson {
    userId: Id;
    username: string;
}

export interface ChannelOnline {
    people: ChannelPerson[];
    online: number;
}

export interface Notice {
    id: Id;
    kind: "pin" | "announcement" | "win";
    teamId: Id | null;
    title: string;
    body: string;
    link: string | null;
    createdAt: Time;
}

export interface NoticeList {
    items: Notice[];
    next: string | null;
    cursor: Cursor;
}

export interface NoticeNew {
    title: string;
    body?: string;
    link?: string | null;
    teamId?: Id | null;
}

export interface DigestNew {
    topics?: string[];
    worker?: "built-in" | "outside";
    userId?: Id;
}

export interface Article {
    id: string;
    title: string;
    summary: string;
    link: string | null;
    topics: string[];
    score: number;
}

export interface ArticleNew {
    id: string;
    title: string;
    summary?: string;
    link?: string | null;
    topics?: string[];
    score?: number;
    progress?: number;
    currentStep?: string;
}

export interface DigestProgress {
    progress?: number;
    currentStep?: string;
}

export interface DigestEnd {
    error?: string | null;
}

export interface DigestSummary {
    id: string;
    userId: Id;
    topics: string[];
    worker: "built-in" | "outside";
    weekly: boolean;
    status: "pending" | "in_progress" | "completed" | "failed";
    progress: number;
    currentStep: string;
    articleCount: number;
    digestId: string | null;
    error: string | null;
    startedAt: Time;
    updatedAt: Time;
    completedAt: Time | null;
}

export interface Digest {
    id: string;
    userId: Id;
    topics: string[];
    worker: "built-in" | "outside";
    weekly: boolean;
    status: "pending" | "in_progress" | "completed" | "failed";
    progress: number;
    currentStep: string;
    articleCount: number;
    digestId: string | null;
    error: string | null;
    startedAt: Time;
    updatedAt: Time;
    completedAt: Time | null;
    articles: Article[];
}

export interface DigestList {
    items: DigestSummary[];
    next: string | null;
}

export interface Counter {
    id: Id;
    name: string;
    teamId: Id;
    value: number;
    createdAt: Time;
    updatedAt: Time;
    operationCount: number;
}

export interface CounterList {
    items: Counter[];
    next: null;
}

export interface CounterEvent {
    type: "increment" | "decrement" | "setValue" | "reset";
    value: number;
    previousValue: number;
    metadata: Counter;
    timestamp: Time;
    cursor: Cursor;
}

export interface CounterChange {
    name: string;
    amount?: number;
    teamId?: Id;
}

export interface CounterSet {
    name: string;
    value: number;
    teamId?: Id;
}

export interface CounterName {
    name: string;
    teamId?: Id;
}

export interface CounterTeam {
    teamId?: Id;
}

export interface CounterValue {
    name: string;
    value: number;
}

export interface CounterHistoryPage {
    name: string;
    teamId?: Id;
    limit?: number;
    page?: Id;
}

export interface CounterPast {
    id: Id;
    type: "increment" | "decrement" | "setValue" | "reset";
    amount: number | null;
    value: number;
    previousValue: number;
    userId: Id;
    username: string;
    timestamp: Time;
    operationCount: number;
}

export interface CounterHistory {
    items: CounterPast[];
    next: string | null;
}

export interface Changes {
    cursor: Cursor;
    reset: boolean;
    more: boolean;
    presence: Presence;
    posts: {
        created: Post[];
        changed: Post[];
        deleted: Id[];
    };
    likes: LikeCount[];
    notices: Notice[];
    counters: Counter[];
    channels: Channel[];
}

export interface Flag {
    name: "realtime";
    value: boolean;
}

export interface FlagList {
    items: Flag[];
    next: string | null;
}

export interface FlagValue {
    value: boolean;
}

export interface Health {
    status: "ok";
}

export interface Readiness {
    status: "ready";
    storage: "ok";
    backups: "off" | "ok" | "failing";
}

export interface Problem {
    type: string;
    title: string;
    status: number;
    detail: string;
    requestId: string;
}

export interface CheerNew {
    icon: string;
    teamId?: Id;
}

export interface FeedMessage {
    type: string;
    [more: string]: unknown;
}

export interface ReportNew {
    subject: "post" | "message";
    subjectId: Id;
    reason: "unkind" | "advert" | "private" | "worry" | "other";
    words?: string;
}

export interface ReportMade {
    id: Id;
    subject: "post" | "message";
    subjectId: Id;
}

export interface Report {
    id: Id;
    subject: "post" | "message";
    subjectId: Id;
    channelId: Id | null;
    teamId: Id;
    author: {
        id: Id;
        name: string;
    };
    text: string;
    deleted: boolean;
    hidden: "coach" | "words" | null;
    reporterId: Id | null;
    reason: "unkind" | "advert" | "private" | "worry" | "other" | "words";
    words: string;
    state: "open" | "hidden" | "restored" | "dismissed";
    createdAt: Time;
    decidedAt: Time | null;
}

export interface ReportList {
    items: Report[];
    next: string | null;
}

export interface ReportDecision {
    decision: "hide" | "restore" | "dismiss";
}

export interface MuteNew {
    minutes: number;
}

export interface Mute {
    teamId: Id;
    userId: Id;
    until: Time;
}

export interface MuteList {
    items: Mute[];
    next: string | null;
}

export interface NumbersSample {
    at: Time;
    here: number;
    sockets: number;
    pollsPerSecond: number;
    p50Ms: number | null;
    p99Ms: number | null;
    likesFlushed: number;
    loadStage: number;
}

export interface NumbersDay {
    day: string;
    members: number;
}

export interface Numbers {
    every: number;
    items: NumbersSample[];
    days: NumbersDay[];
}

export interface Backup {
    name: string;
    madeAt: Time;
    bytes: number;
}

export interface Backups {
    everySeconds: number | null;
    nextAt: Time | null;
    keep: number;
    making: boolean;
    problem: string | null;
    items: Backup[];
}

export interface AuditEntry {
    id: Id;
    at: Time;
    actorId: Id | null;
    action: string;
    teamId: Id | null;
    subject: string | null;
    subjectId: Id | null;
    detail: string;
}

export interface AuditList {
    items: AuditEntry[];
    next: string | null;
}

export interface WordList {
    words: string[];
}

export interface AccountEnd {
    password?: string;
}

export interface OwnCopy {
    format: "porchlight-own-data-1";
    madeAt: Time;
    profile: {
        id: Id | null;
        username: string | null;
        name: string | null;
        role: string | null;
        externalId: string | null;
        appearOffline: boolean;
        createdAt: Time | null;
    }[];
    teams: {
        teamId: Id | null;
        name: string | null;
        joinedAt: Time | null;
    }[];
    posts: {
        id: Id | null;
        teamId: Id | null;
        body: string | null;
        topics: string | null;
        createdAt: Time | null;
        editedAt: Time | null;
        likes: number | null;
    }[];
    messages: {
        id: Id | null;
        channelId: Id | null;
        threadId: Id | null;
        content: string | null;
        createdAt: Time | null;
        editedAt: Time | null;
    }[];
    likes: {
        postId: Id | null;
        createdAt: Time | null;
    }[];
    receipts: {
        channelId: Id | null;
        deliveredId: Id | null;
        readId: Id | null;
    }[];
    notices: {
        id: Id | null;
        kind: string | null;
        title: string | null;
        body: string | null;
        createdAt: Time | null;
    }[];
    counterChanges: {
        counterId: Id | null;
        kind: string | null;
        value: number | null;
        previous: number | null;
        at: Time | null;
    }[];
    invites: {
        teamId: Id | null;
        usesLeft: number | null;
        expiresAt: Time | null;
    }[];
    mutes: {
        teamId: Id | null;
        until: Time | null;
    }[];
    reports: {
        id: Id | null;
        subject: string | null;
        subjectId: Id | null;
        reason: string | null;
        words: string | null;
        state: string | null;
        createdAt: Time | null;
    }[];
    audit: {
        id: Id | null;
        at: Time | null;
        actorId: Id | null;
        action: string | null;
        subject: string | null;
        subjectId: Id | null;
        detail: string | null;
    }[];
    devices: {
        id: Id | null;
        endpoint: string | null;
        createdAt: Time | null;
    }[];
    pushWishes: {
        onlyPins: boolean;
        quiet: boolean;
        fromMinute: number | null;
        toMinute: number | null;
        zoneMinutes: number | null;
    }[];
    activity: {
        day: Time | null;
    }[];
    kept: {
        room: string | null;
        key: string | null;
        value: string | null;
    }[];
}

export interface JoinTeamMessage {
    type: "JOIN_TEAM";
    id?: string;
    teamId: string;
    since?: string | null;
}

export interface SendCheerMessage {
    type: "SEND_CHEER";
    id?: string;
    icon: string;
}

export interface PostLikeMessage {
    type: "POST_LIKE";
    id?: string;
    postId: string;
}

export interface PostUnlikeMessage {
    type: "POST_UNLIKE";
    id?: string;
    postId: string;
}

export interface PingMessage {
    type: "ping";
    id?: string;
}

export interface AuthMessage {
    type: "AUTH";
    id?: string;
    token: string;
}

export interface WelcomeMessage {
    type: "WELCOME";
    cursor: string;
    userId: string;
    sessionId: string;
    subscribedAt: string;
    heartbeat: number;
}

export interface ResetMessage {
    type: "RESET";
    cursor: string;
}

export interface AckMessage {
    type: "ACK";
    id: string;
    postId?: string;
    liked?: boolean;
    count?: number;
}

export interface ErrorMessage {
    type: "error";
    id?: string;
    code: string;
    message: string;
    retryAfter?: number;
}

export interface PongMessage {
    type: "pong";
    timestamp: string;
}

export interface PresenceUpdateMessage {
    type: "PRESENCE_UPDATE";
    count: number;
    activeCoaches: string[];
}

export interface LiveCheerMessage {
    type: "LIVE_CHEER";
    userId: string;
    name: string;
    icon: string;
}

export interface LikeUpdateMessage {
    type: "LIKE_UPDATE";
    postId: string;
    count: number;
}

export interface NewPostsMessage {
    type: "NEW_POSTS";
    count: number;
    postIds: string[];
    cursor: string;
}

export interface PostChangedMessage {
    type: "POST_CHANGED";
    postId: string;
    change: "edited" | "deleted" | "pinned" | "unpinned" | "hidden" | "restored";
    cursor: string;
}

export interface LiveNotificationMessage {
    type: "LIVE_NOTIFICATION";
    noticeId: string;
    kind: "pin" | "announcement" | "win";
    title: string;
    body: string;
    link: string | null;
    cursor: string;
}

export interface DigestProgressMessage {
    type: "DIGEST_PROGRESS";
    jobId: string;
    status: "pending" | "in_progress" | "completed" | "failed";
    progress: number;
    currentStep: string;
}

export interface IncrementMessage {
    type: "increment";
    id?: string;
    amount?: number;
}

export interface DecrementMessage {
    type: "decrement";
    id?: string;
    amount?: number;
}

export interface SetValueMessage {
    type: "setValue";
    id?: string;
    value: number;
}

export interface ResetCounterMessage {
    type: "reset";
    id?: string;
}

export interface CounterResultMessage {
    type: "incrementResult" | "decrementResult" | "setValueResult" | "resetResult";
    id?: string;
    result: {
        type: "increment" | "decrement" | "setValue" | "reset";
        value: number;
        previousValue: number;
        metadata: {
            id: string;
            name: string;
            teamId: string;
            value: number;
            createdAt: string;
            updatedAt: string;
            operationCount: number;
        };
        timestamp: string;
        cursor: string;
    };
}

export interface CounterChangeMessage {
    type: "increment" | "decrement" | "setValue" | "reset";
    value: number;
    previousValue: number;
    metadata: {
        id: string;
        name: string;
        teamId: string;
        value: number;
        createdAt: string;
        updatedAt: string;
        operationCount: number;
    };
    timestamp: string;
    cursor: string;
}

export interface CounterUpdateMessage {
    type: "COUNTER_UPDATE";
    name: string;
    value: number;
    metadata: {
        id: string;
        name: string;
        teamId: string;
        value: number;
        createdAt: string;
        updatedAt: string;
        operationCount: number;
    };
    cursor: string;
}

export interface SayMessageMessage {
    type: "message";
    id?: string;
    content: string;
    threadId?: string | null;
    clientId: string;
}

export interface SayTypingMessage {
    type: "typing";
    id?: string;
    isTyping: boolean;
}

export interface SayPresenceMessage {
    type: "presence";
    id?: string;
    status: "online" | "away";
}

export interface SyncMessage {
    type: "sync";
    id?: string;
    afterMessageId: string;
}

export interface ReadMessage {
    type: "read";
    id?: string;
    messageId: string;
    state?: "read" | "delivered";
}

export interface InitialStateMessage {
    type: "initial_state";
    messages: {
        id: string;
        channelId: string;
        userId: string;
        username: string;
        content: string;
        threadId: string | null;
        clientId: string | null;
        timestamp: string;
        editedAt: string | null;
        deleted: boolean;
        hidden: "coach" | "words" | null;
    }[];
    onlineUsers: {
        userId: string;
        username: string;
        joinedAt: string;
        status: "online" | "away";
    }[];
    online: number;
    resumed: boolean;
    cursor: string;
}

export interface MessageMessage {
    type: "message";
    message: {
        id: string;
        channelId: string;
        userId: string;
        username: string;
        content: string;
        threadId: string | null;
        clientId: string | null;
        timestamp: string;
        editedAt: string | null;
        deleted: boolean;
        hidden: "coach" | "words" | null;
    };
    cursor: string;
}

export interface MessageUpdatedMessage {
    type: "message_updated";
    message: {
        id: string;
        channelId: string;
        userId: string;
        username: string;
        content: string;
        threadId: string | null;
        clientId: string | null;
        timestamp: string;
        editedAt: string | null;
        deleted: boolean;
        hidden: "coach" | "words" | null;
    };
    cursor: string;
}

export interface MessageDeletedMessage {
    type: "message_deleted";
    channelId: string;
    messageId: string;
    cursor: string;
}

export interface ChatAckMessage {
    type: "ack";
    id?: string;
    clientId: string;
    messageId: string;
}

export interface TypingMessage {
    type: "typing";
    userId: string;
    username: string;
    isTyping: boolean;
}

export interface PresenceMessage {
    type: "presence";
    userId: string;
    username: string;
    status: "online" | "away";
}

export interface UserDisconnectedMessage {
    type: "user_disconnected";
    userId: string;
    username: string;
}

export interface ReceiptMessage {
    type: "receipt";
    items: {
        userId: string;
        deliveredId: string | null;
        readId: string | null;
    }[];
}

export interface ChannelUpdateMessage {
    type: "CHANNEL_UPDATE";
    channelId: string;
    lastMessageId: string | null;
    cursor: string;
}

export type ClientSays =
    | JoinTeamMessage
    | SendCheerMessage
    | PostLikeMessage
    | PostUnlikeMessage
    | PingMessage
    | AuthMessage;

export type ServerSays =
    | WelcomeMessage
    | ResetMessage
    | AckMessage
    | ErrorMessage
    | PongMessage
    | PresenceUpdateMessage
    | LiveCheerMessage
    | LikeUpdateMessage
    | NewPostsMessage
    | PostChangedMessage
    | LiveNotificationMessage
    | DigestProgressMessage
    | CounterUpdateMessage
    | ChannelUpdateMessage;

export type CounterClientSays =
    | IncrementMessage
    | DecrementMessage
    | SetValueMessage
    | ResetCounterMessage
    | PingMessage
    | AuthMessage;

export type CounterServerSays =
    | WelcomeMessage
    | ResetMessage
    | ErrorMessage
    | AckMessage
    | PongMessage
    | CounterResultMessage
    | CounterChangeMessage;

export type ChannelClientSays =
    | SayMessageMessage
    | SayTypingMessage
    | SayPresenceMessage
    | SyncMessage
    | ReadMessage
    | PingMessage
    | AuthMessage;

export type ChannelServerSays =
    | InitialStateMessage
    | MessageMessage
    | MessageUpdatedMessage
    | MessageDeletedMessage
    | ChatAckMessage
    | AckMessage
    | ErrorMessage
    | PongMessage
    | TypingMessage
    | PresenceMessage
    | UserDisconnectedMessage
    | ReceiptMessage;
