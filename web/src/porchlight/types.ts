/*
 * The shapes of the HTTP contract, field by field as the server sends them. Ids and cursors are strings that nobody
 * takes apart; times are RFC 3339 in UTC.
 */

export type Role = "member" | "coach" | "admin";

export interface TeamRef {
    id: string;
    name: string;
}

export interface User {
    id: string;
    username: string;
    name: string;
    role: Role;
    team: TeamRef | null;
    teams: TeamRef[];
    appearOffline: boolean;
    createdAt: string;
}

export interface Author {
    id: string;
    name: string;
    role: Role;
}

export interface Post {
    id: string;
    teamId: string;
    author: Author;
    body: string;
    topics: string[];
    pinned: boolean;
    pinnedAt: string | null;
    liked: boolean;
    count: number;
    createdAt: string;
    editedAt: string | null;
}

export interface Notice {
    id: string;
    kind: "pin" | "announcement" | "win";
    teamId: string | null;
    title: string;
    body: string;
    link: string | null;
    createdAt: string;
}

export interface Presence {
    team: string;
    count: number;
    activeCoaches: string[];
}

export interface Team {
    id: string;
    name: string;
    coach: { id: string; name: string };
    memberCount: number;
    createdAt: string;
}

/* What signing in answers. The token is for native clients; in a browser the session is an HttpOnly cookie. */
export interface Session {
    token: string;
    expiresAt: string;
    user: User;
}

export interface Like {
    postId: string;
    liked: boolean;
    count: number;
}

export interface List<T> {
    items: T[];
    next: string | null;
}

export interface Feed extends List<Post> {
    pinned: Post[];
    cursor: string;
}

export interface NoticeList extends List<Notice> {
    cursor: string;
}

export interface Changes {
    cursor: string;
    reset: boolean;
    more: boolean;
    presence: Presence;
    posts: { created: Post[]; changed: Post[]; deleted: string[] };
    likes: { postId: string; count: number }[];
    notices: Notice[];
}

export interface Member {
    id: string;
    name: string;
    role: Role;
    joinedAt: string;
}

export interface Invite {
    code: string;
    url: string;
    teamId: string;
    maxUses: number;
    expiresAt: string;
}

export interface NewNotice {
    title: string;
    body?: string;
    link?: string;
    /* null is everybody. */
    teamId?: string | null;
}

export interface NewPost {
    body: string;
    topics?: string[];
    teamId?: string;
}

export interface PostChange {
    body?: string;
    topics?: string[];
}

export interface Joining {
    invite: string;
    name: string;
    username?: string;
    password: string;
}

export interface Capabilities {
    realtime: boolean;
    socket: string | null;
    version: string;
    poll: { presence: number; posts: number };
}

export interface Cheer {
    userId: string;
    name: string;
    icon: string;
}

/* ---- what is said over a socket (asyncapi.json) ---- */

export type ClientMessage =
    | { type: "JOIN_TEAM"; teamId: string; since?: string }
    | { type: "SEND_CHEER"; icon: string }
    | { type: "POST_LIKE" | "POST_UNLIKE"; postId: string }
    | { type: "AUTH"; token: string }
    | { type: "ping" };

export interface Ack {
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

export type ServerMessage =
    | { type: "WELCOME"; cursor: string; userId: string; sessionId: string; subscribedAt: string; heartbeat: number }
    | { type: "RESET"; cursor: string }
    | Ack
    | ErrorMessage
    | { type: "pong"; timestamp: string }
    | { type: "PRESENCE_UPDATE"; count: number; activeCoaches: string[] }
    | ({ type: "LIVE_CHEER" } & Cheer)
    | { type: "LIKE_UPDATE"; postId: string; count: number }
    | { type: "NEW_POSTS"; count: number; postIds: string[]; cursor: string }
    | { type: "POST_CHANGED"; postId: string; change: "edited" | "deleted" | "pinned" | "unpinned"; cursor: string }
    | {
          type: "LIVE_NOTIFICATION";
          noticeId: string;
          kind: Notice["kind"];
          title: string;
          body: string;
          link: string | null;
          cursor: string;
      };
