/*
 * The live numbers, for admins. See numbers.h.
 */
#include "api/numbers.h"

#include <stdio.h>
#include <string.h>

#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "base/json.h"

void numbers_sample(struct loop *loop)
{
    struct app *app = loop->app;
    size_t people;
    size_t teams;
    if (!samples_due(&app->samples, loop->now_ms))
        return;
    presence_totals(app->presence, loop->now_ms, &people, &teams);
    struct samples_reading reading = {
        .now_ms = loop->now_ms,
        .wall_ms = loop->wall_ms,
        .here = (int64_t)people,
        .sockets = app->realtime == NULL ? 0 : (int64_t)realtime_sockets(app->realtime),
        .stage = shed_stage(&app->shed),
        .likes_flushed = atomic_load(&likes_stats(app->likes)->flushed),
    };
    metrics_sum(loop->server, &reading.totals);
    samples_add(&app->samples, &reading);
}

enum err numbers_read(struct samples *samples, struct db *db, int64_t now_ms, struct arena *arena, struct numbers *out)
{
    struct sample *copy = arena_alloc(arena, SAMPLES_KEPT * sizeof *copy);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    out->samples = copy;
    out->samples_count = samples == NULL ? 0 : samples_copy(samples, copy);
    return users_days(db, now_ms, out->days);
}

/* ---- as JSON ----------------------------------------------------------------------------------------------------- */

const char *numbers_tenths(int64_t tenths, char out[static NUMBERS_TENTHS_BYTES])
{
    (void)snprintf(out, NUMBERS_TENTHS_BYTES, "%lld.%lld", (long long)(tenths / 10), (long long)(tenths % 10));
    return out;
}

const char *numbers_day(int64_t day, char out[static NUMBERS_DAY_BYTES])
{
    char time[CLOCK_TEXT_BYTES];
    clock_format(day * ACTIVITY_DAY_MS, time);
    memcpy(out, time, NUMBERS_DAY_BYTES - 1);
    out[NUMBERS_DAY_BYTES - 1] = '\0';
    return out;
}

static void put_int(struct json_writer *w, const char *key, int64_t value)
{
    json_key(w, key);
    json_put_int(w, value);
}

static void put_tenths(struct json_writer *w, const char *key, int64_t tenths)
{
    char text[NUMBERS_TENTHS_BYTES];
    json_key(w, key);
    if (tenths < 0)
        json_put_null(w);
    else
        json_put_raw(w, text, strlen(numbers_tenths(tenths, text)));
}

static void put_sample(struct json_writer *w, const struct sample *s)
{
    json_object_begin(w);
    json_key(w, "at");
    json_put_time(w, s->at_ms);
    put_int(w, "here", s->here);
    put_int(w, "sockets", s->sockets);
    put_tenths(w, "pollsPerSecond", s->polls_tenths);
    put_tenths(w, "p50Ms", s->p50_tenths_ms);
    put_tenths(w, "p99Ms", s->p99_tenths_ms);
    put_int(w, "likesFlushed", s->likes_flushed);
    put_int(w, "loadStage", s->stage);
    json_object_end(w);
}

static void put_day(struct json_writer *w, const struct engagement_day *day)
{
    char text[NUMBERS_DAY_BYTES];
    json_object_begin(w);
    json_key(w, "day");
    json_put_string(w, numbers_day(day->day, text));
    put_int(w, "members", day->members);
    json_object_end(w);
}

void numbers_write(const struct numbers *n, struct buf *out)
{
    struct json_writer w = {.out = out};
    json_object_begin(&w);
    put_int(&w, "every", SAMPLE_EVERY_MS / 1000);
    json_key(&w, "items");
    json_array_begin(&w);
    for (size_t i = 0; i < n->samples_count; i++)
        put_sample(&w, &n->samples[i]);
    json_array_end(&w);
    json_key(&w, "days");
    json_array_begin(&w);
    for (size_t i = 0; i < ENGAGEMENT_DAYS; i++)
        put_day(&w, &n->days[i]);
    json_array_end(&w);
    json_object_end(&w);
}

void numbers_get(struct request *r)
{
    struct numbers numbers;
    enum err err = numbers_read(&r->app->samples, r->loop->db, r->loop->wall_ms, r->arena, &numbers);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    numbers_write(&numbers, &r->out);
    request_reply(r, 200);
}
