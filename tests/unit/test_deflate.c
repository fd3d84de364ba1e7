/* realtime/deflate.h: messages there and back, bytes as others write them (RFC 7692, section 7.2.3), and what is no
 * message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "random.h"
#include "realtime/deflate.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define BYTES(text) (text), sizeof(text) - 1
#define MAX_BYTES (1U << 20)

static struct deflate *streams_of(void **state)
{
    return *state;
}

/* From memory of exactly the length, so that a look past it is seen. */
static enum err unpack(struct deflate *d, const void *bytes, size_t len, struct buf *out)
{
    unsigned char *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    if (len > 0)
        memcpy(copy, bytes, len);
    enum err err = deflate_unpack(d, copy, len, out);
    free(copy);
    return err;
}

static void assert_round_trip(struct deflate *d, const void *bytes, size_t len)
{
    struct buf packed;
    struct buf out;
    buf_init(&packed, MAX_BYTES);
    buf_init(&out, len + 6);
    buf_puts(&packed, "head");
    buf_puts(&out, "before");
    assert_true(deflate_pack(d, bytes, len, &packed));
    assert_memory_equal(packed.data, "head", 4);
    assert_int_equal(unpack(d, packed.data + 4, packed.len - 4, &out), ERR_OK);
    assert_int_equal(out.len, len + 6);
    assert_memory_equal(out.data, "before", 6);
    if (len > 0)
        assert_memory_equal(out.data + 6, bytes, len);
    buf_clear(&packed);
    buf_clear(&out);
}

/* 1. Text, and bytes that cannot be compressed, of all kinds of lengths. */
static void there_and_back(void **state)
{
    struct random random = random_seeded();
    static const size_t lengths[] = {0,    1,    2,    5,    125,   126,   1000,  4095,  4096,  8187,  8188,
                                     8189, 8192, 8193, 9000, 16384, 32768, 32769, 65535, 65536, 300000};
    static const char words[] = "{\"type\":\"LIKE_UPDATE\",\"postId\":\"17\",\"count\":3} Gr\xc3\xbc\xc3\x9f"
                                "e ";
    for (size_t i = 0; i < COUNT(lengths); i++) {
        unsigned char *bytes = malloc(lengths[i] + 1);
        assert_non_null(bytes);
        for (size_t b = 0; b < lengths[i]; b++)
            bytes[b] = (unsigned char)words[b % (sizeof words - 1)];
        assert_round_trip(streams_of(state), bytes, lengths[i]);
        for (size_t b = 0; b < lengths[i]; b++)
            bytes[b] = (unsigned char)random_next(&random);
        assert_round_trip(streams_of(state), bytes, lengths[i]);
        free(bytes);
    }
    for (int i = 0; i < 2000; i++) {
        unsigned char bytes[600];
        size_t len = random_below(&random, sizeof bytes);
        size_t letters = 1 + random_below(&random, 256);
        for (size_t b = 0; b < len; b++)
            bytes[b] = (unsigned char)random_below(&random, letters);
        assert_round_trip(streams_of(state), bytes, len);
    }
}

/* 2. What goes out ends as the RFC has it: without the tail, and with it every inflater reads it. The empty message is
 * 00. */
static void the_tail_is_not_sent(void **state)
{
    struct deflate *d = streams_of(state);
    struct buf packed;
    buf_init(&packed, 1000);
    assert_true(deflate_pack(d, "", 0, &packed));
    assert_int_equal(packed.len, 1);
    assert_memory_equal(packed.data, "\0", 1);
    assert_true(deflate_pack(d, NULL, 0, &packed));
    assert_memory_equal(packed.data, "\0\0", 2);

    buf_reset(&packed);
    assert_true(deflate_pack(d, "Hello", 5, &packed));
    assert_int_equal(packed.len, 7);
    assert_memory_equal(packed.data, "\xf2\x48\xcd\xc9\xc9\x07\x00", 7);

    buf_append(&packed, "\x00\x00\xff\xff", 4);
    unsigned char out[16];
    z_stream z = {.next_in = (unsigned char *)packed.data, .avail_in = (uInt)packed.len};
    z.next_out = out;
    z.avail_out = sizeof out;
    assert_int_equal(inflateInit2(&z, -15), Z_OK);
    assert_int_equal(inflate(&z, Z_SYNC_FLUSH), Z_OK);
    assert_int_equal(z.total_out, 5);
    assert_memory_equal(out, "Hello", 5);
    (void)inflateEnd(&z);
    buf_clear(&packed);
}

/* 3. The whole window is used both ways: 30,000 random bytes, and once more the same. */
static void the_window_is_the_largest(void **state)
{
    struct random random = random_seeded();
    struct buf packed;
    unsigned char *bytes = malloc(60000);
    assert_non_null(bytes);
    for (size_t i = 0; i < 30000; i++)
        bytes[i] = bytes[30000 + i] = (unsigned char)random_next(&random);
    buf_init(&packed, MAX_BYTES);
    assert_true(deflate_pack(streams_of(state), bytes, 60000, &packed));
    assert_in_range(packed.len, 30000, 32000);
    assert_round_trip(streams_of(state), bytes, 60000);
    buf_clear(&packed);
    free(bytes);
}

/* 4. No message leans on another: the same one becomes the same bytes, whatever came between. */
static void messages_stand_alone(void **state)
{
    struct deflate *d = streams_of(state);
    struct buf first;
    struct buf again;
    struct buf out;
    buf_init(&first, 1000);
    buf_init(&again, 1000);
    buf_init(&out, 1000);
    static const char text[] = "a text that a window would remember";
    assert_true(deflate_pack(d, BYTES(text), &first));
    assert_true(deflate_pack(d, BYTES("another text that a window would remember"), &again));
    assert_int_equal(unpack(d, again.data, again.len, &out), ERR_OK);
    buf_reset(&again);
    buf_reset(&out);
    assert_true(deflate_pack(d, BYTES(text), &again));
    assert_int_equal(again.len, first.len);
    assert_memory_equal(again.data, first.data, first.len);
    assert_int_equal(unpack(d, again.data, again.len, &out), ERR_OK);
    assert_string_equal(out.data, text);

    /* "Hello" once more by looking back five bytes: a second message of a context that was not agreed on. */
    buf_reset(&out);
    assert_int_equal(unpack(d, BYTES("\xf2\x48\xcd\xc9\xc9\x07\x00"), &out), ERR_OK);
    assert_int_equal(unpack(d, BYTES("\x02\x13\x00\x00"), &out), ERR_MALFORMED);
    assert_string_equal(out.data, "Hello");
    buf_clear(&first);
    buf_clear(&again);
    buf_clear(&out);
}

struct unpack_case {
    const char *bytes;
    size_t len;
    const char *text;
};

/* 5. The ways to write a message (RFC 7692, 7.2.3.1 to 7.2.3.6), final blocks among them. */
static void as_others_write_them(void **state)
{
    static const struct unpack_case table[] = {
        {BYTES("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello"},
        {BYTES("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), "Hello"},         /* not compressed */
        {BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "Hello"},                     /* BFINAL */
        {BYTES("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), "Hello"}, /* two blocks */
        {BYTES("\x00"), ""},                                                      /* nothing */
        {BYTES("\x02\x00"), ""},                                                  /* in a block of its own */
        {BYTES(""), ""},                                                          /* as some write nothing */
        {BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00"), "Hello"},                         /* nothing behind BFINAL */
        {BYTES("\x03\x00"), ""},                                                  /* a final block of nothing */
        {BYTES("\x03\x00\x00"), ""},                                              /* and the empty block */
        {BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "HelloHello"}, /* twice BFINAL */
        {BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00"), "HelloHello"},
        {BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00\x02\x13\x00\x00"), "HelloHello"}, /* looking back over it */
        {BYTES("\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff\x00"), "Hello"},  /* an empty block more */
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buf out;
        buf_init(&out, 100);
        buf_puts(&out, "");
        enum err err = unpack(streams_of(state), table[i].bytes, table[i].len, &out);
        if (err != ERR_OK || strcmp(out.data, table[i].text) != 0)
            fail_msg("case %zu: error %d, %s", i, err, out.data);
        buf_clear(&out);
    }
}

/* 6. A message that is one final block, with nothing behind it, of any length: the last of it may come out late. */
static void final_blocks_of_any_length(void **state)
{
    static char bytes[40000];
    memset(bytes, 'z', sizeof bytes);
    for (size_t len = 8000; len <= sizeof bytes; len += len % 8192 < 7800 && len % 8192 > 300 ? 200 : 1) {
        unsigned char packed[400];
        z_stream z = {.next_in = (unsigned char *)bytes, .avail_in = (uInt)len};
        z.next_out = packed;
        z.avail_out = sizeof packed;
        assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        (void)deflateEnd(&z);
        struct buf out;
        buf_init(&out, len);
        assert_int_equal(unpack(streams_of(state), packed, z.total_out, &out), ERR_OK);
        assert_int_equal(out.len, len);
        assert_memory_equal(out.data, bytes, len);
        buf_clear(&out);
    }
}

/* 7. What is not deflate, or not all of it. */
static void garbage(void **state)
{
    static const struct unpack_case table[] = {
        {BYTES("\x06"), NULL},     /* a block of no type */
        {BYTES("\x07\x00"), NULL}, /* and final */
        {BYTES("\xff\xff\xff\xff"), NULL},
        {BYTES("\x00\x05\x00\xfa\xfe\x48\x65\x6c\x6c\x6f\x00"), NULL}, /* lengths that do not match */
        {BYTES("\x00\x05\x00\xfa\xff\x48\x65"), NULL},                 /* stored, and cut off */
        {BYTES("\xf2\x48\xcd\xc9\xc9\x07"), NULL},                     /* no end of the block */
        {BYTES("\xf2\x48"), NULL},
        {BYTES("\xf2"), NULL},
        {BYTES("\x02\x13\x00\x00"), NULL},                 /* looks back before the beginning */
        {BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00\x06"), NULL}, /* behind a final block */
        {BYTES("\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48"), NULL},
        {BYTES("\x78\x9c\xf3\x48\xcd\xc9\xc9\x07\x00\x05\x8c\x01\xf5"), NULL}, /* zlib's own format */
        {BYTES("\x00\x00"), NULL},
        /* A block whose end is a run of ones: it takes the tail for its own, and ends two bits before it. */
        {BYTES("\x04\xc0\x01\x92\x24\x49\x92\x24\xc9\xb7\x21\xb1\xa8\x79\x64\xf5\xec\xfd\xff\x39\x87"), NULL},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buf out;
        buf_init(&out, 100);
        buf_puts(&out, "before");
        enum err err = unpack(streams_of(state), table[i].bytes, table[i].len, &out);
        if (err != ERR_MALFORMED || strcmp(out.data, "before") != 0)
            fail_msg("case %zu: error %d, %s", i, err, out.data);
        buf_clear(&out);
    }
}

/* 8. A message that is cut off is never taken for a whole one that is shorter. */
static void cut_off_anywhere(void **state)
{
    struct deflate *d = streams_of(state);
    struct buf packed;
    struct buf out;
    buf_init(&packed, 10000);
    buf_init(&out, 10000);
    for (int i = 0; i < 100; i++)
        buf_printf(&out, "{\"postId\":\"%d\",\"count\":%d}", i * 7919, i);
    size_t whole = out.len;
    assert_true(deflate_pack(d, out.data, out.len, &packed));
    for (size_t len = 1; len < packed.len; len++) {
        buf_reset(&out);
        assert_int_equal(unpack(d, packed.data, len, &out), ERR_MALFORMED);
        assert_int_equal(out.len, 0);
    }
    buf_reset(&out);
    assert_int_equal(unpack(d, packed.data, packed.len, &out), ERR_OK);
    assert_int_equal(out.len, whole);
    buf_clear(&packed);
    buf_clear(&out);
}

/* 9. A bomb ends at the limit: exactly that much fits, one byte more does not, and no memory is taken beyond it. */
static void bombs_end_at_the_limit(void **state)
{
    struct deflate *d = streams_of(state);
    size_t len = 10U << 20;
    char *zeros = calloc(1, len);
    struct buf packed;
    struct buf out;
    assert_non_null(zeros);
    buf_init(&packed, MAX_BYTES);
    assert_true(deflate_pack(d, zeros, len, &packed));
    assert_in_range(packed.len, 1, 20000);
    buf_init(&out, 65536);
    assert_int_equal(unpack(d, packed.data, packed.len, &out), ERR_TOO_LARGE);
    assert_int_equal(out.len, 0);
    assert_in_range(out.cap, 0, 2 * 65536 + 2);
    buf_clear(&out);
    buf_init(&out, len - 1);
    assert_int_equal(unpack(d, packed.data, packed.len, &out), ERR_TOO_LARGE);
    buf_clear(&out);
    buf_init(&out, len);
    assert_int_equal(unpack(d, packed.data, packed.len, &out), ERR_OK);
    assert_int_equal(out.len, len);
    assert_memory_equal(out.data, zeros, len);
    buf_clear(&out);
    buf_clear(&packed);
    free(zeros);
}

/* 10. The room of a packed message is what it needs, without the tail; too little is told and takes nothing away. */
static void a_full_buffer_is_told(void **state)
{
    struct deflate *d = streams_of(state);
    struct buf out;
    buf_init(&out, 8);
    buf_puts(&out, "x");
    assert_true(deflate_pack(d, "Hello", 5, &out));
    assert_int_equal(out.len, 8);
    buf_clear(&out);
    buf_init(&out, 7);
    buf_puts(&out, "x");
    assert_false(deflate_pack(d, "Hello", 5, &out));
    assert_string_equal(out.data, "x");
    assert_int_equal(out.len, 1);
    buf_clear(&out);

    unsigned char bytes[30000];
    struct random random = random_seeded();
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)random_next(&random);
    buf_init(&out, 20000);
    assert_false(deflate_pack(d, bytes, sizeof bytes, &out));
    assert_int_equal(out.len, 0);
    buf_clear(&out);
    assert_round_trip(d, bytes, sizeof bytes); /* and the streams are as good as before */
}

/* 11. Bytes of chance, and good messages with a bit turned: an answer, never more than the limit. */
static void bytes_of_chance(void **state)
{
    struct deflate *d = streams_of(state);
    struct random random = random_seeded();
    struct buf packed;
    struct buf out;
    buf_init(&packed, MAX_BYTES);
    buf_init(&out, 5000);
    for (int i = 0; i < 20000; i++) {
        unsigned char bytes[200];
        size_t len = random_below(&random, sizeof bytes);
        for (size_t b = 0; b < len; b++)
            bytes[b] = (unsigned char)random_below(&random, 1 + (size_t)i % 256);
        buf_reset(&packed);
        buf_reset(&out);
        if (i % 2 == 0) {
            buf_append(&packed, bytes, len);
        } else {
            assert_true(deflate_pack(d, bytes, len, &packed));
            packed.data[random_below(&random, packed.len)] ^= (char)(1 << random_below(&random, 7));
        }
        enum err err = unpack(d, packed.data, packed.len, &out);
        assert_true(err == ERR_OK || err == ERR_MALFORMED || err == ERR_TOO_LARGE);
        assert_true(out.len <= out.max && (err == ERR_OK || out.len == 0));
    }
    buf_clear(&packed);
    buf_clear(&out);
    assert_round_trip(d, "fine", 4);
}

/* 12. Nothing is to be freed; and the library says which it is. */
static void small_things(void **state)
{
    (void)state;
    deflate_free(NULL);
    assert_string_equal(deflate_library_version(), zlibVersion());
}

static int set_up(void **state)
{
    *state = deflate_create();
    return *state == NULL;
}

static int tear_down(void **state)
{
    deflate_free(*state);
    return 0;
}

#define WITH_STREAMS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STREAMS(there_and_back),
        WITH_STREAMS(the_tail_is_not_sent),
        WITH_STREAMS(the_window_is_the_largest),
        WITH_STREAMS(messages_stand_alone),
        WITH_STREAMS(as_others_write_them),
        WITH_STREAMS(final_blocks_of_any_length),
        WITH_STREAMS(garbage),
        WITH_STREAMS(cut_off_anywhere),
        WITH_STREAMS(bombs_end_at_the_limit),
        WITH_STREAMS(a_full_buffer_is_told),
        WITH_STREAMS(bytes_of_chance),
        cmocka_unit_test(small_things),
    };
    return cmocka_run_group_tests_name("deflate", tests, NULL, NULL);
}
