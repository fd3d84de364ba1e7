/*
 * Chat channels of a team, and how far each member has what is said there. Tables channels, receipts.
 *
 * Every team has a first channel from its beginning. A channel's `seq` is the newest event of it and its messages: who
 * knows that number has missed nothing. Receipts are state, not events, and only move forward.
 */
#ifndef PORCHLIGHT_DB_CHANNELS_H
#define PORCHLIGHT_DB_CHANNELS_H

#include "db/users.h"

enum posting { POSTING_EVERYONE, POSTING_COACHES };

const char *posting_name(enum posting posting); /* "everyone", "coaches" */
bool posting_parse(const char *text, enum posting *posting);

struct channel {
    int64_t id;
    int64_t team_id;
    const char *name;
    enum posting posting;
    int64_t seq;             /* newest event of it; 0: none yet */
    int64_t last_message_id; /* 0: none yet; deleted ones count, as they keep their place */
    int64_t read_id;         /* by the viewer; 0: nothing yet */
    int64_t unread;          /* of others, since the viewer joined the team, among the newest UNREAD_COUNTED_MAX; 0
                                without a viewer */
    int64_t created_ms;
};

/* Whether somebody may write there who may read it: everyone, or the coach and admins. */
bool channels_may_post(const struct channel *channel, int64_t user_id, enum role role);

/* A team's channels whose newest event is after `since_seq` (-1: all), by id; CHANNELS_PER_TEAM_MAX at most. */
enum err channels_of(struct db *db, struct arena *arena, int64_t team_id, int64_t viewer_id, int64_t since_seq,
                     struct channel **out, size_t *count);

/* ERR_NOT_FOUND. */
enum err channels_by_id(struct db *db, struct arena *arena, int64_t id, int64_t viewer_id, struct channel *out);

/* What a poll or a write has to know first; without counting what is unread. */
enum err channels_brief(struct db *db, int64_t id, struct channel *out);

/* CHANGE_CHANNEL. ERR_CONFLICT beyond CHANNELS_PER_TEAM_MAX. id 0: the next free one; created_ms 0: now. */
struct channel_new {
    int64_t id;
    int64_t team_id;
    const char *name;
    enum posting posting;
    int64_t created_ms;
};
enum err channels_create(struct tx *tx, const struct channel_new *channel, int64_t *id);

/* The first one of a new team; and of every team that has none. Without events: nobody has looked there yet. */
enum err channels_create_first(struct tx *tx, int64_t team_id, int64_t created_ms);
enum err channels_complete(struct tx *tx);

struct receipt {
    int64_t user_id;
    int64_t delivered_id; /* 0: nothing */
    int64_t read_id;      /* 0: nothing */
};

/* Receipts of those who are in the team, with user id > `after`, by id. */
enum err channels_receipts(struct db *db, struct arena *arena, const struct channel *channel, int64_t after,
                           size_t limit, struct receipt **out, size_t *count);

/* One member's; zeros when there is none. */
enum err channels_receipt(struct db *db, int64_t channel_id, int64_t user_id, struct receipt *out);

/* Moves forward what is further than before; `out` is how it stands afterwards. CHANGE_RECEIPT when something moved. */
enum err channels_receive(struct tx *tx, const struct channel *channel, const struct receipt *receipt,
                          struct receipt *out);

#endif
