/*
 * A member's devices that want pushes, and when they want them. See db/pushes.h; api/pusher.c sends.
 */
#include <stdio.h>
#include <string.h>

#include "api/base64url.h"
#include "api/p256.h"
#include "api/push_target.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"
#include "db/pushes.h"

#define TIME_CHARS 5 /* "22:30" */
#define ZONE_MIN_MAX 1080

/* ---- showing ----------------------------------------------------------------------------------------------------- */

static void put_time(struct json_writer *w, int64_t minutes)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%02d:%02d", (int)(minutes / 60), (int)(minutes % 60));
    json_put_string(w, text);
}

static void put_device(struct json_writer *w, const struct push_device *d)
{
    json_object_begin(w);
    json_key(w, "endpoint");
    json_put_string(w, d->endpoint);
    json_key(w, "createdAt");
    json_put_time(w, d->created_ms);
    json_key(w, "reachedAt");
    json_put_time(w, d->taken_ms);
    json_object_end(w);
}

static void put_quiet(struct json_writer *w, const struct push_wishes *wishes)
{
    if (!wishes->quiet) {
        json_put_null(w);
        return;
    }
    json_object_begin(w);
    json_key(w, "from");
    put_time(w, wishes->from_min);
    json_key(w, "to");
    put_time(w, wishes->to_min);
    json_key(w, "offsetMinutes");
    json_put_int(w, wishes->zone_min);
    json_object_end(w);
}

static enum err render(struct request *r, struct db *db, struct arena *arena)
{
    struct push_wishes wishes;
    struct push_device *devices;
    size_t count;
    enum err err = pushes_wishes(db, r->caller.user_id, &wishes);
    if (err == ERR_OK)
        err = pushes_devices(db, arena, r->caller.user_id, &devices, &count);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "devices");
    json_array_begin(&w);
    for (size_t i = 0; i < count; i++)
        put_device(&w, &devices[i]);
    json_array_end(&w);
    json_key(&w, "onlyPins");
    json_put_bool(&w, wishes.only_pins);
    json_key(&w, "quietHours");
    put_quiet(&w, &wishes);
    json_object_end(&w);
    r->status = 200;
    return ERR_OK;
}

void push_get(struct request *r)
{
    enum err err = render(r, r->loop->db, r->arena);
    if (err != ERR_OK)
        request_fail(r, err);
    else
        request_reply(r, 200);
}

/* ---- devices ----------------------------------------------------------------------------------------------------- */

static enum err run_add(struct request *r, struct tx *tx)
{
    enum err err = pushes_add_device(tx, r->state);
    return err == ERR_OK ? render(r, tx->db, tx->arena) : err;
}

/* What a browser calls p256dh and auth. */
static bool read_keys(const struct json_value *keys, struct push_device *device)
{
    size_t public_len;
    size_t auth_len;
    return base64url_decode(keys[0].text, keys[0].text_len, device->public_key, sizeof device->public_key,
                            &public_len) &&
           public_len == sizeof device->public_key && p256_is_public(device->public_key) &&
           base64url_decode(keys[1].text, keys[1].text_len, device->auth, sizeof device->auth, &auth_len) &&
           auth_len == sizeof device->auth;
}

void push_add(struct request *r)
{
    enum { ENDPOINT, KEYS, EXPIRES, FIELDS };
    static const struct json_field key_fields[] = {
        {.name = "p256dh", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = 120},
        {.name = "auth", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = 40},
    };
    static const struct json_field fields[FIELDS] = {
        [ENDPOINT] =
            {.name = "endpoint", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = PUSH_ENDPOINT_BYTES_MAX},
        [KEYS] = {.name = "keys", .kind = JSON_KIND_OBJECT, .required = true, .fields = key_fields, .fields_count = 2},
        /* Browsers send it, always null. */
        [EXPIRES] = {.name = "expirationTime", .kind = JSON_KIND_INT, .nullable = true, .max = INT64_MAX},
    };
    struct json_value v[FIELDS];
    struct push_target target;
    struct push_device *device = arena_zalloc(r->arena, sizeof *device);
    if (device == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_json(r, fields, FIELDS, v))
        return;
    if (push_target_parse(v[ENDPOINT].text, r->app->options->push_lenient, &target, &r->problem) != ERR_OK) {
        request_fail(r, ERR_INVALID);
        return;
    }
    if (!read_keys(v[KEYS].values, device)) {
        request_refuse(r, ERR_INVALID, "The fields \"p256dh\" and \"auth\" have to be what the browser gave.");
        return;
    }
    device->user_id = r->caller.user_id;
    device->endpoint = v[ENDPOINT].text;
    r->state = device;
    request_write(r, run_add, NULL);
}

static enum err run_remove(struct request *r, struct tx *tx)
{
    enum err err = pushes_remove_device(tx, r->caller.user_id, r->state);
    return err == ERR_OK ? render(r, tx->db, tx->arena) : err;
}

void push_remove(struct request *r)
{
    static const struct json_field field = {
        .name = "endpoint", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = PUSH_ENDPOINT_BYTES_MAX};
    struct json_value value;
    if (!request_json(r, &field, 1, &value))
        return;
    r->state = (void *)(uintptr_t)value.text;
    request_write(r, run_remove, NULL);
}

/* ---- wishes ------------------------------------------------------------------------------------------------------ */

enum { WISH_ONLY_PINS, WISH_QUIET, WISHES };
enum { QUIET_FROM, QUIET_TO, QUIET_ZONE, QUIET_FIELDS };

/* "00:00" to "23:59". */
static bool read_time(const struct json_value *value, int64_t *minutes)
{
    const char *t = value->text;
    if (value->text_len != TIME_CHARS || t[2] != ':')
        return false;
    for (size_t i = 0; i < TIME_CHARS; i++)
        if (i != 2 && (t[i] < '0' || t[i] > '9'))
            return false;
    *minutes = ((t[0] - '0') * 10 + t[1] - '0') * 60 + (t[3] - '0') * 10 + t[4] - '0';
    return *minutes < 24 * 60 && t[3] < '6';
}

static bool read_quiet(const struct json_value *value, struct push_wishes *wishes)
{
    wishes->quiet = !value->is_null;
    if (value->is_null)
        return true;
    wishes->zone_min = value->values[QUIET_ZONE].number;
    return read_time(&value->values[QUIET_FROM], &wishes->from_min) &&
           read_time(&value->values[QUIET_TO], &wishes->to_min);
}

static enum err run_wish(struct request *r, struct tx *tx)
{
    const struct json_value *v = r->state;
    struct push_wishes wishes;
    enum err err = pushes_wishes(tx->db, r->caller.user_id, &wishes);
    if (v[WISH_ONLY_PINS].present)
        wishes.only_pins = v[WISH_ONLY_PINS].flag;
    if (v[WISH_QUIET].present)
        (void)read_quiet(&v[WISH_QUIET], &wishes);
    if (err == ERR_OK)
        err = pushes_set_wishes(tx, r->caller.user_id, &wishes);
    return err == ERR_OK ? render(r, tx->db, tx->arena) : err;
}

void push_wish(struct request *r)
{
    static const struct json_field quiet[QUIET_FIELDS] = {
        [QUIET_FROM] = {.name = "from", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = 20},
        [QUIET_TO] = {.name = "to", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = 20},
        [QUIET_ZONE] = {.name = "offsetMinutes",
                        .kind = JSON_KIND_INT,
                        .required = true,
                        .min = -ZONE_MIN_MAX,
                        .max = ZONE_MIN_MAX},
    };
    static const struct json_field fields[WISHES] = {
        [WISH_ONLY_PINS] = {.name = "onlyPins", .kind = JSON_KIND_BOOL},
        [WISH_QUIET] = {.name = "quietHours",
                        .kind = JSON_KIND_OBJECT,
                        .nullable = true,
                        .fields = quiet,
                        .fields_count = QUIET_FIELDS},
    };
    struct push_wishes tried = {0};
    struct json_value *v = arena_alloc(r->arena, WISHES * sizeof *v);
    if (v == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_json(r, fields, WISHES, v))
        return;
    if (!v[WISH_ONLY_PINS].present && !v[WISH_QUIET].present) {
        request_refuse(r, ERR_INVALID, "Say what should change: \"onlyPins\" or \"quietHours\".");
        return;
    }
    if (v[WISH_QUIET].present && !read_quiet(&v[WISH_QUIET], &tried)) {
        request_refuse(r, ERR_INVALID, "The fields \"from\" and \"to\" are times such as \"22:30\".");
        return;
    }
    r->state = v;
    request_write(r, run_wish, NULL);
}
