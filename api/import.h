/*
 * A community from JSON Lines: one record a line, its fields as in the README ("Your own members").
 *
 * One transaction. A record that the database has already is skipped; one that differs is updated; a field that is left
 * out keeps what the database has. An id that is another person here, or what another person wrote, is refused: a file
 * of another community is not laid over this one. A reference must be above in the file or in the database. Runs on the
 * thread of the writer and reads only a regular file, so it never waits for anybody.
 */
#ifndef PORCHLIGHT_API_IMPORT_H
#define PORCHLIGHT_API_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "db/tx.h"

struct import_counts {
    int64_t lines;
    int64_t created;
    int64_t updated;
    int64_t unchanged;
};

struct import_options {
    int fd;           /* a regular file, read from where it stands */
    const char *name; /* for "NAME, line 3: reason" */
    int64_t bytes;    /* its size, for the percentage; 0: unknown */

    /* Told now and then; false: stop, nothing is to change. NULL: nobody watches. */
    bool (*progress)(void *arg, int64_t bytes_done, int64_t bytes, int64_t lines);
    void *progress_arg;
};

/* Applies the file within `tx`. On a bad line tx->problem says "NAME, line 3: reason" and the caller rolls back. */
enum err import_run(struct tx *tx, const struct import_options *options, struct import_counts *counts);

/*
 * One record, as import_run does it for each line. Uses tx->arena and leaves it full; notes nothing for those who keep
 * things in memory: the caller calls transfer_note_all once. `problem` says why not, without a line number.
 */
enum err import_record(struct tx *tx, const char *line, size_t len, struct import_counts *counts,
                       struct problem *problem);

#endif
