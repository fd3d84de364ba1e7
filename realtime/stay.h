/*
 * A socket's stay in its room: in the room's list, and in the presence of the team whose room it is. The loop's thread.
 * A stay that cannot be counted for lack of memory is not counted; the socket is in its room all the same.
 */
#ifndef PORCHLIGHT_REALTIME_STAY_H
#define PORCHLIGHT_REALTIME_STAY_H

#include "realtime/reactor.h"

struct socket;

/* It is in its room, and counts as here from now on. Nothing in a room that is no team's. */
void stay_begin(struct reactor *r, struct socket *s);

/* It has said something: what was told in a team's room before is known to have arrived (db/reach.h). */
void stay_heard(struct reactor *r, const struct socket *s);

/* It counts as here for the grace still, and then no longer. */
void stay_end(struct reactor *r, struct socket *s, int64_t grace_ms);

/* Its attachment is another: counted anew by that, and nobody is seen to leave. */
void stay_renew(struct reactor *r, struct socket *s);

/* Leaves presence and the room; the socket stays open. Answers of the desk that are on their way are out of date. */
void stay_leave(struct reactor *r, struct socket *s);

#endif
