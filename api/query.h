/*
 * A request target, taken apart: path segments and query parameters (RFC 3986, sections 3.3 and 3.4).
 *
 *     /posts/12?since=abc&team=7   ->   segments "posts", "12"   params since = "abc", team = "7"
 *
 * Strict: only characters that may stand there unescaped; escapes must be two hex digits; what they decode to must be
 * UTF-8 without control bytes. Empty segments, "." and "..", and an escaped "/" are refused, so that a path has one
 * spelling of its structure. In the query "+" is a blank, as forms write it; every parameter has a "=" and appears
 * once; at most QUERY_PARAMS_MAX. Only the origin form (RFC 9112, section 3.2.1) is known. Pure; strings live in the
 * caller's arena.
 */
#ifndef PORCHLIGHT_API_QUERY_H
#define PORCHLIGHT_API_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"

struct query_param {
    const char *name;  /* decoded, NUL-terminated; never empty */
    const char *value; /* may be empty */
    size_t value_len;
};

struct query {
    const char **segments; /* decoded, NUL-terminated; none for "/" */
    size_t segments_count;
    bool trailing_slash; /* "/docs/": the same segments as "/docs"; false for "/" */
    struct query_param params[QUERY_PARAMS_MAX];
    size_t params_count;
};

/*
 * `target` is what stood in the request line. ERR_URI_TOO_LONG beyond URI_BYTES_MAX; ERR_MALFORMED for bad bytes;
 * ERR_INVALID for a repeated name or too many; ERR_NO_MEMORY. `problem` (may be NULL) gets a sentence.
 */
enum err query_parse(const char *target, size_t len, struct arena *arena, struct query *out, struct problem *problem);

/* NULL: not there. */
const struct query_param *query_find(const struct query *q, const char *name);

/* An id as it stands in paths and queries: a positive 64-bit integer, decimal, without sign or leading zero. */
bool query_id(const char *text, int64_t *id);

/* The first parameter that is not in `names`, or NULL: endpoints refuse what they do not know. */
const struct query_param *query_unknown(const struct query *q, const char *const *names, size_t count);

#endif
