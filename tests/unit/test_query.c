/*
 * Request targets: what is understood, and what is refused before a handler sees it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/query.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum err parse(struct arena *arena, const char *target, struct query *q)
{
    return query_parse(target, strlen(target), arena, q, NULL);
}

/* Segments joined by "|", a trailing slash as "/", then "?name=value" for each parameter. */
static const char *describe(struct arena *arena, const struct query *q)
{
    const char *text = "";
    for (size_t i = 0; i < q->segments_count; i++)
        text = arena_printf(arena, "%s|%s", text, q->segments[i]);
    if (q->trailing_slash)
        text = arena_printf(arena, "%s/", text);
    for (size_t i = 0; i < q->params_count; i++) {
        text = arena_printf(arena, "%s?%s=%s", text, q->params[i].name, q->params[i].value);
        assert_int_equal(strlen(q->params[i].value), q->params[i].value_len);
    }
    return text;
}

static void good_targets(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        const char *meaning;
    } table[] = {
        {"/", ""},
        {"/?", ""},
        {"/posts", "|posts"},
        {"/posts/", "|posts/"},
        {"/posts?", "|posts"},
        {"/posts/12/like", "|posts|12|like"},
        {"/posts/new-count?since=0123456789abcdef-4711-89abcdef.42&team=7",
         "|posts|new-count?since=0123456789abcdef-4711-89abcdef.42?team=7"},
        {"/p%6Fsts/%31", "|posts|1"},
        {"/a%20b/%C3%A4%c3%a4", "|a b|\xc3\xa4\xc3\xa4"},
        {"/a+b?a+b=c+d%2B", "|a+b?a b=c d+"},
        {"/a;b=1,2:@!$&'()*~_-.", "|a;b=1,2:@!$&'()*~_-."},
        {"/...", "|..."},
        {"/.well-known", "|.well-known"},
        {"/x?a=/b?c=d&e=", "|x?a=/b?c=d?e="},
        {"/x?a=%2F%3F%26%3D%23", "|x?a=/?&=#"},
        {"/x?a==", "|x?a=="},
        {"/x?%E2%98%95=%F0%9F%9A%B6", "|x?\xe2\x98\x95=\xf0\x9f\x9a\xb6"},
        {"/x?A=1&a=2", "|x?A=1?a=2"},
        {"/x?a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8", "|x?a=1?b=2?c=3?d=4?e=5?f=6?g=7?h=8"},
        {"/%25%32%65", "|%2e"}, /* decoded once */
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct arena *arena = arena_create(1024, 65536);
        struct query q;
        enum err err = parse(arena, table[i].target, &q);
        if (err)
            print_error("%s\n", table[i].target);
        assert_int_equal(err, ERR_OK);
        assert_string_equal(describe(arena, &q), table[i].meaning);
        arena_free(arena);
    }
}

static void bad_targets(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        enum err err;
    } table[] = {
        {"", ERR_MALFORMED},
        {"*", ERR_MALFORMED},
        {"posts", ERR_MALFORMED},
        {"?a=b", ERR_MALFORMED},
        {"http://example.org/posts", ERR_MALFORMED},
        {"//", ERR_MALFORMED},
        {"//example.org", ERR_MALFORMED},
        {"/a//b", ERR_MALFORMED},
        {"/a//", ERR_MALFORMED},
        {"/.", ERR_MALFORMED},
        {"/..", ERR_MALFORMED},
        {"/./a", ERR_MALFORMED},
        {"/a/./b", ERR_MALFORMED},
        {"/a/../b", ERR_MALFORMED},
        {"/a/..", ERR_MALFORMED},
        {"/a/../", ERR_MALFORMED},
        {"/a/%2e%2E/b", ERR_MALFORMED},
        {"/a/.%2e/b", ERR_MALFORMED},
        {"/a/%2e/b", ERR_MALFORMED},
        {"/a%2fb", ERR_MALFORMED},
        {"/a%2Fb", ERR_MALFORMED},
        {"/a%00", ERR_MALFORMED},
        {"/a%0a", ERR_MALFORMED},
        {"/a%1f", ERR_MALFORMED},
        {"/a%7f", ERR_MALFORMED},
        {"/a%", ERR_MALFORMED},
        {"/a%2", ERR_MALFORMED},
        {"/a%g0", ERR_MALFORMED},
        {"/a%0g", ERR_MALFORMED},
        {"/a%%20", ERR_MALFORMED},
        {"/a%u0041", ERR_MALFORMED},
        {"/a%+1", ERR_MALFORMED},
        {"/a b", ERR_MALFORMED},
        {"/a\tb", ERR_MALFORMED},
        {"/a\x01", ERR_MALFORMED},
        {"/a\x7f", ERR_MALFORMED},
        {"/a#b", ERR_MALFORMED},
        {"/a\"b", ERR_MALFORMED},
        {"/a<b>", ERR_MALFORMED},
        {"/a\\b", ERR_MALFORMED},
        {"/a[b]", ERR_MALFORMED},
        {"/\xc3\xa4", ERR_MALFORMED}, /* UTF-8 must be escaped */
        {"/%c3", ERR_MALFORMED},
        {"/%c3%28", ERR_MALFORMED},
        {"/%c0%ae", ERR_MALFORMED}, /* overlong "." */
        {"/%c0%af", ERR_MALFORMED},
        {"/%ed%a0%80", ERR_MALFORMED}, /* a surrogate */
        {"/%f4%90%80%80", ERR_MALFORMED},
        {"/%ff", ERR_MALFORMED},
        {"/x?a", ERR_MALFORMED},
        {"/x?=", ERR_MALFORMED},
        {"/x?=b", ERR_MALFORMED},
        {"/x?&", ERR_MALFORMED},
        {"/x?a=1&", ERR_MALFORMED},
        {"/x?&a=1", ERR_MALFORMED},
        {"/x?a=1&&b=2", ERR_MALFORMED},
        {"/x?a=%", ERR_MALFORMED},
        {"/x?a=%00", ERR_MALFORMED},
        {"/x?%00=a", ERR_MALFORMED},
        {"/x?a=%0d%0aSet-Cookie:x", ERR_MALFORMED},
        {"/x?a=%ff", ERR_MALFORMED},
        {"/x?a=\xc3\xa4", ERR_MALFORMED},
        {"/x?a=b c", ERR_MALFORMED},
        {"/x?a=b#c", ERR_MALFORMED},
        {"/x?a[]=1", ERR_MALFORMED},
        {"/x?a=1&a=1", ERR_INVALID},
        {"/x?a=1&b=2&%61=3", ERR_INVALID},
        {"/x?a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&i=9", ERR_INVALID},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct arena *arena = arena_create(1024, 65536);
        struct query q;
        struct problem problem = {.err = ERR_OK};
        enum err err = query_parse(table[i].target, strlen(table[i].target), arena, &q, &problem);
        if (err != table[i].err)
            print_error("%s\n", table[i].target);
        assert_int_equal(err, table[i].err);
        assert_int_equal(problem.err, table[i].err);
        assert_true(strlen(problem.detail) > 20);
        arena_free(arena);
    }
}

static void length_and_memory_are_bounded(void **state)
{
    (void)state;
    struct arena *arena = arena_create(1024, 65536);
    char target[URI_BYTES_MAX + 2];
    struct query q;
    memset(target, 'a', sizeof target);
    target[0] = '/';
    assert_int_equal(query_parse(target, URI_BYTES_MAX, arena, &q, NULL), ERR_OK);
    assert_int_equal(strlen(q.segments[0]), URI_BYTES_MAX - 1);
    assert_int_equal(query_parse(target, URI_BYTES_MAX + 1, arena, &q, NULL), ERR_URI_TOO_LONG);

    for (size_t i = 0; i < URI_BYTES_MAX; i += 2) {
        target[i] = '/';
        target[i + 1] = 'a';
    }
    assert_int_equal(query_parse(target, URI_BYTES_MAX, arena, &q, NULL), ERR_OK);
    assert_int_equal(q.segments_count, URI_BYTES_MAX / 2);
    assert_int_equal(query_parse("/a\0b", 4, arena, &q, NULL), ERR_MALFORMED);
    arena_free(arena);

    arena = arena_create(64, 64);
    assert_int_equal(query_parse(target, URI_BYTES_MAX, arena, &q, NULL), ERR_NO_MEMORY);
    arena_free(arena);
}

static void parameters_are_found_by_name(void **state)
{
    (void)state;
    struct arena *arena = arena_create(1024, 65536);
    struct query q;
    static const char *const known[] = {"page", "limit", "team"};
    assert_int_equal(parse(arena, "/posts?limit=5&page=x", &q), ERR_OK);
    assert_string_equal(query_find(&q, "page")->value, "x");
    assert_null(query_find(&q, "team"));
    assert_null(query_find(&q, "Page"));
    assert_null(query_unknown(&q, known, COUNT(known)));
    assert_string_equal(query_unknown(&q, known, 1)->name, "limit");
    assert_string_equal(query_unknown(&q, NULL, 0)->name, "limit");
    arena_free(arena);
}

static void ids(void **state)
{
    (void)state;
    int64_t id = -1;
    assert_true(query_id("1", &id) && id == 1);
    assert_true(query_id("9223372036854775807", &id) && id == INT64_MAX);
    static const char *const bad[] = {"", "0", "01", "-1", "+1", " 1", "1 ", "1a", "0x1", "1.0", "9223372036854775808",
                                      "99999999999999999999"};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(query_id(bad[i], &id));
    assert_true(id == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_targets),
        cmocka_unit_test(bad_targets),
        cmocka_unit_test(length_and_memory_are_bounded),
        cmocka_unit_test(parameters_are_found_by_name),
        cmocka_unit_test(ids),
    };
    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
