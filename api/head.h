/*
 * The check of a request's head that libmicrohttpd 0.9.75 does not make. DESIGN section 8.
 *
 * That library truncates at NUL, glues folded lines together and accepts bare line feeds without telling. But it leaves
 * the head where it was read, and puts NULs over separators, so the pieces it reports must lie exactly so:
 *
 *     GET /posts HTTP/1.1 \r \n Host : walkers.example \r \n Accept :  * / * \r \n \r \n
 *     `-' `----'  `------'      `--' ` `-------------'
 *        1       1         2        1+n               2                       2 + 2      gaps in bytes
 *
 * Any other sum is a NUL, a fold or a bare line feed. (What nobody can tell afterwards: a NUL in place of the CR of a
 * line's end. It ends the same line.) Beyond the sums: names are tokens (RFC 9110, section 5.6.2), no control bytes,
 * one Host, at most one Content-Length, no Transfer-Encoding. Pure: pointers into one buffer in, a verdict out.
 */
#ifndef PORCHLIGHT_API_HEAD_H
#define PORCHLIGHT_API_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct head {
    const char *start; /* first byte of the method */
    const char *at;    /* first byte behind what was seen so far */
    bool needs_host;   /* HTTP/1.1 and later */
    int hosts;
    int content_lengths;
    bool has_transfer_encoding;
    const char *fault; /* a sentence; NULL while all is well */
};

/* The request line. `target_len` is the length before the library took the target apart. */
void head_begin(struct head *h, const char *method, const char *target, size_t target_len, const char *version);

/* Each field line in order. */
void head_field(struct head *h, const char *name, size_t name_len, const char *value, size_t value_len);

/* `head_bytes` is the whole head, the empty line included. ERR_MALFORMED, ERR_LENGTH_REQUIRED. */
enum err head_end(struct head *h, size_t head_bytes, struct problem *problem);

#endif
