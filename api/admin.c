/*
 * Flags, accounts and backups, for admins.
 */
#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"
#include "db/audit.h"

/* ---- flags ------------------------------------------------------------------------------------------------------- */

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

/* ---- accounts ---------------------------------------------------------------------------------------------------- */

struct accounts {
    struct json_writer *w;
    int64_t last_id;
    size_t count;
};

static void put_account(void *arg, const struct user_row *user)
{
    struct accounts *a = arg;
    render_account(a->w, user);
    a->last_id = user->id;
    a->count++;
}

void admin_members(struct request *r)
{
    size_t limit;
    int64_t page;
    struct json_writer w = {.out = &r->out};
    struct accounts accounts = {.w = &w};
    if (!request_page(r, &limit, &page))
        return;
    render_list_begin(&w);
    enum err err = users_page(r->loop->db, page, limit, put_account, &accounts);
    if (err != ERR_OK) {
        buf_reset(&r->out);
        request_fail(r, err);
        return;
    }
    request_reply_list(r, &w, accounts.last_id, accounts.count, limit);
}

/* ---- backups ----------------------------------------------------------------------------------------------------- */

static void reply_backups(struct request *r)
{
    struct backups_view view;
    struct backups_file *files;
    size_t count;
    struct backups *b = r->app->backups;
    backups_look(b, &view); /* before the folder: one that is made in between is listed */
    enum err err = backups_files(backups_given(b), BACKUPS_LISTED_MAX, r->arena, &files, &count);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "everySeconds");
    if (view.every_s == 0)
        json_put_null(&w);
    else
        json_put_int(&w, view.every_s);
    json_key(&w, "nextAt");
    json_put_time(&w, view.next_ms / 1000 * 1000);
    json_key(&w, "keep");
    json_put_int(&w, view.keep);
    json_key(&w, "making");
    json_put_bool(&w, view.making);
    json_key(&w, "problem");
    json_put_string(&w, view.problem.err == ERR_OK ? NULL : problem_detail(&view.problem));
    json_key(&w, "items");
    json_array_begin(&w);
    for (size_t i = 0; i < count; i++)
        render_backup(&w, &files[i]);
    json_array_end(&w);
    json_object_end(&w);
    request_reply(r, 200);
}

void admin_backups_get(struct request *r)
{
    reply_backups(r);
}

static enum err run_backup(struct request *r, struct tx *tx)
{
    const struct audit_entry entry = {.actor_id = r->caller.user_id, .action = "backup.make"};
    r->status = 200;
    return audit_add(tx, &entry);
}

static void want_backup(struct request *r)
{
    if (!r->replayed)
        backups_want(r->app->backups);
    buf_reset(&r->out);
    reply_backups(r);
}

void admin_backups_post(struct request *r)
{
    if (request_json(r, NULL, 0, NULL))
        request_write(r, run_backup, want_backup);
}
