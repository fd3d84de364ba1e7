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
#define WEIGHTS "weight/"
#define FEEDBACK "feedback/"
#define FEEDBACK_NEXT "feedback-next"
#define WEEK "week"
#define KEY_BYTES 200
#define FEEDBACK_PAGE 100
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

static void put_words(struct json_writer *w, const char *const *words, size_t count)
{
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        json_put_string(w, words[i]);
    json_array_end(w);
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
    put_words(&w, p->topics, p->topics_count);
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

enum err member_state_weights(struct db *db, struct arena *arena, int64_t user_id, struct member_weights *out)
{
    char room[32];
    size_t found = 0;
    struct room_value *values = arena_alloc(arena, MEMBER_WEIGHTS_MAX * sizeof *values);
    out->count = 0;
    /* One more than may be there: an opinion adds before it takes away. */
    out->items = arena_alloc(arena, (MEMBER_WEIGHTS_MAX + 1) * sizeof *out->items);
    if (values == NULL || out->items == NULL)
        return ERR_NO_MEMORY;
    member_state_room(user_id, room);
    enum err err = room_store_list(db, arena, room, WEIGHTS, "", MEMBER_WEIGHTS_MAX, values, &found);
    for (size_t i = 0; err == ERR_OK && i < found; i++)
        out->items[out->count++] = (struct member_weight){.topic = values[i].key + sizeof WEIGHTS - 1,
                                                          .tenths = (int)number_in(&values[i])};
    return err;
}

/* The one that is nearest to the default says least; among those the first by its bytes. */
static size_t least_telling(const struct member_weights *weights, const char *but)
{
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < weights->count; i++)
        if (strcmp(weights->items[i].topic, but) != 0 &&
            (least == SIZE_MAX || abs(weights->items[i].tenths - WEIGHT_TENTHS_DEFAULT) <
                                      abs(weights->items[least].tenths - WEIGHT_TENTHS_DEFAULT)))
            least = i;
    return least;
}

static void take_out(struct member_weights *weights, size_t at)
{
    weights->count--;
    memmove(&weights->items[at], &weights->items[at + 1], (weights->count - at) * sizeof *weights->items);
}

/* In memory. `dropped` is the topic that made room, or NULL. */
static int apply_opinion(struct member_weights *weights, const char *topic, bool helpful, const char **dropped)
{
    bool found;
    size_t at = place_of(weights, topic, strlen(topic), &found);
    *dropped = NULL;
    if (!found) {
        memmove(&weights->items[at + 1], &weights->items[at], (weights->count - at) * sizeof *weights->items);
        weights->items[at] = (struct member_weight){.topic = topic, .tenths = WEIGHT_TENTHS_DEFAULT};
        weights->count++;
    }
    int tenths = weights->items[at].tenths = member_state_step(weights->items[at].tenths, helpful);
    if (weights->count > MEMBER_WEIGHTS_MAX) {
        size_t least = least_telling(weights, topic);
        *dropped = weights->items[least].topic;
        take_out(weights, least);
    }
    return tenths;
}

static void weight_key(const char *topic, char out[static KEY_BYTES])
{
    (void)snprintf(out, KEY_BYTES, WEIGHTS "%s", topic);
}

static enum err put_weight(struct tx *tx, int64_t user_id, const char *topic, int tenths)
{
    char key[KEY_BYTES];
    weight_key(topic, key);
    return member_state_set_number(tx, user_id, key, tenths);
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
    put_words(&w, feedback->topics, feedback->topics_count);
    json_object_end(&w);
    return put_record(tx, room, key, &json);
}

/* The first that are kept. */
static enum err oldest_feedback(struct tx *tx, const char *room, struct room_value *out, size_t *found)
{
    return room_store_list(tx->db, tx->arena, room, FEEDBACK, "", FEEDBACK_PAGE, out, found);
}

/* Those of before the days that are kept. `left`: some are. */
static enum err forget_old(struct tx *tx, int64_t user_id, bool *left)
{
    char room[32];
    size_t found = FEEDBACK_PAGE;
    enum err err = ERR_OK;
    struct room_value *page = arena_alloc(tx->arena, FEEDBACK_PAGE * sizeof *page);
    *left = false;
    member_state_room(user_id, room);
    if (page == NULL)
        return ERR_NO_MEMORY;
    while (err == ERR_OK && found == FEEDBACK_PAGE && !*left) {
        err = oldest_feedback(tx, room, page, &found);
        for (size_t i = 0; err == ERR_OK && i < found && !*left; i++) {
            struct member_feedback feedback;
            err = read_feedback(&page[i], tx->arena, &feedback);
            *left = err == ERR_OK && feedback.at_ms > tx->now_ms - FEEDBACK_KEPT_DAYS * DAY_MS;
            if (err == ERR_OK && !*left)
                err = room_store_delete(tx, room, page[i].key);
        }
    }
    return err;
}

/* The newest FEEDBACK_KEPT_MAX: numbers rise by one. */
static enum err forget_beyond(struct tx *tx, const char *room, int64_t newest)
{
    char key[KEY_BYTES];
    feedback_key(newest - FEEDBACK_KEPT_MAX, key);
    return newest < FEEDBACK_KEPT_MAX ? ERR_OK : room_store_delete(tx, room, key);
}

static enum err move_weights(struct tx *tx, int64_t user_id, const struct member_feedback *feedback)
{
    char room[32];
    char key[KEY_BYTES];
    struct member_weights weights;
    enum err err = member_state_weights(tx->db, tx->arena, user_id, &weights);
    member_state_room(user_id, room);
    for (size_t i = 0; err == ERR_OK && i < feedback->topics_count; i++) {
        const char *dropped;
        int tenths = apply_opinion(&weights, feedback->topics[i], feedback->helpful, &dropped);
        err = put_weight(tx, user_id, feedback->topics[i], tenths);
        if (err != ERR_OK || dropped == NULL)
            continue;
        weight_key(dropped, key);
        err = room_store_delete(tx, room, key);
    }
    return err;
}

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

enum err member_state_feedback(struct tx *tx, int64_t user_id, const struct member_feedback *feedback)
{
    char room[32];
    int64_t number = 0;
    member_state_room(user_id, room);
    enum err err = member_state_number(tx->db, tx->arena, user_id, FEEDBACK_NEXT, 0, &number);
    if (err == ERR_OK)
        err = put_feedback(tx, room, number, feedback);
    if (err == ERR_OK)
        err = member_state_set_number(tx, user_id, FEEDBACK_NEXT, number + 1);
    if (err == ERR_OK)
        err = forget_beyond(tx, room, number);
    if (err == ERR_OK)
        err = move_weights(tx, user_id, feedback);
    if (err == ERR_OK)
        err = member_state_enroll(tx, user_id);
    return err != ERR_OK ? err : ring_by(tx, room, next_moment(user_id, tx->now_ms, DAY_MS));
}

/* ---- learning ---------------------------------------------------------------------------------------------------- */

static enum err learn_all(struct tx *tx, const char *room, struct member_weights *weights)
{
    const char *after = "";
    const char *dropped;
    size_t found = FEEDBACK_PAGE;
    enum err err = ERR_OK;
    struct room_value *page = arena_alloc(tx->arena, FEEDBACK_PAGE * sizeof *page);
    if (page == NULL)
        return ERR_NO_MEMORY;
    while (err == ERR_OK && found == FEEDBACK_PAGE) {
        err = room_store_list(tx->db, tx->arena, room, FEEDBACK, after, FEEDBACK_PAGE, page, &found);
        for (size_t i = 0; err == ERR_OK && i < found; i++) {
            struct member_feedback feedback;
            err = read_feedback(&page[i], tx->arena, &feedback);
            for (size_t t = 0; err == ERR_OK && t < feedback.topics_count; t++)
                (void)apply_opinion(weights, feedback.topics[t], feedback.helpful, &dropped);
        }
        after = found > 0 ? page[found - 1].key : after;
    }
    return err;
}

/* The topic; with these tenths, unless that is NULL. */
static bool stands_in(const struct member_weights *weights, const char *topic, const int *tenths)
{
    bool found;
    size_t at = place_of(weights, topic, strlen(topic), &found);
    return found && (tenths == NULL || weights->items[at].tenths == *tenths);
}

enum err member_state_learn(struct tx *tx, int64_t user_id)
{
    char room[32];
    char key[KEY_BYTES];
    struct member_weights before;
    struct member_weights after = {.items = arena_alloc(tx->arena, (MEMBER_WEIGHTS_MAX + 1) * sizeof *after.items)};
    bool left;
    if (after.items == NULL)
        return ERR_NO_MEMORY;
    member_state_room(user_id, room);
    enum err err = forget_old(tx, user_id, &left); /* as if the daily alarm had just rung */
    if (err == ERR_OK)
        err = member_state_weights(tx->db, tx->arena, user_id, &before);
    if (err == ERR_OK)
        err = learn_all(tx, room, &after);
    /* Only what differs is written: mostly that is nothing, and the writer is everybody's. */
    for (size_t i = 0; err == ERR_OK && i < before.count; i++) {
        if (stands_in(&after, before.items[i].topic, NULL))
            continue;
        weight_key(before.items[i].topic, key);
        err = room_store_delete(tx, room, key);
    }
    for (size_t i = 0; err == ERR_OK && i < after.count; i++)
        if (!stands_in(&before, after.items[i].topic, &after.items[i].tenths))
            err = put_weight(tx, user_id, after.items[i].topic, after.items[i].tenths);
    return err;
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
    bool left;
    int64_t told = 0;
    struct member_preferences preferences;
    int64_t week = member_state_week(user_id, tx->now_ms);
    *weekly = false;
    member_state_room(user_id, room);
    enum err err = forget_old(tx, user_id, &left);
    if (err == ERR_OK)
        err = member_state_number(tx->db, tx->arena, user_id, WEEK, week, &told);
    if (err == ERR_OK)
        err = member_state_preferences(tx->db, tx->arena, user_id, &preferences);
    if (err == ERR_OK && week > told)
        err = member_state_set_number(tx, user_id, WEEK, week);
    if (err != ERR_OK)
        return err;
    *weekly = week > told && preferences.weekly_digest;
    return room_store_set_alarm(tx, room, next_moment(user_id, tx->now_ms, left ? DAY_MS : WEEK_MS));
}
