/* One's own data. See own_data.h. */
#include "db/own_data.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "db/member_state.h"
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
static enum err put_rooms(struct json_writer *w, struct db *rooms, int64_t user_id)
{
    struct db_stmt *stmt;
    char member[32];
    char first[48];
    char end[48];
    member_state_room(user_id, member);
    (void)snprintf(first, sizeof first, "digest/%lld:", (long long)user_id);
    (void)snprintf(end, sizeof end, "digest/%lld;", (long long)user_id); /* ';' comes after ':' */
    enum err err = db_query(
        rooms, &stmt,
        "SELECT room, key, CAST(value AS TEXT) FROM room_values WHERE room = $1 OR (room >= $2 AND room < $3)"
        " ORDER BY room, key",
        "sss", member, first, end);
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
