/*
 * Invite codes, comparison, hashes.
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

#include "api/secret.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void comparing(void **state)
{
    (void)state;
    assert_true(secret_equal("abc", 3, "abc", 3));
    assert_true(secret_equal("", 0, "", 0));
    assert_false(secret_equal("abc", 3, "abd", 3));
    assert_false(secret_equal("abc", 3, "abcd", 4));
    assert_false(secret_equal("a\0b", 3, "a\0c", 3));
}

static void codes_can_be_read_aloud(void **state)
{
    (void)state;
    bool seen[256] = {false};
    for (int i = 0; i < 500; i++) {
        char code[SECRET_CODE_BYTES];
        char parsed[SECRET_CODE_BYTES];
        secret_code_new(code);
        assert_int_equal(strlen(code), 19);
        for (size_t j = 0; j < 19; j++) {
            if (j % 5 == 4)
                assert_int_equal(code[j], '-');
            else
                assert_non_null(strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", code[j]));
            seen[(unsigned char)code[j]] = true;
        }
        assert_true(secret_code_parse(code, strlen(code), parsed));
        assert_string_equal(parsed, code);
    }
    for (const char *c = "0123456789ABCDEFGHJKMNPQRSTVWXYZ-"; *c != '\0'; c++)
        assert_true(seen[(unsigned char)*c]); /* 8,000 symbols: one missing has the odds of 10^-108 */
}

static void what_people_type_is_understood(void **state)
{
    (void)state;
    static const char *const same[] = {
        "7K3M-9QXA-BC2D-W0T1", "7k3m9qxabc2dw0t1", "7K3M 9QXA BC2D WOTI", "  7k3m-9qxa-bc2d-wotl ",
        "7-K-3-M-9-Q-X-A-B-C-2-D-W-o-T-i",
    };
    char code[SECRET_CODE_BYTES];
    for (size_t i = 0; i < COUNT(same); i++) {
        assert_true(secret_code_parse(same[i], strlen(same[i]), code));
        assert_string_equal(code, "7K3M-9QXA-BC2D-W0T1");
    }
    static const char *const other[] = {
        "", "----", "7K3M-9QXA-BC2D-W0T", "7K3M-9QXA-BC2D-W0T12", "7K3M-9QXA-BC2D-W0TU",
        "7K3M-9QXA-BC2D-W0T\xc3\xa4", "7K3M_9QXA_BC2D_W0T1", "7K3M-9QXA-BC2D-W0T1\n",
    };
    for (size_t i = 0; i < COUNT(other); i++)
        assert_false(secret_code_parse(other[i], strlen(other[i]), code));
    assert_false(secret_code_parse("7K3M-9QXA-BC2D-W0T\0", 19, code));
}

static void hashes_are_bound_to_their_purpose(void **state)
{
    (void)state;
    unsigned char a[SECRET_HASH_BYTES];
    unsigned char b[SECRET_HASH_BYTES];
    unsigned char expected[SECRET_HASH_BYTES];

    /* BLAKE2b-256, as any other implementation computes it. */
    static const char input[] = "invite\0" "7K3M-9QXA-BC2D-W0T1";
    crypto_generichash(expected, sizeof expected, (const unsigned char *)input, sizeof input - 1, NULL, 0);
    secret_code_hash("7K3M-9QXA-BC2D-W0T1", a);
    assert_memory_equal(a, expected, sizeof a);

    secret_hash("reset", "7K3M-9QXA-BC2D-W0T1", 19, b);
    assert_memory_not_equal(a, b, sizeof a);
    secret_hash("ab", "c", 1, a);
    secret_hash("a", "bc", 2, b);
    assert_memory_not_equal(a, b, sizeof a);
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparing),
        cmocka_unit_test(codes_can_be_read_aloud),
        cmocka_unit_test(what_people_type_is_understood),
        cmocka_unit_test(hashes_are_bound_to_their_purpose),
    };
    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
