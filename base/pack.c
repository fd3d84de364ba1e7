/*
 * Values as bytes. See pack.h.
 *
 *   number   8 bytes, this machine's order: both images run on it
 *   bytes    a number (the length), then as many
 *   text     the same, its NUL included; length 0: NULL
 */
#include "base/pack.h"

#include <string.h>

void pack_number(struct buf *out, int64_t value)
{
    buf_append(out, &value, sizeof value);
}

void pack_bytes(struct buf *out, const void *bytes, size_t len)
{
    pack_number(out, (int64_t)len);
    if (len > 0)
        buf_append(out, bytes, len);
}

void pack_text(struct buf *out, const char *text)
{
    pack_bytes(out, text, text == NULL ? 0 : strlen(text) + 1);
}

static const unsigned char *take(struct pack_reader *u, uint64_t len)
{
    if (u->failed || len > (uint64_t)(u->end - u->at)) {
        u->failed = true;
        return NULL;
    }
    const unsigned char *at = u->at;
    u->at += len;
    return at;
}

int64_t pack_read_number(struct pack_reader *u)
{
    int64_t value = 0;
    const unsigned char *at = take(u, sizeof value);
    if (at != NULL)
        memcpy(&value, at, sizeof value);
    return value;
}

const void *pack_read_bytes(struct pack_reader *u, size_t *len)
{
    uint64_t wanted = (uint64_t)pack_read_number(u);
    const unsigned char *at = take(u, wanted);
    *len = at == NULL ? 0 : (size_t)wanted;
    return at;
}

const char *pack_read_text(struct pack_reader *u)
{
    size_t len;
    const char *text = pack_read_bytes(u, &len);
    if (text == NULL || len == 0)
        return NULL;
    if (memchr(text, '\0', len) != text + len - 1) {
        u->failed = true;
        return NULL;
    }
    return text;
}
