/*
 * The like buffer's rows: likes and unlikes that are durable but not yet in the posts database. Table pending_likes of
 * rooms.db, one row per (post, member) with the newest wish and its version; and the way of such rows into
 * porchlight.db.
 *
 *   rooms.db  pending_likes (post, user, liked, at, version)  --apply-->  porchlight.db  likes, posts.likes
 *                                                                          sequence 'likes_flushed' = version
 *
 * Versions only grow. The posts database remembers, in the same transaction, up to which version it has them: after a
 * crash between the two files nothing is applied over what came later, and applying twice changes nothing.
 */
#ifndef PORCHLIGHT_DB_PENDING_LIKES_H
#define PORCHLIGHT_DB_PENDING_LIKES_H

#include "base/clock.h"
#include "db/tx.h"

/* The room whose alarm (db/room_store.h) says when the rows are due. */
#define PENDING_LIKES_ROOM "likes"

struct pending_like {
    int64_t post_id;
    int64_t user_id;
    bool liked;
    int64_t at_ms;
    int64_t version;
};

/* ---- rooms.db ---- */

enum err pending_likes_put(struct tx *rooms, const struct pending_like *like); /* replaces the pair's older wish */
/* In the order of versions, with version > after; `out` has room for `limit`. */
enum err pending_likes_page(struct db *rooms, int64_t after, struct pending_like *out, size_t limit, size_t *count);
/* Rows whose version is `upto` or below: they are in the posts database. */
enum err pending_likes_forget(struct tx *rooms, int64_t upto);
enum err pending_likes_bounds(struct db *rooms, int64_t *newest_version, int64_t *count); /* 0, 0 when empty */

/* ---- porchlight.db ---- */

/* The version up to which it has them; 0: it never had any. */
enum err pending_likes_flushed(struct db *community, int64_t *version);

/* The state without the buffer. ERR_NOT_FOUND also for a deleted post. */
struct like_state {
    int64_t team_id;
    int64_t count;
    bool liked;  /* by this member */
    bool hidden; /* then nobody likes it anew, but what was buffered before holds */
};
enum err pending_likes_state(struct db *community, int64_t post_id, int64_t user_id, struct like_state *out);

/*
 * Brings rows (each pair once) into likes and posts.likes, in the caller's transaction: a row changes a count only when
 * it changes a row of likes. Rows that were flushed before, likes of posts that were deleted meanwhile and of members
 * who are gone are left out. Notes nothing: everybody has been told when the like was buffered. Remembers `upto` (no
 * row is newer) as flushed.
 */
enum err pending_likes_apply(struct tx *community, const struct pending_like *likes, size_t count, int64_t upto);

/* ---- both -------------------------------------------------------------------------------------------------------- */

/*
 * What a crash left in rooms.db goes into porchlight.db, in pages, and is forgotten, its alarm too. Two write
 * connections, before any writer runs. `recovered` is the number of rows that were not in porchlight.db yet.
 */
enum err pending_likes_recover(struct db *community, struct db *rooms, const struct clock *clock, int64_t *recovered);

#endif
