/*
 * News of posts and notices in words, the same ones in a team's room and in the feed's. On the room's home loop.
 */
#ifndef PORCHLIGHT_REALTIME_ROOMS_NEWS_H
#define PORCHLIGHT_REALTIME_ROOMS_NEWS_H

#include "realtime/room.h"

/* `likes`: every like count up to this version was told already, for the cursor that goes with it. */
void news_tell(struct room_turn *t, const struct note_event *event, uint64_t likes);

#endif
