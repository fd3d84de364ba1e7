/*
 * Like counts that a room gathers for LIKES_SOON_MS before it tells them, one a post. On the room's home loop.
 */
#ifndef PORCHLIGHT_REALTIME_ROOMS_TALLY_H
#define PORCHLIGHT_REALTIME_ROOMS_TALLY_H

#include "realtime/room.h"

struct tally_entry;

/* All zero: empty. */
struct tally {
    struct tally_entry *entries;
    size_t count;
    size_t cap;
    uint64_t version; /* the newest that was heard */
};

/* Without memory the version stays behind: who returns with a cursor hears the count then. */
void tally_add(struct room_turn *t, struct tally *tally, const struct note_event *event);

/* LIKE_UPDATE for each; the tally is empty afterwards. */
void tally_tell(struct room_turn *t, struct tally *tally);
void tally_clear(struct tally *tally); /* frees */

#endif
