/*
 * Digest jobs: what a member is to read, gathered by this server (api/digest_maker.h) or by a worker outside. Kept in
 * room storage (db/room_store.h), in room "digest/{user id}:{number}":
 *
 *   job               topics, who works, status, progress, times, how many articles
 *   article/{place}   in the order in which they were added
 *
 *   pending ──> in_progress ──> completed            Neither changes any more. The member's room (db/member_state.h)
 *          `─────────────`───> failed                lists the newest DIGESTS_KEPT.
 *
 * A room without sockets: it has no kind in realtime/, for digests work while that is off, and in a build without it.
 * Its alarm (db/alarms.h) fails a job that has made no progress for DIGEST_EXPIRES_MS, and begins one of our own again
 * that a crash, an error or a full queue left lying, DIGEST_BEGINS_MAX times at most. Each step of a job notes
 * CHANGE_DIGEST. Writes run in the rooms writer's transaction, reads on a read connection to rooms.db.
 */
#ifndef PORCHLIGHT_DB_DIGESTS_H
#define PORCHLIGHT_DB_DIGESTS_H

#include "db/digest_id.h"
#include "db/room_store.h"

#define DIGESTS_ROOMS "digest/"

/* The job of a room of that name; false: it is none. */
bool digests_parse_room(const char *room, struct digest_id *out);

enum digest_status { DIGEST_PENDING, DIGEST_IN_PROGRESS, DIGEST_COMPLETED, DIGEST_FAILED };
const char *digests_status_name(enum digest_status status);

struct digest {
    struct digest_id id;
    const char **topics;
    size_t topics_count;
    bool built_in; /* this server makes it; otherwise a worker outside */
    bool weekly;   /* nobody asked for it */
    enum digest_status status;
    int64_t progress;  /* 0 to 100 */
    const char *step;  /* "" at first */
    const char *error; /* NULL: none */
    int64_t articles;
    int64_t started_ms;
    int64_t updated_ms;   /* its last progress */
    int64_t completed_ms; /* or failed; 0: not yet */
    int64_t begun;        /* how often this server set about it */
};

struct digest_article {
    const char *id;
    const char *title;
    const char *summary;
    const char *link; /* NULL: none */
    const char **topics;
    size_t topics_count;
    int64_t score;
};

/* ---- reading ----------------------------------------------------------------------------------------------------- */

enum err digests_get(struct db *db, struct arena *arena, const struct digest_id *id, struct digest *out);
/* The highest score first, then as they were added. */
enum err digests_articles(struct db *db, struct arena *arena, const struct digest_id *id, struct digest_article **out,
                          size_t *count);
/* A member's, the newest first, with numbers below `before` (0: all); `out` has room for `limit`. */
enum err digests_list(struct db *db, struct arena *arena, int64_t user_id, int64_t before, size_t limit,
                      struct digest *out, size_t *count);

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* Each but the first: ERR_NOT_FOUND (no such job), ERR_CONFLICT (it has ended, or expired), with a sentence. */

struct digest_new {
    int64_t user_id;
    const char **topics;
    size_t topics_count;
    bool built_in;
    bool weekly;
    bool at_once; /* of our own: with the next turn of the alarms; otherwise somebody begins it now */
};

/* The oldest that have ended make room. ERR_CONFLICT: DIGESTS_KEPT are under way. */
enum err digests_create(struct tx *tx, const struct digest_new *new, struct digest *out);

/* This server sets about it: its first step, which is counted. */
enum err digests_begin(struct tx *tx, const struct digest_id *id);
/* `progress` -1 and `step` NULL leave it as it is. The job is in progress from the first of these on. */
enum err digests_progress(struct tx *tx, const struct digest_id *id, int64_t progress, const char *step);
/* One with the same id takes the place of the one before. ERR_CONFLICT beyond DIGEST_ARTICLES_MAX. */
enum err digests_add_article(struct tx *tx, const struct digest_id *id, const struct digest_article *article);
/* `error` NULL: completed; otherwise failed. */
enum err digests_complete(struct tx *tx, const struct digest_id *id, const char *error);

/* The alarm. `begin`: it is one of our own that is to be begun (again); while there is no `room` for it, it waits. */
enum err digests_ring(struct tx *tx, const struct digest_id *id, bool room, bool *begin);

#endif
