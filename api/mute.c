/*
 * A pause from writing, and leaving a team: what a coach does with a member, and a member with themselves.
 */
#include "db/mutes.h"

#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"
#include "db/moderation.h"
#include "db/teams.h"

struct pause {
    int64_t team_id;
    int64_t user_id;
    int64_t minutes; /* 0: it ends */
};

static void put_mute(struct json_writer *w, const struct mute *mute)
{
    json_object_begin(w);
    json_key(w, "teamId");
    json_put_id(w, mute->team_id);
    json_key(w, "userId");
    json_put_id(w, mute->user_id);
    json_key(w, "until");
    json_put_time(w, mute->until_ms);
    json_object_end(w);
}

static void put_each(void *arg, const struct mute *mute)
{
    put_mute(arg, mute);
}

/* One page: as many as hold at a time. */
static void reply_mutes(struct request *r, int64_t team_id, int64_t user_id)
{
    struct json_writer w = {.out = &r->out};
    render_list_begin(&w);
    enum err err = mutes_each(r->loop->db, team_id, user_id, r->loop->wall_ms, put_each, &w);
    if (err != ERR_OK) {
        buf_reset(&r->out);
        request_fail(r, err);
        return;
    }
    json_array_end(&w);
    json_key(&w, "next");
    json_put_null(&w);
    json_object_end(&w);
    request_reply(r, 200);
}

void mute_own(struct request *r)
{
    reply_mutes(r, 0, r->caller.user_id);
}

/* The team in the path, if the caller leads it. false: answered. */
static bool path_team(struct request *r, int64_t *team_id)
{
    struct team team;
    if (!request_path_id(r, 1, team_id))
        return false;
    enum err err = teams_by_id(r->loop->db, r->arena, *team_id, &team);
    if (err != ERR_OK)
        request_fail(r, err);
    else if (!caller_leads_team(&r->caller, *team_id))
        request_refuse(r, ERR_FORBIDDEN, "Only the coach of this team can do this.");
    return err == ERR_OK && caller_leads_team(&r->caller, *team_id);
}

void mute_list(struct request *r)
{
    int64_t team_id;
    if (path_team(r, &team_id))
        reply_mutes(r, team_id, 0);
}

static enum err run_mute(struct request *r, struct tx *tx)
{
    const struct pause *pause = r->state;
    struct mute mute = {.team_id = pause->team_id, .user_id = pause->user_id};
    enum err err = moderation_mute(tx, r->caller.user_id, pause->team_id, pause->user_id, pause->minutes,
                                   &mute.until_ms);
    r->status = pause->minutes == 0 ? 204 : 200;
    if (err == ERR_OK && pause->minutes != 0) {
        struct json_writer w = {.out = &r->out};
        put_mute(&w, &mute);
    }
    return err;
}

static struct pause *new_pause(struct request *r)
{
    struct pause *pause = arena_zalloc(r->arena, sizeof *pause);
    if (pause == NULL)
        request_fail(r, ERR_NO_MEMORY);
    r->state = pause;
    return pause;
}

void mute_put(struct request *r)
{
    static const struct json_field fields[] = {
        {.name = "minutes", .kind = JSON_KIND_INT, .required = true, .min = 1, .max = MUTE_MINUTES_MAX},
    };
    struct json_value values[1];
    struct pause *pause = new_pause(r);
    if (pause == NULL || !path_team(r, &pause->team_id) || !request_path_id(r, 3, &pause->user_id) ||
        !request_json(r, fields, 1, values))
        return;
    pause->minutes = values[0].number;
    request_write(r, run_mute, NULL);
}

void mute_delete(struct request *r)
{
    struct pause *pause = new_pause(r);
    if (pause != NULL && path_team(r, &pause->team_id) && request_path_id(r, 3, &pause->user_id))
        request_write(r, run_mute, NULL);
}

/* ---- leaving ----------------------------------------------------------------------------------------------------- */

static enum err run_remove(struct request *r, struct tx *tx)
{
    const struct pause *pause = r->state;
    struct user user;
    bool self = pause->user_id == r->caller.user_id;
    enum err err = users_by_id(tx->db, tx->arena, pause->user_id, &user);
    if (err == ERR_OK && user.role == ROLE_ADMIN && r->caller.role != ROLE_ADMIN && !self)
        return problem_set(&tx->problem, ERR_FORBIDDEN, "An admin can only be removed by an admin.");
    r->status = 204;
    if (err == ERR_NOT_FOUND)
        return problem_set(&tx->problem, err, "There is no such member in this team.");
    return err == ERR_OK ? moderation_remove(tx, r->caller.user_id, pause->team_id, pause->user_id) : err;
}

void mute_remove_member(struct request *r)
{
    struct pause *pause = new_pause(r);
    if (pause == NULL || !request_path_id(r, 1, &pause->team_id) || !request_path_id(r, 3, &pause->user_id))
        return;
    if (pause->user_id != r->caller.user_id && !path_team(r, &pause->team_id))
        return;
    request_write(r, run_remove, NULL);
}
