/*
 * The endpoints for who looks after a community: numbers, invites, accounts, the audit log, backups.
 */
import type { Requester } from "./request.ts";
import type { Account, AuditEntry, Backups, InviteOpen, List, Numbers } from "./types.ts";

/* The longest page that the server gives. */
const PAGE_MAX = 100;

export interface AdminApi {
    numbers(): Promise<Numbers>;
    /* Those that still open: of a coach's team, or all for an admin. */
    invites(page?: string): Promise<List<InviteOpen>>;
    revokeInvite(id: string): Promise<void>;
    accounts(page?: string): Promise<List<Account>>;
    /* The newest first. */
    audit(page?: string, limit?: number): Promise<List<AuditEntry>>;
    backups(): Promise<Backups>;
    /* Does not wait until it is made. */
    makeBackup(idempotencyKey: string): Promise<Backups>;
}

export function createAdminApi(request: Requester): AdminApi {
    const data = async <T>(...asked: Parameters<Requester>): Promise<T> => (await request<T>(...asked)).data;
    return {
        numbers: () => data("/admin/numbers"),
        invites: (page) => data("/invites", { query: { page, limit: PAGE_MAX } }),
        revokeInvite: (id) => data(`/invites/${encodeURIComponent(id)}`, { method: "DELETE" }),
        accounts: (page) => data("/admin/members", { query: { page, limit: PAGE_MAX } }),
        audit: (page, limit = PAGE_MAX) => data("/admin/audit", { query: { page, limit } }),
        backups: () => data("/admin/backups"),
        makeBackup: (idempotencyKey) => data("/admin/backups", { method: "POST", body: {}, idempotencyKey }),
    };
}
