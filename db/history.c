/* Epochs, and ids that never come back. See history.h. */
#include "db/history.h"

#include <sodium.h>

#include "db/events.h"

enum err history_renew(struct tx *tx)
{
    unsigned char random[(EPOCH_BYTES - 1) / 2];
    char epoch[EPOCH_BYTES];
    randombytes_buf(random, sizeof random);
    (void)sodium_bin2hex(epoch, sizeof epoch, random, sizeof random);
    return db_run(tx->db,
                  "INSERT INTO meta (key, value) VALUES ('epoch', $1) ON CONFLICT (key) DO UPDATE"
                  " SET value = excluded.value",
                  "b", epoch, (size_t)(EPOCH_BYTES - 1));
}

/* A table that has no row yet has none in sqlite_sequence either: it gets one. */
static enum err skip(struct tx *tx, const char *table, int64_t newest)
{
    enum err err = db_run(tx->db, "UPDATE sqlite_sequence SET seq = $2 WHERE name = $1 AND seq < $2", "si", table,
                          newest);
    if (err == ERR_OK)
        err = db_run(tx->db,
                     "INSERT INTO sqlite_sequence (name, seq) SELECT name, $2 FROM sqlite_schema WHERE type = 'table'"
                     " AND name = $1 AND sql LIKE '%AUTOINCREMENT%'"
                     " AND name NOT IN (SELECT name FROM sqlite_sequence)",
                     "si", table, newest);
    return err;
}

enum err history_skip_ids(struct tx *tx, struct db *present)
{
    struct db_stmt *stmt;
    enum err err = db_query(present, &stmt, "SELECT name, seq FROM sqlite_sequence", "");
    if (err != ERR_OK)
        return err;
    enum err skipped = ERR_OK;
    while (skipped == ERR_OK && db_row(stmt))
        skipped = skip(tx, db_text(stmt, 0, NULL), db_int(stmt, 1));
    err = db_end(stmt);
    return skipped != ERR_OK ? skipped : err;
}
