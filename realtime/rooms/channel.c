/*
 * A chat channel's room: who types, who is here, who has read, as its home loop tells it. Named channel/TEAM/CHANNEL.
 * See realtime/kinds.h; what its members write and what they missed: channel_rows.h.
 *
 *   message   as it was committed: to everybody, its sender's devices too
 *   typing    to everybody else, never stored; ends TYPING_MS after it was last said
 *   presence  people (people.h), not sockets; in a crowd of more than CHAT_PEOPLE_TOLD_MAX not one by one
 *   receipts  gathered for CHAT_TICK_MS; of who appears offline none is told
 *
 * Messages are in the posts database alone: the room keeps only what ends by itself.
 */
#include <stdlib.h>
#include <string.h>

#include "realtime/kinds.h"
#include "realtime/rooms/channel_rows.h"
#include "realtime/rooms/people.h"
#include "realtime/say.h"
#include "realtime/socket.h"

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
    else if (said->flag && shed_tells_small(t->reactor->rt->options.shed))
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

const struct room_kind channel_kind = {
    .name = "channel",
    .state_bytes = sizeof(struct chat),
    .sleep = on_sleep,
    .event = on_event,
    .presence = on_presence,
    .timer = on_timer,
    .writes = channel_rows_writes,
    .hears = hears,
    .said = on_said,
    .committed = channel_rows_committed,
    .missed = channel_rows_missed,
    .greets = true,
    .heads = channel_rows_heads,
    .syncs = true,
    .limit = limit,
    .made = on_made,
    .entered = on_entered,
    .left = on_left,
    .forget = on_forget,
};
