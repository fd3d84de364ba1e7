/* base/shed.h: which stage is entered and left, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/shed.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void a_stage_is_entered_at_the_second_look(void **state)
{
    static const struct {
        struct shed_signals signals;
        enum shed_stage stage;
    } table[] = {
        {{0, 0}, SHED_NOTHING},
        {{511, 249}, SHED_NOTHING},
        {{512, 0}, SHED_ADVICE},
        {{0, 250}, SHED_ADVICE},
        {{1024, 250}, SHED_SMALL},
        {{0, 1000}, SHED_SMALL},
        {{2048, 0}, SHED_SOCKETS},
        {{0, 4000}, SHED_SOCKETS},
        {{3072, 0}, SHED_REQUESTS},
        {{0, 15000}, SHED_REQUESTS},
        {{WRITER_QUEUE_MAX, 99999}, SHED_REQUESTS},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct shed_state s = {.calm_since_ms = -1};
        s = shed_decide(s, &table[i].signals, 0);
        assert_int_equal(s.stage, SHED_NOTHING); /* once may be chance */
        s = shed_decide(s, &table[i].signals, 250);
        assert_int_equal(s.stage, table[i].stage);
    }
}

static void the_lower_of_two_looks_counts(void **state)
{
    (void)state;
    struct shed_state s = {.calm_since_ms = -1};
    const struct shed_signals much = {.queue = 4000};
    const struct shed_signals some = {.queue = 600};
    s = shed_decide(s, &much, 0);
    s = shed_decide(s, &some, 1);
    assert_int_equal(s.stage, SHED_ADVICE);
    s = shed_decide(s, &much, 2);
    assert_int_equal(s.stage, SHED_ADVICE);
    s = shed_decide(s, &much, 3);
    assert_int_equal(s.stage, SHED_REQUESTS);
}

static void a_stage_is_left_one_at_a_time_after_calm(void **state)
{
    (void)state;
    struct shed_state s = {.calm_since_ms = -1};
    const struct shed_signals much = {.queue = 3072};
    const struct shed_signals nearly = {.queue = 1536}; /* half of what it took: not calm */
    const struct shed_signals none = {0};
    s = shed_decide(s, &much, 0);
    s = shed_decide(s, &much, 1);
    for (int64_t ms = 1000; ms < 100000; ms += 1000)
        s = shed_decide(s, &nearly, ms);
    assert_int_equal(s.stage, SHED_REQUESTS);
    s = shed_decide(s, &none, 100000);
    s = shed_decide(s, &none, 100000 + SHED_CALM_MS - 1);
    assert_int_equal(s.stage, SHED_REQUESTS);
    s = shed_decide(s, &nearly, 100000 + SHED_CALM_MS - 1); /* the calm begins anew */
    s = shed_decide(s, &none, 200000);
    s = shed_decide(s, &none, 200000 + SHED_CALM_MS);
    assert_int_equal(s.stage, SHED_SOCKETS);
    s = shed_decide(s, &none, 200000 + SHED_CALM_MS + 1);
    assert_int_equal(s.stage, SHED_SOCKETS);
    s = shed_decide(s, &none, 200000 + 2 * SHED_CALM_MS);
    assert_int_equal(s.stage, SHED_SMALL);
    s = shed_decide(s, &none, 200000 + 3 * SHED_CALM_MS);
    s = shed_decide(s, &none, 200000 + 4 * SHED_CALM_MS);
    assert_int_equal(s.stage, SHED_NOTHING);
    s = shed_decide(s, &none, 200000 + 9 * SHED_CALM_MS);
    assert_int_equal(s.stage, SHED_NOTHING);
}

static void the_longest_turn_is_seen_once(void **state)
{
    (void)state;
    struct shed s;
    shed_init(&s, false);
    assert_false(shed_due(&s, SHED_LOOK_MS - 1));
    assert_true(shed_due(&s, SHED_LOOK_MS));
    shed_turned(&s, 300);
    shed_turned(&s, 20);
    assert_false(shed_look(&s, 0, 1000));
    shed_turned(&s, 260);
    assert_true(shed_look(&s, 0, 2000));
    assert_int_equal(shed_stage(&s), SHED_ADVICE);
    assert_int_equal(atomic_load(&s.entered[SHED_ADVICE]), 1);
    assert_int_equal(s.looked_ms, 2000);
    assert_false(shed_look(&s, 0, 3000)); /* that turn is over */
    assert_true(shed_look(&s, 0, 3000 + SHED_CALM_MS));
    assert_int_equal(shed_stage(&s), SHED_NOTHING);
}

static void small_things_thin_out(void **state)
{
    (void)state;
    struct shed s;
    shed_init(&s, false);
    int told = 0;
    for (int i = 0; i < 8 * SHED_ONE_OF; i++)
        told += shed_tells_small(&s);
    assert_int_equal(told, 8 * SHED_ONE_OF);
    atomic_store(&s.pretended_queue, WRITER_QUEUE_MAX / 4);
    (void)shed_look(&s, 0, 1);
    (void)shed_look(&s, 0, 2);
    assert_int_equal(shed_stage(&s), SHED_SMALL);
    told = 0;
    for (int i = 0; i < 8 * SHED_ONE_OF; i++)
        told += shed_tells_small(&s);
    assert_int_equal(told, 8);
    for (int stage = 0; stage < SHED_STAGES; stage++)
        assert_non_null(shed_stage_name((enum shed_stage)stage));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stage_is_entered_at_the_second_look),
        cmocka_unit_test(the_lower_of_two_looks_counts),
        cmocka_unit_test(a_stage_is_left_one_at_a_time_after_calm),
        cmocka_unit_test(the_longest_turn_is_seen_once),
        cmocka_unit_test(small_things_thin_out),
    };
    return cmocka_run_group_tests_name("base/shed", tests, NULL, NULL);
}
