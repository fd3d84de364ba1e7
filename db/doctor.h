/*
 * Looks for damage in both files, and mends what can be told from the rows themselves.
 *
 * Three kinds of faults: a file whose pages are damaged (only an index can be made anew; for the rest there are
 * backups), rows that refer to rows that are not there, and figures that are kept beside what they count. Each check
 * has a name; the table of them is in doctor.c, in the order in which they are repaired.
 */
#ifndef PORCHLIGHT_DB_DOCTOR_H
#define PORCHLIGHT_DB_DOCTOR_H

#include "db/driver.h"

/* The file's own check, all of it; `fault` is its first finding, "" for none. */
enum err doctor_integrity(struct db *db, char *fault, size_t fault_bytes);

/* porchlight.db and rooms.db on one connection: what is open is the first, this adds the other. */
enum err doctor_join_rooms(struct db *db, const char *rooms_path);

struct doctor_finding {
    const char *name;   /* "like-counts" */
    const char *what;   /* "posts whose count is not that of their likes" */
    int64_t count;      /* of them */
    char example[160];  /* one of them */
    const char *repair; /* what mends it; NULL: nothing here can */
};

/* Each finding; returns how many there were, in `found`. Of a joined connection, inside one transaction. */
enum err doctor_examine(struct db *db, void (*each)(void *arg, const struct doctor_finding *finding), void *arg,
                        size_t *found);

/*
 * Mends what doctor_examine finds, in one transaction of its own, each of which is told; `left` is what is found
 * afterwards (0: sound). The audit log gets a row, as of `now_ms`. Nothing is changed on an error, or when pages are
 * damaged: `each` is told of that alone.
 */
enum err doctor_repair(struct db *db, int64_t now_ms, void (*each)(void *arg, const struct doctor_finding *finding),
                       void *arg, size_t *left);

#endif
