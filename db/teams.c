/* Teams and invites. See teams.h. */
#include "db/teams.h"

#include <assert.h>
#include <string.h>

#include "db/channels.h"
#include "db/rows.h"

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Counts as teams_members lists: without those who are disabled. */
#define TEAM_SELECT TEAM_SELECT_("name")
#define TEAM_SELECT_(coach)                                                                                            \
    "SELECT t.id, t.name, c." coach ", t.created_ms,"                                                                  \
    " (SELECT COUNT(*) FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.team_id = t.id AND u.disabled = 0)" \
    " FROM teams t JOIN users c ON c.id = t.id "

static void read_team(struct db_stmt *stmt, struct arena *arena, struct team *out, bool *full)
{
    *out = (struct team){
        .id = db_int(stmt, 0),
        .name = rows_text(stmt, 1, arena, full),
        .coach_name = rows_text(stmt, 2, arena, full),
        .created_ms = db_int(stmt, 3),
        .members = db_int(stmt, 4),
    };
}

enum err teams_by_id(struct db *db, struct arena *arena, int64_t id, struct team *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, TEAM_SELECT "WHERE t.id = $1", "i", id);
    if (err != ERR_OK)
        return err;
    bool full = false;
    bool found = db_row(stmt);
    if (found)
        read_team(stmt, arena, out, &full);
    return rows_end_one(stmt, found, full);
}

enum err teams_page(struct db *db, struct arena *arena, int64_t user_id, int64_t after, size_t limit, struct team **out,
                    size_t *count)
{
    assert(limit > 0);
    *count = 0;
    *out = arena_alloc(arena, limit * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    static const char all[] = TEAM_SELECT "WHERE t.id > $1 ORDER BY t.id LIMIT $2";
    static const char own[] = TEAM_SELECT "WHERE t.id > $1 AND t.id IN (SELECT o.team_id FROM memberships o"
                                          " WHERE o.user_id = $3) ORDER BY t.id LIMIT $2";
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, user_id == 0 ? all : own, user_id == 0 ? "ii" : "iii", after, (int64_t)limit,
                            user_id);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *count < limit && db_row(stmt))
        read_team(stmt, arena, &(*out)[(*count)++], &full);
    return rows_end(stmt, full);
}

enum err teams_each(struct db *db, void (*each)(void *arg, const struct team_row *row), void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, TEAM_SELECT_("username") "ORDER BY c.username", "");
    if (err != ERR_OK)
        return err;
    while (db_row(stmt)) {
        const struct team_row row = {
            .id = db_int(stmt, 0),
            .name = db_text(stmt, 1, NULL),
            .coach = db_text(stmt, 2, NULL),
            .created_ms = db_int(stmt, 3),
            .members = db_int(stmt, 4),
        };
        each(arg, &row);
    }
    return db_end(stmt);
}

enum err teams_members(struct db *db, struct arena *arena, int64_t team_id, int64_t after, size_t limit,
                       struct team_member **out, size_t *count)
{
    assert(limit > 0);
    *count = 0;
    *out = arena_alloc(arena, limit * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    struct db_stmt *stmt;
    enum err err = db_query(
        db, &stmt,
        "SELECT u.id, u.name, u.role, m.joined_ms FROM memberships m JOIN users u ON u.id = m.user_id"
        " WHERE m.team_id = $1 AND m.user_id > $2 AND u.disabled = 0 ORDER BY m.user_id LIMIT $3",
        "iii", team_id, after, (int64_t)limit);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *count < limit && db_row(stmt)) {
        struct team_member *member = &(*out)[(*count)++];
        *member = (struct team_member){
            .user_id = db_int(stmt, 0),
            .name = rows_text(stmt, 1, arena, &full),
            .role = ROLE_MEMBER,
            .joined_ms = db_int(stmt, 3),
        };
        (void)role_parse(db_text(stmt, 2, NULL), &member->role);
    }
    return rows_end(stmt, full);
}

/* ---- creating and changing --------------------------------------------------------------------------------------- */

enum err teams_create_bare(struct tx *tx, int64_t coach_id, const char *name, int64_t created_ms)
{
    struct user coach;
    enum err err = users_by_id(tx->db, tx->arena, coach_id, &coach);
    if (err == ERR_NOT_FOUND)
        return problem_set(&tx->problem, ERR_NOT_FOUND, "There is no such member to be the coach.");
    if (err != ERR_OK)
        return err;
    if (created_ms == 0)
        created_ms = tx->now_ms;
    err = db_run(tx->db, "INSERT INTO teams (id, name, created_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", "isi",
                 coach_id, name, created_ms);
    if (err != ERR_OK)
        return err;
    if (db_changes(tx->db) == 0)
        return problem_set(&tx->problem, ERR_CONFLICT, "%s has a team already.", coach.name);
    if (coach.role == ROLE_MEMBER)
        err = users_set_role(tx, coach_id, ROLE_COACH);
    return err != ERR_OK ? err : users_join(tx, coach_id, coach_id, created_ms);
}

enum err teams_create(struct tx *tx, int64_t coach_id, const char *name, int64_t created_ms)
{
    enum err err = teams_create_bare(tx, coach_id, name, created_ms);
    return err != ERR_OK ? err : channels_create_first(tx, coach_id, created_ms != 0 ? created_ms : tx->now_ms);
}

enum err teams_rename(struct tx *tx, int64_t team_id, const char *name)
{
    enum err err = db_run(tx->db, "UPDATE teams SET name = $2 WHERE id = $1", "is", team_id, name);
    if (err != ERR_OK)
        return err;
    if (db_changes(tx->db) == 0)
        return problem_set(&tx->problem, ERR_NOT_FOUND, "There is no such team.");
    /* Every member's answer of /me carries the name: too many to note one by one, too rare to be clever about. */
    return tx_note(tx, (struct change){.kind = CHANGE_ALL, .team_id = team_id, .at_ms = tx->now_ms});
}

/* ---- invites ----------------------------------------------------------------------------------------------------- */

enum err teams_invite_create(struct tx *tx, const unsigned char hash[static INVITE_HASH_BYTES], int64_t team_id,
                             int64_t created_by, int64_t uses, int64_t expires_ms, int64_t *id)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt,
                            "INSERT INTO invites (hash, team_id, created_by, uses_max, uses_left, expires_ms,"
                            " created_ms) VALUES ($1, $2, $3, $4, $4, $5, $6) RETURNING id",
                            "biiiii", hash, (size_t)INVITE_HASH_BYTES, team_id, created_by, uses, expires_ms,
                            tx->now_ms);
    if (err != ERR_OK)
        return err;
    if (db_row(stmt))
        *id = db_int(stmt, 0);
    return db_end(stmt);
}

static enum err read_invite(struct db_stmt *stmt, struct invite *out)
{
    bool found = db_row(stmt);
    if (found)
        *out = (struct invite){.team_id = db_int(stmt, 0), .uses_left = db_int(stmt, 1), .expires_ms = db_int(stmt, 2)};
    return rows_end_one(stmt, found, false);
}

enum err teams_invite_find(struct db *db, const unsigned char hash[static INVITE_HASH_BYTES], int64_t now_ms,
                           struct invite *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT team_id, uses_left, expires_ms FROM invites"
                            " WHERE hash = $1 AND uses_left > 0 AND expires_ms > $2",
                            "bi", hash, (size_t)INVITE_HASH_BYTES, now_ms);
    return err != ERR_OK ? err : read_invite(stmt, out);
}

enum err teams_invite_use(struct tx *tx, const unsigned char hash[static INVITE_HASH_BYTES], struct invite *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt,
                            "UPDATE invites SET uses_left = uses_left - 1"
                            " WHERE hash = $1 AND uses_left > 0 AND expires_ms > $2"
                            " RETURNING team_id, uses_left, expires_ms",
                            "bi", hash, (size_t)INVITE_HASH_BYTES, tx->now_ms);
    return err != ERR_OK ? err : read_invite(stmt, out);
}

enum err teams_invites(struct db *db, struct arena *arena, int64_t team_id, int64_t before_id, int64_t now_ms,
                       size_t limit, struct invite_row **out, size_t *count)
{
#define INVITES_SELECT                                                                                                 \
    "SELECT i.id, i.team_id, t.name, i.created_by, c.name, i.uses_max, i.uses_left, i.created_ms, i.expires_ms"        \
    " FROM invites i JOIN teams t ON t.id = i.team_id JOIN users c ON c.id = i.created_by"                             \
    " WHERE i.id < $1 AND i.uses_left > 0 AND i.expires_ms > $2"
#define INVITES_ORDER " ORDER BY i.id DESC LIMIT $3"
    static const char all[] = INVITES_SELECT INVITES_ORDER;
    static const char one[] = INVITES_SELECT " AND i.team_id = $4" INVITES_ORDER;
    assert(limit > 0);
    *count = 0;
    *out = arena_alloc(arena, limit * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, team_id == 0 ? all : one, team_id == 0 ? "iii" : "iiii",
                            before_id != 0 ? before_id : INT64_MAX, now_ms, (int64_t)limit, team_id);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *count < limit && db_row(stmt))
        (*out)[(*count)++] = (struct invite_row){
            .id = db_int(stmt, 0),
            .team_id = db_int(stmt, 1),
            .team_name = rows_text(stmt, 2, arena, &full),
            .created_by = db_int(stmt, 3),
            .creator_name = rows_text(stmt, 4, arena, &full),
            .uses_max = db_int(stmt, 5),
            .uses_left = db_int(stmt, 6),
            .created_ms = db_int(stmt, 7),
            .expires_ms = db_int(stmt, 8),
        };
    return rows_end(stmt, full);
}

enum err teams_invite_team(struct db *db, int64_t id, int64_t now_ms, int64_t *team_id)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT team_id FROM invites WHERE id = $1 AND uses_left > 0 AND expires_ms > $2", "ii", id,
                            now_ms);
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    if (found)
        *team_id = db_int(stmt, 0);
    return rows_end_one(stmt, found, false);
}

enum err teams_invite_revoke(struct tx *tx, int64_t id)
{
    enum err err = db_run(tx->db, "DELETE FROM invites WHERE id = $1", "i", id);
    return err == ERR_OK && db_changes(tx->db) == 0 ? ERR_NOT_FOUND : err;
}
