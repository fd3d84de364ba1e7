/*
 * A growing run of bytes that is told its maximum when it is made.
 *
 * A failed append (maximum reached, no memory) sets `failed` and leaves what was there; later appends do nothing. So a
 * long rendering is checked once, at its end. Not thread-safe. `data` is always NUL-terminated once anything was added.
 */
#ifndef PORCHLIGHT_BASE_BUF_H
#define PORCHLIGHT_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data; /* owned; NULL while empty and never grown */
    size_t len;
    size_t cap;
    size_t max; /* most bytes of content, the NUL not counted */
    bool failed;
    bool starved; /* it failed for want of memory */
};

void buf_init(struct buf *b, size_t max);
void buf_clear(struct buf *b); /* frees; the buffer may be used again */
void buf_reset(struct buf *b); /* keeps the memory, forgets content and failure */

void buf_append(struct buf *b, const void *bytes, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Hands the bytes to the caller, who frees them with free(); the buffer is empty again. */
char *buf_take(struct buf *b, size_t *len);

#endif
