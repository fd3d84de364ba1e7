/*
 * Fuzzes the codec of frames (realtime/frame.h), and holds it against itself: a stream that is read whole and the same
 * stream cut into pieces must tell the same. What is told whole is also sent as one frame and read again.
 *
 *     byte 0   side, permessage-deflate, limit        byte 1   seed of the cuts        then the stream
 *
 * Each piece lies in memory of exactly its length, so that AddressSanitizer sees a read past it.
 */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "realtime/frame.h"

#define TOLD_BYTES_MAX (64U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void record(struct buf *told, const struct frame_event *e)
{
    if (e->kind == FRAME_MORE)
        return;
    const unsigned char head[] = {
        (unsigned char)e->kind,        (unsigned char)e->opcode, e->compressed,
        (unsigned char)(e->code >> 8), (unsigned char)e->code,   (unsigned char)(e->len >> 16),
        (unsigned char)(e->len >> 8),  (unsigned char)e->len};
    buf_append(told, head, sizeof head);
    if (e->len > 0)
        buf_append(told, e->bytes, e->len);
    assert((e->why != NULL) == (e->kind == FRAME_ERROR));
}

/* As the other side would send it: reading it must give it back. */
static void send_and_read(const struct frame_rules *rules, const struct frame_event *message)
{
    static const unsigned char mask[4] = {0xa1, 0x00, 0x5f, 0xfe};
    unsigned char head[FRAME_HEAD_BYTES_MAX];
    size_t head_len = frame_head(head, message->opcode, message->compressed, message->len, rules->masked ? mask : NULL);
    unsigned char *bytes = malloc(head_len + message->len);
    struct frame_reader r = {0};
    struct frame_event e;
    assert(bytes != NULL);
    memcpy(bytes, head, head_len);
    if (message->len > 0)
        memcpy(bytes + head_len, message->bytes, message->len);
    if (rules->masked)
        frame_mask(bytes + head_len, message->len, mask, 0);
    assert(frame_read(&r, rules, bytes, head_len + message->len, &e) == head_len + message->len);
    assert(e.kind == FRAME_MESSAGE && e.opcode == message->opcode && e.compressed == message->compressed);
    assert(e.len == message->len && (e.len == 0 || memcmp(e.bytes, message->bytes, e.len) == 0));
    assert(frame_reader_at_rest(&r));
    free(bytes);
}

static bool read_piece(struct frame_reader *r, const struct frame_rules *rules, const uint8_t *bytes, size_t len,
                       struct buf *told)
{
    unsigned char *copy = malloc(len + (len == 0));
    struct frame_event e;
    size_t at = 0;
    assert(copy != NULL);
    if (len > 0)
        memcpy(copy, bytes, len);
    do {
        at += frame_read(r, rules, copy + at, len - at, &e);
        assert(at <= len);
        record(told, &e);
        if (e.kind == FRAME_MESSAGE)
            send_and_read(rules, &e);
    } while (e.kind != FRAME_MORE && e.kind != FRAME_ERROR);
    assert(e.kind == FRAME_ERROR || at == len);
    free(copy);
    return e.kind == FRAME_MORE;
}

/* Pieces of 1 to `piece_max` bytes; 0: all at once. */
static void read_all(const struct frame_rules *rules, const uint8_t *bytes, size_t len, unsigned seed, size_t piece_max,
                     struct buf *told)
{
    static const struct frame_reader zero;
    struct frame_reader r = {0};
    bool fine = true;
    uint32_t state = seed + 1;
    size_t at = 0;
    do {
        state = state * 1664525U + 1013904223U;
        size_t now = piece_max == 0 ? len : 1 + (state >> 16) % piece_max;
        if (now > len - at)
            now = len - at;
        fine = read_piece(&r, rules, bytes + at, now, told);
        at += now;
        if (fine && frame_reader_at_rest(&r))
            assert(memcmp(&r, &zero, sizeof zero) == 0);
    } while (fine && at < len);
    buf_append(told, frame_reader_at_rest(&r) ? "." : "?", 1);
    frame_reader_clear(&r);
    assert(memcmp(&r, &zero, sizeof zero) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t limits[] = {10, 125, 1000, 70000};
    static const size_t pieces[] = {1, 3, 40};
    if (size < 2)
        return 0;
    struct frame_rules rules = {
        .message_bytes_max = limits[data[0] >> 2 & 3U], .masked = (data[0] & 1U) != 0, .deflate = (data[0] & 2U) != 0};
    struct buf whole;
    struct buf cut;
    buf_init(&whole, TOLD_BYTES_MAX);
    buf_init(&cut, TOLD_BYTES_MAX);
    read_all(&rules, data + 2, size - 2, 0, 0, &whole);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        buf_reset(&cut);
        read_all(&rules, data + 2, size - 2, data[1], pieces[i], &cut);
        assert(cut.len == whole.len && memcmp(cut.data, whole.data, cut.len) == 0);
    }
    buf_clear(&whole);
    buf_clear(&cut);
    return 0;
}
