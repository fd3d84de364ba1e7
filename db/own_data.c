/* One's own data. See own_data.h. */
#include "db/own_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "db/audit.h"
#include "db/member_state.h"
#include "db/messages.h"
#include "db/posts.h"
#include "db/pushes.h"
#include "db/rows.h"

/* ---- the copy ---------------------------------------------------------------------------------------------------- */

/* A list of rows: what each column is called and how it is written. $1 is the member. */
struct part {
    const char *name;
    const char *columns; /* "i:id s:body t:createdAt": an id, a text, a time; n a number, b a yes or no */
    const char *sql;
};

static const struct part parts[] = {
    {"profile", "i:id s:username s:name s:role s:externalId b:appearOffline t:createdAt",
     "SELECT id, username, name, role, external_id, appear_offline, created_ms FROM users WHERE id = $1"},
    {"teams", "i:teamId s:name t:joinedAt",
     "SELECT m.team_id, t.name, m.joined_ms FROM memberships m JOIN teams t ON t.id = m.team_id WHERE m.user_id = $1"},
    {"posts", "i:id i:teamId s:body s:topics t:createdAt t:editedAt n:likes",
     "SELECT id, team_id, body, topics, created_ms, edited_ms, likes FROM posts"
     " WHERE author_id = $1 AND deleted_ms IS NULL ORDER BY id"},
    {"messages", "i:id i:channelId i:threadId s:content t:createdAt t:editedAt",
     "SELECT id, channel_id, thread_id, content, created_ms, edited_ms FROM messages"
     " WHERE author_id = $1 AND deleted_ms IS NULL ORDER BY id"},
    {"likes", "i:postId t:createdAt", "SELECT post_id, created_ms FROM likes WHERE user_id = $1 ORDER BY post_id"},
    {"receipts", "i:channelId i:deliveredId i:readId",
     "SELECT channel_id, delivered_id, read_id FROM receipts WHERE user_id = $1 ORDER BY channel_id"},
    {"notices", "i:id s:kind s:title s:body t:createdAt",
     "SELECT id, kind, title, body, created_ms FROM notices WHERE author_id = $1 ORDER BY id"},
    {"counterChanges", "i:counterId s:kind n:value n:previous t:at",
     "SELECT counter_id, kind, value, previous, at_ms FROM counter_changes WHERE user_id = $1"
     " ORDER BY counter_id, operation"},
    {"invites", "i:teamId n:usesLeft t:expiresAt",
     "SELECT team_id, uses_left, expires_ms FROM invites WHERE created_by = $1 ORDER BY expires_ms"},
    {"mutes", "i:teamId t:until", "SELECT team_id, until_ms FROM mutes WHERE user_id = $1 ORDER BY team_id"},
    {"reports", "i:id s:subject i:subjectId s:reason s:words s:state t:createdAt",
     "SELECT id, subject, subject_id, reason, words, state, created_ms FROM reports WHERE reporter_id = $1 ORDER BY "
     "id"},
    {"audit", "i:id t:at i:actorId s:action s:subject i:subjectId s:detail",
     "SELECT id, at_ms, actor_id, action, subject, subject_id, detail FROM audit"
     " WHERE actor_id = $1 OR (subject = 'user' AND subject_id = $1) ORDER BY id"},
    {"devices", "i:id s:endpoint t:createdAt",
     "SELECT id, endpoint, created_ms FROM push_devices WHERE user_id = $1 ORDER BY id"},
    {"pushWishes", "b:onlyPins b:quiet n:fromMinute n:toMinute n:zoneMinutes",
     "SELECT only_pins, quiet, from_min, to_min, zone_min FROM push_wishes WHERE user_id = $1"},
    {"activity", "t:day", "SELECT day * 86400000 FROM activity WHERE user_id = $1 ORDER BY day"},
};

static void put_column(struct json_writer *w, struct db_stmt *stmt, int column, char kind)
{
    int64_t number = kind == 's' ? 0 : db_int(stmt, column);
    switch (kind) {
    case 'i':
        json_put_id(w, number);
        break;
    case 't':
        json_put_time(w, number);
        break;
    case 'b':
        json_put_bool(w, number != 0);
        break;
    case 'n':
        json_put_int(w, number);
        break;
    default:
        json_put_string(w, db_text(stmt, column, NULL));
        break;
    }
}

static void put_row(struct json_writer *w, struct db_stmt *stmt, const char *columns)
{
    json_object_begin(w);
    for (int column = 0; *columns != '\0'; column++) {
        char name[32];
        size_t len = strcspn(columns, " ");
        (void)snprintf(name, sizeof name, "%.*s", (int)len - 2, columns + 2);
        json_key(w, name);
        put_column(w, stmt, column, columns[0]);
        columns += len;
        columns += *columns == ' ';
    }
    json_object_end(w);
}

static enum err put_part(struct json_writer *w, struct db *db, const struct part *part, int64_t user_id)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, part->sql, "i", user_id);
    if (err != ERR_OK)
        return err;
    json_key(w, part->name);
    json_array_begin(w);
    while (!w->out->failed && db_row(stmt))
        put_row(w, stmt, part->columns);
    json_array_end(w);
    return db_end(stmt);
}

/* Preferences, weights, opinions, digests: as they lie in the member's rooms. */
#define ROOMS_OF "(room = $1 OR (room >= $2 AND room < $3))"

struct rooms_of {
    char member[32];
    char first[48];
    char end[48];
};

static struct rooms_of rooms_of(int64_t user_id)
{
    struct rooms_of r;
    member_state_room(user_id, r.member);
    (void)snprintf(r.first, sizeof r.first, "digest/%lld:", (long long)user_id);
    (void)snprintf(r.end, sizeof r.end, "digest/%lld;", (long long)user_id); /* ';' comes after ':' */
    return r;
}

static enum err put_rooms(struct json_writer *w, struct db *rooms, int64_t user_id)
{
    const struct rooms_of r = rooms_of(user_id);
    struct db_stmt *stmt;
    enum err err = db_query(
        rooms, &stmt, "SELECT room, key, CAST(value AS TEXT) FROM room_values WHERE " ROOMS_OF " ORDER BY room, key",
        "sss", r.member, r.first, r.end);
    if (err != ERR_OK)
        return err;
    json_key(w, "kept");
    json_array_begin(w);
    while (!w->out->failed && db_row(stmt))
        put_row(w, stmt, "s:room s:key s:value");
    json_array_end(w);
    return db_end(stmt);
}

enum err own_data_write(struct db *db, struct db *rooms, int64_t user_id, int64_t now_ms, struct buf *out)
{
    struct json_writer w = {.out = out};
    json_object_begin(&w);
    json_key(&w, "format");
    json_put_string(&w, "porchlight-own-data-1");
    json_key(&w, "madeAt");
    json_put_time(&w, now_ms);
    enum err err = db_begin(db); /* all of it as of one moment */
    for (size_t i = 0; err == ERR_OK && i < sizeof parts / sizeof parts[0]; i++)
        err = put_part(&w, db, &parts[i], user_id);
    db_rollback(db);
    if (err == ERR_OK)
        err = put_rooms(&w, rooms, user_id);
    json_object_end(&w);
    return err;
}

/* ---- taking it away: rooms.db ------------------------------------------------------------------------------------ */

struct ids {
    int64_t *list;
    size_t count;
};

static enum err read_ids(struct db *db, struct arena *arena, const char *count_sql, const char *sql, int64_t user_id,
                         struct ids *out)
{
    struct db_stmt *stmt;
    *out = (struct ids){0};
    enum err err = db_query(db, &stmt, count_sql, "i", user_id);
    if (err != ERR_OK)
        return err;
    size_t room = db_row(stmt) ? (size_t)db_int(stmt, 0) : 0;
    err = db_end(stmt);
    if (err == ERR_OK && (out->list = arena_alloc(arena, (room + 1) * sizeof *out->list)) == NULL)
        return ERR_NO_MEMORY;
    if (err == ERR_OK)
        err = db_query(db, &stmt, sql, "i", user_id);
    if (err != ERR_OK)
        return err;
    while (out->count < room && db_row(stmt))
        out->list[out->count++] = db_int(stmt, 0);
    return db_end(stmt);
}

static int compare_ids(const void *a, const void *b)
{
    const int64_t *left = a;
    const int64_t *right = b;
    return (*left > *right) - (*left < *right);
}

/* Whether a digest's article is of one of these posts. */
static bool quotes(const char *article, const struct ids *posts)
{
    static const char link[] = "/#/posts/";
    const char *at = article == NULL ? NULL : strstr(article, link);
    int64_t id = at == NULL ? 0 : strtoll(at + sizeof link - 1, NULL, 10);
    return id > 0 && bsearch(&id, posts->list, posts->count, sizeof id, compare_ids) != NULL;
}

struct quoted {
    const char *room;
    const char *key;
};

#define QUOTES_AT_ONCE 256

/* A walk over all digests: leaving for good is rare. */
static enum err find_quotes(struct tx *rooms, const struct ids *posts, struct quoted *out, size_t *count)
{
    struct db_stmt *stmt;
    bool full = false;
    *count = 0;
    enum err err = db_query(rooms->db, &stmt,
                            "SELECT room, key, CAST(value AS TEXT) FROM room_values"
                            " WHERE room >= 'digest/' AND room < 'digest0' ORDER BY room, key",
                            "");
    if (err != ERR_OK)
        return err;
    while (!full && *count < QUOTES_AT_ONCE && db_row(stmt))
        if (quotes(db_text(stmt, 2, NULL), posts))
            out[(*count)++] = (struct quoted){.room = rows_text(stmt, 0, rooms->arena, &full),
                                              .key = rows_text(stmt, 1, rooms->arena, &full)};
    return rows_end(stmt, full);
}

static enum err erase_quotes(struct tx *rooms, struct db *db, int64_t user_id)
{
    struct ids posts;
    struct quoted quoted[QUOTES_AT_ONCE];
    size_t count = 0;
    enum err err = read_ids(db, rooms->arena, "SELECT COUNT(*) FROM posts WHERE author_id = $1",
                            "SELECT id FROM posts WHERE author_id = $1 ORDER BY id", user_id, &posts);
    do {
        if (err == ERR_OK && posts.count > 0)
            err = find_quotes(rooms, &posts, quoted, &count);
        for (size_t i = 0; err == ERR_OK && i < count; i++)
            err = room_store_delete(rooms, quoted[i].room, quoted[i].key);
    } while (err == ERR_OK && count == QUOTES_AT_ONCE);
    return err;
}

enum err own_data_erase_rooms(struct tx *rooms, struct db *db, int64_t user_id)
{
    static const char *const deletes[] = {
        "DELETE FROM room_values WHERE " ROOMS_OF,
        "DELETE FROM room_sizes WHERE " ROOMS_OF,
        "DELETE FROM room_alarms WHERE " ROOMS_OF,
    };
    const struct rooms_of r = rooms_of(user_id);
    enum err err = erase_quotes(rooms, db, user_id);
    for (size_t i = 0; err == ERR_OK && i < sizeof deletes / sizeof deletes[0]; i++)
        err = db_run(rooms->db, deletes[i], "sss", r.member, r.first, r.end);
    if (err == ERR_OK)
        err = db_run(rooms->db, "DELETE FROM acks WHERE user_id = $1", "i", user_id);
    if (err == ERR_OK)
        err = db_run(rooms->db, "DELETE FROM replays WHERE user_id = $1", "i", user_id);
    return err != ERR_OK ? err : tx_note(rooms, (struct change){.kind = CHANGE_ERASED, .subject_id = user_id});
}

/* ---- taking it away: porchlight.db ------------------------------------------------------------------------------- */

static enum err erase_posts(struct tx *tx, int64_t user_id)
{
    struct ids posts;
    enum err err = db_run(tx->db,
                          "UPDATE notices SET body = '' WHERE kind = 'pin' AND link IN"
                          " (SELECT '/#/posts/' || id FROM posts WHERE author_id = $1)",
                          "i", user_id);
    if (err == ERR_OK)
        err = read_ids(tx->db, tx->arena, "SELECT COUNT(*) FROM posts WHERE author_id = $1 AND deleted_ms IS NULL",
                       "SELECT id FROM posts WHERE author_id = $1 AND deleted_ms IS NULL", user_id, &posts);
    for (size_t i = 0; err == ERR_OK && i < posts.count; i++)
        err = posts_delete(tx, posts.list[i]);
    return err;
}

static enum err erase_messages(struct tx *tx, int64_t user_id)
{
    struct ids messages;
    enum err err = read_ids(
        tx->db, tx->arena, "SELECT COUNT(*) FROM messages WHERE author_id = $1 AND deleted_ms IS NULL",
        "SELECT id FROM messages WHERE author_id = $1 AND deleted_ms IS NULL ORDER BY id", user_id, &messages);
    for (size_t i = 0; err == ERR_OK && i < messages.count; i++) {
        struct chat_message message;
        struct channel channel;
        err = messages_by_id(tx->db, tx->arena, messages.list[i], &message);
        if (err == ERR_OK)
            err = channels_brief(tx->db, message.channel_id, &channel);
        if (err == ERR_OK)
            err = messages_delete(tx, &channel, message.id);
    }
    return err == ERR_OK ? db_run(tx->db, "UPDATE messages SET client_id = NULL WHERE author_id = $1", "i", user_id)
                         : err;
}

static enum err erase_rows(struct tx *tx, int64_t user_id)
{
    static const char *const sql[] = {
        "UPDATE notices SET title = 'A notice from before', body = '' WHERE author_id = $1",
        "UPDATE reports SET words = '' WHERE reporter_id = $1",
        "DELETE FROM memberships WHERE user_id = $1",
        "DELETE FROM receipts WHERE user_id = $1",
        "DELETE FROM mutes WHERE user_id = $1",
        "DELETE FROM invites WHERE created_by = $1",
        "DELETE FROM activity WHERE user_id = $1",
        "DELETE FROM replays WHERE user_id = $1",
    };
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < sizeof sql / sizeof sql[0]; i++)
        err = db_run(tx->db, sql[i], "i", user_id);
    return err;
}

enum err own_data_erase(struct tx *tx, int64_t actor_id, int64_t user_id)
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
        err = erase_posts(tx, user_id);
    if (err == ERR_OK)
        err = erase_messages(tx, user_id);
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
    return err == ERR_OK ? tx_note(tx, (struct change){.kind = CHANGE_ERASED, .subject_id = user_id}) : err;
}
