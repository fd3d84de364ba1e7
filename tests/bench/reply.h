/*
 * Reads the head of an HTTP/1.1 answer: as much as a load generator must know, and no more.
 *
 * Pure: bytes in, value out. Answers without Content-Length are an error, save those that have no body by definition
 * (1xx, 204, 304; RFC 9112, section 6.3): Porchlight always tells the length.
 */
#ifndef PORCHLIGHT_BENCH_REPLY_H
#define PORCHLIGHT_BENCH_REPLY_H

#include <stdbool.h>
#include <stddef.h>

struct reply {
    int status;
    size_t head_bytes; /* up to and with the empty line */
    size_t body_bytes;
    bool closes; /* Connection: close */
};

enum reply_state { REPLY_INCOMPLETE, REPLY_COMPLETE_HEAD, REPLY_BROKEN };

enum reply_state reply_read(const char *bytes, size_t len, struct reply *out);

/* Copies a header's value (NUL-terminated, cut at out_bytes); false when the head has no such header. */
bool reply_header(const char *head, size_t head_bytes, const char *name, char *out, size_t out_bytes);

#endif
