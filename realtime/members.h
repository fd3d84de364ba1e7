/*
 * Who is at a loop: a hash table from a member's id to the chain of their sockets (reactor.members), open addressing,
 * never more than three quarters full. It owns no socket. The loop's thread.
 */
#ifndef PORCHLIGHT_REALTIME_MEMBERS_H
#define PORCHLIGHT_REALTIME_MEMBERS_H

#include "realtime/reactor.h"

struct socket;

bool members_make_room(struct reactor *r); /* for one more member; false: no memory */
void members_add(struct reactor *r, struct socket *s);
void members_remove(struct reactor *r, struct socket *s);

/* A member's sockets: the first; then by member_next. NULL: none. */
struct socket *members_first_of(struct reactor *r, int64_t user_id);
struct socket *members_find(struct reactor *r, const struct address *where);

/* The desk has no room for more: the socket waits its turn (session_take_up). */
enum members_wait { WAITS_TO_CATCH_UP, WAITS_TO_BE_CHECKED };
void members_put_off(struct reactor *r, struct socket *s, enum members_wait what);

#endif
