/* What a member prefers and has taught. See member_state.h. */
#include "db/member_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"

#define DAY_MS INT64_C(86400000)
#define WEEK_MS (7 * DAY_MS)
#define WEEKLY_AT_MS (3 * DAY_MS + INT64_C(5) * 3600000) /* 1970-01-04T05:00Z, a Sunday: read it with the coffee */
#define WEEKLY_SPREAD_MS (INT64_C(4) * 3600000)          /* 10,000 members in so long: less than one a second */

#define PREFERENCES "preferences"
#define WEIGHTS "weights"
#define FEEDBACK "feedback/"
#define FEEDBACK_NEXT "feedback-next"
#define WEEK "week"
#define KEY_BYTES 32
#define NUMBER_BYTES 24
#define RECORD_BYTES_MAX 16384 /* preferences, or a feedback: words and an id */

void member_state_room(int64_t user_id, char out[static 32])
{
    (void)snprintf(out, 32, MEMBER_STATE_ROOMS "%lld", (long long)user_id);
}

bool member_state_parse_room(const char *room, int64_t *user_id)
{
    char again[32];
    if (strncmp(room, MEMBER_STATE_ROOMS, sizeof MEMBER_STATE_ROOMS - 1) != 0)
        return false;
    *user_id = strtoll(room + sizeof MEMBER_STATE_ROOMS - 1, NULL, 10);
    member_state_room(*user_id, again);
    return *user_id > 0 && strcmp(again, room) == 0;
}

/* ---- numbers and records ----------------------------------------------------------------------------------------- */

static int64_t number_in(const struct room_value *value)
{
    char text[NUMBER_BYTES];
    (void)snprintf(text, sizeof text, "%.*s", (int)value->len, (const char *)value->bytes);
    return strtoll(text, NULL, 10);
}

enum err member_state_number(struct db *db, struct arena *arena, int64_t user_id, const char *key, int64_t missing,
                             int64_t *out)
{
    char room[32];
    struct room_value value;
    member_state_room(user_id, room);
    enum err err = room_store_get(db, arena, room, key, &value);
    *out = err == ERR_OK ? number_in(&value) : missing;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err member_state_set_number(struct tx *tx, int64_t user_id, const char *key, int64_t value)
{
    char room[32];
    char text[NUMBER_BYTES];
    member_state_room(user_id, room);
    int len = snprintf(text, sizeof text, "%lld", (long long)value);
    return room_store_put(tx, room, &(struct room_value){.key = key, .bytes = text, .len = (size_t)len});
}

/* What was rendered, which is given back. */
static enum err put_record(struct tx *tx, const char *room, const char *key, struct buf *json)
{
    enum err err = json->failed
                       ? ERR_NO_MEMORY
                       : room_store_put(tx, room,
                                        &(struct room_value){.key = key, .bytes = json->data, .len = json->len});
    buf_clear(json);
    return err;
}

/* What we wrote ourselves: if it cannot be read, that is our fault. */
static enum err read_record(const struct room_value *value, const struct json_field *fields, size_t count,
                            struct json_value *values, struct arena *arena)
{
    enum err err = json_read(value->bytes, value->len, fields, count, values, arena, NULL);
    return err == ERR_OK || err == ERR_NO_MEMORY ? err : ERR_INTERNAL;
}

/* ---- preferences ------------------------------------------------------------------------------------------------- */

enum { PREFERS_MINE, PREFERS_WEEKLY, PREFERS_TOPICS, PREFERENCES_FIELDS };

static const struct json_field preferences_fields[PREFERENCES_FIELDS] = {
    [PREFERS_MINE] = {.name = "mine", .kind = JSON_KIND_BOOL, .required = true},
    [PREFERS_WEEKLY] = {.name = "weekly", .kind = JSON_KIND_BOOL, .required = true},
    [PREFERS_TOPICS] = {.name = "topics",
                        .kind = JSON_KIND_WORDS,
                        .required = true,
                        .max = MEMBER_TOPICS_MAX,
                        .word_max = TOPIC_CHARS_MAX},
};

enum err member_state_preferences(struct db *db, struct arena *arena, int64_t user_id, struct member_preferences *out)
{
    char room[32];
    struct room_value value;
    struct json_value values[PREFERENCES_FIELDS];
    *out = (struct member_preferences){.weekly_digest = true};
    member_state_room(user_id, room);
    enum err err = room_store_get(db, arena, room, PREFERENCES, &value);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    if (err == ERR_OK)
        err = read_record(&value, preferences_fields, PREFERENCES_FIELDS, values, arena);
    if (err == ERR_OK)
        *out = (struct member_preferences){.only_mine = values[PREFERS_MINE].flag,
                                           .weekly_digest = values[PREFERS_WEEKLY].flag,
                                           .topics = values[PREFERS_TOPICS].words,
                                           .topics_count = values[PREFERS_TOPICS].words_count};
    return err;
}

enum err member_state_set_preferences(struct tx *tx, int64_t user_id, const struct member_preferences *p)
{
    char room[32];
    struct buf json;
    buf_init(&json, RECORD_BYTES_MAX);
    struct json_writer w = {.out = &json};
    member_state_room(user_id, room);
    json_object_begin(&w);
    json_key(&w, "mine");
    json_put_bool(&w, p->only_mine);
    json_key(&w, "weekly");
    json_put_bool(&w, p->weekly_digest);
    json_key(&w, "topics");
    json_put_words(&w, p->topics, p->topics_count);
    json_object_end(&w);
    return put_record(tx, room, PREFERENCES, &json);
}

/* ---- weights ----------------------------------------------------------------------------------------------------- */

int member_state_step(int tenths, bool helpful)
{
    int next = tenths + (helpful ? 1 : -1);
    return next < WEIGHT_TENTHS_MIN ? WEIGHT_TENTHS_MIN : next > WEIGHT_TENTHS_MAX ? WEIGHT_TENTHS_MAX : next;
}

/* Where the topic stands, or would. */
static size_t place_of(const struct member_weights *weights, const char *topic, size_t len, bool *found)
{
    size_t low = 0;
    size_t high = weights->count;
    *found = false;
    while (low < high && !*found) {
        size_t middle = (low + high) / 2;
        const char *there = weights->items[middle].topic;
        int order = strncmp(there, topic, len);
        if (order == 0 && there[len] != '\0')
            order = 1;
        *found = order == 0;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return high;
}

int member_state_weight(const struct member_weights *weights, const char *topic, size_t len)
{
    bool found;
    size_t place = place_of(weights, topic, len, &found);
    return found ? weights->items[place].tenths : WEIGHT_TENTHS_DEFAULT;
}

bool member_state_shows(const struct member_weights *weights, const char *topics)
{
    if (*topics == '\0')
        return true;
    while (*topics != '\0') {
        size_t len = strcspn(topics, " ");
        if (member_state_weight(weights, topics, len) >= WEIGHT_TENTHS_SHOWN)
            return true;
        topics += len;
        topics += *topics == ' ';
    }
    return false;
}

/* As stored: "11 garden 9 lake", in the order of the topics' bytes, which have no blanks. */
static enum err parse_weights(char *text, struct member_weights *out)
{
    out->count = 0;
    for (char *at = text; *at != '\0' && out->count < MEMBER_WEIGHTS_MAX;) {
        char *topic;
        long tenths = strtol(at, &topic, 10);
        if (*topic++ != ' ' || *topic == '\0' || tenths < WEIGHT_TENTHS_MIN || tenths > WEIGHT_TENTHS_MAX)
            return ERR_INTERNAL;
        at = topic + strcspn(topic, " ");
        if (*at != '\0')
            *at++ = '\0';
        out->items[out->count++] = (struct member_weight){.topic = topic, .tenths = (int)tenths};
    }
    return ERR_OK;
}

enum err member_state_weights(struct db *db, struct arena *arena, int64_t user_id, struct member_weights *out)
{
    char room[32];
    struct room_value value;
    out->count = 0;
    /* One more than may be there: an opinion adds before it takes away. */
    out->items = arena_alloc(arena, (MEMBER_WEIGHTS_MAX + 1) * sizeof *out->items);
    if (out->items == NULL)
        return ERR_NO_MEMORY;
    member_state_room(user_id, room);
    enum err err = room_store_get(db, arena, room, WEIGHTS, &value);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    char *text = arena_printf(arena, "%.*s", (int)value.len, (const char *)value.bytes);
    return text == NULL ? ERR_NO_MEMORY : parse_weights(text, out);
}

static enum err put_weights(struct tx *tx, const char *room, const struct member_weights *weights)
{
    struct buf text;
    buf_init(&text, ROOM_VALUE_BYTES_MAX);
    for (size_t i = 0; i < weights->count; i++)
        buf_printf(&text, "%s%d %s", i > 0 ? " " : "", weights->items[i].tenths, weights->items[i].topic);
    return put_record(tx, room, WEIGHTS, &text);
}

/* The one that is nearest to the default says least; among those the first by its bytes. Not the one at `but`. */
static size_t least_telling(const struct member_weights *weights, size_t but)
{
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < weights->count; i++)
        if (i != but && (least == SIZE_MAX || abs(weights->items[i].tenths - WEIGHT_TENTHS_DEFAULT) <
                                                  abs(weights->items[least].tenths - WEIGHT_TENTHS_DEFAULT)))
            least = i;
    return least;
}

static void take_out(struct member_weights *weights, size_t at)
{
    weights->count--;
    memmove(&weights->items[at], &weights->items[at + 1], (weights->count - at) * sizeof *weights->items);
}

/* In memory. Beyond MEMBER_WEIGHTS_MAX another one makes room. */
static void set_weight(struct member_weights *weights, const char *topic, int tenths)
{
    bool found;
    size_t at = place_of(weights, topic, strlen(topic), &found);
    if (!found) {
        memmove(&weights->items[at + 1], &weights->items[at], (weights->count - at) * sizeof *weights->items);
        weights->count++;
    }
    weights->items[at] = (struct member_weight){.topic = found ? weights->items[at].topic : topic, .tenths = tenths};
    if (weights->count > MEMBER_WEIGHTS_MAX)
        take_out(weights, least_telling(weights, at));
}

static void apply_feedback(struct member_weights *weights, const struct member_feedback *feedback)
{
    for (size_t i = 0; i < feedback->topics_count; i++) {
        const char *topic = feedback->topics[i];
        int tenths = member_state_weight(weights, topic, strlen(topic));
        set_weight(weights, topic, member_state_step(tenths, feedback->helpful));
    }
}

/* ---- feedback ---------------------------------------------------------------------------------------------------- */

enum { FEEDBACK_AT, FEEDBACK_ARTICLE, FEEDBACK_HELPFUL, FEEDBACK_TOPICS, FEEDBACK_FIELDS };

static const struct json_field feedback_fields[FEEDBACK_FIELDS] = {
    [FEEDBACK_AT] = {.name = "at", .kind = JSON_KIND_INT, .required = true, .max = INT64_MAX},
    [FEEDBACK_ARTICLE] = {.name = "article", .kind = JSON_KIND_LINE, .required = true, .max = ARTICLE_ID_CHARS_MAX},
    [FEEDBACK_HELPFUL] = {.name = "helpful", .kind = JSON_KIND_BOOL, .required = true},
    [FEEDBACK_TOPICS] = {.name = "topics",
                         .kind = JSON_KIND_WORDS,
                         .required = true,
                         .max = ARTICLE_TOPICS_MAX,
                         .word_max = TOPIC_CHARS_MAX},
};

static void feedback_key(int64_t number, char out[static KEY_BYTES])
{
    (void)snprintf(out, KEY_BYTES, FEEDBACK "%015lld", (long long)number);
}

static enum err read_feedback(const struct room_value *value, struct arena *arena, struct member_feedback *out)
{
    struct json_value values[FEEDBACK_FIELDS];
    enum err err = read_record(value, feedback_fields, FEEDBACK_FIELDS, values, arena);
    if (err == ERR_OK)
        *out = (struct member_feedback){.at_ms = values[FEEDBACK_AT].number,
                                        .article_id = values[FEEDBACK_ARTICLE].text,
                                        .helpful = values[FEEDBACK_HELPFUL].flag,
                                        .topics = values[FEEDBACK_TOPICS].words,
                                        .topics_count = values[FEEDBACK_TOPICS].words_count};
    return err;
}

static enum err put_feedback(struct tx *tx, const char *room, int64_t number, const struct member_feedback *feedback)
{
    char key[KEY_BYTES];
    struct buf json;
    buf_init(&json, RECORD_BYTES_MAX);
    struct json_writer w = {.out = &json};
    feedback_key(number, key);
    json_object_begin(&w);
    json_key(&w, "at");
    json_put_int(&w, tx->now_ms);
    json_key(&w, "article");
    json_put_string(&w, feedback->article_id);
    json_key(&w, "helpful");
    json_put_bool(&w, feedback->helpful);
    json_key(&w, "topics");
    json_put_words(&w, feedback->topics, feedback->topics_count);
    json_object_end(&w);
    return put_record(tx, room, key, &json);
}

/* What is stored, in order. */
struct history {
    struct room_value *rows;
    struct member_feedback *items;
    size_t count;
};

static enum err read_history(struct tx *tx, const char *room, struct history *out)
{
    *out = (struct history){.rows = arena_alloc(tx->arena, FEEDBACK_KEPT_MAX * sizeof *out->rows),
                            .items = arena_alloc(tx->arena, (FEEDBACK_KEPT_MAX + 1) * sizeof *out->items)};
    if (out->rows == NULL || out->items == NULL)
        return ERR_NO_MEMORY;
    enum err err = room_store_list(tx->db, tx->arena, room, FEEDBACK, "", FEEDBACK_KEPT_MAX, out->rows, &out->count);
    for (size_t i = 0; err == ERR_OK && i < out->count; i++)
        err = read_feedback(&out->rows[i], tx->arena, &out->items[i]);
    return err;
}

/* Numbers up to that one. */
static enum err forget_to(struct tx *tx, const char *room, const char *key)
{
    return room_store_delete_range(tx, room, FEEDBACK, key);
}

static size_t count_old(const struct history *h, int64_t now_ms)
{
    size_t old = 0;
    while (old < h->count && h->items[old].at_ms <= now_ms - FEEDBACK_KEPT_DAYS * DAY_MS)
        old++;
    return old;
}

/* Those of before the days that are kept; `history` is what is left. */
static enum err forget_old(struct tx *tx, const char *room, struct history *history)
{
    enum err err = read_history(tx, room, history);
    size_t old = err == ERR_OK ? count_old(history, tx->now_ms) : 0;
    if (old == 0)
        return err;
    err = forget_to(tx, room, history->rows[old - 1].key);
    history->rows += old;
    history->items += old;
    history->count -= old;
    return err;
}

/* ---- an answer that was changed ---------------------------------------------------------------------------------- */

static bool is_about(const struct member_feedback *feedback, const char *topic)
{
    for (size_t i = 0; i < feedback->topics_count; i++)
        if (strcmp(feedback->topics[i], topic) == 0)
            return true;
    return false;
}

/* A topic's weight after all that is stored of it; `any`: something is. */
static int replay(const struct history *h, const char *topic, int tenths, bool *any)
{
    *any = false;
    for (size_t i = 0; i < h->count; i++)
        if (is_about(&h->items[i], topic)) {
            tenths = member_state_step(tenths, h->items[i].helpful);
            *any = true;
        }
    return tenths;
}

/*
 * What a weight was before all that is stored: what is forgotten has moved it. Steps stop at the bounds, so that
 * several may have led there, and it is the nearest to the default of them; the default itself while nothing is
 * forgotten.
 */
static int weight_before(const struct history *h, const char *topic, int tenths)
{
    bool any;
    for (int away = 0; away < WEIGHT_TENTHS_MAX; away++)
        for (int sign = -1; sign <= 1; sign += 2) {
            int from = WEIGHT_TENTHS_DEFAULT + sign * away;
            bool possible = from >= WEIGHT_TENTHS_MIN && from <= WEIGHT_TENTHS_MAX;
            if (possible && replay(h, topic, from, &any) == tenths)
                return from;
        }
    return WEIGHT_TENTHS_DEFAULT; /* it made room for others since */
}

/* As if what is stored now had been said in that order, and nothing else. */
static void move_weight(struct member_weights *weights, const struct history *before, const struct history *now,
                        const char *topic)
{
    bool found;
    bool any;
    size_t at = place_of(weights, topic, strlen(topic), &found);
    int from = weight_before(before, topic, member_state_weight(weights, topic, strlen(topic)));
    int tenths = replay(now, topic, from, &any);
    if (any || tenths != WEIGHT_TENTHS_DEFAULT)
        set_weight(weights, topic, tenths);
    else if (found)
        take_out(weights, at);
}

/* Without what was said of this article, and with what is said now. */
static enum err replace(struct tx *tx, const char *room, const struct history *before,
                        const struct member_feedback *feedback, struct history *now)
{
    enum err err = ERR_OK;
    *now = (struct history){.items = arena_alloc(tx->arena, (FEEDBACK_KEPT_MAX + 1) * sizeof *now->items)};
    if (now->items == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; err == ERR_OK && i < before->count; i++) {
        if (strcmp(before->items[i].article_id, feedback->article_id) == 0)
            err = room_store_delete(tx, room, before->rows[i].key);
        else
            now->items[now->count++] = before->items[i];
    }
    now->items[now->count++] = *feedback;
    return err;
}

/* The newest answer about the same article, or NULL. */
static const struct member_feedback *find_answer(const struct history *h, const char *article_id)
{
    for (size_t i = h->count; i-- > 0;)
        if (strcmp(h->items[i].article_id, article_id) == 0)
            return &h->items[i];
    return NULL;
}

static bool same_answer(const struct member_feedback *a, const struct member_feedback *b)
{
    bool same = a->helpful == b->helpful && a->topics_count == b->topics_count;
    for (size_t i = 0; same && i < a->topics_count; i++)
        same = is_about(b, a->topics[i]);
    return same;
}

static enum err change_answer(struct tx *tx, const char *room, const struct history *before,
                              const struct member_feedback *feedback, struct member_weights *weights)
{
    struct history now;
    enum err err = replace(tx, room, before, feedback, &now);
    for (size_t i = 0; err == ERR_OK && i < before->count; i++)
        if (strcmp(before->items[i].article_id, feedback->article_id) == 0)
            for (size_t t = 0; t < before->items[i].topics_count; t++)
                if (!is_about(feedback, before->items[i].topics[t]))
                    move_weight(weights, before, &now, before->items[i].topics[t]);
    for (size_t t = 0; err == ERR_OK && t < feedback->topics_count; t++)
        move_weight(weights, before, &now, feedback->topics[t]);
    return err;
}

/* ---- keeping it -------------------------------------------------------------------------------------------------- */

static int64_t moment_of(int64_t user_id)
{
    char text[NUMBER_BYTES];
    (void)snprintf(text, sizeof text, "%lld", (long long)user_id);
    return WEEKLY_AT_MS + (int64_t)(hash_text(text, 0) % (uint64_t)WEEKLY_SPREAD_MS);
}

/* The next of the member's moments, one a `period_ms`, after now. */
static int64_t next_moment(int64_t user_id, int64_t now_ms, int64_t period_ms)
{
    int64_t at_ms = moment_of(user_id);
    return now_ms < at_ms ? at_ms : at_ms + ((now_ms - at_ms) / period_ms + 1) * period_ms;
}

/* No later than that. */
static enum err ring_by(struct tx *tx, const char *room, int64_t due_ms)
{
    int64_t set_ms;
    enum err err = room_store_alarm(tx->db, room, &set_ms);
    return err != ERR_OK || (set_ms != 0 && set_ms <= due_ms) ? err : room_store_set_alarm(tx, room, due_ms);
}

/* As the newest. */
static enum err keep(struct tx *tx, const char *room, int64_t user_id, const struct member_feedback *feedback)
{
    int64_t number = 0;
    enum err err = member_state_number(tx->db, tx->arena, user_id, FEEDBACK_NEXT, 0, &number);
    if (err == ERR_OK)
        err = put_feedback(tx, room, number, feedback);
    return err != ERR_OK ? err : member_state_set_number(tx, user_id, FEEDBACK_NEXT, number + 1);
}

enum err member_state_feedback(struct tx *tx, int64_t user_id, const struct member_feedback *feedback)
{
    char room[32];
    struct history history;
    struct member_weights weights;
    member_state_room(user_id, room);
    enum err err = read_history(tx, room, &history);
    if (err == ERR_OK)
        err = member_state_weights(tx->db, tx->arena, user_id, &weights);
    if (err != ERR_OK)
        return err;
    const struct member_feedback *answer = find_answer(&history, feedback->article_id);
    if (answer != NULL && same_answer(answer, feedback))
        return ERR_OK;
    if (answer == NULL)
        apply_feedback(&weights, feedback);
    else
        err = change_answer(tx, room, &history, feedback, &weights);
    if (err == ERR_OK && answer == NULL && history.count == FEEDBACK_KEPT_MAX)
        err = forget_to(tx, room, history.rows[0].key);
    if (err == ERR_OK)
        err = put_weights(tx, room, &weights);
    if (err == ERR_OK)
        err = keep(tx, room, user_id, feedback);
    if (err == ERR_OK)
        err = member_state_enroll(tx, user_id);
    return err != ERR_OK ? err : ring_by(tx, room, next_moment(user_id, tx->now_ms, DAY_MS));
}

/* ---- learning ---------------------------------------------------------------------------------------------------- */

static bool same_weights(const struct member_weights *a, const struct member_weights *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = a->items[i].tenths == b->items[i].tenths && strcmp(a->items[i].topic, b->items[i].topic) == 0;
    return same;
}

enum err member_state_learn(struct tx *tx, int64_t user_id)
{
    char room[32];
    struct history history;
    struct member_weights before;
    struct member_weights after = {.items = arena_alloc(tx->arena, (MEMBER_WEIGHTS_MAX + 1) * sizeof *after.items)};
    if (after.items == NULL)
        return ERR_NO_MEMORY;
    member_state_room(user_id, room);
    enum err err = forget_old(tx, room, &history); /* as if the daily alarm had just rung */
    if (err == ERR_OK)
        err = member_state_weights(tx->db, tx->arena, user_id, &before);
    for (size_t i = 0; err == ERR_OK && i < history.count; i++)
        apply_feedback(&after, &history.items[i]);
    /* Mostly nothing differs, and the writer is everybody's. */
    return err != ERR_OK || same_weights(&before, &after) ? err : put_weights(tx, room, &after);
}

/* ---- alarm ------------------------------------------------------------------------------------------------------- */

int64_t member_state_week(int64_t user_id, int64_t now_ms)
{
    int64_t at_ms = moment_of(user_id);
    return now_ms < at_ms ? -1 : (now_ms - at_ms) / WEEK_MS;
}

int64_t member_state_week_ms(int64_t user_id, int64_t week)
{
    return moment_of(user_id) + week * WEEK_MS;
}

enum err member_state_enroll(struct tx *tx, int64_t user_id)
{
    char room[32];
    int64_t due_ms;
    member_state_room(user_id, room);
    enum err err = room_store_alarm(tx->db, room, &due_ms);
    if (err != ERR_OK || due_ms != 0)
        return err;
    err = member_state_set_number(tx, user_id, WEEK, member_state_week(user_id, tx->now_ms));
    return err != ERR_OK ? err : room_store_set_alarm(tx, room, next_moment(user_id, tx->now_ms, WEEK_MS));
}

enum err member_state_ring(struct tx *tx, int64_t user_id, bool *weekly)
{
    char room[32];
    struct history left;
    int64_t told = 0;
    struct member_preferences preferences;
    int64_t week = member_state_week(user_id, tx->now_ms);
    *weekly = false;
    member_state_room(user_id, room);
    enum err err = forget_old(tx, room, &left);
    if (err == ERR_OK)
        err = member_state_number(tx->db, tx->arena, user_id, WEEK, week, &told);
    if (err == ERR_OK)
        err = member_state_preferences(tx->db, tx->arena, user_id, &preferences);
    if (err == ERR_OK && week > told)
        err = member_state_set_number(tx, user_id, WEEK, week);
    if (err != ERR_OK)
        return err;
    *weekly = week > told && preferences.weekly_digest;
    return room_store_set_alarm(tx, room, next_moment(user_id, tx->now_ms, left.count > 0 ? DAY_MS : WEEK_MS));
}
