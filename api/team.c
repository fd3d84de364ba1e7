/*
 * Teams, their members, and the links that invite into them: made here, used here and in session.c, looked after in
 * invite.c.
 */
#include "db/teams.h"

#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/secret.h"
#include "api/server.h"
#include "api/write.h"
#include "db/audit.h"

/* The team in the path, if the caller may see it. false: answered. */
static bool path_team(struct request *r, int64_t *team_id)
{
    struct team team;
    if (!request_path_id(r, 1, team_id))
        return false;
    enum err err = teams_by_id(r->loop->db, r->arena, *team_id, &team);
    if (err != ERR_OK) {
        request_fail(r, err);
        return false;
    }
    if (!caller_in_team(&r->caller, *team_id)) {
        request_refuse(r, ERR_FORBIDDEN, "You are not in this team.");
        return false;
    }
    return true;
}

void team_list(struct request *r)
{
    size_t limit;
    int64_t page;
    struct team *teams;
    size_t count;
    if (!request_page(r, &limit, &page))
        return;
    int64_t of_user = r->caller.role == ROLE_ADMIN ? 0 : r->caller.user_id;
    enum err err = teams_page(r->loop->db, r->arena, of_user, page, limit, &teams, &count);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct json_writer w = {.out = &r->out};
    render_list_begin(&w);
    for (size_t i = 0; i < count; i++)
        render_team(&w, &teams[i]);
    request_reply_list(r, &w, count > 0 ? teams[count - 1].id : 0, count, limit);
}

void team_get(struct request *r)
{
    int64_t team_id;
    struct team team;
    if (!path_team(r, &team_id))
        return;
    enum err err = teams_by_id(r->loop->db, r->arena, team_id, &team);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct json_writer w = {.out = &r->out};
    render_team(&w, &team);
    request_reply(r, 200);
}

static void render_member(struct json_writer *w, const struct team_member *member)
{
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, member->user_id);
    json_key(w, "name");
    json_put_string(w, member->name);
    json_key(w, "role");
    json_put_string(w, role_name(member->role));
    json_key(w, "joinedAt");
    json_put_time(w, member->joined_ms);
    json_object_end(w);
}

void team_members(struct request *r)
{
    int64_t team_id;
    size_t limit;
    int64_t page;
    struct team_member *members;
    size_t count;
    if (!path_team(r, &team_id) || !request_page(r, &limit, &page))
        return;
    enum err err = teams_members(r->loop->db, r->arena, team_id, page, limit, &members, &count);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct json_writer w = {.out = &r->out};
    render_list_begin(&w);
    for (size_t i = 0; i < count; i++)
        render_member(&w, &members[i]);
    request_reply_list(r, &w, count > 0 ? members[count - 1].user_id : 0, count, limit);
}

struct new_invite {
    int64_t team_id;
    int64_t uses;
    int64_t hours;
};

static enum err run_invite(struct request *r, struct tx *tx)
{
    const struct new_invite *invite = r->state;
    char code[SECRET_CODE_BYTES];
    unsigned char hash[SECRET_HASH_BYTES];
    secret_code_new(code);
    secret_code_hash(code, hash);
    int64_t expires_ms = tx->now_ms + invite->hours * 3600000;
    int64_t id = 0;
    enum err err = teams_invite_create(tx, hash, invite->team_id, r->caller.user_id, invite->uses, expires_ms, &id);
    const struct audit_entry entry = {.actor_id = r->caller.user_id,
                                      .action = "invite.create",
                                      .team_id = invite->team_id,
                                      .subject = "invite",
                                      .subject_id = id,
                                      .detail = arena_printf(r->arena, "%lld uses", (long long)invite->uses)};
    if (err == ERR_OK)
        err = audit_add(tx, &entry);
    if (err != ERR_OK)
        return err;
    char *url = arena_printf(r->arena, "%s/#/join/%s", r->app->origin, code);
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "id");
    json_put_id(&w, id);
    json_key(&w, "code");
    json_put_string(&w, code);
    json_key(&w, "url");
    json_put_string(&w, url);
    json_key(&w, "teamId");
    json_put_id(&w, invite->team_id);
    json_key(&w, "maxUses");
    json_put_int(&w, invite->uses);
    json_key(&w, "expiresAt");
    json_put_time(&w, expires_ms);
    json_object_end(&w);
    r->status = 201;
    return ERR_OK;
}

void team_invite(struct request *r)
{
    static const struct json_field fields[] = {
        {.name = "maxUses", .kind = JSON_KIND_INT, .min = 1, .max = INVITE_USES_MAX},
        {.name = "expiresInHours", .kind = JSON_KIND_INT, .min = 1, .max = INVITE_HOURS_MAX},
    };
    struct json_value values[2];
    struct new_invite *invite = arena_zalloc(r->arena, sizeof *invite);
    if (invite == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!path_team(r, &invite->team_id))
        return;
    if (!caller_leads_team(&r->caller, invite->team_id)) {
        request_refuse(r, ERR_FORBIDDEN, "Only the coach of this team can invite people.");
        return;
    }
    if (!request_json(r, fields, 2, values))
        return;
    invite->uses = values[0].present ? values[0].number : 1;
    invite->hours = values[1].present ? values[1].number : INVITE_HOURS_DEFAULT;
    r->state = invite;
    request_write(r, run_invite, NULL);
}

/* ---- joining ----------------------------------------------------------------------------------------------------- */

struct entrance {
    unsigned char hash[INVITE_HASH_BYTES];
};

static enum err find_invite(struct request *r, struct tx *tx, struct invite *invite)
{
    const struct entrance *e = r->state;
    enum err err = teams_invite_find(tx->db, e->hash, tx->now_ms, invite);
    return err == ERR_NOT_FOUND ? problem_set(&tx->problem, err, INVITE_IS_OVER) : err;
}

static enum err is_member(struct request *r, struct tx *tx, int64_t team_id, bool *member)
{
    struct membership *teams;
    size_t count;
    enum err err = users_teams(tx->db, tx->arena, r->caller.user_id, &teams, &count);
    *member = false;
    for (size_t i = 0; err == ERR_OK && i < count; i++)
        *member = *member || teams[i].team_id == team_id;
    return err;
}

/* Who is in the team already uses nothing up. */
static enum err run_join(struct request *r, struct tx *tx)
{
    const struct entrance *e = r->state;
    struct invite invite = {0};
    struct team team;
    bool member = false;
    enum err err = find_invite(r, tx, &invite);
    if (err == ERR_OK)
        err = is_member(r, tx, invite.team_id, &member);
    if (err == ERR_OK && !member)
        err = teams_invite_use(tx, e->hash, &invite);
    if (err == ERR_OK && !member)
        err = users_join(tx, r->caller.user_id, invite.team_id, 0);
    if (err == ERR_OK)
        err = teams_by_id(tx->db, tx->arena, invite.team_id, &team);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    render_team(&w, &team);
    r->status = 200;
    return ERR_OK;
}

void team_join(struct request *r)
{
    static const struct json_field fields[] = {
        {.name = "code", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = INVITE_CODE_CHARS_MAX},
    };
    struct json_value values[1];
    char code[SECRET_CODE_BYTES];
    struct entrance *e = arena_zalloc(r->arena, sizeof *e);
    if (e == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_json(r, fields, 1, values))
        return;
    if (!secret_code_parse(values[0].text, values[0].text_len, code)) {
        request_refuse(r, ERR_NOT_FOUND, INVITE_IS_OVER);
        return;
    }
    secret_code_hash(code, e->hash);
    r->state = e;
    request_write(r, run_join, NULL);
}
