/* Keys, revocations, flags and stored answers. See access.h. */
#include "db/access.h"

#include <string.h>

#include "base/limits.h"
#include "db/rows.h"

#define HOUR_MS INT64_C(3600000)

/* ---- signing keys ------------------------------------------------------------------------------------------------ */

/* A blob of exactly `len` bytes; NULL leaves zeros. */
static bool copy_blob(struct db_stmt *stmt, int column, unsigned char *out, size_t len)
{
    size_t got = 0;
    const void *bytes = db_blob(stmt, column, &got);
    memset(out, 0, len);
    if (bytes == NULL)
        return true;
    if (got != len)
        return false;
    memcpy(out, bytes, len);
    return true;
}

static bool read_key(struct db_stmt *stmt, struct signing_key *out)
{
    size_t len;
    const char *kid = db_text(stmt, 0, &len);
    if (kid == NULL || len >= KEY_ID_BYTES)
        return false;
    memcpy(out->kid, kid, len + 1);
    out->created_ms = db_int(stmt, 3);
    out->retired_ms = db_int(stmt, 4);
    return copy_blob(stmt, 1, out->public_key, KEY_PUBLIC_BYTES) &&
           copy_blob(stmt, 2, out->secret_key, KEY_SECRET_BYTES);
}

enum err access_keys(struct db *db, struct signing_key *out, size_t limit, size_t *count)
{
    *count = 0;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT kid, public_key, secret_key, created_ms, retired_ms FROM signing_keys"
                            " ORDER BY CASE WHEN retired_ms IS NULL THEN 0 ELSE 1 END, created_ms DESC, kid LIMIT $1",
                            "i", (int64_t)limit);
    if (err != ERR_OK)
        return err;
    bool sound = true;
    while (sound && *count < limit && db_row(stmt)) {
        sound = read_key(stmt, &out[*count]);
        *count += sound;
    }
    err = db_end(stmt);
    return err == ERR_OK && !sound ? ERR_INTERNAL : err;
}

enum err access_key_add(struct tx *tx, const struct signing_key *key)
{
    enum err err = db_run(tx->db, "UPDATE signing_keys SET retired_ms = $1, secret_key = NULL WHERE retired_ms IS NULL",
                          "i", tx->now_ms);
    if (err == ERR_OK)
        err = db_run(tx->db,
                     "INSERT INTO signing_keys (kid, public_key, secret_key, created_ms) VALUES ($1, $2, $3, $4)",
                     "sbbi", key->kid, key->public_key, sizeof key->public_key, key->secret_key, sizeof key->secret_key,
                     key->created_ms != 0 ? key->created_ms : tx->now_ms);
    return err != ERR_OK ? err : tx_note(tx, (struct change){.kind = CHANGE_TOKENS, .at_ms = tx->now_ms});
}

/* ---- revocations ------------------------------------------------------------------------------------------------- */

enum err access_revoke(struct tx *tx, const char *jti, int64_t user_id, int64_t expires_ms)
{
    enum err err = db_run(
        tx->db, "INSERT INTO revocations (jti, user_id, expires_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", "sii",
        jti, user_id, expires_ms);
    if (err != ERR_OK || db_changes(tx->db) == 0)
        return err;
    return tx_note(tx, (struct change){.kind = CHANGE_TOKENS, .subject_id = user_id, .at_ms = tx->now_ms});
}

enum err access_is_revoked(struct db *db, const char *jti, bool *revoked)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT 1 FROM revocations WHERE jti = $1", "s", jti);
    if (err != ERR_OK)
        return err;
    *revoked = db_row(stmt);
    return db_end(stmt);
}

/* ---- flags ------------------------------------------------------------------------------------------------------- */

enum err access_flag(struct db *db, const char *name, bool *value)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT value FROM flags WHERE name = $1", "s", name);
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    if (found)
        *value = db_int(stmt, 0) != 0;
    return rows_end_one(stmt, found, false);
}

enum err access_flag_set(struct tx *tx, const char *name, bool value)
{
    enum err err = db_run(tx->db,
                          "INSERT INTO flags (name, value, changed_ms) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE"
                          " SET value = excluded.value, changed_ms = excluded.changed_ms"
                          " WHERE flags.value <> excluded.value",
                          "sii", name, (int64_t)value, tx->now_ms);
    if (err != ERR_OK || db_changes(tx->db) == 0)
        return err;
    return tx_note(tx, (struct change){.kind = CHANGE_FLAG, .value = value, .at_ms = tx->now_ms});
}

/* ---- stored answers ---------------------------------------------------------------------------------------------- */

enum err access_replay_find(struct db *db, struct arena *arena, int64_t user_id, const char *key, struct replay *out)
{
    *out = (struct replay){.found = false};
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT fingerprint, status, body FROM replays WHERE user_id = $1 AND key = $2",
                            "is", user_id, key);
    if (err != ERR_OK)
        return err;
    bool full = false;
    bool sound = true;
    if (db_row(stmt)) {
        out->found = true;
        sound = copy_blob(stmt, 0, out->fingerprint, FINGERPRINT_BYTES);
        out->status = (int)db_int(stmt, 1);
        out->body = rows_text(stmt, 2, arena, &full);
        (void)db_text(stmt, 2, &out->body_len);
    }
    err = rows_end(stmt, full);
    return err == ERR_OK && !sound ? ERR_INTERNAL : err;
}

enum err access_replay_store(struct tx *tx, int64_t user_id, const char *key,
                             const unsigned char fingerprint[static FINGERPRINT_BYTES], int status, const char *body,
                             size_t body_len)
{
    return db_run(tx->db,
                  "INSERT INTO replays (user_id, key, fingerprint, status, body, created_ms)"
                  " VALUES ($1, $2, $3, $4, $5, $6)",
                  "isbiti", user_id, key, fingerprint, (size_t)FINGERPRINT_BYTES, (int64_t)status, body, body_len,
                  tx->now_ms);
}

/* ---- housekeeping ------------------------------------------------------------------------------------------------ */

enum err access_replays_prune(struct tx *tx, size_t limit, int64_t *pruned)
{
    *pruned = 0;
    enum err err = db_run(tx->db,
                          "DELETE FROM replays WHERE (user_id, key) IN"
                          " (SELECT user_id, key FROM replays WHERE created_ms < $1 ORDER BY created_ms LIMIT $2)",
                          "ii", tx->now_ms - IDEMPOTENCY_HOURS * HOUR_MS, (int64_t)limit);
    if (err == ERR_OK)
        *pruned = db_changes(tx->db);
    return err;
}

enum err access_prune(struct tx *tx, size_t limit, int64_t *pruned)
{
    static const char *const deletes[] = {
        "DELETE FROM revocations WHERE jti IN"
        " (SELECT jti FROM revocations WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT $2)",
        "DELETE FROM invites WHERE hash IN"
        " (SELECT hash FROM invites WHERE expires_ms <= $1 ORDER BY expires_ms LIMIT $2)",
    };
    enum err err = access_replays_prune(tx, limit, pruned);
    for (size_t i = 0; err == ERR_OK && i < sizeof deletes / sizeof deletes[0]; i++) {
        err = db_run(tx->db, deletes[i], "ii", tx->now_ms, (int64_t)limit);
        if (err == ERR_OK && db_changes(tx->db) > *pruned)
            *pruned = db_changes(tx->db);
    }
    return err;
}

enum err access_secret(struct db *db, unsigned char out[static ACCESS_SECRET_BYTES])
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT value FROM meta WHERE key = 'secret'", "");
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    bool sound = found && copy_blob(stmt, 0, out, ACCESS_SECRET_BYTES);
    err = rows_end_one(stmt, found, false);
    return err == ERR_OK && !sound ? ERR_INTERNAL : err;
}
