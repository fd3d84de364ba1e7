/*
 * Who has heard what lately: of each member how far the answer to their last poll went, when a socket of theirs last
 * said something, and until when they are expected to ask again. Push asks it whether a notice still has to be sent.
 *
 * In memory, a table of REACH_SLOTS places by user id: two members who share a place push each other out, and whoever
 * is not found counts as away; then a push is one too many at worst. Each place holds one team, the last one asked for.
 * Times are monotonic. Any thread; a lock for every REACH_LOCKS-th place, held for a few instructions.
 */
#ifndef PORCHLIGHT_DB_REACH_H
#define PORCHLIGHT_DB_REACH_H

#include <stdint.h>

struct reach;

struct reach *reach_create(void); /* NULL: no memory */
void reach_free(struct reach *r); /* NULL is fine */

/* An answer that tells the team's events up to `seq`. The member will ask again before `until_ms`. */
void reach_polled(struct reach *r, int64_t user_id, int64_t team_id, int64_t seq, int64_t until_ms);

/* A socket of theirs in the team's room is alive at `now_ms`, and says so again before `until_ms`. NULL is fine. */
void reach_heard(struct reach *r, int64_t user_id, int64_t team_id, int64_t now_ms, int64_t until_ms);

/* One of theirs has come into the room, and has yet to say something. NULL is fine. */
void reach_expected(struct reach *r, int64_t user_id, int64_t team_id, int64_t until_ms);

/* They put the app away: nothing more is expected. */
void reach_left(struct reach *r, int64_t user_id);

enum reach_state {
    REACH_AWAY,
    REACH_HERE, /* not told yet as far as we know, but they are expected to hear of it soon */
    REACH_TOLD,
};

struct reach_question {
    int64_t user_id;
    int64_t team_id; /* 0: what is told to everybody */
    int64_t seq;     /* of the event in question */
    int64_t told_ms; /* from when on a living socket has been told */
    int64_t now_ms;
};
enum reach_state reach_of(struct reach *r, const struct reach_question *question);

#endif
