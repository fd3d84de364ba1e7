/*
 * The change log. See events.h.
 *
 * Events are forgotten from the oldest on and never from the middle: a cursor holds exactly when every number after it
 * is still there.
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
                            "SELECT value, COALESCE((SELECT MIN(seq) FROM events), value + 1) FROM sequence"
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
                            " UNION ALL SELECT MAX(seq) FROM events WHERE team_id IS NULL) AS newest",
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

/* The words of the index events_listed: from there it is known which kinds these are. */
#define IS_LISTED "kind NOT IN (7, 8, 9, 10, 11)"
static_assert(CHANGE_COUNTER == 7 && CHANGE_CHANNEL == 11, "the index events_listed leaves these out");

enum err events_since(struct db *db, int64_t team_id, int64_t since, struct change *out, size_t limit, size_t *count)
{
    *count = 0;
#define EVENT_RUN(whose)                                                                                               \
    "SELECT seq, team_id, kind, subject_id, at_ms FROM events WHERE team_id " whose " AND seq > $2 AND " IS_LISTED     \
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
                            "SELECT seq, team_id, kind, subject_id, at_ms FROM events WHERE seq > $1 AND " IS_LISTED
                            " ORDER BY seq LIMIT $2",
                            "ii", since, (int64_t)limit);
    return err != ERR_OK ? err : read_events(stmt, out, limit, count);
}

/* How far the oldest `limit` events may go: the newest of those that are too old or too many, or 0. */
static enum err find_last_to_forget(struct tx *tx, int64_t newest, size_t limit, int64_t *last)
{
    *last = 0;
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, "SELECT seq, at_ms FROM events ORDER BY seq LIMIT $1", "i", (int64_t)limit);
    if (err != ERR_OK)
        return err;
    int64_t too_old_ms = tx->now_ms - EVENTS_KEPT_DAYS * DAY_MS;
    while (db_row(stmt) && (db_int(stmt, 1) < too_old_ms || db_int(stmt, 0) <= newest - EVENTS_KEPT_MAX))
        *last = db_int(stmt, 0);
    return db_end(stmt);
}

enum err events_prune(struct tx *tx, size_t limit, int64_t *removed)
{
    if (removed != NULL)
        *removed = 0;
    int64_t newest;
    int64_t oldest;
    int64_t last = 0;
    enum err err = events_bounds(tx->db, &newest, &oldest);
    if (err == ERR_OK)
        err = find_last_to_forget(tx, newest, limit, &last);
    if (err != ERR_OK || last == 0)
        return err;
    err = db_run(tx->db, "DELETE FROM events WHERE seq <= $1", "i", last);
    if (err != ERR_OK)
        return err;
    if (removed != NULL)
        *removed = db_changes(tx->db);
    err = events_bounds(tx->db, &newest, &oldest);
    if (err != ERR_OK)
        return err;
    return tx_note(tx, (struct change){.kind = CHANGE_PRUNED, .value = oldest, .at_ms = tx->now_ms});
}
