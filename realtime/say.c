/* The server's messages. See say.h. */
#include "realtime/say.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "db/shapes.h"
#include "realtime/realtime.h"

/* {"type":"...", and the comma that comes next. */
static struct json_writer begin(struct buf *out, const char *type)
{
    struct json_writer w = {.out = out};
    json_object_begin(&w);
    json_key(&w, "type");
    json_put_string(&w, type);
    return w;
}

static void put_id(struct json_writer *w, const char *id)
{
    if (id == NULL)
        return;
    json_key(w, "id");
    json_put_string(w, id);
}

static void put_cursor(struct json_writer *w, const char *cursor)
{
    json_key(w, "cursor");
    json_put_string(w, cursor);
}

void say_welcome(struct buf *out, const struct say_welcome *welcome)
{
    char session[40];
    (void)snprintf(session, sizeof session, "%u-%u", welcome->loop, (unsigned)welcome->serial);
    struct json_writer w = begin(out, "WELCOME");
    put_cursor(&w, welcome->cursor);
    json_key(&w, "userId");
    json_put_id(&w, welcome->user_id);
    json_key(&w, "sessionId");
    json_put_string(&w, session);
    json_key(&w, "subscribedAt");
    json_put_time(&w, welcome->subscribed_ms);
    json_key(&w, "heartbeat");
    json_put_int(&w, PING_ADVISED_MS / 1000);
    json_object_end(&w);
}

void say_reset(struct buf *out, const char *cursor)
{
    struct json_writer w = begin(out, "RESET");
    put_cursor(&w, cursor);
    json_object_end(&w);
}

void say_ack(struct buf *out, const char *id)
{
    struct json_writer w = begin(out, "ACK");
    put_id(&w, id);
    json_object_end(&w);
}

void say_like_ack(struct buf *out, const char *id, int64_t post_id, bool liked, int64_t count)
{
    struct json_writer w = begin(out, "ACK");
    put_id(&w, id);
    json_key(&w, "postId");
    json_put_id(&w, post_id);
    json_key(&w, "liked");
    json_put_bool(&w, liked);
    json_key(&w, "count");
    json_put_int(&w, count);
    json_object_end(&w);
}

void say_error(struct buf *out, const char *id, enum err err, const char *sentence, int64_t retry_after_ms)
{
    struct json_writer w = begin(out, "error");
    put_id(&w, id);
    json_key(&w, "code");
    json_put_string(&w, err_slug(err));
    json_key(&w, "message");
    json_put_string(&w, sentence);
    if (retry_after_ms > 0) {
        json_key(&w, "retryAfter");
        json_put_int(&w, retry_after_ms);
    }
    json_object_end(&w);
}

void say_pong(struct buf *out, int64_t wall_ms)
{
    struct json_writer w = begin(out, "pong");
    json_key(&w, "timestamp");
    json_put_time(&w, wall_ms);
    json_object_end(&w);
}

void say_presence(struct buf *out, const struct presence_view *view)
{
    struct json_writer w = begin(out, "PRESENCE_UPDATE");
    json_key(&w, "count");
    json_put_int(&w, (int64_t)view->count);
    json_key(&w, "activeCoaches");
    json_array_begin(&w);
    for (size_t i = 0; i < view->coaches_count; i++)
        json_put_string(&w, view->coaches[i]);
    json_array_end(&w);
    json_object_end(&w);
}

void say_cheer(struct buf *out, int64_t user_id, const char *name, const char *icon)
{
    struct json_writer w = begin(out, "LIVE_CHEER");
    json_key(&w, "userId");
    json_put_id(&w, user_id);
    json_key(&w, "name");
    json_put_string(&w, name);
    json_key(&w, "icon");
    json_put_string(&w, icon);
    json_object_end(&w);
}

void say_likes(struct buf *out, int64_t post_id, int64_t count)
{
    struct json_writer w = begin(out, "LIKE_UPDATE");
    json_key(&w, "postId");
    json_put_id(&w, post_id);
    json_key(&w, "count");
    json_put_int(&w, count);
    json_object_end(&w);
}

static void say_new_post(struct buf *out, int64_t post_id, const char *cursor)
{
    struct json_writer w = begin(out, "NEW_POSTS");
    json_key(&w, "count");
    json_put_int(&w, 1);
    json_key(&w, "postIds");
    json_array_begin(&w);
    json_put_id(&w, post_id);
    json_array_end(&w);
    put_cursor(&w, cursor);
    json_object_end(&w);
}

static const char *change_name(enum change_kind kind)
{
    switch (kind) {
    case CHANGE_POST_EDITED:
        return "edited";
    case CHANGE_POST_DELETED:
        return "deleted";
    case CHANGE_POST_PINNED:
        return "pinned";
    case CHANGE_POST_UNPINNED:
        return "unpinned";
    case CHANGE_POST_HIDDEN:
        return "hidden";
    case CHANGE_POST_RESTORED:
        return "restored";
    default:
        assert(!"not a change of a post");
        return "";
    }
}

void say_post(struct buf *out, const struct change *change, const char *cursor)
{
    if (change->kind == CHANGE_POST_CREATED) {
        say_new_post(out, change->subject_id, cursor);
        return;
    }
    struct json_writer w = begin(out, "POST_CHANGED");
    json_key(&w, "postId");
    json_put_id(&w, change->subject_id);
    json_key(&w, "change");
    json_put_string(&w, change_name(change->kind));
    put_cursor(&w, cursor);
    json_object_end(&w);
}

void say_notice(struct buf *out, const struct say_notice *n, const char *cursor)
{
    struct json_writer w = begin(out, "LIVE_NOTIFICATION");
    json_key(&w, "noticeId");
    json_put_id(&w, n->id);
    json_key(&w, "kind");
    json_put_string(&w, n->kind);
    json_key(&w, "title");
    json_put_string(&w, n->title);
    json_key(&w, "body");
    json_put_string(&w, n->body);
    json_key(&w, "link");
    json_put_string(&w, n->link);
    put_cursor(&w, cursor);
    json_object_end(&w);
}

void say_counter_update(struct buf *out, const struct counter *counter, const char *cursor)
{
    struct json_writer w = begin(out, "COUNTER_UPDATE");
    json_key(&w, "name");
    json_put_string(&w, counter->name);
    json_key(&w, "value");
    json_put_int(&w, counter->value);
    json_key(&w, "metadata");
    counters_render(&w, counter);
    put_cursor(&w, cursor);
    json_object_end(&w);
}

void say_counter_result(struct buf *out, const char *id, const struct counter_event *event, const char *cursor)
{
    char type[40];
    (void)snprintf(type, sizeof type, "%sResult", counters_kind_name(event->kind));
    struct json_writer w = begin(out, type);
    put_id(&w, id);
    json_key(&w, "result");
    counters_render_event(&w, event, cursor);
    json_object_end(&w);
}

void say_digest(struct buf *out, const struct realtime_digest *d)
{
    struct json_writer w = begin(out, "DIGEST_PROGRESS");
    json_key(&w, "jobId");
    json_put_string(&w, d->job_id);
    json_key(&w, "status");
    json_put_string(&w, d->status);
    json_key(&w, "progress");
    json_put_int(&w, d->progress);
    json_key(&w, "currentStep");
    json_put_string(&w, d->step);
    json_object_end(&w);
}

/* ---- chat -------------------------------------------------------------------------------------------------------- */

void say_channel(struct buf *out, int64_t channel_id, int64_t last_message_id, const char *cursor)
{
    struct json_writer w = begin(out, "CHANNEL_UPDATE");
    json_key(&w, "channelId");
    json_put_id(&w, channel_id);
    json_key(&w, "lastMessageId");
    json_put_id(&w, last_message_id);
    put_cursor(&w, cursor);
    json_object_end(&w);
}

static void say_deleted(struct buf *out, const struct chat_message *message, const char *cursor)
{
    struct json_writer w = begin(out, "message_deleted");
    json_key(&w, "channelId");
    json_put_id(&w, message->channel_id);
    json_key(&w, "messageId");
    json_put_id(&w, message->id);
    put_cursor(&w, cursor);
    json_object_end(&w);
}

void say_message(struct buf *out, enum change_kind kind, const struct chat_message *message, const char *cursor)
{
    if (kind == CHANGE_MESSAGE_DELETED) {
        say_deleted(out, message, cursor);
        return;
    }
    struct json_writer w = kind == CHANGE_MESSAGE ? begin(out, "message") : begin(out, "message_updated");
    json_key(&w, "message");
    shapes_message(&w, message, false);
    put_cursor(&w, cursor);
    json_object_end(&w);
}

void say_message_ack(struct buf *out, const char *id, const char *client_id, int64_t message_id)
{
    struct json_writer w = begin(out, "ack");
    put_id(&w, id);
    json_key(&w, "clientId");
    json_put_string(&w, client_id);
    json_key(&w, "messageId");
    json_put_id(&w, message_id);
    json_object_end(&w);
}

static void put_name(struct json_writer *w, int64_t user_id, const char *name)
{
    json_key(w, "userId");
    json_put_id(w, user_id);
    json_key(w, "username");
    json_put_string(w, name);
}

static void put_status(struct json_writer *w, bool away)
{
    json_key(w, "status");
    json_put_string(w, away ? "away" : "online");
}

static void put_people(struct json_writer *w, const struct say_person *people, size_t count)
{
    json_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(w);
        put_name(w, people[i].user_id, people[i].name);
        json_key(w, "joinedAt");
        json_put_time(w, people[i].joined_ms);
        put_status(w, people[i].away);
        json_object_end(w);
    }
    json_array_end(w);
}

void say_initial_state(struct buf *out, const struct say_initial_state *state)
{
    struct json_writer w = begin(out, "initial_state");
    json_key(&w, "messages");
    json_array_begin(&w);
    for (size_t i = state->messages_count; i-- > 0;)
        shapes_message(&w, &state->messages[i], false);
    json_array_end(&w);
    json_key(&w, "onlineUsers");
    put_people(&w, state->people, state->people_count);
    json_key(&w, "online");
    json_put_int(&w, (int64_t)state->online);
    json_key(&w, "resumed");
    json_put_bool(&w, state->resumed);
    put_cursor(&w, state->cursor);
    json_object_end(&w);
}

void say_person(struct buf *out, const struct say_person *person)
{
    struct json_writer w = begin(out, "presence");
    put_name(&w, person->user_id, person->name);
    put_status(&w, person->away);
    json_object_end(&w);
}

void say_person_left(struct buf *out, int64_t user_id, const char *name)
{
    struct json_writer w = begin(out, "user_disconnected");
    put_name(&w, user_id, name);
    json_object_end(&w);
}

void say_typing(struct buf *out, int64_t user_id, const char *name, bool is_typing)
{
    struct json_writer w = begin(out, "typing");
    put_name(&w, user_id, name);
    json_key(&w, "isTyping");
    json_put_bool(&w, is_typing);
    json_object_end(&w);
}

void say_receipts(struct buf *out, const char *const *receipts, size_t count)
{
    struct json_writer w = begin(out, "receipt");
    json_key(&w, "items");
    json_array_begin(&w);
    for (size_t i = 0; i < count; i++)
        json_put_raw(&w, receipts[i], strlen(receipts[i]));
    json_array_end(&w);
    json_object_end(&w);
}
