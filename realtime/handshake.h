/*
 * The opening handshake of RFC 6455, section 4.2, pure: header fields in, the answer's fields or an error out.
 */
#ifndef PORCHLIGHT_REALTIME_HANDSHAKE_H
#define PORCHLIGHT_REALTIME_HANDSHAKE_H

#include <stdbool.h>

#include "base/err.h"

#define HANDSHAKE_ACCEPT_BYTES 29 /* 28 characters of base64 and a NUL */

/* As sent; NULL: not sent. Several fields of one name come joined by ", ". */
struct handshake_fields {
    const char *method_version; /* "HTTP/1.1" */
    const char *connection;
    const char *upgrade;
    const char *version;
    const char *key;
    const char *extensions;
};

struct handshake {
    char accept[HANDSHAKE_ACCEPT_BYTES]; /* Sec-WebSocket-Accept */
    bool deflate;                        /* permessage-deflate is agreed on */
    const char *extensions;              /* Sec-WebSocket-Extensions of the answer; static, NULL: send none */
};

/*
 * ERR_UPGRADE_REQUIRED (426: not a WebSocket request, or another version than 13; the answer says
 * Sec-WebSocket-Version: 13 and Upgrade: websocket), ERR_MALFORMED (400: a bad key, a malformed extension list).
 * `problem` says why. Of the offers of permessage-deflate the first that can be met is taken: always without context
 * takeover on both sides; an offer that wants server_max_window_bits below 15 is declined, since a broadcast is
 * compressed once for everybody. Unknown extensions are ignored.
 */
enum err handshake_check(const struct handshake_fields *fields, struct handshake *out, struct problem *problem);

/* Whether an address of sockets is the one of the pattern: segment by segment, {x} is any one that is not empty. */
bool handshake_path_matches(const char *pattern, const char *path);

#endif
