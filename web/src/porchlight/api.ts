/*
 * The endpoints that the web app uses, one function each. Names and fields are the protocol's own.
 */
import { createAdminApi, type AdminApi } from "./adminApi.ts";
import { createChatApi, type ChatApi } from "./chatApi.ts";
import { createCounterApi, type CounterApi } from "./counterApi.ts";
import { createDigestApi, type DigestApi } from "./digestApi.ts";
import { createPushApi, type PushApi } from "./pushApi.ts";
import { readMetrics, type Metrics } from "./metrics.ts";
import type { Answer, Requester } from "./request.ts";
import type {
    Capabilities,
    Changes,
    Feed,
    Flag,
    Invite,
    Joining,
    Like,
    List,
    Member,
    NewNotice,
    NewPost,
    Notice,
    NoticeList,
    Post,
    PostChange,
    Report,
    ReportDecision,
    ReportNew,
    Session,
    Team,
    User,
} from "./types.ts";

/* The longest page that the server gives. */
const PAGE_MAX = 100;

export interface Api extends CounterApi, ChatApi, DigestApi, PushApi, AdminApi {
    login(name: string, password: string): Promise<User>;
    join(joining: Joining, idempotencyKey: string): Promise<User>;
    /* May be sent while the page closes. */
    logout(): Promise<void>;
    me(): Promise<User>;
    updateMe(change: { name?: string; appearOffline?: boolean }): Promise<User>;
    /* For a member who is signed in. */
    joinTeam(code: string, idempotencyKey: string): Promise<Team>;
    teams(page?: string): Promise<List<Team>>;
    posts(options?: {
        team?: string | undefined;
        page?: string | undefined;
        /* mine: without the posts all of whose topics the member likes little. */
        show?: "mine" | "everything" | undefined;
    }): Promise<Feed>;
    post(id: string): Promise<Post>;
    createPost(post: NewPost, idempotencyKey: string): Promise<Post>;
    /* What is left out stays as it is. */
    updatePost(id: string, change: PostChange): Promise<Post>;
    /* May be sent while the page closes. */
    deletePost(id: string): Promise<void>;
    setLike(postId: string, liked: boolean): Promise<Like>;
    setPin(postId: string, pinned: boolean): Promise<Post>;
    notices(options?: { team?: string | undefined; page?: string | undefined }): Promise<NoticeList>;
    createNotice(notice: NewNotice, idempotencyKey: string): Promise<Notice>;
    report(report: ReportNew, idempotencyKey: string): Promise<void>;
    /* What waits for a coach or an admin. */
    reports(page?: string): Promise<List<Report>>;
    decideReport(id: string, decision: ReportDecision["decision"]): Promise<Report>;
    setPostHidden(id: string, hidden: boolean): Promise<Post>;
    mute(teamId: string, userId: string, minutes: number): Promise<void>;
    removeMember(teamId: string, userId: string): Promise<void>;
    /* Everything that is kept about the member, as text to be saved. */
    exportMe(): Promise<string>;
    deleteMe(password: string): Promise<void>;
    flag(name: Flag["name"]): Promise<Flag>;
    setFlag(name: Flag["name"], value: boolean): Promise<Flag>;
    /* Fails while the server cannot save. */
    ready(): Promise<void>;
    metrics(): Promise<Metrics>;
    members(teamId: string, page?: string): Promise<List<Member>>;
    createInvite(
        teamId: string,
        reach: { maxUses: number; expiresInHours: number },
        idempotencyKey: string,
    ): Promise<Invite>;
    capabilities(): Promise<Capabilities>;
    /* Ephemeral: everybody who is here sees it. */
    cheer(icon: string, team: string | undefined, idempotencyKey: string): Promise<void>;
    /* A new token in place of this one, and a new cookie. */
    refresh(): Promise<Session>;
    /* The one poll: presence, posts, likes and notices since `since`. */
    changes(since: string | null, team?: string): Promise<Answer<Changes>>;
    /* Says good-bye; may be sent while the page closes. */
    leave(team?: string): Promise<void>;
}

export function createApi(request: Requester): Api {
    const data = <T>(answer: Promise<Answer<T>>): Promise<T> => answer.then((it) => it.data);
    const post = (id: string): string => `/posts/${encodeURIComponent(id)}`;
    const team = (id: string): string => `/teams/${encodeURIComponent(id)}`;

    return {
        ...createCounterApi(request),
        ...createChatApi(request),
        ...createDigestApi(request),
        ...createPushApi(request),
        ...createAdminApi(request),
        login: async (name, password) => {
            const body = { name, password };
            return (await data(request<Session>("/auth/login", { method: "POST", body }))).user;
        },
        join: async (joining, idempotencyKey) => {
            const session = await data(
                request<Session>("/auth/join", { method: "POST", body: joining, idempotencyKey }),
            );
            return session.user;
        },
        logout: () => data(request<void>("/auth/logout", { method: "POST", body: {}, keepalive: true })),
        me: () => data(request<User>("/me")),
        updateMe: (change) => data(request<User>("/me", { method: "PATCH", body: change })),
        joinTeam: (code, idempotencyKey) =>
            data(request<Team>("/teams/join", { method: "POST", body: { code }, idempotencyKey })),
        teams: (page) => data(request<List<Team>>("/teams", { query: { page, limit: PAGE_MAX } })),
        posts: ({ team, page, show } = {}) => data(request<Feed>("/posts", { query: { team, page, show } })),
        post: (id) => data(request<Post>(post(id))),
        createPost: (body, idempotencyKey) => data(request<Post>("/posts", { method: "POST", body, idempotencyKey })),
        updatePost: (id, change) => data(request<Post>(post(id), { method: "PATCH", body: change })),
        deletePost: (id) => data(request<void>(post(id), { method: "DELETE", keepalive: true })),
        setLike: (id, liked) => data(request<Like>(`${post(id)}/like`, { method: liked ? "PUT" : "DELETE" })),
        setPin: (id, pinned) => data(request<Post>(`${post(id)}/pin`, { method: pinned ? "PUT" : "DELETE" })),
        notices: ({ team, page } = {}) => data(request<NoticeList>("/notices", { query: { team, page } })),
        createNotice: (body, idempotencyKey) =>
            data(request<Notice>("/notices", { method: "POST", body, idempotencyKey })),
        members: (teamId, page) =>
            data(request<List<Member>>(`${team(teamId)}/members`, { query: { page, limit: PAGE_MAX } })),
        report: (body, idempotencyKey) => data(request<void>("/reports", { method: "POST", body, idempotencyKey })),
        reports: (page) => data(request<List<Report>>("/reports", { query: { page, limit: PAGE_MAX } })),
        decideReport: (id, decision) =>
            data(request<Report>(`/reports/${encodeURIComponent(id)}`, { method: "PUT", body: { decision } })),
        setPostHidden: (id, hidden) =>
            data(request<Post>(`${post(id)}/hidden`, { method: hidden ? "PUT" : "DELETE" })),
        mute: (teamId, userId, minutes) =>
            data(
                request<void>(`${team(teamId)}/mutes/${encodeURIComponent(userId)}`, { method: "PUT", body: { minutes } }),
            ),
        removeMember: (teamId, userId) =>
            data(request<void>(`${team(teamId)}/members/${encodeURIComponent(userId)}`, { method: "DELETE" })),
        exportMe: async () => {
            const all = await data(request<object>("/me/export", { method: "POST", body: {} }));
            return JSON.stringify(all, null, 2);
        },
        deleteMe: (password) => data(request<void>("/me", { method: "DELETE", body: { password } })),
        flag: (name) => data(request<Flag>(`/admin/flags/${encodeURIComponent(name)}`)),
        setFlag: (name, value) =>
            data(request<Flag>(`/admin/flags/${encodeURIComponent(name)}`, { method: "PUT", body: { value } })),
        ready: () => data(request<void>("/readyz")),
        metrics: async () => readMetrics(await data(request<string>("/metrics", { text: true }))),
        createInvite: (teamId, body, idempotencyKey) =>
            data(request<Invite>(`${team(teamId)}/invites`, { method: "POST", body, idempotencyKey })),
        capabilities: () => data(request<Capabilities>("/capabilities")),
        cheer: (icon, team, idempotencyKey) =>
            data(request<void>("/cheers", { method: "POST", body: team ? { icon, teamId: team } : { icon }, idempotencyKey })),
        refresh: () => data(request<Session>("/auth/refresh", { method: "POST", body: {} })),
        changes: (since, team) =>
            request<Changes>("/changes", { query: { since: since ?? undefined, team }, remember: true }),
        leave: (team) => data(request<void>("/presence", { method: "DELETE", query: { team }, keepalive: true })),
    };
}
