/*
 * The like buffer's rows and their way into the posts database. See pending_likes.h.
 *
 * Applying takes one statement a row and one a post: changed rows are gathered as (post, +1 or -1), sorted, and each
 * post's count moves once by their sum.
 */
#include "db/pending_likes.h"

#include <assert.h>
#include <stdlib.h>

#include "db/room_store.h"
#include "db/rows.h"
#include "db/writer.h"

#define RECOVER_ROWS 2000 /* a transaction of some milliseconds; an arena full of it is small */

/* ---- rooms.db ---------------------------------------------------------------------------------------------------- */

enum err pending_likes_put(struct tx *rooms, const struct pending_like *like)
{
    return db_run(rooms->db,
                  "INSERT INTO pending_likes (post_id, user_id, liked, at_ms, version) VALUES ($1, $2, $3, $4, $5)"
                  " ON CONFLICT (post_id, user_id) DO UPDATE"
                  " SET liked = excluded.liked, at_ms = excluded.at_ms, version = excluded.version",
                  "iiiii", like->post_id, like->user_id, (int64_t)like->liked, like->at_ms, like->version);
}

enum err pending_likes_page(struct db *rooms, int64_t after, struct pending_like *out, size_t limit, size_t *count)
{
    *count = 0;
    struct db_stmt *stmt;
    enum err err = db_query(rooms, &stmt,
                            "SELECT post_id, user_id, liked, at_ms, version FROM pending_likes WHERE version > $1"
                            " ORDER BY version LIMIT $2",
                            "ii", after, (int64_t)limit);
    if (err != ERR_OK)
        return err;
    while (*count < limit && db_row(stmt))
        out[(*count)++] = (struct pending_like){
            .post_id = db_int(stmt, 0),
            .user_id = db_int(stmt, 1),
            .liked = db_int(stmt, 2) != 0,
            .at_ms = db_int(stmt, 3),
            .version = db_int(stmt, 4),
        };
    return db_end(stmt);
}

enum err pending_likes_forget(struct tx *rooms, int64_t upto)
{
    return db_run(rooms->db, "DELETE FROM pending_likes WHERE version <= $1", "i", upto);
}

enum err pending_likes_bounds(struct db *rooms, int64_t *newest_version, int64_t *count)
{
    *newest_version = *count = 0;
    struct db_stmt *stmt;
    enum err err = db_query(rooms, &stmt, "SELECT MAX(version), COUNT(*) FROM pending_likes", "");
    if (err != ERR_OK)
        return err;
    if (db_row(stmt)) {
        *newest_version = db_int(stmt, 0);
        *count = db_int(stmt, 1);
    }
    return db_end(stmt);
}

/* ---- porchlight.db ----------------------------------------------------------------------------------------------- */

enum err pending_likes_flushed(struct db *community, int64_t *version)
{
    *version = 0;
    struct db_stmt *stmt;
    enum err err = db_query(community, &stmt, "SELECT value FROM sequence WHERE name = 'likes_flushed'", "");
    if (err != ERR_OK)
        return err;
    if (db_row(stmt))
        *version = db_int(stmt, 0);
    return db_end(stmt);
}

enum err pending_likes_state(struct db *community, int64_t post_id, int64_t user_id, struct like_state *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(community, &stmt,
                            "SELECT p.team_id, p.likes, l.user_id, p.hidden FROM posts p"
                            " LEFT JOIN likes l ON l.post_id = p.id AND l.user_id = $2"
                            " WHERE p.id = $1 AND p.deleted_ms IS NULL",
                            "ii", post_id, user_id);
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    if (found)
        *out = (struct like_state){.team_id = db_int(stmt, 0),
                                   .count = db_int(stmt, 1),
                                   .liked = !db_is_null(stmt, 2),
                                   .hidden = db_int(stmt, 3) != 0};
    return rows_end_one(stmt, found, false);
}

/* By how much one row, or several of them, move a post's count. */
struct step {
    int64_t post_id;
    int64_t by;
};

/* Brings one row into likes; `by` is what it changed there. A deleted post has no likes and gets none. */
static enum err apply_row(struct tx *tx, const struct pending_like *like, int64_t *by)
{
    enum err err;
    if (like->liked)
        err = db_run(tx->db,
                     "INSERT INTO likes (post_id, user_id, created_ms) SELECT p.id, u.id, $3 FROM posts p, users u"
                     " WHERE p.id = $1 AND p.deleted_ms IS NULL AND u.id = $2 ON CONFLICT DO NOTHING",
                     "iii", like->post_id, like->user_id, like->at_ms);
    else
        err = db_run(tx->db, "DELETE FROM likes WHERE post_id = $1 AND user_id = $2", "ii", like->post_id,
                     like->user_id);
    *by = err != ERR_OK ? 0 : like->liked ? db_changes(tx->db) : -db_changes(tx->db);
    return err;
}

static int compare_steps(const void *a, const void *b)
{
    const struct step *x = a;
    const struct step *y = b;
    return (x->post_id > y->post_id) - (x->post_id < y->post_id);
}

static enum err move_counts(struct tx *tx, struct step *steps, size_t count)
{
    enum err err = ERR_OK;
    if (count > 0)
        qsort(steps, count, sizeof *steps, compare_steps);
    for (size_t i = 0; err == ERR_OK && i < count;) {
        int64_t post_id = steps[i].post_id;
        int64_t by = 0;
        for (; i < count && steps[i].post_id == post_id; i++)
            by += steps[i].by;
        if (by != 0)
            err = db_run(tx->db, "UPDATE posts SET likes = likes + $2 WHERE id = $1", "ii", post_id, by);
    }
    return err;
}

enum err pending_likes_apply(struct tx *tx, const struct pending_like *likes, size_t count, int64_t upto)
{
    int64_t flushed;
    struct step *steps = arena_alloc(tx->arena, (count > 0 ? count : 1) * sizeof *steps);
    enum err err = steps == NULL ? ERR_NO_MEMORY : pending_likes_flushed(tx->db, &flushed);
    size_t changed = 0;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        assert(likes[i].version <= upto);
        if (likes[i].version <= flushed)
            continue;
        steps[changed].post_id = likes[i].post_id;
        err = apply_row(tx, &likes[i], &steps[changed].by);
        changed += steps[changed].by != 0;
    }
    if (err == ERR_OK)
        err = move_counts(tx, steps, changed);
    if (err == ERR_OK)
        err = db_run(tx->db,
                     "INSERT INTO sequence (name, value) VALUES ('likes_flushed', $1) ON CONFLICT (name) DO UPDATE"
                     " SET value = excluded.value WHERE excluded.value > sequence.value",
                     "i", upto);
    return err;
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

struct recovery {
    struct job job;
    struct pending_like likes[RECOVER_ROWS];
    size_t count;
    int64_t upto;
};

static enum err run_apply(struct job *job, struct tx *tx)
{
    struct recovery *r = (struct recovery *)job;
    return pending_likes_apply(tx, r->likes, r->count, r->upto);
}

static enum err run_forget(struct job *job, struct tx *tx)
{
    struct recovery *r = (struct recovery *)job;
    enum err err = pending_likes_forget(tx, r->upto);
    return err != ERR_OK ? err : room_store_set_alarm(tx, PENDING_LIKES_ROOM, 0);
}

enum err pending_likes_recover(struct db *community, struct db *rooms, const struct clock *clock, int64_t *recovered)
{
    *recovered = 0;
    int64_t newest;
    int64_t waiting;
    enum err err = pending_likes_bounds(rooms, &newest, &waiting);
    if (err != ERR_OK || waiting == 0)
        return err;
    struct recovery *r = calloc(1, sizeof *r);
    if (r == NULL)
        return ERR_NO_MEMORY;
    err = pending_likes_flushed(community, &r->upto);
    r->job.run = run_apply;
    do {
        if (err == ERR_OK)
            err = pending_likes_page(rooms, r->upto, r->likes, RECOVER_ROWS, &r->count);
        if (err != ERR_OK || r->count == 0)
            break;
        r->upto = r->likes[r->count - 1].version;
        err = writer_once(community, clock, &r->job, NULL);
        if (err == ERR_OK)
            *recovered += (int64_t)r->count;
    } while (err == ERR_OK && r->count == RECOVER_ROWS);
    r->job.run = run_forget;
    if (err == ERR_OK)
        err = writer_once(rooms, clock, &r->job, NULL);
    free(r);
    return err;
}
