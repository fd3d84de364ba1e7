/* All that is kept about one member, as one JSON object for them. What is taken away when they leave: db/farewell.h. */
#ifndef PORCHLIGHT_DB_OWN_DATA_H
#define PORCHLIGHT_DB_OWN_DATA_H

#include "base/buf.h"
#include "db/driver.h"

/* Reads both files, for as long as it takes: not for a loop's thread. A full `out` shows in out->failed. */
enum err own_data_write(struct db *db, struct db *rooms, int64_t user_id, int64_t now_ms, struct buf *out);

#endif
