/*
 * How a socket comes into its room without a gap, and back to what it missed. The loop's thread.
 *
 *   enter ── memory says that nothing was missed ──> WELCOME
 *     └──── otherwise ── desk_catch_take ──> rooms writer ── NOTE_CAUGHT ──> join_caught: WELCOME and what was missed
 *
 * Meanwhile the room's messages are held back (`catching`); when one was (`skipped`), what it said is read as well.
 * Refusals are told to the socket.
 */
#ifndef PORCHLIGHT_REALTIME_JOIN_H
#define PORCHLIGHT_REALTIME_JOIN_H

#include "realtime/desk.h"
#include "realtime/reactor.h"

struct room;
struct socket;

/* A new socket: enters the room of that name (NULL: its path's own, if there is one), and hears what came after `since`
   (NULL: from now on). */
void join_begin(struct reactor *r, struct socket *s, const char *room, const struct cursor *since);

/* JOIN_TEAM. */
void join_team(struct reactor *r, struct socket *s, const struct message *m);

/* What came after a message that the client has. An answer that is on its way already is passed over for this one. */
void join_sync(struct reactor *r, struct socket *s, const struct message *m);

/* The desk's answer. */
void join_caught(struct reactor *r, struct desk_catch *answer);

/* It has missed something: asks for all since what it was told last, or, when it has asked already, once more then. */
void join_catch_up(struct reactor *r, struct socket *s);

/* Asks, as soon as the desk has room: at once, or it waits (members.h). */
void join_read_missed(struct reactor *r, struct socket *s);

/* After a hot restart: back in the room as if nothing had been. `catching`: what it missed has to be read. */
void join_resume(struct reactor *r, struct socket *s, struct room *room, bool catching);

#endif
