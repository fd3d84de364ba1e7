/*
 * Collecting changes. See changes.h. The loop's thread; reads in one snapshot, so that events and rows agree.
 */
#include "api/changes.h"

#include <string.h>

#include "api/chat.h"
#include "api/render.h"
#include "api/request.h"
#include "api/server.h"

struct collector {
    struct request *r;
    const struct changes_query *query;
    struct changes *out;
    struct change events[CHANGES_EVENTS_MAX];
    size_t events_count;
};

/* What the events up to the end say of one post. */
static bool seen_before(const struct collector *c, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (c->events[i].kind != CHANGE_NOTICE && c->events[i].subject_id == c->events[index].subject_id)
            return true;
    return false;
}

static bool has_event(const struct collector *c, int64_t post_id, enum change_kind kind)
{
    for (size_t i = 0; i < c->events_count; i++)
        if (c->events[i].kind == kind && c->events[i].subject_id == post_id)
            return true;
    return false;
}

static enum err add_post(struct collector *c, int64_t post_id)
{
    struct changes *out = c->out;
    bool created = has_event(c, post_id, CHANGE_POST_CREATED);
    struct post *post = arena_alloc(c->r->arena, sizeof *post);
    if (post == NULL)
        return ERR_NO_MEMORY;
    enum err err = posts_by_id(c->r->loop->db, c->r->arena, post_id, c->r->caller.user_id, post);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (err == ERR_OK)
        likes_correct(c->r->app->likes, post, 1, c->r->caller.user_id);
    bool leads = caller_leads_team(&c->r->caller, c->query->team_id);
    if (err == ERR_NOT_FOUND || post->deleted ||
        hidden_from(post->hidden, post->author_id, c->r->caller.user_id, leads))
        out->deleted[out->deleted_count++] = post_id;
    else if (created)
        out->created[out->created_count++] = post;
    else
        out->changed[out->changed_count++] = post;
    return ERR_OK;
}

static enum err add_events(struct collector *c)
{
    struct changes *out = c->out;
    for (size_t i = 0; i < c->events_count; i++) {
        const struct change *event = &c->events[i];
        enum err err = ERR_OK;
        if (event->kind == CHANGE_NOTICE)
            err = notices_by_id(c->r->loop->db, c->r->arena, event->subject_id, &out->notices[out->notices_count++]);
        else if (!seen_before(c, i))
            err = add_post(c, event->subject_id);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_INTERNAL : err;
    }
    return ERR_OK;
}

static enum err read_events(struct collector *c)
{
    struct changes *out = c->out;
    enum err err = events_since(c->r->loop->db, c->query->team_id, c->query->since, c->events, CHANGES_EVENTS_MAX,
                                &c->events_count);
    if (err != ERR_OK)
        return err;
    out->more = c->events_count == CHANGES_EVENTS_MAX;
    /* What is committed but not yet published is left for the next poll: its cursor would be one that no head knows. */
    for (; c->events_count > 0 && c->events[c->events_count - 1].seq > out->seq; c->events_count--)
        out->more = false;
    if (out->more)
        out->seq = c->events[c->events_count - 1].seq;
    if (c->query->since > out->seq)
        out->seq = c->query->since; /* never backwards */
    size_t room = c->events_count + 1;
    out->created = arena_alloc(c->r->arena, room * sizeof *out->created);
    out->changed = arena_alloc(c->r->arena, room * sizeof *out->changed);
    out->deleted = arena_alloc(c->r->arena, room * sizeof *out->deleted);
    out->notices = arena_zalloc(c->r->arena, room * sizeof *out->notices);
    if (out->created == NULL || out->changed == NULL || out->deleted == NULL || out->notices == NULL)
        return ERR_NO_MEMORY;
    return add_events(c);
}

static enum err read_likes(struct collector *c)
{
    struct changes *out = c->out;
    out->likes = arena_alloc(c->r->arena, HEAD_LIKES_MAX * sizeof *out->likes);
    if (out->likes == NULL)
        return ERR_NO_MEMORY;
    if (c->query->likes_since != UINT64_MAX &&
        team_head_likes_since(c->query->head, c->query->likes_since, out->likes, &out->likes_count))
        return ERR_OK;
    int64_t ids[CHANGES_LIKES_MAX];
    int64_t counts[CHANGES_LIKES_MAX];
    enum err err = posts_recent_likes(c->r->loop->db, c->query->team_id, ids, counts, CHANGES_LIKES_MAX,
                                      &out->likes_count);
    for (size_t i = 0; err == ERR_OK && i < out->likes_count; i++)
        out->likes[i] = (struct head_like){.post_id = ids[i],
                                           .count = likes_count_of(c->r->app->likes, ids[i], counts[i])};
    return err;
}

/* While there is more, only those that the next answer will not tell: it begins where this one ends. */
static enum err read_counters(struct collector *c)
{
    struct changes *out = c->out;
    enum err err = counters_of_team(c->r->loop->db, c->r->arena, c->query->team_id, c->query->since, &out->counters,
                                    &out->counters_count);
    size_t kept = 0;
    for (size_t i = 0; i < out->counters_count; i++)
        if (!out->more || out->counters[i].seq <= out->seq)
            out->counters[kept++] = out->counters[i];
    out->counters_count = kept;
    return err;
}

enum err changes_collect(struct request *r, const struct changes_query *query, struct changes *out)
{
    struct collector *c = arena_zalloc(r->arena, sizeof *c);
    if (c == NULL)
        return ERR_NO_MEMORY;
    c->r = r;
    c->query = query;
    c->out = out;
    enum err err = db_begin(r->loop->db);
    if (err != ERR_OK)
        return err;
    err = read_events(c);
    if (err == ERR_OK)
        err = read_likes(c);
    if (err == ERR_OK)
        err = read_counters(c);
    if (err == ERR_OK)
        err = channels_of(r->loop->db, r->arena, query->team_id, r->caller.user_id, query->since, &out->channels,
                          &out->channels_count);
    db_rollback(r->loop->db); /* a snapshot has nothing to commit */
    return err;
}

static void write_posts(struct json_writer *w, const char *key, const struct post *const *posts, size_t count)
{
    json_key(w, key);
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        render_post(w, posts[i]);
    json_array_end(w);
}

void changes_write(struct json_writer *w, const struct request *r, const struct changes *c)
{
    json_key(w, "posts");
    json_object_begin(w);
    write_posts(w, "created", c->created, c->created_count);
    write_posts(w, "changed", c->changed, c->changed_count);
    json_key(w, "deleted");
    json_array_begin(w);
    for (size_t i = 0; i < c->deleted_count; i++)
        json_put_id(w, c->deleted[i]);
    json_array_end(w);
    json_object_end(w);
    json_key(w, "likes");
    json_array_begin(w);
    for (size_t i = 0; i < c->likes_count; i++)
        render_like(w, c->likes[i].post_id, c->likes[i].count);
    json_array_end(w);
    json_key(w, "notices");
    json_array_begin(w);
    for (size_t i = 0; i < c->notices_count; i++)
        render_notice(w, &c->notices[i]);
    json_array_end(w);
    json_key(w, "counters");
    json_array_begin(w);
    for (size_t i = 0; i < c->counters_count; i++)
        counters_render(w, &c->counters[i]);
    json_array_end(w);
    json_key(w, "channels");
    json_array_begin(w);
    for (size_t i = 0; i < c->channels_count; i++)
        chat_put_channel(w, r, &c->channels[i], c->seq);
    json_array_end(w);
}
