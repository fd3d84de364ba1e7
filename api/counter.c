/*
 * Named counters of a team, by remote call: POST /rpc/counter.NAME with a JSON body.
 *
 * A change goes through the writer and answers with the event that it made; what only asks reads at once. Which team:
 * `teamId`, or the caller's own.
 */
#include "db/counters.h"

#include <string.h>

#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"
#include "db/cursor.h"

#define FIELD_NAME                                                                                                     \
    {                                                                                                                  \
        .name = "name", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = COUNTER_NAME_CHARS_MAX              \
    }
#define FIELD_TEAM                                                                                                     \
    {                                                                                                                  \
        .name = "teamId", .kind = JSON_KIND_ID                                                                         \
    }
#define FIELD_NUMBER(name_, required_, min_)                                                                           \
    {                                                                                                                  \
        .name = (name_), .kind = JSON_KIND_INT, .required = (required_), .min = (min_),                                \
        .max = COUNTER_VALUE_MAX                                                                                       \
    }

/* The team that is meant, if the caller may enter it. false: answered. */
static bool choose_team(struct request *r, const struct json_value *asked, int64_t *team_id)
{
    if (!asked->present && r->caller.teams_count == 0) {
        request_refuse(r, ERR_NOT_FOUND, "You are not in a team. Say which one you mean.");
        return false;
    }
    *team_id = asked->present ? asked->number : r->caller.teams[0];
    return request_may_enter(r, *team_id);
}

static bool check_name(struct request *r, const char *name)
{
    if (!counters_name_is_good(name))
        request_refuse(r, ERR_INVALID, COUNTERS_NAME_RULE);
    return counters_name_is_good(name);
}

/* ---- changing ---------------------------------------------------------------------------------------------------- */

static void write_event(struct request *r, struct json_writer *w, const struct counter_event *event)
{
    /* It names no version of like counts: who goes on from here gets those that matter anew. */
    struct cursor at = {.seq = event->counter.seq, .boot = heads_boot(r->app->heads)};
    char cursor[CURSOR_BYTES_MAX];
    memcpy(at.epoch, heads_epoch(r->app->heads), sizeof at.epoch);
    (void)cursor_format(&at, cursor);
    counters_render_event(w, event, cursor);
}

static enum err run_change(struct request *r, struct tx *tx)
{
    struct counter_event event;
    enum err err = counters_change(tx, r->state, &event);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    write_event(r, &w, &event);
    r->status = 200;
    return ERR_OK;
}

/* `number` NULL: the change has none. */
static void change(struct request *r, enum counter_kind kind, const struct json_field *number)
{
    const struct json_field fields[] = {FIELD_NAME, FIELD_TEAM, number != NULL ? *number : (struct json_field){0}};
    struct json_value values[3] = {0};
    struct counter_order *order = arena_zalloc(r->arena, sizeof *order);
    if (order == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_json(r, fields, number != NULL ? 3 : 2, values) || !check_name(r, values[0].text) ||
        !choose_team(r, &values[1], &order->team_id))
        return;
    order->leads = caller_leads_team(&r->caller, order->team_id);
    if ((kind == COUNTER_SET || kind == COUNTER_RESET) && !order->leads) {
        request_refuse(r, ERR_FORBIDDEN, "Only the coach of this team can set or reset a counter.");
        return;
    }
    order->name = values[0].text;
    order->kind = kind;
    order->number = values[2].present ? values[2].number : kind == COUNTER_RESET ? 0 : 1;
    order->user_id = r->caller.user_id;
    r->state = order;
    request_write(r, run_change, NULL);
}

static const struct json_field amount_field = FIELD_NUMBER("amount", false, 1);
static const struct json_field value_field = FIELD_NUMBER("value", true, -COUNTER_VALUE_MAX);

void counter_increment(struct request *r)
{
    change(r, COUNTER_INCREMENT, &amount_field);
}

void counter_decrement(struct request *r)
{
    change(r, COUNTER_DECREMENT, &amount_field);
}

void counter_set(struct request *r)
{
    change(r, COUNTER_SET, &value_field);
}

void counter_reset(struct request *r)
{
    change(r, COUNTER_RESET, NULL);
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static void answer_err(struct request *r, enum err err)
{
    if (err == ERR_NOT_FOUND)
        request_refuse(r, err, "There is no counter of this name.");
    else
        request_fail(r, err);
}

/* The counter that the body names. false: answered. `fields` begin with name and team. */
static bool find(struct request *r, const struct json_field *fields, size_t count, struct json_value *values,
                 struct counter *out)
{
    int64_t team_id;
    if (!request_json(r, fields, count, values) || !check_name(r, values[0].text) ||
        !choose_team(r, &values[1], &team_id))
        return false;
    enum err err = counters_by_name(r->loop->db, r->arena, team_id, values[0].text, out);
    if (err != ERR_OK)
        answer_err(r, err);
    return err == ERR_OK;
}

static const struct json_field name_fields[] = {FIELD_NAME, FIELD_TEAM};

void counter_value(struct request *r)
{
    struct json_value values[2];
    struct counter counter;
    if (!find(r, name_fields, 2, values, &counter))
        return;
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "name");
    json_put_string(&w, counter.name);
    json_key(&w, "value");
    json_put_int(&w, counter.value);
    json_object_end(&w);
    request_reply(r, 200);
}

void counter_metadata(struct request *r)
{
    struct json_value values[2];
    struct counter counter;
    if (!find(r, name_fields, 2, values, &counter))
        return;
    struct json_writer w = {.out = &r->out};
    counters_render(&w, &counter);
    request_reply(r, 200);
}

static void write_past(struct json_writer *w, const struct counter_event *event)
{
    int64_t amount;
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, event->counter.seq);
    json_key(w, "type");
    json_put_string(w, counters_kind_name(event->kind));
    json_key(w, "amount");
    if (counters_amount(event, &amount))
        json_put_int(w, amount);
    else
        json_put_null(w);
    json_key(w, "value");
    json_put_int(w, event->counter.value);
    json_key(w, "previousValue");
    json_put_int(w, event->previous);
    json_key(w, "userId");
    json_put_id(w, event->user_id);
    json_key(w, "username");
    json_put_string(w, event->user_name);
    json_key(w, "timestamp");
    json_put_time(w, event->counter.updated_ms);
    json_key(w, "operationCount");
    json_put_int(w, event->counter.operations);
    json_object_end(w);
}

void counter_history(struct request *r)
{
    static const struct json_field fields[] = {
        FIELD_NAME,
        FIELD_TEAM,
        {.name = "limit", .kind = JSON_KIND_INT, .min = 1, .max = PAGE_ITEMS_MAX},
        {.name = "page", .kind = JSON_KIND_ID},
    };
    struct json_value values[4];
    struct counter counter;
    struct counter_event *events;
    size_t count;
    if (!find(r, fields, 4, values, &counter))
        return;
    size_t limit = values[2].present ? (size_t)values[2].number : PAGE_ITEMS_DEFAULT;
    enum err err = counters_history(r->loop->db, r->arena, &counter, values[3].number, limit, &events, &count);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct json_writer w = {.out = &r->out};
    render_list_begin(&w);
    for (size_t i = 0; i < count; i++)
        write_past(&w, &events[i]);
    request_reply_list(r, &w, count > 0 ? events[count - 1].counter.seq : 0, count, limit);
}

/* A team's counters fit one page, so there is never a next one. */
void counter_list(struct request *r)
{
    static const struct json_field fields[] = {FIELD_TEAM};
    struct json_value values[1];
    struct counter *counters;
    size_t count;
    int64_t team_id;
    if (!request_json(r, fields, 1, values) || !choose_team(r, &values[0], &team_id))
        return;
    enum err err = counters_of_team(r->loop->db, r->arena, team_id, -1, &counters, &count);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct json_writer w = {.out = &r->out};
    render_list_begin(&w);
    for (size_t i = 0; i < count; i++)
        counters_render(&w, &counters[i]);
    request_reply_list(r, &w, 0, count, COUNTERS_PER_TEAM_MAX + 1);
}
