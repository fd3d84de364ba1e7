/*
 * All that is kept about one member: as one JSON object for them, and taken away for good when they leave.
 *
 * Taken away: name, sign-in, posts, messages, what they were told and taught. What stays is numbers without a person:
 * likes, what they counted, the audit log; their row stays for these, as "Former member".
 */
#ifndef PORCHLIGHT_DB_OWN_DATA_H
#define PORCHLIGHT_DB_OWN_DATA_H

#include "base/buf.h"
#include "db/tx.h"

/* Reads both files, for as long as it takes: not for a loop's thread. A full `out` shows in out->failed. */
enum err own_data_write(struct db *db, struct db *rooms, int64_t user_id, int64_t now_ms, struct buf *out);

/*
 * First what rooms.db has (with what digests quote of their posts, whose ids `db` reads), then the rest; again is
 * harmless, so that whoever was interrupted begins anew. `actor_id` 0: the operator. ERR_NOT_FOUND. CHANGE_ERASED.
 */
enum err own_data_erase_rooms(struct tx *rooms, struct db *db, int64_t user_id);
enum err own_data_erase(struct tx *tx, int64_t actor_id, int64_t user_id);

#endif
