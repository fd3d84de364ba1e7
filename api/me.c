/*
 * The member and their own settings.
 */
#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"
#include "db/presence.h"

static enum err render_me(struct request *r, struct db *db, struct arena *arena)
{
    struct user user;
    struct membership *teams;
    size_t count;
    enum err err = users_by_id(db, arena, r->caller.user_id, &user);
    if (err == ERR_OK)
        err = users_teams(db, arena, user.id, &teams, &count);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    render_user(&w, &user, teams, count);
    return ERR_OK;
}

void me_get(struct request *r)
{
    enum err err = render_me(r, r->loop->db, r->arena);
    if (err != ERR_OK)
        request_fail(r, err);
    else
        request_reply(r, 200);
}

enum { ME_NAME, ME_APPEAR_OFFLINE, ME_FIELDS };

static enum err run_patch(struct request *r, struct tx *tx)
{
    const struct json_value *values = r->state;
    enum err err = ERR_OK;
    if (values[ME_NAME].present)
        err = users_rename(tx, r->caller.user_id, values[ME_NAME].text);
    if (err == ERR_OK && values[ME_APPEAR_OFFLINE].present)
        err = users_set_appear_offline(tx, r->caller.user_id, values[ME_APPEAR_OFFLINE].flag);
    r->status = 200;
    return err == ERR_OK ? render_me(r, tx->db, tx->arena) : err;
}

static void after_patch(struct request *r)
{
    const struct json_value *values = r->state;
    if (values[ME_APPEAR_OFFLINE].present && values[ME_APPEAR_OFFLINE].flag)
        presence_drop(r->app->presence, r->caller.user_id); /* at once, not with the next heartbeat */
    request_reply(r, r->status);
}

void me_patch(struct request *r)
{
    static const struct json_field fields[ME_FIELDS] = {
        [ME_NAME] = {.name = "name", .kind = JSON_KIND_LINE, .min = 1, .max = NAME_CHARS_MAX},
        [ME_APPEAR_OFFLINE] = {.name = "appearOffline", .kind = JSON_KIND_BOOL},
    };
    struct json_value *values = arena_alloc(r->arena, ME_FIELDS * sizeof *values);
    if (values == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_json(r, fields, ME_FIELDS, values))
        return;
    if (!values[ME_NAME].present && !values[ME_APPEAR_OFFLINE].present) {
        request_refuse(r, ERR_INVALID, "Say what should change: \"name\" or \"appearOffline\".");
        return;
    }
    r->state = values;
    request_write(r, run_patch, after_patch);
}
