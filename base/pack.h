/*
 * Values as bytes and back, for what one image of the program leaves to the next: little structure, every length
 * checked.
 *
 * Writing appends to a struct buf. Reading never goes past the end: after the first thing that is not there, everything
 * reads as zero and `failed` is set, so that a long record is checked once, at its end. Pure; any thread.
 */
#ifndef PORCHLIGHT_BASE_PACK_H
#define PORCHLIGHT_BASE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

void pack_number(struct buf *out, int64_t value);
void pack_bytes(struct buf *out, const void *bytes, size_t len);
void pack_text(struct buf *out, const char *text); /* NULL stays NULL */

struct pack_reader {
    const unsigned char *at;
    const unsigned char *end;
    bool failed;
};

int64_t pack_read_number(struct pack_reader *u);
const void *pack_read_bytes(struct pack_reader *u, size_t *len); /* borrowed; unaligned */
const char *pack_read_text(struct pack_reader *u); /* borrowed, with its NUL; NULL for NULL and for a failure */

#endif
