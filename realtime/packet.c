/* Shared messages. See packet.h. One allocation holds the plain frame and, behind it, the compressed one. */
#include "realtime/packet.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ALLOCATION_BYTES 24   /* that malloc adds to what is asked for, at most: its own 8 and rounding to 16 */
#define DEFLATE_BYTES_MIN 128 /* below it the two bytes of zlib and the time are more than what is won */

struct packet {
    _Atomic uint32_t refs;
    uint32_t plain_len;
    uint32_t deflated_len; /* 0: none */
    enum packet_class what;
    uint8_t topic;  /* 0: for all */
    int64_t not_to; /* 0: nobody is left out */
    int64_t seq;
    unsigned char bytes[];
};

struct pieces {
    enum frame_opcode opcode;
    enum packet_class what;
    int64_t seq;
    const void *payload;
    size_t len;
    const void *deflated;
    size_t deflated_len; /* 0: none */
};

static struct packet *make(const struct pieces *from)
{
    unsigned char plain_head[FRAME_HEAD_BYTES_MAX];
    unsigned char deflated_head[FRAME_HEAD_BYTES_MAX];
    size_t plain_head_len = frame_head(plain_head, from->opcode, false, from->len, NULL);
    size_t deflated_head_len = from->deflated_len == 0
                                   ? 0
                                   : frame_head(deflated_head, from->opcode, true, from->deflated_len, NULL);
    size_t plain_len = plain_head_len + from->len;
    size_t deflated_len = deflated_head_len + from->deflated_len;
    assert(plain_len <= UINT32_MAX && deflated_len <= UINT32_MAX);
    struct packet *p = malloc(sizeof *p + plain_len + deflated_len);
    if (p == NULL)
        return NULL;
    atomic_init(&p->refs, 1);
    p->plain_len = (uint32_t)plain_len;
    p->deflated_len = (uint32_t)deflated_len;
    p->what = from->what;
    p->topic = 0;
    p->not_to = 0;
    p->seq = from->seq;
    memcpy(p->bytes, plain_head, plain_head_len);
    if (from->len > 0)
        memcpy(p->bytes + plain_head_len, from->payload, from->len);
    if (deflated_len > 0) {
        memcpy(p->bytes + plain_len, deflated_head, deflated_head_len);
        memcpy(p->bytes + plain_len + deflated_head_len, from->deflated, from->deflated_len);
    }
    return p;
}

/* Compressed where that is asked for and pays. */
static struct packet *make_message(struct pieces *from, struct deflate *deflate)
{
    struct buf packed;
    buf_init(&packed, from->len > 0 ? from->len : 1); /* longer than the plain one is no use */
    if (deflate != NULL && from->len >= DEFLATE_BYTES_MIN && deflate_pack(deflate, from->payload, from->len, &packed)) {
        from->deflated = packed.data;
        from->deflated_len = packed.len;
    }
    struct packet *p = make(from);
    buf_clear(&packed);
    return p;
}

struct packet *packet_text(const char *text, size_t len, enum packet_class what, int64_t seq, struct deflate *deflate)
{
    struct pieces from = {.opcode = FRAME_OP_TEXT, .what = what, .seq = seq, .payload = text, .len = len};
    return make_message(&from, deflate);
}

struct packet *packet_binary(const void *bytes, size_t len, struct deflate *deflate)
{
    struct pieces from = {.opcode = FRAME_OP_BINARY, .what = PACKET_ANSWER, .payload = bytes, .len = len};
    return make_message(&from, deflate);
}

void packet_limit(struct packet *p, uint8_t topic, int64_t not_to)
{
    p->topic = topic;
    p->not_to = not_to;
}

bool packet_is_for(const struct packet *p, uint8_t topics, int64_t user_id)
{
    return (p->topic == 0 || (p->topic & topics) != 0) && (p->not_to == 0 || p->not_to != user_id);
}

struct packet *packet_raw(const void *bytes, size_t len)
{
    assert(len <= UINT32_MAX);
    struct packet *p = calloc(1, sizeof *p + len);
    if (p == NULL)
        return NULL;
    atomic_init(&p->refs, 1);
    p->plain_len = (uint32_t)len;
    p->what = PACKET_ANSWER;
    memcpy(p->bytes, bytes, len);
    return p;
}

struct packet *packet_control(enum frame_opcode opcode, const void *bytes, size_t len)
{
    assert(len <= FRAME_CONTROL_BYTES_MAX);
    enum packet_class what = opcode == FRAME_OP_PONG ? PACKET_PONG : PACKET_CONTROL;
    struct pieces from = {.opcode = opcode, .what = what, .payload = bytes, .len = len};
    return make(&from);
}

struct packet *packet_close(uint16_t code, const char *reason)
{
    unsigned char payload[FRAME_CONTROL_BYTES_MAX];
    size_t len = 0;
    if (code != FRAME_CLOSE_NO_STATUS) {
        size_t reason_len = strlen(reason);
        assert(reason_len <= sizeof payload - 2); /* our own words */
        payload[0] = (unsigned char)(code >> 8);
        payload[1] = (unsigned char)(code & 0xff);
        memcpy(payload + 2, reason, reason_len);
        len = 2 + reason_len;
    }
    return packet_control(FRAME_OP_CLOSE, payload, len);
}

struct packet *packet_ref(struct packet *p)
{
    (void)atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void packet_unref(struct packet *p)
{
    if (p != NULL && atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1)
        free(p);
}

struct packet_bytes packet_for(const struct packet *p, bool deflate)
{
    if (deflate && p->deflated_len > 0)
        return (struct packet_bytes){.bytes = p->bytes + p->plain_len, .len = p->deflated_len};
    return (struct packet_bytes){.bytes = p->bytes, .len = p->plain_len};
}

enum packet_class packet_class(const struct packet *p)
{
    return p->what;
}

int64_t packet_seq(const struct packet *p)
{
    return p->seq;
}

size_t packet_memory(const struct packet *p)
{
    return sizeof *p + p->plain_len + p->deflated_len + ALLOCATION_BYTES;
}
