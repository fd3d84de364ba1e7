/* A slow socket's queue. See queue.h. */
#include "realtime/queue.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_CAP 8

struct queue *queue_create(bool deflate)
{
    struct queue *q = calloc(1, sizeof *q);
    if (q == NULL)
        return NULL;
    q->deflate = deflate;
    q->cap = FIRST_CAP;
    q->items = malloc(q->cap * sizeof *q->items);
    if (q->items == NULL) {
        free(q);
        return NULL;
    }
    return q;
}

static struct queued *at(const struct queue *q, size_t index)
{
    return &q->items[(q->head + index) & (q->cap - 1)];
}

static size_t length_of(const struct queue *q, const struct packet *packet)
{
    return packet_for(packet, q->deflate).len;
}

/* The ring is at worst half empty: two places each. */
static size_t memory_of(const struct packet *packet)
{
    return packet_memory(packet) + 2 * sizeof(struct queued);
}

void queue_free(struct queue *q)
{
    if (q == NULL)
        return;
    for (size_t i = 0; i < q->count; i++)
        packet_unref(at(q, i)->packet);
    free(q->items);
    free(q);
}

static bool grow(struct queue *q)
{
    if (q->count < q->cap)
        return true;
    struct queued *items = malloc(q->cap * 2 * sizeof *items);
    if (items == NULL)
        return false;
    for (size_t i = 0; i < q->count; i++)
        items[i] = *at(q, i);
    free(q->items);
    q->items = items;
    q->cap *= 2;
    q->head = 0;
    return true;
}

static bool is_begun(const struct queue *q, size_t index)
{
    return index == 0 && q->offset > 0;
}

static void replace_pong(struct queue *q, struct packet *pong)
{
    struct queued *place = at(q, q->pong - 1);
    q->bytes += memory_of(pong);
    q->bytes -= memory_of(place->packet);
    packet_unref(place->packet);
    place->packet = packet_ref(pong);
}

bool queue_push(struct queue *q, struct packet *packet, int64_t now_ms)
{
    bool pong = packet_class(packet) == PACKET_PONG;
    if (pong && q->pong > 0 && !is_begun(q, q->pong - 1)) {
        replace_pong(q, packet);
        return true;
    }
    if (!grow(q))
        return false;
    *at(q, q->count++) = (struct queued){.packet = packet_ref(packet), .since_ms = (uint32_t)now_ms};
    q->bytes += memory_of(packet);
    if (pong)
        q->pong = q->count;
    return true;
}

int queue_parts(const struct queue *q, struct iovec *parts, int max)
{
    int count = 0;
    for (size_t i = 0; i < q->count && count < max; i++, count++) {
        struct packet_bytes b = packet_for(at(q, i)->packet, q->deflate);
        size_t skip = i == 0 ? q->offset : 0;
        parts[count].iov_base = (void *)(uintptr_t)(b.bytes + skip);
        parts[count].iov_len = b.len - skip;
    }
    return count;
}

void queue_taken(struct queue *q, size_t bytes)
{
    q->offset += bytes;
    while (q->count > 0 && q->offset >= length_of(q, at(q, 0)->packet)) {
        struct packet *packet = at(q, 0)->packet;
        q->offset -= length_of(q, packet);
        q->bytes -= memory_of(packet);
        packet_unref(packet);
        q->head = (q->head + 1) & (q->cap - 1);
        q->count--;
        q->pong -= q->pong > 0;
    }
    assert(q->count > 0 || q->offset == 0);
}

int64_t queue_age_ms(const struct queue *q, int64_t now_ms)
{
    for (size_t i = 0; i < q->count; i++)
        if (packet_class(at(q, i)->packet) != PACKET_EPHEMERAL)
            return (int64_t)((uint32_t)now_ms - at(q, i)->since_ms);
    return 0;
}

void queue_copy(const struct queue *q, struct buf *out)
{
    for (size_t i = 0; i < q->count; i++) {
        struct packet_bytes b = packet_for(at(q, i)->packet, q->deflate);
        size_t skip = i == 0 ? q->offset : 0;
        buf_append(out, b.bytes + skip, b.len - skip);
    }
}

/* Keeps what is begun, and with `ephemeral_only` all that matters. */
static size_t filter(struct queue *q, bool ephemeral_only)
{
    size_t kept = 0;
    size_t dropped = 0;
    size_t pong = q->pong;
    q->pong = 0;
    for (size_t i = 0; i < q->count; i++) {
        struct queued item = *at(q, i);
        if (is_begun(q, i) || (ephemeral_only && packet_class(item.packet) != PACKET_EPHEMERAL)) {
            *at(q, kept++) = item;
            if (i + 1 == pong)
                q->pong = kept;
            continue;
        }
        q->bytes -= memory_of(item.packet);
        packet_unref(item.packet);
        dropped++;
    }
    q->count = kept;
    return dropped;
}

size_t queue_drop_ephemeral(struct queue *q)
{
    return filter(q, true);
}

void queue_drop_rest(struct queue *q)
{
    (void)filter(q, false);
}
