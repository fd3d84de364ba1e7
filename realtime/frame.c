/*
 * The codec of RFC 6455: one loop that alternates between a frame's head and its payload. See frame.h for the contract.
 *
 *      0                   1 byte              2 bytes               0, 2 or 8      0 or 4
 *     +-----+------+--------+--------+-----------------------------+--------------+--------+----------
 *     | FIN | RSV  | opcode | MASK   | length, or 126, or 127      | length       | mask   | payload
 *     | 1 b | 3 b  | 4 b    | 1 b    | 7 b                         | big endian   |        |
 *     +-----+------+--------+--------+-----------------------------+--------------+--------+----------
 *
 * However the bytes are cut, the same faults are found in the same order: the first two bytes are judged together, then
 * the length, then the payload from its beginning. A frame that lies whole in the caller's bytes leaves no trace in the
 * reader; only what is cut or fragmented is copied, and only as much memory is taken as bytes have really come.
 */
#include "realtime/frame.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIN_BIT 0x80U
#define RSV1_BIT 0x40U
#define RSV23_BITS 0x30U
#define OPCODE_BITS 0x0fU
#define MASK_BIT 0x80U
#define LENGTH_BITS 0x7fU
#define LENGTH_16 126U
#define LENGTH_64 127U
#define CONTROL_BIT 0x08U
#define MESSAGE_FIRST_CAP 256

/* ---- masks ------------------------------------------------------------------------------------------------------- */

static inline void mask_word(unsigned char *bytes, uint64_t word)
{
    uint64_t eight;
    memcpy(&eight, bytes, sizeof eight);
    eight ^= word;
    memcpy(bytes, &eight, sizeof eight);
}

void frame_mask(unsigned char *bytes, size_t len, const unsigned char mask[static 4], uint64_t at)
{
    unsigned char turned[8];
    for (size_t i = 0; i < sizeof turned; i++)
        turned[i] = mask[(at + i) & 3U];
    uint64_t word;
    memcpy(&word, turned, sizeof word);

    /* A known number of words is what compilers turn into vector instructions. */
    for (; len >= 64; bytes += 64, len -= 64) {
        for (size_t i = 0; i < 64; i += 8)
            mask_word(bytes + i, word);
    }
    for (; len >= 8; bytes += 8, len -= 8)
        mask_word(bytes, word);
    for (size_t i = 0; i < len; i++)
        bytes[i] ^= turned[i];
}

/* ---- UTF-8 ------------------------------------------------------------------------------------------------------- */

/*
 * Between characters the state is 0. Inside one it holds how many bytes are missing and between what bounds the next
 * must lie: after E0, ED, F0 and F4 they are narrower, which keeps out overlong forms, surrogates and numbers above
 * 10FFFF (RFC 3629, section 4) with the first byte that shows it.
 */
#define UTF8_STATE(missing, low, high) ((uint32_t)(missing) | (uint32_t)(low) << 8 | (uint32_t)(high) << 16)
#define UTF8_BAD UINT32_MAX

static uint32_t utf8_begin(unsigned char lead)
{
    if (lead < 0x80)
        return 0;
    if (lead < 0xc2)
        return UTF8_BAD; /* the middle of a character, or an overlong form of an ASCII one */
    if (lead < 0xe0)
        return UTF8_STATE(1, 0x80, 0xbf);
    if (lead < 0xf0)
        return UTF8_STATE(2, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
    if (lead < 0xf5)
        return UTF8_STATE(3, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
    return UTF8_BAD;
}

static uint32_t utf8_go_on(uint32_t state, unsigned char byte)
{
    if (byte < (state >> 8 & 0xffU) || byte > (state >> 16 & 0xffU))
        return UTF8_BAD;
    uint32_t missing = (state & 0xffU) - 1;
    return missing == 0 ? 0 : UTF8_STATE(missing, 0x80, 0xbf);
}

bool frame_utf8(uint32_t *state, const unsigned char *bytes, size_t len)
{
    uint32_t now = *state;
    size_t i = 0;
    while (i < len) {
        uint64_t eight;
        if (now == 0 && len - i >= sizeof eight) {
            memcpy(&eight, bytes + i, sizeof eight);
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof eight;
                continue;
            }
        }
        now = now == 0 ? utf8_begin(bytes[i]) : utf8_go_on(now, bytes[i]);
        if (now == UTF8_BAD)
            return false;
        i++;
    }
    *state = now;
    return true;
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

size_t frame_head(unsigned char out[static FRAME_HEAD_BYTES_MAX], enum frame_opcode opcode, bool compressed,
                  uint64_t len, const unsigned char mask[4])
{
    assert(((unsigned)opcode & CONTROL_BIT) == 0 || (len <= FRAME_CONTROL_BYTES_MAX && !compressed));
    assert(len >> 63 == 0);
    unsigned wide = len < LENGTH_16 ? 0 : len <= UINT16_MAX ? 2 : 8;
    unsigned short_len = wide == 0 ? (unsigned)len : wide == 2 ? LENGTH_16 : LENGTH_64;
    out[0] = (unsigned char)(FIN_BIT | (compressed ? RSV1_BIT : 0) | (unsigned)opcode);
    out[1] = (unsigned char)((mask != NULL ? MASK_BIT : 0) | short_len);
    size_t at = 2;
    while (wide > 0)
        out[at++] = (unsigned char)(len >> 8 * --wide);
    if (mask != NULL) {
        memcpy(out + at, mask, 4);
        at += 4;
    }
    return at;
}

/* RFC 6455, section 7.4, and IANA's registry: 1012 to 1014 came later; 1004 to 1006 and 1015 never stand on the wire.
 */
bool frame_close_code_valid(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/* ---- the reader -------------------------------------------------------------------------------------------------- */

void frame_reader_clear(struct frame_reader *r)
{
    free(r->message_bytes);
    memset(r, 0, sizeof *r);
}

bool frame_reader_at_rest(const struct frame_reader *r)
{
    return r->frame.head_have == 0 && r->message == 0 && !r->told && !r->failed;
}

static void fail(struct frame_reader *r, struct frame_event *out, uint16_t code, const char *why)
{
    r->failed = true;
    *out = (struct frame_event){.kind = FRAME_ERROR, .code = code, .why = why};
}

/* memset and not an assignment: a reader at rest is all zero, its padding too. */
static void frame_end(struct frame_reader *r)
{
    memset(&r->frame, 0, sizeof r->frame);
}

/* Lets go of what the last event pointed to. A message that is still being read stays. */
static void settle(struct frame_reader *r)
{
    memset(r->control, 0, sizeof r->control);
    if (r->message == 0) {
        free(r->message_bytes);
        r->message_bytes = NULL;
        r->message_len = 0;
        r->message_cap = 0;
    }
    r->told = false;
}

static bool is_control(const struct frame_reader *r)
{
    return (r->frame.opcode & CONTROL_BIT) != 0;
}

/* What the first two bytes tell; NULL: nothing is wrong with them. */
static const char *head_fault(const struct frame_reader *r, const struct frame_rules *rules)
{
    unsigned first = r->frame.head[0];
    unsigned second = r->frame.head[1];
    unsigned opcode = first & OPCODE_BITS;
    bool starts = opcode == FRAME_OP_TEXT || opcode == FRAME_OP_BINARY;
    if ((first & RSV23_BITS) != 0 || ((first & RSV1_BIT) != 0 && !(rules->deflate && starts)))
        return "a reserved bit is set";
    if (!starts && opcode != FRAME_OP_CONTINUATION && (opcode < FRAME_OP_CLOSE || opcode > FRAME_OP_PONG))
        return "an unknown opcode";
    if (((second & MASK_BIT) != 0) != rules->masked)
        return rules->masked ? "a frame that is not masked" : "a frame that is masked";
    if ((opcode & CONTROL_BIT) != 0) {
        if ((first & FIN_BIT) == 0)
            return "a control frame in fragments";
        if ((second & LENGTH_BITS) > FRAME_CONTROL_BYTES_MAX)
            return "a control frame that is too long";
    } else if (starts && r->message != 0) {
        return "a message inside another";
    } else if (!starts && r->message == 0) {
        return "a fragment without a beginning";
    }
    return NULL;
}

static size_t length_bytes(unsigned short_len)
{
    return short_len == LENGTH_16 ? 2 : short_len == LENGTH_64 ? 8 : 0;
}

/* A whole head: takes it over, or fails. */
static void head_end(struct frame_reader *r, const struct frame_rules *rules, struct frame_event *out)
{
    struct frame_part *f = &r->frame;
    unsigned short_len = f->head[1] & LENGTH_BITS;
    size_t wide = length_bytes(short_len);
    uint64_t len = wide == 0 ? short_len : 0;
    for (size_t i = 0; i < wide; i++)
        len = len << 8 | f->head[2 + i];
    if (len >> 63 != 0) {
        fail(r, out, FRAME_CLOSE_PROTOCOL, "a length of more than 63 bits");
        return;
    }
    if ((wide == 2 && len < LENGTH_16) || (wide == 8 && len <= UINT16_MAX)) {
        fail(r, out, FRAME_CLOSE_PROTOCOL, "a length in more bytes than it needs");
        return;
    }
    f->opcode = f->head[0] & OPCODE_BITS;
    if (!is_control(r)) {
        if (len > rules->message_bytes_max - r->message_len) {
            fail(r, out, FRAME_CLOSE_TOO_BIG, "the message is too long");
            return;
        }
        if (f->opcode != FRAME_OP_CONTINUATION) {
            r->message = f->opcode;
            r->compressed = (f->head[0] & RSV1_BIT) != 0;
        }
    }
    f->fin = (f->head[0] & FIN_BIT) != 0;
    if (rules->masked)
        memcpy(f->mask, f->head + 2 + wide, sizeof f->mask);
    f->left = len;
    f->in_payload = true;
}

static size_t read_head(struct frame_reader *r, const struct frame_rules *rules, const unsigned char *bytes, size_t len,
                        struct frame_event *out)
{
    struct frame_part *f = &r->frame;
    size_t at = 0;
    for (;;) {
        bool first_two = f->head_have < 2;
        size_t need = 2;
        if (!first_two)
            need += length_bytes(f->head[1] & LENGTH_BITS) + (rules->masked ? sizeof f->mask : 0);
        size_t now = need - f->head_have < len - at ? need - f->head_have : len - at;
        if (now > 0)
            memcpy(f->head + f->head_have, bytes + at, now);
        f->head_have = (uint8_t)(f->head_have + now);
        at += now;
        if (f->head_have < need)
            return at;
        if (!first_two) {
            head_end(r, rules, out);
            return at;
        }
        const char *fault = head_fault(r, rules);
        if (fault != NULL) {
            fail(r, out, FRAME_CLOSE_PROTOCOL, fault);
            return at;
        }
    }
}

static void tell_control(struct frame_reader *r, unsigned char *bytes, size_t len, struct frame_event *out)
{
    switch (r->frame.opcode) {
    case FRAME_OP_PING:
        *out = (struct frame_event){.kind = FRAME_PING, .bytes = bytes, .len = len};
        return;
    case FRAME_OP_PONG:
        *out = (struct frame_event){.kind = FRAME_PONG, .bytes = bytes, .len = len};
        return;
    default:
        break;
    }
    if (len == 0) {
        *out = (struct frame_event){.kind = FRAME_CLOSE, .code = FRAME_CLOSE_NO_STATUS, .bytes = bytes};
        return;
    }
    uint16_t code = (uint16_t)(len < 2 ? 0 : bytes[0] << 8 | bytes[1]);
    uint32_t utf8 = 0;
    if (!frame_close_code_valid(code))
        fail(r, out, FRAME_CLOSE_PROTOCOL, len < 2 ? "half a close code" : "a close code that must not be sent");
    else if (!frame_utf8(&utf8, bytes + 2, len - 2) || utf8 != 0)
        fail(r, out, FRAME_CLOSE_NOT_UTF8, "a close reason that is not UTF-8");
    else
        *out = (struct frame_event){.kind = FRAME_CLOSE, .code = code, .bytes = bytes + 2, .len = len - 2};
}

/* A control frame that lies whole in `bytes` is told from there. */
static void take_control(struct frame_reader *r, unsigned char *bytes, size_t len, struct frame_event *out)
{
    struct frame_part *f = &r->frame;
    size_t whole = len;
    if (f->cut) {
        if (len > 0)
            memcpy(r->control + f->control_have, bytes, len);
        f->control_have = (uint8_t)(f->control_have + len);
        whole = f->control_have;
        bytes = r->control;
    }
    if (f->left > 0)
        return;
    r->told = f->cut;
    tell_control(r, bytes, whole, out);
    if (!r->failed)
        frame_end(r);
}

static bool message_append(struct frame_reader *r, const unsigned char *bytes, size_t len)
{
    if (len == 0)
        return true;
    size_t need = r->message_len + len;
    if (need > r->message_cap) {
        size_t cap = r->message_cap == 0 ? MESSAGE_FIRST_CAP : r->message_cap * 2;
        if (cap < need)
            cap = need;
        /* When the end is in sight, exactly that: most messages are cut once, in their only frame. */
        if (r->frame.fin && cap > need + r->frame.left)
            cap = need + (size_t)r->frame.left;
        unsigned char *grown = realloc(r->message_bytes, cap);
        if (grown == NULL)
            return false;
        r->message_bytes = grown;
        r->message_cap = cap;
    }
    memcpy(r->message_bytes + r->message_len, bytes, len);
    r->message_len = need;
    return true;
}

static void take_data(struct frame_reader *r, unsigned char *bytes, size_t len, struct frame_event *out)
{
    struct frame_part *f = &r->frame;
    bool checked = r->message == FRAME_OP_TEXT && !r->compressed;
    bool last = f->fin && f->left == 0;
    if (checked && (!frame_utf8(&r->utf8, bytes, len) || (last && r->utf8 != 0))) {
        fail(r, out, FRAME_CLOSE_NOT_UTF8, "a text that is not UTF-8");
        return;
    }
    bool lies_whole = last && r->message_len == 0;
    if (!lies_whole && !message_append(r, bytes, len)) {
        fail(r, out, FRAME_CLOSE_LATER, "no memory for the message");
        return;
    }
    if (last) {
        *out = (struct frame_event){.kind = FRAME_MESSAGE,
                                    .opcode = (enum frame_opcode)r->message,
                                    .compressed = r->compressed,
                                    .bytes = lies_whole ? bytes : r->message_bytes,
                                    .len = lies_whole ? len : r->message_len};
        r->told = !lies_whole;
        r->message = 0;
        r->compressed = false;
    }
    if (f->left == 0)
        frame_end(r);
}

static size_t read_payload(struct frame_reader *r, const struct frame_rules *rules, unsigned char *bytes, size_t len,
                           struct frame_event *out)
{
    struct frame_part *f = &r->frame;
    size_t now = f->left < len ? (size_t)f->left : len;
    if (rules->masked)
        frame_mask(bytes, now, f->mask, f->mask_at);
    f->mask_at = (uint8_t)((f->mask_at + now) & 3U);
    f->left -= now;
    f->cut = f->cut || f->left > 0;
    if (is_control(r))
        take_control(r, bytes, now, out);
    else
        take_data(r, bytes, now, out);
    return now;
}

size_t frame_read(struct frame_reader *r, const struct frame_rules *rules, unsigned char *bytes, size_t len,
                  struct frame_event *out)
{
    assert(!r->failed);
    if (r->told)
        settle(r);
    *out = (struct frame_event){.kind = FRAME_MORE};
    size_t at = 0;
    size_t empty = 0;
    while (at < len && out->kind == FRAME_MORE) {
        if (!r->frame.in_payload)
            at += read_head(r, rules, bytes + at, len - at, out);
        if (r->frame.in_payload) {
            empty += r->frame.left == 0 && !r->frame.fin;
            at += read_payload(r, rules, bytes + at, len - at, out);
        }
    }
    out->empty = empty;
    return at;
}

/* ---- from image to image ----------------------------------------------------------------------------------------- */

void frame_reader_pack(const struct frame_reader *r, struct buf *out)
{
    struct frame_reader plain = *r;
    plain.message_bytes = NULL;
    plain.message_cap = 0;
    pack_bytes(out, &plain, sizeof plain);
    pack_bytes(out, r->message_bytes, r->message_len);
}

bool frame_reader_unpack(struct pack_reader *from, struct frame_reader *out)
{
    size_t plain_len;
    size_t message_len;
    const void *plain = pack_read_bytes(from, &plain_len);
    const void *message = pack_read_bytes(from, &message_len);
    *out = (struct frame_reader){0};
    if (from->failed || plain_len != sizeof *out)
        return false;
    memcpy(out, plain, sizeof *out);
    bool sane = out->message_len == message_len && out->message_bytes == NULL && !out->failed;
    if (sane && message_len > 0 && (out->message_bytes = malloc(message_len)) == NULL)
        sane = false;
    if (!sane) {
        *out = (struct frame_reader){0};
        return false;
    }
    if (message_len > 0)
        memcpy(out->message_bytes, message, message_len);
    out->message_cap = message_len;
    return true;
}
