/*
 * Files inside the program: the web app, the readable documents, openapi.json. Each was compressed when the program was
 * built; here the best form that a browser takes is chosen (RFC 9110, section 12.5.3). The loop's thread.
 */
#include "api/assets.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/request.h"
#include "api/resources.h"

/* Scripts, styles and connections of our own alone; nobody may frame us. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src "
    "'self'; "
    "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

static int by_path(const void *key, const void *row)
{
    return strcmp(key, ((const struct asset *)row)->path);
}

static const struct asset *find(const char *path)
{
    return bsearch(path, assets, assets_count, sizeof assets[0], by_path);
}

/* "/assets/index.js" from its segments; "/" is the page itself. NULL: too long to be one of ours. */
static const struct asset *find_by_query(const struct query *q)
{
    char path[256] = "";
    size_t len = 0;
    for (size_t i = 0; i < q->segments_count; i++) {
        size_t more = strlen(q->segments[i]);
        if (len + more + 2 > sizeof path)
            return NULL;
        path[len++] = '/';
        memcpy(path + len, q->segments[i], more + 1);
        len += more;
    }
    return find(len == 0 ? "/index.html" : path);
}

bool assets_exist(const struct query *query)
{
    return find_by_query(query) != NULL;
}

/* Whether a coding is listed and not refused by q=0. */
static bool accepts(const char *header, const char *coding)
{
    size_t len = strlen(coding);
    while (header != NULL && *header != '\0') {
        header += strspn(header, " \t,");
        size_t item = strcspn(header, ",");
        if (item >= len && strncasecmp(header, coding, len) == 0 &&
            (item == len || strchr(" \t;", header[len]) != NULL)) {
            const char *q = memchr(header, '=', item);
            return q == NULL || strtod(q + 1, NULL) > 0;
        }
        header += item;
    }
    return false;
}

static void serve(struct request *r, const struct asset *a)
{
    const char *etag = a->etag;
    const unsigned char *bytes = a->identity;
    size_t len = a->identity_len;
    if (a->brotli != NULL && accepts(r->head.accept_encoding, "br")) {
        request_header(r, "Content-Encoding", "br");
        bytes = a->brotli;
        len = a->brotli_len;
        etag = a->etag_brotli;
    } else if (a->gzip != NULL && accepts(r->head.accept_encoding, "gzip")) {
        request_header(r, "Content-Encoding", "gzip");
        bytes = a->gzip;
        len = a->gzip_len;
        etag = a->etag_gzip;
    }
    request_header(r, "Vary", "Accept-Encoding");
    request_header(r, "Cache-Control", a->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    /* A service worker is bound by the policy of its own script, not by that of the page. */
    if (strcmp(a->path, "/sw.js") == 0)
        request_header(r, "Content-Security-Policy", policy);
    if (strncmp(a->type, "text/html", 9) == 0) {
        request_header(r, "Content-Security-Policy", policy);
        request_header(r, "Referrer-Policy", "same-origin");
        request_header(r, "Cross-Origin-Opener-Policy", "same-origin");
    }
    request_reply_static(r, 200, a->type, bytes, len, etag);
}

static void serve_path(struct request *r, const char *path)
{
    const struct asset *a = find(path);
    if (a != NULL)
        serve(r, a);
    else
        request_fail(r, ERR_NOT_FOUND);
}

void assets_openapi(struct request *r)
{
    serve_path(r, "/openapi.json");
}

void assets_asyncapi(struct request *r)
{
    serve_path(r, "/asyncapi.json");
}

void assets_docs(struct request *r)
{
    serve_path(r, "/docs.html");
}

void assets_serve(struct request *r)
{
    const struct asset *a = find_by_query(&r->query);
    if (a != NULL)
        serve(r, a);
    else
        request_fail(r, ERR_NOT_FOUND);
}
