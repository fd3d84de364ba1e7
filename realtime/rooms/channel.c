/*
 * A chat channel's room: what is said, who types, who is here, who has read. Named channel/TEAM/CHANNEL. See
 * realtime/kinds.h.
 *
 *   message   main writer: stored ──commit──> `ack` to its sender, and `message` to everybody, sender's devices too
 *   typing    to everybody else, never stored; ends TYPING_MS after it was last said
 *   presence  people (people.h), not sockets; in a crowd of more than CHAT_PEOPLE_TOLD_MAX not one by one
 *   receipts  gathered for CHAT_TICK_MS; of who appears offline none is told
 *
 * Messages are in the posts database alone: the room keeps only what ends by itself. What a socket missed is read by
 * number (db/messages.h), so that replay and what is said live meet without a gap: the socket's own number decides.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/shapes.h"
#include "realtime/kinds.h"
#include "realtime/publish.h"
#include "realtime/rooms/people.h"
#include "realtime/say.h"
#include "realtime/socket.h"

#define INITIAL_BYTES_MAX (1U << 20) /* CHAT_FIRST_MESSAGES of the longest, in UTF-8, and everybody who is listed */

struct typist {
    int64_t user_id;
    int64_t until_ms;
    char *name; /* owned */
};

struct read_mark {
    int64_t user_id;
    char *receipt; /* JSON; owned */
};

struct chat {
    struct typist typists[TYPING_TOLD_MAX];
    size_t typists_count;
    struct read_mark *marks; /* CHAT_RECEIPTS_TOLD_MAX; NULL until the first */
    size_t marks_count;
};

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
    bool again;
    enum err err = find_channel(w, tx, &channel);
    if (err == ERR_OK && !channels_may_post(&channel, w->who.user_id, w->role))
        return problem_set(&tx->problem, ERR_FORBIDDEN, "Only the coach writes in this channel.");
    if (err != ERR_OK)
        return err;
    const struct chat_message_new message = {
        .channel = &channel,
        .author_id = w->who.user_id,
        .content = w->message.content,
        .thread_id = w->message.thread_id,
        .client_id = w->message.client_id,
    };
    err = messages_create(tx, &message, &id, &again);
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

static void on_committed(const struct telling *t)
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

static enum err on_missed(struct desk_catch *c, struct db *read, struct arena *arena)
{
    int64_t since;
    c->reset = false; /* messages are kept for ever: however old a number is, what came after it is known */
    enum err err = find_since(c, read, arena, &since);
    if (err == ERR_OK && (!c->greeted || since < 0))
        err = add_initial_state(c, read, arena, since);
    return err == ERR_OK && since >= 0 ? add_missed(c, read, arena, since) : err;
}

/* For a team's socket, before the events that it missed: with the cursor that it came with. */
static enum err on_heads(struct desk_catch *c, struct db *read, struct arena *arena)
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

/* ---- who is here ------------------------------------------------------------------------------------------------- */

/* The socket's loop: its home has something to look at. */
static void look_again(struct reactor *r, struct room *room)
{
    struct note *note = note_create(NOTE_PRESENCE, room);
    if (note != NULL)
        (void)reactor_post_take(hub_home_of(r->rt, room), note);
}

static void on_entered(struct reactor *r, struct room *room, const struct attachment *who)
{
    if (people_enter(room->people, who, r->now_ms))
        look_again(r, room);
}

static void on_left(struct reactor *r, struct room *room, const struct attachment *who)
{
    if (people_leave(room->people, who, r->now_ms + r->rt->options.grace_ms))
        look_again(r, room);
}

static void say_words(struct room_turn *t, struct buf *out, enum stats_said said, int64_t not_to)
{
    const struct room_words words = {.json = out, .what = PACKET_EPHEMERAL, .said = said, .not_to = not_to};
    room_say_words(t, &words);
    buf_reset(out);
}

/* Returns whether somebody's grace is running. */
static bool tell_people(struct room_turn *t, int64_t now_ms)
{
    struct people_news news;
    people_news(t->room->people, t->reactor->arena, now_ms, &news);
    bool crowd = news.online > CHAT_PEOPLE_TOLD_MAX;
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    for (size_t i = 0; i < news.came_count && !crowd; i++) {
        say_person(&out, &news.came[i]);
        say_words(t, &out, SAID_PERSON, news.came[i].user_id);
    }
    for (size_t i = 0; i < news.left_count && !crowd; i++) {
        say_person_left(&out, news.left[i].user_id, news.left[i].name);
        say_words(t, &out, SAID_PERSON_LEFT, 0);
    }
    buf_clear(&out);
    return news.leaving;
}

static void on_presence(struct room_turn *t)
{
    room_soon(t, TIMER_ROOM_PRESENCE, PRESENCE_SOON_MS);
    room_soon(t, TIMER_ROOM_SOON, CHAT_TICK_MS);
}

/* ---- who types --------------------------------------------------------------------------------------------------- */

static void say_types(struct room_turn *t, const struct typist *typist, bool is_typing)
{
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    say_typing(&out, typist->user_id, typist->name, is_typing);
    say_words(t, &out, SAID_TYPING, typist->user_id);
    buf_clear(&out);
}

static void end_typing(struct room_turn *t, size_t index)
{
    struct chat *chat = t->state;
    struct typist typist = chat->typists[index];
    chat->typists[index] = chat->typists[--chat->typists_count];
    say_types(t, &typist, false);
    free(typist.name);
}

static void begin_typing(struct room_turn *t, int64_t user_id, const char *name)
{
    struct chat *chat = t->state;
    char *copy = chat->typists_count < TYPING_TOLD_MAX ? strdup(name) : NULL;
    if (copy == NULL)
        return;
    struct typist *typist = &chat->typists[chat->typists_count++];
    *typist = (struct typist){.user_id = user_id, .until_ms = t->reactor->now_ms + TYPING_MS, .name = copy};
    say_types(t, typist, true);
    room_soon(t, TIMER_ROOM_SOON, CHAT_TICK_MS);
}

static void hear_typing(struct room_turn *t, const struct note_said *said)
{
    struct chat *chat = t->state;
    size_t i = 0;
    while (i < chat->typists_count && chat->typists[i].user_id != said->from.user_id)
        i++;
    if (i < chat->typists_count && said->flag)
        chat->typists[i].until_ms = t->reactor->now_ms + TYPING_MS;
    else if (i < chat->typists_count)
        end_typing(t, i);
    else if (said->flag)
        begin_typing(t, said->from.user_id, said->name);
}

static void hear_presence(struct room_turn *t, const struct note_said *said)
{
    const struct say_person person = {
        .user_id = said->from.user_id, .name = said->name, .away = strcmp(said->text, "away") == 0};
    if (!people_set_away(t->room->people, person.user_id, person.away))
        return;
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    say_person(&out, &person);
    say_words(t, &out, SAID_PERSON, person.user_id);
    buf_clear(&out);
}

static bool hears(enum message_type type)
{
    return type == MESSAGE_TYPING || type == MESSAGE_PRESENCE;
}

static void on_said(struct room_turn *t, const struct note_said *said)
{
    if (said->appears_offline)
        return; /* whoever hides does not type either */
    if (said->type == MESSAGE_TYPING)
        hear_typing(t, said);
    else
        hear_presence(t, said);
}

/* ---- who has read ------------------------------------------------------------------------------------------------ */

static void keep_receipt(struct room_turn *t, struct note_event *event)
{
    struct chat *chat = t->state;
    size_t i = 0;
    if (chat->marks == NULL && (chat->marks = calloc(CHAT_RECEIPTS_TOLD_MAX, sizeof *chat->marks)) == NULL)
        return;
    while (i < chat->marks_count && chat->marks[i].user_id != event->change.value)
        i++;
    if (i == CHAT_RECEIPTS_TOLD_MAX)
        return;
    chat->marks_count += i == chat->marks_count;
    free(chat->marks[i].receipt);
    chat->marks[i] = (struct read_mark){.user_id = event->change.value, .receipt = event->text};
    event->text = NULL; /* it moved */
    room_soon(t, TIMER_ROOM_SOON, CHAT_TICK_MS);
}

static void tell_receipts(struct room_turn *t)
{
    struct chat *chat = t->state;
    const char *receipts[CHAT_RECEIPTS_TOLD_MAX];
    if (chat->marks_count == 0)
        return;
    for (size_t i = 0; i < chat->marks_count; i++)
        receipts[i] = chat->marks[i].receipt;
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    say_receipts(&out, receipts, chat->marks_count);
    say_words(t, &out, SAID_RECEIPT, 0);
    buf_clear(&out);
    for (; chat->marks_count > 0; chat->marks_count--) {
        free(chat->marks[chat->marks_count - 1].receipt);
        chat->marks[chat->marks_count - 1].receipt = NULL;
    }
}

/* ---- the kind ---------------------------------------------------------------------------------------------------- */

static void on_wake(struct room_turn *t)
{
    (void)t;
}

/* Nothing that has begun stays without its end. */
static void on_sleep(struct room_turn *t)
{
    struct chat *chat = t->state;
    while (tell_people(t, INT64_MAX))
        continue;
    while (chat->typists_count > 0)
        end_typing(t, chat->typists_count - 1);
    tell_receipts(t);
    free(chat->marks);
}

static void on_event(struct room_turn *t, struct note_event *event)
{
    static const enum stats_said said[] = {
        [CHANGE_MESSAGE] = SAID_MESSAGE,
        [CHANGE_MESSAGE_EDITED] = SAID_MESSAGE_UPDATED,
        [CHANGE_MESSAGE_DELETED] = SAID_MESSAGE_DELETED,
    };
    const struct change *c = &event->change;
    if (c->kind == CHANGE_RECEIPT) {
        keep_receipt(t, event);
        return;
    }
    struct buf text = {.data = event->text, .len = event->text_len};
    room_say(t, &text, PACKET_EVENT, c->seq, said[c->kind]);
}

static void on_tick(struct room_turn *t)
{
    struct chat *chat = t->state;
    int64_t now_ms = t->reactor->now_ms;
    for (size_t i = chat->typists_count; i-- > 0;)
        if (chat->typists[i].until_ms <= now_ms)
            end_typing(t, i);
    tell_receipts(t);
    bool leaving = tell_people(t, now_ms);
    if (leaving)
        look_again(t->reactor, t->room); /* the room stays awake until their grace has ended */
    if (leaving || chat->typists_count > 0)
        room_soon(t, TIMER_ROOM_SOON, CHAT_TICK_MS);
}

static void on_timer(struct room_turn *t, enum reactor_timer which)
{
    if (which == TIMER_ROOM_PRESENCE)
        (void)tell_people(t, t->reactor->now_ms);
    else
        on_tick(t);
}

static void on_cheer(struct room_turn *t, const struct note_cheer *cheer)
{
    (void)t;
    (void)cheer; /* they go to teams */
}

static void on_raw(struct room_turn *t, const char *text, size_t len)
{
    (void)t;
    (void)text;
    (void)len; /* services publish to the feed alone */
}

static uint32_t limit(const struct realtime_options *options)
{
    return options->channel_limit;
}

static bool on_made(struct room *room)
{
    room->people = people_create();
    return room->people != NULL;
}

static void on_forget(struct room *room)
{
    people_free(room->people);
}

static const struct room_write writes[] = {
    {MESSAGE_CHAT, write_message},
    {MESSAGE_READ, write_read},
    {MESSAGE_PING, NULL},
};

const struct room_kind channel_kind = {
    .name = "channel",
    .state_bytes = sizeof(struct chat),
    .wake = on_wake,
    .sleep = on_sleep,
    .cheer = on_cheer,
    .event = on_event,
    .presence = on_presence,
    .raw = on_raw,
    .timer = on_timer,
    .writes = writes,
    .hears = hears,
    .said = on_said,
    .committed = on_committed,
    .missed = on_missed,
    .greets = true,
    .heads = on_heads,
    .syncs = true,
    .limit = limit,
    .made = on_made,
    .entered = on_entered,
    .left = on_left,
    .forget = on_forget,
};
