/*
 * Cursors: one text for each value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "db/cursor.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void what_is_accepted_comes_back_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct cursor cursor;
    } table[] = {
        {"0123456789abcdef-4711-89abcdef.42", {"0123456789abcdef", 4711, 0x89abcdef, 42}},
        {"0000000000000000-0-00000000.0", {"0000000000000000", 0, 0, 0}},
        {"ffffffffffffffff-9223372036854775807-ffffffff.18446744073709551615",
         {"ffffffffffffffff", INT64_MAX, UINT32_MAX, UINT64_MAX}},
        {"0000000000000001-10-00000001.100", {"0000000000000001", 10, 1, 100}},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct cursor c;
        char text[CURSOR_BYTES_MAX];
        assert_int_equal(cursor_parse(table[i].text, strlen(table[i].text), &c), ERR_OK);
        assert_string_equal(c.epoch, table[i].cursor.epoch);
        assert_int_equal(c.seq, table[i].cursor.seq);
        assert_int_equal(c.boot, table[i].cursor.boot);
        assert_true(c.likes == table[i].cursor.likes);
        assert_int_equal(cursor_format(&c, text), strlen(table[i].text));
        assert_string_equal(text, table[i].text);
    }
}

static void everything_else_is_refused(void **state)
{
    (void)state;
    static const char *const table[] = {
        "",
        "0",
        "0123456789abcdef",
        "0123456789abcdef-4711",
        "0123456789abcdef-4711-89abcdef",
        "0123456789abcdef-4711-89abcdef.",
        "0123456789abcdef-4711-89abcdef.42 ",
        " 0123456789abcdef-4711-89abcdef.42",
        "0123456789abcdef-4711-89abcdef.42x",
        "0123456789abcdef-4711-89abcdef.42.42",
        "0123456789abcdef-4711-89abcdef-42",
        "0123456789abcdef.4711-89abcdef.42",
        "0123456789ABCDEF-4711-89abcdef.42", /* upper case */
        "0123456789abcdef-4711-89ABCDEF.42",
        "0123456789abcdeg-4711-89abcdef.42",
        "123456789abcdef-4711-89abcdef.42", /* 15 digits */
        "00123456789abcdef-4711-89abcdef.42",
        "0123456789abcdef-4711-9abcdef.42",
        "0123456789abcdef-4711-089abcdef.42",
        "0123456789abcdef--89abcdef.42",
        "0123456789abcdef--1-89abcdef.42", /* signs */
        "0123456789abcdef-+1-89abcdef.42",
        "0123456789abcdef-1-89abcdef.+42",
        "0123456789abcdef-1-89abcdef.-42",
        "0123456789abcdef-04711-89abcdef.42", /* leading zeros */
        "0123456789abcdef-00-89abcdef.42",
        "0123456789abcdef-4711-89abcdef.042",
        "0123456789abcdef-4711-89abcdef.00",
        "0123456789abcdef-9223372036854775808-89abcdef.42", /* one too many */
        "0123456789abcdef-4711-89abcdef.18446744073709551616",
        "0123456789abcdef-99999999999999999999999999-89abcdef.42",
        "0123456789abcdef-4711-89abcdef.99999999999999999999999999",
        "0123456789abcdef-0x10-89abcdef.42",
        "0123456789abcdef-1e3-89abcdef.42",
        "0123456789abcdef- 1-89abcdef.42",
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct cursor c = {.seq = -7};
        assert_int_equal(cursor_parse(table[i], strlen(table[i]), &c), ERR_MALFORMED);
        assert_int_equal(c.seq, -7);
    }
}

static void bytes_are_read_no_further_than_told(void **state)
{
    (void)state;
    static const char text[] = "0123456789abcdef-4711-89abcdef.42";
    struct cursor c;
    for (size_t len = 0; len < sizeof text - 2; len++)
        assert_int_equal(cursor_parse(text, len, &c), ERR_MALFORMED);
    assert_int_equal(cursor_parse(text, sizeof text - 2, &c), ERR_OK); /* without the last digit it is another one */
    assert_int_equal(c.likes, 4);
    assert_int_equal(cursor_parse(text, sizeof text, &c), ERR_MALFORMED); /* a NUL is no part of it */

    char longest[CURSOR_BYTES_MAX + 1];
    memset(longest, '0', sizeof longest);
    assert_int_equal(cursor_parse(longest, sizeof longest, &c), ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_accepted_comes_back_the_same),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(bytes_are_read_no_further_than_told),
    };
    return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
