/*
 * Both files at one moment: what a backup copies.
 *
 *      main writer   ──── batch ──┤ held ├── batch ────        porchlight.db
 *      rooms writer  ─ batch ──┤  held   ├─ batch ─────        rooms.db
 *                                  ^ both snapshots begin here: neither file changes meanwhile
 *
 * Each writer runs a job, and the one that comes first waits for the other's, which takes the moment for both: while
 * both are in their jobs no transaction can commit, so two read connections that begin now see the last commit of each
 * file, and nothing of one can lack what it refers to in the other. A writer that has waited MOMENT_HOLD_MS_MAX gives
 * up, and both are asked again: a disk that takes long over one commit must not keep the other writer from its work.
 */
#ifndef PORCHLIGHT_DB_MOMENT_H
#define PORCHLIGHT_DB_MOMENT_H

#include "db/writer.h"

struct moment {
    struct db *community; /* read connections: in a transaction afterwards, which the caller ends with db_rollback */
    struct db *rooms;
    int64_t held_us; /* how long a writer was held at most, all tries together the longest */
    int tries;
};

/* Blocks: a thread that may. ERR_BUSY: the writers did not meet; ERR_STORAGE, ERR_NO_MEMORY, ERR_CONFLICT (they stop):
   then no transaction is open. */
enum err moment_take(struct writer *main, struct writer *rooms, struct moment *moment);

/* The same of files that nobody writes to. */
enum err moment_take_quiet(struct moment *moment);

#endif
