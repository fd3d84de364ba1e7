/* api/activity.h: members seen today, each once a day and loop, in a list with an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/activity.h"

#define NOON (20000 * (int64_t)ACTIVITY_DAY_MS + ACTIVITY_DAY_MS / 2)

struct fixture {
    struct activity a;
    struct activity_seen seen;
    int64_t out[ACTIVITY_WAITING_MAX];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (f == NULL)
        return -1;
    activity_init(&f->a);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    activity_clear(&f->a);
    free(f);
    return 0;
}

/* 1. Notes are taken once, in order. */
static void notes_are_taken_once(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(activity_take(&f->a, f->out), 0);
    activity_note(&f->a, 3);
    activity_note(&f->a, 1);
    assert_int_equal(activity_take(&f->a, f->out), 2);
    assert_int_equal(f->out[0], 3);
    assert_int_equal(f->out[1], 1);
    assert_int_equal(activity_take(&f->a, f->out), 0);
    activity_note(&f->a, 3); /* it does not know what was taken */
    assert_int_equal(activity_take(&f->a, f->out), 1);
}

/* 2. A member who polls all day is noted once, and again on the next day (UTC). */
static void once_a_day(void **state)
{
    struct fixture *f = *state;
    for (int64_t ms = NOON; ms < NOON + ACTIVITY_DAY_MS / 2; ms += 60000) {
        activity_note_daily(&f->a, &f->seen, 7, ms);
        activity_note_daily(&f->a, &f->seen, 8, ms);
    }
    assert_int_equal(activity_take(&f->a, f->out), 2);
    activity_note_daily(&f->a, &f->seen, 7, NOON + ACTIVITY_DAY_MS / 2 - 1);
    assert_int_equal(activity_take(&f->a, f->out), 0);
    activity_note_daily(&f->a, &f->seen, 7, NOON + ACTIVITY_DAY_MS / 2);
    assert_int_equal(activity_take(&f->a, f->out), 1);
    assert_int_equal(f->out[0], 7);
}

/* 3. Two members of one place may be noted twice, but never be taken for one another. */
static void members_of_one_place(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        activity_note_daily(&f->a, &f->seen, 5, NOON);
        activity_note_daily(&f->a, &f->seen, 5 + ACTIVITY_SEEN_PLACES, NOON);
    }
    size_t count = activity_take(&f->a, f->out);
    size_t five = 0;
    for (size_t i = 0; i < count; i++)
        five += f->out[i] == 5;
    assert_in_range(five, 1, 3);
    assert_in_range(count - five, 1, 3);
}

/* 4. The list has an end; what was noted before it is kept, and there is room again after it was taken. */
static void the_list_is_bounded(void **state)
{
    struct fixture *f = *state;
    for (int64_t id = 1; id <= ACTIVITY_WAITING_MAX + 100; id++)
        activity_note(&f->a, id);
    assert_int_equal(activity_take(&f->a, f->out), ACTIVITY_WAITING_MAX);
    for (int64_t i = 0; i < ACTIVITY_WAITING_MAX; i++)
        assert_int_equal(f->out[i], i + 1);
    activity_note(&f->a, 1);
    assert_int_equal(activity_take(&f->a, f->out), 1);
}

#define THREADS 4
#define NOTES 20000

static void *note(void *arg)
{
    struct activity *a = arg;
    struct activity_seen *seen = calloc(1, sizeof *seen);
    for (int i = 0; i < NOTES; i++)
        activity_note_daily(a, seen, 1 + i % 500, NOON);
    free(seen);
    return NULL;
}

/* 5. Loops note while the housekeeper takes: each loop's members arrive once. */
static void loops_note_while_one_takes(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[THREADS];
    size_t times[501] = {0};
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, note, &f->a), 0);
    for (size_t total = 0; total < THREADS * 500;) {
        size_t count = activity_take(&f->a, f->out);
        for (size_t i = 0; i < count; i++) {
            assert_in_range(f->out[i], 1, 500);
            times[f->out[i]]++;
        }
        total += count;
    }
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    assert_int_equal(activity_take(&f->a, f->out), 0);
    for (int i = 1; i <= 500; i++)
        assert_int_equal(times[i], THREADS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(notes_are_taken_once), TEST(once_a_day),
        TEST(members_of_one_place), TEST(the_list_is_bounded),
        TEST(loops_note_while_one_takes),
    };
    return cmocka_run_group_tests_name("activity", tests, NULL, NULL);
}
