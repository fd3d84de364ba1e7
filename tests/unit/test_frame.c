/*
 * realtime/frame.h: each rule of RFC 6455 about frames, and that it makes no difference where a stream is cut.
 *
 * Streams are put together here byte by byte, with a mask written the slow way, so that the codec is not its own judge.
 * What a reader tells is written down as text and compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "random.h"
#include "realtime/frame.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define FIN 0x80U
#define RSV1 0x40U
#define MASKED 0x80U
#define STREAM_MAX (1U << 20)

static const unsigned char key[4] = {0x37, 0xfa, 0x21, 0x3d};
static const struct frame_rules server = {.message_bytes_max = 70000, .masked = true};
static const struct frame_rules client = {.message_bytes_max = 70000};
static const struct frame_rules deflating = {.message_bytes_max = 70000, .masked = true, .deflate = true};

/* ---- streams ----------------------------------------------------------------------------------------------------- */

static void put_byte(struct buf *s, unsigned byte)
{
    unsigned char one = (unsigned char)byte;
    buf_append(s, &one, 1);
}

/* `wide` is 0, 2 or 8 bytes of length behind the short one, whether that is minimal or not. */
static void put_head(struct buf *s, unsigned first, unsigned masked, unsigned wide, uint64_t len)
{
    put_byte(s, first);
    put_byte(s, masked | (wide == 0 ? (unsigned)len : wide == 2 ? 126 : 127));
    for (unsigned left = wide; left > 0; left--)
        put_byte(s, (unsigned)(len >> 8 * (left - 1)) & 0xffU);
    if (masked != 0)
        buf_append(s, key, sizeof key);
}

static unsigned wide_of(uint64_t len)
{
    return len <= 125 ? 0 : len <= 65535 ? 2 : 8;
}

static void put_payload(struct buf *s, unsigned masked, const void *payload, size_t len)
{
    const unsigned char *bytes = payload;
    for (size_t i = 0; i < len; i++)
        put_byte(s, masked != 0 ? bytes[i] ^ key[i % 4] : bytes[i]);
}

static void put_frame(struct buf *s, unsigned first, const void *payload, size_t len)
{
    put_head(s, first, MASKED, wide_of(len), len);
    put_payload(s, MASKED, payload, len);
}

static void put_text(struct buf *s, unsigned first, const char *payload)
{
    put_frame(s, first, payload, strlen(payload));
}

/* ---- what was told ----------------------------------------------------------------------------------------------- */

static void write_event(struct buf *told, const struct frame_event *e)
{
    switch (e->kind) {
    case FRAME_MORE:
        return;
    case FRAME_MESSAGE:
        buf_printf(told, "%s%s", e->opcode == FRAME_OP_TEXT ? "text" : "binary", e->compressed ? "*" : "");
        break;
    case FRAME_PING:
        buf_puts(told, "ping");
        break;
    case FRAME_PONG:
        buf_puts(told, "pong");
        break;
    case FRAME_CLOSE:
        buf_printf(told, "close %d", e->code);
        break;
    case FRAME_ERROR:
        assert_non_null(e->why);
        buf_printf(told, "error %d\n", e->code);
        return;
    }
    buf_puts(told, " [");
    if (e->len > 0)
        buf_append(told, e->bytes, e->len);
    buf_puts(told, "]\n");
}

static void assert_at_rest(const struct frame_reader *r)
{
    static const struct frame_reader zero;
    assert_memory_equal(r, &zero, sizeof zero);
}

/* One piece, in memory of exactly its length, so that a look past it is seen. false: an error was told. */
static bool read_piece(struct frame_reader *r, const struct frame_rules *rules, const char *bytes, size_t len,
                       struct buf *told)
{
    unsigned char *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    if (len > 0)
        memcpy(copy, bytes, len);
    struct frame_event e = {.kind = FRAME_PING};
    size_t at = 0;
    while (e.kind != FRAME_MORE && e.kind != FRAME_ERROR) {
        size_t now = frame_read(r, rules, copy + at, len - at, &e);
        at += now;
        assert_true(at <= len);
        write_event(told, &e);
    }
    if (e.kind == FRAME_MORE)
        assert_int_equal(at, len);
    free(copy);
    return e.kind == FRAME_MORE;
}

/* The first piece has `first` bytes, the others `piece` each. Returns what was told, to be freed; the end says how it
 * ended. */
static char *read_cut(const struct frame_rules *rules, const struct buf *s, size_t first, size_t piece)
{
    struct frame_reader r = {0};
    struct buf told;
    buf_init(&told, STREAM_MAX * 2);
    buf_puts(&told, "");
    size_t at = 0;
    bool fine = true;
    do {
        size_t now = at == 0 ? first : piece;
        if (now > s->len - at)
            now = s->len - at;
        fine = read_piece(&r, rules, s->data + at, now, &told);
        at += now;
    } while (fine && at < s->len);
    bool rests = frame_reader_at_rest(&r);
    if (fine)
        buf_puts(&told, rests ? "." : "...");
    if (rests)
        assert_at_rest(&r);
    frame_reader_clear(&r);
    assert_at_rest(&r);
    assert_false(told.failed);
    return buf_take(&told, NULL);
}

/* Reads a stream whole, cut once at every byte, and byte by byte: all must tell the same. Frees it. */
static void expect(const struct frame_rules *rules, struct buf *s, const char *wanted)
{
    assert_false(s->failed);
    for (size_t cut = s->len; cut > 0; cut--) {
        char *told = read_cut(rules, s, cut, s->len);
        if (strcmp(told, wanted) != 0)
            fail_msg("cut at %zu of %zu: told\n%s\nwanted\n%s", cut, s->len, told, wanted);
        free(told);
    }
    char *told = read_cut(rules, s, 1, 1);
    assert_string_equal(told, wanted);
    free(told);
    buf_clear(s);
}

static struct buf stream(void)
{
    struct buf s;
    buf_init(&s, STREAM_MAX);
    return s;
}

/* ---- the rules --------------------------------------------------------------------------------------------------- */

#define BYTES(text) (text), sizeof(text) - 1

/* 1. The examples of RFC 6455, section 5.7. */
static void the_examples_of_the_rfc(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        bool masked;
        const char *wanted;
    } table[] = {
        {BYTES("\x81\x05\x48\x65\x6c\x6c\x6f"), false, "text [Hello]\n."},
        {BYTES("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), true, "text [Hello]\n."},
        {BYTES("\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f"), false, "text [Hello]\n."},
        {BYTES("\x89\x05\x48\x65\x6c\x6c\x6f"), false, "ping [Hello]\n."},
        {BYTES("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), true, "pong [Hello]\n."},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buf s = stream();
        buf_append(&s, table[i].bytes, table[i].len);
        expect(table[i].masked ? &server : &client, &s, table[i].wanted);
    }
}

static const uint64_t lengths[] = {0, 1, 2, 124, 125, 126, 127, 128, 255, 256, 65534, 65535, 65536, 65537};

/* 2. Every class of length, masked and not: heads are written as RFC 6455, 5.2, has them, and read. */
static void every_length(void **state)
{
    (void)state;
    unsigned char *payload = malloc(65537);
    assert_non_null(payload);
    for (size_t i = 0; i < 65537; i++)
        payload[i] = (unsigned char)('a' + i % 26);
    for (size_t i = 0; i < COUNT(lengths) * 2; i++) {
        bool masked = i % 2 == 1;
        size_t len = (size_t)lengths[i / 2];
        struct buf s = stream();
        put_head(&s, FIN | FRAME_OP_BINARY, masked ? MASKED : 0, wide_of(len), len);
        unsigned char head[FRAME_HEAD_BYTES_MAX];
        assert_int_equal(frame_head(head, FRAME_OP_BINARY, false, len, masked ? key : NULL), s.len);
        assert_memory_equal(head, s.data, s.len);
        put_payload(&s, masked ? MASKED : 0, payload, len);

        struct buf wanted;
        buf_init(&wanted, STREAM_MAX);
        buf_puts(&wanted, "binary [");
        buf_append(&wanted, payload, len);
        buf_puts(&wanted, "]\n.");
        const size_t cuts[] = {s.len, 1, 2, 3, 4, 8, 9, 14, s.len / 2, s.len - 1};
        for (size_t c = 0; c < COUNT(cuts); c++) {
            char *told = read_cut(masked ? &server : &client, &s, cuts[c], cuts[c] > 0 ? cuts[c] : 1);
            assert_string_equal(told, wanted.data);
            free(told);
        }
        buf_clear(&wanted);
        buf_clear(&s);
    }
    free(payload);
}

/* 3. Other heads that are sent: opcodes, the compressed bit, the longest length. */
static void heads_that_are_sent(void **state)
{
    (void)state;
    unsigned char head[FRAME_HEAD_BYTES_MAX];
    assert_int_equal(frame_head(head, FRAME_OP_TEXT, true, 5, NULL), 2);
    assert_memory_equal(head, "\xc1\x05", 2);
    assert_int_equal(frame_head(head, FRAME_OP_CLOSE, false, 125, NULL), 2);
    assert_memory_equal(head, "\x88\x7d", 2);
    assert_int_equal(frame_head(head, FRAME_OP_PONG, false, 0, key), 6);
    assert_memory_equal(head, "\x8a\x80\x37\xfa\x21\x3d", 6);
    assert_int_equal(frame_head(head, FRAME_OP_BINARY, false, INT64_MAX, key), 14);
    assert_memory_equal(head, "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x37\xfa\x21\x3d", 14);
}

/* 4. A length in more bytes than it needs, or of 64 bits, is refused; for control frames any longer form. */
static void lengths_must_be_minimal(void **state)
{
    (void)state;
    static const struct {
        unsigned first;
        unsigned wide;
        uint64_t len;
        int code;
    } table[] = {
        {FIN | 1, 2, 0, 1002},          {FIN | 1, 2, 125, 1002},
        {FIN | 2, 8, 0, 1002},          {FIN | 2, 8, 125, 1002},
        {FIN | 2, 8, 126, 1002},        {FIN | 2, 8, 65535, 1002},
        {FIN | 2, 8, 70001, 1009},      {FIN | 2, 8, INT64_MAX, 1009},
        {2, 8, INT64_MAX, 1009},        {FIN | 2, 8, UINT64_C(1) << 63, 1002},
        {FIN | 2, 8, UINT64_MAX, 1002}, {FIN | 9, 2, 126, 1002},
        {FIN | 9, 2, 5, 1002},          {FIN | 10, 8, 65536, 1002},
        {FIN | 8, 2, 2, 1002},          {FIN | 8, 8, 2, 1002},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        char wanted[32];
        (void)snprintf(wanted, sizeof wanted, "error %d\n", table[i].code);
        struct buf s = stream();
        put_head(&s, table[i].first, MASKED, table[i].wide, table[i].len);
        expect(&server, &s, wanted);
        s = stream();
        put_head(&s, table[i].first, 0, table[i].wide, table[i].len);
        expect(&client, &s, wanted);
    }
}

/* What RFC 6455 and 7692 say about a first byte, written once more. */
static bool first_byte_is_legal(unsigned first, bool in_message, bool deflate)
{
    switch (first) {
    case 0x00: /* a fragment, and the last one */
    case 0x80:
        return in_message;
    case 0x01: /* text and binary, fragmented or not */
    case 0x81:
    case 0x02:
    case 0x82:
        return !in_message;
    case 0x41: /* the same, compressed */
    case 0xc1:
    case 0x42:
    case 0xc2:
        return !in_message && deflate;
    case 0x88: /* control frames */
    case 0x89:
    case 0x8a:
        return true;
    default:
        return false;
    }
}

/* 5. All 256 first bytes, inside and outside of a message, with permessage-deflate and without it. */
static void every_first_byte(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1024; i++) {
        unsigned first = i & 0xffU;
        bool in_message = (i & 0x100U) != 0;
        bool deflate = (i & 0x200U) != 0;
        struct buf s = stream();
        if (in_message)
            put_text(&s, FRAME_OP_TEXT, "so ");
        put_text(&s, first, "");
        char *told = read_cut(deflate ? &deflating : &server, &s, s.len, 1);
        char *in_pieces = read_cut(deflate ? &deflating : &server, &s, 1, 1);
        assert_string_equal(in_pieces, told);
        bool refused = strcmp(told, "error 1002\n") == 0;
        if (refused == first_byte_is_legal(first, in_message, deflate))
            fail_msg("first byte %02x, inside %d, deflate %d: %s", first, in_message, deflate, told);
        assert_int_equal(strstr(told, "error") != NULL, refused);
        free(told);
        free(in_pieces);
        buf_clear(&s);
    }
}

/* 6. A server demands masks, a client refuses them, whatever the frame. The second byte tells: no more is waited for.
 */
static void masks_are_a_matter_of_sides(void **state)
{
    (void)state;
    static const unsigned firsts[] = {0x81, 0x82, 0x01, 0x88, 0x89, 0x8a};
    for (size_t i = 0; i < COUNT(firsts); i++) {
        struct buf s = stream();
        put_byte(&s, firsts[i]);
        put_byte(&s, 5);
        expect(&server, &s, "error 1002\n");
        s = stream();
        put_byte(&s, firsts[i]);
        put_byte(&s, MASKED | 5);
        expect(&client, &s, "error 1002\n");
    }
}

/* 7. Control frames are whole and short. */
static void control_frames_are_short_and_whole(void **state)
{
    (void)state;
    char longest[126];
    memset(longest, 'x', 125);
    longest[125] = '\0';
    struct buf s = stream();
    put_text(&s, FIN | FRAME_OP_PING, longest);
    put_text(&s, FIN | FRAME_OP_PONG, longest);
    put_text(&s, FIN | FRAME_OP_PONG, "");
    struct buf wanted;
    buf_init(&wanted, 1000);
    buf_printf(&wanted, "ping [%s]\npong [%s]\npong []\n.", longest, longest);
    expect(&server, &s, wanted.data);
    buf_clear(&wanted);
    for (unsigned opcode = FRAME_OP_CLOSE; opcode <= FRAME_OP_PONG; opcode++) {
        s = stream();
        put_text(&s, opcode, "ab"); /* without FIN */
        expect(&server, &s, "error 1002\n");
        s = stream();
        put_head(&s, FIN | opcode, MASKED, 2, 126);
        expect(&server, &s, "error 1002\n");
    }
}

/* 8. Fragments make one message, with control frames between them; empty ones count for nothing. */
static void fragments_and_control_frames_between(void **state)
{
    (void)state;
    struct buf s = stream();
    put_text(&s, FRAME_OP_TEXT, "one ");
    put_text(&s, FIN | FRAME_OP_PING, "p1");
    put_text(&s, FRAME_OP_CONTINUATION, "");
    put_text(&s, FRAME_OP_CONTINUATION, "two ");
    put_text(&s, FIN | FRAME_OP_PONG, "p2");
    put_text(&s, FIN | FRAME_OP_PING, "");
    put_text(&s, FIN | FRAME_OP_CONTINUATION, "three");
    put_text(&s, FIN | FRAME_OP_TEXT, "four");
    put_text(&s, FRAME_OP_BINARY, "");
    put_text(&s, FIN | FRAME_OP_CONTINUATION, "\xff");
    put_text(&s, FRAME_OP_TEXT, "");
    put_text(&s, FRAME_OP_CONTINUATION, "");
    put_text(&s, FIN | FRAME_OP_CONTINUATION, "");
    put_text(&s, FIN | FRAME_OP_TEXT, "");
    put_text(&s, FRAME_OP_BINARY, "five");
    put_frame(&s, FIN | FRAME_OP_CLOSE, "\x03\xe8 bye", 6);
    expect(&server, &s,
           "ping [p1]\npong [p2]\nping []\ntext [one two three]\ntext [four]\nbinary [\xff]\ntext []\ntext []\n"
           "close 1000 [ bye]\n...");
}

/* Those that bring nothing and end nothing are counted, so that whoever reads them can have them paid for. */
static void empty_fragments_are_counted(void **state)
{
    (void)state;
    static const size_t expected[] = {1, 2, 0, 1, 2};
    static const enum frame_event_kind kinds[] = {FRAME_PING, FRAME_MESSAGE, FRAME_MESSAGE, FRAME_MESSAGE, FRAME_MORE};
    struct frame_reader reader = {0};
    struct buf s = stream();
    put_text(&s, FRAME_OP_TEXT, "");
    put_text(&s, FIN | FRAME_OP_PING, "");
    put_text(&s, FRAME_OP_CONTINUATION, "");
    put_text(&s, FRAME_OP_CONTINUATION, "one");
    put_text(&s, FRAME_OP_CONTINUATION, "");
    put_text(&s, FIN | FRAME_OP_CONTINUATION, "");
    put_text(&s, FIN | FRAME_OP_TEXT, "");
    put_text(&s, FRAME_OP_TEXT, "");
    put_text(&s, FIN | FRAME_OP_CONTINUATION, "two");
    put_text(&s, FRAME_OP_TEXT, "");
    put_text(&s, FRAME_OP_CONTINUATION, "");
    unsigned char *at = (unsigned char *)s.data;
    size_t left = s.len;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct frame_event e;
        size_t taken = frame_read(&reader, &server, at, left, &e);
        assert_int_equal(e.kind, kinds[i]);
        assert_int_equal(e.empty, expected[i]);
        at += taken;
        left -= taken;
    }
    frame_reader_clear(&reader);
    buf_clear(&s);
}

/* 9. A message inside another, and a fragment of none. */
static void fragments_out_of_order(void **state)
{
    (void)state;
    struct buf s = stream();
    put_text(&s, FRAME_OP_TEXT, "a");
    put_text(&s, FIN | FRAME_OP_TEXT, "b");
    expect(&server, &s, "error 1002\n");
    s = stream();
    put_text(&s, FRAME_OP_BINARY, "a");
    put_text(&s, FRAME_OP_BINARY, "b");
    expect(&server, &s, "error 1002\n");
    s = stream();
    put_text(&s, FIN | FRAME_OP_CONTINUATION, "a");
    expect(&server, &s, "error 1002\n");
    s = stream();
    put_text(&s, FRAME_OP_TEXT, "a");
    put_text(&s, FIN | FRAME_OP_CONTINUATION, "b");
    put_text(&s, FRAME_OP_CONTINUATION, "c");
    expect(&server, &s, "text [ab]\nerror 1002\n");
}

/* 10. A compressed message is told as it is: only its first frame says so, and its bytes need not be UTF-8. */
static void compressed_messages(void **state)
{
    (void)state;
    struct buf s = stream();
    put_text(&s, FIN | RSV1 | FRAME_OP_TEXT, "\xff\xfe");
    put_text(&s, RSV1 | FRAME_OP_TEXT, "\xc3");
    put_text(&s, FIN | FRAME_OP_PING, "");
    put_text(&s, FIN | FRAME_OP_CONTINUATION, "\xc3");
    put_text(&s, FIN | FRAME_OP_TEXT, "plain");
    put_text(&s, FIN | RSV1 | FRAME_OP_BINARY, "b");
    put_text(&s, FIN | FRAME_OP_TEXT, "\xff");
    expect(&deflating, &s, "text* [\xff\xfe]\nping []\ntext* [\xc3\xc3]\ntext [plain]\nbinary* [b]\nerror 1007\n");
}

/* ---- UTF-8 ------------------------------------------------------------------------------------------------------- */

struct utf8_case {
    const char *bytes;
    int bad_at; /* the first byte that shows it; -1: fine; -2: cut off */
};

static const struct utf8_case utf8_table[] = {
    {"", -1},
    {"plain", -1},
    {"a longer run of ASCII, of many times eight bytes", -1},
    {"\x7f", -1},
    {"\xc2\x80", -1},         /* the first of two bytes */
    {"\xdf\xbf", -1},         /* and the last */
    {"\xe0\xa0\x80", -1},     /* the first of three */
    {"\xed\x9f\xbf", -1},     /* D7FF, before the surrogates */
    {"\xee\x80\x80", -1},     /* E000, after them */
    {"\xef\xbf\xbf", -1},     /* FFFF: not a character, but UTF-8 */
    {"\xf0\x90\x80\x80", -1}, /* the first of four */
    {"\xf4\x8f\xbf\xbf", -1}, /* 10FFFF */
    {"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", -1},
    {"1234567\xc3\xa9"
     "1234567\xe2\x82\xac"
     "12345678\xf0\x9f\x98\x80",
     -1},
    {"\xc0\x80", 0}, /* overlong, of two bytes */
    {"\xc1\xbf", 0},
    {"\xe0\x80\x80", 1}, /* of three */
    {"\xe0\x9f\xbf", 1},
    {"\xf0\x80\x80\x80", 1}, /* of four */
    {"\xf0\x8f\xbf\xbf", 1},
    {"\xf8\x88\x80\x80\x80", 0}, /* of five and six */
    {"\xfc\x84\x80\x80\x80\x80", 0},
    {"\xed\xa0\x80", 1}, /* surrogates */
    {"\xed\xbf\xbf", 1},
    {"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80\x65", 12},
    {"\xf4\x90\x80\x80", 1}, /* 110000 */
    {"\xf5\x80\x80\x80", 0},
    {"\xfe", 0},
    {"\xff", 0},
    {"\x80", 0}, /* the middle of a character by itself */
    {"\xbf", 0},
    {"12345678\x80", 8},
    {"\xc3\xa9\xa9", 2},
    {"\xe2\x82\xac\x80", 3},
    {"\xc3 ", 1}, /* broken off by another one */
    {"\xe2\x82 ", 2},
    {"\xe2\xe2\x82\xac", 1},
    {"\xf0\x9f\x98 ", 3},
    {"\xf0\x9f\xc3\xa9", 2},
    {"\xc3"
     "12345678\xa9",
     1},          /* and by eight at once */
    {"\xc3", -2}, /* cut off at its end */
    {"\xe2\x82", -2},
    {"\xf0\x9f\x98", -2},
    {"12345678\xf0", -2},
};

/* 11. The check by itself: fed in two pieces, cut at every byte, it fails with the first byte that shows it. */
static void utf8_at_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(utf8_table); i++) {
        const struct utf8_case *c = &utf8_table[i];
        const unsigned char *bytes = (const unsigned char *)c->bytes;
        size_t len = strlen(c->bytes);
        for (size_t cut = 0; cut <= len; cut++) {
            uint32_t utf8 = 0;
            bool first = frame_utf8(&utf8, bytes, cut);
            assert_int_equal(first, c->bad_at < 0 || (size_t)c->bad_at >= cut);
            if (!first)
                continue;
            assert_int_equal(frame_utf8(&utf8, bytes + cut, len - cut), c->bad_at < 0);
            if (c->bad_at < 0)
                assert_int_equal(utf8 == 0, c->bad_at == -1);
        }
    }
}

/* 12. In messages: in one frame, in two cut at every byte, in a reason; whatever the pieces that arrive. */
static void utf8_in_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(utf8_table); i++) {
        const char *bytes = utf8_table[i].bytes;
        size_t len = strlen(bytes);
        char good[80];
        (void)snprintf(good, sizeof good, "text [%s]\n.", bytes);
        const char *wanted = utf8_table[i].bad_at == -1 ? good : "error 1007\n";
        struct buf s = stream();
        put_frame(&s, FIN | FRAME_OP_TEXT, bytes, len);
        expect(&server, &s, wanted);
        for (size_t cut = 0; cut <= len; cut++) {
            s = stream();
            put_frame(&s, FRAME_OP_TEXT, bytes, cut);
            put_frame(&s, FIN | FRAME_OP_CONTINUATION, bytes + cut, len - cut);
            expect(&server, &s, wanted);
        }
        s = stream();
        put_head(&s, FIN | FRAME_OP_CLOSE, MASKED, 0, len + 2);
        put_payload(&s, MASKED, "\x03\xe8", 2);
        for (size_t b = 0; b < len; b++)
            put_byte(&s, (unsigned char)bytes[b] ^ key[(b + 2) % 4]);
        (void)snprintf(good, sizeof good, "close 1000 [%s]\n.", bytes);
        expect(&server, &s, wanted == good ? good : "error 1007\n");
    }
}

/* 13. A bad byte is told as soon as it comes, though neither frame nor message is whole. */
static void bad_text_fails_early(void **state)
{
    (void)state;
    struct buf s = stream();
    put_text(&s, FRAME_OP_TEXT, "\xf4");
    put_text(&s, FIN | FRAME_OP_PING, "?");
    put_head(&s, FRAME_OP_CONTINUATION, MASKED, 2, 1000);
    put_payload(&s, MASKED, "\x90", 1);
    expect(&server, &s, "ping [?]\nerror 1007\n");
}

/* The number of a character of `n` bytes, or -1: computed first, judged afterwards. */
static bool slow_utf8(const unsigned char *b, size_t n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    static const unsigned char lead_mask[] = {0, 0x80, 0xe0, 0xf0, 0xf8};
    static const unsigned char lead[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
    for (size_t i = 0; i < n;) {
        size_t bytes = 1;
        while (bytes <= 4 && (b[i] & lead_mask[bytes]) != lead[bytes])
            bytes++;
        if (bytes > 4 || bytes > n - i)
            return false;
        uint32_t number = b[i] & (unsigned char)~lead_mask[bytes];
        for (size_t k = 1; k < bytes; k++) {
            if ((b[i + k] & 0xc0) != 0x80)
                return false;
            number = number << 6 | (b[i + k] & 0x3fU);
        }
        if (number < least[bytes] || number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff))
            return false;
        i += bytes;
    }
    return true;
}

static void assert_utf8_agrees(const unsigned char *bytes, size_t len)
{
    uint32_t utf8 = 0;
    bool good = frame_utf8(&utf8, bytes, len) && utf8 == 0;
    if (good != slow_utf8(bytes, len))
        fail_msg("%02x %02x %02x %02x (%zu): %d", bytes[0], bytes[1], bytes[2], bytes[3], len, good);
}

/* 14. All of three bytes, and of four all beginnings with the bytes around each border behind them. */
static void utf8_against_a_slow_reading(void **state)
{
    (void)state;
    static const unsigned char borders[] = {0x00, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    unsigned char b[4] = {0};
    for (uint32_t i = 0; i < UINT32_C(1) << 24; i++) {
        b[0] = (unsigned char)(i >> 16);
        b[1] = (unsigned char)(i >> 8);
        b[2] = (unsigned char)i;
        assert_utf8_agrees(b, 3);
    }
    for (uint32_t i = 0; i < UINT32_C(1) << 16; i++) {
        b[0] = (unsigned char)(i >> 8);
        b[1] = (unsigned char)i;
        for (size_t k = 0; k < COUNT(borders) * COUNT(borders); k++) {
            b[2] = borders[k / COUNT(borders)];
            b[3] = borders[k % COUNT(borders)];
            assert_utf8_agrees(b, 4);
        }
    }
}

/* ---- close frames ------------------------------------------------------------------------------------------------ */

/* RFC 6455, 7.4, and the registry of IANA. */
static bool code_is_legal(unsigned code)
{
    static const unsigned registered[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014};
    for (size_t i = 0; i < COUNT(registered); i++) {
        if (code == registered[i])
            return true;
    }
    return code / 1000 == 3 || code / 1000 == 4;
}

/* 15. Each code of 16 bits. */
static void every_close_code(void **state)
{
    (void)state;
    for (unsigned code = 0; code <= UINT16_MAX; code++) {
        if (frame_close_code_valid((uint16_t)code) != code_is_legal(code))
            fail_msg("code %u", code);
        if (code > 5000 && code % 97 != 0)
            continue;
        unsigned char payload[2] = {(unsigned char)(code >> 8), (unsigned char)code};
        char wanted[40] = "error 1002\n";
        if (code_is_legal(code))
            (void)snprintf(wanted, sizeof wanted, "close %u []\n.", code);
        struct buf s = stream();
        put_frame(&s, FIN | FRAME_OP_CLOSE, payload, sizeof payload);
        char *told = read_cut(&server, &s, s.len, s.len);
        assert_string_equal(told, wanted);
        free(told);
        buf_clear(&s);
    }
}

/* 16. Without a code, with half a one, with the longest reason; and reading goes on behind it if one wants. */
static void close_payloads(void **state)
{
    (void)state;
    char longest[126] = "\x0f\xa1";
    memset(longest + 2, 'r', 123);
    struct buf s = stream();
    put_text(&s, FIN | FRAME_OP_CLOSE, "");
    expect(&server, &s, "close 1005 []\n.");
    s = stream();
    put_text(&s, FIN | FRAME_OP_CLOSE, "\x03");
    expect(&server, &s, "error 1002\n");
    s = stream();
    put_text(&s, FIN | FRAME_OP_CLOSE, longest);
    put_text(&s, FIN | FRAME_OP_TEXT, "late");
    char wanted[200];
    (void)snprintf(wanted, sizeof wanted, "close 4001 [%s]\ntext [late]\n.", longest + 2);
    expect(&server, &s, wanted);
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

/* 17. The limit is reached exactly; one byte more is refused before it is read. The sum of fragments counts. */
static void the_limit_of_a_message(void **state)
{
    (void)state;
    static const struct frame_rules ten = {.message_bytes_max = 10, .masked = true, .deflate = true};
    struct buf s = stream();
    put_text(&s, FIN | FRAME_OP_TEXT, "0123456789");
    put_text(&s, FIN | FRAME_OP_PING, "control frames have a limit of their own");
    put_text(&s, FRAME_OP_TEXT, "01234");
    put_text(&s, FIN | FRAME_OP_PING, "which is not the message's");
    put_text(&s, FRAME_OP_CONTINUATION, "56789");
    put_text(&s, FIN | FRAME_OP_CONTINUATION, "");
    put_head(&s, FIN | FRAME_OP_TEXT, MASKED, 0, 11);
    expect(&ten, &s,
           "text [0123456789]\nping [control frames have a limit of their own]\nping [which is not the message's]\n"
           "text [0123456789]\nerror 1009\n");
    s = stream();
    put_text(&s, FRAME_OP_BINARY, "01234");
    put_text(&s, FRAME_OP_CONTINUATION, "5678");
    put_head(&s, FRAME_OP_CONTINUATION, MASKED, 0, 2);
    expect(&ten, &s, "error 1009\n");
    s = stream();
    put_text(&s, RSV1 | FRAME_OP_BINARY, "01234");
    put_head(&s, FIN | FRAME_OP_CONTINUATION, MASKED, 8, INT64_MAX);
    expect(&ten, &s, "error 1009\n");
}

/* 18. A length that is only promised takes no memory. */
static void a_promise_takes_no_memory(void **state)
{
    (void)state;
    struct frame_reader r = {0};
    struct buf told;
    struct buf s = stream();
    buf_init(&told, 100);
    put_head(&s, FIN | FRAME_OP_BINARY, MASKED, 2, 65535);
    assert_true(read_piece(&r, &server, s.data, s.len, &told));
    assert_null(r.message_bytes);
    assert_false(frame_reader_at_rest(&r));
    assert_true(read_piece(&r, &server, "x", 1, &told));
    assert_in_range(r.message_cap, 1, 1024);
    frame_reader_clear(&r);
    assert_at_rest(&r);
    buf_reset(&s);
    put_text(&s, FIN | FRAME_OP_TEXT, "short");
    assert_true(read_piece(&r, &server, s.data, s.len - 1, &told));
    assert_int_equal(r.message_cap, 5); /* when the end is in sight, that is enough */
    frame_reader_clear(&r);
    buf_clear(&told);
    buf_clear(&s);
}

/* 19. What lies whole in the bytes is told from there, and leaves no trace; a reader that told from itself rests next.
 */
static void whole_messages_are_not_copied(void **state)
{
    (void)state;
    struct frame_reader r = {0};
    struct frame_event e;
    struct buf s = stream();
    put_text(&s, FIN | FRAME_OP_TEXT, "whole");
    put_text(&s, FIN | FRAME_OP_PING, "too");
    put_text(&s, FIN | FRAME_OP_TEXT, "cut");
    unsigned char *bytes = (unsigned char *)s.data;
    size_t at = frame_read(&r, &server, bytes, s.len, &e);
    assert_int_equal(e.kind, FRAME_MESSAGE);
    assert_ptr_equal(e.bytes, bytes + 6);
    assert_at_rest(&r);
    at += frame_read(&r, &server, bytes + at, s.len - at, &e);
    assert_int_equal(e.kind, FRAME_PING);
    assert_ptr_equal(e.bytes, bytes + 11 + 6);
    assert_at_rest(&r);
    at += frame_read(&r, &server, bytes + at, s.len - at - 1, &e);
    assert_int_equal(e.kind, FRAME_MORE);
    assert_int_equal(at, s.len - 1);
    at += frame_read(&r, &server, bytes + at, 1, &e);
    assert_int_equal(e.kind, FRAME_MESSAGE);
    assert_memory_equal(e.bytes, "cut", 3);
    assert_false(frame_reader_at_rest(&r)); /* it holds what it told */
    assert_int_equal(frame_read(&r, &server, bytes + at, 0, &e), 0);
    assert_int_equal(e.kind, FRAME_MORE);
    assert_at_rest(&r);
    buf_clear(&s);
}

/* 20. What was told from the reader stays good until the next call, though a message is half read around it. */
static void a_cut_control_frame_inside_a_message(void **state)
{
    (void)state;
    struct frame_reader r = {0};
    struct buf told;
    struct buf s = stream();
    buf_init(&told, 100);
    put_text(&s, FRAME_OP_TEXT, "be");
    put_text(&s, FIN | FRAME_OP_PING, "1234");
    size_t cut = s.len - 2;
    put_text(&s, FIN | FRAME_OP_CONTINUATION, "hind");
    assert_true(read_piece(&r, &server, s.data, cut, &told));
    assert_true(read_piece(&r, &server, s.data + cut, 2, &told));
    assert_int_equal(r.message_len, 2);
    assert_true(read_piece(&r, &server, s.data + cut + 2, s.len - cut - 2, &told));
    assert_string_equal(told.data, "ping [1234]\ntext [behind]\n");
    assert_at_rest(&r);
    buf_clear(&told);
    buf_clear(&s);
}

/* ---- masks ------------------------------------------------------------------------------------------------------- */

/* 21. Against the slow way: every alignment, every beginning, lengths around each size of step. Neighbours stay. */
static void masks_at_all_alignments(void **state)
{
    (void)state;
    struct random random = random_seeded();
    static const uint64_t high[] = {0, UINT64_C(1) << 40, UINT64_MAX - 7};
    unsigned char *area = malloc(16 + 300 + 16);
    unsigned char wanted[16 + 300 + 16];
    assert_non_null(area);
    for (size_t align = 0; align < 16; align++) {
        for (size_t len = 0; len <= 300; len += len < 140 ? 1 : 7) {
            for (unsigned at = 0; at < 8; at++) {
                uint64_t from = high[(align + len) % COUNT(high)] + at;
                for (size_t i = 0; i < sizeof wanted; i++)
                    wanted[i] = area[i] = (unsigned char)random_next(&random);
                for (size_t i = 0; i < len; i++)
                    wanted[align + i] ^= key[(from + i) % 4];
                frame_mask(area + align, len, key, from);
                assert_memory_equal(area, wanted, sizeof wanted);
            }
        }
    }
    free(area);
}

/* ---- streams of chance ------------------------------------------------------------------------------------------- */

static void put_random_frame(struct random *random, struct buf *s)
{
    static const unsigned firsts[] = {0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a, 0x88, 0xc1, 0x42};
    static const char *const texts[] = {"", "plain", "\xc3\xa9t\xc3\xa9", "\xe2\x82", "\xac", "\x03\xe8", "\xff"};
    unsigned first = firsts[random_below(random, COUNT(firsts))];
    if (random_below(random, 40) == 0)
        first = (unsigned)random_below(random, 256);
    const char *text = texts[random_below(random, COUNT(texts) - (random_below(random, 8) > 0))];
    if (random_below(random, 6) == 0) {
        char filler[300];
        memset(filler, 'f', sizeof filler);
        put_frame(s, first, filler, random_below(random, sizeof filler));
    } else {
        put_text(s, first, text);
    }
}

/* 22. However bytes of chance are cut, with fragments and faults as they come, the same is told. */
static void random_streams_at_random_cuts(void **state)
{
    (void)state;
    struct random random = random_seeded();
    for (int round = 0; round < 3000; round++) {
        struct buf s = stream();
        size_t frames = 1 + random_below(&random, 12);
        for (size_t i = 0; i < frames; i++)
            put_random_frame(&random, &s);
        if (random_below(&random, 4) == 0)
            s.data[random_below(&random, s.len)] ^= (char)(1 << random_below(&random, 7));
        char *whole = read_cut(&deflating, &s, s.len, 1);
        for (int i = 0; i < 8; i++) {
            char *cut = read_cut(&deflating, &s, 1 + random_below(&random, s.len), 1 + random_below(&random, 40));
            assert_string_equal(cut, whole);
            free(cut);
        }
        free(whole);
        buf_clear(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfc),
        cmocka_unit_test(every_length),
        cmocka_unit_test(heads_that_are_sent),
        cmocka_unit_test(lengths_must_be_minimal),
        cmocka_unit_test(every_first_byte),
        cmocka_unit_test(masks_are_a_matter_of_sides),
        cmocka_unit_test(control_frames_are_short_and_whole),
        cmocka_unit_test(fragments_and_control_frames_between),
        cmocka_unit_test(empty_fragments_are_counted),
        cmocka_unit_test(fragments_out_of_order),
        cmocka_unit_test(compressed_messages),
        cmocka_unit_test(utf8_at_every_split),
        cmocka_unit_test(utf8_in_messages),
        cmocka_unit_test(bad_text_fails_early),
        cmocka_unit_test(utf8_against_a_slow_reading),
        cmocka_unit_test(every_close_code),
        cmocka_unit_test(close_payloads),
        cmocka_unit_test(the_limit_of_a_message),
        cmocka_unit_test(a_promise_takes_no_memory),
        cmocka_unit_test(whole_messages_are_not_copied),
        cmocka_unit_test(a_cut_control_frame_inside_a_message),
        cmocka_unit_test(masks_at_all_alignments),
        cmocka_unit_test(random_streams_at_random_cuts),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
