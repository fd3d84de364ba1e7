/*
 * Chat messages: reading by page or from a cursor on, writing, editing, deleting.
 */
#include "db/messages.h"

#include <string.h>

#include "api/chat.h"
#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/write.h"
#include "db/audit.h"
#include "db/moderation.h"
#include "db/shapes.h"

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void put_message(struct json_writer *w, const struct request *r, int64_t team_id,
                        const struct chat_message *message)
{
    bool leads = caller_leads_team(&r->caller, team_id);
    shapes_message(w, message, leads || message->author_id == r->caller.user_id);
}

/* What a list says beside its messages. */
struct list_end {
    int64_t team_id;
    int64_t next; /* 0: no more pages */
    int64_t seq;  /* the cursor's */
    bool is_news; /* it was asked for with `since` */
    bool more;
    bool reset;
};

static void reply_list(struct request *r, const struct chat_message *messages, size_t count, bool backwards,
                       const struct list_end *end)
{
    struct json_writer w = {.out = &r->out};
    render_list_begin(&w);
    for (size_t i = 0; i < count; i++)
        put_message(&w, r, end->team_id, &messages[backwards ? count - 1 - i : i]);
    json_array_end(&w);
    json_key(&w, "next");
    json_put_id(&w, end->next);
    json_key(&w, "cursor");
    chat_put_cursor(&w, r, end->seq);
    if (end->is_news) {
        json_key(&w, "more");
        json_put_bool(&w, end->more);
        json_key(&w, "reset");
        json_put_bool(&w, end->reset);
    }
    json_object_end(&w);
    (void)request_poll_interval(r, chat_base_s(r));
    request_reply(r, 200);
}

static void list_page(struct request *r, const struct chat_place *place, const struct messages_query *query)
{
    struct chat_message *messages;
    size_t count;
    enum err err = messages_page(r->loop->db, r->arena, query, &messages, &count);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct list_end end = {.team_id = place->channel.team_id,
                           .next = count == query->limit ? messages[count - 1].id : 0,
                           .seq = place->seq};
    reply_list(r, messages, count, false, &end);
}

/* The cursor is of another history: the client starts again with the newest. */
static void list_reset(struct request *r, const struct chat_place *place)
{
    const struct messages_query query = {.channel_id = place->channel.id, .limit = CHAT_FIRST_MESSAGES};
    struct chat_message *messages;
    size_t count;
    enum err err = messages_page(r->loop->db, r->arena, &query, &messages, &count);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    const struct list_end end = {.team_id = place->channel.team_id, .seq = place->seq, .is_news = true, .reset = true};
    reply_list(r, messages, count, true, &end);
}

static void list_news(struct request *r, const struct chat_place *place, int64_t since, size_t limit)
{
    struct chat_message *messages;
    size_t count;
    enum err err = messages_since(r->loop->db, r->arena, place->channel.id, since, place->seq, limit + 1, &messages,
                                  &count);
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    struct list_end end = {
        .team_id = place->channel.team_id, .seq = place->seq, .is_news = true, .more = count > limit};
    if (end.more) {
        count = limit;
        end.seq = messages_place(&messages[count - 1], since);
    }
    reply_list(r, messages, count, false, &end);
}

/* ?since= of this history. false: answered. */
static bool take_since(struct request *r, const struct query_param *param, const struct chat_place *place,
                       int64_t *since)
{
    struct cursor cursor;
    if (query_find(&r->query, "page") != NULL || query_find(&r->query, "thread") != NULL) {
        request_refuse(r, ERR_INVALID, "The parameter \"since\" goes with neither \"page\" nor \"thread\".");
        return false;
    }
    if (cursor_parse(param->value, param->value_len, &cursor) != ERR_OK) {
        request_refuse(r, ERR_MALFORMED, "The parameter \"since\" has to be a cursor from an earlier answer.");
        return false;
    }
    if (strcmp(cursor.epoch, heads_epoch(r->app->heads)) != 0 || cursor.seq > place->reach) {
        list_reset(r, place);
        return false;
    }
    *since = cursor.seq;
    return true;
}

void message_list(struct request *r)
{
    struct chat_place place;
    struct messages_query query = {0};
    int64_t since;
    if (!chat_find(r, &place) || !request_page(r, &query.limit, &query.before_id))
        return;
    const struct query_param *asked = query_find(&r->query, "since");
    if (asked != NULL) {
        if (!take_since(r, asked, &place, &since))
            return;
        if (since >= place.seq)
            chat_reply_unchanged(r, &place);
        else
            list_news(r, &place, since, query.limit);
        return;
    }
    const struct query_param *thread = query_find(&r->query, "thread");
    if (thread != NULL && !query_id(thread->value, &query.thread_id)) {
        request_refuse(r, ERR_INVALID, "The parameter \"thread\" has to be the id of a message.");
        return;
    }
    query.channel_id = place.channel.id;
    list_page(r, &place, &query);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

struct draft {
    int64_t channel_id;
    int64_t message_id;
    int64_t thread_id;
    const char *client_id; /* NULL: none */
    const char *content;
};

static const struct json_field content_field = {
    .name = "content", .kind = JSON_KIND_TEXT, .required = true, .min = 1, .max = CHAT_CHARS_MAX};

static enum err render_now(struct request *r, struct tx *tx, const struct channel *channel, int64_t id, int status)
{
    struct chat_message message;
    enum err err = messages_by_id(tx->db, tx->arena, id, &message);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    put_message(&w, r, channel->team_id, &message);
    r->status = status;
    return ERR_OK;
}

static enum err screen(struct request *r, struct tx *tx, int64_t team_id, enum hidden *hidden)
{
    const struct draft *draft = r->state;
    const struct draft_words words = {.team_id = team_id,
                                      .author_id = r->caller.user_id,
                                      .leads = caller_leads_team(&r->caller, team_id),
                                      .text = draft->content};
    return moderation_screen(tx, &words, hidden);
}

static enum err run_create(struct request *r, struct tx *tx)
{
    const struct draft *draft = r->state;
    struct channel channel;
    int64_t id;
    bool again = false;
    enum err err = chat_enter(tx, &r->caller, draft->channel_id, &channel);
    if (err == ERR_OK && !channels_may_post(&channel, r->caller.user_id, r->caller.role))
        return problem_set(&tx->problem, ERR_FORBIDDEN, "Only the coach writes in this channel.");
    struct chat_message_new message = {
        .channel = &channel,
        .author_id = r->caller.user_id,
        .content = draft->content,
        .thread_id = draft->thread_id,
        .client_id = draft->client_id,
    };
    if (err == ERR_OK)
        err = messages_again(tx, &message, &id, &again);
    if (err == ERR_OK && !again)
        err = screen(r, tx, channel.team_id, &message.hidden);
    if (err == ERR_OK && !again)
        err = messages_create(tx, &message, &id, &again);
    if (err == ERR_OK && !again && message.hidden != HIDDEN_NOT)
        err = moderation_held_message(tx, &channel, id, r->caller.user_id);
    return err == ERR_OK ? render_now(r, tx, &channel, id, again ? 200 : 201) : err;
}

static struct draft *new_draft(struct request *r)
{
    struct draft *draft = arena_zalloc(r->arena, sizeof *draft);
    if (draft == NULL)
        request_fail(r, ERR_NO_MEMORY);
    r->state = draft;
    return draft;
}

void message_create(struct request *r)
{
    const struct json_field fields[] = {
        content_field,
        {.name = "threadId", .kind = JSON_KIND_ID, .nullable = true},
        {.name = "clientId", .kind = JSON_KIND_LINE, .nullable = true, .min = 1, .max = CLIENT_ID_CHARS_MAX},
    };
    struct json_value values[3];
    struct draft *draft = new_draft(r);
    if (draft == NULL || !request_path_id(r, 1, &draft->channel_id) || !request_json(r, fields, 3, values))
        return;
    draft->content = values[0].text;
    draft->thread_id = values[1].number;
    draft->client_id = values[2].text;
    request_write(r, run_create, NULL);
}

/* The message in the path, if the caller may change it. */
static enum err find_own(struct request *r, struct tx *tx, struct channel *channel, struct chat_message *message)
{
    const struct draft *draft = r->state;
    enum err err = chat_enter(tx, &r->caller, draft->channel_id, channel);
    if (err == ERR_OK)
        err = messages_in(tx, channel, draft->message_id, message);
    if (err == ERR_OK && message->author_id != r->caller.user_id && !caller_leads_team(&r->caller, channel->team_id))
        return problem_set(&tx->problem, ERR_FORBIDDEN, "Only the author or the coach can change a message.");
    return err;
}

/* A coach's hand at somebody else's message. */
static enum err record_other(struct request *r, struct tx *tx, const struct channel *channel,
                             const struct chat_message *message, const char *action)
{
    const struct audit_entry entry = {.actor_id = r->caller.user_id,
                                      .action = action,
                                      .team_id = channel->team_id,
                                      .subject = "message",
                                      .subject_id = message->id};
    return message->author_id == r->caller.user_id ? ERR_OK : audit_add(tx, &entry);
}

static enum err run_edit(struct request *r, struct tx *tx)
{
    const struct draft *draft = r->state;
    struct channel channel;
    struct chat_message message;
    enum hidden hidden = HIDDEN_NOT;
    bool changed;
    enum err err = find_own(r, tx, &channel, &message);
    if (err == ERR_OK)
        err = screen(r, tx, channel.team_id, &hidden);
    if (err == ERR_OK)
        err = messages_edit(tx, &channel, draft->message_id, draft->content);
    if (err == ERR_OK && hidden != HIDDEN_NOT)
        err = messages_hide(tx, &channel, draft->message_id, HIDDEN_EDIT, &changed);
    if (err == ERR_OK && hidden != HIDDEN_NOT)
        err = moderation_held_message(tx, &channel, draft->message_id, message.author_id);
    if (err == ERR_OK)
        err = record_other(r, tx, &channel, &message, "message.edit");
    return err == ERR_OK ? render_now(r, tx, &channel, draft->message_id, 200) : err;
}

static enum err run_delete(struct request *r, struct tx *tx)
{
    const struct draft *draft = r->state;
    struct channel channel;
    struct chat_message message;
    enum err err = find_own(r, tx, &channel, &message);
    if (err == ERR_OK && !message.deleted)
        err = record_other(r, tx, &channel, &message, "message.delete");
    r->status = 204;
    return err == ERR_OK ? messages_delete(tx, &channel, draft->message_id) : err;
}

static bool take_path(struct request *r, struct draft *draft)
{
    return draft != NULL && request_path_id(r, 1, &draft->channel_id) && request_path_id(r, 3, &draft->message_id);
}

void message_edit(struct request *r)
{
    struct json_value values[1];
    struct draft *draft = new_draft(r);
    if (!take_path(r, draft) || !request_json(r, &content_field, 1, values))
        return;
    draft->content = values[0].text;
    request_write(r, run_edit, NULL);
}

void message_delete(struct request *r)
{
    if (take_path(r, new_draft(r)))
        request_write(r, run_delete, NULL);
}
