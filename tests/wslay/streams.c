/*
 * Makes streams of frames, legal and broken. See streams.h for the contract.
 *
 * Legal frames are made by hand; one in four is made by frame_head and frame_mask and by wslay's frame API as well, and
 * the three must be the same. Broken ones are legal ones with one fault.
 */
#include "tests/wslay/streams.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wslay/wslay.h>

#define print_message(...) printf("# " __VA_ARGS__)
#include "tests/unit/random.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])
#define HUGE_BYTES_MAX 70000

/* ---- by length alone --------------------------------------------------------------------------------------------- */

static void walk_frames(struct streams_walk *w, const unsigned char *bytes, size_t len)
{
    size_t at = 0;
    w->count = 0;
    while (at < len && w->count < STREAMS_FRAMES_MAX) {
        size_t left = len - at;
        size_t head = 2;
        uint64_t payload = 0;
        if (left >= 2) {
            unsigned second = bytes[at + 1];
            size_t wide = (second & 0x7fU) == 126 ? 2 : (second & 0x7fU) == 127 ? 8 : 0;
            payload = wide == 0 ? second & 0x7fU : 0;
            for (size_t i = 0; i < wide && 2 + i < left; i++)
                payload = payload << 8 | bytes[at + 2 + i];
            head += wide + ((second & 0x80U) != 0 ? 4 : 0);
        }
        w->frames[w->count].start = at;
        w->frames[w->count].head = head <= left ? head : 0;
        w->frames[w->count].payload = payload;
        w->frames[w->count].opcode = bytes[at] & 0x0fU;
        w->count++;
        if (head > left || payload > left - head)
            return;
        at += head + (size_t)payload;
    }
}

size_t streams_frame_at(const struct streams_sample *s, size_t byte)
{
    const struct streams_walk *w = &s->walk;
    size_t i = w->count - 1;
    while (i > 0 && w->frames[i].start > byte)
        i--;
    return i;
}

size_t streams_frame_end(const struct streams_sample *s, size_t byte)
{
    size_t i = streams_frame_at(s, byte);
    return i + 1 < s->walk.count ? s->walk.frames[i + 1].start : s->bytes.len;
}

unsigned streams_close_code(const struct streams_sample *s, size_t frame)
{
    const unsigned char *head = (const unsigned char *)s->bytes.data + s->walk.frames[frame].start;
    size_t head_len = s->walk.frames[frame].head;
    const unsigned char *payload = head + head_len;
    const unsigned char *mask = payload - 4;
    bool masked = (head[1] & 0x80U) != 0;
    if (head_len == 0 || s->walk.frames[frame].payload < 2)
        return 0;
    return (unsigned)((payload[0] ^ (masked ? mask[0] : 0)) << 8 | (payload[1] ^ (masked ? mask[1] : 0)));
}

/* ---- streams ----------------------------------------------------------------------------------------------------- */

struct streams {
    struct random *random;
    struct streams_sample *sample;
    struct wslay_frame_context *senders[2]; /* unmasked, masked: wslay goes on masking once it has begun to */
    struct buf sent;                        /* what wslay made of a frame */
    unsigned char mask[4];
    unsigned char payload[HUGE_BYTES_MAX]; /* of the message being made */
    size_t fault_in;                       /* frames until one is broken; SIZE_MAX: none */
};

static bool one_in(struct streams *m, size_t n)
{
    return random_below(m->random, n) == 0;
}

static ssize_t keep_frame(const uint8_t *data, size_t len, int flags, void *user_data)
{
    (void)flags;
    buf_append(&((struct streams *)user_data)->sent, data, len);
    return (ssize_t)len;
}

static int give_mask(uint8_t *buf, size_t len, void *user_data)
{
    memcpy(buf, ((struct streams *)user_data)->mask, len);
    return 0;
}

/* A frame, from its first byte and as many bytes of length as it is told, legal or not. */
struct shape {
    unsigned first;
    bool masked;
    unsigned wide;
    uint64_t len; /* as declared */
    const unsigned char *payload;
    size_t payload_len; /* as sent */
};

static void put_shape(struct streams *m, const struct shape *f)
{
    struct buf *out = &m->sample->bytes;
    unsigned char head[14] = {(unsigned char)f->first};
    size_t at = 2;
    head[1] = (unsigned char)((f->masked ? 0x80U : 0) | (f->wide == 0 ? (unsigned)f->len : f->wide == 2 ? 126U : 127U));
    for (unsigned left = f->wide; left > 0; left--)
        head[at++] = (unsigned char)(f->len >> 8 * (left - 1));
    if (f->masked) {
        memcpy(head + at, m->mask, 4);
        at += 4;
    }
    buf_append(out, head, at);
    size_t start = out->len;
    buf_append(out, f->payload, f->payload_len);
    for (size_t i = 0; f->masked && i < f->payload_len; i++)
        out->data[start + i] ^= (char)m->mask[i % 4];
}

/* The same bytes from frame_head and frame_mask, and from wslay. */
static void check_sending(struct streams *m, const struct shape *f, size_t start)
{
    unsigned opcode = f->first & 0x0fU;
    unsigned char ours[FRAME_HEAD_BYTES_MAX];
    size_t head = frame_head(ours, (enum frame_opcode)opcode, (f->first & 0x40U) != 0, f->len,
                             f->masked ? m->mask : NULL);
    if ((f->first & 0x80U) == 0)
        ours[0] &= 0x7f; /* the codec sends no fragments; these bytes are the generator's */
    buf_reset(&m->sent);
    struct wslay_frame_iocb iocb = {.fin = (f->first & 0x80U) != 0,
                                    .rsv = (f->first & 0x40U) != 0 ? WSLAY_RSV1_BIT : WSLAY_RSV_NONE,
                                    .opcode = (uint8_t)opcode,
                                    .payload_length = f->len,
                                    .mask = f->masked,
                                    .data = f->payload,
                                    .data_length = f->payload_len};
    ssize_t sent = wslay_frame_send(m->senders[f->masked], &iocb);
    const struct buf *bytes = &m->sample->bytes;
    bool good = sent == (ssize_t)f->payload_len && head + f->payload_len == m->sent.len &&
                memcmp(ours, m->sent.data, head) == 0;
    good = good && bytes->len - start == m->sent.len && memcmp(bytes->data + start, m->sent.data, m->sent.len) == 0;
    if (good && f->masked && f->payload_len > 0) {
        frame_mask((unsigned char *)m->sent.data + head, f->payload_len, m->mask, 0);
        good = memcmp(m->sent.data + head, f->payload, f->payload_len) == 0;
    }
    if (!good) {
        printf("not ok 1 - a frame of first byte %02x and %zu bytes is sent as wslay sends it\n", f->first,
               f->payload_len);
        exit(1);
    }
}

enum fault {
    RESERVED_BITS,
    ANOTHER_OPCODE,
    MASK_TURNED,
    TOO_WIDE,
    HIGH_BIT,
    FIN_TURNED,
    LONG_CONTROL,
    BYTE_TURNED,
    BIT_TURNED,
    ODD_CLOSE,
    ONE_BYTE_CLOSE,
    TOO_LONG,
    GARBAGE,
    FAULTS
};

/* A close frame of any code, mostly around the borders, with a reason that is mostly UTF-8. */
static void odd_close(struct streams *m, struct shape *f, unsigned char scratch[static 200])
{
    static const unsigned codes[] = {0,    999,  1000, 1003, 1004, 1005, 1006, 1007, 1011, 1012, 1013,
                                     1014, 1015, 1016, 2999, 3000, 3999, 4000, 4999, 5000, 65535};
    unsigned code = one_in(m, 4) ? (unsigned)random_below(m->random, 65536)
                                 : codes[random_below(m->random, COUNT(codes))];
    static const char *const reasons[] = {"", "bye", "\xc3\xa9", "\xc3", "\xff", "a\xed\xa0\x80", "\xf0\x9f\x98\x80"};
    const char *reason = reasons[random_below(m->random, COUNT(reasons))];
    size_t len = strlen(reason);
    scratch[0] = (unsigned char)(code >> 8);
    scratch[1] = (unsigned char)code;
    memcpy(scratch + 2, reason, len);
    *f = (struct shape){.first = 0x88, .masked = f->masked, .len = len + 2, .payload = scratch, .payload_len = len + 2};
}

/* A bit is turned, or bytes that are no UTF-8 are laid over. */
static void break_payload(struct streams *m, struct shape *f, unsigned char scratch[static 200])
{
    static const char *const bad[] = {"\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
                                      "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"};
    const char *over = bad[random_below(m->random, COUNT(bad))];
    size_t len = strlen(over);
    memcpy(scratch, f->payload, f->payload_len);
    f->payload = scratch;
    if (f->payload_len >= len && one_in(m, 2))
        memcpy(scratch + random_below(m->random, f->payload_len - len + 1), over, len);
    else if (f->payload_len > 0)
        scratch[random_below(m->random, f->payload_len)] ^= (unsigned char)(1U << random_below(m->random, 8));
}

/* A length in more bytes than it needs, or in as many as it just needs. */
static void wide_length(struct streams *m, struct shape *f)
{
    static const uint64_t borders[] = {0, 125, 126, 65535, 65536};
    f->wide = f->wide == 0 && one_in(m, 2) ? 2 : 8;
    if (one_in(m, 2))
        f->len = borders[random_below(m->random, f->wide == 2 ? 4 : COUNT(borders))];
}

static void put_broken(struct streams *m, struct shape f)
{
    unsigned char scratch[200] = {0};
    uint64_t max = m->sample->rules.message_bytes_max;
    switch ((enum fault)random_below(m->random, FAULTS)) {
    case RESERVED_BITS:
        f.first ^= (unsigned)(1 + random_below(m->random, 7)) << 4;
        break;
    case ANOTHER_OPCODE:
        f.first = (f.first & 0xf0U) | (unsigned)random_below(m->random, 16);
        break;
    case MASK_TURNED:
        f.masked = !f.masked;
        break;
    case TOO_WIDE:
        wide_length(m, &f);
        break;
    case HIGH_BIT:
        f.wide = 8;
        f.len |= UINT64_C(1) << 63;
        break;
    case FIN_TURNED:
        f.first ^= 0x80U;
        break;
    case LONG_CONTROL:
        f = (struct shape){
            0x88U + (unsigned)random_below(m->random, 3), f.masked, 2, 126 + random_below(m->random, 74), scratch, 0};
        f.payload_len = (size_t)f.len;
        break;
    case BYTE_TURNED:
        if (f.payload_len <= sizeof scratch)
            break_payload(m, &f, scratch);
        break;
    case BIT_TURNED:
        f.first ^= 1U << random_below(m->random, 8);
        break;
    case ODD_CLOSE:
        odd_close(m, &f, scratch);
        break;
    case ONE_BYTE_CLOSE:
        f = (struct shape){.first = 0x88, .masked = f.masked, .len = 1, .payload = scratch, .payload_len = 1};
        break;
    case TOO_LONG:
        f.len = one_in(m, 2) ? max + 1 : random_next(m->random) >> 1;
        f.wide = f.len < 126 ? 0 : f.len < 65536 ? 2 : 8;
        break;
    case GARBAGE:
    default:
        for (size_t i = 0; i < sizeof scratch; i++)
            scratch[i] = (unsigned char)random_next(m->random);
        buf_append(&m->sample->bytes, scratch, random_below(m->random, sizeof scratch));
        return;
    }
    put_shape(m, &f);
}

static void put_frame(struct streams *m, unsigned first, const unsigned char *payload, size_t len)
{
    struct shape f = {.first = first,
                      .masked = m->sample->rules.masked,
                      .wide = len < 126     ? 0
                              : len < 65536 ? 2
                                            : 8,
                      .len = len,
                      .payload = payload,
                      .payload_len = len};
    uint32_t mask = one_in(m, 16) ? 0 : (uint32_t)random_next(m->random);
    memcpy(m->mask, &mask, sizeof m->mask);
    if (m->fault_in != SIZE_MAX && m->fault_in-- == 0) {
        m->fault_in = SIZE_MAX;
        put_broken(m, f);
        return;
    }
    size_t start = m->sample->bytes.len;
    put_shape(m, &f);
    if (one_in(m, 4))
        check_sending(m, &f, start);
}

static size_t fill_text(struct streams *m, unsigned char *out, size_t chars)
{
    static const char *const pieces[] = {"a",
                                         "Z",
                                         " ",
                                         "\n",
                                         "\xc2\x80",
                                         "\xdf\xbf",
                                         "\xe0\xa0\x80",
                                         "\xed\x9f\xbf",
                                         "\xee\x80\x80",
                                         "\xef\xbf\xbf",
                                         "\xf0\x90\x80\x80",
                                         "\xf4\x8f\xbf\xbf"};
    bool ascii = one_in(m, 3);
    size_t len = 0;
    for (size_t i = 0; i < chars; i++) {
        const char *piece = pieces[random_below(m->random, ascii ? 4 : COUNT(pieces))];
        size_t piece_len = strlen(piece);
        memcpy(out + len, piece, piece_len);
        len += piece_len;
    }
    return len;
}

static void put_control(struct streams *m)
{
    unsigned char payload[FRAME_CONTROL_BYTES_MAX];
    size_t len = one_in(m, 8) ? 120 + random_below(m->random, 6) : random_below(m->random, 8);
    for (size_t i = 0; i < len; i++)
        payload[i] = (unsigned char)random_next(m->random);
    put_frame(m, one_in(m, 2) ? 0x89 : 0x8a, payload, len);
}

static void put_message(struct streams *m, unsigned char *payload, size_t len, unsigned opcode)
{
    size_t fragments = one_in(m, 2) ? 1 : 1 + random_below(m->random, 4);
    unsigned first = opcode | (m->sample->rules.deflate && one_in(m, 3) ? 0x40U : 0);
    size_t at = 0;
    for (size_t i = 1; i <= fragments; i++) {
        size_t now = i == fragments ? len - at : random_below(m->random, len - at + 1);
        put_frame(m, first | (i == fragments ? 0x80U : 0), payload + at, now);
        at += now;
        first = 0;
        if (i < fragments && one_in(m, 3))
            put_control(m);
    }
}

static void put_something(struct streams *m, bool huge)
{
    unsigned char *payload = m->payload;
    size_t len;
    if (one_in(m, 3)) {
        put_control(m);
        return;
    }
    if (huge)
        len = 65530 + random_below(m->random, 10);
    else if (one_in(m, 6))
        len = 120 + random_below(m->random, 12);
    else
        len = one_in(m, 10) ? random_below(m->random, 400) : random_below(m->random, 20);
    if (one_in(m, 2)) {
        len = fill_text(m, payload, huge ? 17000 : len < 130 ? len : 130);
        put_message(m, payload, len, FRAME_OP_TEXT);
    } else {
        for (size_t i = 0; i < len; i++)
            payload[i] = (unsigned char)random_next(m->random);
        put_message(m, payload, len, FRAME_OP_BINARY);
    }
}

/* Not below 125: wslay's limit is one for control frames, too. */
void streams_make(struct streams *m, struct random *random, struct streams_sample *out)
{
    static const size_t limits[] = {125, 126, 300, 1000, 1000, 1000, 1000, 65535};
    struct streams_sample *s = out;
    m->random = random;
    m->sample = out;
    bool huge = one_in(m, 5000);
    size_t things = 1 + random_below(m->random, 6);
    buf_reset(&s->bytes);
    s->rules = (struct frame_rules){
        .message_bytes_max = huge ? 65535 + random_below(m->random, 10000)
                                  : limits[random_below(m->random, COUNT(limits))],
        .masked = !one_in(m, 4),
        .deflate = one_in(m, 3),
    };
    m->fault_in = one_in(m, 2) ? random_below(m->random, things + 2) : SIZE_MAX;
    for (size_t i = 0; i < things; i++)
        put_something(m, huge);
    if (one_in(m, 4))
        put_frame(m, 0x88, (const unsigned char *)"\x03\xe8 done", one_in(m, 2) ? 0 : 2 + random_below(m->random, 6));
    if (s->bytes.len == 0 || one_in(m, 16)) /* cut off */
        s->bytes.len = s->bytes.len == 0 ? 0 : 1 + random_below(m->random, s->bytes.len);
    if (s->bytes.len == 0)
        buf_append(&s->bytes, "\x81", 1);
    walk_frames(&s->walk, (const unsigned char *)s->bytes.data, s->bytes.len);
}

/* ---- the maker --------------------------------------------------------------------------------------------------- */

struct streams *streams_create(void)
{
    const struct wslay_frame_callbacks callbacks = {.send_callback = keep_frame, .genmask_callback = give_mask};
    struct streams *m = calloc(1, sizeof *m);
    if (m == NULL)
        abort();
    buf_init(&m->sent, STREAMS_BYTES_MAX);
    for (size_t i = 0; i < COUNT(m->senders); i++) {
        if (wslay_frame_context_init(&m->senders[i], &callbacks, m) != 0)
            abort();
    }
    return m;
}

void streams_free(struct streams *m)
{
    for (size_t i = 0; i < COUNT(m->senders); i++)
        wslay_frame_context_free(m->senders[i]);
    buf_clear(&m->sent);
    free(m);
}
