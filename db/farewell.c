/* The end of an account. See farewell.h. */
#include "db/farewell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "db/audit.h"
#include "db/member_state.h"
#include "db/messages.h"
#include "db/notices.h"
#include "db/posts.h"
#include "db/pushes.h"
#include "db/room_store.h"
#include "db/rows.h"

/* ---- the person -------------------------------------------------------------------------------------------------- */

/* Answers to requests are kept for a day, with the words in them. */
static enum err forget_replays(struct tx *tx, int64_t user_id)
{
    return db_run(tx->db, "DELETE FROM replays WHERE user_id = $1", "i", user_id);
}

static enum err erase_rows(struct tx *tx, int64_t user_id)
{
    static const char *const sql[] = {
        "UPDATE notices SET title = '" FAREWELL_NOTICE_TITLE "', body = '' WHERE author_id = $1",
        "UPDATE reports SET words = '' WHERE reporter_id = $1",
        "DELETE FROM memberships WHERE user_id = $1",
        "DELETE FROM receipts WHERE user_id = $1 AND channel_id IN (SELECT id FROM channels)",
        "DELETE FROM mutes WHERE user_id = $1",
        "DELETE FROM invites WHERE created_by = $1",
        /* Its key begins with the day: some four hundred looks instead of a walk over everybody's. */
        "WITH RECURSIVE days (day) AS (SELECT MIN(day) FROM activity UNION ALL"
        " SELECT day + 1 FROM days WHERE day < (SELECT MAX(day) FROM activity))"
        " DELETE FROM activity WHERE user_id = $1 AND day IN days",
    };
    enum err err = forget_replays(tx, user_id);
    for (size_t i = 0; err == ERR_OK && i < sizeof sql / sizeof sql[0]; i++)
        err = db_run(tx->db, sql[i], "i", user_id);
    return err;
}

enum err farewell_begin(struct tx *tx, int64_t actor_id, int64_t user_id)
{
    const struct audit_entry entry = {
        .actor_id = actor_id, .action = "user.delete", .subject = "user", .subject_id = user_id};
    enum err err = db_run(tx->db,
                          "UPDATE users SET username = 'former-' || id, name = 'Former member', role = 'member',"
                          " password = NULL, external_id = NULL, appear_offline = 1, disabled = 1, deleted_ms = $2,"
                          " tokens_after_ms = $2 + 1 WHERE id = $1 AND deleted_ms IS NULL",
                          "ii", user_id, tx->now_ms);
    if (err == ERR_OK && db_changes(tx->db) == 0)
        return problem_set(&tx->problem, ERR_NOT_FOUND, "There is no such member.");
    if (err == ERR_OK)
        err = db_run(tx->db, "INSERT INTO farewells (user_id) VALUES ($1)", "i", user_id);
    if (err == ERR_OK)
        err = erase_rows(tx, user_id);
    if (err == ERR_OK)
        err = pushes_forget_member(tx, user_id);
    if (err == ERR_OK)
        err = audit_add(tx, &entry);
    if (err == ERR_OK)
        err = tx_note(tx, (struct change){.kind = CHANGE_MEMBER, .subject_id = user_id, .value = 1});
    if (err == ERR_OK)
        err = tx_note(tx, (struct change){.kind = CHANGE_TOKENS, .subject_id = user_id});
    return err == ERR_OK ? tx_note(tx, (struct change){.kind = CHANGE_FAREWELL, .subject_id = user_id}) : err;
}

enum err farewell_next(struct db *db, int64_t *user_id)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT user_id FROM farewells ORDER BY user_id LIMIT 1", "");
    *user_id = err == ERR_OK && db_row(stmt) ? db_int(stmt, 0) : 0;
    return err == ERR_OK ? db_end(stmt) : err;
}

enum err farewell_each(struct db *db, void (*each)(void *arg, int64_t user_id, int64_t at_ms), void *arg)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT id, deleted_ms FROM users WHERE deleted_ms IS NOT NULL ORDER BY id", "");
    if (err != ERR_OK)
        return err;
    while (db_row(stmt))
        each(arg, db_int(stmt, 0), db_int(stmt, 1));
    return db_end(stmt);
}

/* ---- what is taken away page by page ----------------------------------------------------------------------------- */

/* A job, and how far it has come. */
struct walk {
    struct job job; /* first */
    int64_t user_id;
    struct db *reads;
    bool more;
    int64_t id;                         /* of the last row of a table that was looked at */
    char room[ROOM_NAME_BYTES_MAX + 1]; /* likewise, in rooms.db */
    char key[ROOM_KEY_BYTES_MAX + 1];
};

struct own_row {
    int64_t id;
    int64_t place_id; /* its channel */
    bool deleted;
};

/* The next rows of the member behind walk->id. */
static enum err next_rows(struct walk *walk, struct tx *tx, const char *sql, struct own_row *rows, size_t *count)
{
    struct db_stmt *stmt;
    *count = 0;
    enum err err = db_query(tx->db, &stmt, sql, "iii", walk->user_id, walk->id, (int64_t)FAREWELL_ROWS);
    if (err != ERR_OK)
        return err;
    while (*count < FAREWELL_ROWS && db_row(stmt))
        rows[(*count)++] = (struct own_row){
            .id = db_int(stmt, 0), .place_id = db_int(stmt, 1), .deleted = !db_is_null(stmt, 2)};
    walk->more = *count == FAREWELL_ROWS;
    if (*count > 0)
        walk->id = rows[*count - 1].id;
    return db_end(stmt);
}

static enum err erase_posts(struct job *job, struct tx *tx)
{
    struct walk *walk = (struct walk *)job;
    struct own_row rows[FAREWELL_ROWS];
    size_t count;
    enum err err = next_rows(walk, tx,
                             "SELECT id, team_id, deleted_ms FROM posts WHERE author_id = $1 AND id > $2"
                             " ORDER BY id LIMIT $3",
                             rows, &count);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        const char *link = rows[i].deleted ? NULL : notices_post_link(tx->arena, rows[i].id);
        if (rows[i].deleted)
            continue;
        err = link == NULL ? ERR_NO_MEMORY : notices_forget_words(tx, link);
        if (err == ERR_OK)
            err = posts_delete(tx, rows[i].id);
    }
    return err;
}

static enum err erase_messages(struct job *job, struct tx *tx)
{
    struct walk *walk = (struct walk *)job;
    struct own_row rows[FAREWELL_ROWS];
    int64_t before = walk->id;
    size_t count;
    enum err err = next_rows(walk, tx,
                             "SELECT id, channel_id, deleted_ms FROM messages WHERE author_id = $1 AND id > $2"
                             " ORDER BY id LIMIT $3",
                             rows, &count);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        struct channel channel;
        if (rows[i].deleted)
            continue;
        err = channels_brief(tx->db, rows[i].place_id, &channel);
        if (err == ERR_OK)
            err = messages_delete(tx, &channel, rows[i].id);
    }
    return err != ERR_OK
               ? err
               : db_run(tx->db, "UPDATE messages SET client_id = NULL WHERE author_id = $1 AND id > $2 AND id <= $3",
                        "iii", walk->user_id, before, walk->id);
}

/* Preferences, weights, opinions, digests, and answers that were kept. */
static enum err erase_own_rooms(struct job *job, struct tx *tx)
{
    static const char *const deletes[] = {
        "DELETE FROM room_values WHERE room = $1 OR (room >= $2 AND room < $3)",
        "DELETE FROM room_sizes WHERE room = $1 OR (room >= $2 AND room < $3)",
        "DELETE FROM room_alarms WHERE room = $1 OR (room >= $2 AND room < $3)",
    };
    const struct walk *walk = (const struct walk *)job;
    char member[32];
    char first[48];
    char end[48];
    member_state_room(walk->user_id, member);
    (void)snprintf(first, sizeof first, "digest/%lld:", (long long)walk->user_id);
    (void)snprintf(end, sizeof end, "digest/%lld;", (long long)walk->user_id); /* ';' comes after ':' */
    enum err err = forget_replays(tx, walk->user_id);
    for (size_t i = 0; err == ERR_OK && i < sizeof deletes / sizeof deletes[0]; i++)
        err = db_run(tx->db, deletes[i], "sss", member, first, end);
    return err == ERR_OK ? db_run(tx->db, "DELETE FROM acks WHERE user_id = $1", "i", walk->user_id) : err;
}

/* The post that a digest's article links to; 0: none. In a text of the article a quote would be escaped. */
static int64_t post_of(const char *article)
{
    static const char field[] = "\"link\":\"";
    static const char post[] = "/#/posts/";
    const char *link = article == NULL ? NULL : strstr(article, field);
    const char *end = link == NULL ? NULL : strchr(link + sizeof field - 1, '"');
    const char *at = link == NULL ? NULL : strstr(link, post);
    return at != NULL && end != NULL && at < end ? strtoll(at + sizeof post - 1, NULL, 10) : 0;
}

static enum err is_own_post(const struct walk *walk, int64_t post_id, bool *own)
{
    struct db_stmt *stmt;
    enum err err = db_query(walk->reads, &stmt, "SELECT 1 FROM posts WHERE id = $1 AND author_id = $2", "ii", post_id,
                            walk->user_id);
    *own = err == ERR_OK && db_row(stmt);
    return err == ERR_OK ? db_end(stmt) : err;
}

struct quote {
    const char *room;
    const char *key;
    int64_t post_id;
};

static enum err next_quotes(struct walk *walk, struct tx *tx, struct quote *quotes, size_t *count)
{
    struct db_stmt *stmt;
    bool full = false;
    size_t seen = 0;
    *count = 0;
    enum err err = db_query(tx->db, &stmt,
                            "SELECT room, key, CAST(value AS TEXT) FROM room_values WHERE (room, key) > ($1, $2)"
                            " AND room < 'digest0' ORDER BY room, key LIMIT $3",
                            "ssi", walk->room, walk->key, (int64_t)FAREWELL_DIGEST_ROWS);
    if (err != ERR_OK)
        return err;
    for (; !full && seen < FAREWELL_DIGEST_ROWS && db_row(stmt); seen++) {
        (void)snprintf(walk->room, sizeof walk->room, "%s", db_text(stmt, 0, NULL));
        (void)snprintf(walk->key, sizeof walk->key, "%s", db_text(stmt, 1, NULL));
        int64_t post_id = post_of(db_text(stmt, 2, NULL));
        if (post_id != 0)
            quotes[(*count)++] = (struct quote){.room = rows_text(stmt, 0, tx->arena, &full),
                                                .key = rows_text(stmt, 1, tx->arena, &full),
                                                .post_id = post_id};
    }
    walk->more = seen == FAREWELL_DIGEST_ROWS;
    return rows_end(stmt, full);
}

static enum err erase_quotes(struct job *job, struct tx *tx)
{
    struct walk *walk = (struct walk *)job;
    struct quote quotes[FAREWELL_DIGEST_ROWS];
    size_t count;
    enum err err = next_quotes(walk, tx, quotes, &count);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        bool own = false;
        err = is_own_post(walk, quotes[i].post_id, &own);
        if (err == ERR_OK && own)
            err = room_store_delete(tx, quotes[i].room, quotes[i].key);
    }
    if (err != ERR_OK || walk->more)
        return err;
    return tx_note(tx, (struct change){.kind = CHANGE_ERASED, .subject_id = walk->user_id});
}

static enum err end(struct job *job, struct tx *tx)
{
    const struct walk *walk = (const struct walk *)job;
    enum err err = forget_replays(tx, walk->user_id);
    if (err == ERR_OK)
        err = db_run(tx->db, "DELETE FROM farewells WHERE user_id = $1", "i", walk->user_id);
    return err == ERR_OK ? tx_note(tx, (struct change){.kind = CHANGE_ERASED, .subject_id = walk->user_id}) : err;
}

enum err farewell_finish(const struct farewell_writers *writers, int64_t user_id)
{
    const struct {
        enum err (*call)(void *arg, struct job *job);
        enum err (*run)(struct job *job, struct tx *tx);
    } steps[] = {
        {writers->main, erase_posts},
        {writers->main, erase_messages},
        {writers->rooms, erase_own_rooms},
        {writers->rooms, erase_quotes},
        {writers->main, end},
    };
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof steps / sizeof steps[0]; i++) {
        struct walk walk = {.user_id = user_id, .reads = writers->reads, .room = "digest/"};
        do {
            walk.job = (struct job){.run = steps[i].run};
            walk.more = false;
            err = steps[i].call(writers->arg, &walk.job);
        } while (err == ERR_OK && walk.more);
    }
    return err;
}
