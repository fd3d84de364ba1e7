/*
 * A team's room: who is here, cheers, like counts, new and changed posts, notices, and where its counters and channels
 * stand. See realtime/kinds.h.
 *
 * Like counts are gathered LIKES_SOON_MS a post and told once; what is still gathered is why the cursor of an event
 * says no more than `told_likes`. The state lives while the room is awake; everything gathered is told before it
 * sleeps.
 */
#include "realtime/rooms/newest.h"
#include "realtime/rooms/news.h"
#include "realtime/rooms/tally.h"

#include "realtime/kinds.h"
#include "realtime/say.h"

struct team {
    struct tally likes;
    struct newest newest;
    uint64_t presence_told; /* version */
};

/* ---- likes ------------------------------------------------------------------------------------------------------- */

static void tell_likes(struct room_turn *t)
{
    struct team *team = t->state;
    tally_tell(t, &team->likes);
    if (team->likes.version > atomic_load(&t->room->told_likes))
        atomic_store(&t->room->told_likes, team->likes.version);
}

/* ---- presence ---------------------------------------------------------------------------------------------------- */

static void tell_presence(struct room_turn *t, bool anyway)
{
    struct team *team = t->state;
    struct reactor *r = t->reactor;
    struct presence_team *set = presence_team(r->rt->options.presence, t->room->team_id);
    struct presence_view view;
    if (set == NULL)
        return;
    presence_watched(set); /* before it is read: what changes from here on is heard of again */
    if (presence_read(set, r->now_ms, r->arena, &view) != ERR_OK || (view.version == team->presence_told && !anyway))
        return;
    team->presence_told = view.version;
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    say_presence(&out, &view);
    room_say(t, &out, PACKET_EPHEMERAL, 0, SAID_PRESENCE);
    buf_clear(&out);
}

/* ---- the kind ---------------------------------------------------------------------------------------------------- */

static void on_wake(struct room_turn *t)
{
    room_soon(t, TIMER_ROOM_BEAT, PRESENCE_BEAT_MS);
}

static void on_sleep(struct room_turn *t)
{
    struct team *team = t->state;
    if (team->likes.count > 0)
        tell_likes(t);
    newest_tell(t, &team->newest);
    tally_clear(&team->likes);
    newest_clear(&team->newest);
}

static void on_cheer(struct room_turn *t, const struct note_cheer *cheer)
{
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    if (shed_tells_small(t->reactor->rt->options.shed)) {
        say_cheer(&out, cheer->user_id, cheer->name, cheer->icon);
        room_say(t, &out, PACKET_EPHEMERAL, 0, SAID_CHEER);
    }
    if (cheer->id != NULL && cheer->from.serial != 0) {
        buf_reset(&out);
        say_ack(&out, cheer->id);
        room_answer(t, &cheer->from, &out, SAID_ACK);
    }
    buf_clear(&out);
}

static void on_event(struct room_turn *t, struct note_event *event)
{
    const struct change *c = &event->change;
    if (c->kind == CHANGE_LIKES) {
        tally_add(t, &((struct team *)t->state)->likes, event);
        return;
    }
    if (event->text != NULL) {
        newest_add_take(t, &((struct team *)t->state)->newest, event);
        return;
    }
    newest_tell(t, &((struct team *)t->state)->newest); /* or the event's cursor would step over them */
    news_tell(t, event, atomic_load(&t->room->told_likes));
}

static void on_presence(struct room_turn *t)
{
    room_soon(t, TIMER_ROOM_PRESENCE, PRESENCE_SOON_MS);
}

static void on_timer(struct room_turn *t, enum reactor_timer which)
{
    if (which == TIMER_ROOM_SOON) {
        tell_likes(t);
        newest_tell(t, &((struct team *)t->state)->newest);
    } else if (which == TIMER_ROOM_PRESENCE)
        tell_presence(t, false);
    else {
        tell_presence(t, true);
        room_soon(t, TIMER_ROOM_BEAT, PRESENCE_BEAT_MS);
    }
}

const struct room_kind team_kind = {
    .name = "team",
    .state_bytes = sizeof(struct team),
    .wake = on_wake,
    .sleep = on_sleep,
    .cheer = on_cheer,
    .event = on_event,
    .presence = on_presence,
    .timer = on_timer,
    .likes = true,
};
