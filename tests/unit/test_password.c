/*
 * argon2id strings: round trip, refusal, equal work for users who do not exist, bounds on imported hashes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <time.h>

#include "api/password.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void a_password_fits_its_hash_only(void **state)
{
    (void)state;
    char hash[PASSWORD_HASH_BYTES];
    char again[PASSWORD_HASH_BYTES];
    static const char password[] = "zwei W\xc3\xb6rter\0und mehr";
    size_t len = sizeof password - 1;
    assert_int_equal(password_hash(password, len, hash), ERR_OK);
    assert_int_equal(password_hash(password, len, again), ERR_OK);
    assert_string_not_equal(hash, again); /* salted */
    assert_int_equal(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);

    assert_int_equal(password_verify(hash, password, len), ERR_OK);
    assert_int_equal(password_verify(hash, password, len - 1), ERR_UNAUTHENTICATED);
    assert_int_equal(password_verify(hash, password, strlen(password)), ERR_UNAUTHENTICATED); /* not cut at a NUL */
    assert_int_equal(password_verify(hash, "", 0), ERR_UNAUTHENTICATED);
    assert_int_equal(password_verify(NULL, password, len), ERR_UNAUTHENTICATED);
    assert_false(password_needs_rehash(hash));
    assert_true(password_hash_acceptable(hash));
}

/* Made by libsodium with m = 8 MiB, t = 1 for "porchlight". */
static const char weaker[] =
    "$argon2id$v=19$m=8192,t=1,p=1$0FsYg+8bdWlgZud5H3TJTA$8ex7j1+ALD1aVQum/TwNMZu6dUdkhNKpyI5SgRYSt7I";

static void a_weaker_hash_verifies_and_asks_for_another(void **state)
{
    (void)state;
    assert_true(password_hash_acceptable(weaker));
    assert_int_equal(password_verify(weaker, "porchlight", 10), ERR_OK);
    assert_int_equal(password_verify(weaker, "Porchlight", 10), ERR_UNAUTHENTICATED);
    assert_true(password_needs_rehash(weaker));
}

#define TAIL "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void foreign_hashes_are_bounded(void **state)
{
    (void)state;
    static const char *const good[] = {
        "$argon2id$v=19$m=19456,t=2,p=1" TAIL,
        "$argon2id$v=19$m=65536,t=10,p=1" TAIL,
        "$argon2id$v=19$m=8,t=1,p=1" TAIL,
    };
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(password_hash_acceptable(good[i]));

    static const char *const bad[] = {
        "",
        "porchlight",
        "$2b$12$abcdefghijklmnopqrstuuu1u2u3u4u5u6u7u8u9u0u1u2u3u4u5u",
        "$argon2i$v=19$m=19456,t=2,p=1" TAIL,
        "$argon2id$v=16$m=19456,t=2,p=1" TAIL,
        "$argon2id$v=19$m=65537,t=2,p=1" TAIL,
        "$argon2id$v=19$m=4294967295,t=2,p=1" TAIL,
        "$argon2id$v=19$m=99999999999999999999,t=2,p=1" TAIL,
        "$argon2id$v=19$m=7,t=2,p=1" TAIL,
        "$argon2id$v=19$m=019456,t=2,p=1" TAIL,
        "$argon2id$v=19$m=-1,t=2,p=1" TAIL,
        "$argon2id$v=19$m=19456,t=11,p=1" TAIL,
        "$argon2id$v=19$m=19456,t=0,p=1" TAIL,
        "$argon2id$v=19$m=19456,t=2,p=4" TAIL,
        "$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
        "$argon2id$v=19$m=19456,t=2,p=1" TAIL "=",
        "$argon2id$v=19$m=19456,t=2,p=1" TAIL " ",
        "$argon2id$v=19$m=19456,t=2,p=1" TAIL TAIL TAIL, /* too long */
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(password_hash_acceptable(bad[i]));
        assert_true(password_needs_rehash(bad[i]));
    }
    const char *giant = "$argon2id$v=19$m=4294967295,t=2,p=1" TAIL;
    assert_int_equal(password_verify(giant, "x", 1), ERR_UNAUTHENTICATED); /* and does not try */
}

static int64_t work_ns(const char *hash)
{
    struct timespec before;
    struct timespec after;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    assert_int_equal(password_verify(hash, "wrong password", 14), ERR_UNAUTHENTICATED);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    return (after.tv_sec - before.tv_sec) * INT64_C(1000000000) + after.tv_nsec - before.tv_nsec;
}

/* A member who does not exist must cost as much as one who does; the least of some tries, in processor time. */
static void an_unknown_user_costs_the_same(void **state)
{
    (void)state;
    static const char *const absent[] = {NULL, "", "not a hash"};
    char hash[PASSWORD_HASH_BYTES];
    assert_int_equal(password_hash("porchlight", 10, hash), ERR_OK);

    int64_t known = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        int64_t ns = work_ns(hash);
        known = ns < known ? ns : known;
    }
    for (size_t i = 0; i < COUNT(absent); i++) {
        int64_t unknown = INT64_MAX;
        for (int j = 0; j < 5; j++) {
            int64_t ns = work_ns(absent[i]);
            unknown = ns < unknown ? ns : unknown;
        }
        assert_true(unknown * 2 > known && unknown < known * 2); /* without the dummy it is a thousandth */
    }
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_fits_its_hash_only),
        cmocka_unit_test(a_weaker_hash_verifies_and_asks_for_another),
        cmocka_unit_test(foreign_hashes_are_bounded),
        cmocka_unit_test(an_unknown_user_costs_the_same),
    };
    return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
