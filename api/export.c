/*
 * A community as lines. See export.h.
 *
 * Each record is rendered into one small buffer that is written when it has filled up, so memory does not grow with the
 * community.
 */
#include "api/export.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "db/transfer.h"

#define WRITE_BYTES 65536
#define LINE_BYTES_MAX (POST_CHARS_MAX * 12 + 65536) /* a post of escapes, and everything around it */

struct export
{
    int fd;
    struct buf out;
    struct json_writer json;
    int64_t records;
};

static enum err flush(struct export *x)
{
    const char *at = x->out.data;
    size_t left = x->out.len;
    while (left > 0) {
        ssize_t written = write(x->fd, at, left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return ERR_STORAGE;
        at += written;
        left -= (size_t)written;
    }
    buf_reset(&x->out);
    return ERR_OK;
}

static struct json_writer *begin(struct export *x, const char *type)
{
    x->json = (struct json_writer){.out = &x->out};
    json_object_begin(&x->json);
    json_key(&x->json, "type");
    json_put_string(&x->json, type);
    return &x->json;
}

static enum err end(struct export *x)
{
    json_object_end(&x->json);
    buf_append(&x->out, "\n", 1);
    x->records++;
    if (x->out.failed)
        return ERR_NO_MEMORY;
    return x->out.len < WRITE_BYTES ? ERR_OK : flush(x);
}

static void put_id(struct json_writer *w, const char *key, int64_t id)
{
    json_key(w, key);
    json_put_id(w, id);
}

static void put_text(struct json_writer *w, const char *key, const char *text)
{
    json_key(w, key);
    json_put_string(w, text);
}

static void put_time(struct json_writer *w, const char *key, int64_t wall_ms)
{
    json_key(w, key);
    json_put_time(w, wall_ms);
}

static void put_bool(struct json_writer *w, const char *key, bool value)
{
    json_key(w, key);
    json_put_bool(w, value);
}

static void put_number(struct json_writer *w, const char *key, int64_t number)
{
    json_key(w, key);
    json_put_int(w, number);
}

/* ---- records, their keys in the order of the README -------------------------------------------------------------- */

static enum err put_user(void *arg, const struct transfer_user *r)
{
    struct json_writer *w = begin(arg, "user");
    put_id(w, "id", r->id);
    put_text(w, "username", r->username);
    put_text(w, "name", r->name);
    put_text(w, "role", role_name(r->role));
    put_text(w, "externalId", r->external_id);
    put_bool(w, "appearOffline", r->appear_offline);
    put_bool(w, "disabled", r->disabled);
    put_text(w, "password", r->password);
    put_time(w, "createdAt", r->created_ms);
    if (r->deleted_ms != 0)
        put_time(w, "deletedAt", r->deleted_ms);
    return end(arg);
}

static enum err put_team(void *arg, const struct transfer_team *r)
{
    struct json_writer *w = begin(arg, "team");
    put_id(w, "id", r->id);
    put_text(w, "name", r->name);
    put_time(w, "createdAt", r->created_ms);
    return end(arg);
}

static enum err put_membership(void *arg, const struct transfer_membership *r)
{
    struct json_writer *w = begin(arg, "membership");
    put_id(w, "teamId", r->team_id);
    put_id(w, "userId", r->user_id);
    put_time(w, "joinedAt", r->joined_ms);
    return end(arg);
}

/* Words with one blank between become an array. */
static void put_topics(struct json_writer *w, const char *topics)
{
    json_key(w, "topics");
    json_array_begin(w);
    while (*topics != '\0') {
        size_t len = strcspn(topics, " ");
        json_put_text(w, topics, len);
        topics += len + (topics[len] == ' ');
    }
    json_array_end(w);
}

static enum err put_post(void *arg, const struct transfer_post *r)
{
    struct json_writer *w = begin(arg, "post");
    put_id(w, "id", r->id);
    put_id(w, "teamId", r->team_id);
    put_id(w, "authorId", r->author_id);
    put_text(w, "body", r->body);
    put_topics(w, r->topics);
    put_time(w, "pinnedAt", r->pinned_ms);
    put_text(w, "hidden", hidden_name(r->hidden));
    put_time(w, "createdAt", r->created_ms);
    put_time(w, "editedAt", r->edited_ms);
    return end(arg);
}

static enum err put_like(void *arg, const struct transfer_like *r)
{
    struct json_writer *w = begin(arg, "like");
    put_id(w, "postId", r->post_id);
    put_id(w, "userId", r->user_id);
    put_time(w, "createdAt", r->created_ms);
    return end(arg);
}

static enum err put_notice(void *arg, const struct transfer_notice *r)
{
    struct json_writer *w = begin(arg, "notice");
    put_id(w, "id", r->id);
    put_text(w, "kind", notice_kind_name(r->kind));
    put_id(w, "teamId", r->team_id);
    put_id(w, "authorId", r->author_id);
    put_text(w, "title", r->title);
    put_text(w, "body", r->body);
    put_text(w, "link", r->link);
    put_time(w, "createdAt", r->created_ms);
    return end(arg);
}

static enum err put_channel(void *arg, const struct transfer_channel *r)
{
    struct json_writer *w = begin(arg, "channel");
    put_id(w, "id", r->id);
    put_id(w, "teamId", r->team_id);
    put_text(w, "name", r->name);
    put_text(w, "posting", posting_name(r->posting));
    put_time(w, "createdAt", r->created_ms);
    return end(arg);
}

static enum err put_message(void *arg, const struct transfer_message *r)
{
    struct json_writer *w = begin(arg, "message");
    put_id(w, "id", r->id);
    put_id(w, "channelId", r->channel_id);
    put_id(w, "authorId", r->author_id);
    put_text(w, "content", r->content);
    put_id(w, "threadId", r->thread_id);
    put_text(w, "clientId", r->client_id);
    put_bool(w, "deleted", r->deleted);
    put_text(w, "hidden", r->deleted ? NULL : hidden_name(r->hidden));
    put_time(w, "createdAt", r->created_ms);
    put_time(w, "editedAt", r->edited_ms);
    return end(arg);
}

static enum err put_receipt(void *arg, const struct transfer_receipt *r)
{
    struct json_writer *w = begin(arg, "receipt");
    put_id(w, "channelId", r->channel_id);
    put_id(w, "userId", r->user_id);
    put_id(w, "deliveredId", r->delivered_id);
    put_id(w, "readId", r->read_id);
    return end(arg);
}

static enum err put_counter(void *arg, const struct transfer_counter *r)
{
    struct json_writer *w = begin(arg, "counter");
    put_id(w, "id", r->id);
    put_id(w, "teamId", r->team_id);
    put_text(w, "name", r->name);
    put_number(w, "milestone", r->milestone);
    if (r->forgotten > 0) {
        put_number(w, "forgotten", r->forgotten);
        put_number(w, "value", r->value);
    }
    put_time(w, "createdAt", r->created_ms);
    return end(arg);
}

static enum err put_counter_change(void *arg, const struct transfer_counter_change *r)
{
    struct json_writer *w = begin(arg, "counterChange");
    put_id(w, "counterId", r->counter_id);
    put_number(w, "operation", r->operation);
    put_text(w, "kind", counters_kind_name(r->kind));
    put_number(w, "value", r->value);
    put_id(w, "userId", r->user_id);
    put_time(w, "createdAt", r->at_ms);
    return end(arg);
}

static enum err put_mute(void *arg, const struct transfer_mute *r)
{
    struct json_writer *w = begin(arg, "mute");
    put_id(w, "teamId", r->team_id);
    put_id(w, "userId", r->user_id);
    put_time(w, "until", r->until_ms);
    if (r->author_id != 0)
        put_id(w, "authorId", r->author_id);
    put_time(w, "createdAt", r->created_ms);
    return end(arg);
}

static enum err put_word(void *arg, const char *word)
{
    put_text(begin(arg, "word"), "word", word);
    return end(arg);
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

static enum err walk(struct db *db, struct export *x)
{
    enum err err = transfer_each_user(db, put_user, x);
    if (err == ERR_OK)
        err = transfer_each_team(db, put_team, x);
    if (err == ERR_OK)
        err = transfer_each_membership(db, put_membership, x);
    if (err == ERR_OK)
        err = transfer_each_post(db, put_post, x);
    if (err == ERR_OK)
        err = transfer_each_like(db, put_like, x);
    if (err == ERR_OK)
        err = transfer_each_notice(db, put_notice, x);
    if (err == ERR_OK)
        err = transfer_each_channel(db, put_channel, x);
    if (err == ERR_OK)
        err = transfer_each_message(db, put_message, x);
    if (err == ERR_OK)
        err = transfer_each_receipt(db, put_receipt, x);
    if (err == ERR_OK)
        err = transfer_each_counter(db, put_counter, x);
    if (err == ERR_OK)
        err = transfer_each_counter_change(db, put_counter_change, x);
    if (err == ERR_OK)
        err = transfer_each_mute(db, put_mute, x);
    if (err == ERR_OK)
        err = transfer_each_word(db, put_word, x);
    return err == ERR_OK ? flush(x) : err;
}

enum err export_run(struct db *db, int fd, int64_t *records)
{
    struct export x = {.fd = fd};
    buf_init(&x.out, WRITE_BYTES + LINE_BYTES_MAX);
    enum err err = db_begin(db);
    if (err == ERR_OK) {
        err = walk(db, &x);
        int saved = errno;
        db_rollback(db); /* nothing was written: this ends the snapshot */
        errno = saved;
    }
    buf_clear(&x.out);
    if (records != NULL)
        *records = x.records;
    return err;
}
