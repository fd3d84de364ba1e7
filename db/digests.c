/* Digest jobs. See digests.h. */
#include "db/digests.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "db/member_state.h"

#define JOB "job"
#define ARTICLES "article/"
#define LISTED "digest/"          /* keys of the member's room */
#define NUMBER_NEXT "digest-next" /* likewise */
#define KEY_BYTES 40
#define JOB_BYTES_MAX 16384       /* words, a step and an error, escaped */
#define TIMED_OUT "Job timed out" /* DESIGN's words */
#define NOT_MADE "The digest could not be made."
#define BEGIN_STEP "Reading what your team wrote"
#define WAITS_STEP "Waiting for its turn"

static_assert(6 * (ARTICLE_TITLE_CHARS_MAX + ARTICLE_SUMMARY_CHARS_MAX + ARTICLE_LINK_CHARS_MAX) * 2 + 8192 <=
                  ROOM_VALUE_BYTES_MAX,
              "the longest article, all of it escaped, is a value");

/* ---- names ------------------------------------------------------------------------------------------------------- */

bool digests_parse_room(const char *room, struct digest_id *out)
{
    size_t len = sizeof DIGESTS_ROOMS - 1;
    return strncmp(room, DIGESTS_ROOMS, len) == 0 && digest_id_parse(room + len, out);
}

static void room_of(const struct digest_id *id, char out[static ROOM_NAME_BYTES_MAX])
{
    char text[DIGEST_ID_BYTES];
    digest_id_format(id, text);
    (void)snprintf(out, ROOM_NAME_BYTES_MAX, DIGESTS_ROOMS "%s", text);
}

static void listed_key(int64_t number, char out[static KEY_BYTES])
{
    (void)snprintf(out, KEY_BYTES, LISTED "%019lld", (long long)number);
}

static const char *const status_names[] = {[DIGEST_PENDING] = "pending",
                                           [DIGEST_IN_PROGRESS] = "in_progress",
                                           [DIGEST_COMPLETED] = "completed",
                                           [DIGEST_FAILED] = "failed"};

const char *digests_status_name(enum digest_status status)
{
    return status_names[status];
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static void put_text(struct json_writer *w, const char *key, const char *text)
{
    json_key(w, key);
    json_put_string(w, text);
}

static void put_number(struct json_writer *w, const char *key, int64_t number)
{
    json_key(w, key);
    json_put_int(w, number);
}

static void put_words(struct json_writer *w, const char *key, const char *const *words, size_t count)
{
    json_key(w, key);
    json_put_words(w, words, count);
}

enum {
    JOB_TOPICS,
    JOB_BUILT_IN,
    JOB_WEEKLY,
    JOB_STATUS,
    JOB_PROGRESS,
    JOB_STEP,
    JOB_ERROR,
    JOB_ARTICLES,
    JOB_STARTED,
    JOB_UPDATED,
    JOB_COMPLETED,
    JOB_BEGUN,
    JOB_FIELDS
};

static const struct json_field job_fields[JOB_FIELDS] = {
    [JOB_TOPICS] = {.name = "topics",
                    .kind = JSON_KIND_WORDS,
                    .required = true,
                    .max = MEMBER_TOPICS_MAX,
                    .word_max = TOPIC_CHARS_MAX},
    [JOB_BUILT_IN] = {.name = "builtIn", .kind = JSON_KIND_BOOL, .required = true},
    [JOB_WEEKLY] = {.name = "weekly", .kind = JSON_KIND_BOOL, .required = true},
    [JOB_STATUS] = {.name = "status", .kind = JSON_KIND_INT, .required = true, .max = DIGEST_FAILED},
    [JOB_PROGRESS] = {.name = "progress", .kind = JSON_KIND_INT, .required = true, .max = 100},
    [JOB_STEP] = {.name = "step", .kind = JSON_KIND_TEXT, .required = true, .max = DIGEST_STEP_CHARS_MAX},
    [JOB_ERROR] =
        {.name = "error", .kind = JSON_KIND_TEXT, .required = true, .nullable = true, .max = DIGEST_ERROR_CHARS_MAX},
    [JOB_ARTICLES] = {.name = "articles", .kind = JSON_KIND_INT, .required = true, .max = DIGEST_ARTICLES_MAX},
    [JOB_STARTED] = {.name = "started", .kind = JSON_KIND_INT, .required = true, .max = INT64_MAX},
    [JOB_UPDATED] = {.name = "updated", .kind = JSON_KIND_INT, .required = true, .max = INT64_MAX},
    [JOB_COMPLETED] = {.name = "completed", .kind = JSON_KIND_INT, .required = true, .max = INT64_MAX},
    [JOB_BEGUN] = {.name = "begun", .kind = JSON_KIND_INT, .max = INT64_MAX},
};

/* What we wrote ourselves: if it cannot be read, that is our fault. What a line may be is asked where it comes in. */
static enum err read_record(const struct room_value *value, const struct json_field *fields, size_t count,
                            struct json_value *values, struct arena *arena)
{
    enum err err = json_read(value->bytes, value->len, fields, count, values, arena, NULL);
    return err == ERR_OK || err == ERR_NO_MEMORY ? err : ERR_INTERNAL;
}

enum err digests_get(struct db *db, struct arena *arena, const struct digest_id *id, struct digest *out)
{
    char room[ROOM_NAME_BYTES_MAX];
    struct room_value value;
    struct json_value v[JOB_FIELDS];
    room_of(id, room);
    enum err err = room_store_get(db, arena, room, JOB, &value);
    if (err == ERR_OK)
        err = read_record(&value, job_fields, JOB_FIELDS, v, arena);
    if (err == ERR_OK)
        *out = (struct digest){.id = *id,
                               .topics = v[JOB_TOPICS].words,
                               .topics_count = v[JOB_TOPICS].words_count,
                               .built_in = v[JOB_BUILT_IN].flag,
                               .weekly = v[JOB_WEEKLY].flag,
                               .status = (enum digest_status)v[JOB_STATUS].number,
                               .progress = v[JOB_PROGRESS].number,
                               .step = v[JOB_STEP].text,
                               .error = v[JOB_ERROR].is_null ? NULL : v[JOB_ERROR].text,
                               .articles = v[JOB_ARTICLES].number,
                               .started_ms = v[JOB_STARTED].number,
                               .updated_ms = v[JOB_UPDATED].number,
                               .completed_ms = v[JOB_COMPLETED].number,
                               .begun = v[JOB_BEGUN].number};
    return err;
}

static enum err put_record(struct tx *tx, const char *room, const char *key, struct buf *json)
{
    const struct room_value value = {.key = key, .bytes = json->data, .len = json->len};
    enum err err = json->failed ? ERR_NO_MEMORY : room_store_put(tx, room, &value);
    buf_clear(json);
    return err;
}

static void write_job(struct json_writer *w, const struct digest *d)
{
    json_object_begin(w);
    put_words(w, job_fields[JOB_TOPICS].name, d->topics, d->topics_count);
    json_key(w, job_fields[JOB_BUILT_IN].name);
    json_put_bool(w, d->built_in);
    json_key(w, job_fields[JOB_WEEKLY].name);
    json_put_bool(w, d->weekly);
    put_number(w, job_fields[JOB_STATUS].name, d->status);
    put_number(w, job_fields[JOB_PROGRESS].name, d->progress);
    put_text(w, job_fields[JOB_STEP].name, d->step);
    put_text(w, job_fields[JOB_ERROR].name, d->error);
    put_number(w, job_fields[JOB_ARTICLES].name, d->articles);
    put_number(w, job_fields[JOB_STARTED].name, d->started_ms);
    put_number(w, job_fields[JOB_UPDATED].name, d->updated_ms);
    put_number(w, job_fields[JOB_COMPLETED].name, d->completed_ms);
    put_number(w, job_fields[JOB_BEGUN].name, d->begun);
    json_object_end(w);
}

static bool has_ended(const struct digest *d)
{
    return d->status == DIGEST_COMPLETED || d->status == DIGEST_FAILED;
}

/* Stores it, and when it is looked at next: never again, in a while (of our own), or when it expires. */
static enum err save(struct tx *tx, const struct digest *d, int64_t look_ms)
{
    char room[ROOM_NAME_BYTES_MAX];
    struct buf json;
    buf_init(&json, JOB_BYTES_MAX);
    write_job(&(struct json_writer){.out = &json}, d);
    room_of(&d->id, room);
    enum err err = put_record(tx, room, JOB, &json);
    if (err == ERR_OK)
        err = room_store_set_alarm(tx, room, has_ended(d) ? 0 : look_ms);
    if (err != ERR_OK)
        return err;
    return tx_note(tx,
                   (struct change){
                       .kind = CHANGE_DIGEST, .subject_id = d->id.user_id, .value = d->id.number, .at_ms = tx->now_ms});
}

static int64_t next_look(const struct tx *tx, const struct digest *d)
{
    return tx->now_ms + (d->built_in ? DIGEST_AGAIN_MS : DIGEST_EXPIRES_MS);
}

static enum err save_progress(struct tx *tx, struct digest *d)
{
    d->updated_ms = tx->now_ms;
    return save(tx, d, next_look(tx, d));
}

/* ---- articles ---------------------------------------------------------------------------------------------------- */

enum { ARTICLE_ID, ARTICLE_TITLE, ARTICLE_SUMMARY, ARTICLE_LINK, ARTICLE_TOPICS, ARTICLE_SCORE, ARTICLE_FIELDS };

static const struct json_field article_fields[ARTICLE_FIELDS] = {
    [ARTICLE_ID] = {.name = "id", .kind = JSON_KIND_TEXT, .required = true, .max = ARTICLE_ID_CHARS_MAX},
    [ARTICLE_TITLE] = {.name = "title", .kind = JSON_KIND_TEXT, .required = true, .max = ARTICLE_TITLE_CHARS_MAX},
    [ARTICLE_SUMMARY] = {.name = "summary", .kind = JSON_KIND_TEXT, .required = true, .max = ARTICLE_SUMMARY_CHARS_MAX},
    [ARTICLE_LINK] =
        {.name = "link", .kind = JSON_KIND_TEXT, .required = true, .nullable = true, .max = ARTICLE_LINK_CHARS_MAX},
    [ARTICLE_TOPICS] = {.name = "topics",
                        .kind = JSON_KIND_WORDS,
                        .required = true,
                        .max = ARTICLE_TOPICS_MAX,
                        .word_max = TOPIC_CHARS_MAX},
    [ARTICLE_SCORE] = {.name = "score", .kind = JSON_KIND_INT, .required = true, .max = ARTICLE_SCORE_MAX},
};

static enum err read_article(const struct room_value *value, struct arena *arena, struct digest_article *out)
{
    struct json_value v[ARTICLE_FIELDS];
    enum err err = read_record(value, article_fields, ARTICLE_FIELDS, v, arena);
    if (err == ERR_OK)
        *out = (struct digest_article){.id = v[ARTICLE_ID].text,
                                       .title = v[ARTICLE_TITLE].text,
                                       .summary = v[ARTICLE_SUMMARY].text,
                                       .link = v[ARTICLE_LINK].is_null ? NULL : v[ARTICLE_LINK].text,
                                       .topics = v[ARTICLE_TOPICS].words,
                                       .topics_count = v[ARTICLE_TOPICS].words_count,
                                       .score = v[ARTICLE_SCORE].number};
    return err;
}

static void write_article(struct json_writer *w, const struct digest_article *a)
{
    json_object_begin(w);
    put_text(w, article_fields[ARTICLE_ID].name, a->id);
    put_text(w, article_fields[ARTICLE_TITLE].name, a->title);
    put_text(w, article_fields[ARTICLE_SUMMARY].name, a->summary);
    put_text(w, article_fields[ARTICLE_LINK].name, a->link);
    put_words(w, article_fields[ARTICLE_TOPICS].name, a->topics, a->topics_count);
    put_number(w, article_fields[ARTICLE_SCORE].name, a->score);
    json_object_end(w);
}

/* As they were added. */
static enum err read_articles(struct db *db, struct arena *arena, const struct digest_id *id,
                              struct digest_article **out, size_t *count)
{
    char room[ROOM_NAME_BYTES_MAX];
    struct room_value *values = arena_alloc(arena, DIGEST_ARTICLES_MAX * sizeof *values);
    *count = 0;
    *out = arena_alloc(arena, DIGEST_ARTICLES_MAX * sizeof **out);
    if (values == NULL || *out == NULL)
        return ERR_NO_MEMORY;
    room_of(id, room);
    enum err err = room_store_list(db, arena, room, ARTICLES, "", DIGEST_ARTICLES_MAX, values, count);
    for (size_t i = 0; err == ERR_OK && i < *count; i++)
        err = read_article(&values[i], arena, &(*out)[i]);
    return err;
}

enum err digests_articles(struct db *db, struct arena *arena, const struct digest_id *id, struct digest_article **out,
                          size_t *count)
{
    enum err err = read_articles(db, arena, id, out, count);
    for (size_t i = 1; err == ERR_OK && i < *count; i++) { /* few, and stable */
        struct digest_article article = (*out)[i];
        size_t at = i;
        for (; at > 0 && (*out)[at - 1].score < article.score; at--)
            (*out)[at] = (*out)[at - 1];
        (*out)[at] = article;
    }
    return err;
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

/* The numbers of a member's jobs, the oldest first. */
static enum err read_numbers(struct db *db, struct arena *arena, int64_t user_id, int64_t out[static DIGESTS_KEPT],
                             size_t *count)
{
    char room[32];
    struct room_value values[DIGESTS_KEPT];
    member_state_room(user_id, room);
    enum err err = room_store_list(db, arena, room, LISTED, "", DIGESTS_KEPT, values, count);
    for (size_t i = 0; err == ERR_OK && i < *count; i++)
        out[i] = strtoll(values[i].key + sizeof LISTED - 1, NULL, 10);
    return err;
}

enum err digests_list(struct db *db, struct arena *arena, int64_t user_id, int64_t before, size_t limit,
                      struct digest *out, size_t *count)
{
    int64_t numbers[DIGESTS_KEPT];
    size_t found = 0;
    *count = 0;
    enum err err = read_numbers(db, arena, user_id, numbers, &found);
    while (err == ERR_OK && found-- > 0 && *count < limit) {
        if (before != 0 && numbers[found] >= before)
            continue;
        err = digests_get(db, arena, &(struct digest_id){user_id, numbers[found]}, &out[*count]);
        if (err == ERR_OK)
            (*count)++;
        else if (err == ERR_NOT_FOUND) /* it was removed between two looks */
            err = ERR_OK;
    }
    return err;
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

static enum err forget(struct tx *tx, const struct digest_id *id)
{
    char room[ROOM_NAME_BYTES_MAX];
    char key[KEY_BYTES];
    room_of(id, room);
    enum err err = room_store_delete_all(tx, room);
    if (err != ERR_OK)
        return err;
    member_state_room(id->user_id, room);
    listed_key(id->number, key);
    return room_store_delete(tx, room, key);
}

/* The oldest that has ended goes when there are as many as are kept. */
static enum err make_room(struct tx *tx, int64_t user_id)
{
    int64_t numbers[DIGESTS_KEPT];
    size_t count = 0;
    enum err err = read_numbers(tx->db, tx->arena, user_id, numbers, &count);
    if (err != ERR_OK || count < DIGESTS_KEPT)
        return err;
    for (size_t i = 0; i < count; i++) {
        struct digest_id id = {user_id, numbers[i]};
        struct digest d;
        err = digests_get(tx->db, tx->arena, &id, &d);
        if (err != ERR_OK)
            return err;
        if (has_ended(&d))
            return forget(tx, &id);
    }
    return problem_set(&tx->problem, ERR_CONFLICT, "%d digests are being made already. Let one of them end first.",
                       DIGESTS_KEPT);
}

static enum err list_it(struct tx *tx, const struct digest_id *id)
{
    char room[32];
    char key[KEY_BYTES];
    member_state_room(id->user_id, room);
    listed_key(id->number, key);
    return room_store_put(tx, room, &(struct room_value){.key = key, .bytes = "", .len = 0});
}

enum err digests_create(struct tx *tx, const struct digest_new *new, struct digest *out)
{
    int64_t number;
    enum err err = make_room(tx, new->user_id);
    if (err == ERR_OK)
        err = member_state_number(tx->db, tx->arena, new->user_id, NUMBER_NEXT, 1, &number);
    if (err != ERR_OK)
        return err;
    *out = (struct digest){.id = {new->user_id, number},
                           .topics = new->topics,
                           .topics_count = new->topics_count,
                           .built_in = new->built_in,
                           .weekly = new->weekly,
                           .step = "",
                           .started_ms = tx->now_ms,
                           .updated_ms = tx->now_ms};
    err = member_state_set_number(tx, new->user_id, NUMBER_NEXT, number + 1);
    if (err == ERR_OK)
        err = list_it(tx, &out->id);
    return err != ERR_OK ? err : save(tx, out, new->at_once ? tx->now_ms : next_look(tx, out));
}

/* ---- its way ----------------------------------------------------------------------------------------------------- */

/* A job that may still change. */
static enum err read_open(struct tx *tx, const struct digest_id *id, struct digest *out)
{
    enum err err = digests_get(tx->db, tx->arena, id, out);
    if (err == ERR_NOT_FOUND)
        return problem_set(&tx->problem, err, "There is no such digest.");
    if (err == ERR_OK && has_ended(out))
        return problem_set(&tx->problem, ERR_CONFLICT, "This digest has ended: it is %s.",
                           digests_status_name(out->status));
    if (err == ERR_OK && tx->now_ms - out->updated_ms >= DIGEST_EXPIRES_MS)
        return problem_set(&tx->problem, ERR_CONFLICT, TIMED_OUT);
    return err;
}

enum err digests_begin(struct tx *tx, const struct digest_id *id)
{
    struct digest d;
    enum err err = read_open(tx, id, &d);
    if (err != ERR_OK)
        return err;
    d.status = DIGEST_IN_PROGRESS;
    d.progress = d.progress > DIGEST_BEGUN_PROGRESS ? d.progress : DIGEST_BEGUN_PROGRESS;
    d.step = BEGIN_STEP;
    d.begun++;
    return save_progress(tx, &d);
}

enum err digests_progress(struct tx *tx, const struct digest_id *id, int64_t progress, const char *step)
{
    struct digest d;
    enum err err = read_open(tx, id, &d);
    if (err != ERR_OK)
        return err;
    d.status = DIGEST_IN_PROGRESS;
    d.progress = progress < 0 ? d.progress : progress;
    d.step = step == NULL ? d.step : step;
    return save_progress(tx, &d);
}

enum err digests_add_article(struct tx *tx, const struct digest_id *id, const struct digest_article *article)
{
    char room[ROOM_NAME_BYTES_MAX];
    char key[KEY_BYTES];
    struct digest d;
    struct digest_article *there;
    struct buf json;
    size_t count = 0;
    size_t place = 0;
    enum err err = read_open(tx, id, &d);
    if (err == ERR_OK)
        err = read_articles(tx->db, tx->arena, id, &there, &count);
    if (err != ERR_OK)
        return err;
    while (place < count && strcmp(there[place].id, article->id) != 0)
        place++;
    if (place == DIGEST_ARTICLES_MAX)
        return problem_set(&tx->problem, ERR_CONFLICT, "A digest has at most %d articles.", DIGEST_ARTICLES_MAX);
    (void)snprintf(key, sizeof key, ARTICLES "%04zu", place);
    room_of(id, room);
    buf_init(&json, ROOM_VALUE_BYTES_MAX);
    write_article(&(struct json_writer){.out = &json}, article);
    err = put_record(tx, room, key, &json);
    d.status = DIGEST_IN_PROGRESS;
    d.articles = (int64_t)(place == count ? count + 1 : count);
    return err != ERR_OK ? err : save_progress(tx, &d);
}

static enum err end(struct tx *tx, struct digest *d, const char *error)
{
    d->status = error == NULL ? DIGEST_COMPLETED : DIGEST_FAILED;
    d->progress = error == NULL ? 100 : d->progress;
    d->step = error == NULL ? "Done" : d->step;
    d->error = error;
    d->completed_ms = tx->now_ms;
    return save_progress(tx, d);
}

enum err digests_complete(struct tx *tx, const struct digest_id *id, const char *error)
{
    struct digest d;
    enum err err = read_open(tx, id, &d);
    return err != ERR_OK ? err : end(tx, &d, error);
}

enum err digests_ring(struct tx *tx, const struct digest_id *id, bool room, bool *begin)
{
    struct digest d;
    enum err err = digests_get(tx->db, tx->arena, id, &d);
    *begin = false;
    if (err != ERR_OK || has_ended(&d))
        return err == ERR_NOT_FOUND ? ERR_OK : err; /* it was removed: so is its alarm */
    int64_t expires_ms = d.updated_ms + DIGEST_EXPIRES_MS;
    if (tx->now_ms >= expires_ms)
        return end(tx, &d, TIMED_OUT);
    if (!d.built_in)
        return save(tx, &d, expires_ms);
    if (d.begun >= DIGEST_BEGINS_MAX)
        return end(tx, &d, NOT_MADE);
    *begin = room;
    if (room)
        return save(tx, &d, tx->now_ms + DIGEST_AGAIN_MS);
    d.step = WAITS_STEP;
    d.updated_ms = tx->now_ms; /* we are alive and mean to: that is progress */
    return save(tx, &d, tx->now_ms + DIGEST_WAITS_MS);
}
