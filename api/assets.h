/*
 * The files that the server carries inside itself: the built web app. web/embed.mjs writes the table from web/dist/
 * after each build of the app; api/assets.c serves it. The bytes are read-only data of the program and are never
 * copied.
 */
#ifndef PORCHLIGHT_API_ASSETS_H
#define PORCHLIGHT_API_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

struct query;

/* One file, as it is and compressed. A compressed form that is not smaller is left out: NULL and 0. */
struct asset {
    const char *path;      /* "/assets/index-Bx12Cd34.js"; the page itself is "/index.html" */
    const char *type;      /* Content-Type */
    const char *etag;      /* quoted; of the file as it is */
    const char *etag_gzip; /* a strong ETag names bytes, so each coding has its own: RFC 9110, section 8.8.3.3 */
    const char *etag_brotli;
    bool immutable; /* the name holds a hash of the bytes: may be kept forever */
    const unsigned char *identity;
    const unsigned char *gzip;
    const unsigned char *brotli;
    size_t identity_len;
    size_t gzip_len;
    size_t brotli_len;
};

/* Sorted by path in byte order. */
extern const struct asset assets[];
extern const size_t assets_count;

/* Is there a file at this path? "/" is "/index.html". */
bool assets_exist(const struct query *query);

#endif
