/*
 * What a socket has received: bytes become frames, frames become messages, each at its member's rate.
 *
 *   bytes ─> frame.h ─> inflated, UTF-8 ─> session_message, or the path's own `message` (kinds.h)
 *              └─> ping: a pong; close: socket_heard_close; what breaks the protocol: socket_fail
 *
 * A frame reader is kept only while a message is half read. The loop's thread.
 */
#ifndef PORCHLIGHT_REALTIME_RECEIVE_H
#define PORCHLIGHT_REALTIME_RECEIVE_H

#include "realtime/reactor.h"

struct socket;

/* What was received counts for so many messages more. 0: it may; otherwise the milliseconds until it may come again,
   and the socket may be closed already. */
int64_t receive_count(struct reactor *r, struct socket *s, size_t more);

/* The bytes are unmasked in place. The socket may be closed by them, and dead afterwards. */
void receive_data(struct reactor *r, struct socket *s, unsigned char *bytes, size_t len);

#endif
