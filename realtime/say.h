/*
 * What the server says, as JSON: one function a message of the contract (api/asyncapi.json). Pure; into a struct buf.
 */
#ifndef PORCHLIGHT_REALTIME_SAY_H
#define PORCHLIGHT_REALTIME_SAY_H

#include "base/buf.h"
#include "base/err.h"
#include "db/counters.h"
#include "db/messages.h"
#include "db/presence.h"
#include "db/tx.h"

#define SAY_BYTES_MAX (256U << 10) /* the longest: a team with very many coaches present */

struct say_welcome {
    const char *cursor;
    int64_t user_id;
    uint32_t serial; /* with the loop's number it names the session */
    unsigned loop;
    int64_t subscribed_ms;
};

void say_welcome(struct buf *out, const struct say_welcome *w);
void say_reset(struct buf *out, const char *cursor);
void say_ack(struct buf *out, const char *id);
void say_like_ack(struct buf *out, const char *id, int64_t post_id, bool liked, int64_t count);
void say_error(struct buf *out, const char *id, enum err err, const char *sentence, int64_t retry_after_ms);
void say_pong(struct buf *out, int64_t wall_ms);
void say_presence(struct buf *out, const struct presence_view *view);
void say_cheer(struct buf *out, int64_t user_id, const char *name, const char *icon);
void say_likes(struct buf *out, int64_t post_id, int64_t count);
/* NEW_POSTS or POST_CHANGED, by the change's kind. */
void say_post(struct buf *out, const struct change *change, const char *cursor);

/* CHANNEL_UPDATE: where a channel stands, to the team. */
void say_channel(struct buf *out, int64_t channel_id, int64_t last_message_id, const char *cursor);

/* message, message_updated or message_deleted. `kind` is the change's. The same bytes go to everybody: the words of a
   hidden message are not in them; whoever may read them asks over HTTP. */
void say_message(struct buf *out, enum change_kind kind, const struct chat_message *message, const char *cursor);
void say_message_ack(struct buf *out, const char *id, const char *client_id, int64_t message_id);

/* Who is in a channel. */
struct say_person {
    int64_t user_id;
    const char *name;
    int64_t joined_ms;
    bool away;
};
struct say_initial_state {
    const struct chat_message *messages; /* newest first; said oldest first */
    size_t messages_count;
    const struct say_person *people;
    size_t people_count;
    size_t online; /* all of them, those who are not listed too */
    const char *cursor;
    bool resumed; /* what was missed follows; the messages are none */
};
void say_initial_state(struct buf *out, const struct say_initial_state *state);
void say_person(struct buf *out, const struct say_person *person);
void say_person_left(struct buf *out, int64_t user_id, const char *name);
void say_typing(struct buf *out, int64_t user_id, const char *name, bool is_typing);
/* Receipts that are JSON already, one after the other. */
void say_receipts(struct buf *out, const char *const *receipts, size_t count);

struct say_notice {
    int64_t id;
    const char *kind;
    const char *title;
    const char *body;
    const char *link; /* NULL: none */
};
void say_notice(struct buf *out, const struct say_notice *n, const char *cursor);

void say_counter_update(struct buf *out, const struct counter *counter, const char *cursor);
/* What an operation did, to who asked; `id` may be NULL. (The change itself is said by counters_render_event.) */
void say_counter_result(struct buf *out, const char *id, const struct counter_event *event, const char *cursor);

struct realtime_digest;
void say_digest(struct buf *out, const struct realtime_digest *d);

#endif
