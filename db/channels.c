/* Channels and receipts. See channels.h. */
#include "db/channels.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "db/rows.h"

#define FIRST_NAME "'Team chat'" /* as migration 0003 calls those of teams that were there before it */

static const char *const posting_names[] = {[POSTING_EVERYONE] = "everyone", [POSTING_COACHES] = "coaches"};

const char *posting_name(enum posting posting)
{
    return posting_names[posting];
}

bool posting_parse(const char *text, enum posting *posting)
{
    for (size_t i = 0; i < sizeof posting_names / sizeof posting_names[0]; i++)
        if (strcmp(text, posting_names[i]) == 0) {
            *posting = (enum posting)i;
            return true;
        }
    return false;
}

bool channels_may_post(const struct channel *channel, int64_t user_id, enum role role)
{
    return channel->posting == POSTING_EVERYONE || role == ROLE_ADMIN || user_id == channel->team_id;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* However long somebody was away, no more rows than these are looked at; and none for nobody (viewer 0). */
static_assert(UNREAD_COUNTED_MAX == 1000, "as in the query below");

#define CHANNEL_SELECT                                                                                                 \
    "SELECT c.id, c.team_id, c.name, c.posting, c.seq, c.created_ms,"                                                  \
    " (SELECT MAX(m.id) FROM messages m WHERE m.channel_id = c.id), r.read_id,"                                        \
    " (SELECT COUNT(*) FROM (SELECT m.author_id, m.created_ms, m.deleted_ms, m.hidden FROM messages m"                 \
    " WHERE m.channel_id = c.id AND m.id > COALESCE(r.read_id, 0) ORDER BY m.id DESC"                                  \
    " LIMIT CASE WHEN $1 = 0 THEN 0 ELSE 1000 END) AS newest"                                                          \
    " WHERE newest.created_ms >= COALESCE(b.joined_ms, 0) AND newest.author_id <> $1 AND newest.deleted_ms IS NULL"    \
    " AND newest.hidden = 0)"                                                                                          \
    " FROM channels c LEFT JOIN receipts r ON r.channel_id = c.id AND r.user_id = $1"                                  \
    " LEFT JOIN memberships b ON b.team_id = c.team_id AND b.user_id = $1 "

static void read_channel(struct db_stmt *stmt, struct arena *arena, struct channel *out, bool *full)
{
    *out = (struct channel){
        .id = db_int(stmt, 0),
        .team_id = db_int(stmt, 1),
        .name = rows_text(stmt, 2, arena, full),
        .seq = db_int(stmt, 4),
        .created_ms = db_int(stmt, 5),
        .last_message_id = db_int(stmt, 6),
        .read_id = db_int(stmt, 7),
        .unread = db_int(stmt, 8),
    };
    (void)posting_parse(db_text(stmt, 3, NULL), &out->posting);
}

enum err channels_of(struct db *db, struct arena *arena, int64_t team_id, int64_t viewer_id, int64_t since_seq,
                     struct channel **out, size_t *count)
{
    *count = 0;
    *out = arena_alloc(arena, CHANNELS_PER_TEAM_MAX * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, CHANNEL_SELECT "WHERE c.team_id = $2 AND c.seq > $3 ORDER BY c.id LIMIT $4",
                            "iiii", viewer_id, team_id, since_seq, (int64_t)CHANNELS_PER_TEAM_MAX);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *count < CHANNELS_PER_TEAM_MAX && db_row(stmt))
        read_channel(stmt, arena, &(*out)[(*count)++], &full);
    return rows_end(stmt, full);
}

enum err channels_by_id(struct db *db, struct arena *arena, int64_t id, int64_t viewer_id, struct channel *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, CHANNEL_SELECT "WHERE c.id = $2", "ii", viewer_id, id);
    if (err != ERR_OK)
        return err;
    bool full = false;
    bool found = db_row(stmt);
    if (found)
        read_channel(stmt, arena, out, &full);
    return rows_end_one(stmt, found, full);
}

enum err channels_brief(struct db *db, int64_t id, struct channel *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT team_id, posting, seq, created_ms FROM channels WHERE id = $1", "i", id);
    if (err != ERR_OK)
        return err;
    bool found = db_row(stmt);
    if (found) {
        *out = (struct channel){
            .id = id, .team_id = db_int(stmt, 0), .seq = db_int(stmt, 2), .created_ms = db_int(stmt, 3)};
        (void)posting_parse(db_text(stmt, 1, NULL), &out->posting);
    }
    return rows_end_one(stmt, found, false);
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

static enum err check_room(struct tx *tx, int64_t team_id)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, "SELECT COUNT(*) FROM channels WHERE team_id = $1", "i", team_id);
    if (err != ERR_OK)
        return err;
    int64_t channels = db_row(stmt) ? db_int(stmt, 0) : 0;
    err = db_end(stmt);
    if (err == ERR_OK && channels >= CHANNELS_PER_TEAM_MAX)
        return problem_set(&tx->problem, ERR_CONFLICT, "A team can have at most %d channels.", CHANNELS_PER_TEAM_MAX);
    return err;
}

enum err channels_create(struct tx *tx, const struct channel_new *channel, int64_t *id)
{
#define CHANNEL_INSERT(id_column, id_value)                                                                            \
    "INSERT INTO channels (team_id, name, posting, seq, created_ms" id_column ") VALUES ($1, $2, $3, $4, $5" id_value  \
    ") RETURNING id"
    static const char insert_next[] = CHANNEL_INSERT("", "");
    static const char insert_given[] = CHANNEL_INSERT(", id", ", $6");
    bool given = channel->id != 0;
    int64_t seq;
    enum err err = check_room(tx, channel->team_id);
    if (err == ERR_OK)
        err = tx_number(tx, &seq);
    if (err != ERR_OK)
        return err;
    struct db_stmt *stmt;
    err = db_query(tx->db, &stmt, given ? insert_given : insert_next, given ? "issiii" : "issii", channel->team_id,
                   channel->name, posting_name(channel->posting), seq,
                   channel->created_ms != 0 ? channel->created_ms : tx->now_ms, channel->id);
    if (err != ERR_OK)
        return err;
    *id = db_row(stmt) ? db_int(stmt, 0) : 0;
    err = db_end(stmt);
    if (err == ERR_CONFLICT)
        return problem_set(&tx->problem, err, "The channel's id is taken, or its team does not exist.");
    const struct change change = {
        .kind = CHANGE_CHANNEL, .seq = seq, .team_id = channel->team_id, .subject_id = *id, .value = *id};
    return err != ERR_OK ? err : tx_event_valued(tx, &change);
}

enum err channels_create_first(struct tx *tx, int64_t team_id, int64_t created_ms)
{
    return db_run(
        tx->db, "INSERT INTO channels (team_id, name, posting, created_ms) VALUES ($1, " FIRST_NAME ", 'everyone', $2)",
        "ii", team_id, created_ms);
}

enum err channels_complete(struct tx *tx)
{
    return db_run(tx->db,
                  "INSERT INTO channels (team_id, name, posting, created_ms) SELECT t.id, " FIRST_NAME
                  ", 'everyone', t.created_ms FROM teams t"
                  " WHERE NOT EXISTS (SELECT 1 FROM channels c WHERE c.team_id = t.id) ORDER BY t.id",
                  "");
}

/* ---- receipts ---------------------------------------------------------------------------------------------------- */

static void read_receipt(struct db_stmt *stmt, struct receipt *out)
{
    *out = (struct receipt){.user_id = db_int(stmt, 0), .delivered_id = db_int(stmt, 1), .read_id = db_int(stmt, 2)};
}

enum err channels_receipts(struct db *db, struct arena *arena, const struct channel *channel, int64_t after,
                           size_t limit, struct receipt **out, size_t *count)
{
    assert(limit > 0);
    *count = 0;
    *out = arena_alloc(arena, limit * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    struct db_stmt *stmt;
    enum err err = db_query(
        db, &stmt,
        "SELECT r.user_id, r.delivered_id, r.read_id FROM receipts r WHERE r.channel_id = $1 AND r.user_id > $3"
        " AND EXISTS (SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.team_id = $2"
        " AND m.user_id = r.user_id AND u.disabled = 0) ORDER BY r.user_id LIMIT $4",
        "iiii", channel->id, channel->team_id, after, (int64_t)limit);
    if (err != ERR_OK)
        return err;
    while (*count < limit && db_row(stmt))
        read_receipt(stmt, &(*out)[(*count)++]);
    return db_end(stmt);
}

enum err channels_receipt(struct db *db, int64_t channel_id, int64_t user_id, struct receipt *out)
{
    *out = (struct receipt){.user_id = user_id};
    struct db_stmt *stmt;
    enum err err = db_query(
        db, &stmt, "SELECT user_id, delivered_id, read_id FROM receipts WHERE channel_id = $1 AND user_id = $2", "ii",
        channel_id, user_id);
    if (err != ERR_OK)
        return err;
    if (db_row(stmt))
        read_receipt(stmt, out);
    return db_end(stmt);
}

enum err channels_receive(struct tx *tx, const struct channel *channel, const struct receipt *receipt,
                          struct receipt *out)
{
    const struct receipt wanted = *receipt; /* `out` may be the same */
    struct receipt old;
    enum err err = channels_receipt(tx->db, channel->id, wanted.user_id, &old);
    if (err != ERR_OK)
        return err;
    *out = old;
    if (wanted.read_id > out->read_id)
        out->read_id = wanted.read_id;
    if (wanted.delivered_id > out->delivered_id)
        out->delivered_id = wanted.delivered_id;
    if (out->read_id > out->delivered_id)
        out->delivered_id = out->read_id; /* what is read has arrived */
    if (out->read_id == old.read_id && out->delivered_id == old.delivered_id)
        return ERR_OK;
    err = db_run(tx->db,
                 "INSERT INTO receipts (channel_id, user_id, delivered_id, read_id) VALUES ($1, $2, $3, $4)"
                 " ON CONFLICT (channel_id, user_id) DO UPDATE SET delivered_id = excluded.delivered_id,"
                 " read_id = excluded.read_id",
                 "iiii", channel->id, wanted.user_id, out->delivered_id, out->read_id);
    if (err != ERR_OK)
        return err;
    return tx_note(tx, (struct change){.kind = CHANGE_RECEIPT,
                                       .team_id = channel->team_id,
                                       .subject_id = channel->id,
                                       .value = wanted.user_id,
                                       .at_ms = tx->now_ms});
}
