/* A chat channel's rows. See channel_rows.h. */
#include "realtime/rooms/channel_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/moderation.h"
#include "db/shapes.h"
#include "realtime/publish.h"
#include "realtime/rooms/people.h"
#include "realtime/say.h"

#define INITIAL_BYTES_MAX (1U << 20) /* CHAT_FIRST_MESSAGES of the longest, in UTF-8, and everybody who is listed */

static int64_t channel_of(const struct room *room)
{
    return strtoll(strrchr(room->name, '/') + 1, NULL, 10);
}

static void name_room(int64_t team_id, int64_t channel_id, char out[static ROOM_NAME_BYTES_MAX])
{
    (void)snprintf(out, ROOM_NAME_BYTES_MAX, "channel/%lld/%lld", (long long)team_id, (long long)channel_id);
}

/* ---- writing: the main writer's thread --------------------------------------------------------------------------- */

/* The channel, as it is now. */
static enum err find_channel(const struct desk_write *w, struct tx *tx, struct channel *out)
{
    enum err err = channels_brief(tx->db, channel_of(w->room), out);
    return err == ERR_NOT_FOUND ? problem_set(&tx->problem, err, "There is no such channel.") : err;
}

static enum err write_message(struct desk_write *w, struct tx *tx)
{
    struct channel channel;
    int64_t id;
    bool again = false;
    enum err err = find_channel(w, tx, &channel);
    if (err == ERR_OK && !channels_may_post(&channel, w->who.user_id, w->role))
        return problem_set(&tx->problem, ERR_FORBIDDEN, "Only the coach writes in this channel.");
    const struct draft_words words = {
        .team_id = channel.team_id, .author_id = w->who.user_id, .leads = w->leads, .text = w->message.content};
    struct chat_message_new message = {
        .channel = &channel,
        .author_id = w->who.user_id,
        .content = w->message.content,
        .thread_id = w->message.thread_id,
        .client_id = w->message.client_id,
    };
    if (err == ERR_OK)
        err = messages_again(tx, &message, &id, &again);
    if (err == ERR_OK && !again)
        err = moderation_screen(tx, &words, &message.hidden);
    if (err == ERR_OK && !again)
        err = messages_create(tx, &message, &id, &again);
    if (err == ERR_OK && !again && message.hidden != HIDDEN_NOT)
        err = moderation_held_message(tx, &channel, id, w->who.user_id);
    if (err == ERR_OK)
        say_message_ack(&w->answer, w->message.id, w->message.client_id, id);
    return err;
}

static enum err write_read(struct desk_write *w, struct tx *tx)
{
    struct channel channel;
    struct chat_message message;
    struct receipt now;
    enum err err = find_channel(w, tx, &channel);
    if (err == ERR_OK)
        err = messages_in(tx, &channel, w->message.message_id, &message);
    if (err != ERR_OK)
        return err;
    bool delivered_only = w->message.text != NULL && strcmp(w->message.text, "delivered") == 0;
    const struct receipt receipt = {
        .user_id = w->who.user_id, .delivered_id = message.id, .read_id = delivered_only ? 0 : message.id};
    return channels_receive(tx, &channel, &receipt, &now);
}

const struct room_write channel_rows_writes[] = {
    {MESSAGE_CHAT, write_message},
    {MESSAGE_READ, write_read},
    {MESSAGE_PING, NULL},
};

/* ---- what was committed: the main writer's thread ---------------------------------------------------------------- */

static void tell_message(const struct telling *t)
{
    const struct change *c = t->change;
    char room[ROOM_NAME_BYTES_MAX];
    char cursor[CURSOR_BYTES_MAX];
    struct chat_message message;
    name_room(c->team_id, c->value, room);
    if (!publish_listens(t, room))
        return;
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    hub_cursor(t->rt, c->seq, 0, cursor);
    if (messages_by_id(t->read, t->arena, c->subject_id, &message) == ERR_OK)
        say_message(&out, c->kind, &message, cursor);
    else
        out.failed = true; /* it is caught up with by its number */
    publish_tell(t, room, &out, 0);
    buf_clear(&out);
}

/* To the team: where the channel stands. */
static void tell_team(const struct telling *t)
{
    const struct change *c = t->change;
    char cursor[CURSOR_BYTES_MAX];
    struct channel channel;
    int64_t last_id = c->kind == CHANGE_MESSAGE ? c->subject_id : 0;
    if (!publish_listens(t, NULL))
        return;
    if (last_id == 0 && channels_by_id(t->read, t->arena, c->value, 0, &channel) == ERR_OK)
        last_id = channel.last_message_id;
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    hub_cursor(t->rt, c->seq, 0, cursor);
    say_channel(&out, c->value, last_id, cursor);
    publish_tell(t, NULL, &out, 0);
    buf_clear(&out);
}

static void tell_receipt(const struct telling *t)
{
    const struct change *c = t->change;
    char room[ROOM_NAME_BYTES_MAX];
    struct user reader;
    struct receipt receipt;
    name_room(c->team_id, c->subject_id, room);
    if (!publish_listens(t, room) || users_by_id(t->read, t->arena, c->value, &reader) != ERR_OK ||
        reader.appear_offline || channels_receipt(t->read, c->subject_id, c->value, &receipt) != ERR_OK)
        return;
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    struct json_writer w = {.out = &out};
    shapes_receipt(&w, &receipt);
    publish_tell(t, room, &out, 0);
    buf_clear(&out);
}

void channel_rows_committed(const struct telling *t)
{
    switch (t->change->kind) {
    case CHANGE_MESSAGE:
    case CHANGE_MESSAGE_EDITED:
    case CHANGE_MESSAGE_DELETED:
        tell_message(t);
        tell_team(t);
        break;
    case CHANGE_CHANNEL:
        tell_team(t);
        break;
    case CHANGE_RECEIPT:
        tell_receipt(t);
        break;
    default:
        break;
    }
}

/* ---- what was missed: the rooms writer's thread ------------------------------------------------------------------ */

/* The first thing a socket is told. Messages that are committed but not yet published come in a moment. */
static enum err add_initial_state(struct desk_catch *c, struct db *read, struct arena *arena, int64_t since)
{
    const struct messages_query query = {.channel_id = channel_of(c->room), .limit = CHAT_FIRST_MESSAGES};
    struct chat_message *messages = NULL;
    struct say_person *people;
    char cursor[CURSOR_BYTES_MAX];
    struct say_initial_state state = {.resumed = since >= 0, .cursor = cursor};
    enum err err = state.resumed ? ERR_OK : messages_page(read, arena, &query, &messages, &state.messages_count);
    if (err != ERR_OK)
        return err;
    for (; state.messages_count > 0 && messages[0].created_seq > c->now.seq; state.messages_count--)
        messages++;
    if (!people_list(c->room->people, arena, CHAT_PEOPLE_TOLD_MAX, &people, &state.people_count, &state.online))
        return ERR_NO_MEMORY;
    state.messages = messages;
    state.people = people;
    hub_cursor(c->rt, state.resumed ? since : c->now.seq, 0, cursor);
    struct buf out;
    buf_init(&out, INITIAL_BYTES_MAX);
    say_initial_state(&out, &state);
    STATS_ADD(c->rt->stats.said[SAID_INITIAL_STATE], 1);
    bool added = desk_catch_add(c, &out, PACKET_STATE, 0);
    buf_clear(&out);
    return added ? ERR_OK : ERR_NO_MEMORY;
}

/* What goes out at once fits well into a queue: a reader who is back is not too slow for what was said meanwhile. */
static bool shorten(const struct chat_message *messages, size_t *count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < *count; i++) {
        bytes += strlen(messages[i].content);
        if (i > 0 && bytes > CHAT_MISSED_BYTES_MAX) {
            *count = i;
            return true;
        }
    }
    return false;
}

static enum err add_missed(struct desk_catch *c, struct db *read, struct arena *arena, int64_t since)
{
    struct chat_message *messages;
    size_t count;
    enum err err = messages_since(read, arena, channel_of(c->room), since, c->now.seq, CHANGES_EVENTS_MAX + 1,
                                  &messages, &count);
    if (err != ERR_OK)
        return err;
    c->more = count > CHANGES_EVENTS_MAX;
    count -= c->more;
    if (shorten(messages, &count))
        c->more = true;
    if (c->more)
        c->now.seq = messages_place(&messages[count - 1], since);
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        const struct chat_message *m = &messages[i];
        char cursor[CURSOR_BYTES_MAX];
        int64_t place = messages_place(m, since);
        enum change_kind kind = m->created_seq > since ? CHANGE_MESSAGE
                                : m->deleted           ? CHANGE_MESSAGE_DELETED
                                                       : CHANGE_MESSAGE_EDITED;
        hub_cursor(c->rt, place, 0, cursor);
        buf_reset(&out);
        say_message(&out, kind, m, cursor);
        if (!desk_catch_add(c, &out, PACKET_EVENT, place))
            err = ERR_NO_MEMORY;
    }
    buf_clear(&out);
    return err;
}

/* From which number on a socket is told; -1: it begins anew, since what it says is of another history. */
static enum err find_since(const struct desk_catch *c, struct db *read, struct arena *arena, int64_t *since)
{
    struct chat_message message;
    bool known = c->has_since && strcmp(c->since.epoch, c->now.epoch) == 0 && c->since.seq <= c->now.seq;
    *since = known ? c->since.seq : -1;
    if (c->after_id == 0)
        return ERR_OK;
    enum err err = messages_by_id(read, arena, c->after_id, &message);
    bool found = err == ERR_OK && message.channel_id == channel_of(c->room) && message.created_seq <= c->now.seq;
    if (!found)
        *since = -1;
    else if (!known || message.created_seq < *since)
        *since = message.created_seq;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err channel_rows_missed(struct desk_catch *c, struct db *read, struct arena *arena)
{
    int64_t since;
    c->reset = false; /* messages are kept for ever: however old a number is, what came after it is known */
    enum err err = find_since(c, read, arena, &since);
    if (err == ERR_OK && (!c->greeted || since < 0))
        err = add_initial_state(c, read, arena, since);
    return err == ERR_OK && since >= 0 ? add_missed(c, read, arena, since) : err;
}

/* For a team's socket, before the events that it missed: with the cursor that it came with. */
enum err channel_rows_heads(struct desk_catch *c, struct db *read, struct arena *arena)
{
    struct channel *channels;
    size_t count;
    enum err err = channels_of(read, arena, c->team_id, 0, c->since.seq, &channels, &count);
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        char cursor[CURSOR_BYTES_MAX];
        hub_cursor(c->rt, c->since.seq, c->now.likes, cursor);
        buf_reset(&out);
        say_channel(&out, channels[i].id, channels[i].last_message_id, cursor);
        if (!desk_catch_add(c, &out, PACKET_STATE, 0))
            err = ERR_NO_MEMORY;
    }
    buf_clear(&out);
    return err;
}
