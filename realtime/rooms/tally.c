/* Gathered like counts. See tally.h. */
#include "realtime/rooms/tally.h"

#include <stdlib.h>

#include "realtime/say.h"

struct tally_entry {
    int64_t post_id;
    int64_t count;
};

void tally_tell(struct room_turn *t, struct tally *tally)
{
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    for (size_t i = 0; i < tally->count; i++) {
        buf_reset(&out);
        say_likes(&out, tally->entries[i].post_id, tally->entries[i].count);
        room_say(t, &out, PACKET_STATE, 0, SAID_LIKES);
    }
    buf_clear(&out);
    tally->count = 0;
}

void tally_clear(struct tally *tally)
{
    free(tally->entries);
    *tally = (struct tally){0};
}

void tally_add(struct room_turn *t, struct tally *tally, const struct note_event *event)
{
    size_t i = 0;
    STATS_ADD(t->reactor->rt->stats.likes_told, 1);
    while (i < tally->count && tally->entries[i].post_id != event->change.subject_id)
        i++;
    if (i == tally->cap) {
        size_t cap = i == 0 ? 4 : i * 2;
        struct tally_entry *grown = realloc(tally->entries, cap * sizeof *grown);
        if (grown == NULL)
            return;
        tally->entries = grown;
        tally->cap = cap;
    }
    if (i == tally->count)
        tally->count++;
    tally->entries[i] = (struct tally_entry){.post_id = event->change.subject_id, .count = event->change.value};
    if (event->likes > tally->version)
        tally->version = event->likes;
    room_soon(t, TIMER_ROOM_SOON, LIKES_SOON_MS);
}
