/*
 * Who deleted their account, outside of what a restore puts back: a backup from before would bring them back.
 *
 *      DATA/deleted-members     # a comment
 *                               b0a1c2d3e4f50617 42 2026-01-31T08:30:00.000Z     community, member's id, when
 *
 * Ids and nothing else. The community is told by a hash of the secret that was made with it, which backups have too, so
 * that the backup of another community, in which an id is another person, loses nobody; and who is younger than a
 * deletion is another person as well. The database of now knows all that the file says: the file is written from it, at
 * each start and after each deletion, and matters when that database is gone or damaged.
 */
#ifndef PORCHLIGHT_API_DEPARTED_H
#define PORCHLIGHT_API_DEPARTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "db/tx.h"

#define DEPARTED_FILE "deleted-members"

/* The file gets whoever has left in `db` and is not in it. Written beside its place and moved there. */
enum err departed_save(const char *data, struct db *db, struct problem *problem);

/* In a community that was restored: who is in the file leaves once more (farewell_begin). ERR_MALFORMED with a sentence
   when the file is not understood. `count`: how many left. */
enum err departed_apply(const char *data, struct tx *tx, size_t *count);

/* One line; false: a comment or an empty one. ERR_MALFORMED in `err`. Pure. */
#define DEPARTED_COMMUNITY_BYTES 17
struct departed {
    char community[DEPARTED_COMMUNITY_BYTES];
    int64_t user_id;
    int64_t at_ms;
};
bool departed_parse(const char *line, size_t len, struct departed *out, enum err *err);

#endif
