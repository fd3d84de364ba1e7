/*
 * Flags, for admins.
 */
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"
#include "db/audit.h"

static void write_flag(struct json_writer *w, bool value)
{
    json_object_begin(w);
    json_key(w, "name");
    json_put_string(w, "realtime");
    json_key(w, "value");
    json_put_bool(w, value);
    json_object_end(w);
}

void admin_flags(struct request *r)
{
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "items");
    json_array_begin(&w);
    write_flag(&w, atomic_load(&r->app->flag_realtime));
    json_array_end(&w);
    json_key(&w, "next");
    json_put_null(&w);
    json_object_end(&w);
    request_reply(r, 200);
}

void admin_flag_get(struct request *r)
{
    struct json_writer w = {.out = &r->out};
    write_flag(&w, atomic_load(&r->app->flag_realtime));
    request_reply(r, 200);
}

static enum err run_flag(struct request *r, struct tx *tx)
{
    const bool *value = r->state;
    struct json_writer w = {.out = &r->out};
    write_flag(&w, *value);
    r->status = 200;
    const struct audit_entry entry = {
        .actor_id = r->caller.user_id, .action = "flag.set", .detail = *value ? "realtime on" : "realtime off"};
    enum err err = access_flag_set(tx, "realtime", *value);
    return err == ERR_OK ? audit_add(tx, &entry) : err;
}

void admin_flag_put(struct request *r)
{
    static const struct json_field fields[] = {{.name = "value", .kind = JSON_KIND_BOOL, .required = true}};
    struct json_value value;
    if (!request_json(r, fields, 1, &value))
        return;
    if (value.flag && !realtime_available()) {
        request_refuse(r, ERR_CONFLICT, "This build has no realtime module. Members keep polling.");
        return;
    }
    bool *wanted = arena_alloc(r->arena, sizeof *wanted);
    if (wanted == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    *wanted = value.flag;
    r->state = wanted;
    request_write(r, run_flag, NULL);
}
