/*
 * Like write-behind (DESIGN, section 3): a like is durable in the buffer, acknowledged and told; an alarm moves the
 * buffer into the posts database, every LIKES_FLUSH_MS, in one transaction.
 *
 *   likes_submit ─> rooms writer: run ─> pending_likes (rooms.db) ─ commit ─> overlay, CHANGE_LIKES published ─> done
 *                                                                   alarm ─> likes_flush ─> main writer ─> forget
 *
 * The overlay (realtime/overlay.h) is the memory of what the posts database does not say yet. An entry stays until the
 * flush after the one that carried it, so that a reader whose snapshot is a little older than a flush is still
 * corrected.
 *
 *              set_open                  the last direct like is done
 *      DIRECT ─────────> OPENING (held) ────────────────────────────> OPEN
 *         ^                                                             │ likes_close
 *         └──────── flushed and forgotten ──────── CLOSING (held) <─────┘
 *
 * While it is direct, wishes go to the main writer; while it is open, to the rooms writer. Between the two they are
 * held (some milliseconds) until the other writer has done all that it was given before. So no direct like runs while
 * the buffer is open, none is buffered while it is not, and likes run in the order in which they were submitted.
 */
#ifndef PORCHLIGHT_REALTIME_LIKES_H
#define PORCHLIGHT_REALTIME_LIKES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/posts.h"
#include "db/writer.h"

struct likes;

struct likes_options {
    struct writer *main;   /* of porchlight.db */
    struct writer *rooms;  /* of rooms.db; its `published` calls likes_committed first */
    struct db *rooms_db;   /* the rooms writer's connection: used on its thread only */
    struct db *rooms_read; /* a read connection to rooms.db: used on the main writer's thread only */
    struct db *read;       /* a read connection to porchlight.db: used on the rooms writer's thread only */
    const struct clock *clock;
    const struct log *log; /* NULL: silent */
};

/*
 * Before the threads use it. Direct at first; but rows that are in rooms.db already (there are none after store_open)
 * are taken into the overlay, and then it is open. Versions go on above all that either file has seen. ERR_STORAGE,
 * ERR_NO_MEMORY.
 */
enum err likes_create(const struct likes_options *options, struct likes **out);

/* After both writers have stopped, the main one first: what it completes may still go to the rooms writer. NULL is
   fine. */
void likes_free(struct likes *l);

/* After both writers have stopped, for those who may still wish: likes_submit answers ERR_CONFLICT from here on. */
void likes_stop(struct likes *l);

bool likes_open(const struct likes *l); /* any thread */

/* Opens the buffer, as soon as the direct likes that are queued are done. Main writer's thread, after the commit that
   turned the flag on; or before the threads use it. Nothing when it is open. Called while it closes, it stays open. */
void likes_set_open(struct likes *l);

/* Flushes what is there and closes the buffer, with everything that is submitted meanwhile in order. Blocks; a thread
   that may (housekeeper, control). ERR_STORAGE: still open, nothing lost. */
enum err likes_close(struct likes *l);

/* One wish. Embed it; the fields above the line are the caller's and stay until `done`. */
struct like_wish {
    struct job job;
    int64_t user_id;
    int64_t post_id;
    bool liked;
    bool any_team; /* an admin */
    const int64_t *teams;
    size_t teams_count;
    const char *ack_id; /* NULL: none. 1 to MESSAGE_ID_BYTES_MAX bytes */
    /* On a writer's thread, or (ERR_BUSY alone) on the one in likes_close; never inside likes_submit. Errors:
       ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_STORAGE; ERR_BUSY for one that was held and then not taken. */
    void (*done)(struct like_wish *w, enum err err, const struct problem *problem);
    void *owner; /* the caller's, for `done` */
    /* ---- the answer ---- */
    int64_t team_id;
    int64_t count;
    bool changed;  /* it was not so before */
    bool repeated; /* the ack id was used before: nothing changed, count is as of now */
    bool misused;  /* for another wish: `done` hears ERR_CONFLICT */
    struct likes *likes;
};

/*
 * Queues it. A wish that changes nothing writes nothing (but for its ack id). An ack id is stored in the transaction of
 * the buffered like; of a direct one after its commit, before `done`: a crash between the two lets the same wish run
 * again, which changes nothing. ERR_INVALID (the ack id), ERR_BUSY, ERR_CONFLICT (stopping): the wish stays the
 * caller's, done is not called. Any thread.
 */
enum err likes_submit(struct likes *l, struct like_wish *wish);

/*
 * The likes of a batch are durable: readers see them from here on. First thing in the rooms writer's `published`, so
 * that nobody who was told of a count reads an older one.
 */
void likes_committed(struct likes *l);

/* Corrects what was read from the posts database: counts, and `liked` of `viewer_id`. Any thread. */
void likes_correct(const struct likes *l, struct post *posts, size_t count, int64_t viewer_id);
int64_t likes_count_of(const struct likes *l, int64_t post_id, int64_t stored); /* the overlay's count, or `stored` */

/* Moves the buffer into the posts database, in one write transaction there (none when the buffer is empty). Blocks: the
   alarm's thread, backup and export. ERR_STORAGE, ERR_NO_MEMORY, ERR_CONFLICT (stopping): nothing is lost. */
enum err likes_flush(struct likes *l);

/* Much changed in the posts database at once (CHANGE_ALL): flushes, and makes the overlay again. Blocks, as
   likes_flush. */
enum err likes_reload(struct likes *l);

/*
 * When likes_flush is to be called (wall time): the stored alarm, now when more than LIKES_PENDING_MAX wait, or, once
 * the buffer is empty, the time to let the overlay go. 0: not at all. Any thread.
 */
int64_t likes_due_ms(const struct likes *l);

struct likes_stats {
    _Atomic uint64_t wishes;   /* run */
    _Atomic uint64_t buffered; /* that changed something, while it was open */
    _Atomic uint64_t flushes;  /* transactions on the posts database */
    _Atomic uint64_t flushed;  /* rows they carried */
    _Atomic uint64_t waiting;  /* rows in the buffer now */
    _Atomic uint64_t failed_flushes;
};
const struct likes_stats *likes_stats(const struct likes *l);

#endif
