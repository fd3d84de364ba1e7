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

/* ---- how much a room keeps --------------------------------------------------------------------------------------- */

enum err room_store_size(struct db *db, const char *room, struct room_size *out)
{
    *out = (struct room_size){0};
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT keys, bytes FROM room_sizes WHERE room = $1", "s", room);
    if (err != ERR_OK)
        return err;
    if (db_row(stmt))
        *out = (struct room_size){.keys = db_int(stmt, 0), .bytes = db_int(stmt, 1)};
    return db_end(stmt);
}

/* The bytes of a value that is there; -1: it is not. */
static enum err value_bytes(struct tx *tx, const char *room, const char *key, int64_t *bytes)
{
    *bytes = -1;
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, "SELECT LENGTH(value) FROM room_values WHERE room = $1 AND key = $2", "ss",
                            room, key);
    if (err != ERR_OK)
        return err;
    if (db_row(stmt))
        *bytes = db_int(stmt, 0);
    return db_end(stmt);
}

static enum err resize(struct tx *tx, const char *room, int64_t keys, int64_t bytes)
{
    return db_run(tx->db,
                  "INSERT INTO room_sizes (room, keys, bytes) VALUES ($1, $2, $3)"
                  " ON CONFLICT (room) DO UPDATE SET keys = excluded.keys, bytes = excluded.bytes",
                  "sii", room, keys, bytes);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

enum err room_store_put(struct tx *tx, const char *room, const struct room_value *value)
{
    struct room_size size;
    int64_t before;
    if (!fits(room, ROOM_NAME_BYTES_MAX) || !fits(value->key, ROOM_KEY_BYTES_MAX) || value->len > ROOM_VALUE_BYTES_MAX)
        return problem_set(&tx->problem, ERR_INVALID, "A room's name, key or value is empty or too long.");
    enum err err = room_store_size(tx->db, room, &size);
    if (err == ERR_OK)
        err = value_bytes(tx, room, value->key, &before);
    if (err != ERR_OK)
        return err;
    int64_t bytes = size.bytes + (int64_t)value->len - (before < 0 ? -(int64_t)strlen(value->key) : before);
    int64_t keys = size.keys + (before < 0);
    bool grows = keys > size.keys || bytes > size.bytes; /* what is too full already may shrink */
    if (grows && (keys > ROOM_KEYS_MAX || bytes > ROOM_BYTES_MAX))
        return problem_set(&tx->problem, ERR_CONFLICT, "There is no room for more here. Remove something first.");
    err = db_run(tx->db,
                 "INSERT INTO room_values (room, key, value) VALUES ($1, $2, $3)"
                 " ON CONFLICT (room, key) DO UPDATE SET value = excluded.value",
                 "ssb", room, value->key, value->bytes, value->len);
    return err != ERR_OK || (keys == size.keys && bytes == size.bytes) ? err : resize(tx, room, keys, bytes);
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
    struct room_size size;
    int64_t before;
    enum err err = value_bytes(tx, room, key, &before);
    if (err != ERR_OK || before < 0)
        return err;
    err = room_store_size(tx->db, room, &size);
    if (err == ERR_OK)
        err = db_run(tx->db, "DELETE FROM room_values WHERE room = $1 AND key = $2", "ss", room, key);
    return err != ERR_OK ? err : resize(tx, room, size.keys - 1, size.bytes - before - (int64_t)strlen(key));
}

enum err room_store_delete_range(struct tx *tx, const char *room, const char *first, const char *last)
{
    struct room_size size;
    struct room_size gone = {0};
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt,
                            "SELECT COUNT(*), COALESCE(SUM(LENGTH(CAST(key AS BLOB)) + LENGTH(value)), 0)"
                            " FROM room_values WHERE room = $1 AND key BETWEEN $2 AND $3",
                            "sss", room, first, last);
    if (err != ERR_OK)
        return err;
    if (db_row(stmt))
        gone = (struct room_size){.keys = db_int(stmt, 0), .bytes = db_int(stmt, 1)};
    err = db_end(stmt);
    if (err != ERR_OK || gone.keys == 0)
        return err;
    err = room_store_size(tx->db, room, &size);
    if (err == ERR_OK)
        err = db_run(tx->db, "DELETE FROM room_values WHERE room = $1 AND key BETWEEN $2 AND $3", "sss", room, first,
                     last);
    return err != ERR_OK ? err : resize(tx, room, size.keys - gone.keys, size.bytes - gone.bytes);
}

enum err room_store_delete_all(struct tx *tx, const char *room)
{
    enum err err = db_run(tx->db, "DELETE FROM room_values WHERE room = $1", "s", room);
    if (err == ERR_OK)
        err = db_run(tx->db, "DELETE FROM room_sizes WHERE room = $1", "s", room);
    return err != ERR_OK ? err : room_store_set_alarm(tx, room, 0);
}

/* ---- alarms ------------------------------------------------------------------------------------------------------ */

static enum err note_alarm(struct tx *tx, int64_t due_ms)
{
    return tx_note(tx, (struct change){.kind = CHANGE_ALARM, .value = due_ms, .at_ms = tx->now_ms});
}

enum err room_store_set_alarm(struct tx *tx, const char *room, int64_t due_ms)
{
    if (due_ms == 0)
        return db_run(tx->db, "DELETE FROM room_alarms WHERE room = $1", "s", room);
    if (!fits(room, ROOM_NAME_BYTES_MAX))
        return problem_set(&tx->problem, ERR_INVALID, "A room's name is empty or too long.");
    enum err err = db_run(tx->db,
                          "INSERT INTO room_alarms (room, due_ms) VALUES ($1, $2)"
                          " ON CONFLICT (room) DO UPDATE SET due_ms = excluded.due_ms, tries = 0, given_up = 0",
                          "si", room, due_ms);
    return err != ERR_OK ? err : note_alarm(tx, due_ms);
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

enum err room_store_alarms(struct db *db, struct arena *arena, const struct room_alarm *after, struct room_alarm *out,
                           size_t limit, size_t *found)
{
    *found = 0;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT room, due_ms, tries FROM room_alarms"
                            " WHERE given_up = 0 AND (due_ms, room) > ($1, $2) ORDER BY due_ms, room LIMIT $3",
                            "isi", after == NULL ? INT64_MIN : after->due_ms, after == NULL ? "" : after->room,
                            (int64_t)limit);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *found < limit && db_row(stmt)) {
        out[*found] = (struct room_alarm){
            .room = rows_text(stmt, 0, arena, &full), .due_ms = db_int(stmt, 1), .tries = db_int(stmt, 2)};
        *found += !full;
    }
    return rows_end(stmt, full);
}

enum err room_store_alarm_again(struct tx *tx, const char *room, int64_t due_ms, int64_t tries)
{
    enum err err = db_run(tx->db, "UPDATE room_alarms SET due_ms = $2, tries = $3 WHERE room = $1", "sii", room, due_ms,
                          tries);
    return err != ERR_OK ? err : note_alarm(tx, due_ms);
}

enum err room_store_alarm_give_up(struct tx *tx, const char *room)
{
    return db_run(tx->db, "UPDATE room_alarms SET given_up = 1 WHERE room = $1", "s", room);
}

enum err room_store_alarms_revive(struct tx *tx, int64_t *revived)
{
    enum err err = db_run(tx->db, "UPDATE room_alarms SET given_up = 0, tries = 0 WHERE given_up = 1", "");
    *revived = err == ERR_OK ? db_changes(tx->db) : 0;
    return err;
}

enum err room_store_count_alarms(struct db *db, struct room_alarms_count *out)
{
    *out = (struct room_alarms_count){0};
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT given_up, COUNT(*) FROM room_alarms GROUP BY given_up", "");
    if (err != ERR_OK)
        return err;
    while (db_row(stmt))
        *(db_int(stmt, 0) != 0 ? &out->given_up : &out->waiting) = db_int(stmt, 1);
    return db_end(stmt);
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
