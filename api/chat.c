/*
 * Channels as a loop knows them. See chat.h.
 *
 * Places are direct-mapped by channel id: a channel that shares one only reads and renders again.
 */
#include "api/chat.h"

#include <stdlib.h>
#include <string.h>

#include "api/request.h"
#include "api/server.h"

#define PLACES 256

struct place {
    int64_t channel_id; /* 0: free */
    struct channel channel;
    struct team_head *head;
    uint64_t head_version; /* as of which the channel was read */
    int64_t seq;
    struct shared_reply *unchanged; /* NULL: not rendered for this seq */
};

struct chats {
    struct place places[PLACES];
};

struct chats *chat_places_create(void)
{
    return calloc(1, sizeof(struct chats));
}

void chat_places_free(struct chats *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < PLACES; i++)
        shared_reply_free(c->places[i].unchanged);
    free(c);
}

static struct place *place_of(const struct request *r, int64_t channel_id)
{
    return &r->loop->chats->places[(uint64_t)channel_id % PLACES];
}

/* Reads the channel, and as of which state of its team. */
static enum err refresh(struct request *r, struct place *p, int64_t channel_id)
{
    struct channel channel;
    struct team_head *head;
    struct head_view view;
    enum err err = channels_brief(r->loop->db, channel_id, &channel);
    if (err == ERR_OK)
        err = heads_team(r->app->heads, r->loop->db, channel.team_id, &head);
    if (err != ERR_OK)
        return err;
    /* The head first, then the row again: what is committed meanwhile moves the head later. */
    team_head_read(head, &view);
    err = channels_brief(r->loop->db, channel_id, &channel);
    if (err != ERR_OK)
        return err;
    /* What is committed but not yet published is for the next poll: its cursor would be one that no head knows. */
    int64_t seq = channel.seq < view.seq ? channel.seq : view.seq;
    if (p->channel_id != channel_id || p->seq != seq) {
        shared_reply_free(p->unchanged);
        p->unchanged = NULL;
    }
    p->channel_id = channel_id;
    p->channel = channel;
    p->head = head;
    p->head_version = view.version;
    p->seq = seq;
    return ERR_OK;
}

bool chat_find(struct request *r, struct chat_place *out)
{
    int64_t id;
    if (!request_path_id(r, 1, &id))
        return false;
    struct place *p = place_of(r, id);
    bool current = p->channel_id == id && p->head_version != 0 && team_head_version(p->head) == p->head_version;
    enum err err = current ? ERR_OK : refresh(r, p, id);
    if (err == ERR_NOT_FOUND) {
        request_refuse(r, err, "There is no such channel.");
        return false;
    }
    if (err != ERR_OK) {
        request_fail(r, err);
        return false;
    }
    if (!caller_in_team(&r->caller, p->channel.team_id)) {
        request_refuse(r, ERR_FORBIDDEN, "You are not in this team.");
        return false;
    }
    *out = (struct chat_place){.channel = p->channel, .seq = p->seq, .reach = heads_newest(r->app->heads)};
    if (out->reach < p->seq)
        out->reach = p->seq; /* a head may be loaded ahead of publishing */
    return true;
}

enum err chat_enter(struct tx *tx, const struct caller *caller, int64_t channel_id, struct channel *out)
{
    enum err err = channels_brief(tx->db, channel_id, out);
    if (err == ERR_NOT_FOUND)
        return problem_set(&tx->problem, err, "There is no such channel.");
    if (err == ERR_OK && !caller_in_team(caller, out->team_id))
        return problem_set(&tx->problem, ERR_FORBIDDEN, "You are not in this team.");
    return err;
}

void chat_put_cursor(struct json_writer *w, const struct request *r, int64_t seq)
{
    char text[CURSOR_BYTES_MAX];
    struct cursor c = {.seq = seq, .boot = heads_boot(r->app->heads)};
    memcpy(c.epoch, heads_epoch(r->app->heads), sizeof c.epoch);
    (void)cursor_format(&c, text);
    json_put_string(w, text);
}

void chat_put_channel(struct json_writer *w, const struct request *r, const struct channel *channel, int64_t newest_seq)
{
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, channel->id);
    json_key(w, "teamId");
    json_put_id(w, channel->team_id);
    json_key(w, "name");
    json_put_string(w, channel->name);
    json_key(w, "posting");
    json_put_string(w, posting_name(channel->posting));
    json_key(w, "lastMessageId");
    json_put_id(w, channel->last_message_id);
    json_key(w, "lastReadId");
    json_put_id(w, channel->read_id);
    json_key(w, "unread");
    json_put_int(w, channel->unread);
    json_key(w, "createdAt");
    json_put_time(w, channel->created_ms);
    json_key(w, "cursor");
    chat_put_cursor(w, r, channel->seq < newest_seq ? channel->seq : newest_seq);
    json_object_end(w);
}

bool chat_parse_state(const char *text, bool *delivered_only)
{
    *delivered_only = strcmp(text, "delivered") == 0;
    return *delivered_only || strcmp(text, "read") == 0;
}

unsigned chat_base_s(const struct request *r)
{
    return ((unsigned)r->app->options->poll_interval_s + CHAT_POLLS_PER_INTERVAL - 1) / CHAT_POLLS_PER_INTERVAL;
}

static bool render_unchanged(struct request *r, struct place *p)
{
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "items");
    json_array_begin(&w);
    json_array_end(&w);
    json_key(&w, "next");
    json_put_null(&w);
    json_key(&w, "cursor");
    chat_put_cursor(&w, r, p->seq);
    json_key(&w, "more");
    json_put_bool(&w, false);
    json_key(&w, "reset");
    json_put_bool(&w, false);
    json_object_end(&w);
    p->unchanged = r->out.failed ? NULL : shared_reply_create(r->out.data, r->out.len);
    buf_reset(&r->out);
    return p->unchanged != NULL;
}

void chat_reply_unchanged(struct request *r, const struct chat_place *place)
{
    struct place *p = place_of(r, place->channel.id);
    if (p->unchanged == NULL && !render_unchanged(r, p))
        request_fail(r, ERR_NO_MEMORY);
    else
        (void)request_reply_shared(r, p->unchanged, chat_base_s(r));
}
