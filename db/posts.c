/* Posts, pins and likes. See posts.h. */
#include "db/posts.h"

#include <assert.h>

#include "base/limits.h"
#include "db/rows.h"

/* ---- reading ----------------------------------------------------------------------------------------------------- */

#define POST_SELECT                                                                                                    \
    "SELECT p.id, p.team_id, p.author_id, u.name, u.role, p.body, p.topics, p.likes, l.user_id, p.deleted_ms,"         \
    " p.pinned_ms, p.created_ms, p.edited_ms, p.hidden"                                                                \
    " FROM posts p JOIN users u ON u.id = p.author_id"                                                                 \
    " LEFT JOIN likes l ON l.post_id = p.id AND l.user_id = $1 "

static void read_post(struct db_stmt *stmt, struct arena *arena, struct post *out, bool *full)
{
    *out = (struct post){
        .id = db_int(stmt, 0),
        .team_id = db_int(stmt, 1),
        .author_id = db_int(stmt, 2),
        .author_name = rows_text(stmt, 3, arena, full),
        .author_role = ROLE_MEMBER,
        .body = rows_text(stmt, 5, arena, full),
        .topics = rows_text(stmt, 6, arena, full),
        .likes = db_int(stmt, 7),
        .liked = !db_is_null(stmt, 8),
        .deleted = !db_is_null(stmt, 9),
        .pinned_ms = db_int(stmt, 10),
        .created_ms = db_int(stmt, 11),
        .edited_ms = db_int(stmt, 12),
        .hidden = (enum hidden)db_int(stmt, 13),
    };
    (void)role_parse(db_text(stmt, 4, NULL), &out->author_role);
}

enum err posts_page(struct db *db, struct arena *arena, const struct posts_query *query, struct post **out,
                    size_t *count)
{
    assert(query->limit > 0);
    *count = 0;
    *out = arena_alloc(arena, query->limit * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
#define SHOWN_TO_VIEWER " AND (p.hidden = 0 OR $4 <> 0 OR p.author_id = $1)"
    static const char feed[] = POST_SELECT "WHERE p.team_id = $2 AND p.deleted_ms IS NULL AND p.id < $5" SHOWN_TO_VIEWER
                                           " ORDER BY p.id DESC LIMIT $3";
    static const char pinned[] = POST_SELECT "WHERE p.team_id = $2 AND p.pinned_ms IS NOT NULL" SHOWN_TO_VIEWER
                                             " ORDER BY p.pinned_ms DESC, p.id DESC LIMIT $3";
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, query->pinned_only ? pinned : feed, query->pinned_only ? "iiii" : "iiiii",
                            query->viewer_id, query->team_id, (int64_t)query->limit, (int64_t)query->leads,
                            query->before_id != 0 ? query->before_id : INT64_MAX);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *count < query->limit && db_row(stmt))
        read_post(stmt, arena, &(*out)[(*count)++], &full);
    return rows_end(stmt, full);
}

enum err posts_briefs(struct db *db, struct arena *arena, int64_t team_id, int64_t since_ms, size_t limit,
                      struct post_brief **out, size_t *count)
{
    *count = 0;
    *out = arena_alloc(arena, limit * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT id, topics, likes, pinned_ms, created_ms FROM posts"
                            " WHERE team_id = $1 AND deleted_ms IS NULL AND hidden = 0 ORDER BY id DESC LIMIT $2",
                            "ii", team_id, (int64_t)limit);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && db_row(stmt)) {
        if (db_int(stmt, 4) < since_ms) /* an import may have given an old post a new id */
            continue;
        (*out)[(*count)++] = (struct post_brief){.id = db_int(stmt, 0),
                                                 .topics = rows_text(stmt, 1, arena, &full),
                                                 .likes = db_int(stmt, 2),
                                                 .pinned = !db_is_null(stmt, 3),
                                                 .created_ms = db_int(stmt, 4)};
    }
    return rows_end(stmt, full);
}

enum err posts_by_id(struct db *db, struct arena *arena, int64_t id, int64_t viewer_id, struct post *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, POST_SELECT "WHERE p.id = $2", "ii", viewer_id, id);
    if (err != ERR_OK)
        return err;
    bool full = false;
    bool found = db_row(stmt);
    if (found)
        read_post(stmt, arena, out, &full);
    return rows_end_one(stmt, found, full);
}

enum err posts_marks(struct db *db, int64_t team_id, struct post_mark *out, size_t limit, size_t *count)
{
    *count = 0;
    struct db_stmt *stmt;
    enum err err = db_query(
        db, &stmt,
        "SELECT id, CASE WHEN created_seq > (SELECT value FROM sequence WHERE name = 'pruned') THEN created_seq"
        " ELSE 0 END FROM posts WHERE team_id = $1 AND deleted_ms IS NULL AND hidden = 0"
        " ORDER BY created_seq DESC LIMIT $2",
        "ii", team_id, (int64_t)limit);
    if (err != ERR_OK)
        return err;
    while (*count < limit && db_row(stmt))
        out[(*count)++] = (struct post_mark){.id = db_int(stmt, 0), .seq = db_int(stmt, 1)};
    return db_end(stmt);
}

enum err posts_recent_likes(struct db *db, int64_t team_id, int64_t *post_ids, int64_t *counts, size_t limit,
                            size_t *count)
{
    *count = 0;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT id, likes FROM posts WHERE team_id = $1 AND deleted_ms IS NULL AND hidden = 0"
                            " ORDER BY id DESC LIMIT $2",
                            "ii", team_id, (int64_t)limit);
    if (err != ERR_OK)
        return err;
    for (; *count < limit && db_row(stmt); (*count)++) {
        post_ids[*count] = db_int(stmt, 0);
        counts[*count] = db_int(stmt, 1);
    }
    return db_end(stmt);
}

/* What a change of a post must know of it first. */
struct brief {
    int64_t team_id;
    int64_t likes;
    bool pinned;
    bool deleted;
    enum hidden hidden;
    int64_t created_seq;
};

static enum err read_brief(struct tx *tx, int64_t id, struct brief *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(
        tx->db, &stmt, "SELECT team_id, likes, pinned_ms, deleted_ms, hidden, created_seq FROM posts WHERE id = $1",
        "i", id);
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    if (found)
        *out = (struct brief){
            .team_id = db_int(stmt, 0),
            .likes = db_int(stmt, 1),
            .pinned = !db_is_null(stmt, 2),
            .deleted = !db_is_null(stmt, 3),
            .hidden = (enum hidden)db_int(stmt, 4),
            .created_seq = db_int(stmt, 5),
        };
    err = rows_end_one(stmt, found, false);
    return err == ERR_NOT_FOUND ? problem_set(&tx->problem, err, "There is no such post.") : err;
}

enum err posts_team_of(struct db *db, int64_t id, int64_t *team_id)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT team_id FROM posts WHERE id = $1 AND deleted_ms IS NULL AND hidden = 0",
                            "i", id);
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    if (found)
        *team_id = db_int(stmt, 0);
    return rows_end_one(stmt, found, false);
}

static enum err read_living(struct tx *tx, int64_t id, struct brief *out)
{
    enum err err = read_brief(tx, id, out);
    if (err == ERR_OK && out->deleted)
        return problem_set(&tx->problem, ERR_NOT_FOUND, "The post was deleted.");
    return err;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

enum err posts_create(struct tx *tx, const struct post_new *post, int64_t *id)
{
#define POST_INSERT(id_column, id_value)                                                                               \
    "INSERT INTO posts (team_id, author_id, body, topics, created_ms, edited_ms, pinned_ms, created_seq, "             \
    "hidden" id_column ") VALUES ($1, $2, $3, $4, $5, NULLIF($6, 0), NULLIF($7, 0), $8, $9" id_value ") RETURNING id"
    static const char insert_next[] = POST_INSERT("", "");
    static const char insert_given[] = POST_INSERT(", id", ", $10");
    bool given = post->id != 0;
    int64_t seq;
    enum err err = tx_number(tx, &seq);
    if (err != ERR_OK)
        return err;
    struct db_stmt *stmt;
    err = db_query(tx->db, &stmt, given ? insert_given : insert_next, given ? "iissiiiiii" : "iissiiiii", post->team_id,
                   post->author_id, post->body, post->topics, post->created_ms != 0 ? post->created_ms : tx->now_ms,
                   post->edited_ms, post->pinned_ms, seq, (int64_t)post->hidden, post->id);
    if (err != ERR_OK)
        return err;
    *id = db_row(stmt) ? db_int(stmt, 0) : 0;
    err = db_end(stmt);
    if (err == ERR_CONFLICT)
        return problem_set(&tx->problem, err, "The post's id is taken, or its team or author does not exist.");
    enum change_kind kind = post->hidden == HIDDEN_NOT ? CHANGE_POST_CREATED : CHANGE_POST_HIDDEN;
    return err != ERR_OK ? err : tx_event_numbered(tx, kind, post->team_id, *id, seq);
}

enum err posts_edit(struct tx *tx, int64_t id, const char *body, const char *topics)
{
    struct brief brief = {0};
    enum err err = read_living(tx, id, &brief);
    if (err == ERR_OK)
        err = db_run(
            tx->db,
            "UPDATE posts SET body = COALESCE($2, body), topics = COALESCE($3, topics), edited_ms = $4 WHERE id = $1",
            "issi", id, body, topics, tx->now_ms);
    return err != ERR_OK ? err : tx_event(tx, CHANGE_POST_EDITED, brief.team_id, id, NULL);
}

enum err posts_delete(struct tx *tx, int64_t id)
{
    struct brief brief = {0};
    enum err err = read_brief(tx, id, &brief);
    if (err != ERR_OK || brief.deleted)
        return err;
    err = db_run(tx->db, "DELETE FROM likes WHERE post_id = $1", "i", id);
    if (err == ERR_OK)
        err = db_run(tx->db,
                     "UPDATE posts SET body = '', topics = '', likes = 0, pinned_ms = NULL, deleted_ms = $2"
                     " WHERE id = $1",
                     "ii", id, tx->now_ms);
    return err != ERR_OK ? err : tx_event(tx, CHANGE_POST_DELETED, brief.team_id, id, NULL);
}

/* What nobody has seen yet is new from now on. */
static enum err show_first(struct tx *tx, int64_t id, const struct brief *brief)
{
    int64_t seq;
    enum err err = tx_number(tx, &seq);
    if (err == ERR_OK)
        err = db_run(tx->db, "UPDATE posts SET hidden = 0, created_seq = $2 WHERE id = $1", "ii", id, seq);
    return err != ERR_OK ? err : tx_event_numbered(tx, CHANGE_POST_CREATED, brief->team_id, id, seq);
}

enum err posts_hide(struct tx *tx, int64_t id, enum hidden hidden, bool *changed)
{
    *changed = false;
    struct brief brief = {0};
    enum err err = read_living(tx, id, &brief);
    if (err != ERR_OK || (brief.hidden == HIDDEN_NOT) == (hidden == HIDDEN_NOT))
        return err;
    *changed = true;
    if (brief.hidden == HIDDEN_BY_WORDS)
        return show_first(tx, id, &brief);
    struct change change = {.kind = hidden == HIDDEN_NOT ? CHANGE_POST_RESTORED : CHANGE_POST_HIDDEN,
                            .team_id = brief.team_id,
                            .subject_id = id,
                            .value = brief.created_seq};
    err = tx_number(tx, &change.seq);
    if (err == ERR_OK)
        err = db_run(tx->db, "UPDATE posts SET hidden = $2 WHERE id = $1", "ii", id, (int64_t)hidden);
    return err != ERR_OK ? err : tx_event_valued(tx, &change);
}

static enum err check_pins(struct tx *tx, int64_t team_id)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, "SELECT COUNT(*) FROM posts WHERE team_id = $1 AND pinned_ms IS NOT NULL",
                            "i", team_id);
    if (err != ERR_OK)
        return err;
    int64_t pins = db_row(stmt) ? db_int(stmt, 0) : 0;
    err = db_end(stmt);
    if (err == ERR_OK && pins >= PINS_PER_TEAM_MAX)
        return problem_set(&tx->problem, ERR_CONFLICT,
                           "A team can have at most %d pinned posts. Unpin another one first.", PINS_PER_TEAM_MAX);
    return err;
}

enum err posts_pin(struct tx *tx, int64_t id, bool pinned, bool *changed)
{
    *changed = false;
    struct brief brief = {0};
    enum err err = read_living(tx, id, &brief);
    if (err != ERR_OK || brief.pinned == pinned)
        return err;
    if (pinned && brief.hidden != HIDDEN_NOT)
        return problem_set(&tx->problem, ERR_CONFLICT, "This post is hidden. Show it again before you pin it.");
    if (pinned)
        err = check_pins(tx, brief.team_id);
    if (err == ERR_OK)
        err = db_run(tx->db, "UPDATE posts SET pinned_ms = NULLIF($2, 0) WHERE id = $1", "ii", id,
                     pinned ? tx->now_ms : (int64_t)0);
    if (err == ERR_OK)
        err = tx_event(tx, pinned ? CHANGE_POST_PINNED : CHANGE_POST_UNPINNED, brief.team_id, id, NULL);
    *changed = err == ERR_OK;
    return err;
}

/* Moves the count by the one row that was really added or removed. */
static enum err count_like(struct tx *tx, int64_t post_id, int64_t by, int64_t *count)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, "UPDATE posts SET likes = likes + $2 WHERE id = $1 RETURNING likes", "ii",
                            post_id, by);
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    if (found)
        *count = db_int(stmt, 0);
    return rows_end_one(stmt, found, false);
}

enum err posts_like(struct tx *tx, int64_t post_id, int64_t user_id, bool liked, int64_t at_ms, int64_t *count)
{
    struct brief brief = {0};
    enum err err = read_living(tx, post_id, &brief);
    if (err != ERR_OK)
        return err;
    *count = brief.likes;
    if (at_ms == 0)
        at_ms = tx->now_ms;
    if (liked)
        err = db_run(tx->db,
                     "INSERT INTO likes (post_id, user_id, created_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                     "iii", post_id, user_id, at_ms);
    else
        err = db_run(tx->db, "DELETE FROM likes WHERE post_id = $1 AND user_id = $2", "ii", post_id, user_id);
    if (err != ERR_OK || db_changes(tx->db) == 0)
        return err;
    err = count_like(tx, post_id, liked ? 1 : -1, count);
    if (err != ERR_OK)
        return err;
    return tx_note(
        tx,
        (struct change){
            .kind = CHANGE_LIKES, .team_id = brief.team_id, .subject_id = post_id, .value = *count, .at_ms = at_ms});
}
