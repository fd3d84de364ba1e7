/*
 * Parser and formatter of cursors. The parser walks once from left to right; each part checks its own canonical form.
 */
#include "db/cursor.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define EPOCH_CHARS 16
#define BOOT_CHARS 8
#define DECIMAL_CHARS_MAX 20

static_assert(sizeof((struct cursor *)0)->epoch == EPOCH_CHARS + 1, "an epoch and its NUL");
static_assert(EPOCH_CHARS + BOOT_CHARS + 2 * DECIMAL_CHARS_MAX + 3 < CURSOR_BYTES_MAX, "the longest cursor fits");

struct reader {
    const char *at;
    const char *end;
};

static bool read_char(struct reader *r, char expected)
{
    return r->at < r->end && *r->at++ == expected;
}

static bool read_hex(struct reader *r, size_t digits, uint64_t *out)
{
    uint64_t value = 0;
    if ((size_t)(r->end - r->at) < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        char c = *r->at++;
        if (c >= '0' && c <= '9')
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *out = value;
    return true;
}

/* 0, or digits without a leading zero; at most `max`. */
static bool read_decimal(struct reader *r, uint64_t max, uint64_t *out)
{
    const char *start = r->at;
    uint64_t value = 0;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        uint64_t digit = (uint64_t)(*r->at - '0');
        if (value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    size_t digits = (size_t)(r->at - start);
    *out = value;
    return digits > 0 && (digits == 1 || *start != '0');
}

enum err cursor_parse(const char *text, size_t len, struct cursor *out)
{
    struct reader r = {.at = text, .end = text + len};
    uint64_t epoch = 0;
    uint64_t seq = 0;
    uint64_t boot = 0;
    uint64_t likes = 0;
    if (len >= CURSOR_BYTES_MAX || !read_hex(&r, EPOCH_CHARS, &epoch) || !read_char(&r, '-') ||
        !read_decimal(&r, INT64_MAX, &seq) || !read_char(&r, '-') || !read_hex(&r, BOOT_CHARS, &boot) ||
        !read_char(&r, '.') || !read_decimal(&r, UINT64_MAX, &likes) || r.at != r.end)
        return ERR_MALFORMED;

    *out = (struct cursor){.seq = (int64_t)seq, .boot = (uint32_t)boot, .likes = likes};
    memcpy(out->epoch, text, EPOCH_CHARS);
    return ERR_OK;
}

size_t cursor_format(const struct cursor *cursor, char out[static CURSOR_BYTES_MAX])
{
    assert(cursor->seq >= 0 && strlen(cursor->epoch) == EPOCH_CHARS);
    int len = snprintf(out, CURSOR_BYTES_MAX, "%s-%" PRId64 "-%08" PRIx32 ".%" PRIu64, cursor->epoch, cursor->seq,
                       cursor->boot, cursor->likes);
    assert(len > 0 && len < CURSOR_BYTES_MAX);
    return (size_t)len;
}
