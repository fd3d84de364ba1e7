/*
 * Timers of one loop: a hashed, hierarchical wheel. Setting, moving and stopping one costs no memory and no search.
 *
 *   level 0: 64 slots of 16 ms   level 1: 64 of 1.024 s   level 2: 64 of 65.5 s   level 3: 64 of 70 min
 *
 * A timer fires in the turn after its time, at most one slot of level 0 late; never early. The loop's thread. Times are
 * monotonic milliseconds, zero and above.
 */
#ifndef PORCHLIGHT_REALTIME_WHEEL_H
#define PORCHLIGHT_REALTIME_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

/* Embedded in what it belongs to, which stays in its place while the timer is set; all zero: not set. */
struct timer {
    struct timer *next;
    struct timer **link; /* what points at it; NULL: not set */
    uint32_t due_tick;   /* of 16 ms, modulo 2^32 */
    uint32_t kind;       /* the owner's: which timer fired */
};

struct wheel;

struct wheel *wheel_create(int64_t now_ms); /* NULL: no memory */
void wheel_free(struct wheel *w);           /* NULL is fine; timers that are set are forgotten */

/* Moves it when it is set. A time in the past is due in the slot after the last turn; one more than 397 days ahead,
   farther than any token of ours holds, is taken for that. */
void wheel_set(struct wheel *w, struct timer *t, int64_t due_ms);
void wheel_stop(struct wheel *w, struct timer *t); /* fine when it is not set */
bool wheel_is_set(const struct timer *t);

/*
 * Fires what is due, earliest first, each after it was taken out, so that `fire` may set and stop any timer, those due
 * in this turn too. What `fire` sets waits for another turn, whatever its time. Not to be called from `fire`.
 */
void wheel_turn(struct wheel *w, int64_t now_ms, void (*fire)(void *arg, struct timer *t), void *arg);

/* Milliseconds until the next turn is needed; -1: no timer is set. May be early by a slot of a higher level, never
   late. */
int64_t wheel_wait_ms(struct wheel *w, int64_t now_ms);

#endif
