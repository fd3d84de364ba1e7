/*
 * Cursors as text: where a client is in the change log and in the like counts. DESIGN section 3.
 *
 *     0123456789abcdef-4711-89abcdef.42
 *     `-- epoch ------' seq  `boot--' `-- likes
 *
 * One text for each value: hex in lower case, decimals without leading zeros or sign. So format(parse(x)) is x for
 * every accepted x, and an ETag may be made of it. Whether the epoch is ours and the number is still kept is the
 * caller's question. Pure; any thread.
 */
#ifndef PORCHLIGHT_DB_CURSOR_H
#define PORCHLIGHT_DB_CURSOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"

struct cursor {
    char epoch[17]; /* 16 hex digits and a NUL: the name of this history */
    int64_t seq;    /* the newest event that was seen; 0: none */
    uint32_t boot;  /* the run of the server that counted the likes */
    uint64_t likes; /* the version of the like counts that was seen */
};

/* ERR_MALFORMED: anything else, longer than CURSOR_BYTES_MAX or overflowing included. `out` is set only with ERR_OK. */
enum err cursor_parse(const char *text, size_t len, struct cursor *out);

/* Returns the length; at most 66 characters, so that it fits with its NUL. `seq` is not negative. */
size_t cursor_format(const struct cursor *cursor, char out[static CURSOR_BYTES_MAX]);

#endif
