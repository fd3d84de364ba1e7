/*
 * Records of team chat in: channels, messages, receipts. See transfer.h, and transfer.c for the way they all go.
 */
#include <string.h>

#include "db/messages.h"
#include "db/moderation.h"
#include "db/teams.h"
#include "db/transfer.h"

static bool given(unsigned parts, enum transfer_part part)
{
    return (parts & (unsigned)part) != 0;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static enum err missing(struct tx *tx, const char *what, int64_t id)
{
    return problem_set(&tx->problem, ERR_INVALID, "there is no %s \"%lld\"", what, (long long)id);
}

static enum err need_user(struct tx *tx, int64_t id)
{
    struct user user;
    enum err err = users_by_id(tx->db, tx->arena, id, &user);
    return err == ERR_NOT_FOUND ? missing(tx, "user", id) : err;
}

static enum err need_channel(struct tx *tx, int64_t id, struct channel *out)
{
    enum err err = channels_brief(tx->db, id, out);
    return err == ERR_NOT_FOUND ? missing(tx, "channel", id) : err;
}

/* ---- channels ---------------------------------------------------------------------------------------------------- */

static enum err create_channel(struct tx *tx, const struct transfer_channel *r)
{
    const struct channel_new channel = {
        .id = r->id, .team_id = r->team_id, .name = r->name, .posting = r->posting, .created_ms = r->created_ms};
    struct team team;
    int64_t id;
    enum err err = teams_by_id(tx->db, tx->arena, r->team_id, &team);
    if (err == ERR_NOT_FOUND)
        return missing(tx, "team", r->team_id);
    return err != ERR_OK ? err : channels_create(tx, &channel, &id);
}

enum err transfer_put_channel(struct tx *tx, const struct transfer_channel *record, enum transfer_result *result)
{
    struct transfer_channel r = *record;
    struct channel row;
    enum err err = channels_by_id(tx->db, tx->arena, r.id, 0, &row);
    bool is_new = err == ERR_NOT_FOUND;
    if (err != ERR_OK && !is_new)
        return err;
    if (is_new)
        row = (struct channel){.posting = POSTING_EVERYONE, .created_ms = tx->now_ms};
    if (!given(r.given, TRANSFER_POSTING))
        r.posting = row.posting;
    if (!given(r.given, TRANSFER_CREATED_AT))
        r.created_ms = row.created_ms;
    *result = TRANSFER_CREATED;
    if (is_new)
        return create_channel(tx, &r);
    if (r.team_id != row.team_id)
        return problem_set(&tx->problem, ERR_CONFLICT, "the channel \"%lld\" belongs to another team", (long long)r.id);
    bool same = same_text(r.name, row.name) && r.posting == row.posting && r.created_ms == row.created_ms;
    *result = same ? TRANSFER_SAME : TRANSFER_UPDATED;
    if (same)
        return ERR_OK;
    int64_t seq = 0;
    err = tx_event(tx, CHANGE_CHANNEL, r.team_id, r.id, &seq);
    if (err != ERR_OK)
        return err;
    return db_run(tx->db, "UPDATE channels SET name = $2, posting = $3, created_ms = $4, seq = $5 WHERE id = $1",
                  "issii", r.id, r.name, posting_name(r.posting), r.created_ms, seq);
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

/* Reports do not come along, and what the list holds back is found in the queue. */
static enum err queue_held(struct tx *tx, const struct channel *channel, const struct transfer_message *r)
{
    bool held = r->hidden == HIDDEN_BY_WORDS && !r->deleted;
    return held ? moderation_held_message(tx, channel, r->id, r->author_id) : ERR_OK;
}

static enum err create_message(struct tx *tx, const struct transfer_message *r)
{
    struct channel channel;
    int64_t id;
    bool again = false;
    enum err err = need_channel(tx, r->channel_id, &channel);
    if (err == ERR_OK)
        err = need_user(tx, r->author_id);
    if (err != ERR_OK)
        return err;
    const struct chat_message_new message = {
        .id = r->id,
        .channel = &channel,
        .author_id = r->author_id,
        .content = r->deleted ? "" : r->content,
        .thread_id = r->thread_id,
        .client_id = r->client_id,
        .created_ms = r->created_ms,
        .edited_ms = r->edited_ms,
        .deleted = r->deleted,
        .hidden = r->deleted ? HIDDEN_NOT : r->hidden,
    };
    err = messages_create(tx, &message, &id, &again);
    if (err == ERR_KEY_REUSED || again)
        return problem_set(&tx->problem, ERR_CONFLICT, "the client id of the message \"%lld\" belongs to another one",
                           (long long)r->id);
    return err != ERR_OK ? err : queue_held(tx, &channel, r);
}

static enum err update_message(struct tx *tx, const struct transfer_message *r)
{
    struct channel channel;
    bool changed;
    enum err err = need_channel(tx, r->channel_id, &channel);
    if (err == ERR_OK)
        err = r->deleted ? messages_delete(tx, &channel, r->id) : messages_edit(tx, &channel, r->id, r->content);
    if (err == ERR_OK && !r->deleted)
        err = messages_hide(tx, &channel, r->id, r->hidden, &changed);
    if (err == ERR_OK && !r->deleted && r->hidden != HIDDEN_NOT) /* also when it was hidden by the other */
        err = db_run(tx->db, "UPDATE messages SET hidden = $2 WHERE id = $1", "ii", r->id, (int64_t)r->hidden);
    if (err == ERR_OK)
        err = db_run(tx->db, "UPDATE messages SET created_ms = $2, edited_ms = NULLIF($3, 0) WHERE id = $1", "iii",
                     r->id, r->created_ms, r->edited_ms);
    return err != ERR_OK ? err : queue_held(tx, &channel, r);
}

enum err transfer_put_message(struct tx *tx, const struct transfer_message *record, enum transfer_result *result)
{
    struct transfer_message r = *record;
    struct chat_message row;
    enum err err = messages_by_id(tx->db, tx->arena, r.id, &row);
    bool is_new = err == ERR_NOT_FOUND;
    if (err != ERR_OK && !is_new)
        return err;
    if (is_new)
        row = (struct chat_message){.created_ms = tx->now_ms};
    bool left;
    err = transfer_has_left(tx, r.author_id, &left);
    if (err != ERR_OK)
        return err;
    if (left) { /* its place stays, for what answers it */
        r.deleted = true;
        r.client_id = row.client_id;
        r.given |= TRANSFER_CLIENT_ID;
    }
    if (!given(r.given, TRANSFER_THREAD))
        r.thread_id = row.thread_id;
    if (!given(r.given, TRANSFER_CLIENT_ID))
        r.client_id = row.client_id;
    if (!given(r.given, TRANSFER_CREATED_AT))
        r.created_ms = row.created_ms;
    if (!given(r.given, TRANSFER_EDITED))
        r.edited_ms = row.edited_ms;
    if (!given(r.given, TRANSFER_HIDDEN) || same_text(hidden_name(r.hidden), hidden_name(row.hidden)))
        r.hidden = row.hidden; /* also of the two kinds of "words" the one it is */
    *result = TRANSFER_CREATED;
    if (is_new)
        return create_message(tx, &r);

    *result = TRANSFER_SAME;
    if (row.deleted)
        return ERR_OK;
    if (r.channel_id != row.channel_id || r.author_id != row.author_id)
        return problem_set(&tx->problem, ERR_CONFLICT, "the message \"%lld\" is somebody else's here, or elsewhere",
                           (long long)r.id);
    if (r.thread_id != row.thread_id || !same_text(r.client_id, row.client_id))
        return problem_set(&tx->problem, ERR_CONFLICT,
                           "the message \"%lld\" is in another thread here, or was sent "
                           "under another client id",
                           (long long)r.id);
    if (!r.deleted && same_text(r.content, row.content) && r.created_ms == row.created_ms &&
        r.edited_ms == row.edited_ms && r.hidden == row.hidden)
        return ERR_OK;
    *result = TRANSFER_UPDATED;
    return update_message(tx, &r);
}

/* ---- receipts ---------------------------------------------------------------------------------------------------- */

enum err transfer_put_receipt(struct tx *tx, const struct transfer_receipt *record, enum transfer_result *result)
{
    struct channel channel;
    struct receipt before;
    struct receipt now;
    bool left;
    *result = TRANSFER_SAME;
    enum err err = transfer_has_left(tx, record->user_id, &left);
    if (err != ERR_OK || left)
        return err;
    err = need_channel(tx, record->channel_id, &channel);
    if (err == ERR_OK)
        err = need_user(tx, record->user_id);
    if (err == ERR_OK)
        err = channels_receipt(tx->db, record->channel_id, record->user_id, &before);
    if (err != ERR_OK)
        return err;
    const struct receipt receipt = {
        .user_id = record->user_id, .delivered_id = record->delivered_id, .read_id = record->read_id};
    err = channels_receive(tx, &channel, &receipt, &now);
    bool same = err == ERR_OK && now.delivered_id == before.delivered_id && now.read_id == before.read_id;
    *result = same ? TRANSFER_SAME : before.delivered_id == 0 ? TRANSFER_CREATED : TRANSFER_UPDATED;
    return err;
}

enum err transfer_complete(struct tx *tx)
{
    return channels_complete(tx);
}
