/*
 * Notices. See notices.h.
 *
 * A page is ordered by the number of the event that announced a notice, so that a poll with "since" ends where the new
 * ones end. A team's own and those to everybody are two runs through one index, merged.
 */
#include "db/notices.h"

#include <assert.h>
#include <string.h>

#include "db/pushes.h"
#include "db/rows.h"

static const char *const kind_names[] = {
    [NOTICE_PIN] = "pin", [NOTICE_ANNOUNCEMENT] = "announcement", [NOTICE_WIN] = "win"};
#define KINDS (sizeof kind_names / sizeof kind_names[0])

const char *notice_kind_name(enum notice_kind kind)
{
    return kind_names[kind];
}

bool notice_kind_parse(const char *text, enum notice_kind *kind)
{
    for (size_t i = 0; text != NULL && i < KINDS; i++) {
        if (strcmp(text, kind_names[i]) == 0) {
            *kind = (enum notice_kind)i;
            return true;
        }
    }
    return false;
}

bool notices_link_is_ours(const char *link)
{
    return link[0] == '/' && link[1] != '/' && link[1] != '\\';
}

#define NOTICE_COLUMNS "id, kind, team_id, author_id, title, body, link, seq, created_ms"

static void read_notice(struct db_stmt *stmt, struct arena *arena, struct notice *out, bool *full)
{
    *out = (struct notice){
        .id = db_int(stmt, 0),
        .kind = NOTICE_ANNOUNCEMENT,
        .team_id = db_int(stmt, 2),
        .author_id = db_int(stmt, 3),
        .title = rows_text(stmt, 4, arena, full),
        .body = rows_text(stmt, 5, arena, full),
        .link = rows_text(stmt, 6, arena, full),
        .seq = db_int(stmt, 7),
        .created_ms = db_int(stmt, 8),
    };
    (void)notice_kind_parse(db_text(stmt, 1, NULL), &out->kind);
}

/* The number of the notice that a page ends before; without one no page ends early. */
static enum err read_before(struct db *db, int64_t before_id, int64_t *before_seq)
{
    *before_seq = INT64_MAX;
    if (before_id == 0)
        return ERR_OK;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT seq FROM notices WHERE id = $1", "i", before_id);
    if (err != ERR_OK)
        return err;
    if (db_row(stmt))
        *before_seq = db_int(stmt, 0);
    return db_end(stmt);
}

enum err notices_page(struct db *db, struct arena *arena, int64_t team_id, int64_t since_seq, int64_t before_id,
                      size_t limit, struct notice **out, size_t *count)
{
    assert(limit > 0);
    *count = 0;
    *out = arena_alloc(arena, limit * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    int64_t before_seq;
    enum err err = read_before(db, before_id, &before_seq);
    if (err != ERR_OK)
        return err;
#define NOTICE_RUN(whose)                                                                                              \
    "SELECT " NOTICE_COLUMNS " FROM notices WHERE team_id " whose                                                      \
    " AND seq > $2 AND seq < $3 ORDER BY seq DESC LIMIT $4"
    static const char sql[] = "SELECT * FROM (" NOTICE_RUN("= $1") ") AS own UNION ALL SELECT * FROM (" NOTICE_RUN(
        "IS NULL") ") AS common ORDER BY seq DESC LIMIT $4";
    struct db_stmt *stmt;
    err = db_query(db, &stmt, sql, "iiii", team_id, since_seq, before_seq, (int64_t)limit);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *count < limit && db_row(stmt))
        read_notice(stmt, arena, &(*out)[(*count)++], &full);
    return rows_end(stmt, full);
}

enum err notices_by_id(struct db *db, struct arena *arena, int64_t id, struct notice *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT " NOTICE_COLUMNS " FROM notices WHERE id = $1", "i", id);
    if (err != ERR_OK)
        return err;
    bool full = false;
    bool found = db_row(stmt);
    if (found)
        read_notice(stmt, arena, out, &full);
    return rows_end_one(stmt, found, full);
}

enum err notices_create(struct tx *tx, const struct notice *notice, int64_t *id)
{
#define NOTICE_INSERT(id_column, id_value)                                                                             \
    "INSERT INTO notices (kind, team_id, author_id, title, body, link, seq, created_ms" id_column                      \
    ") VALUES ($1, NULLIF($2, 0), $3, $4, $5, $6, $7, $8" id_value ") RETURNING id"
    static const char insert_next[] = NOTICE_INSERT("", "");
    static const char insert_given[] = NOTICE_INSERT(", id", ", $9");
    bool given = notice->id != 0;
    int64_t seq;
    enum err err = tx_number(tx, &seq);
    if (err != ERR_OK)
        return err;
    struct db_stmt *stmt;
    err = db_query(tx->db, &stmt, given ? insert_given : insert_next, given ? "siisssiii" : "siisssii",
                   notice_kind_name(notice->kind), notice->team_id, notice->author_id, notice->title, notice->body,
                   notice->link, seq, notice->created_ms != 0 ? notice->created_ms : tx->now_ms, notice->id);
    if (err != ERR_OK)
        return err;
    *id = db_row(stmt) ? db_int(stmt, 0) : 0;
    err = db_end(stmt);
    if (err == ERR_CONFLICT)
        return problem_set(&tx->problem, err, "The notice's id is taken, or its team or author does not exist.");
    if (err == ERR_OK && !given) /* one that is imported was told long ago */
        err = pushes_owe(tx, *id);
    return err != ERR_OK ? err : tx_event_numbered(tx, CHANGE_NOTICE, notice->team_id, *id, seq);
}

const char *notices_post_link(struct arena *arena, int64_t post_id)
{
    return arena_printf(arena, "/#/posts/%lld", (long long)post_id);
}

enum err notices_forget_words(struct tx *tx, const char *link)
{
    return db_run(tx->db, "UPDATE notices SET body = '' WHERE link = $1 AND kind = 'pin'", "s", link);
}
