/* api/samples.h: differences of counters, the ring's end, and what half of the requests took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "api/samples.h"

#define T0 INT64_C(1700000000000)
#define START_MS 5000

static int setup(void **state)
{
    struct samples *s = calloc(1, sizeof *s);
    *state = s;
    if (s == NULL)
        return -1;
    samples_init(s, START_MS);
    return 0;
}

static int teardown(void **state)
{
    samples_clear(*state);
    free(*state);
    return 0;
}

static struct sample newest(struct samples *s)
{
    static struct sample out[SAMPLES_KEPT];
    size_t count = samples_copy(s, out);
    assert_true(count > 0);
    return out[count - 1];
}

/* 1. A sample is due every ten seconds and not before. */
static void due_every_ten_seconds(void **state)
{
    struct samples *s = *state;
    struct sample out[SAMPLES_KEPT];
    assert_false(samples_due(s, START_MS + SAMPLE_EVERY_MS - 1));
    assert_true(samples_due(s, START_MS + SAMPLE_EVERY_MS));
    assert_int_equal(samples_copy(s, out), 0);
    samples_add(s, &(struct samples_reading){.now_ms = START_MS + 12000, .wall_ms = T0});
    assert_false(samples_due(s, START_MS + 12000 + SAMPLE_EVERY_MS - 1));
    assert_true(samples_due(s, START_MS + 12000 + SAMPLE_EVERY_MS));
    assert_int_equal(samples_copy(s, out), 1);
}

/* 2. Counters go on, a sample has what came since the one before; a late one is spread over its own time. */
static void counters_become_differences(void **state)
{
    struct samples *s = *state;
    struct samples_reading r = {.now_ms = START_MS + 10000, .wall_ms = T0, .here = 4, .sockets = 2};
    r.stage = SHED_SMALL;
    r.totals.polls = 45;
    r.likes_flushed = 7;
    samples_add(s, &r);
    struct sample it = newest(s);
    assert_int_equal(it.at_ms, T0);
    assert_int_equal(it.here, 4);
    assert_int_equal(it.sockets, 2);
    assert_int_equal(it.polls_tenths, 45);
    assert_int_equal(it.likes_flushed, 7);
    assert_int_equal(it.stage, SHED_SMALL);
    r.now_ms += 20000;
    r.totals.polls += 10;
    r.stage = SHED_NOTHING;
    samples_add(s, &r);
    it = newest(s);
    assert_int_equal(it.polls_tenths, 5);
    r.now_ms += 10200;
    r.totals.polls += 2;
    samples_add(s, &r);
    assert_int_equal(newest(s).polls_tenths, 2); /* rounded */
    assert_int_equal(it.likes_flushed, 0);
    assert_int_equal(it.stage, SHED_NOTHING);
}

/* 3. Percentiles are of this sample's requests alone; none is no number, and the slowest have the last bucket's. */
static void percentiles_are_bounds_of_buckets(void **state)
{
    struct samples *s = *state;
    struct samples_reading r = {.now_ms = START_MS + 10000};
    r.totals.buckets[0] = 50;
    r.totals.buckets[3] = 49;
    r.totals.buckets[METRICS_BUCKETS - 1] = 1;
    samples_add(s, &r);
    assert_int_equal(newest(s).p50_tenths_ms, 1);
    assert_int_equal(newest(s).p99_tenths_ms, 8);
    r.now_ms += 10000;
    samples_add(s, &r);
    assert_int_equal(newest(s).p50_tenths_ms, -1);
    assert_int_equal(newest(s).p99_tenths_ms, -1);
    r.now_ms += 10000;
    r.totals.buckets[2] += 97;
    r.totals.buckets[METRICS_BUCKETS - 1] += 3;
    samples_add(s, &r);
    assert_int_equal(newest(s).p50_tenths_ms, 4);
    assert_int_equal(newest(s).p99_tenths_ms, 32768);
}

/* 4. The ring has an end: the oldest make room, and the order stays. */
static void the_oldest_make_room(void **state)
{
    struct samples *s = *state;
    struct sample out[SAMPLES_KEPT];
    for (int64_t i = 1; i <= SAMPLES_KEPT + 5; i++) {
        samples_add(s, &(struct samples_reading){.now_ms = START_MS + i * 10000, .wall_ms = T0 + i, .here = i});
        assert_int_equal(samples_copy(s, out), i < SAMPLES_KEPT ? i : SAMPLES_KEPT);
    }
    for (int64_t i = 0; i < SAMPLES_KEPT; i++) {
        assert_int_equal(out[i].here, i + 6);
        assert_int_equal(out[i].at_ms, T0 + i + 6);
    }
}

/* 5. Several in one: the most of each, and all likes. */
static void folding_keeps_the_most(void **state)
{
    const struct sample two[] = {
        {.at_ms = 1, .here = 9, .sockets = 1, .p50_tenths_ms = -1, .p99_tenths_ms = -1, .likes_flushed = 2},
        {.at_ms = 2, .here = 3, .sockets = 5, .p50_tenths_ms = 2, .p99_tenths_ms = 64, .likes_flushed = 3},
    };
    (void)state;
    struct sample one = samples_fold(two, 2);
    assert_int_equal(one.at_ms, 2);
    assert_int_equal(one.here, 9);
    assert_int_equal(one.sockets, 5);
    assert_int_equal(one.p50_tenths_ms, 2);
    assert_int_equal(one.p99_tenths_ms, 64);
    assert_int_equal(one.likes_flushed, 5);
    assert_int_equal(samples_fold(two, 1).here, 9);
    assert_int_equal(samples_fold(two, 1).p50_tenths_ms, -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(due_every_ten_seconds), TEST(counters_become_differences), TEST(percentiles_are_bounds_of_buckets),
        TEST(the_oldest_make_room),  TEST(folding_keeps_the_most),
    };
    return cmocka_run_group_tests_name("samples", tests, NULL, NULL);
}
