/*
 * The feed's room, one for all posts of all teams: like counts, new and changed posts by id, wins announced to
 * everybody, and what a trusted server publishes. See realtime/kinds.h. Words of a team's posts are never said here.
 */
#include "realtime/kinds.h"
#include "realtime/rooms/tally.h"
#include "realtime/say.h"

struct feed {
    struct tally likes;
};

static void on_wake(struct room_turn *t)
{
    (void)t;
}

static void on_sleep(struct room_turn *t)
{
    struct feed *feed = t->state;
    if (feed->likes.count > 0)
        tally_tell(t, &feed->likes);
    tally_clear(&feed->likes);
}

static void on_cheer(struct room_turn *t, const struct note_cheer *cheer)
{
    (void)t;
    (void)cheer; /* cheers belong to a team */
}

static void on_event(struct room_turn *t, struct note_event *event)
{
    const struct change *c = &event->change;
    char cursor[CURSOR_BYTES_MAX];
    if (c->kind == CHANGE_LIKES) {
        tally_add(t, &((struct feed *)t->state)->likes, event);
        return;
    }
    if (c->kind == CHANGE_NOTICE && c->team_id != 0)
        return;
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    hub_cursor(t->reactor->rt, c->seq, 0, cursor);
    if (c->kind == CHANGE_NOTICE) {
        struct say_notice n = {
            .id = c->subject_id, .kind = event->kind, .title = event->title, .body = event->body, .link = event->link};
        say_notice(&out, &n, cursor);
        room_say(t, &out, PACKET_EVENT, c->seq, SAID_NOTIFICATION);
    } else {
        say_post(&out, c, cursor);
        room_say(t, &out, PACKET_EVENT, c->seq, c->kind == CHANGE_POST_CREATED ? SAID_NEW_POSTS : SAID_POST_CHANGED);
    }
    buf_clear(&out);
}

static void on_presence(struct room_turn *t)
{
    (void)t;
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
    .wake = on_wake,
    .sleep = on_sleep,
    .cheer = on_cheer,
    .event = on_event,
    .presence = on_presence,
    .raw = on_raw,
    .timer = on_timer,
};
