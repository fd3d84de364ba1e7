/*
 * The wheel. Time is counted in ticks of 16 ms; a tick's number has a digit of 6 bits for each level:
 *
 *   tick    ...epoch | digit 3 | digit 2 | digit 1 | digit 0
 *
 * A timer stands on the level of the highest digit in which its tick differs from now, in that digit's slot; with
 * another epoch it stands in `beyond`. So whatever is set on a level comes before all that is set above it, every slot
 * in use lies ahead of the level's present digit, and the next thing to happen is the first used slot of the lowest
 * level that has one. When now reaches a slot, its timers are due or move down. Between two such moments time jumps:
 * what a turn costs depends on the timers that move, never on the ticks that passed.
 *
 * A bit of `used` may stand for a slot whose timers were stopped: it is cleared when it is looked at. `due` holds what
 * this turn fires; a timer is stopped there as in any slot.
 */
#include "realtime/wheel.h"

#include <assert.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/limits.h"

#define TICK_MS 16
#define LEVELS 4
#define DIGIT_BITS 6
#define SLOTS (1 << DIGIT_BITS)
#define AHEAD_MAX INT32_MAX /* ticks: a timer keeps 32 bits of its own, from which the rest follows */

static_assert(TOKEN_TTL_MAX_S * INT64_C(1000) / TICK_MS < AHEAD_MAX, "no wait is longer than the life of a token");

struct wheel {
    int64_t tick; /* what was due up to here has fired */
    uint64_t used[LEVELS];
    struct timer *slots[LEVELS][SLOTS];
    struct timer *beyond;
    struct timer *due;
};

/* The next moment at which timers move. */
struct moment {
    int64_t tick;
    struct timer **slot; /* NULL: no timer is set */
};

struct wheel *wheel_create(int64_t now_ms)
{
    assert(now_ms >= 0);
    struct wheel *w = calloc(1, sizeof *w);
    if (w != NULL)
        w->tick = now_ms / TICK_MS;
    return w;
}

void wheel_free(struct wheel *w)
{
    free(w);
}

static void put(struct timer **list, struct timer *t)
{
    t->next = *list;
    t->link = list;
    if (t->next != NULL)
        t->next->link = &t->next;
    *list = t;
}

static void take(struct timer *t)
{
    *t->link = t->next;
    if (t->next != NULL)
        t->next->link = t->link;
    t->next = NULL;
    t->link = NULL;
}

/* Puts a timer that is not due yet into its slot. */
static void place(struct wheel *w, struct timer *t, int64_t due_tick)
{
    uint64_t differs = (uint64_t)(due_tick ^ w->tick);
    int level = bits_highest(differs) / DIGIT_BITS;
    if (level >= LEVELS) {
        put(&w->beyond, t);
        return;
    }
    int digit = (int)(due_tick >> (level * DIGIT_BITS)) & (SLOTS - 1);
    w->used[level] |= UINT64_C(1) << digit;
    put(&w->slots[level][digit], t);
}

void wheel_set(struct wheel *w, struct timer *t, int64_t due_ms)
{
    int64_t due_tick = due_ms / TICK_MS + (due_ms % TICK_MS > 0); /* rounded up: never early */
    if (due_tick <= w->tick)
        due_tick = w->tick + 1;
    if (due_tick - w->tick > AHEAD_MAX)
        due_tick = w->tick + AHEAD_MAX;
    wheel_stop(w, t);
    t->due_tick = (uint32_t)due_tick;
    place(w, t, due_tick);
}

void wheel_stop(struct wheel *w, struct timer *t)
{
    (void)w; /* whose timer it is: the list is found from the timer */
    if (t->link != NULL)
        take(t);
}

bool wheel_is_set(const struct timer *t)
{
    return t->link != NULL;
}

static struct moment next_moment(struct wheel *w)
{
    for (int level = 0; level < LEVELS; level++)
        while (w->used[level] != 0) {
            int digit = bits_lowest(w->used[level]);
            struct timer **slot = &w->slots[level][digit];
            int64_t above = w->tick >> ((level + 1) * DIGIT_BITS) << DIGIT_BITS;
            if (*slot != NULL)
                return (struct moment){.tick = (above | digit) << (level * DIGIT_BITS), .slot = slot};
            w->used[level] &= w->used[level] - 1;
        }
    int64_t epoch = w->tick >> (LEVELS * DIGIT_BITS);
    return (struct moment){.tick = (epoch + 1) << (LEVELS * DIGIT_BITS), .slot = w->beyond ? &w->beyond : NULL};
}

/* Moves now to where a slot begins. Its timers go down to a lower level or, those of this tick, to the end of `due`. */
static void reach(struct wheel *w, const struct moment *m, struct timer ***end)
{
    assert(m->tick > w->tick);
    w->tick = m->tick;
    struct timer *t = *m->slot;
    *m->slot = NULL;
    while (t != NULL) {
        struct timer *next = t->next;
        int32_t ahead = (int32_t)(t->due_tick - (uint32_t)w->tick);
        assert(ahead >= 0);
        if (ahead > 0) {
            place(w, t, w->tick + ahead);
        } else {
            put(*end, t);
            *end = &t->next;
        }
        t = next;
    }
}

void wheel_turn(struct wheel *w, int64_t now_ms, void (*fire)(void *arg, struct timer *t), void *arg)
{
    assert(w->due == NULL);
    int64_t now_tick = now_ms / TICK_MS;
    struct timer **end = &w->due;
    struct moment m;
    while ((m = next_moment(w)).slot != NULL && m.tick <= now_tick)
        reach(w, &m, &end);
    if (now_tick > w->tick)
        w->tick = now_tick;
    /* All are in one list before the first fires, and now is now: what is set meanwhile comes after this turn. */
    while (w->due != NULL) {
        struct timer *t = w->due;
        take(t);
        fire(arg, t);
    }
}

int64_t wheel_wait_ms(struct wheel *w, int64_t now_ms)
{
    if (w->due != NULL)
        return 0;
    struct moment m = next_moment(w);
    if (m.slot == NULL)
        return -1;
    int64_t due_ms = m.tick * TICK_MS;
    return due_ms > now_ms ? due_ms - now_ms : 0;
}
