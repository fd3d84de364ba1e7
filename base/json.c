/*
 * JSON out: a writer that appends to a buffer and remembers only whether a comma is due. JSON in is base/json_read.c.
 */
#include "base/json.h"

#include <stdint.h>
#include <string.h>

#include "base/clock.h"

static void before_value(struct json_writer *w)
{
    if (w->comma)
        buf_append(w->out, ",", 1);
    w->comma = true;
}

void json_object_begin(struct json_writer *w)
{
    before_value(w);
    buf_append(w->out, "{", 1);
    w->comma = false;
}

void json_object_end(struct json_writer *w)
{
    buf_append(w->out, "}", 1);
    w->comma = true;
}

void json_array_begin(struct json_writer *w)
{
    before_value(w);
    buf_append(w->out, "[", 1);
    w->comma = false;
}

void json_array_end(struct json_writer *w)
{
    buf_append(w->out, "]", 1);
    w->comma = true;
}

void json_key(struct json_writer *w, const char *key)
{
    json_put_string(w, key);
    buf_append(w->out, ":", 1);
    w->comma = false;
}

void json_put_text(struct json_writer *w, const char *text, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    before_value(w);
    buf_append(w->out, "\"", 1);
    size_t plain = 0; /* start of the run that needs no escape */
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_append(w->out, text + plain, i - plain);
        plain = i + 1;
        char escape[6] = {'\\', (char)c};
        size_t escape_len = 2;
        if (c == '\n') {
            escape[1] = 'n';
        } else if (c == '\t') {
            escape[1] = 't';
        } else if (c < 0x20) {
            memcpy(escape + 1, "u00", 3);
            escape[4] = hex[c >> 4];
            escape[5] = hex[c & 15];
            escape_len = 6;
        }
        buf_append(w->out, escape, escape_len);
    }
    buf_append(w->out, text + plain, len - plain);
    buf_append(w->out, "\"", 1);
}

void json_put_string(struct json_writer *w, const char *text)
{
    if (text == NULL)
        json_put_null(w);
    else
        json_put_text(w, text, strlen(text));
}

/* Decimal digits of `value`, right-aligned in `digits`; returns the first. */
static char *decimal(int64_t value, char digits[static 24])
{
    char *at = digits + 23;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    *at = '\0';
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        *--at = '-';
    return at;
}

void json_put_id(struct json_writer *w, int64_t id)
{
    char digits[24];
    if (id == 0)
        json_put_null(w);
    else
        json_put_string(w, decimal(id, digits));
}

void json_put_int(struct json_writer *w, int64_t value)
{
    char digits[24];
    before_value(w);
    buf_puts(w->out, decimal(value, digits));
}

void json_put_bool(struct json_writer *w, bool value)
{
    before_value(w);
    buf_puts(w->out, value ? "true" : "false");
}

void json_put_null(struct json_writer *w)
{
    before_value(w);
    buf_append(w->out, "null", 4);
}

void json_put_time(struct json_writer *w, int64_t wall_ms)
{
    char text[CLOCK_TEXT_BYTES];
    if (wall_ms == 0) {
        json_put_null(w);
        return;
    }
    clock_format(wall_ms, text);
    json_put_text(w, text, CLOCK_TEXT_BYTES - 1);
}

void json_put_raw(struct json_writer *w, const char *json, size_t len)
{
    before_value(w);
    buf_append(w->out, json, len);
}

/*
 * RFC 3629: the second byte's range keeps out overlong forms, surrogates and what lies beyond U+10FFFF.
 */
size_t json_utf8_length(const char *bytes, size_t len)
{
    const unsigned char *s = (const unsigned char *)bytes;
    size_t count = 0;
    for (size_t i = 0; i < len; count++) {
        unsigned char c = s[i];
        if (c < 0x80) {
            i++;
            continue;
        }
        size_t more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
        if (c < 0xc2 || c > 0xf4 || more > len - i - 1)
            return SIZE_MAX;
        unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
        unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
        if (s[i + 1] < low || s[i + 1] > high)
            return SIZE_MAX;
        for (size_t k = 2; k <= more; k++)
            if ((s[i + k] & 0xc0) != 0x80)
                return SIZE_MAX;
        i += more + 1;
    }
    return count;
}

void json_put_words(struct json_writer *w, const char *const *words, size_t count)
{
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        json_put_string(w, words[i]);
    json_array_end(w);
}
