/* reply_etag_matches (api/reply.h): If-None-Match as RFC 9110, section 13.1.2 has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "api/reply.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* Each row against the tag "abc" (with its quotes). */
static const struct {
    const char *list;
    bool matches;
} table[] = {
    {"\"abc\"", true},
    {"W/\"abc\"", true}, /* the weak comparison */
    {"*", true},
    {" \"abc\" ", true},
    {" * ", true},
    {"\"x\", \"abc\"", true},
    {"\"x\",\"abc\",\"y\"", true},
    {"\"x\" ,\t\"abc\"", true},
    {"W/\"x\", W/\"abc\"", true},
    {"\"a,b\", \"abc\"", true}, /* a comma inside of a tag */
    {",, \"abc\"", true},       /* empty elements: section 5.6.1.2 */
    {"\"\", \"abc\"", true},
    {"", false},
    {" ", false},
    {",", false},
    {"\"x\"", false},
    {"\"ab\"", false},
    {"\"abcd\"", false},
    {"\"ABC\"", false},
    {"\"xabc\"", false},
    {"abc", false},
    {"abc\"", false},
    {"\"abc", false},
    {"'abc'", false},
    {"w/\"abc\"", false}, /* W is case-sensitive */
    {"W/abc", false},
    {"W/", false},
    {"\"", false},
    {"\"x", false},
    {"\"x, \"abc\"", false}, /* the quote that opens there closes the first tag */
    {"\"*\"", false},
    {"\"x\", \"*\"", false},
    {"\"\"", false},
};

/* 1. Lists, weak tags, the star, and everything that only looks like a match. */
static void lists_of_tags(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        if (reply_etag_matches(table[i].list, "\"abc\"") != table[i].matches)
            fail_msg("%s", table[i].list);
}

/* 2. Long lists end. */
static void a_long_list_is_walked_to_its_end(void **state)
{
    (void)state;
    char list[8000];
    size_t len = 0;
    while (len < sizeof list - 20) {
        list[len++] = '"';
        list[len++] = 'x';
        list[len++] = '"';
        list[len++] = ',';
    }
    list[len] = '\0';
    assert_false(reply_etag_matches(list, "\"abc\""));
    memcpy(list + len, "\"abc\"", 6);
    assert_true(reply_etag_matches(list, "\"abc\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_tags),
        cmocka_unit_test(a_long_list_is_walked_to_its_end),
    };
    return cmocka_run_group_tests_name("etag", tests, NULL, NULL);
}
