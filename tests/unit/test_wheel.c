/*
 * realtime/wheel.h, held against a list that is searched from end to end. The clock is a number that the test moves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "realtime/wheel.h"

#define TICK_MS 16
#define SECOND_MS INT64_C(1000)
#define HOUR_MS (3600 * SECOND_MS)
#define DAY_MS (24 * HOUR_MS)
#define EPOCH_MS (INT64_C(16) << 24) /* the span of all four levels */
#define AHEAD_TICKS_MAX INT32_MAX

/* ---- the naive model --------------------------------------------------------------------------------------------- */

#define TIMERS 40

struct model {
    struct wheel *wheel;
    struct random random;
    struct timer timers[TIMERS];
    int64_t due_ms[TIMERS];   /* as it was set */
    int64_t due_tick[TIMERS]; /* when it may fire; 0: not set */
    int64_t now_ms;
    int64_t turned_tick; /* of the last turn, or of this one while it runs */
    bool turning;
    int64_t last_tick; /* fired in this turn */
    size_t fired;
    size_t moved_while_due;
    size_t stopped_while_due;
};

static int64_t tick_from(int64_t due_ms)
{
    return due_ms / TICK_MS + (due_ms % TICK_MS > 0);
}

static void set(struct model *m, size_t i, int64_t due_ms)
{
    int64_t tick = tick_from(due_ms);
    if (tick <= m->turned_tick)
        tick = m->turned_tick + 1;
    if (tick > m->turned_tick + AHEAD_TICKS_MAX)
        tick = m->turned_tick + AHEAD_TICKS_MAX;
    m->moved_while_due += m->turning && m->due_tick[i] != 0 && m->due_tick[i] <= m->turned_tick;
    m->due_ms[i] = due_ms;
    m->due_tick[i] = tick;
    wheel_set(m->wheel, &m->timers[i], due_ms);
}

static void stop(struct model *m, size_t i)
{
    m->stopped_while_due += m->turning && m->due_tick[i] != 0 && m->due_tick[i] <= m->turned_tick;
    m->due_tick[i] = 0;
    wheel_stop(m->wheel, &m->timers[i]);
}

/* From the past to years ahead, near times more often; often exactly where a slot or a level begins. */
static int64_t random_time(struct model *m)
{
    static const int64_t spans_ms[] = {20,      100,         SECOND_MS,  5 * SECOND_MS, 75 * SECOND_MS,
                                       HOUR_MS, 3 * HOUR_MS, 3 * DAY_MS, 30 * DAY_MS,   600 * DAY_MS};
    struct random *r = &m->random;
    int64_t span_ms = spans_ms[random_below(r, sizeof spans_ms / sizeof *spans_ms)];
    int64_t due_ms = m->now_ms + (int64_t)random_below(r, (size_t)span_ms) - (random_below(r, 8) == 0 ? 50 : 0);
    if (random_below(r, 4) == 0) {
        int64_t grain_ms = INT64_C(16) << 6 * random_below(r, 5);
        due_ms = due_ms / grain_ms * grain_ms + (int64_t)random_below(r, 3) - 1;
    }
    return due_ms;
}

static void act(struct model *m)
{
    size_t i = random_below(&m->random, TIMERS);
    if (random_below(&m->random, 5) < 3)
        set(m, i, random_time(m));
    else
        stop(m, i);
}

static void on_fire(void *arg, struct timer *t)
{
    struct model *m = arg;
    size_t i = t->kind;
    assert_ptr_equal(t, &m->timers[i]);
    assert_true(m->due_tick[i] != 0);
    assert_false(wheel_is_set(t));
    assert_in_range(m->due_tick[i], m->last_tick, m->turned_tick);
    if (m->due_ms[i] > m->now_ms) /* early: only what was farther ahead than the wheel can tell */
        assert_true(tick_from(m->due_ms[i]) > m->due_tick[i]);
    m->last_tick = m->due_tick[i];
    m->due_tick[i] = 0;
    m->fired++;
    while (random_below(&m->random, 3) == 0)
        act(m);
    if (random_below(&m->random, 8) == 0)
        set(m, i, m->now_ms);                                               /* again, at once: in the next turn */
    for (size_t k = 0; random_below(&m->random, 4) == 0 && k < TIMERS; k++) /* and those of this very turn */
        if (m->due_tick[k] != 0 && m->due_tick[k] <= m->turned_tick) {
            if (random_below(&m->random, 2) == 0)
                stop(m, k);
            else
                set(m, k, random_time(m));
        }
}

static void turn(struct model *m)
{
    m->turning = true;
    m->turned_tick = m->now_ms / TICK_MS;
    m->last_tick = 0;
    wheel_turn(m->wheel, m->now_ms, on_fire, m);
    m->turning = false;
}

/* Nothing is overdue, nothing is lost, and who sleeps as long as told sleeps past no timer. */
static void check(struct model *m)
{
    int64_t first_tick = INT64_MAX;
    for (size_t i = 0; i < TIMERS; i++) {
        assert_int_equal(wheel_is_set(&m->timers[i]), m->due_tick[i] != 0);
        if (m->due_tick[i] == 0)
            continue;
        assert_true(m->due_tick[i] > m->turned_tick);
        if (m->due_tick[i] < first_tick)
            first_tick = m->due_tick[i];
    }
    int64_t wait_ms = wheel_wait_ms(m->wheel, m->now_ms);
    if (first_tick == INT64_MAX) {
        assert_int_equal(wait_ms, -1);
        return;
    }
    assert_true(wait_ms >= 0);
    assert_true(wait_ms == 0 || m->now_ms + wait_ms <= first_tick * TICK_MS);
}

static void model_init(struct model *m, struct random random, int64_t now_ms)
{
    *m = (struct model){.random = random, .now_ms = now_ms, .turned_tick = now_ms / TICK_MS};
    m->wheel = wheel_create(now_ms);
    assert_non_null(m->wheel);
    for (size_t i = 0; i < TIMERS; i++)
        m->timers[i].kind = (uint32_t)i;
}

/* 1. Random histories: each timer fires once, in the turn of its tick, in order, whatever else is set and stopped. */
static void random_histories_match_a_list(void **state)
{
    (void)state;
    struct random r = random_seeded();
    static const int64_t starts_ms[] = {0, EPOCH_MS - 5000, (INT64_C(16) << 31) - 40, (INT64_C(16) << 32) - DAY_MS,
                                        INT64_C(1) << 45};
    size_t fired = 0;
    size_t moved = 0;
    size_t stopped = 0;
    for (int round = 0; round < 400; round++) {
        static struct model m;
        model_init(&m, r, starts_ms[round % 5] + (int64_t)random_below(&r, 3000));
        for (int n = 0; n < 1000; n++) {
            static const int64_t jumps_ms[] = {2, 17, 40, 300, 2000, 70 * SECOND_MS, 2 * HOUR_MS, 3 * DAY_MS};
            for (size_t k = random_below(&m.random, 4); k > 0; k--)
                act(&m);
            check(&m);
            if (random_below(&m.random, 3) == 0) { /* as the loop does */
                int64_t wait_ms = wheel_wait_ms(m.wheel, m.now_ms);
                m.now_ms += wait_ms > 0 ? wait_ms : 0;
            } else {
                m.now_ms += 1 + (int64_t)random_below(&m.random, (size_t)jumps_ms[random_below(&m.random, 8)]);
            }
            if (random_below(&m.random, 5) > 0) { /* or time passes, and timers are set, before the next turn */
                turn(&m);
                check(&m);
            }
        }
        for (size_t i = 0; i < TIMERS; i++)
            stop(&m, i);
        check(&m);
        fired += m.fired;
        moved += m.moved_while_due;
        stopped += m.stopped_while_due;
        r = m.random;
        wheel_free(m.wheel);
    }
    assert_in_range(fired, 20000, 10000000);
    assert_in_range(moved, 1000, 10000000);
    assert_in_range(stopped, 1000, 10000000);
}

/* ---- single goals ------------------------------------------------------------------------------------------------ */

static void count_fire(void *arg, struct timer *t)
{
    assert_false(wheel_is_set(t));
    ++*(size_t *)arg;
}

/* 2. A wheel without timers asks for no turn, also after some were stopped or have fired. */
static void an_idle_wheel_sleeps(void **state)
{
    (void)state;
    struct wheel *w = wheel_create(5);
    struct timer a = {0};
    struct timer b = {0};
    size_t fired = 0;
    assert_int_equal(wheel_wait_ms(w, 5), -1);
    wheel_stop(w, &a); /* not set: fine */
    wheel_set(w, &a, 90 * SECOND_MS);
    wheel_set(w, &b, EPOCH_MS * 3);
    wheel_set(w, &a, 95 * SECOND_MS);
    assert_true(wheel_wait_ms(w, 5) >= 0);
    wheel_stop(w, &a);
    wheel_stop(w, &b);
    wheel_stop(w, &b);
    assert_int_equal(wheel_wait_ms(w, 5), -1);
    wheel_set(w, &a, 1);
    wheel_turn(w, 1000, count_fire, &fired);
    assert_int_equal(fired, 1);
    assert_int_equal(wheel_wait_ms(w, 1000), -1);
    wheel_free(w);
    wheel_free(NULL);
}

/* 3. To the millisecond: not before its time, and at the latest one slot after it. */
static void never_early_and_hardly_late(void **state)
{
    (void)state;
    static const int64_t waits_ms[] = {1,
                                       15,
                                       16,
                                       17,
                                       1023,
                                       1024,
                                       1025,
                                       65535,
                                       65536,
                                       75000,
                                       4194304,
                                       EPOCH_MS + 1,
                                       TICK_MS * (int64_t)AHEAD_TICKS_MAX - TICK_MS};
    for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++)
        for (int64_t start_ms = 1000; start_ms < 1000 + 40; start_ms++) {
            struct wheel *w = wheel_create(start_ms);
            struct timer t = {0};
            size_t fired = 0;
            wheel_set(w, &t, start_ms + waits_ms[i]);
            wheel_turn(w, start_ms + waits_ms[i] - 1, count_fire, &fired);
            assert_int_equal(fired, 0);
            assert_true(wheel_is_set(&t));
            wheel_turn(w, start_ms + waits_ms[i] - 1000, count_fire, &fired); /* a clock that went back is no time */
            assert_int_equal(fired, 0);
            wheel_turn(w, start_ms + waits_ms[i] + TICK_MS - 1, count_fire, &fired);
            assert_int_equal(fired, 1);
            wheel_free(w);
        }
}

/* 4. What is farther ahead than 397 days is taken for that; a past time is the next turn's. */
static void times_out_of_reach(void **state)
{
    (void)state;
    static const int64_t far_ms = TICK_MS * (int64_t)AHEAD_TICKS_MAX;
    struct wheel *w = wheel_create(160);
    struct timer far = {0};
    struct timer past = {0};
    size_t fired = 0;
    wheel_set(w, &far, INT64_MAX);
    wheel_set(w, &past, INT64_MIN);
    assert_int_equal(wheel_wait_ms(w, 160), 16);
    wheel_turn(w, 176, count_fire, &fired);
    assert_int_equal(fired, 1);
    wheel_turn(w, 160 + far_ms - 1, count_fire, &fired);
    assert_int_equal(fired, 1);
    wheel_turn(w, 160 + far_ms, count_fire, &fired);
    assert_int_equal(fired, 2);
    wheel_free(w);
}

/* 5. Who sleeps as long as told wakes a few times on the way to a timer: once for each level, and for each epoch. */
static void few_turns_on_the_way(void **state)
{
    (void)state;
    static const int64_t waits_ms[] = {10, 900, 75000, 2 * HOUR_MS, 2 * DAY_MS, 30 * DAY_MS, 366 * DAY_MS};
    for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) {
        int64_t now_ms = 123456789;
        struct wheel *w = wheel_create(now_ms);
        struct timer t = {0};
        size_t fired = 0;
        int64_t turns = 0;
        int64_t due_ms = now_ms + waits_ms[i];
        wheel_set(w, &t, due_ms);
        while (fired == 0) {
            int64_t wait_ms = wheel_wait_ms(w, now_ms);
            assert_true(wait_ms > 0);
            now_ms += wait_ms;
            wheel_turn(w, now_ms, count_fire, &fired);
            turns++;
        }
        assert_in_range(turns, 1, 5 + waits_ms[i] / EPOCH_MS);
        assert_in_range(now_ms, due_ms, due_ms + TICK_MS - 1);
        wheel_free(w);
    }
}

/* 6. Days cost nothing: a wheel that looked at each of these 10^12 ticks would not come to an end. */
static void days_are_jumped_over(void **state)
{
    (void)state;
    struct wheel *w = wheel_create(0);
    struct timer far = {0};
    struct timer near = {0};
    size_t fired = 0;
    int64_t now_ms = 0;
    for (size_t i = 0; i < 100000; i++) {
        wheel_set(w, &far, now_ms + 300 * DAY_MS);
        wheel_set(w, &near, now_ms + 75 * SECOND_MS);
        now_ms += 3 * DAY_MS;
        wheel_turn(w, now_ms, count_fire, &fired);
        assert_int_equal(fired, i + 1);
        assert_true(wheel_is_set(&far));
    }
    wheel_free(w);
}

struct ring {
    struct wheel *wheel;
    struct timer timers[3];
    size_t fired;
    int64_t now_ms;
    bool rearm;
};

static void stop_the_others(void *arg, struct timer *t)
{
    struct ring *ring = arg;
    ring->fired++;
    for (size_t i = 0; i < 3; i++)
        if (!ring->rearm)
            wheel_stop(ring->wheel, &ring->timers[i]);
        else
            wheel_set(ring->wheel, &ring->timers[i], ring->now_ms);
    assert_int_equal(wheel_is_set(t), ring->rearm);
}

/* 7. Of timers that are due together the first stops the others; or sets all again, which fire in the next turn. */
static void fire_may_touch_all(void **state)
{
    (void)state;
    struct ring ring = {.wheel = wheel_create(0)};
    for (int rearm = 0; rearm < 2; rearm++) {
        ring.rearm = rearm;
        ring.fired = 0;
        for (size_t i = 0; i < 3; i++)
            wheel_set(ring.wheel, &ring.timers[i], ring.now_ms + 10 + (int64_t)i * 30);
        for (size_t turns = 1; turns <= 4; turns++) {
            ring.now_ms += 1000;
            wheel_turn(ring.wheel, ring.now_ms, stop_the_others, &ring);
            assert_int_equal(ring.fired, rearm ? turns : 1);
        }
        assert_int_equal(wheel_wait_ms(ring.wheel, ring.now_ms) < 0, !rearm);
        for (size_t i = 0; i < 3; i++)
            wheel_stop(ring.wheel, &ring.timers[i]);
    }
    wheel_free(ring.wheel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_histories_match_a_list),
        cmocka_unit_test(an_idle_wheel_sleeps),
        cmocka_unit_test(never_early_and_hardly_late),
        cmocka_unit_test(times_out_of_reach),
        cmocka_unit_test(few_turns_on_the_way),
        cmocka_unit_test(days_are_jumped_over),
        cmocka_unit_test(fire_may_touch_all),
    };
    return cmocka_run_group_tests_name("wheel", tests, NULL, NULL);
}
