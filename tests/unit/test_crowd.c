/* api/crowd.h: connections counted by address, against a plain array as the model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/crowd.h"

#define ADDRESSES 200
#define MOST 256

/* Keys that share their low bits, as addresses of one network do. */
static uint64_t key_of(uint32_t i)
{
    return UINT64_C(0xc0000200) + ((uint64_t)(i % 7) << 40) + i;
}

static uint32_t next(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void it_counts_like_an_array(void **state)
{
    (void)state;
    struct crowd *c = crowd_create(MOST);
    uint32_t model[ADDRESSES] = {0};
    uint32_t total = 0;
    uint32_t seed = 20261121;
    assert_non_null(c);
    for (int step = 0; step < 100000; step++) {
        uint32_t who = next(&seed) % ADDRESSES;
        bool enters = next(&seed) % 2 == 0;
        if (enters && total < MOST) {
            crowd_enter(c, key_of(who));
            model[who]++;
            total++;
        } else if (!enters && model[who] > 0) {
            crowd_leave(c, key_of(who));
            model[who]--;
            total--;
        }
        uint32_t other = next(&seed) % ADDRESSES;
        assert_int_equal(crowd_count(c, key_of(other)), model[other]);
    }
    for (uint32_t i = 0; i < ADDRESSES; i++) {
        assert_int_equal(crowd_count(c, key_of(i)), model[i]);
        for (; model[i] > 0; model[i]--)
            crowd_leave(c, key_of(i));
    }
    for (uint32_t i = 0; i < ADDRESSES; i++)
        assert_int_equal(crowd_count(c, key_of(i)), 0);
    crowd_free(c);
}

static void a_key_of_zero_is_a_key(void **state)
{
    (void)state;
    struct crowd *c = crowd_create(1);
    assert_int_equal(crowd_count(c, 0), 0);
    crowd_enter(c, 0);
    assert_int_equal(crowd_count(c, 0), 1);
    crowd_leave(c, 0);
    assert_int_equal(crowd_count(c, 0), 0);
    crowd_free(c);
    crowd_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_counts_like_an_array),
        cmocka_unit_test(a_key_of_zero_is_a_key),
    };
    return cmocka_run_group_tests_name("crowd", tests, NULL, NULL);
}
