/* api/advice.h: how long a client is told to wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "api/advice.h"

static const unsigned bases[] = {1, 2, 5, 30, 60, 300, 3600, 86400};
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* 1. The figures of the contract: 60 s when calm, four times that at full load, up to a quarter more. */
static void the_promised_figures(void **state)
{
    (void)state;
    assert_int_equal(advice_interval_s(60, 0, 0), 60);
    assert_int_equal(advice_interval_s(60, 60, 0), 60);
    assert_int_equal(advice_interval_s(60, 80, 0), 150);
    assert_int_equal(advice_interval_s(60, 100, 0), 240);
    assert_int_equal(advice_interval_s(60, 1000, 0), 240); /* a load above 100 is 100 */
    assert_int_equal(advice_interval_s(60, 0, 8), 67);
    assert_int_equal(advice_interval_s(60, 0, 15), 74);
    assert_int_equal(advice_interval_s(30, 100, 15), 148);
    assert_int_equal(advice_interval_s(1, 0, 15), 1);
}

/* 2. Never 0, never below the base, never above five times it; more load or a later variant never shortens the wait. */
static void bounded_and_monotonic(void **state)
{
    (void)state;
    for (size_t b = 0; b < COUNT(bases); b++)
        for (unsigned load = 0; load <= 100; load++)
            for (unsigned v = 0; v < ADVICE_VARIANTS; v++) {
                unsigned s = advice_interval_s(bases[b], load, v);
                assert_in_range(s, bases[b], bases[b] * 5 - 1);
                assert_true(s >= 1);
                assert_true(load == 0 || s >= advice_interval_s(bases[b], load - 1, v));
                assert_true(v == 0 || s >= advice_interval_s(bases[b], load, v - 1));
            }
}

/* 3. For the intervals that are used, the sixteen variants differ, and the farthest is less than a quarter away. */
static void sixteen_variants_spread_over_a_quarter(void **state)
{
    (void)state;
    for (unsigned load = 0; load <= 100; load += 10) {
        unsigned first = advice_interval_s(300, load, 0);
        for (unsigned v = 1; v < ADVICE_VARIANTS; v++)
            assert_true(advice_interval_s(300, load, v) > advice_interval_s(300, load, v - 1));
        unsigned last = advice_interval_s(300, load, ADVICE_VARIANTS - 1);
        assert_in_range(last, first * 6 / 5, first * 5 / 4);
    }
    bool differ = false;
    for (unsigned v = 1; v < ADVICE_VARIANTS; v++)
        differ |= advice_interval_s(30, 0, v) != 30;
    assert_true(differ);
}

/* 4. A poller is missed after one and a half times what they were told, also for a day. */
static void expiry_is_half_as_long_again(void **state)
{
    (void)state;
    assert_int_equal(advice_expiry_ms(60), 90000);
    assert_int_equal(advice_expiry_ms(1), 1500);
    assert_int_equal(advice_expiry_ms(86400 * 365), INT64_C(47304000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_promised_figures),
        cmocka_unit_test(bounded_and_monotonic),
        cmocka_unit_test(sixteen_variants_spread_over_a_quarter),
        cmocka_unit_test(expiry_is_half_as_long_again),
    };
    return cmocka_run_group_tests_name("advice", tests, NULL, NULL);
}
