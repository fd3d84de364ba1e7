/*
 * A counter's room, counter/TEAM/NAME: each of its changes in order, none merged, to those who listen to its kind; and
 * operations by message. See realtime/kinds.h. It may be entered before the counter's first change.
 *
 * The team's room is told where the counter stands, once for all changes of a commit.
 */
#include <stdio.h>
#include <string.h>

#include "db/counters.h"
#include "realtime/kinds.h"
#include "realtime/publish.h"
#include "realtime/say.h"

#define COUNTER_ROOMS "counter/"

_Static_assert(COUNTER_RESET < 8, "a topic, which is a bit of a byte, for each kind of change");
_Static_assert(sizeof COUNTER_ROOMS + 20 + COUNTER_NAME_CHARS_MAX < ROOM_NAME_BYTES_MAX, "every counter has a room");

static uint8_t topic_of(enum counter_kind kind)
{
    return (uint8_t)(1U << kind);
}

/* The last part of the room's name. */
static const char *name_of(const struct room *room)
{
    return strchr(room->name + sizeof COUNTER_ROOMS - 1, '/') + 1;
}

static void put_event(struct buf *out, const struct realtime *rt, const struct counter_event *event)
{
    char cursor[CURSOR_BYTES_MAX];
    struct json_writer w = {.out = out};
    hub_cursor(rt, event->counter.seq, 0, cursor);
    counters_render_event(&w, event, cursor);
}

/* ---- what is committed ------------------------------------------------------------------------------------------- */

static void tell_room(const struct telling *t, const struct counter *counter, const char *room, struct buf *out)
{
    struct counter_event *event;
    size_t count = 0;
    enum err err = counters_since(t->read, t->arena, counter, t->change->seq - 1, 1, &event, &count);
    buf_reset(out);
    if (err == ERR_OK && count == 1 && event->counter.seq == t->change->seq)
        put_event(out, t->rt, event);
    else
        out->failed = true; /* then the room catches up */
    publish_tell(t, room, out, count == 1 ? topic_of(event->kind) : 0);
}

/* The newest of a commit is told for those before it. */
static void tell_team(const struct telling *t, const struct counter *counter, struct buf *out)
{
    char cursor[CURSOR_BYTES_MAX];
    struct room *team = counter->seq == t->change->seq ? room_find_team(t->rt, counter->team_id) : NULL;
    if (team == NULL)
        return;
    hub_cursor(t->rt, counter->seq, atomic_load(&team->told_likes), cursor);
    buf_reset(out);
    say_counter_update(out, counter, cursor);
    publish_tell(t, NULL, out, 0);
    room_unref(team);
}

static void on_committed(const struct telling *t)
{
    char room[ROOM_NAME_BYTES_MAX];
    struct counter counter;
    if (t->change->kind != CHANGE_COUNTER ||
        counters_by_id(t->read, t->arena, t->change->subject_id, &counter) != ERR_OK)
        return;
    (void)snprintf(room, sizeof room, COUNTER_ROOMS "%lld/%s", (long long)counter.team_id, counter.name);
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    if (publish_listens(t, room))
        tell_room(t, &counter, room, &out);
    tell_team(t, &counter, &out);
    buf_clear(&out);
}

/* ---- what was missed --------------------------------------------------------------------------------------------- */

static enum err add_events(struct desk_catch *c, const struct counter_event *events, size_t count)
{
    struct buf out;
    bool added = true;
    buf_init(&out, SAY_BYTES_MAX);
    for (size_t i = 0; i < count && added; i++) {
        if ((c->topics & topic_of(events[i].kind)) == 0)
            continue;
        buf_reset(&out);
        put_event(&out, c->rt, &events[i]);
        added = desk_catch_add(c, &out, PACKET_EVENT, events[i].counter.seq);
    }
    buf_clear(&out);
    return added ? ERR_OK : ERR_NO_MEMORY;
}

static enum err on_missed(struct desk_catch *c, struct db *read, struct arena *arena)
{
    struct counter counter;
    struct counter_event *events;
    size_t count;
    if (!c->has_since || c->reset)
        return ERR_OK;
    enum err err = counters_by_name(read, arena, c->room->owner_id, name_of(c->room), &counter);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    bool reach = false;
    if (err == ERR_OK)
        err = counters_reach(read, &counter, c->since.seq, &reach);
    c->reset = !reach;
    if (err != ERR_OK || c->reset)
        return err;
    err = counters_since(read, arena, &counter, c->since.seq, CHANGES_EVENTS_MAX, &events, &count);
    if (err != ERR_OK)
        return err;
    c->more = count == CHANGES_EVENTS_MAX;
    /* What is committed but not yet published the room tells in a moment. */
    for (; count > 0 && events[count - 1].counter.seq > c->now.seq; count--)
        c->more = false;
    if (c->more)
        c->now.seq = events[count - 1].counter.seq;
    return add_events(c, events, count);
}

/* For a team's socket, before the events that it missed: with the cursor that it came with. */
static enum err on_heads(struct desk_catch *c, struct db *read, struct arena *arena)
{
    char cursor[CURSOR_BYTES_MAX];
    struct counter *counters;
    size_t count;
    enum err err = counters_of_team(read, arena, c->team_id, c->since.seq, &counters, &count);
    if (err != ERR_OK)
        return err;
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    hub_cursor(c->rt, c->since.seq, c->now.likes, cursor);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        buf_reset(&out);
        say_counter_update(&out, &counters[i], cursor);
        err = desk_catch_add(c, &out, PACKET_STATE, 0) ? ERR_OK : ERR_NO_MEMORY;
    }
    buf_clear(&out);
    return err;
}

/* ---- operations -------------------------------------------------------------------------------------------------- */

static void put_result(struct desk_write *write, const struct counter_event *event)
{
    char cursor[CURSOR_BYTES_MAX];
    hub_cursor(write->rt, event->counter.seq, 0, cursor);
    say_counter_result(&write->answer, write->message.id, event, cursor);
}

static enum err change(struct desk_write *write, struct tx *tx, enum counter_kind kind, int64_t number)
{
    const struct counter_order order = {
        .team_id = write->room->owner_id,
        .name = name_of(write->room),
        .kind = kind,
        .number = number,
        .user_id = write->who.user_id,
        .leads = write->leads,
    };
    struct counter_event event;
    if ((kind == COUNTER_SET || kind == COUNTER_RESET) && !write->leads)
        return problem_set(&tx->problem, ERR_FORBIDDEN, "Only the coach of this team can set or reset a counter.");
    enum err err = counters_change(tx, &order, &event);
    if (err == ERR_OK)
        put_result(write, &event);
    return err;
}

static enum err run_increment(struct desk_write *write, struct tx *tx)
{
    return change(write, tx, COUNTER_INCREMENT, write->message.amount);
}

static enum err run_decrement(struct desk_write *write, struct tx *tx)
{
    return change(write, tx, COUNTER_DECREMENT, write->message.amount);
}

static enum err run_set(struct desk_write *write, struct tx *tx)
{
    return change(write, tx, COUNTER_SET, write->message.value);
}

static enum err run_reset(struct desk_write *write, struct tx *tx)
{
    return change(write, tx, COUNTER_RESET, 0);
}

static const struct room_write writes[] = {
    {MESSAGE_INCREMENT, run_increment},
    {MESSAGE_DECREMENT, run_decrement},
    {MESSAGE_SET_VALUE, run_set},
    {MESSAGE_RESET, run_reset},
    {MESSAGE_TYPES_, NULL},
};

/* ---- the kind ---------------------------------------------------------------------------------------------------- */

static void on_event(struct room_turn *t, struct note_event *event)
{
    const struct buf text = {.data = event->text, .len = event->text_len};
    const struct room_words words = {
        .json = &text,
        .what = PACKET_EVENT,
        .seq = event->change.seq,
        .said = SAID_COUNTER_CHANGE,
        .topic = event->topic,
    };
    room_say_words(t, &words);
}

const struct room_kind counter_kind = {
    .name = "counter",
    .event = on_event,
    .writes = writes,
    .committed = on_committed,
    .missed = on_missed,
    .heads = on_heads,
};
