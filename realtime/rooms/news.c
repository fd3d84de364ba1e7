/* News. See news.h. */
#include "realtime/rooms/news.h"

#include "realtime/say.h"

void news_tell(struct room_turn *t, const struct note_event *event, uint64_t likes)
{
    const struct change *c = &event->change;
    char cursor[CURSOR_BYTES_MAX];
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    hub_cursor(t->reactor->rt, c->seq, likes, cursor);
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
