/*
 * The change log. See events.h.
 *
 * Events are forgotten from the oldest on and never from the middle: a cursor holds exactly when nothing after it was
 * forgotten. Row 'pruned' of table sequence has the newest number that was.
 */
#include "db/events.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "db/rows.h"

#define DAY_MS INT64_C(86400000)

enum err events_epoch(struct db *db, char out[static EPOCH_BYTES])
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT value FROM meta WHERE key = 'epoch'", "");
    if (err != ERR_OK)
        return err;
    size_t len = 0;
    const void *epoch = db_row(stmt) ? db_blob(stmt, 0, &len) : NULL;
    bool found = epoch != NULL && len == EPOCH_BYTES - 1;
    if (found) {
        memcpy(out, epoch, len);
        out[len] = '\0';
    }
    return rows_end_one(stmt, found, false);
}

enum err events_bounds(struct db *db, int64_t *newest, int64_t *oldest)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT value, (SELECT value FROM sequence WHERE name = 'pruned') + 1 FROM sequence"
                            " WHERE name = 'event'",
                            "");
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    if (found) {
        *newest = db_int(stmt, 0);
        *oldest = db_int(stmt, 1);
    }
    return rows_end_one(stmt, found, false);
}

enum err events_newest_of(struct db *db, int64_t team_id, int64_t *seq)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT COALESCE(MAX(seq), 0) FROM (SELECT MAX(seq) AS seq FROM events WHERE team_id = $1"
                            " UNION ALL SELECT MAX(seq) FROM events WHERE team_id IS NULL"
                            " UNION ALL SELECT MAX(seq) FROM counters WHERE team_id = $1"
                            " UNION ALL SELECT MAX(seq) FROM channels WHERE team_id = $1) AS newest",
                            "i", team_id);
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    *seq = found ? db_int(stmt, 0) : 0;
    return rows_end_one(stmt, found, false);
}

static enum err read_events(struct db_stmt *stmt, struct change *out, size_t limit, size_t *count)
{
    while (*count < limit && db_row(stmt)) {
        out[(*count)++] = (struct change){
            .kind = (enum change_kind)db_int(stmt, 2),
            .seq = db_int(stmt, 0),
            .team_id = db_int(stmt, 1),
            .subject_id = db_int(stmt, 3),
            .at_ms = db_int(stmt, 4),
        };
    }
    return db_end(stmt);
}

enum err events_since(struct db *db, int64_t team_id, int64_t since, struct change *out, size_t limit, size_t *count)
{
    *count = 0;
#define EVENT_RUN(whose)                                                                                               \
    "SELECT seq, team_id, kind, subject_id, at_ms FROM events WHERE team_id " whose " AND seq > $2"                    \
    " ORDER BY seq LIMIT $3"
    static const char sql[] = "SELECT * FROM (" EVENT_RUN("= $1") ") AS own UNION ALL SELECT * FROM (" EVENT_RUN(
        "IS NULL") ") AS common ORDER BY seq LIMIT $3";
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, sql, "iii", team_id, since, (int64_t)limit);
    return err != ERR_OK ? err : read_events(stmt, out, limit, count);
}

enum err events_since_all(struct db *db, int64_t since, struct change *out, size_t limit, size_t *count)
{
    *count = 0;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT seq, team_id, kind, subject_id, at_ms FROM events WHERE seq > $1"
                            " ORDER BY seq LIMIT $2",
                            "ii", since, (int64_t)limit);
    return err != ERR_OK ? err : read_events(stmt, out, limit, count);
}

/* Rows beyond EVENTS_KEPT_MAX. They are counted only when there may be as many: there is at most one a number. */
static enum err count_excess(struct db *db, int64_t newest, int64_t oldest, int64_t *excess)
{
    *excess = 0;
    if (newest - oldest < EVENTS_KEPT_MAX)
        return ERR_OK;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT COUNT(*) FROM events", "");
    if (err != ERR_OK)
        return err;
    if (db_row(stmt))
        *excess = db_int(stmt, 0) - EVENTS_KEPT_MAX;
    return db_end(stmt);
}

/* How far the oldest `limit` events may go: the newest of those that are too old or too many, or 0. */
static enum err find_last_to_forget(struct tx *tx, int64_t excess, size_t limit, int64_t *last)
{
    *last = 0;
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, "SELECT seq, at_ms FROM events ORDER BY seq LIMIT $1", "i", (int64_t)limit);
    if (err != ERR_OK)
        return err;
    int64_t too_old_ms = tx->now_ms - EVENTS_KEPT_DAYS * DAY_MS;
    for (; db_row(stmt) && (db_int(stmt, 1) < too_old_ms || excess > 0); excess--)
        *last = db_int(stmt, 0);
    return db_end(stmt);
}

enum err events_prune(struct tx *tx, size_t limit, int64_t *removed)
{
    if (removed != NULL)
        *removed = 0;
    int64_t newest;
    int64_t oldest;
    int64_t excess = 0;
    int64_t last = 0;
    enum err err = events_bounds(tx->db, &newest, &oldest);
    if (err == ERR_OK)
        err = count_excess(tx->db, newest, oldest, &excess);
    if (err == ERR_OK)
        err = find_last_to_forget(tx, excess, limit, &last);
    if (err != ERR_OK || last == 0)
        return err;
    err = db_run(tx->db, "DELETE FROM events WHERE seq <= $1", "i", last);
    if (err != ERR_OK)
        return err;
    if (removed != NULL)
        *removed = db_changes(tx->db);
    err = db_run(tx->db, "UPDATE sequence SET value = $1 WHERE name = 'pruned'", "i", last);
    if (err != ERR_OK)
        return err;
    return tx_note(tx, (struct change){.kind = CHANGE_PRUNED, .value = last + 1, .at_ms = tx->now_ms});
}
