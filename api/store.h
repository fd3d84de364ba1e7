/*
 * The data directory: who may write to it, and where things are in it.
 *
 *      DATA/                mode 0700
 *        porchlight.db      the database (and -wal, -shm beside it)
 *        rooms.db           what rooms keep (digests and what members taught among it), answers to messages, likes on
 *                           their way into porchlight.db (as above)
 *        backups/           made by `porchlight backup` (api/backups.h); backup.work while one is made
 *        restoring/         while a backup takes their place (api/restore.h)
 *        lock               held with flock(2) by whoever writes; says which process that is
 *        control.sock       mode 0600; a running server takes commands here (api/control.h)
 *
 * One process writes at a time: a server, or a command while no server runs. Reading needs no lock. Whoever opens for
 * writing first brings the likes that a crash left in rooms.db into porchlight.db.
 */
#ifndef PORCHLIGHT_API_STORE_H
#define PORCHLIGHT_API_STORE_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "db/driver.h"
#include "db/migrate.h"

#define STORE_PATH_BYTES 4096

enum store_file { STORE_DATABASE, STORE_ROOMS, STORE_LOCK, STORE_CONTROL, STORE_BACKUP_WORK };

/* "DATA/porchlight.db". ERR_INVALID when the folder's name is too long. */
enum err store_path(const char *data, enum store_file file, char out[static STORE_PATH_BYTES]);

/* "20260131T083000Z": for names of files, which sort by their time. */
#define STORE_STAMP_BYTES 17
void store_stamp(int64_t wall_ms, char out[static STORE_STAMP_BYTES]);

struct store_options {
    const char *data;
    const char *purpose; /* written into the lock: "serve", or the command's name */
    int lock_fd;         /* held already, by the image of the program before this one; 0: take it */
    bool must_write;     /* store_open refuses what it may only read: a server reads on, a command cannot */
    const struct clock *clock;
    const struct log *log;        /* NULL: silent */
    struct db_stats *stats;       /* of porchlight.db; NULL: not counted */
    struct db_stats *rooms_stats; /* of rooms.db; NULL: not counted */
};

struct store {
    struct db *db;    /* porchlight.db: writes for store_open, reads for store_open_read */
    struct db *rooms; /* rooms.db: writes; NULL for store_open_read */
    int lock_fd;      /* -1: not held */
    int64_t recovered_likes;
    struct migrate_report migrated;
};

/*
 * Makes the folder and the two databases when they are missing, takes the lock, brings the schemas up to date, makes
 * sure that there is a key to sign tokens with, and empties the like buffer of a crash. ERR_CONFLICT when another
 * process holds the lock; the sentence names it. `serve` and commands use it alike.
 */
enum err store_open(const struct store_options *options, struct store *store, struct problem *problem);

/* Only the lock, for commands that open the files themselves; the folder is made. ERR_CONFLICT: somebody holds it. The
   caller closes it. */
enum err store_lock(const struct store_options *options, int *lock_fd, struct problem *problem);

/* Whether there is a community: ERR_NOT_FOUND with a sentence when not, ERR_STORAGE when nobody lets us see. */
enum err store_find(const struct store_options *options, struct problem *problem);

/*
 * A read connection without the lock. ERR_NOT_FOUND when there is no database, ERR_SCHEMA when its schema is another.
 */
enum err store_open_read(const struct store_options *options, struct store *store, struct problem *problem);

/* One more read connection to porchlight.db, for a loop of the server or the control thread; to rooms.db, for whoever
   looks into it beside its writer. */
enum err store_connect(const struct store_options *options, struct db **out);
enum err store_connect_rooms(const struct store_options *options, struct db **out);

/*
 * For a command that reads the community as a whole (export): while no server runs, likes that a crash left in rooms.db
 * are brought into porchlight.db first, which needs the right to write. Nothing happens when there are none, or when a
 * server holds the lock: it flushes its buffer itself. Without the right, an error whose sentence says what to do.
 */
enum err store_settle_likes(const struct store_options *options, struct problem *problem);

void store_close(struct store *store); /* closes, releases the lock */

#endif
