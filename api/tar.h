/*
 * Headers of a tar archive: ustar (POSIX.1-1988, as pax(1) of POSIX.1-2017 describes it), regular files only. Pure; any
 * thread.
 *
 *      [header 512][content, padded to 512][header 512][content ...][zeros 1024]
 *
 * Sizes of 8 GiB and more are written as GNU tar does it: the field's first bit set, then a big-endian number.
 */
#ifndef PORCHLIGHT_API_TAR_H
#define PORCHLIGHT_API_TAR_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TAR_BLOCK_BYTES 512
#define TAR_NAME_BYTES 101 /* and a NUL */

struct tar_member {
    char name[TAR_NAME_BYTES]; /* "": the end of the archive */
    int64_t bytes;
};

void tar_write_header(const struct tar_member *member, int64_t at_s, unsigned char out[static TAR_BLOCK_BYTES]);

/* ERR_MALFORMED: it is no header, its sum is wrong, or it is of something else than a file. */
enum err tar_read_header(const unsigned char block[static TAR_BLOCK_BYTES], struct tar_member *out);

/* The zeros behind so many bytes of content. */
size_t tar_padding(int64_t bytes);

#endif
