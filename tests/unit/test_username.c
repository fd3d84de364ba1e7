/* api/username.h: what may be a name to sign in with, and one made of a display name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "api/username.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static bool parse(const char *text, char out[static USERNAME_BYTES])
{
    return username_parse(text, strlen(text), out);
}

/* 1. Names that hold, in lower case. */
static void good_names(void **state)
{
    (void)state;
    static const char *const table[][2] = {
        {"sarah", "sarah"},         {"SARAH.Miller-2_x", "sarah.miller-2_x"}, {"ab", "ab"}, {"..", ".."}, {"42", "42"},
        {"AZaz09._-", "azaz09._-"},
    };
    char out[USERNAME_BYTES];
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_true(parse(table[i][0], out));
        assert_string_equal(out, table[i][1]);
        assert_true(parse(out, out)); /* what is stored is found again, also in place */
        assert_string_equal(out, table[i][1]);
    }
}

/* 2. Every byte is allowed or not, alone. */
static void every_byte(void **state)
{
    (void)state;
    char out[USERNAME_BYTES];
    size_t allowed = 0;
    for (int c = 0; c < 256; c++) {
        char text[3] = {'a', (char)c, 'b'};
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool wanted = letter || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        assert_int_equal(username_parse(text, 3, out), wanted);
        allowed += wanted;
    }
    assert_int_equal(allowed, 65);
}

/* 3. Two to sixty characters, and the length counts, not a NUL behind it. */
static void lengths(void **state)
{
    (void)state;
    struct {
        char out[USERNAME_BYTES];
        char guard;
    } s = {.guard = 'g'};
    char text[USERNAME_CHARS_MAX + 1];
    memset(text, 'a', sizeof text);
    assert_false(username_parse(text, 0, s.out));
    assert_false(username_parse(text, 1, s.out));
    assert_true(username_parse(text, 2, s.out));
    assert_int_equal(strlen(s.out), 2);
    assert_true(username_parse(text, USERNAME_CHARS_MAX, s.out));
    assert_int_equal(strlen(s.out), USERNAME_CHARS_MAX);
    assert_false(username_parse(text, USERNAME_CHARS_MAX + 1, s.out));
    assert_int_equal(s.guard, 'g');
}

/* 4. A proposal from a display name is always one that holds. */
static void proposals(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *proposal; /* NULL: too little is left */
    } table[] = {
        {"Sarah Miller", "sarah.miller"},
        {"Dave", "dave"},
        {"Jean-Luc O'Hara 3rd", "jean-luc.ohara.3rd"},
        {"Zo\xc3\xab", "zo"},
        {"\xc3\x84 B", ".b"},
        {"A", NULL},
        {"\xe5\xb1\xb1\xe7\x94\xb0", NULL},
        {"", NULL},
        {"!?\"'", NULL},
        {"ab\tc\x7f", "abc"},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        char out[USERNAME_BYTES];
        char again[USERNAME_BYTES];
        assert_int_equal(username_propose(table[i].name, out), table[i].proposal != NULL);
        if (table[i].proposal != NULL) {
            assert_string_equal(out, table[i].proposal);
            assert_true(parse(out, again));
        }
    }
    struct {
        char out[USERNAME_BYTES];
        char guard;
    } s = {.guard = 'g'};
    char name[200];
    memset(name, 'X', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_true(username_propose(name, s.out));
    assert_int_equal(strlen(s.out), USERNAME_CHARS_MAX);
    assert_int_equal(s.guard, 'g');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_names),
        cmocka_unit_test(every_byte),
        cmocka_unit_test(lengths),
        cmocka_unit_test(proposals),
    };
    return cmocka_run_group_tests_name("username", tests, NULL, NULL);
}
