/* Members and their memberships. See users.h. */
#include "db/users.h"

#include <string.h>

#include "base/limits.h"
#include "db/pushes.h"
#include "db/rows.h"

#define DAY_MS INT64_C(86400000)

static const char *const role_names[] = {[ROLE_MEMBER] = "member", [ROLE_COACH] = "coach", [ROLE_ADMIN] = "admin"};
#define ROLES (sizeof role_names / sizeof role_names[0])

const char *role_name(enum role role)
{
    return role_names[role];
}

bool role_parse(const char *text, enum role *role)
{
    for (size_t i = 0; text != NULL && i < ROLES; i++) {
        if (strcmp(text, role_names[i]) == 0) {
            *role = (enum role)i;
            return true;
        }
    }
    return false;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

#define USER_SELECT                                                                                                    \
    "SELECT id, username, name, role, appear_offline, disabled, external_id, password, tokens_after_ms, created_ms"    \
    " FROM users WHERE "

static enum err read_user(struct db_stmt *stmt, struct arena *arena, struct user *out)
{
    bool full = false;
    bool found = db_row(stmt);
    if (found) {
        *out = (struct user){
            .id = db_int(stmt, 0),
            .username = rows_text(stmt, 1, arena, &full),
            .name = rows_text(stmt, 2, arena, &full),
            .role = ROLE_MEMBER, /* the table allows no other text; if it had one, then the least of rights */
            .appear_offline = db_int(stmt, 4) != 0,
            .disabled = db_int(stmt, 5) != 0,
            .external_id = rows_text(stmt, 6, arena, &full),
            .password = rows_text(stmt, 7, arena, &full),
            .tokens_after_ms = db_int(stmt, 8),
            .created_ms = db_int(stmt, 9),
        };
        (void)role_parse(db_text(stmt, 3, NULL), &out->role);
    }
    return rows_end_one(stmt, found, full);
}

enum err users_is_here(struct db *db, int64_t id)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT 1 FROM users WHERE id = $1 AND deleted_ms IS NULL", "i", id);
    if (err != ERR_OK)
        return err;
    bool here = db_row(stmt);
    err = db_end(stmt);
    return err == ERR_OK && !here ? ERR_UNAUTHENTICATED : err;
}

enum err users_by_id(struct db *db, struct arena *arena, int64_t id, struct user *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, USER_SELECT "id = $1", "i", id);
    return err != ERR_OK ? err : read_user(stmt, arena, out);
}

/* ASCII only: SQL's lower() differs between databases and languages. */
static const char *lower_case(struct arena *arena, const char *text)
{
    char *copy = arena_text(arena, text);
    for (char *p = copy; p != NULL && *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return copy;
}

enum err users_by_username(struct db *db, struct arena *arena, const char *username, struct user *out)
{
    const char *lower = lower_case(arena, username);
    if (lower == NULL)
        return ERR_NO_MEMORY;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, USER_SELECT "username = $1", "s", lower);
    return err != ERR_OK ? err : read_user(stmt, arena, out);
}

enum err users_by_external_id(struct db *db, struct arena *arena, const char *external_id, struct user *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, USER_SELECT "external_id = $1", "s", external_id);
    return err != ERR_OK ? err : read_user(stmt, arena, out);
}

enum err users_teams(struct db *db, struct arena *arena, int64_t user_id, struct membership **out, size_t *count)
{
    *count = 0;
    *out = arena_alloc(arena, TEAMS_PER_MEMBER_MAX * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT m.team_id, t.name, m.joined_ms FROM memberships m JOIN teams t ON t.id = m.team_id"
                            " WHERE m.user_id = $1 ORDER BY m.joined_ms, m.team_id LIMIT $2",
                            "ii", user_id, (int64_t)TEAMS_PER_MEMBER_MAX);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *count < TEAMS_PER_MEMBER_MAX && db_row(stmt)) {
        (*out)[(*count)++] = (struct membership){
            .team_id = db_int(stmt, 0),
            .team_name = rows_text(stmt, 1, arena, &full),
            .joined_ms = db_int(stmt, 2),
        };
    }
    return rows_end(stmt, full);
}

enum err users_ids(struct db *db, int64_t after, int64_t *out, size_t limit, size_t *count)
{
    *count = 0;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT id FROM users WHERE id > $1 AND disabled = 0 ORDER BY id LIMIT $2", "ii",
                            after, (int64_t)limit);
    if (err != ERR_OK)
        return err;
    while (*count < limit && db_row(stmt))
        out[(*count)++] = db_int(stmt, 0);
    return db_end(stmt);
}

enum err users_each_hidden(struct db *db, void (*each)(void *arg, int64_t id), void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT id FROM users WHERE disabled <> 0 OR appear_offline <> 0", "");
    if (err != ERR_OK)
        return err;
    while (db_row(stmt))
        each(arg, db_int(stmt, 0));
    return db_end(stmt);
}

#define USER_ROWS                                                                                                      \
    "SELECT u.id, u.username, u.name, u.role, u.disabled, u.created_ms,"                                               \
    " (SELECT t.name FROM memberships m JOIN teams t ON t.id = m.team_id"                                              \
    " WHERE m.user_id = u.id ORDER BY m.joined_ms, m.team_id LIMIT 1)"                                                 \
    " FROM users u "

static enum err walk_rows(struct db_stmt *stmt, void (*each)(void *arg, const struct user_row *row), void *arg)
{
    while (db_row(stmt)) {
        struct user_row row = {
            .id = db_int(stmt, 0),
            .username = db_text(stmt, 1, NULL),
            .name = db_text(stmt, 2, NULL),
            .role = ROLE_MEMBER,
            .disabled = db_int(stmt, 4) != 0,
            .created_ms = db_int(stmt, 5),
            .team = db_text(stmt, 6, NULL),
        };
        (void)role_parse(db_text(stmt, 3, NULL), &row.role);
        each(arg, &row);
    }
    return db_end(stmt);
}

enum err users_each(struct db *db, void (*each)(void *arg, const struct user_row *row), void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, USER_ROWS "ORDER BY u.username", "");
    return err != ERR_OK ? err : walk_rows(stmt, each, arg);
}

enum err users_page(struct db *db, int64_t after, size_t limit, void (*each)(void *arg, const struct user_row *row),
                    void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, USER_ROWS "WHERE u.id > $1 AND u.deleted_ms IS NULL ORDER BY u.id LIMIT $2",
                            "ii", after, (int64_t)limit);
    return err != ERR_OK ? err : walk_rows(stmt, each, arg);
}

/* ---- creating ---------------------------------------------------------------------------------------------------- */

/* An INSERT gave no row: says which of the three unique values is taken. */
static enum err explain_conflict(struct tx *tx, const struct user_new *user, const char *username)
{
    struct user other;
    enum err err = users_by_username(tx->db, tx->arena, username, &other);
    if (err == ERR_OK)
        return problem_set(&tx->problem, ERR_CONFLICT, "The sign-in name \"%s\" is taken.", username);
    if (err == ERR_NOT_FOUND && user->external_id != NULL) {
        err = users_by_external_id(tx->db, tx->arena, user->external_id, &other);
        if (err == ERR_OK)
            return problem_set(&tx->problem, ERR_CONFLICT, "The external id \"%s\" belongs to another member.",
                               user->external_id);
    }
    if (err == ERR_NOT_FOUND)
        return problem_set(&tx->problem, ERR_CONFLICT, "There is a member with the id %lld already.",
                           (long long)user->id);
    return err;
}

enum err users_create(struct tx *tx, const struct user_new *user, int64_t *id)
{
#define USER_INSERT(id_column, id_value)                                                                               \
    "INSERT INTO users (username, name, role, password, external_id, appear_offline, disabled, created_ms" id_column   \
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8" id_value ") ON CONFLICT DO NOTHING RETURNING id"
    static const char insert_next[] = USER_INSERT("", "");
    static const char insert_given[] = USER_INSERT(", id", ", $9");
    bool given = user->id != 0;
    const char *username = lower_case(tx->arena, user->username);
    if (username == NULL)
        return ERR_NO_MEMORY;
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, given ? insert_given : insert_next, given ? "sssssiiii" : "sssssiii",
                            username, user->name, role_name(user->role), user->password, user->external_id,
                            (int64_t)user->appear_offline, (int64_t)user->disabled,
                            user->created_ms != 0 ? user->created_ms : tx->now_ms, user->id);
    if (err != ERR_OK)
        return err;
    bool made = db_row(stmt);
    *id = made ? db_int(stmt, 0) : 0;
    err = db_end(stmt);
    if (err != ERR_OK)
        return err;
    if (!made)
        return explain_conflict(tx, user, username);
    return tx_note(tx, (struct change){.kind = CHANGE_MEMBER, .subject_id = *id, .at_ms = tx->now_ms});
}

/* ---- changing ---------------------------------------------------------------------------------------------------- */

/* After an UPDATE of one member: notes it, or ERR_NOT_FOUND when there was no such row. */
static enum err updated(struct tx *tx, enum err err, int64_t id, bool tokens_too, bool shut_out)
{
    if (err != ERR_OK)
        return err;
    if (db_changes(tx->db) == 0)
        return problem_set(&tx->problem, ERR_NOT_FOUND, "There is no such member.");
    err = tx_note(tx, (struct change){.kind = CHANGE_MEMBER, .subject_id = id, .value = shut_out, .at_ms = tx->now_ms});
    if (err == ERR_OK && tokens_too)
        err = tx_note(tx, (struct change){.kind = CHANGE_TOKENS, .subject_id = id, .at_ms = tx->now_ms});
    return err;
}

enum err users_rename(struct tx *tx, int64_t id, const char *name)
{
    enum err err = db_run(tx->db, "UPDATE users SET name = $2 WHERE id = $1", "is", id, name);
    return updated(tx, err, id, false, false);
}

enum err users_set_appear_offline(struct tx *tx, int64_t id, bool appear_offline)
{
    enum err err = db_run(tx->db, "UPDATE users SET appear_offline = $2 WHERE id = $1", "ii", id,
                          (int64_t)appear_offline);
    return updated(tx, err, id, false, false);
}

/* Twice in one millisecond ends also what was issued between. */
#define TOKENS_END(now)                                                                                                \
    "tokens_after_ms = CASE WHEN tokens_after_ms < " now " THEN " now " ELSE tokens_after_ms + 1 END"

enum err users_set_password(struct tx *tx, int64_t id, const char *password)
{
    enum err err = db_run(tx->db, "UPDATE users SET password = $2, " TOKENS_END("$3") " WHERE id = $1", "isi", id,
                          password, tx->now_ms);
    err = updated(tx, err, id, true, false);
    /* A lost tablet is to show nothing more. Who opens the app on another subscribes anew. */
    return err == ERR_OK ? pushes_forget_devices(tx, id) : err;
}

enum err users_set_disabled(struct tx *tx, int64_t id, bool disabled)
{
    enum err err = db_run(tx->db,
                          "UPDATE users SET disabled = $2, " TOKENS_END("$3") " WHERE id = $1 AND deleted_ms IS NULL",
                          "iii", id, (int64_t)disabled, tx->now_ms);
    return updated(tx, err, id, true, disabled);
}

enum err users_set_role(struct tx *tx, int64_t id, enum role role)
{
    enum err err = db_run(tx->db, "UPDATE users SET role = $2 WHERE id = $1", "is", id, role_name(role));
    return updated(tx, err, id, false, false);
}

struct standing {
    int64_t teams;
    bool is_member;
    bool user_exists;
    bool team_exists;
};

static enum err read_standing(struct tx *tx, int64_t user_id, int64_t team_id, struct standing *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt,
                            "SELECT (SELECT COUNT(*) FROM memberships WHERE user_id = $1),"
                            " (SELECT COUNT(*) FROM memberships WHERE user_id = $1 AND team_id = $2),"
                            " (SELECT COUNT(*) FROM users WHERE id = $1), (SELECT COUNT(*) FROM teams WHERE id = $2)",
                            "ii", user_id, team_id);
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    if (found)
        *out = (struct standing){
            .teams = db_int(stmt, 0),
            .is_member = db_int(stmt, 1) != 0,
            .user_exists = db_int(stmt, 2) != 0,
            .team_exists = db_int(stmt, 3) != 0,
        };
    return rows_end_one(stmt, found, false);
}

enum err users_join(struct tx *tx, int64_t user_id, int64_t team_id, int64_t joined_ms)
{
    struct standing standing = {0};
    enum err err = read_standing(tx, user_id, team_id, &standing);
    if (err != ERR_OK)
        return err;
    if (!standing.user_exists)
        return problem_set(&tx->problem, ERR_NOT_FOUND, "There is no such member.");
    if (!standing.team_exists)
        return problem_set(&tx->problem, ERR_NOT_FOUND, "There is no such team.");
    if (standing.is_member)
        return ERR_OK;
    if (standing.teams >= TEAMS_PER_MEMBER_MAX)
        return problem_set(&tx->problem, ERR_CONFLICT, "A member can be in at most %d teams.", TEAMS_PER_MEMBER_MAX);
    err = db_run(tx->db, "INSERT INTO memberships (team_id, user_id, joined_ms) VALUES ($1, $2, $3)", "iii", team_id,
                 user_id, joined_ms != 0 ? joined_ms : tx->now_ms);
    if (err != ERR_OK)
        return err;
    return tx_note(
        tx, (struct change){.kind = CHANGE_MEMBER, .team_id = team_id, .subject_id = user_id, .at_ms = tx->now_ms});
}

enum err users_leave(struct tx *tx, int64_t user_id, int64_t team_id)
{
    enum err err = db_run(tx->db, "DELETE FROM memberships WHERE team_id = $1 AND user_id = $2", "ii", team_id,
                          user_id);
    if (err != ERR_OK)
        return err;
    if (db_changes(tx->db) == 0)
        return problem_set(&tx->problem, ERR_NOT_FOUND, "There is no such member in this team.");
    return tx_note(
        tx, (struct change){
                .kind = CHANGE_MEMBER, .team_id = team_id, .subject_id = user_id, .value = 1, .at_ms = tx->now_ms});
}

/* ---- engagement -------------------------------------------------------------------------------------------------- */

enum err users_seen(struct tx *tx, int64_t day, const int64_t *user_ids, size_t count)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++)
        err = db_run(tx->db, "INSERT INTO activity (day, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", "ii", day,
                     user_ids[i]);
    return err;
}

enum err users_seen_prune(struct tx *tx, size_t limit, int64_t *removed)
{
    enum err err = db_run(tx->db,
                          "DELETE FROM activity WHERE (day, user_id) IN"
                          " (SELECT day, user_id FROM activity WHERE day < $1 ORDER BY day LIMIT $2)",
                          "ii", tx->now_ms / DAY_MS - ACTIVITY_KEPT_DAYS, (int64_t)limit);
    *removed = err == ERR_OK ? db_changes(tx->db) : 0;
    return err;
}

enum err users_engagement(struct db *db, int64_t now_ms, struct engagement *out)
{
    int64_t today = now_ms / DAY_MS;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM teams),"
                            " (SELECT COUNT(*) FROM posts WHERE deleted_ms IS NULL), (SELECT COUNT(*) FROM likes),"
                            " (SELECT COUNT(*) FROM notices), (SELECT COUNT(*) FROM activity WHERE day = $1),"
                            " (SELECT COUNT(DISTINCT user_id) FROM activity WHERE day > $2 AND day <= $1)",
                            "ii", today, today - 7);
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    if (found)
        *out = (struct engagement){
            .users = db_int(stmt, 0),
            .teams = db_int(stmt, 1),
            .posts = db_int(stmt, 2),
            .likes = db_int(stmt, 3),
            .notices = db_int(stmt, 4),
            .active_day = db_int(stmt, 5),
            .active_week = db_int(stmt, 6),
        };
    return rows_end_one(stmt, found, false);
}

enum err users_days(struct db *db, int64_t now_ms, struct engagement_day out[static ENGAGEMENT_DAYS])
{
    int64_t before = now_ms / DAY_MS - ENGAGEMENT_DAYS;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT day, COUNT(*) FROM activity WHERE day > $1 AND day <= $2 GROUP BY day",
                            "ii", before, before + ENGAGEMENT_DAYS);
    if (err != ERR_OK)
        return err;
    for (int64_t i = 0; i < ENGAGEMENT_DAYS; i++)
        out[i] = (struct engagement_day){.day = before + 1 + i};
    while (db_row(stmt))
        out[db_int(stmt, 0) - before - 1].members = db_int(stmt, 1);
    return db_end(stmt);
}
