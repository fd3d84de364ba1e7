/*
 * The change log: every durable event has its number in one sequence, and those of posts and notices have a row. What
 * happens to counters and channels has none: it would be more than all the rest, and their own rows keep the number of
 * the newest. Tables events, sequence, meta.
 */
#ifndef PORCHLIGHT_DB_EVENTS_H
#define PORCHLIGHT_DB_EVENTS_H

#include "db/tx.h"

#define EPOCH_BYTES 17 /* 16 hex digits and a NUL */

/* The random name of this history, made with the database. */
enum err events_epoch(struct db *db, char out[static EPOCH_BYTES]);

/* Newest number given out, and the oldest that a cursor may be about to ask for: everything before it may be forgotten.
   At an empty log newest is 0, oldest 1. */
enum err events_bounds(struct db *db, int64_t *newest, int64_t *oldest);

/* Newest event of a team, those to everybody and of its counters and channels included; 0 when there is none. */
enum err events_newest_of(struct db *db, int64_t team_id, int64_t *seq);

/* The rows of a team and to everybody with seq > since, in order, at most `limit`. `out` has room for `limit`. */
enum err events_since(struct db *db, int64_t team_id, int64_t since, struct change *out, size_t limit, size_t *count);

/* The same of all teams. */
enum err events_since_all(struct db *db, int64_t since, struct change *out, size_t limit, size_t *count);

/* Forgets events older than EVENTS_KEPT_DAYS and beyond EVENTS_KEPT_MAX; at most `limit` rows a call. `removed` may be
   NULL. Notes CHANGE_PRUNED when something was removed. */
enum err events_prune(struct tx *tx, size_t limit, int64_t *removed);

#endif
