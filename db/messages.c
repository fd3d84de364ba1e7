/* Chat messages. See messages.h. */
#include "db/messages.h"

#include <assert.h>
#include <string.h>

#include "db/rows.h"

/* ---- reading ----------------------------------------------------------------------------------------------------- */

#define MESSAGE_COLUMNS                                                                                                \
    "m.id, m.channel_id, m.author_id, u.name, m.content, m.thread_id, m.client_id, m.deleted_ms, m.created_seq,"       \
    " m.changed_seq, m.created_ms, m.edited_ms, m.hidden"
#define MESSAGE_SELECT "SELECT " MESSAGE_COLUMNS " FROM messages m JOIN users u ON u.id = m.author_id "

static void read_message(struct db_stmt *stmt, struct arena *arena, struct chat_message *out, bool *full)
{
    *out = (struct chat_message){
        .id = db_int(stmt, 0),
        .channel_id = db_int(stmt, 1),
        .author_id = db_int(stmt, 2),
        .author_name = rows_text(stmt, 3, arena, full),
        .content = rows_text(stmt, 4, arena, full),
        .thread_id = db_int(stmt, 5),
        .client_id = rows_text(stmt, 6, arena, full),
        .deleted = !db_is_null(stmt, 7),
        .created_seq = db_int(stmt, 8),
        .changed_seq = db_int(stmt, 9),
        .created_ms = db_int(stmt, 10),
        .edited_ms = db_int(stmt, 11),
        .hidden = (enum hidden)db_int(stmt, 12),
    };
}

/* Takes up to `limit` rows of the statement behind those that are in `out`. */
static enum err take_rows(struct db_stmt *stmt, struct arena *arena, size_t limit, struct chat_message *out,
                          size_t *count)
{
    bool full = false;
    while (!full && *count < limit && db_row(stmt))
        read_message(stmt, arena, &out[(*count)++], &full);
    return rows_end(stmt, full);
}

enum err messages_page(struct db *db, struct arena *arena, const struct messages_query *query,
                       struct chat_message **out, size_t *count)
{
    assert(query->limit > 0);
    *count = 0;
    *out = arena_alloc(arena, query->limit * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    static const char all[] = MESSAGE_SELECT "WHERE m.channel_id = $1 AND m.id < $2 ORDER BY m.id DESC LIMIT $3";
    static const char thread[] = MESSAGE_SELECT
        "WHERE m.thread_id = $4 AND m.channel_id = $1 AND m.id < $2 ORDER BY m.id DESC LIMIT $3";
    static const char first[] = MESSAGE_SELECT "WHERE m.id = $2 AND m.channel_id = $1";
    int64_t before = query->before_id != 0 ? query->before_id : INT64_MAX;
    bool one_thread = query->thread_id != 0;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, one_thread ? thread : all, one_thread ? "iiii" : "iii", query->channel_id,
                            before, (int64_t)query->limit, query->thread_id);
    if (err == ERR_OK)
        err = take_rows(stmt, arena, query->limit, *out, count);
    if (err != ERR_OK || !one_thread || *count == query->limit || query->thread_id >= before)
        return err;
    err = db_query(db, &stmt, first, "ii", query->channel_id, query->thread_id);
    return err != ERR_OK ? err : take_rows(stmt, arena, query->limit, *out, count);
}

int64_t messages_place(const struct chat_message *message, int64_t since_seq)
{
    return message->created_seq > since_seq ? message->created_seq : message->changed_seq;
}

/* Two runs, each in order, become one. */
static void merge(struct chat_message *made, size_t made_count, struct chat_message *changed, size_t changed_count,
                  size_t limit, struct chat_message *out, size_t *count)
{
    size_t i = 0;
    size_t j = 0;
    while (*count < limit && (i < made_count || j < changed_count)) {
        bool take_made = j == changed_count || (i < made_count && made[i].created_seq < changed[j].changed_seq);
        out[(*count)++] = take_made ? made[i++] : changed[j++];
    }
}

enum err messages_since(struct db *db, struct arena *arena, int64_t channel_id, int64_t since_seq, int64_t until_seq,
                        size_t limit, struct chat_message **out, size_t *count)
{
    assert(limit > 0);
    static const char made_sql[] = MESSAGE_SELECT
        "WHERE m.channel_id = $1 AND m.created_seq > $2 AND m.created_seq <= $3 ORDER BY m.created_seq LIMIT $4";
    static const char changed_sql[] = MESSAGE_SELECT
        "WHERE m.channel_id = $1 AND m.changed_seq > $2 AND m.changed_seq <= $3 AND m.created_seq <= $2"
        " ORDER BY m.changed_seq LIMIT $4";
    size_t made_count = 0;
    size_t changed_count = 0;
    *count = 0;
    struct chat_message *made = arena_alloc(arena, limit * sizeof *made);
    struct chat_message *changed = arena_alloc(arena, limit * sizeof *changed);
    *out = arena_alloc(arena, limit * sizeof **out);
    if (made == NULL || changed == NULL || *out == NULL)
        return ERR_NO_MEMORY;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, made_sql, "iiii", channel_id, since_seq, until_seq, (int64_t)limit);
    if (err == ERR_OK)
        err = take_rows(stmt, arena, limit, made, &made_count);
    if (err == ERR_OK)
        err = db_query(db, &stmt, changed_sql, "iiii", channel_id, since_seq, until_seq, (int64_t)limit);
    if (err == ERR_OK)
        err = take_rows(stmt, arena, limit, changed, &changed_count);
    if (err == ERR_OK)
        merge(made, made_count, changed, changed_count, limit, *out, count);
    return err;
}

enum err messages_by_id(struct db *db, struct arena *arena, int64_t id, struct chat_message *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, MESSAGE_SELECT "WHERE m.id = $1", "i", id);
    if (err != ERR_OK)
        return err;
    bool full = false;
    bool found = db_row(stmt);
    if (found)
        read_message(stmt, arena, out, &full);
    return rows_end_one(stmt, found, full);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

enum err messages_in(struct tx *tx, const struct channel *channel, int64_t id, struct chat_message *out)
{
    enum err err = messages_by_id(tx->db, tx->arena, id, out);
    if (err == ERR_OK && out->channel_id != channel->id)
        err = ERR_NOT_FOUND;
    return err == ERR_NOT_FOUND ? problem_set(&tx->problem, err, "There is no such message in this channel.") : err;
}

/* The channel's newest event, beside the event itself. */
static enum err tell(struct tx *tx, enum change_kind kind, const struct channel *channel, int64_t id, int64_t seq)
{
    enum err err = db_run(tx->db, "UPDATE channels SET seq = $2 WHERE id = $1", "ii", channel->id, seq);
    const struct change change = {
        .kind = kind, .seq = seq, .team_id = channel->team_id, .subject_id = id, .value = channel->id};
    return err != ERR_OK ? err : tx_event_valued(tx, &change);
}

/* What the member sent under this client id before. ERR_NOT_FOUND: nothing. */
static enum err find_again(struct tx *tx, const struct chat_message_new *message, struct chat_message *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, MESSAGE_SELECT "WHERE m.author_id = $1 AND m.client_id = $2", "is",
                            message->author_id, message->client_id);
    if (err != ERR_OK)
        return err;
    bool full = false;
    bool found = db_row(stmt);
    if (found)
        read_message(stmt, tx->arena, out, &full);
    return rows_end_one(stmt, found, full);
}

/* Words that were changed since cannot be compared; their place still can. */
static bool same_message(const struct chat_message_new *a, const struct chat_message *b)
{
    bool comparable = b->changed_seq == 0;
    return a->channel->id == b->channel_id && a->thread_id == b->thread_id &&
           (!comparable || strcmp(a->content, b->content) == 0);
}

static enum err check_thread(struct tx *tx, const struct chat_message_new *message)
{
    struct chat_message first;
    enum err err = messages_by_id(tx->db, tx->arena, message->thread_id, &first);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && first.channel_id != message->channel->id))
        return problem_set(&tx->problem, ERR_NOT_FOUND, "There is no such message to answer in this channel.");
    if (err == ERR_OK && first.thread_id != 0)
        return problem_set(&tx->problem, ERR_INVALID,
                           "That message is an answer itself. Answer the first of its thread.");
    return err;
}

static enum err insert(struct tx *tx, const struct chat_message_new *message, int64_t seq, int64_t *id)
{
#define MESSAGE_INSERT(id_column, id_value)                                                                            \
    "INSERT INTO messages (channel_id, author_id, thread_id, client_id, content, created_seq, created_ms, edited_ms,"  \
    " deleted_ms, hidden" id_column                                                                                    \
    ") VALUES ($1, $2, NULLIF($3, 0), $4, $5, $6, $7, NULLIF($8, 0), NULLIF($9, 0), $10" id_value ") RETURNING id"
    static const char insert_next[] = MESSAGE_INSERT("", "");
    static const char insert_given[] = MESSAGE_INSERT(", id", ", $11");
    bool given = message->id != 0;
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, given ? insert_given : insert_next, given ? "iiissiiiiii" : "iiissiiiii",
                            message->channel->id, message->author_id, message->thread_id, message->client_id,
                            message->content, seq, message->created_ms != 0 ? message->created_ms : tx->now_ms,
                            message->edited_ms, message->deleted ? tx->now_ms : (int64_t)0, (int64_t)message->hidden,
                            message->id);
    if (err != ERR_OK)
        return err;
    *id = db_row(stmt) ? db_int(stmt, 0) : 0;
    err = db_end(stmt);
    if (err == ERR_CONFLICT)
        return problem_set(&tx->problem, err, "The message's id is taken, or its author does not exist.");
    return err;
}

enum err messages_again(struct tx *tx, const struct chat_message_new *message, int64_t *id, bool *again)
{
    struct chat_message before;
    enum err err = message->client_id != NULL ? find_again(tx, message, &before) : ERR_NOT_FOUND;
    *again = err == ERR_OK;
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    *id = before.id;
    return same_message(message, &before) ? ERR_OK
                                          : problem_set(&tx->problem, ERR_KEY_REUSED,
                                                        "This \"clientId\" was used before with another message.");
}

enum err messages_create(struct tx *tx, const struct chat_message_new *message, int64_t *id, bool *again)
{
    int64_t seq;
    enum err err = messages_again(tx, message, id, again);
    if (err != ERR_OK || *again)
        return err;
    err = message->thread_id != 0 ? check_thread(tx, message) : ERR_OK;
    if (err == ERR_OK)
        err = tx_number(tx, &seq);
    if (err == ERR_OK)
        err = insert(tx, message, seq, id);
    return err != ERR_OK ? err : tell(tx, CHANGE_MESSAGE, message->channel, *id, seq);
}

enum err messages_edit(struct tx *tx, const struct channel *channel, int64_t id, const char *content)
{
    struct chat_message message;
    int64_t seq;
    enum err err = messages_in(tx, channel, id, &message);
    if (err == ERR_OK && message.deleted)
        return problem_set(&tx->problem, ERR_NOT_FOUND, "This message was deleted.");
    if (err == ERR_OK)
        err = tx_number(tx, &seq);
    if (err == ERR_OK)
        err = db_run(tx->db, "UPDATE messages SET content = $2, edited_ms = $3, changed_seq = $4 WHERE id = $1", "isii",
                     id, content, tx->now_ms, seq);
    return err != ERR_OK ? err : tell(tx, CHANGE_MESSAGE_EDITED, channel, id, seq);
}

enum err messages_hide(struct tx *tx, const struct channel *channel, int64_t id, enum hidden hidden, bool *changed)
{
    struct chat_message message;
    int64_t seq;
    *changed = false;
    enum err err = messages_in(tx, channel, id, &message);
    if (err == ERR_OK && message.deleted)
        return problem_set(&tx->problem, ERR_NOT_FOUND, "This message was deleted.");
    if (err != ERR_OK || (message.hidden == HIDDEN_NOT) == (hidden == HIDDEN_NOT))
        return err;
    *changed = true;
    err = tx_number(tx, &seq);
    if (err == ERR_OK)
        err = db_run(tx->db, "UPDATE messages SET hidden = $2, changed_seq = $3 WHERE id = $1", "iii", id,
                     (int64_t)hidden, seq);
    return err != ERR_OK ? err : tell(tx, CHANGE_MESSAGE_EDITED, channel, id, seq);
}

enum err messages_delete(struct tx *tx, const struct channel *channel, int64_t id)
{
    struct chat_message message;
    int64_t seq;
    enum err err = messages_in(tx, channel, id, &message);
    if (err != ERR_OK || message.deleted)
        return err;
    err = tx_number(tx, &seq);
    if (err == ERR_OK)
        err = db_run(tx->db, "UPDATE messages SET content = '', deleted_ms = $2, changed_seq = $3 WHERE id = $1", "iii",
                     id, tx->now_ms, seq);
    return err != ERR_OK ? err : tell(tx, CHANGE_MESSAGE_DELETED, channel, id, seq);
}
