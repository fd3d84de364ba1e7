/*
 * Digest jobs: a member's wish for something to read, and the way of it. Kept in rooms.db (db/digests.h), in both
 * modes.
 *
 * A job is driven by this server (api/digest_maker.h) or by a worker outside: with a service's token for anybody's,
 * with a member's own for their own. Nobody but this server drives what this server makes.
 */
#include "db/digests.h"

#include <stdlib.h>
#include <string.h>

#include "api/digest_maker.h"
#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"
#include "db/member_state.h"
#include "db/posts.h"

/* ---- as JSON ----------------------------------------------------------------------------------------------------- */

static void put_article(struct json_writer *w, const struct digest_article *a)
{
    json_object_begin(w);
    json_key(w, "id");
    json_put_string(w, a->id);
    json_key(w, "title");
    json_put_string(w, a->title);
    json_key(w, "summary");
    json_put_string(w, a->summary);
    json_key(w, "link");
    json_put_string(w, a->link);
    json_key(w, "topics");
    json_put_words(w, a->topics, a->topics_count);
    json_key(w, "score");
    json_put_int(w, a->score);
    json_object_end(w);
}

/* The object stays open for its articles. */
static void put_job(struct json_writer *w, const struct digest *d)
{
    char id[DIGEST_ID_BYTES];
    digest_id_format(&d->id, id);
    json_object_begin(w);
    json_key(w, "id");
    json_put_string(w, id);
    json_key(w, "userId");
    json_put_id(w, d->id.user_id);
    json_key(w, "topics");
    json_put_words(w, d->topics, d->topics_count);
    json_key(w, "worker");
    json_put_string(w, d->built_in ? "built-in" : "outside");
    json_key(w, "weekly");
    json_put_bool(w, d->weekly);
    json_key(w, "status");
    json_put_string(w, digests_status_name(d->status));
    json_key(w, "progress");
    json_put_int(w, d->progress);
    json_key(w, "currentStep");
    json_put_string(w, d->step);
    json_key(w, "articleCount");
    json_put_int(w, d->articles);
    json_key(w, "digestId");
    json_put_string(w, d->status == DIGEST_COMPLETED ? id : NULL);
    json_key(w, "error");
    json_put_string(w, d->error);
    json_key(w, "startedAt");
    json_put_time(w, d->started_ms);
    json_key(w, "updatedAt");
    json_put_time(w, d->updated_ms);
    json_key(w, "completedAt");
    json_put_time(w, d->completed_ms);
}

/* What a digest quotes may have been hidden or deleted since. */
static bool is_shown(struct db *community, const struct digest_article *article)
{
    int64_t team_id;
    return posts_team_of(community, strtoll(article->id, NULL, 10), &team_id) != ERR_NOT_FOUND;
}

/* The whole job as `db` sees it. `community`: where the posts are that the server's own digests quote; NULL while it is
   written, when it quotes none yet. */
static enum err render_job(struct request *r, struct db *db, struct db *community, struct arena *arena,
                           const struct digest_id *id, struct problem *problem)
{
    struct digest d;
    struct digest_article *articles;
    size_t count = 0;
    enum err err = digests_get(db, arena, id, &d);
    if (err == ERR_NOT_FOUND)
        return problem_set(problem, err, "There is no such digest.");
    if (err == ERR_OK)
        err = digests_articles(db, arena, id, &articles, &count);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    put_job(&w, &d);
    json_key(&w, "articles");
    json_array_begin(&w);
    for (size_t i = 0; i < count; i++)
        if (!d.built_in || community == NULL || is_shown(community, &articles[i]))
            put_article(&w, &articles[i]);
    json_array_end(&w);
    json_object_end(&w);
    return ERR_OK;
}

/* ---- who may ----------------------------------------------------------------------------------------------------- */

static bool may_touch(struct request *r, int64_t user_id)
{
    if (r->caller.kind == CALLER_SERVICE || r->caller.user_id == user_id)
        return true;
    request_refuse(r, ERR_FORBIDDEN, "Digests are each member's own.");
    return false;
}

/* The job of the path, which the caller may touch; whether there is one is seen later. false: answered. */
static bool path_job(struct request *r, struct digest_id *id)
{
    if (digest_id_parse(r->query.segments[1], id))
        return may_touch(r, id->user_id);
    request_fail(r, ERR_NOT_FOUND);
    return false;
}

/* Of a member whom a service names. false: answered. */
static bool member_exists(struct request *r, int64_t user_id)
{
    struct user user;
    enum err err = users_by_id(r->loop->db, r->arena, user_id, &user);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && user.disabled))
        request_refuse(r, ERR_NOT_FOUND, "There is no such member.");
    else if (err != ERR_OK)
        request_fail(r, err);
    return err == ERR_OK && !user.disabled;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

void digest_get(struct request *r)
{
    struct digest_id id;
    if (!path_job(r, &id))
        return;
    enum err err = render_job(r, r->loop->rooms_db, r->loop->db, r->arena, &id, &r->problem);
    if (err != ERR_OK)
        request_fail(r, err);
    else
        request_reply(r, 200);
}

/* ?user=, which a service has to give. false: answered. */
static bool asked_user(struct request *r, int64_t *user_id)
{
    const struct query_param *user = query_find(&r->query, "user");
    *user_id = r->caller.user_id;
    if (user == NULL && r->caller.kind == CALLER_MEMBER)
        return true;
    if (user != NULL && query_id(user->value, user_id))
        return may_touch(r, *user_id);
    request_refuse(r, ERR_INVALID, "The parameter \"user\" has to be the id of a member.");
    return false;
}

void digest_list(struct request *r)
{
    struct digest jobs[DIGESTS_KEPT];
    int64_t user_id;
    int64_t before;
    size_t limit;
    size_t count;
    if (!asked_user(r, &user_id) || !request_page(r, &limit, &before))
        return;
    limit = limit > DIGESTS_KEPT ? DIGESTS_KEPT : limit;
    enum err err = digests_list(r->loop->rooms_db, r->arena, user_id, before, limit, jobs, &count);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct json_writer w = {.out = &r->out};
    render_list_begin(&w);
    for (size_t i = 0; i < count; i++) {
        put_job(&w, &jobs[i]);
        json_object_end(&w);
    }
    request_reply_list(r, &w, count > 0 ? jobs[count - 1].id.number : 0, count, limit);
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

struct wish {
    struct digest_new job;
    bool topics_given;
    struct digest_id id; /* what it became */
};

static enum err run_create(struct request *r, struct tx *tx)
{
    struct wish *wish = r->state;
    struct digest_new new = wish->job;
    struct member_preferences preferences;
    struct digest made;
    enum err err = member_state_preferences(tx->db, tx->arena, new.user_id, &preferences);
    if (!wish->topics_given) {
        new.topics = preferences.topics;
        new.topics_count = preferences.topics_count;
    }
    if (err == ERR_OK)
        err = digests_create(tx, &new, &made);
    if (err != ERR_OK)
        return err;
    wish->id = made.id;
    r->status = 201;
    return render_job(r, tx->db, NULL, tx->arena, &made.id, &tx->problem);
}

/* Also for a replayed answer, the address is read from the body: {"id":"7:3",... */
static void after_create(struct request *r)
{
    const struct wish *wish = r->state;
    const char *id = strstr(r->out.data, "\"id\":\"");
    if (id != NULL) {
        id += strlen("\"id\":\"");
        request_header(r, "Location", arena_printf(r->arena, "/digests/%.*s", (int)strcspn(id, "\""), id));
    }
    if (!r->replayed && wish->job.built_in)
        digest_maker_begin(r->app, &wish->id);
    request_reply(r, r->status);
}

/* Whose job it is. false: answered. */
static bool wish_of(struct request *r, const struct json_value *given, struct wish *wish)
{
    wish->job.user_id = given->present ? given->number : r->caller.user_id;
    if (r->caller.kind == CALLER_MEMBER)
        return may_touch(r, wish->job.user_id);
    if (given->present)
        return member_exists(r, wish->job.user_id);
    request_refuse(r, ERR_INVALID, "The field \"userId\" is missing: whose digest is it?");
    return false;
}

void digest_create(struct request *r)
{
    enum { TOPICS, WORKER, USER, FIELDS };
    static const struct json_field fields[FIELDS] = {
        [TOPICS] = {.name = "topics", .kind = JSON_KIND_WORDS, .max = MEMBER_TOPICS_MAX, .word_max = TOPIC_CHARS_MAX},
        [WORKER] = {.name = "worker", .kind = JSON_KIND_LINE, .max = 20},
        [USER] = {.name = "userId", .kind = JSON_KIND_ID},
    };
    struct json_value v[FIELDS];
    struct wish *wish = arena_zalloc(r->arena, sizeof *wish);
    if (wish == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_json(r, fields, FIELDS, v))
        return;
    const char *worker = v[WORKER].present ? v[WORKER].text : r->caller.kind == CALLER_SERVICE ? "outside" : "built-in";
    wish->job.built_in = strcmp(worker, "built-in") == 0;
    wish->job.topics = v[TOPICS].words;
    wish->job.topics_count = v[TOPICS].words_count;
    wish->topics_given = v[TOPICS].present;
    if (!wish->job.built_in && strcmp(worker, "outside") != 0) {
        request_refuse(r, ERR_INVALID, "The field \"worker\" is \"built-in\" or \"outside\".");
        return;
    }
    if (!wish_of(r, &v[USER], wish))
        return;
    r->state = wish;
    request_write_rooms(r, run_create, after_create);
}

/* ---- its way, driven from outside -------------------------------------------------------------------------------- */

struct stride {
    struct digest_id id;
    struct digest_article article; /* id NULL: none */
    int64_t progress;              /* -1: as it is */
    const char *step;              /* NULL: as it is */
    bool ends;
    const char *error;
};

static enum err check_outside(struct tx *tx, const struct digest_id *id)
{
    struct digest d;
    enum err err = digests_get(tx->db, tx->arena, id, &d);
    if (err == ERR_NOT_FOUND)
        return problem_set(&tx->problem, err, "There is no such digest.");
    if (err == ERR_OK && d.built_in)
        return problem_set(&tx->problem, ERR_CONFLICT, "This server makes this digest by itself.");
    return err;
}

static enum err run_stride(struct request *r, struct tx *tx)
{
    const struct stride *s = r->state;
    enum err err = check_outside(tx, &s->id);
    if (err == ERR_OK && s->article.id != NULL)
        err = digests_add_article(tx, &s->id, &s->article);
    if (err == ERR_OK && (s->progress >= 0 || s->step != NULL))
        err = digests_progress(tx, &s->id, s->progress, s->step);
    if (err == ERR_OK && s->ends)
        err = digests_complete(tx, &s->id, s->error);
    r->status = s->article.id != NULL ? 201 : 200;
    return err == ERR_OK ? render_job(r, tx->db, NULL, tx->arena, &s->id, &tx->problem) : err;
}

static struct stride *begin_stride(struct request *r)
{
    struct stride *s = arena_zalloc(r->arena, sizeof *s);
    if (s == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return NULL;
    }
    s->progress = -1;
    r->state = s;
    return path_job(r, &s->id) ? s : NULL;
}

static const struct json_field progress_field = {.name = "progress", .kind = JSON_KIND_INT, .max = 100};
static const struct json_field step_field = {
    .name = "currentStep", .kind = JSON_KIND_LINE, .max = DIGEST_STEP_CHARS_MAX};

static void take_progress(struct stride *s, const struct json_value *progress, const struct json_value *step)
{
    s->progress = progress->present ? progress->number : -1;
    s->step = step->present ? step->text : NULL;
}

void digest_progress(struct request *r)
{
    const struct json_field fields[] = {progress_field, step_field};
    struct json_value v[2];
    struct stride *s = begin_stride(r);
    if (s == NULL || !request_json(r, fields, 2, v))
        return;
    take_progress(s, &v[0], &v[1]);
    if (s->progress < 0 && s->step == NULL) {
        request_refuse(r, ERR_INVALID, "Say what has moved: \"progress\" or \"currentStep\".");
        return;
    }
    request_write_rooms(r, run_stride, NULL);
}

/* A page of this site, or of the web: nothing that runs in a page. */
static bool is_link(const char *link)
{
    return (link[0] == '/' && link[1] != '/') || strncmp(link, "https://", 8) == 0 || strncmp(link, "http://", 7) == 0;
}

void digest_article(struct request *r)
{
    enum { ID, TITLE, SUMMARY, LINK, TOPICS, SCORE, PROGRESS, STEP, FIELDS };
    const struct json_field fields[FIELDS] = {
        [ID] = {.name = "id", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = ARTICLE_ID_CHARS_MAX},
        [TITLE] = {.name = "title", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = ARTICLE_TITLE_CHARS_MAX},
        [SUMMARY] = {.name = "summary", .kind = JSON_KIND_TEXT, .max = ARTICLE_SUMMARY_CHARS_MAX},
        [LINK] = {.name = "link", .kind = JSON_KIND_LINE, .nullable = true, .min = 1, .max = ARTICLE_LINK_CHARS_MAX},
        [TOPICS] = {.name = "topics", .kind = JSON_KIND_WORDS, .max = ARTICLE_TOPICS_MAX, .word_max = TOPIC_CHARS_MAX},
        [SCORE] = {.name = "score", .kind = JSON_KIND_INT, .max = ARTICLE_SCORE_MAX},
        [PROGRESS] = progress_field,
        [STEP] = step_field,
    };
    struct json_value v[FIELDS];
    struct stride *s = begin_stride(r);
    if (s == NULL || !request_json(r, fields, FIELDS, v))
        return;
    bool linked = v[LINK].present && !v[LINK].is_null;
    if (linked && !is_link(v[LINK].text)) {
        request_refuse(r, ERR_INVALID, "The field \"link\" begins with \"/\", \"https://\" or \"http://\".");
        return;
    }
    s->article = (struct digest_article){.id = v[ID].text,
                                         .title = v[TITLE].text,
                                         .summary = v[SUMMARY].present ? v[SUMMARY].text : "",
                                         .link = linked ? v[LINK].text : NULL,
                                         .topics = v[TOPICS].words,
                                         .topics_count = v[TOPICS].words_count,
                                         .score = v[SCORE].present ? v[SCORE].number : 0};
    take_progress(s, &v[PROGRESS], &v[STEP]);
    request_write_rooms(r, run_stride, NULL);
}

void digest_complete(struct request *r)
{
    static const struct json_field fields[] = {
        {.name = "error", .kind = JSON_KIND_LINE, .nullable = true, .min = 1, .max = DIGEST_ERROR_CHARS_MAX},
    };
    struct json_value v[1];
    struct stride *s = begin_stride(r);
    if (s == NULL || !request_json(r, fields, 1, v))
        return;
    s->ends = true;
    s->error = v[0].present && !v[0].is_null ? v[0].text : NULL;
    request_write_rooms(r, run_stride, NULL);
}
