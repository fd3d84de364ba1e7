/*
 * The newest state of a team's counters and channels, which its room gathers before it tells them: of many changes of
 * one thing only the last is told. On the room's home loop.
 */
#ifndef PORCHLIGHT_REALTIME_ROOMS_NEWEST_H
#define PORCHLIGHT_REALTIME_ROOMS_NEWEST_H

#include "realtime/room.h"

struct newest_entry;

/* All zero: empty. */
struct newest {
    struct newest_entry *entries;
    size_t count;
    size_t cap;
};

/* Takes the event's text. Without memory it is told at once. */
void newest_add_take(struct room_turn *t, struct newest *newest, struct note_event *event);

/* Each as it was given; nothing is left afterwards. */
void newest_tell(struct room_turn *t, struct newest *newest);
void newest_clear(struct newest *newest); /* frees */

#endif
