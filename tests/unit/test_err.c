/* base/err.h: the table of errors, and problems on their way to whoever asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"

/* 1. The statuses and slugs are those that clients were promised. */
static void statuses_and_slugs_are_the_contract(void **state)
{
    (void)state;
    static const struct {
        enum err err;
        int status;
        const char *slug;
    } table[] = {
        {ERR_OK, 200, "ok"},
        {ERR_MALFORMED, 400, "malformed"},
        {ERR_INVALID, 400, "invalid"},
        {ERR_UNAUTHENTICATED, 401, "unauthenticated"},
        {ERR_FORBIDDEN, 403, "forbidden"},
        {ERR_MUTED, 403, "muted"},
        {ERR_NOT_FOUND, 404, "not-found"},
        {ERR_METHOD, 405, "method-not-allowed"},
        {ERR_TIMEOUT, 408, "timeout"},
        {ERR_CONFLICT, 409, "conflict"},
        {ERR_LENGTH_REQUIRED, 411, "length-required"},
        {ERR_TOO_LARGE, 413, "too-large"},
        {ERR_URI_TOO_LONG, 414, "uri-too-long"},
        {ERR_MEDIA_TYPE, 415, "media-type"},
        {ERR_KEY_REUSED, 422, "key-reused"},
        {ERR_UPGRADE_REQUIRED, 426, "upgrade-required"},
        {ERR_RATE_LIMITED, 429, "rate-limited"},
        {ERR_INTERNAL, 500, "internal"},
        {ERR_SCHEMA, 500, "schema"},
        {ERR_NO_MEMORY, 503, "busy"},
        {ERR_BUSY, 503, "busy"},
        {ERR_STORAGE, 503, "storage"},
    };
    assert_int_equal(sizeof table / sizeof table[0], ERR_COUNT_);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_int_equal(err_status(table[i].err), table[i].status);
        assert_string_equal(err_slug(table[i].err), table[i].slug);
    }
}

static bool is_sentence(const char *text)
{
    size_t len = strlen(text);
    return len > 10 && isupper((unsigned char)text[0]) && text[len - 1] == '.';
}

/* 2. Whatever goes wrong, a member reads a sentence and a slug fits into an address. */
static void every_error_speaks_to_people(void **state)
{
    (void)state;
    for (int e = ERR_OK; e < ERR_COUNT_; e++) {
        const char *title = err_title((enum err)e);
        assert_true(is_sentence(err_sentence((enum err)e)));
        assert_true(isupper((unsigned char)title[0]));
        assert_true(title[strlen(title) - 1] != '.');
        for (const char *c = err_slug((enum err)e); *c != '\0'; c++)
            assert_true(islower((unsigned char)*c) || *c == '-');
    }
}

/* 3. A problem carries its own words, or those of the table when it has none. */
static void a_problem_has_a_detail_or_the_tables_sentence(void **state)
{
    (void)state;
    struct problem p = {.retry_after_s = 7};
    assert_int_equal(problem_set(&p, ERR_INVALID, "The field \"%s\" has %d faults.", "name", 2), ERR_INVALID);
    assert_int_equal(p.err, ERR_INVALID);
    assert_int_equal(p.retry_after_s, 7);
    assert_string_equal(problem_detail(&p), "The field \"name\" has 2 faults.");
    assert_int_equal(problem_set(&p, ERR_NO_MEMORY, "%s", ""), ERR_NO_MEMORY);
    assert_string_equal(problem_detail(&p), err_sentence(ERR_NO_MEMORY));
    assert_int_equal(problem_set(NULL, ERR_CONFLICT, "%s", "nobody reads this"), ERR_CONFLICT);
}

/* 4. A detail that is too long is cut, and still ends. */
static void a_long_detail_is_cut(void **state)
{
    (void)state;
    struct {
        struct problem p;
        char guard[8];
    } s = {.guard = "guarded"};
    char text[1000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    (void)problem_set(&s.p, ERR_INTERNAL, "%s", text);
    assert_int_equal(strlen(s.p.detail), sizeof s.p.detail - 1);
    assert_string_equal(s.guard, "guarded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_and_slugs_are_the_contract),
        cmocka_unit_test(every_error_speaks_to_people),
        cmocka_unit_test(a_problem_has_a_detail_or_the_tables_sentence),
        cmocka_unit_test(a_long_detail_is_cut),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
