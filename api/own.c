/*
 * One's own data: a copy of it, made on a helper's thread, and the end of the account.
 *
 *   DELETE /me ──> helper: password ──> main writer: the person is gone ──> 204; the housekeeper takes away their words
 */
#include "db/own_data.h"

#include <sodium.h>
#include <string.h>

#include "api/password.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"
#include "db/farewell.h"

/* ---- the copy ---------------------------------------------------------------------------------------------------- */

struct copy {
    struct buf out;
    enum err err;
    bool taken; /* a place among COPIES_AT_ONCE */
};

static void make_copy(struct request *r)
{
    struct copy *copy = r->state;
    struct db *db = NULL;
    struct db *rooms = NULL;
    copy->err = store_connect(&r->app->store, &db);
    if (copy->err == ERR_OK)
        copy->err = store_connect_rooms(&r->app->store, &rooms);
    if (copy->err == ERR_OK)
        copy->err = own_data_write(db, rooms, r->caller.user_id, clock_wall_ms(r->app->clock), &copy->out);
    db_close(db);
    db_close(rooms);
}

static void after_copy(struct request *r)
{
    struct copy *copy = r->state;
    if (copy->err == ERR_OK && copy->out.failed)
        request_refuse(r, ERR_CONFLICT, "There is too much of it for one download. Please ask an admin for your copy.");
    else if (copy->err != ERR_OK)
        request_fail(r, copy->err);
    else {
        buf_clear(&r->out);
        r->out = copy->out;
        buf_init(&copy->out, COPY_BYTES_MAX);
        request_header(r, "Content-Disposition", "attachment; filename=\"porchlight-my-data.json\"");
        request_reply(r, 200);
    }
}

static void give_back(struct request *r)
{
    struct copy *copy = r->state;
    buf_clear(&copy->out);
    if (copy->taken)
        atomic_fetch_sub(&r->app->copies, 1);
    buf_clear(&r->out);
    buf_init(&r->out, REPLY_BYTES_MAX);
}

void own_export(struct request *r)
{
    struct copy *copy = arena_zalloc(r->arena, sizeof *copy);
    if (copy == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_json(r, NULL, 0, NULL))
        return;
    buf_init(&copy->out, COPY_BYTES_MAX);
    r->state = copy;
    r->ended = give_back;
    copy->taken = atomic_fetch_add(&r->app->copies, 1) < COPIES_AT_ONCE;
    if (!copy->taken) {
        atomic_fetch_sub(&r->app->copies, 1);
        request_answer_busy(r);
    } else {
        request_help(r, make_copy, after_copy);
    }
}

/* ---- the end of the account -------------------------------------------------------------------------------------- */

struct farewell {
    struct user user;
    char *password;
    size_t password_len;
    enum err verdict;
};

static enum err run_erase(struct request *r, struct tx *tx)
{
    r->status = 204;
    return farewell_begin(tx, r->caller.user_id, r->caller.user_id);
}

static void after_erase(struct request *r)
{
    if (auth_set_cookie(r, NULL, 0) != ERR_OK)
        request_fail(r, ERR_NO_MEMORY);
    else
        request_reply(r, r->status);
}

static void verify(struct request *r)
{
    struct farewell *f = r->state;
    f->verdict = password_verify(f->user.password, f->password, f->password_len);
    sodium_memzero(f->password, f->password_len);
}

static void after_verify(struct request *r)
{
    struct farewell *f = r->state;
    if (f->verdict == ERR_OK)
        request_write(r, run_erase, after_erase);
    else if (f->verdict == ERR_NO_MEMORY)
        request_fail(r, f->verdict);
    else
        request_refuse(r, ERR_FORBIDDEN, "The password is not right.");
}

void own_delete(struct request *r)
{
    static const struct json_field fields[] = {
        {.name = "password", .kind = JSON_KIND_SECRET, .min = 1, .max = PASSWORD_CHARS_MAX},
    };
    struct json_value value;
    struct farewell *f = arena_zalloc(r->arena, sizeof *f);
    if (f == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_json(r, fields, 1, &value))
        return;
    enum err err = users_by_id(r->loop->db, r->arena, r->caller.user_id, &f->user);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    r->state = f;
    bool fresh = r->loop->wall_ms - r->caller.issued_ms < FRESH_SIGN_IN_MS;
    if (f->user.password == NULL && fresh) {
        request_write(r, run_erase, after_erase);
    } else if (f->user.password == NULL) {
        request_refuse(r, ERR_CONFLICT, "Please sign in anew first, so that we know that it is you.");
    } else if (!value.present) {
        request_refuse(r, ERR_INVALID, "The field \"password\" is missing.");
    } else {
        f->password = (char *)(uintptr_t)value.text;
        f->password_len = value.text_len;
        sodium_memzero(r->body, r->body_len);
        request_help(r, verify, after_verify);
    }
}
