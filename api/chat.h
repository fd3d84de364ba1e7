/*
 * What the resources of team chat share (api/channel.c, api/message.c): which channel a request is about, where it
 * stands, and the answer to who has missed nothing there.
 *
 * A place is one channel as an HTTP loop last read it. It holds as long as the team's head has not moved, so that a
 * poll that finds nothing new asks no database; that answer is rendered once (api/request.h, shared answers). The
 * loop's thread.
 */
#ifndef PORCHLIGHT_API_CHAT_H
#define PORCHLIGHT_API_CHAT_H

#include "base/json.h"
#include "db/channels.h"
#include "db/cursor.h"

struct caller;
struct chats;
struct request;

/* One loop's places. */
struct chats *chat_places_create(void);
void chat_places_free(struct chats *c); /* NULL is fine */

struct chat_place {
    struct channel channel; /* without name and counts */
    int64_t seq;            /* its newest event that is published: what a cursor of now says */
    int64_t reach;          /* of all teams: a number after this one was never given out */
};

/* The channel in the path, if the caller may see it. false: answered. */
bool chat_find(struct request *r, struct chat_place *out);

/* The same for a write, in its transaction: ERR_NOT_FOUND, ERR_FORBIDDEN with a sentence. */
enum err chat_enter(struct tx *tx, const struct caller *caller, int64_t channel_id, struct channel *out);

/* A cursor that says so much. */
void chat_put_cursor(struct json_writer *w, const struct request *r, int64_t seq);

/* A channel; its cursor says no more than `newest_seq`, so that it is not ahead of what is published. */
void chat_put_channel(struct json_writer *w, const struct request *r, const struct channel *channel,
                      int64_t newest_seq);

/* "read" or "delivered". false: neither. */
bool chat_parse_state(const char *text, bool *delivered_only);

/* How often a chat is asked for while it is open, in seconds. */
unsigned chat_base_s(const struct request *r);

/* Answers that nothing is new. */
void chat_reply_unchanged(struct request *r, const struct chat_place *place);

#endif
