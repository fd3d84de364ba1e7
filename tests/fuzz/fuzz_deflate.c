/*
 * Fuzzes permessage-deflate (realtime/deflate.h), both ways: the input is inflated as a message of a client, and packed
 * as one of ours. What comes out must go there and back, and never be more than the limit; the limit is exact.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "realtime/deflate.h"

#define LIMIT 100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* From memory of exactly its length, into a buffer of exactly this limit. */
static enum err unpack(struct deflate *d, const void *bytes, size_t len, size_t max, struct buf *out)
{
    unsigned char *copy = malloc(len + (len == 0));
    assert(copy != NULL);
    if (len > 0)
        memcpy(copy, bytes, len);
    buf_init(out, max);
    enum err err = deflate_unpack(d, copy, len, out);
    free(copy);
    assert(err == ERR_OK || err == ERR_MALFORMED || err == ERR_TOO_LARGE);
    assert(out->len <= max && (err == ERR_OK || out->len == 0));
    return err;
}

static void there_and_back(struct deflate *d, const void *bytes, size_t len)
{
    struct buf packed;
    struct buf out;
    buf_init(&packed, len * 2 + 100);
    assert(deflate_pack(d, bytes, len, &packed));
    assert(unpack(d, packed.data, packed.len, len + (len == 0), &out) == ERR_OK);
    assert(out.len == len && (len == 0 || memcmp(out.data, bytes, len) == 0));
    buf_clear(&packed);
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct deflate *d; /* one for all inputs: what one left behind must not reach the next */
    struct buf out;
    if (d == NULL)
        d = deflate_create();
    assert(d != NULL);
    if (unpack(d, data, size, LIMIT, &out) == ERR_OK) {
        struct buf less;
        there_and_back(d, out.data, out.len);
        if (out.len > 1) {
            assert(unpack(d, data, size, out.len - 1, &less) == ERR_TOO_LARGE);
            buf_clear(&less);
        }
        assert(unpack(d, data, size, out.len + (out.len == 0), &less) == ERR_OK);
        assert(less.len == out.len && (out.len == 0 || memcmp(less.data, out.data, out.len) == 0));
        buf_clear(&less);
    }
    buf_clear(&out);
    there_and_back(d, data, size);
    return 0;
}
