/*
 * permessage-deflate (RFC 7692) without context takeover on either side: a message is compressed by itself, so one pair
 * of zlib streams serves all sockets of a loop, and a broadcast is compressed once. One thread at a time.
 */
#ifndef PORCHLIGHT_REALTIME_DEFLATE_H
#define PORCHLIGHT_REALTIME_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct deflate;

struct deflate *deflate_create(void); /* NULL: no memory */
void deflate_free(struct deflate *d); /* NULL is fine */

/* Appends the compressed message, its last 00 00 FF FF taken off. false: no memory or `out` is full. */
bool deflate_pack(struct deflate *d, const void *bytes, size_t len, struct buf *out);

/*
 * Appends the message. ERR_TOO_LARGE as soon as more than `out->max` bytes come out (a bomb costs no more than that),
 * ERR_MALFORMED when the bytes are not deflate, ERR_NO_MEMORY.
 */
enum err deflate_unpack(struct deflate *d, const void *bytes, size_t len, struct buf *out);

/* Of the compression library, for `porchlight --version`. Static storage. */
const char *deflate_library_version(void);

#endif
