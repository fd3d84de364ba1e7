/*
 * What a server that has too much to do leaves first, so that members feel it last. Each stage has those before it:
 *
 *   1  poll advice stretches as far as it goes    nobody sees it
 *   2  one cheer and one "types" in SHED_ONE_OF is told
 *   3  new sockets wait: 503 with Retry-After, and the client polls meanwhile
 *   4  requests wait likewise, but for those that come from memory or that members would miss most: signing in, likes,
 *      polls of presence and of new posts
 *
 * Two signals decide: jobs that wait for a writer, and how long an HTTP loop's turn took. A stage is entered when two
 * looks in a row ask for it or a higher one; it is left, one stage at a time, after SHED_CALM_MS with less than half of
 * what it took to enter it.
 *
 * shed_decide is pure. shed_look: one thread. The others: any.
 */
#ifndef PORCHLIGHT_BASE_SHED_H
#define PORCHLIGHT_BASE_SHED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum shed_stage { SHED_NOTHING, SHED_ADVICE, SHED_SMALL, SHED_SOCKETS, SHED_REQUESTS, SHED_STAGES };

struct shed_signals {
    int64_t queue;  /* jobs, of the writer that has more */
    int64_t lag_ms; /* the longest turn of a loop since the last look */
};

struct shed_state {
    enum shed_stage stage;
    enum shed_stage wanted;  /* at the last look */
    int64_t calm_since_ms;   /* -1: it is not calm */
};

struct shed_state shed_decide(struct shed_state now, const struct shed_signals *signals, int64_t now_ms);

struct shed {
    struct shed_state state;       /* the looker's */
    int64_t looked_ms;             /* likewise */
    _Atomic int stage;             /* enum shed_stage */
    _Atomic int64_t lag_ms;        /* the longest turn since the last look */
    _Atomic uint64_t small;        /* cheers and "types" that came in stage 2 */
    _Atomic uint64_t entered[SHED_STAGES];
    /* For tests: what is seen instead of what is measured. -1: what is measured. */
    _Atomic int64_t pretended_queue;
};

/* pretends: nothing is measured until a test says what there is to do; how busy its machine is makes no difference. */
void shed_init(struct shed *s, bool pretends);

/* A loop's turn took so long. */
void shed_turned(struct shed *s, int64_t took_ms);

/* Every SHED_LOOK_MS; until then it does nothing. true: the stage is another one than before. */
bool shed_due(const struct shed *s, int64_t now_ms);
bool shed_look(struct shed *s, int64_t queue, int64_t now_ms);

static inline enum shed_stage shed_stage(const struct shed *s)
{
    return (enum shed_stage)atomic_load_explicit(&s->stage, memory_order_relaxed);
}

/* Whether this cheer, or this "types", is told. NULL: nothing is ever too much. */
bool shed_tells_small(struct shed *s);

const char *shed_stage_name(enum shed_stage stage);

#endif
