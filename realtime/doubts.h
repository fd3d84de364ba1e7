/*
 * Whether who is at a socket may still be there, and who they are now. The loop's thread.
 *
 *   doubts_raise ── desk_check_take ──> rooms writer ── NOTE_CHECKED ──> doubts_checked: closed, or renewed
 *   AUTH         ── desk_token_take ──> rooms writer ── NOTE_TOKEN ────> doubts_token: renewed, or refused
 *
 * What cannot be looked at again is closed, so that the client comes back with its token.
 */
#ifndef PORCHLIGHT_REALTIME_DOUBTS_H
#define PORCHLIGHT_REALTIME_DOUBTS_H

#include "realtime/desk.h"
#include "realtime/reactor.h"

struct socket;

void doubts_raise(struct reactor *r, int64_t user_id);   /* 0: about everybody; below: about nobody */
void doubts_take_up(struct reactor *r, int64_t user_id); /* one that waited until the desk has room */
void doubts_authenticate(struct reactor *r, struct socket *s, const struct message *m); /* AUTH */

/* The desk's answers. */
void doubts_checked(struct reactor *r, struct desk_check *answer);
void doubts_token(struct reactor *r, struct desk_token *answer);

#endif
