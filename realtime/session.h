/*
 * What a client's messages do: the conversation of one socket, above its frames and below its room. The loop's thread.
 *
 *   JOIN_TEAM   enters the room, then WELCOME and what was missed: at once when memory says that it is nothing,
 * otherwise through the desk. Meanwhile the room's messages are held back, and what was held back is read too.
 *   POST_LIKE   likes_submit; NOTE_LIKED brings the answer when it is durable
 *   SEND_CHEER  to the room's home, which says it to everybody and answers
 *   what a kind writes   the desk; NOTE_WRITTEN brings the answer when it is durable
 *   what a kind hears    to the room's home
 *   AUTH        the desk looks at the token
 */
#ifndef PORCHLIGHT_REALTIME_SESSION_H
#define PORCHLIGHT_REALTIME_SESSION_H

#include "realtime/desk.h"
#include "realtime/reactor.h"
#include "realtime/socket.h"

struct session_like;
void session_like_free(struct session_like *like);

/* A new socket: enters the room of that name (NULL: its path's own, if there is one), and hears what came after `since`
   (NULL: from now on). */
void session_begin(struct reactor *r, struct socket *s, const char *room, const struct cursor *since);

/* A text message. Its member's rate has been taken. */
void session_message(struct reactor *r, struct socket *s, const char *bytes, size_t len);

/* A message that came too fast is refused, with its id when one is found in what is given of it. */
void session_too_fast(struct reactor *r, struct socket *s, const char *bytes, size_t len, int64_t wait_ms);

/* Leaves the room and presence; the socket stays open. */
void session_leave(struct reactor *r, struct socket *s);

/* What the loop's notes say. */
void session_caught(struct reactor *r, struct desk_catch *answer);
void session_checked(struct reactor *r, struct desk_check *answer);
void session_token(struct reactor *r, struct desk_token *answer);
void session_liked(struct reactor *r, struct session_like *like);
void session_written(struct reactor *r, struct desk_write *write);
void session_doubt(struct reactor *r, int64_t user_id);     /* 0: everybody */
void session_catch_up(struct reactor *r, struct socket *s); /* from what it was told last */

/* Asks the desk for sockets that wait (reactor.later), as far as it has room. */
void session_take_up(struct reactor *r);

/* After a hot restart: back in the room as if nothing had been. `catching`: what it missed has to be read. */
void session_resume(struct reactor *r, struct socket *s, struct room *room, bool catching);

/* The ids of cheers that were seen, from image to image. */
void session_pack_cheers(const struct reactor *r, struct buf *out);
void session_unpack_cheers(struct reactor *r, struct pack_reader *from);

/* A cheer that came by HTTP. */
void session_cheer(struct reactor *r, struct note *note);

#endif
