/* The audit log. See audit.h. */
#include "db/audit.h"

#include "db/rows.h"

#define AUDIT_SELECT "SELECT id, at_ms, actor_id, action, team_id, subject, subject_id, detail FROM audit "

enum err audit_add(struct tx *tx, const struct audit_entry *entry)
{
    return db_run(tx->db,
                  "INSERT INTO audit (at_ms, actor_id, action, team_id, subject, subject_id, detail)"
                  " VALUES ($1, NULLIF($2, 0), $3, NULLIF($4, 0), $5, NULLIF($6, 0), $7)",
                  "iisisis", tx->now_ms, entry->actor_id, entry->action, entry->team_id, entry->subject,
                  entry->subject_id, entry->detail == NULL ? "" : entry->detail);
}

enum err audit_page(struct db *db, struct arena *arena, int64_t actor_id, int64_t before_id, size_t limit,
                    struct audit_entry **out, size_t *count)
{
    *count = 0;
    *out = arena_alloc(arena, limit * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    static const char all[] = AUDIT_SELECT "WHERE id < $1 ORDER BY id DESC LIMIT $2";
    static const char one[] = AUDIT_SELECT "WHERE id < $1 AND actor_id = $3 ORDER BY id DESC LIMIT $2";
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, actor_id == 0 ? all : one, actor_id == 0 ? "ii" : "iii",
                            before_id != 0 ? before_id : INT64_MAX, (int64_t)limit, actor_id);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *count < limit && db_row(stmt))
        (*out)[(*count)++] = (struct audit_entry){
            .id = db_int(stmt, 0),
            .at_ms = db_int(stmt, 1),
            .actor_id = db_int(stmt, 2),
            .action = rows_text(stmt, 3, arena, &full),
            .team_id = db_int(stmt, 4),
            .subject = rows_text(stmt, 5, arena, &full),
            .subject_id = db_int(stmt, 6),
            .detail = rows_text(stmt, 7, arena, &full),
        };
    return rows_end(stmt, full);
}

static enum err walk(struct db_stmt *stmt, void (*each)(void *arg, const struct audit_entry *entry), void *arg)
{
    while (db_row(stmt)) {
        const struct audit_entry entry = {
            .id = db_int(stmt, 0),
            .at_ms = db_int(stmt, 1),
            .actor_id = db_int(stmt, 2),
            .action = db_text(stmt, 3, NULL),
            .team_id = db_int(stmt, 4),
            .subject = db_text(stmt, 5, NULL),
            .subject_id = db_int(stmt, 6),
            .detail = db_text(stmt, 7, NULL),
        };
        each(arg, &entry);
    }
    return db_end(stmt);
}

enum err audit_each(struct db *db, void (*each)(void *arg, const struct audit_entry *entry), void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, AUDIT_SELECT "ORDER BY id", "");
    return err != ERR_OK ? err : walk(stmt, each, arg);
}

enum err audit_each_of(struct db *db, int64_t user_id, void (*each)(void *arg, const struct audit_entry *entry),
                       void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            AUDIT_SELECT "WHERE actor_id = $1 OR (subject = 'user' AND subject_id = $1) ORDER BY id",
                            "i", user_id);
    return err != ERR_OK ? err : walk(stmt, each, arg);
}
