/*
 * What a client's messages do: the conversation of one socket, above its frames and below its room. The loop's thread.
 *
 *   JOIN_TEAM, sync       join.h: into the room, and what was missed
 *   POST_LIKE, ...        writes.h: answered when it is durable, like what the room's kind writes
 *   SEND_CHEER            cheers.h: to the room's home, which says it to everybody and answers
 *   AUTH                  doubts.h: the desk looks at the token
 *   what a kind hears     to the room's home, from here
 */
#ifndef PORCHLIGHT_REALTIME_SESSION_H
#define PORCHLIGHT_REALTIME_SESSION_H

#include "realtime/reactor.h"

struct socket;

/* A text message. Its member's rate has been taken. */
void session_message(struct reactor *r, struct socket *s, const char *bytes, size_t len);

/* A message that came too fast is refused, with its id when one is found in what is given of it. */
void session_too_fast(struct reactor *r, struct socket *s, const char *bytes, size_t len, int64_t wait_ms);

/* Asks the desk for sockets that wait (members.h), as far as it has room. */
void session_take_up(struct reactor *r);

#endif
