/*
 * permessage-deflate on top of zlib. See deflate.h for the contract.
 *
 * Both streams are raw deflate (RFC 1951) with the full window and are reset for each message, which is what "no
 * context takeover" means. A compressed message ends as RFC 7692, section 7.2.1, has it: an empty stored block, of
 * which the last four bytes, 00 00 FF FF, are not sent. The empty message is the one byte 00 by itself
 * (section 7.2.3.6).
 */
#include "realtime/deflate.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define RAW_WINDOW_BITS (-15) /* negative: no header, no checksum */
#define MEMORY_LEVEL 8        /* 64 KiB of hash table, which a reset clears */
#define TAIL_BYTES 4
#define CHUNK_BYTES 8192

static const unsigned char tail[TAIL_BYTES] = {0x00, 0x00, 0xff, 0xff};

struct deflate {
    z_stream pack;
    z_stream unpack;
    unsigned char chunk[CHUNK_BYTES];
};

struct deflate *deflate_create(void)
{
    struct deflate *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    if (deflateInit2(&d->pack, Z_DEFAULT_COMPRESSION, Z_DEFLATED, RAW_WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        goto no_pack;
    if (inflateInit2(&d->unpack, RAW_WINDOW_BITS) != Z_OK)
        goto no_unpack;
    return d;

no_unpack:
    (void)deflateEnd(&d->pack);
no_pack:
    free(d);
    return NULL;
}

void deflate_free(struct deflate *d)
{
    if (d == NULL)
        return;
    (void)deflateEnd(&d->pack);
    (void)inflateEnd(&d->unpack);
    free(d);
}

const char *deflate_library_version(void)
{
    return zlibVersion();
}

/* What was appended since `start` is taken back. */
static void cut_back(struct buf *out, size_t start)
{
    out->len = start;
    if (out->data != NULL)
        out->data[start] = '\0';
}

bool deflate_pack(struct deflate *d, const void *bytes, size_t len, struct buf *out)
{
    assert(len <= UINT_MAX);
    z_stream *z = &d->pack;
    size_t start = out->len;
    size_t held = 0; /* the newest bytes stay in the chunk: they may be the tail, which must not need room in `out` */
    (void)deflateReset(z);
    z->next_in = (z_const Bytef *)bytes;
    z->avail_in = (uInt)len;
    do {
        z->next_out = d->chunk + held;
        z->avail_out = (uInt)(sizeof d->chunk - held);
        int status = deflate(z, Z_SYNC_FLUSH);
        assert(status == Z_OK || status == Z_BUF_ERROR); /* the latter: the flush ended with the last chunk */
        size_t have = sizeof d->chunk - z->avail_out;
        size_t done = have > TAIL_BYTES ? have - TAIL_BYTES : 0;
        buf_append(out, d->chunk, done);
        held = have - done;
        memmove(d->chunk, d->chunk + done, held);
    } while (z->avail_out == 0 && !out->failed);
    if (out->failed) {
        cut_back(out, start);
        return false;
    }
    assert(held == TAIL_BYTES && memcmp(d->chunk, tail, TAIL_BYTES) == 0);
    return true;
}

/* Inflates into the chunk and appends it. `status`: Z_OK, Z_STREAM_END, or Z_BUF_ERROR when there was nothing to do. */
static enum err unpack_step(struct deflate *d, struct buf *out, int *status)
{
    z_stream *z = &d->unpack;
    z->next_out = d->chunk;
    z->avail_out = sizeof d->chunk;
    *status = inflate(z, Z_SYNC_FLUSH);
    if (*status == Z_MEM_ERROR)
        return ERR_NO_MEMORY;
    if (*status != Z_OK && *status != Z_STREAM_END && *status != Z_BUF_ERROR)
        return ERR_MALFORMED;
    size_t have = sizeof d->chunk - z->avail_out;
    if (have > out->max - out->len)
        return ERR_TOO_LARGE;
    buf_append(out, d->chunk, have);
    return out->failed ? ERR_NO_MEMORY : ERR_OK;
}

/*
 * Inflates all of `bytes`. A final block (BFINAL) may stand in the middle (RFC 7692, section 7.2.3.4): the next one
 * begins with the next byte and may still look back, so the window is kept. `ended`: the bytes ended together with a
 * final block.
 */
static enum err unpack_bytes(struct deflate *d, const void *bytes, size_t len, struct buf *out, bool *ended)
{
    z_stream *z = &d->unpack;
    int status = Z_OK;
    enum err err = ERR_OK;
    z->next_in = (z_const Bytef *)bytes;
    z->avail_in = (uInt)len;
    do {
        err = unpack_step(d, out, &status);
        *ended = status == Z_STREAM_END && z->avail_in == 0;
        if (err == ERR_OK && status == Z_STREAM_END && !*ended)
            (void)inflateResetKeep(z);
    } while (err == ERR_OK && !*ended && (z->avail_in > 0 || z->avail_out == 0));
    return err;
}

enum err deflate_unpack(struct deflate *d, const void *bytes, size_t len, struct buf *out)
{
    assert(len <= UINT_MAX);
    size_t start = out->len;
    bool ended = false;
    enum err err = ERR_OK;
    (void)inflateReset(&d->unpack);
    if (len == 0)
        return ERR_OK; /* not what the RFC writes for the empty message, but what some clients do */
    err = unpack_bytes(d, bytes, len, out, &ended);
    if (err == ERR_OK && !ended)
        err = unpack_bytes(d, tail, sizeof tail, out, &ended);
    /* zlib's account of where it stopped: 128 between two blocks, and in the low bits what is left of a byte. */
    if (err == ERR_OK && !ended && (d->unpack.data_type & 0x87) != 0x80)
        err = ERR_MALFORMED;
    if (err != ERR_OK)
        cut_back(out, start);
    return err;
}
