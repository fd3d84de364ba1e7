/* base/clock.h: times as text and back, held against a calendar that counts days one by one; a clock that moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "random.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define DAY_MS INT64_C(86400000)

static bool parse(const char *text, int64_t *ms)
{
    return clock_parse(text, strlen(text), ms);
}

struct date {
    int year;
    int month;
    int day;
};

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

static void step(struct date *d)
{
    if (++d->day <= days_in(d->year, d->month))
        return;
    d->day = 1;
    if (++d->month <= 12)
        return;
    d->month = 1;
    d->year++;
}

/* 1. Every day from year 0 to 9999 has the number that counting gives it, in both directions. */
static void every_day_is_where_counting_puts_it(void **state)
{
    (void)state;
    struct date d = {0, 1, 1};
    int64_t number = -719528; /* of 0000-01-01: 719,528 days before 1970-01-01 */
    bool seen_epoch = false;
    for (; d.year <= 9999; step(&d), number++) {
        char wanted[64];
        char text[CLOCK_TEXT_BYTES];
        int64_t ms = -1;
        int hour = (int)((number % 24 + 24) % 24);
        (void)snprintf(wanted, sizeof wanted, "%04d-%02d-%02dT%02d:59:07.089Z", d.year, d.month, d.day, hour);
        int64_t wanted_ms = number * DAY_MS + hour * 3600000 + 59 * 60000 + 7089;
        clock_format(wanted_ms, text);
        if (strcmp(text, wanted) != 0 || !parse(wanted, &ms) || ms != wanted_ms)
            fail_msg("%s is written %s and read as %lld instead of %lld", wanted, text, (long long)ms,
                     (long long)wanted_ms);
        if (d.year == 1970 && d.month == 1 && d.day == 1) {
            assert_int_equal(number, 0);
            seen_epoch = true;
        }
    }
    assert_true(seen_epoch);
}

/* 2. Any time survives being written and read; its text has always the same length. */
static void random_times_come_back(void **state)
{
    (void)state;
    struct random r = random_seeded();
    const int64_t last_ms = INT64_C(253402300799999);
    for (int i = 0; i < 100000; i++) {
        int64_t ms = (int64_t)(random_next(&r) % (uint64_t)(2 * last_ms)) - last_ms;
        if (ms < INT64_C(-62167219200000))
            continue;
        char text[CLOCK_TEXT_BYTES];
        int64_t back = 0;
        clock_format(ms, text);
        assert_int_equal(strlen(text), CLOCK_TEXT_BYTES - 1);
        assert_true(parse(text, &back));
        assert_int_equal(back, ms);
    }
}

/* 3. What lies outside of four digits of year is written as the last moment there is. */
static void years_outside_are_the_last_moment(void **state)
{
    (void)state;
    static const int64_t outside[] = {INT64_C(253402300800000), INT64_C(-62167219200001), INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < COUNT(outside); i++) {
        char text[CLOCK_TEXT_BYTES];
        clock_format(outside[i], text);
        assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    }
}

/* 4. Offsets, fractions, leap days and leap seconds mean what RFC 3339 says. */
static void other_spellings_of_a_time(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *same;
    } table[] = {
        {"2026-01-31T08:30:00Z", "2026-01-31T08:30:00.000Z"},
        {"2026-01-31t08:30:00z", "2026-01-31T08:30:00.000Z"},
        {"2026-01-31 08:30:00Z", "2026-01-31T08:30:00.000Z"},
        {"2026-01-31T08:30:00+00:00", "2026-01-31T08:30:00.000Z"},
        {"2026-01-31T08:30:00-00:00", "2026-01-31T08:30:00.000Z"},
        {"2026-01-31T08:30:00+02:00", "2026-01-31T06:30:00.000Z"},
        {"2026-01-31T23:30:00-05:45", "2026-02-01T05:15:00.000Z"},
        {"2026-01-01T00:00:00.5+23:59", "2025-12-31T00:01:00.500Z"},
        {"2025-12-31T23:59:59.999-23:59", "2026-01-01T23:58:59.999Z"},
        {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"},
        {"2000-02-29T23:00:00-01:00", "2000-03-01T00:00:00.000Z"},
        {"2026-01-31T08:30:00.1Z", "2026-01-31T08:30:00.100Z"},
        {"2026-01-31T08:30:00.12Z", "2026-01-31T08:30:00.120Z"},
        {"2026-01-31T08:30:00.123456789Z", "2026-01-31T08:30:00.123Z"},
        {"2026-01-31T08:30:00.000999999Z", "2026-01-31T08:30:00.000Z"},
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"},
        {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        char text[CLOCK_TEXT_BYTES];
        int64_t ms;
        if (!parse(table[i].text, &ms))
            fail_msg("%s", table[i].text);
        clock_format(ms, text);
        assert_string_equal(text, table[i].same);
    }
}

/* 5. What is not a time is refused, and the answer left alone. */
static void what_is_no_time(void **state)
{
    (void)state;
    static const char *const table[] = {
        "", "2026", "2026-01-31", "2026-01-31T08:30Z", "2026-01-31T08:30:00", "2026-01-31T08:30:00.Z",
        "2026-01-31T08:30:00.1234567890Z", "2026-01-31T08:30:00,5Z", "2026-00-31T08:30:00Z", "2026-13-01T08:30:00Z",
        "2026-01-00T08:30:00Z", "2026-01-32T08:30:00Z", "2026-04-31T08:30:00Z", "2026-02-29T08:30:00Z",
        "1900-02-29T08:30:00Z", "2024-02-30T08:30:00Z", "2026-01-31T24:00:00Z", "2026-01-31T08:60:00Z",
        "2026-01-31T08:30:61Z", "2026-01-31T08:30:00+24:00", "2026-01-31T08:30:00+01:60", "2026-01-31T08:30:00+0100",
        "2026-01-31T08:30:00+01", "2026-01-31T08:30:00+1:00", "2026-01-31T08:30:00ZZ", "2026-01-31T08:30:00Z ",
        " 2026-01-31T08:30:00Z", "2026-1-31T08:30:00Z", "+026-01-31T08:30:00Z", "-026-01-31T08:30:00Z",
        "2026-01-31_08:30:00Z", "2026/01/31T08:30:00Z", "20260131T083000Z", "2026-01-31T 8:30:00Z",
        "12026-01-31T08:30:00Z", "2026-01-31T08:30:00 +01:00",
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        int64_t ms = 4711;
        if (parse(table[i], &ms))
            fail_msg("%s is no time", table[i]);
        assert_int_equal(ms, 4711);
    }
    int64_t ms;
    static const char good[] = "2026-01-31T08:30:00.000Z";
    for (size_t len = 0; len < sizeof good - 1; len++)
        assert_false(clock_parse(good, len, &ms)); /* no byte behind the length is looked at */
    assert_false(clock_parse("2026-01-31T08:30:00\0Z", 21, &ms));
    assert_false(clock_parse("2026-01-31\0" "08:30:00Z", 20, &ms));
    assert_false(clock_parse("2026-01-31T08:30:00Z\0", 21, &ms));
}

/* 6. Durations as options take them. */
static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"0", 0}, {"90", 90000}, {"90s", 90000}, {"5m", 300000}, {"1h", 3600000}, {"7d", 7 * DAY_MS}, {"250ms", 250},
        {"007s", 7000}, {"106751991167d", INT64_C(106751991167) * DAY_MS},
        {"9223372036854775s", INT64_C(9223372036854775000)},
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        int64_t ms = -1;
        if (!clock_parse_duration(good[i].text, &ms))
            fail_msg("%s", good[i].text);
        assert_int_equal(ms, good[i].ms);
    }
    static const char *const bad[] = {
        "", " 1s", "1s ", "-1s", "+1s", "s", "1.5s", "1S", "1w", "1h30m", "0x10", "1e3", "106751991168d",
        "9223372036854776s", "99999999999999999999", "99999999999999999999d",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t ms = 4711;
        if (clock_parse_duration(bad[i], &ms))
            fail_msg("%s is no duration", bad[i]);
        assert_int_equal(ms, 4711);
    }
}

/* 7. A number that does not fit is refused in every unit, not turned into the largest there is. */
static void a_duration_that_overflows_is_refused(void **state)
{
    (void)state;
    int64_t ms = 4711;
    assert_false(clock_parse_duration("99999999999999999999ms", &ms));
    assert_false(clock_parse_duration("9223372036854775808ms", &ms));
    assert_int_equal(ms, 4711);
}

/* 8. A moved clock moves both of its times, others stay; monotonic time never goes back by itself. */
static void a_test_can_move_the_clock(void **state)
{
    (void)state;
    struct clock real = {0};
    struct clock moved = {0};
    clock_advance(&moved, 60000);
    clock_advance(&moved, 30000);
    int64_t wall_ms = clock_wall_ms(&real);
    int64_t ahead_ms = clock_wall_ms(&moved) - wall_ms;
    assert_in_range(ahead_ms, 90000, 91000);
    int64_t mono_ms = clock_mono_ms(&real);
    ahead_ms = clock_mono_ms(&moved) - mono_ms;
    assert_in_range(ahead_ms, 90000, 91000);
    assert_true(wall_ms > INT64_C(1700000000000)); /* milliseconds since 1970, not seconds */
    for (int i = 0; i < 1000; i++) {
        int64_t next_ms = clock_mono_ms(&real);
        assert_true(next_ms >= mono_ms);
        mono_ms = next_ms;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_is_where_counting_puts_it),
        cmocka_unit_test(random_times_come_back),
        cmocka_unit_test(years_outside_are_the_last_moment),
        cmocka_unit_test(other_spellings_of_a_time),
        cmocka_unit_test(what_is_no_time),
        cmocka_unit_test(durations),
        cmocka_unit_test(a_duration_that_overflows_is_refused),
        cmocka_unit_test(a_test_can_move_the_clock),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
