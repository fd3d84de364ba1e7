/*
 * The feed's room, one for all posts of all teams: like counts, new and changed posts by id, wins announced to
 * everybody, and what a trusted server publishes. See realtime/kinds.h. Words of a team's posts are never said here.
 */
#include "realtime/kinds.h"
#include "realtime/rooms/news.h"
#include "realtime/rooms/tally.h"
#include "realtime/say.h"

struct feed {
    struct tally likes;
};

static void on_sleep(struct room_turn *t)
{
    struct feed *feed = t->state;
    if (feed->likes.count > 0)
        tally_tell(t, &feed->likes);
    tally_clear(&feed->likes);
}

static void on_event(struct room_turn *t, struct note_event *event)
{
    const struct change *c = &event->change;
    if (c->kind == CHANGE_LIKES) {
        tally_add(t, &((struct feed *)t->state)->likes, event);
        return;
    }
    if (c->kind == CHANGE_NOTICE && c->team_id != 0)
        return;
    news_tell(t, event, 0);
}

static void on_raw(struct room_turn *t, const char *text, size_t len)
{
    struct buf out = {.data = (char *)(uintptr_t)text, .len = len, .cap = len + 1, .max = len};
    room_say(t, &out, PACKET_STATE, 0, SAID_PUBLISHED);
}

static void on_timer(struct room_turn *t, enum reactor_timer which)
{
    if (which == TIMER_ROOM_SOON)
        tally_tell(t, &((struct feed *)t->state)->likes);
}

const struct room_kind feed_kind = {
    .name = "feed",
    .state_bytes = sizeof(struct feed),
    .sleep = on_sleep,
    .event = on_event,
    .raw = on_raw,
    .timer = on_timer,
    .likes = true,
};
