/* base/rate.h: the burst, the sustained rate and the wait are exact; a crowded table errs for the clients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/limits.h"
#include "base/rate.h"
#include "random.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static int setup(void **state)
{
    *state = rate_create();
    return *state == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    rate_free(*state);
    return 0;
}

/* 1. A fresh key has its whole burst, then waits exactly one interval, and the promise is kept to the millisecond. */
static void burst_then_the_exact_wait(void **state)
{
    struct rate rate = {.per_minute = 600, .burst = 5}; /* one in 100 ms */
    for (int i = 0; i < 100; i++)                       /* looking costs nothing */
        assert_int_equal(rate_wait(*state, 7, rate, 0), 0);
    for (int64_t now_ms = 0; now_ms < 3000000; now_ms += 1000000) { /* also at time 0, and after long silence */
        for (uint32_t i = 0; i < rate.burst; i++)
            assert_int_equal(rate_take(*state, 7, rate, now_ms), 0);
        assert_int_equal(rate_take(*state, 7, rate, now_ms), 100);
        assert_int_equal(rate_take(*state, 7, rate, now_ms), 100); /* a refusal costs nothing */
        assert_int_equal(rate_wait(*state, 7, rate, now_ms), 100);
        assert_int_equal(rate_take(*state, 7, rate, now_ms + 1), 99);
        assert_int_equal(rate_take(*state, 7, rate, now_ms + 99), 1);
        assert_int_equal(rate_take(*state, 7, rate, now_ms + 100), 0);
        assert_int_equal(rate_take(*state, 7, rate, now_ms + 100), 100);
        for (int i = 0; i < 3; i++) /* three intervals later: three */
            assert_int_equal(rate_take(*state, 7, rate, now_ms + 400), 0);
        assert_int_equal(rate_take(*state, 7, rate, now_ms + 400), 100);
    }
}

/* 2. Members do not share a bucket: also key 0 and neighbours have their own. */
static void keys_are_apart(void **state)
{
    static const uint64_t keys[] = {0, 1, 2, UINT64_MAX, UINT64_C(1) << 63};
    struct rate rate = {.per_minute = 1, .burst = 2};
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < COUNT(keys); i++)
            assert_int_equal(rate_take(*state, keys[i], rate, 1000), round < 2 ? 0 : 60000);
}

/* 3. Rates whose interval is no whole millisecond stay exact over an hour of hammering: the waits are rounded up. */
static void the_sustained_rate_is_exact(void **state)
{
    static const struct rate rates[] = {{600, 120}, {120, 60}, {10, 20}, {1, 1}, {7, 3}, {59999, 1}};
    for (size_t i = 0; i < COUNT(rates); i++) {
        const int64_t end_ms = rates[i].per_minute > 1000 ? 60000 : 3600000;
        int64_t granted = 0;
        for (int64_t now_ms = 0; now_ms <= end_ms;) {
            int64_t wait_ms = rate_take(*state, i, rates[i], now_ms);
            granted += wait_ms == 0;
            now_ms += wait_ms;
        }
        int64_t earned = rates[i].burst + end_ms * rates[i].per_minute / 60000;
        assert_in_range(granted, earned - 1, earned + 1);
    }
}

struct model {
    int64_t full_us; /* when the bucket is full again */
    int64_t interval_us;
    struct rate rate;
};

/* 4. Random keys, times and rates: a bucket filled drop by drop says the same. */
static void random_takes_match_a_model(void **state)
{
    struct random r = random_seeded();
    struct model models[50];
    for (size_t i = 0; i < COUNT(models); i++) {
        struct rate rate = {1 + (uint32_t)random_below(&r, 3000), 1 + (uint32_t)random_below(&r, 30)};
        models[i] = (struct model){.interval_us = 60000000 / (int64_t)rate.per_minute, .rate = rate};
    }
    int64_t now_ms = 0;
    int64_t refused = 0;
    for (int i = 0; i < 100000; i++) {
        size_t key = random_below(&r, COUNT(models));
        struct model *m = &models[key];
        now_ms += (int64_t)random_below(&r, random_below(&r, 1000) == 0 ? 60000 : 3);
        int64_t missing_us = m->full_us > now_ms * 1000 ? m->full_us - now_ms * 1000 : 0;
        int64_t after_us = missing_us + m->interval_us; /* with this one taken */
        int64_t room_us = (int64_t)m->rate.burst * m->interval_us;
        int64_t wait_ms = after_us <= room_us ? 0 : (after_us - room_us + 999) / 1000;
        assert_int_equal(rate_take(*state, key, m->rate, now_ms), wait_ms);
        if (wait_ms == 0)
            m->full_us = now_ms * 1000 + after_us;
        refused += wait_ms > 0;
    }
    assert_in_range(refused, 100, 99000); /* both answers were seen */
}

/* 5. More keys than places: each newcomer has at least a whole burst. Nobody is refused for the sake of others. */
static void a_crowded_table_favours_clients(void **state)
{
    struct rate rate = {.per_minute = 1, .burst = 2};
    const uint64_t crowd = 2 * RATE_TABLE_SHARDS * RATE_SHARD_ENTRIES;
    for (uint64_t key = 0; key < crowd; key++) {
        assert_int_equal(rate_take(*state, key, rate, 1000), 0);
        assert_int_equal(rate_take(*state, key, rate, 1000), 0);
    }
    int64_t forgotten = 0;
    for (uint64_t key = 0; key < crowd; key++) {
        int64_t wait_ms = rate_take(*state, key, rate, 1000);
        assert_in_range(wait_ms, 0, 60000);
        forgotten += wait_ms == 0;
    }
    assert_in_range(forgotten, crowd / 2, crowd); /* at most one place a key is left */
}

/* 6. In a crowd the bucket nearest to full goes first: who is far over their rate stays known. */
static void a_heavy_user_is_not_forgotten_for_light_ones(void **state)
{
    struct rate heavy = {.per_minute = 1, .burst = 1000};
    struct rate light = {.per_minute = 6000, .burst = 2};
    for (int i = 0; i < 1000; i++)
        assert_int_equal(rate_take(*state, 42, heavy, 1000), 0);
    for (uint64_t key = 1000; key < 1000 + 2 * RATE_TABLE_SHARDS * RATE_SHARD_ENTRIES; key++)
        assert_int_equal(rate_take(*state, key, light, 1000), 0);
    assert_int_equal(rate_take(*state, 42, heavy, 1000), 60000);
}

#define THREADS 4

struct taker {
    struct rate_table *table;
    int64_t granted;
};

static void *take_many(void *arg)
{
    struct taker *t = arg;
    for (int i = 0; i < 20000; i++)
        t->granted += rate_take(t->table, 5, (struct rate){.per_minute = 1, .burst = 1000}, 1000 + i % 2) == 0;
    return NULL;
}

/* 7. Threads that share a key together get one burst, not one each. */
static void threads_share_one_bucket(void **state)
{
    struct taker takers[THREADS];
    pthread_t threads[THREADS];
    int64_t granted = 0;
    for (int i = 0; i < THREADS; i++) {
        takers[i] = (struct taker){.table = *state};
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, &takers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        granted += takers[i].granted;
    }
    assert_int_equal(granted, 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(burst_then_the_exact_wait),       TEST(keys_are_apart),
        TEST(the_sustained_rate_is_exact),     TEST(random_takes_match_a_model),
        TEST(a_crowded_table_favours_clients), TEST(a_heavy_user_is_not_forgotten_for_light_ones),
        TEST(threads_share_one_bucket),
    };
    return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
