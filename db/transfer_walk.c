/*
 * Records out, in order of their ids, and looks at a database as a whole. See transfer.h.
 *
 * Texts point into the row that is being looked at; `each` copies what it keeps.
 */
#include <stdio.h>
#include <string.h>

#include "db/events.h"
#include "db/transfer.h"

/* Ends a walk: what stopped it, or the statement's own error. */
static enum err end_walk(struct db_stmt *stmt, enum err stopped)
{
    enum err err = db_end(stmt);
    return stopped != ERR_OK ? stopped : err;
}

enum err transfer_each_user(struct db *db, enum err (*each)(void *arg, const struct transfer_user *record), void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT id, username, name, role, external_id, password, appear_offline, disabled, "
                            "created_ms, deleted_ms FROM users ORDER BY id",
                            "");
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && db_row(stmt)) {
        struct transfer_user r = {
            .id = db_int(stmt, 0),
            .username = db_text(stmt, 1, NULL),
            .name = db_text(stmt, 2, NULL),
            .external_id = db_text(stmt, 4, NULL),
            .password = db_text(stmt, 5, NULL),
            .appear_offline = db_int(stmt, 6) != 0,
            .disabled = db_int(stmt, 7) != 0,
            .created_ms = db_int(stmt, 8),
            .deleted_ms = db_int(stmt, 9),
        };
        err = role_parse(db_text(stmt, 3, NULL), &r.role) ? each(arg, &r) : ERR_INTERNAL;
    }
    return end_walk(stmt, err);
}

enum err transfer_each_team(struct db *db, enum err (*each)(void *arg, const struct transfer_team *record), void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT id, name, created_ms FROM teams ORDER BY id", "");
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && db_row(stmt)) {
        const struct transfer_team r = {
            .id = db_int(stmt, 0), .name = db_text(stmt, 1, NULL), .created_ms = db_int(stmt, 2)};
        err = each(arg, &r);
    }
    return end_walk(stmt, err);
}

enum err transfer_each_membership(struct db *db, enum err (*each)(void *arg, const struct transfer_membership *record),
                                  void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT team_id, user_id, joined_ms FROM memberships ORDER BY team_id, user_id",
                            "");
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && db_row(stmt)) {
        const struct transfer_membership r = {
            .team_id = db_int(stmt, 0), .user_id = db_int(stmt, 1), .joined_ms = db_int(stmt, 2)};
        err = each(arg, &r);
    }
    return end_walk(stmt, err);
}

enum err transfer_each_post(struct db *db, enum err (*each)(void *arg, const struct transfer_post *record), void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT id, team_id, author_id, body, topics, pinned_ms, created_ms, edited_ms, hidden "
                            "FROM posts WHERE deleted_ms IS NULL ORDER BY id",
                            "");
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && db_row(stmt)) {
        const struct transfer_post r = {
            .id = db_int(stmt, 0),
            .team_id = db_int(stmt, 1),
            .author_id = db_int(stmt, 2),
            .body = db_text(stmt, 3, NULL),
            .topics = db_text(stmt, 4, NULL),
            .pinned_ms = db_int(stmt, 5),
            .created_ms = db_int(stmt, 6),
            .edited_ms = db_int(stmt, 7),
            .hidden = (enum hidden)db_int(stmt, 8),
        };
        err = each(arg, &r);
    }
    return end_walk(stmt, err);
}

enum err transfer_each_like(struct db *db, enum err (*each)(void *arg, const struct transfer_like *record), void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT post_id, user_id, created_ms FROM likes ORDER BY post_id, user_id", "");
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && db_row(stmt)) {
        const struct transfer_like r = {
            .post_id = db_int(stmt, 0), .user_id = db_int(stmt, 1), .created_ms = db_int(stmt, 2)};
        err = each(arg, &r);
    }
    return end_walk(stmt, err);
}

enum err transfer_each_notice(struct db *db, enum err (*each)(void *arg, const struct transfer_notice *record),
                              void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(
        db, &stmt, "SELECT id, kind, team_id, author_id, title, body, link, created_ms FROM notices ORDER BY id", "");
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && db_row(stmt)) {
        struct transfer_notice r = {
            .id = db_int(stmt, 0),
            .team_id = db_int(stmt, 2),
            .author_id = db_int(stmt, 3),
            .title = db_text(stmt, 4, NULL),
            .body = db_text(stmt, 5, NULL),
            .link = db_text(stmt, 6, NULL),
            .created_ms = db_int(stmt, 7),
        };
        err = notice_kind_parse(db_text(stmt, 1, NULL), &r.kind) ? each(arg, &r) : ERR_INTERNAL;
    }
    return end_walk(stmt, err);
}

enum err transfer_each_channel(struct db *db, enum err (*each)(void *arg, const struct transfer_channel *record),
                               void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT id, team_id, name, posting, created_ms FROM channels ORDER BY id", "");
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && db_row(stmt)) {
        struct transfer_channel r = {
            .id = db_int(stmt, 0),
            .team_id = db_int(stmt, 1),
            .name = db_text(stmt, 2, NULL),
            .created_ms = db_int(stmt, 4),
        };
        err = posting_parse(db_text(stmt, 3, NULL), &r.posting) ? each(arg, &r) : ERR_INTERNAL;
    }
    return end_walk(stmt, err);
}

enum err transfer_each_message(struct db *db, enum err (*each)(void *arg, const struct transfer_message *record),
                               void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT id, channel_id, author_id, content, thread_id, client_id, deleted_ms IS NOT NULL, "
                            "created_ms, edited_ms, hidden FROM messages ORDER BY id",
                            "");
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && db_row(stmt)) {
        const struct transfer_message r = {
            .id = db_int(stmt, 0),
            .channel_id = db_int(stmt, 1),
            .author_id = db_int(stmt, 2),
            .content = db_text(stmt, 3, NULL),
            .thread_id = db_int(stmt, 4),
            .client_id = db_text(stmt, 5, NULL),
            .deleted = db_int(stmt, 6) != 0,
            .created_ms = db_int(stmt, 7),
            .edited_ms = db_int(stmt, 8),
            .hidden = (enum hidden)db_int(stmt, 9),
        };
        err = each(arg, &r);
    }
    return end_walk(stmt, err);
}

enum err transfer_each_receipt(struct db *db, enum err (*each)(void *arg, const struct transfer_receipt *record),
                               void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(
        db, &stmt, "SELECT channel_id, user_id, delivered_id, read_id FROM receipts ORDER BY channel_id, user_id", "");
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && db_row(stmt)) {
        const struct transfer_receipt r = {.channel_id = db_int(stmt, 0),
                                           .user_id = db_int(stmt, 1),
                                           .delivered_id = db_int(stmt, 2),
                                           .read_id = db_int(stmt, 3)};
        err = each(arg, &r);
    }
    return end_walk(stmt, err);
}

enum err transfer_each_mute(struct db *db, enum err (*each)(void *arg, const struct transfer_mute *record), void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(
        db, &stmt,
        "SELECT team_id, user_id, until_ms, created_by, created_ms FROM mutes ORDER BY team_id, user_id", "");
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && db_row(stmt)) {
        const struct transfer_mute r = {.team_id = db_int(stmt, 0),
                                        .user_id = db_int(stmt, 1),
                                        .until_ms = db_int(stmt, 2),
                                        .author_id = db_int(stmt, 3),
                                        .created_ms = db_int(stmt, 4)};
        err = each(arg, &r);
    }
    return end_walk(stmt, err);
}

enum err transfer_each_word(struct db *db, enum err (*each)(void *arg, const char *word), void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT word FROM words ORDER BY word", "");
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && db_row(stmt))
        err = each(arg, db_text(stmt, 0, NULL));
    return end_walk(stmt, err);
}

/* ---- as a whole -------------------------------------------------------------------------------------------------- */

enum err transfer_note_all(struct tx *tx)
{
    int64_t newest;
    int64_t oldest;
    enum err err = events_bounds(tx->db, &newest, &oldest);
    if (err != ERR_OK)
        return err;
    return tx_note(tx, (struct change){.kind = CHANGE_ALL, .seq = newest, .at_ms = tx->now_ms});
}

enum err transfer_population(struct db *db, int64_t *users, bool *is_demo)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM meta WHERE key = 'demo')", "");
    if (err != ERR_OK)
        return err;
    if (db_row(stmt)) {
        *users = db_int(stmt, 0);
        *is_demo = db_int(stmt, 1) != 0;
    }
    return db_end(stmt);
}

enum err transfer_mark_demo(struct tx *tx)
{
    return db_run(tx->db, "INSERT INTO meta (key, value) VALUES ('demo', $1) ON CONFLICT DO NOTHING", "b", "1",
                  (size_t)1);
}

/* The first row's text, or nothing when there is none. */
static enum err first_text(struct db *db, const char *sql, char *out, size_t out_bytes)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, sql, "");
    if (err != ERR_OK)
        return err;
    if (db_row(stmt))
        (void)snprintf(out, out_bytes, "%s", db_text(stmt, 0, NULL));
    return db_end(stmt);
}

enum err transfer_inspect(struct db *db, char *out, size_t out_bytes)
{
    /* The first two are SQLite's own; another driver brings other words for them. */
    out[0] = '\0';
    enum err err = first_text(db, "PRAGMA quick_check(1)", out, out_bytes);
    if (err == ERR_OK && strcmp(out, "ok") != 0)
        return ERR_OK;
    out[0] = '\0';
    if (err == ERR_OK)
        err = first_text(db,
                         "SELECT 'a row of ' || \"table\" || ' refers to a missing row of ' || parent "
                         "FROM pragma_foreign_key_check LIMIT 1",
                         out, out_bytes);
    if (err == ERR_OK && out[0] == '\0')
        err = first_text(db,
                         "SELECT 'post ' || id || ' counts ' || likes || ' likes but has other rows' FROM posts "
                         "WHERE likes <> (SELECT count(*) FROM likes WHERE post_id = posts.id) LIMIT 1",
                         out, out_bytes);
    if (err == ERR_OK && out[0] == '\0')
        err = first_text(
            db,
            "SELECT 'counter ' || c.id || ' is not what its changes say' FROM counters c"
            " LEFT JOIN counter_changes n ON n.counter_id = c.id AND n.operation = c.operations"
            " WHERE c.value <> COALESCE(n.value, c.value) OR c.seq <> COALESCE(n.seq, 0)"
            " OR c.operations - c.forgotten <> (SELECT count(*) FROM counter_changes o WHERE o.counter_id = c.id)"
            " LIMIT 1",
            out, out_bytes);
    return err;
}
