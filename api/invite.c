/*
 * The invites that are open, for whoever may make them: a coach sees and takes back those of their team, an admin all.
 * team.c makes them.
 */
#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"
#include "db/audit.h"
#include "db/teams.h"

void invite_list(struct request *r)
{
    size_t limit;
    int64_t page;
    struct invite_row *invites;
    size_t count;
    if (!request_page(r, &limit, &page))
        return;
    if (r->caller.role == ROLE_MEMBER) {
        request_refuse(r, ERR_FORBIDDEN, "Only coaches and admins can see invites.");
        return;
    }
    int64_t team_id = r->caller.role == ROLE_ADMIN ? 0 : r->caller.user_id; /* a team's id is its coach's */
    enum err err = teams_invites(r->loop->db, r->arena, team_id, page, r->loop->wall_ms, limit, &invites, &count);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct json_writer w = {.out = &r->out};
    render_list_begin(&w);
    for (size_t i = 0; i < count; i++)
        render_invite(&w, &invites[i]);
    request_reply_list(r, &w, count > 0 ? invites[count - 1].id : 0, count, limit);
}

struct revocation {
    int64_t id;
};

static enum err run_revoke(struct request *r, struct tx *tx)
{
    const struct revocation *wish = r->state;
    struct audit_entry entry = {.actor_id = r->caller.user_id,
                                .action = "invite.revoke",
                                .subject = "invite",
                                .subject_id = wish->id};
    enum err err = teams_invite_team(tx->db, wish->id, tx->now_ms, &entry.team_id);
    if (err == ERR_NOT_FOUND)
        return problem_set(&tx->problem, err, "There is no such invite, or it is over.");
    if (err == ERR_OK && !caller_leads_team(&r->caller, entry.team_id))
        return problem_set(&tx->problem, ERR_FORBIDDEN, "Only the coach of this team can take it back.");
    if (err == ERR_OK)
        err = teams_invite_revoke(tx, wish->id);
    r->status = 204;
    return err == ERR_OK ? audit_add(tx, &entry) : err;
}

void invite_revoke(struct request *r)
{
    struct revocation *wish = arena_alloc(r->arena, sizeof *wish);
    if (wish == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_path_id(r, 1, &wish->id))
        return;
    r->state = wish;
    request_write(r, run_revoke, NULL);
}
