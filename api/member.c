/*
 * What a member prefers and has taught: preferences, feedback, weights. Kept in rooms.db (db/member_state.h), in both
 * modes.
 */
#include "db/member_state.h"

#include <stdio.h>
#include <string.h>

#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"

/* ---- preferences ------------------------------------------------------------------------------------------------- */

static enum err render_preferences(struct request *r, struct db *db, struct arena *arena)
{
    struct member_preferences p;
    enum err err = member_state_preferences(db, arena, r->caller.user_id, &p);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "feed");
    json_put_string(&w, p.only_mine ? "mine" : "everything");
    json_key(&w, "weeklyDigest");
    json_put_bool(&w, p.weekly_digest);
    json_key(&w, "topics");
    json_put_words(&w, p.topics, p.topics_count);
    json_object_end(&w);
    return ERR_OK;
}

void member_preferences_get(struct request *r)
{
    enum err err = render_preferences(r, r->loop->rooms_db, r->arena);
    if (err != ERR_OK)
        request_fail(r, err);
    else
        request_reply(r, 200);
}

enum { PREFERS_FEED, PREFERS_WEEKLY, PREFERS_TOPICS, PREFERENCES_FIELDS };

static enum err run_preferences(struct request *r, struct tx *tx)
{
    const struct json_value *v = r->state;
    struct member_preferences p;
    enum err err = member_state_preferences(tx->db, tx->arena, r->caller.user_id, &p);
    if (v[PREFERS_FEED].present)
        p.only_mine = strcmp(v[PREFERS_FEED].text, "mine") == 0;
    if (v[PREFERS_WEEKLY].present)
        p.weekly_digest = v[PREFERS_WEEKLY].flag;
    if (v[PREFERS_TOPICS].present) {
        p.topics = v[PREFERS_TOPICS].words;
        p.topics_count = v[PREFERS_TOPICS].words_count;
    }
    if (err == ERR_OK)
        err = member_state_set_preferences(tx, r->caller.user_id, &p);
    r->status = 200;
    return err == ERR_OK ? render_preferences(r, tx->db, tx->arena) : err;
}

void member_preferences_put(struct request *r)
{
    static const struct json_field fields[PREFERENCES_FIELDS] = {
        [PREFERS_FEED] = {.name = "feed", .kind = JSON_KIND_LINE, .max = 20},
        [PREFERS_WEEKLY] = {.name = "weeklyDigest", .kind = JSON_KIND_BOOL},
        [PREFERS_TOPICS] = {.name = "topics",
                            .kind = JSON_KIND_WORDS,
                            .max = MEMBER_TOPICS_MAX,
                            .word_max = TOPIC_CHARS_MAX},
    };
    struct json_value *v = arena_alloc(r->arena, PREFERENCES_FIELDS * sizeof *v);
    if (v == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_json(r, fields, PREFERENCES_FIELDS, v))
        return;
    const char *feed = v[PREFERS_FEED].present ? v[PREFERS_FEED].text : NULL;
    if (feed != NULL && strcmp(feed, "mine") != 0 && strcmp(feed, "everything") != 0) {
        request_refuse(r, ERR_INVALID, "The field \"feed\" is \"everything\" or \"mine\".");
        return;
    }
    if (feed == NULL && !v[PREFERS_WEEKLY].present && !v[PREFERS_TOPICS].present) {
        request_refuse(r, ERR_INVALID, "Say what should change: \"feed\", \"weeklyDigest\" or \"topics\".");
        return;
    }
    r->state = v;
    request_write_rooms(r, run_preferences, NULL);
}

/* ---- weights ----------------------------------------------------------------------------------------------------- */

/* Tenths as a decimal fraction: what is added up stays an integer. */
static void put_tenths(struct json_writer *w, int tenths)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%d.%d", tenths / 10, tenths % 10);
    json_put_raw(w, text, (size_t)len);
}

static enum err render_weights(struct request *r, struct db *db, struct arena *arena)
{
    struct member_weights weights;
    enum err err = member_state_weights(db, arena, r->caller.user_id, &weights);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "weights");
    json_object_begin(&w);
    for (size_t i = 0; i < weights.count; i++) {
        json_key(&w, weights.items[i].topic);
        put_tenths(&w, weights.items[i].tenths);
    }
    json_object_end(&w);
    json_object_end(&w);
    r->status = 200;
    return ERR_OK;
}

void member_weights(struct request *r)
{
    enum err err = render_weights(r, r->loop->rooms_db, r->arena);
    if (err != ERR_OK)
        request_fail(r, err);
    else
        request_reply(r, 200);
}

static enum err run_learn(struct request *r, struct tx *tx)
{
    enum err err = member_state_learn(tx, r->caller.user_id);
    return err == ERR_OK ? render_weights(r, tx->db, tx->arena) : err;
}

void member_learn(struct request *r)
{
    if (request_json(r, NULL, 0, NULL))
        request_write_rooms(r, run_learn, NULL);
}

/* ---- feedback ---------------------------------------------------------------------------------------------------- */

static enum err run_feedback(struct request *r, struct tx *tx)
{
    enum err err = member_state_feedback(tx, r->caller.user_id, r->state);
    return err == ERR_OK ? render_weights(r, tx->db, tx->arena) : err;
}

void member_feedback(struct request *r)
{
    enum { ARTICLE, OPINION, TOPICS, FIELDS };
    static const struct json_field fields[FIELDS] = {
        [ARTICLE] =
            {.name = "articleId", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = ARTICLE_ID_CHARS_MAX},
        [OPINION] = {.name = "feedback", .kind = JSON_KIND_LINE, .required = true, .max = 20},
        [TOPICS] = {.name = "topics",
                    .kind = JSON_KIND_WORDS,
                    .required = true,
                    .max = FEEDBACK_TOPICS_MAX,
                    .word_max = TOPIC_CHARS_MAX},
    };
    struct json_value v[FIELDS];
    struct member_feedback *f = arena_alloc(r->arena, sizeof *f);
    if (f == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_json(r, fields, FIELDS, v))
        return;
    *f = (struct member_feedback){.article_id = v[ARTICLE].text,
                                  .helpful = strcmp(v[OPINION].text, "helpful") == 0,
                                  .topics = v[TOPICS].words,
                                  .topics_count = v[TOPICS].words_count};
    if (!f->helpful && strcmp(v[OPINION].text, "not_helpful") != 0) {
        request_refuse(r, ERR_INVALID, "The field \"feedback\" is none of the two opinions there are.");
        return;
    }
    r->state = f;
    request_write_rooms(r, run_feedback, NULL);
}
