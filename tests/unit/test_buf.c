/* base/buf.h: a growing buffer that knows its maximum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "random.h"

/* 1. What is appended stands there in order, with a NUL behind it. */
static void bytes_are_kept_in_order(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    assert_null(b.data);
    buf_puts(&b, "one");
    buf_append(&b, "\0two", 4);
    buf_printf(&b, " %d%%", 3);
    buf_append(&b, NULL, 0);
    assert_int_equal(b.len, 10);
    assert_memory_equal(b.data, "one\0two 3%", 11);
    assert_false(b.failed);
    buf_clear(&b);
    assert_null(b.data);
    buf_puts(&b, "again");
    assert_string_equal(b.data, "again");
    assert_int_equal(b.max, 100);
    buf_clear(&b);
}

/* 2. The maximum is reached exactly; one byte more fails and changes nothing. */
static void the_maximum_holds(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 8);
    buf_puts(&b, "12345");
    buf_printf(&b, "%s", "678");
    assert_false(b.failed);
    assert_string_equal(b.data, "12345678");
    buf_append(&b, "", 0);
    assert_false(b.failed);
    buf_puts(&b, "9");
    assert_true(b.failed);
    assert_string_equal(b.data, "12345678");
    buf_clear(&b);

    buf_init(&b, 8);
    buf_puts(&b, "12345");
    buf_printf(&b, "%s", "6789");
    assert_true(b.failed);
    assert_string_equal(b.data, "12345");
    buf_append(&b, "6", 1); /* would fit, but a part is missing before it */
    buf_printf(&b, "6");
    assert_string_equal(b.data, "12345");
    assert_int_equal(b.len, 5);
    buf_clear(&b);

    buf_init(&b, 8);
    buf_append(&b, "x", SIZE_MAX); /* is not read: it cannot fit */
    assert_true(b.failed);
    assert_int_equal(b.len, 0);
    buf_clear(&b);
}

/* 3. A reset keeps the memory and nothing else. */
static void reset_forgets_content_and_failure(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 8);
    buf_reset(&b); /* never grown */
    buf_puts(&b, "12345678");
    buf_puts(&b, "9");
    const char *memory = b.data;
    buf_reset(&b);
    assert_false(b.failed);
    assert_int_equal(b.len, 0);
    assert_int_equal(strlen(b.data), 0); /* always NUL-terminated */
    buf_puts(&b, "ab");
    assert_ptr_equal(b.data, memory);
    assert_string_equal(b.data, "ab");
    buf_clear(&b);
}

/* 4. Taken bytes are the caller's, and the buffer starts anew. */
static void take_hands_over(void **state)
{
    (void)state;
    struct buf b;
    size_t len = 99;
    buf_init(&b, 8);
    assert_null(buf_take(&b, &len));
    assert_int_equal(len, 0);
    buf_puts(&b, "12345678");
    buf_puts(&b, "9");
    char *taken = buf_take(&b, &len);
    assert_int_equal(len, 8);
    assert_false(b.failed);
    assert_null(b.data);
    buf_puts(&b, "new");
    assert_string_equal(taken, "12345678");
    assert_string_equal(b.data, "new");
    free(taken);
    free(buf_take(&b, NULL));
}

/* 5. Random pieces of all sizes give what a plain array holds. */
static void random_pieces_match_an_array(void **state)
{
    (void)state;
    static char model[1 << 16];
    static char piece[3000];
    struct random r = random_seeded();
    for (int round = 0; round < 20; round++) {
        struct buf b;
        size_t len = 0;
        size_t max = 1 + random_below(&r, sizeof model - 1);
        buf_init(&b, max);
        for (;;) {
            size_t n = random_below(&r, sizeof piece);
            for (size_t i = 0; i < n; i++)
                piece[i] = (char)('a' + random_below(&r, 26));
            piece[n] = '\0';
            if (random_below(&r, 2) == 0)
                buf_append(&b, piece, n);
            else
                buf_printf(&b, "%s", piece);
            if (len + n > max)
                break;
            memcpy(model + len, piece, n);
            len += n;
            assert_false(b.failed);
            assert_int_equal(b.len, len);
            assert_memory_equal(b.data, model, len);
            assert_int_equal(b.data[len], 0);
        }
        assert_true(b.failed);
        assert_int_equal(b.len, len);
        buf_clear(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_kept_in_order),
        cmocka_unit_test(the_maximum_holds),
        cmocka_unit_test(reset_forgets_content_and_failure),
        cmocka_unit_test(take_hands_over),
        cmocka_unit_test(random_pieces_match_an_array),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
