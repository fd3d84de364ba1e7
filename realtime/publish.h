/*
 * What was committed, on its way to the rooms that it concerns: a note to each room's home loop. What cannot be posted
 * is not lost: the loops' sockets read it from the database (reactor_gap). The main writer's and the rooms writer's
 * thread, after the commit and in its order.
 */
#ifndef PORCHLIGHT_REALTIME_PUBLISH_H
#define PORCHLIGHT_REALTIME_PUBLISH_H

#include "db/tx.h"
#include "realtime/hub.h"

/* As realtime_published has it (realtime.h). */
void publish_changes(struct realtime *rt, const struct change *changes, size_t count, struct db *read);

/* A member (0: everybody) may no longer be who they were: told to the loops. Any thread. */
void publish_doubt(struct realtime *rt, int64_t user_id);

/* What was committed, for kinds to put into words. The main writer's thread. */
struct telling {
    struct realtime *rt;
    const struct change *change;
    struct db *read;     /* on which its rows can be read */
    struct arena *arena; /* emptied after each change */
    int64_t born_us;
};

/* Words for a room (a name; NULL: the team's), if anybody is there: they become a NOTE_EVENT with a text. `topic` as in
   struct room_words. */
bool publish_listens(const struct telling *t, const char *room);
void publish_tell(const struct telling *t, const char *room, const struct buf *json, uint8_t topic);

#endif
