/*
 * Putting a backup in the place of what a data directory has, without those who have deleted their account since
 * (api/departed.h). In two halves, so that a power cut at any moment leaves either the old community or the new one:
 *
 *      DATA/restoring.partial/   unpacked, checked, with its new epoch      ── rename ──>  DATA/restoring/
 *
 *      DATA/restoring/ is there: from here on the backup is what counts. Each file of before moves into
 *      DATA/before-restore-TIME/, the new one into its place; then the folder goes.
 *
 * Whoever opens the data directory for writing ends the second half first. The lock is the caller's.
 */
#ifndef PORCHLIGHT_API_RESTORE_H
#define PORCHLIGHT_API_RESTORE_H

#include "api/backup.h"

#define RESTORE_ASIDE_BYTES 40 /* "before-restore-20260131T083000Z" */

struct restore_options {
    const char *data;
    int fd; /* of the backup */
    const char *name;
    bool only_check; /* says what it is and whether it could be restored, and changes nothing */
    const struct clock *clock;
    const struct log *log;
    struct backup_watch watch;
};

/* Errors have a sentence; then nothing is changed. `aside` is where the files of before are; "": there were none. */
enum err restore_run(const struct restore_options *options, struct backup_facts *facts,
                     char aside[static RESTORE_ASIDE_BYTES], struct problem *problem);

/* Ends what was cut off. Nothing to do: ERR_OK. */
enum err restore_finish(const char *data, char aside[static RESTORE_ASIDE_BYTES], struct problem *problem);

/* Whether there is something to end: a folder in which no file may be trusted yet. */
bool restore_is_cut_off(const char *data);

#endif
