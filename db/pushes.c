/* Keys, devices, wishes and deliveries of Web Push. See pushes.h. */
#include "db/pushes.h"

#include <string.h>

#include "base/limits.h"
#include "db/rows.h"

static bool copy_blob(struct db_stmt *stmt, int column, unsigned char *out, size_t len)
{
    size_t got = 0;
    const void *bytes = db_blob(stmt, column, &got);
    if (bytes == NULL || got != len)
        return false;
    memcpy(out, bytes, len);
    return true;
}

/* ---- the server's key -------------------------------------------------------------------------------------------- */

enum err pushes_key(struct db *db, struct push_key *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(
        db, &stmt, "SELECT public_key, private_key FROM push_keys ORDER BY created_ms DESC, public_key LIMIT 1", "");
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    bool sound = found && copy_blob(stmt, 0, out->public_key, sizeof out->public_key) &&
                 copy_blob(stmt, 1, out->private_key, sizeof out->private_key);
    err = rows_end_one(stmt, found, false);
    return err == ERR_OK && !sound ? ERR_INTERNAL : err;
}

enum err pushes_key_add(struct tx *tx, const struct push_key *key)
{
    return db_run(tx->db, "INSERT INTO push_keys (public_key, private_key, created_ms) VALUES ($1, $2, $3)", "bbi",
                  key->public_key, sizeof key->public_key, key->private_key, sizeof key->private_key, tx->now_ms);
}

/* ---- devices ----------------------------------------------------------------------------------------------------- */

/* What was owed to who had the device before is not for who has it now. */
static enum err take_over(struct tx *tx, const struct push_device *d)
{
    return db_run(tx->db,
                  "DELETE FROM push_deliveries WHERE device_id IN"
                  " (SELECT id FROM push_devices WHERE endpoint = $1 AND user_id <> $2)",
                  "si", d->endpoint, d->user_id);
}

static enum err drop_oldest(struct tx *tx, int64_t user_id)
{
    return db_run(tx->db,
                  "DELETE FROM push_devices WHERE user_id = $1 AND id NOT IN"
                  " (SELECT id FROM push_devices WHERE user_id = $1 ORDER BY id DESC LIMIT $2)",
                  "ii", user_id, (int64_t)PUSH_DEVICES_MAX);
}

enum err pushes_add_device(struct tx *tx, const struct push_device *d)
{
    enum err err = take_over(tx, d);
    if (err == ERR_OK)
        err = db_run(tx->db,
                     "INSERT INTO push_devices (user_id, endpoint, public_key, auth, created_ms)"
                     " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (endpoint) DO UPDATE SET user_id = excluded.user_id,"
                     " public_key = excluded.public_key, auth = excluded.auth, failures = 0",
                     "isbbi", d->user_id, d->endpoint, d->public_key, sizeof d->public_key, d->auth, sizeof d->auth,
                     tx->now_ms);
    return err == ERR_OK ? drop_oldest(tx, d->user_id) : err;
}

enum err pushes_remove_device(struct tx *tx, int64_t user_id, const char *endpoint)
{
    return db_run(tx->db, "DELETE FROM push_devices WHERE endpoint = $1 AND user_id = $2", "si", endpoint, user_id);
}

#define DEVICE_COLUMNS "d.id, d.user_id, d.endpoint, d.public_key, d.auth, d.created_ms, d.taken_ms, d.failures"
#define DEVICE_COLUMNS_COUNT 8

/* From column `at` on. false: damaged. */
static bool read_device(struct db_stmt *stmt, int at, struct arena *arena, struct push_device *out, bool *full)
{
    *out = (struct push_device){.id = db_int(stmt, at),
                                .user_id = db_int(stmt, at + 1),
                                .endpoint = rows_text(stmt, at + 2, arena, full),
                                .created_ms = db_int(stmt, at + 5),
                                .taken_ms = db_int(stmt, at + 6),
                                .failures = db_int(stmt, at + 7)};
    return copy_blob(stmt, at + 3, out->public_key, sizeof out->public_key) &&
           copy_blob(stmt, at + 4, out->auth, sizeof out->auth);
}

enum err pushes_devices(struct db *db, struct arena *arena, int64_t user_id, struct push_device **out, size_t *count)
{
    *count = 0;
    *out = arena_alloc(arena, PUSH_DEVICES_MAX * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    struct db_stmt *stmt;
    enum err err = db_query(
        db, &stmt, "SELECT " DEVICE_COLUMNS " FROM push_devices AS d WHERE d.user_id = $1 ORDER BY d.id DESC LIMIT $2",
        "ii", user_id, (int64_t)PUSH_DEVICES_MAX);
    if (err != ERR_OK)
        return err;
    bool full = false;
    bool sound = true;
    while (!full && sound && *count < PUSH_DEVICES_MAX && db_row(stmt))
        sound = read_device(stmt, 0, arena, &(*out)[(*count)++], &full);
    err = rows_end(stmt, full);
    return err == ERR_OK && !sound ? ERR_INTERNAL : err;
}

/* ---- wishes ------------------------------------------------------------------------------------------------------ */

static struct push_wishes read_wishes(struct db_stmt *stmt, int at)
{
    return (struct push_wishes){.only_pins = db_int(stmt, at) != 0,
                                .quiet = db_int(stmt, at + 1) != 0,
                                .from_min = db_int(stmt, at + 2),
                                .to_min = db_int(stmt, at + 3),
                                .zone_min = db_int(stmt, at + 4)};
}

enum err pushes_wishes(struct db *db, int64_t user_id, struct push_wishes *out)
{
    *out = (struct push_wishes){0};
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT only_pins, quiet, from_min, to_min, zone_min FROM push_wishes WHERE user_id = $1",
                            "i", user_id);
    if (err != ERR_OK)
        return err;
    if (db_row(stmt))
        *out = read_wishes(stmt, 0);
    return db_end(stmt);
}

enum err pushes_set_wishes(struct tx *tx, int64_t user_id, const struct push_wishes *w)
{
    return db_run(tx->db,
                  "INSERT INTO push_wishes (user_id, only_pins, quiet, from_min, to_min, zone_min)"
                  " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id) DO UPDATE SET only_pins = excluded.only_pins,"
                  " quiet = excluded.quiet, from_min = excluded.from_min, to_min = excluded.to_min,"
                  " zone_min = excluded.zone_min",
                  "iiiiii", user_id, (int64_t)w->only_pins, (int64_t)w->quiet, w->from_min, w->to_min, w->zone_min);
}

enum err pushes_forget_devices(struct tx *tx, int64_t user_id)
{
    return db_run(tx->db, "DELETE FROM push_devices WHERE user_id = $1", "i", user_id);
}

enum err pushes_forget_member(struct tx *tx, int64_t user_id)
{
    enum err err = pushes_forget_devices(tx, user_id);
    return err == ERR_OK ? db_run(tx->db, "DELETE FROM push_wishes WHERE user_id = $1", "i", user_id) : err;
}

/* ---- owing ------------------------------------------------------------------------------------------------------- */

enum err pushes_owe(struct tx *tx, int64_t notice_id)
{
    return db_run(tx->db,
                  "INSERT INTO push_owed (notice_id, after_id) SELECT $1, 0"
                  " WHERE EXISTS (SELECT 1 FROM push_devices)",
                  "i", notice_id);
}

enum err pushes_are_owed(struct db *db, bool *owed)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT 1 FROM push_owed LIMIT 1", "");
    if (err != ERR_OK)
        return err;
    *owed = db_row(stmt);
    return db_end(stmt);
}

struct owed {
    int64_t notice_id;
    int64_t after_id;
    int64_t last_id; /* of this page; 0: there are no more devices */
};

static enum err find_owed(struct tx *tx, size_t limit, struct owed *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, "SELECT notice_id, after_id FROM push_owed ORDER BY notice_id LIMIT 1", "");
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    if (found)
        *out = (struct owed){.notice_id = db_int(stmt, 0), .after_id = db_int(stmt, 1)};
    err = rows_end_one(stmt, found, false);
    if (err == ERR_OK)
        err = db_query(tx->db, &stmt,
                       "SELECT MAX(id) FROM (SELECT id FROM push_devices WHERE id > $1 ORDER BY id LIMIT $2) AS page",
                       "ii", out->after_id, (int64_t)limit);
    if (err != ERR_OK)
        return err;
    out->last_id = db_row(stmt) ? db_int(stmt, 0) : 0;
    return db_end(stmt);
}

/* In words of both databases: of two times the later one. */
#define LATER(a, b) "CASE WHEN " a " > " b " THEN " a " ELSE " b " END"

enum err pushes_spread(struct tx *tx, size_t limit)
{
    struct owed owed = {0};
    enum err err = find_owed(tx, limit, &owed);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    if (owed.last_id == 0)
        return db_run(tx->db, "DELETE FROM push_owed WHERE notice_id = $1", "i", owed.notice_id);
    err = db_run(
        tx->db,
        "INSERT INTO push_deliveries (device_id, topic, notice_id, due_ms, expires_ms)"
        " SELECT d.id, n.kind || '-' || COALESCE(n.team_id, 0), n.id, n.created_ms + $4, n.created_ms + $5"
        " FROM notices AS n JOIN push_devices AS d ON d.id > $2 AND d.id <= $3"
        " JOIN users AS u ON u.id = d.user_id LEFT JOIN push_wishes AS w ON w.user_id = d.user_id"
        " WHERE n.id = $1 AND d.user_id <> n.author_id AND u.disabled = 0"
        " AND (n.kind = 'pin' OR COALESCE(w.only_pins, 0) = 0) AND (n.team_id IS NULL OR EXISTS"
        " (SELECT 1 FROM memberships AS m WHERE m.team_id = n.team_id AND m.user_id = d.user_id))"
        " ON CONFLICT (device_id, topic) DO UPDATE SET notice_id = excluded.notice_id,"
        " due_ms = " LATER("push_deliveries.due_ms", "excluded.due_ms") ", expires_ms = excluded.expires_ms, tries = 0",
        "iiiii", owed.notice_id, owed.after_id, owed.last_id, (int64_t)PUSH_DELAY_MS, (int64_t)PUSH_TTL_S * 1000);
    return err == ERR_OK ? db_run(tx->db, "UPDATE push_owed SET after_id = $1 WHERE notice_id = $2", "ii", owed.last_id,
                                  owed.notice_id)
                         : err;
}

/* ---- what is due ------------------------------------------------------------------------------------------------- */

enum { AT_DELIVERY = 0, AT_WISHES = 6, AT_DEVICE = 11, AT_NOTICE = AT_DEVICE + DEVICE_COLUMNS_COUNT };

static bool read_delivery(struct db_stmt *stmt, struct arena *arena, struct push_delivery *out, bool *full)
{
    *out = (struct push_delivery){
        .id = db_int(stmt, AT_DELIVERY),
        .tries = db_int(stmt, AT_DELIVERY + 1),
        .due_ms = db_int(stmt, AT_DELIVERY + 2),
        .expires_ms = db_int(stmt, AT_DELIVERY + 3),
        .topic = rows_text(stmt, AT_DELIVERY + 4, arena, full),
        .wanted = db_int(stmt, AT_DELIVERY + 5) != 0,
        .wishes = read_wishes(stmt, AT_WISHES),
        .notice =
            {
                .id = db_int(stmt, AT_NOTICE),
                .team_id = db_int(stmt, AT_NOTICE + 2),
                .title = rows_text(stmt, AT_NOTICE + 3, arena, full),
                .body = rows_text(stmt, AT_NOTICE + 4, arena, full),
                .link = rows_text(stmt, AT_NOTICE + 5, arena, full),
                .seq = db_int(stmt, AT_NOTICE + 6),
                .created_ms = db_int(stmt, AT_NOTICE + 7),
            },
    };
    return notice_kind_parse(db_text(stmt, AT_NOTICE + 1, NULL), &out->notice.kind) &&
           read_device(stmt, AT_DEVICE, arena, &out->device, full);
}

enum err pushes_due(struct db *db, struct arena *arena, int64_t until_ms, size_t limit, struct push_delivery *out,
                    size_t *count)
{
    *count = 0;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT p.id, p.tries, p.due_ms, p.expires_ms, p.topic,"
                            " CASE WHEN u.disabled = 0 AND (n.kind = 'pin' OR COALESCE(w.only_pins, 0) = 0)"
                            " AND (n.team_id IS NULL OR EXISTS (SELECT 1 FROM memberships AS m"
                            " WHERE m.team_id = n.team_id AND m.user_id = d.user_id)) THEN 1 ELSE 0 END,"
                            " w.only_pins, w.quiet, w.from_min, w.to_min, w.zone_min, " DEVICE_COLUMNS
                            ", n.id, n.kind, n.team_id, n.title, n.body, n.link, n.seq, n.created_ms"
                            " FROM push_deliveries AS p JOIN push_devices AS d ON d.id = p.device_id"
                            " JOIN notices AS n ON n.id = p.notice_id JOIN users AS u ON u.id = d.user_id"
                            " LEFT JOIN push_wishes AS w ON w.user_id = d.user_id"
                            " WHERE p.due_ms <= $1 ORDER BY p.due_ms, p.id LIMIT $2",
                            "ii", until_ms, (int64_t)limit);
    if (err != ERR_OK)
        return err;
    bool full = false;
    bool sound = true;
    while (!full && sound && *count < limit && db_row(stmt))
        sound = read_delivery(stmt, arena, &out[(*count)++], &full);
    err = rows_end(stmt, full);
    return err == ERR_OK && !sound ? ERR_INTERNAL : err;
}

enum err pushes_next_ms(struct db *db, int64_t *due_ms)
{
    *due_ms = 0;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT due_ms FROM push_deliveries ORDER BY due_ms, id LIMIT 1", "");
    if (err != ERR_OK)
        return err;
    if (db_row(stmt))
        *due_ms = db_int(stmt, 0);
    return db_end(stmt);
}

/* ---- settling ---------------------------------------------------------------------------------------------------- */

static enum err forget_delivery(struct tx *tx, const struct push_result *r)
{
    return db_run(tx->db, "DELETE FROM push_deliveries WHERE id = $1 AND notice_id = $2", "ii", r->delivery_id,
                  r->notice_id);
}

/* A newer notice in its place waits as long, but has not been tried yet. */
static enum err put_off(struct tx *tx, const struct push_result *r)
{
    return db_run(tx->db,
                  "UPDATE push_deliveries SET due_ms = $3,"
                  " tries = CASE WHEN notice_id = $2 THEN tries + $4 ELSE tries END WHERE id = $1",
                  "iiii", r->delivery_id, r->notice_id, r->due_ms, (int64_t)(r->outcome == PUSH_OUTCOME_AGAIN));
}

static enum err forget_device(struct tx *tx, int64_t device_id)
{
    return db_run(tx->db, "DELETE FROM push_devices WHERE id = $1", "i", device_id);
}

static enum err count_failure(struct tx *tx, struct push_result *r)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt,
                            "UPDATE push_devices SET failures = failures + 1 WHERE id = $1 RETURNING failures", "i",
                            r->device_id);
    if (err != ERR_OK)
        return err;
    r->device_given_up = db_row(stmt) && db_int(stmt, 0) >= PUSH_FAILURES_MAX;
    err = db_end(stmt);
    return err == ERR_OK && r->device_given_up ? forget_device(tx, r->device_id) : err;
}

static enum err settle_one(struct tx *tx, struct push_result *r)
{
    enum err err = ERR_OK;
    switch (r->outcome) {
    case PUSH_OUTCOME_TAKEN:
        err = db_run(tx->db, "UPDATE push_devices SET taken_ms = $1, failures = 0 WHERE id = $2", "ii", tx->now_ms,
                     r->device_id);
        return err == ERR_OK ? forget_delivery(tx, r) : err;
    case PUSH_OUTCOME_DROPPED:
        return forget_delivery(tx, r);
    case PUSH_OUTCOME_REFUSED:
        err = forget_delivery(tx, r);
        return err == ERR_OK ? count_failure(tx, r) : err;
    case PUSH_OUTCOME_AGAIN:
        err = put_off(tx, r);
        return err == ERR_OK && !r->unanswered ? count_failure(tx, r) : err;
    case PUSH_OUTCOME_WAIT:
        return put_off(tx, r);
    case PUSH_OUTCOME_GONE:
        return forget_device(tx, r->device_id);
    }
    return ERR_INTERNAL;
}

enum err pushes_settle(struct tx *tx, struct push_result *results, size_t count)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++)
        err = settle_one(tx, &results[i]);
    return err;
}

enum err pushes_count(struct db *db, struct push_counts *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT (SELECT COUNT(*) FROM push_devices), (SELECT COUNT(*) FROM push_deliveries)"
                            " + (SELECT COUNT(*) FROM push_owed)",
                            "");
    if (err != ERR_OK)
        return err;
    if (db_row(stmt))
        *out = (struct push_counts){.devices = db_int(stmt, 0), .deliveries = db_int(stmt, 1)};
    return db_end(stmt);
}
