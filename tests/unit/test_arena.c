/* base/arena.h: memory of one request, bounded, aligned, given back at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>
#include <string.h>

#include "base/arena.h"
#include "random.h"

#define PIECES_MAX 400

struct piece {
    unsigned char *at;
    size_t len;
    unsigned char fill;
};

static void assert_filled(const struct piece *p)
{
    for (size_t i = 0; i < p->len; i++)
        assert_int_equal(p->at[i], p->fill);
}

/* 1. Pieces are aligned, do not touch each other, and never sum up to more than the bound, over many resets. */
static void pieces_are_apart_aligned_and_bounded(void **state)
{
    (void)state;
    static struct piece pieces[PIECES_MAX];
    struct random r = random_seeded();
    struct arena *a = arena_create(100, 20000);
    assert_non_null(a);
    for (int round = 0; round < 50; round++) {
        size_t total = 0;
        size_t count = 0;
        while (count < PIECES_MAX) {
            size_t len = random_below(&r, random_below(&r, 10) == 0 ? 3000 : 100);
            unsigned char *p = arena_alloc(a, len);
            if (p == NULL)
                break;
            assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
            pieces[count] = (struct piece){.at = p, .len = len, .fill = (unsigned char)(count + 1)};
            memset(p, pieces[count].fill, len);
            total += len;
            count++;
        }
        assert_in_range(total, 8000, 20000); /* a bound that is never used would be none */
        for (size_t i = 0; i < count; i++)
            assert_filled(&pieces[i]);
        arena_reset(a);
    }
    arena_free(a);
}

/* 2. The bound is exact, and what does not fit leaves the arena usable. */
static void the_bound_is_exact(void **state)
{
    (void)state;
    struct arena *a = arena_create(64, 128);
    assert_null(arena_alloc(a, 129));
    assert_null(arena_alloc(a, SIZE_MAX));
    assert_non_null(arena_alloc(a, 64));
    assert_null(arena_alloc(a, 65));
    assert_null(arena_zalloc(a, 65));
    assert_non_null(arena_alloc(a, 64));
    assert_null(arena_alloc(a, 1));
    assert_null(arena_copy(a, "x", 1));
    assert_null(arena_text(a, ""));
    assert_null(arena_printf(a, "%d", 1));
    arena_reset(a);
    assert_non_null(arena_alloc(a, 64)); /* the whole bound is there again */
    assert_non_null(arena_alloc(a, 64));
    assert_null(arena_alloc(a, 1));
    arena_free(a);
    arena_free(NULL);
}

/* 3. A reset keeps the first block, so that a small request allocates nothing. */
static void reset_keeps_the_first_block(void **state)
{
    (void)state;
    struct arena *a = arena_create(256, 1 << 20);
    void *first = arena_alloc(a, 16);
    assert_non_null(arena_alloc(a, 100000));
    arena_reset(a);
    assert_ptr_equal(arena_alloc(a, 16), first);
    arena_free(a);
}

/* 4. Copies are copies: they end with a NUL and know of embedded ones. */
static void copies_are_their_own(void **state)
{
    (void)state;
    struct arena *a = arena_create(64, 1 << 20);
    char source[] = "porch\0light";
    char *copy = arena_copy(a, source, 11);
    char *empty = arena_copy(a, NULL, 0);
    char *text = arena_text(a, source);
    assert_null(arena_text(a, NULL));
    memset(source, 'x', sizeof source);
    assert_memory_equal(copy, "porch\0light", 12);
    assert_string_equal(empty, "");
    assert_string_equal(text, "porch");
    char *long_text = arena_printf(a, "%0500d|%s", 7, "end");
    assert_int_equal(strlen(long_text), 504);
    assert_string_equal(long_text + 499, "7|end");
    unsigned char *zeros = arena_alloc(a, 300);
    memset(zeros, 0xff, 300);
    arena_reset(a);
    zeros = arena_zalloc(a, 60);
    for (size_t i = 0; i < 60; i++)
        assert_int_equal(zeros[i], 0);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_apart_aligned_and_bounded),
        cmocka_unit_test(the_bound_is_exact),
        cmocka_unit_test(reset_keeps_the_first_block),
        cmocka_unit_test(copies_are_their_own),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
