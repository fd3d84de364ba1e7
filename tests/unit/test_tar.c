/* api/tar.h: what is written is what `tar` reads, and back; what is no header is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "api/tar.h"

static void comes_back(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, 1, 511, 512, INT64_C(077777777777), INT64_C(0100000000000), INT64_C(1) << 42};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char block[TAR_BLOCK_BYTES];
        struct tar_member member = {.name = "rooms.db", .bytes = sizes[i]};
        struct tar_member found;
        tar_write_header(&member, 1700000000, block);
        assert_int_equal(tar_read_header(block, &found), ERR_OK);
        assert_string_equal(found.name, "rooms.db");
        assert_true(found.bytes == sizes[i]);
        assert_int_equal((sizes[i] + (int64_t)tar_padding(sizes[i])) % TAR_BLOCK_BYTES, 0);
    }
}

static void the_end_is_zeros(void **state)
{
    (void)state;
    const unsigned char block[TAR_BLOCK_BYTES] = {0};
    struct tar_member found;
    assert_int_equal(tar_read_header(block, &found), ERR_OK);
    assert_string_equal(found.name, "");
}

static void any_changed_byte_is_seen(void **state)
{
    (void)state;
    unsigned char block[TAR_BLOCK_BYTES];
    struct tar_member member = {.name = "porchlight.db", .bytes = 4096};
    struct tar_member found;
    tar_write_header(&member, 1700000000, block);
    for (size_t i = 0; i < TAR_BLOCK_BYTES; i++) {
        block[i] ^= 0x01;
        /* The two blanks that end the sum's digits are nobody's concern. */
        if (i != 154 && i != 155)
            assert_int_equal(tar_read_header(block, &found), ERR_MALFORMED);
        block[i] ^= 0x01;
    }
}

static void folders_and_links_are_refused(void **state)
{
    (void)state;
    unsigned char block[TAR_BLOCK_BYTES];
    struct tar_member found;
    for (const char *type = "1256xg"; *type != '\0'; type++) {
        struct tar_member member = {.name = "x", .bytes = 0};
        tar_write_header(&member, 0, block);
        unsigned sum = 0;
        block[156] = (unsigned char)*type;
        memset(block + 148, ' ', 8);
        for (size_t i = 0; i < TAR_BLOCK_BYTES; i++)
            sum += block[i];
        for (int i = 5; i >= 0; i--, sum >>= 3)
            block[148 + i] = (unsigned char)('0' + (sum & 7));
        assert_int_equal(tar_read_header(block, &found), ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(the_end_is_zeros),
        cmocka_unit_test(any_changed_byte_is_seen),
        cmocka_unit_test(folders_and_links_are_refused),
    };
    return cmocka_run_group_tests_name("tar", tests, NULL, NULL);
}
