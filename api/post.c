/*
 * Posts: the feed, one post, writing, editing, deleting.
 */
#include "db/posts.h"

#include <stdio.h>
#include <string.h>

#include "api/pin.h"
#include "api/polls.h"
#include "api/post.h"
#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"
#include "db/audit.h"
#include "db/member_state.h"
#include "db/moderation.h"
#include "db/notices.h"

enum err post_visible(struct db *db, struct arena *arena, const struct caller *caller, int64_t id, struct post *out,
                      struct problem *problem)
{
    enum err err = posts_by_id(db, arena, id, caller->user_id, out);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? problem_set(problem, err, "There is no such post.") : err;
    if (!caller_in_team(caller, out->team_id))
        return problem_set(problem, ERR_FORBIDDEN, "You are not in this team.");
    if (hidden_from(out->hidden, out->author_id, caller->user_id, caller_leads_team(caller, out->team_id)))
        return problem_set(problem, ERR_NOT_FOUND, "This post is not shown at the moment.");
    return ERR_OK;
}

enum err post_living(struct db *db, struct arena *arena, const struct caller *caller, int64_t id, struct post *out,
                     struct problem *problem)
{
    enum err err = post_visible(db, arena, caller, id, out, problem);
    if (err == ERR_OK && out->deleted)
        return problem_set(problem, ERR_NOT_FOUND, "This post was deleted.");
    return err;
}

enum err post_render_now(struct request *r, struct tx *tx, int64_t id, int status)
{
    struct post post;
    enum err err = posts_by_id(tx->db, tx->arena, id, r->caller.user_id, &post);
    if (err != ERR_OK)
        return err;
    likes_correct(r->app->likes, &post, 1, r->caller.user_id);
    struct json_writer w = {.out = &r->out};
    render_post(&w, &post);
    r->status = status;
    return ERR_OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void write_posts(struct json_writer *w, const struct post *posts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        render_post(w, &posts[i]);
}

/* ?show=: "everything", also when it is left out, or "mine". false: answered. */
static bool wants_mine(struct request *r, bool *mine)
{
    const struct query_param *show = query_find(&r->query, "show");
    *mine = show != NULL && strcmp(show->value, "mine") == 0;
    if (show == NULL || *mine || strcmp(show->value, "everything") == 0)
        return true;
    request_refuse(r, ERR_INVALID, "The parameter \"show\" is \"mine\" or \"everything\".");
    return false;
}

/* Leaves out what the reader's weights leave out; never what is pinned, their own, or without a topic. */
static enum err keep_mine(struct request *r, struct post *posts, size_t *count)
{
    struct member_weights weights;
    size_t kept = 0;
    enum err err = member_state_weights(r->loop->rooms_db, r->arena, r->caller.user_id, &weights);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < *count; i++)
        if (posts[i].pinned_ms != 0 || posts[i].author_id == r->caller.user_id ||
            member_state_shows(&weights, posts[i].topics))
            posts[kept++] = posts[i];
    *count = kept;
    return ERR_OK;
}

void post_list(struct request *r)
{
    bool mine;
    size_t found;
    int64_t last_id;
    struct posts_query query = {.viewer_id = r->caller.user_id};
    struct post *posts;
    struct post *pinned = NULL;
    size_t count = 0;
    size_t pinned_count = 0;
    char cursor[CURSOR_BYTES_MAX];
    if (!request_team(r, &query.team_id) || !request_page(r, &query.limit, &query.before_id) || !wants_mine(r, &mine))
        return;
    query.leads = caller_leads_team(&r->caller, query.team_id);
    /* The cursor first: what is written meanwhile is then told again by /changes rather than missed. */
    enum err err = polls_cursor_now(r, query.team_id, cursor);
    if (err == ERR_OK)
        err = posts_page(r->loop->db, r->arena, &query, &posts, &count);
    found = count;
    last_id = err == ERR_OK && count > 0 ? posts[count - 1].id : 0;
    if (err == ERR_OK && mine)
        err = keep_mine(r, posts, &count);
    if (err == ERR_OK && query.before_id == 0) {
        struct posts_query pins = {.team_id = query.team_id,
                                   .viewer_id = query.viewer_id,
                                   .leads = query.leads,
                                   .limit = PINS_PER_TEAM_MAX,
                                   .pinned_only = true};
        err = posts_page(r->loop->db, r->arena, &pins, &pinned, &pinned_count);
    }
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    likes_correct(r->app->likes, posts, count, r->caller.user_id);
    likes_correct(r->app->likes, pinned, pinned_count, r->caller.user_id);
    struct json_writer w = {.out = &r->out};
    render_list_begin(&w);
    write_posts(&w, posts, count);
    render_list_end(&w, last_id, found, query.limit);
    json_key(&w, "hidden");
    json_put_int(&w, (int64_t)(found - count));
    json_key(&w, "pinned");
    json_array_begin(&w);
    write_posts(&w, pinned, pinned_count);
    json_array_end(&w);
    json_key(&w, "cursor");
    json_put_string(&w, cursor);
    json_object_end(&w);
    (void)request_poll_interval(r, (unsigned)(r->app->options->poll_interval_s + 1) / 2);
    request_reply(r, 200);
}

void post_get(struct request *r)
{
    int64_t id;
    struct post post;
    if (!request_path_id(r, 1, &id))
        return;
    enum err err = post_living(r->loop->db, r->arena, &r->caller, id, &post, &r->problem);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    likes_correct(r->app->likes, &post, 1, r->caller.user_id);
    struct json_writer w = {.out = &r->out};
    render_post(&w, &post);
    request_reply(r, 200);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

struct draft {
    int64_t id;
    int64_t team_id;
    const char *body;   /* NULL: as it is */
    const char *topics; /* one blank between words; NULL: as they are */
};

static const struct json_field body_field = {.name = "body", .kind = JSON_KIND_TEXT, .min = 1, .max = POST_CHARS_MAX};
static const struct json_field topics_field = {
    .name = "topics", .kind = JSON_KIND_WORDS, .max = TOPICS_MAX, .word_max = TOPIC_CHARS_MAX};

/* Words to one text, as the database keeps them. NULL: no memory. */
static const char *join_words(struct arena *arena, const struct json_value *words)
{
    const char *text = "";
    for (size_t i = 0; i < words->words_count && text != NULL; i++)
        text = arena_printf(arena, "%s%s%s", text, i > 0 ? " " : "", words->words[i]);
    return text;
}

static enum err screen(struct request *r, struct tx *tx, int64_t team_id, enum hidden *hidden)
{
    const struct draft *draft = r->state;
    const struct draft_words words = {.team_id = team_id,
                                      .author_id = r->caller.user_id,
                                      .leads = caller_leads_team(&r->caller, team_id),
                                      .text = draft->body,
                                      .topics = draft->topics};
    return moderation_screen(tx, &words, hidden);
}

/* Into the coach's queue, when it has to wait there. */
static enum err hold(struct request *r, struct tx *tx, int64_t team_id, int64_t id, enum hidden hidden)
{
    const struct subject subject = {
        .kind = REPORT_POST, .id = id, .team_id = team_id, .author_id = r->caller.user_id, .hidden = hidden};
    return hidden == HIDDEN_NOT ? ERR_OK : moderation_held(tx, &subject);
}

static enum err run_create(struct request *r, struct tx *tx)
{
    const struct draft *draft = r->state;
    struct post_new post = {
        .team_id = draft->team_id, .author_id = r->caller.user_id, .body = draft->body, .topics = draft->topics};
    int64_t id = 0;
    enum err err = screen(r, tx, draft->team_id, &post.hidden);
    if (err == ERR_OK)
        err = posts_create(tx, &post, &id);
    if (err == ERR_OK)
        err = hold(r, tx, draft->team_id, id, post.hidden);
    return err == ERR_OK ? post_render_now(r, tx, id, 201) : err;
}

static void after_create(struct request *r)
{
    /* Also for a replayed answer, the address is read from the body: {"id":"12",... */
    const char *id = strstr(r->out.data, "\"id\":\"");
    if (id != NULL) {
        id += strlen("\"id\":\"");
        request_header(r, "Location", arena_printf(r->arena, "/posts/%.*s", (int)strcspn(id, "\""), id));
    }
    request_reply(r, r->status);
}

void post_create(struct request *r)
{
    struct json_field fields[] = {body_field, topics_field, {.name = "teamId", .kind = JSON_KIND_ID}};
    struct json_value values[3];
    struct draft *draft = arena_zalloc(r->arena, sizeof *draft);
    fields[0].required = true;
    if (!request_json(r, fields, 3, values))
        return;
    if (draft == NULL || (draft->topics = join_words(r->arena, &values[1])) == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!values[2].present) {
        if (!request_team(r, &draft->team_id))
            return;
    } else if (!request_may_enter(r, draft->team_id = values[2].number)) {
        return;
    }
    draft->body = values[0].text;
    r->state = draft;
    request_write(r, run_create, after_create);
}

static enum err run_edit(struct request *r, struct tx *tx)
{
    const struct draft *draft = r->state;
    struct post post;
    enum err err = post_living(tx->db, tx->arena, &r->caller, draft->id, &post, &tx->problem);
    if (err == ERR_OK && post.author_id != r->caller.user_id)
        return problem_set(&tx->problem, ERR_FORBIDDEN, "Only the author can change a post.");
    enum hidden hidden = HIDDEN_NOT;
    bool changed;
    if (err == ERR_OK)
        err = screen(r, tx, post.team_id, &hidden);
    if (err == ERR_OK)
        err = posts_edit(tx, draft->id, draft->body, draft->topics);
    if (err == ERR_OK && hidden != HIDDEN_NOT)
        err = posts_hide(tx, draft->id, HIDDEN_EDIT, &changed);
    if (err == ERR_OK)
        err = hold(r, tx, post.team_id, draft->id, hidden);
    return err == ERR_OK ? post_render_now(r, tx, draft->id, 200) : err;
}

void post_edit(struct request *r)
{
    const struct json_field fields[] = {body_field, topics_field};
    struct json_value values[2];
    struct draft *draft = arena_zalloc(r->arena, sizeof *draft);
    if (draft == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_path_id(r, 1, &draft->id) || !request_json(r, fields, 2, values))
        return;
    if (!values[0].present && !values[1].present) {
        request_refuse(r, ERR_INVALID, "Say what should change: \"body\" or \"topics\".");
        return;
    }
    draft->body = values[0].present ? values[0].text : NULL;
    if (values[1].present && (draft->topics = join_words(r->arena, &values[1])) == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    r->state = draft;
    request_write(r, run_edit, NULL);
}

static enum err run_delete(struct request *r, struct tx *tx)
{
    const struct draft *draft = r->state;
    struct post post = {0};
    enum err err = post_visible(tx->db, tx->arena, &r->caller, draft->id, &post, &tx->problem);
    if (err == ERR_OK && post.author_id != r->caller.user_id && !caller_leads_team(&r->caller, post.team_id))
        return problem_set(&tx->problem, ERR_FORBIDDEN, "Only the author or the coach can delete a post.");
    const char *link = pin_link(tx->arena, draft->id);
    if (err == ERR_OK)
        err = link == NULL ? ERR_NO_MEMORY : notices_forget_words(tx, link);
    const struct audit_entry entry = {.actor_id = r->caller.user_id,
                                      .action = "post.delete",
                                      .team_id = post.team_id,
                                      .subject = "post",
                                      .subject_id = draft->id};
    if (err == ERR_OK && !post.deleted && post.author_id != r->caller.user_id)
        err = audit_add(tx, &entry);
    r->status = 204;
    return err == ERR_OK ? posts_delete(tx, draft->id) : err;
}

void post_delete(struct request *r)
{
    struct draft *draft = arena_zalloc(r->arena, sizeof *draft);
    if (draft == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_path_id(r, 1, &draft->id))
        return;
    r->state = draft;
    request_write(r, run_delete, NULL);
}
