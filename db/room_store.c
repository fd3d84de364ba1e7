/* What rooms keep. See room_store.h. */
#include "db/room_store.h"

#include <string.h>

#include "base/limits.h"
#include "db/rows.h"

#define HOUR_MS INT64_C(3600000)

/* Whether a text may stand in a column: not empty, at most `bytes_max`. */
static bool fits(const char *text, size_t bytes_max)
{
    size_t len = strnlen(text, bytes_max + 1);
    return len > 0 && len <= bytes_max;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* Column `column` is the value of `key`, which is the arena's or the caller's. false: the arena is full. */
static bool read_value(struct db_stmt *stmt, int column, struct arena *arena, const char *key, struct room_value *out)
{
    size_t len;
    const void *bytes = db_blob(stmt, column, &len);
    char *copy = arena_copy(arena, len > 0 ? bytes : "", len);
    if (copy == NULL || key == NULL)
        return false;
    *out = (struct room_value){.key = key, .bytes = copy, .len = len};
    return true;
}

enum err room_store_get(struct db *db, struct arena *arena, const char *room, const char *key, struct room_value *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT value FROM room_values WHERE room = $1 AND key = $2", "ss", room, key);
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    bool full = found && !read_value(stmt, 0, arena, arena_text(arena, key), out);
    return rows_end_one(stmt, found, full);
}

enum err room_store_get_many(struct db *db, struct arena *arena, const char *room, const char *const *keys,
                             size_t count, struct room_value *out, size_t *found)
{
    *found = 0;
    for (size_t i = 0; i < count; i++) {
        enum err err = room_store_get(db, arena, room, keys[i], &out[*found]);
        if (err == ERR_OK)
            (*found)++;
        else if (err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_OK;
}

/* The walk begins at whichever is later, the prefix or `after`, and ends at the first key without the prefix: so it
   needs no order but that of bytes, and reads no key for nothing. */
enum err room_store_list(struct db *db, struct arena *arena, const char *room, const char *prefix, const char *after,
                         size_t limit, struct room_value *out, size_t *found)
{
    *found = 0;
    static const char from[] = "SELECT key, value FROM room_values WHERE room = $1 AND key >= $2 ORDER BY key LIMIT $3";
    static const char beyond[] =
        "SELECT key, value FROM room_values WHERE room = $1 AND key > $2 ORDER BY key LIMIT $3";
    bool is_after = strcmp(after, prefix) >= 0;
    size_t prefix_len = strlen(prefix);
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, is_after ? beyond : from, "ssi", room, is_after ? after : prefix,
                            (int64_t)limit);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *found < limit && db_row(stmt)) {
        const char *key = db_text(stmt, 0, NULL);
        if (key != NULL && strncmp(key, prefix, prefix_len) != 0)
            break;
        key = rows_text(stmt, 0, arena, &full);
        full = full || !read_value(stmt, 1, arena, key, &out[*found]);
        *found += !full;
    }
    return rows_end(stmt, full);
}

enum err room_store_put(struct tx *tx, const char *room, const struct room_value *value)
{
    if (!fits(room, ROOM_NAME_BYTES_MAX) || !fits(value->key, ROOM_KEY_BYTES_MAX) || value->len > ROOM_VALUE_BYTES_MAX)
        return problem_set(&tx->problem, ERR_INVALID, "A room's name, key or value is empty or too long.");
    return db_run(tx->db,
                  "INSERT INTO room_values (room, key, value) VALUES ($1, $2, $3)"
                  " ON CONFLICT (room, key) DO UPDATE SET value = excluded.value",
                  "ssb", room, value->key, value->bytes, value->len);
}

enum err room_store_put_many(struct tx *tx, const char *room, const struct room_value *values, size_t count)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++)
        err = room_store_put(tx, room, &values[i]);
    return err;
}

enum err room_store_delete(struct tx *tx, const char *room, const char *key)
{
    return db_run(tx->db, "DELETE FROM room_values WHERE room = $1 AND key = $2", "ss", room, key);
}

enum err room_store_delete_all(struct tx *tx, const char *room)
{
    enum err err = db_run(tx->db, "DELETE FROM room_values WHERE room = $1", "s", room);
    return err != ERR_OK ? err : room_store_set_alarm(tx, room, 0);
}

/* ---- alarms ------------------------------------------------------------------------------------------------------ */

enum err room_store_set_alarm(struct tx *tx, const char *room, int64_t due_ms)
{
    if (due_ms == 0)
        return db_run(tx->db, "DELETE FROM room_alarms WHERE room = $1", "s", room);
    if (!fits(room, ROOM_NAME_BYTES_MAX))
        return problem_set(&tx->problem, ERR_INVALID, "A room's name is empty or too long.");
    return db_run(tx->db,
                  "INSERT INTO room_alarms (room, due_ms) VALUES ($1, $2)"
                  " ON CONFLICT (room) DO UPDATE SET due_ms = excluded.due_ms",
                  "si", room, due_ms);
}

enum err room_store_alarm(struct db *db, const char *room, int64_t *due_ms)
{
    *due_ms = 0;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT due_ms FROM room_alarms WHERE room = $1", "s", room);
    if (err != ERR_OK)
        return err;
    if (db_row(stmt))
        *due_ms = db_int(stmt, 0);
    return db_end(stmt);
}

enum err room_store_alarms(struct db *db, struct arena *arena, struct room_alarm *out, size_t limit, size_t *found)
{
    *found = 0;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT room, due_ms FROM room_alarms ORDER BY due_ms LIMIT $1", "i",
                            (int64_t)limit);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *found < limit && db_row(stmt)) {
        out[*found] = (struct room_alarm){.room = rows_text(stmt, 0, arena, &full), .due_ms = db_int(stmt, 1)};
        *found += !full;
    }
    return rows_end(stmt, full);
}

/* ---- acks -------------------------------------------------------------------------------------------------------- */

enum err room_store_ack_find(struct db *db, struct arena *arena, int64_t user_id, const char *id, const char **answer)
{
    *answer = NULL;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT answer FROM acks WHERE user_id = $1 AND id = $2", "is", user_id, id);
    if (err != ERR_OK)
        return err;
    bool full = false;
    bool found = db_row(stmt);
    if (found)
        *answer = rows_text(stmt, 0, arena, &full);
    return rows_end_one(stmt, found, full);
}

enum err room_store_ack_put(struct tx *tx, int64_t user_id, const char *id, const char *answer)
{
    if (!fits(id, MESSAGE_ID_BYTES_MAX))
        return problem_set(&tx->problem, ERR_INVALID, "A message's id is empty or too long.");
    return db_run(tx->db, "INSERT INTO acks (user_id, id, answer, created_ms) VALUES ($1, $2, $3, $4)", "issi", user_id,
                  id, answer, tx->now_ms);
}

enum err room_store_ack_prune(struct tx *tx, size_t limit, int64_t *removed)
{
    *removed = 0;
    enum err err = db_run(tx->db,
                          "DELETE FROM acks WHERE (user_id, id) IN"
                          " (SELECT user_id, id FROM acks WHERE created_ms < $1 ORDER BY created_ms LIMIT $2)",
                          "ii", tx->now_ms - ACK_HOURS * HOUR_MS, (int64_t)limit);
    if (err == ERR_OK)
        *removed = db_changes(tx->db);
    return err;
}
