/*
 * Cheers on their way to a room: from a socket or by HTTP, each once. A member's loop remembers the ids of the last
 * CHEERS_REMEMBERED, since all of a member's sockets are there; without memory a resend may be a second cheer. The
 * loop's thread.
 */
#ifndef PORCHLIGHT_REALTIME_CHEERS_H
#define PORCHLIGHT_REALTIME_CHEERS_H

#include "base/pack.h"
#include "realtime/message.h"
#include "realtime/reactor.h"

struct socket;

/* SEND_CHEER: to the room's home, which says it to everybody and answers. A resend is answered here. */
void cheers_send(struct reactor *r, struct socket *s, const struct message *m);

/* One that came by HTTP (NOTE_CHEER, not routed): its member's loop sends it on. */
void cheers_route(struct reactor *r, struct note *note);

/* What is remembered, from image to image of the program. */
void cheers_pack(const struct reactor *r, struct buf *out);
void cheers_unpack(struct reactor *r, struct pack_reader *from);

#endif
