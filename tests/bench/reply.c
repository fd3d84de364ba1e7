/*
 * The answer's head, line by line. See reply.h.
 */
#include "reply.h"

#include <string.h>
#include <strings.h>

/* Length of the value of `name: value` when the line is that header, with `value` set; -1 when it is another. */
static long value_of(const char *line, size_t len, const char *name, const char **value)
{
    size_t name_len = strlen(name);

    if (len <= name_len || line[name_len] != ':' || strncasecmp(line, name, name_len) != 0) {
        return -1;
    }
    size_t at = name_len + 1;
    while (at < len && (line[at] == ' ' || line[at] == '\t')) {
        at++;
    }
    *value = line + at;
    return (long)(len - at);
}

static bool read_length(const char *digits, long len, size_t *out)
{
    *out = 0;
    if (len < 1 || len > 12) {
        return false;
    }
    for (long i = 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return false;
        }
        *out = *out * 10 + (size_t)(digits[i] - '0');
    }
    return true;
}

enum reply_state reply_read(const char *bytes, size_t len, struct reply *out)
{
    const char *end = memmem(bytes, len, "\r\n\r\n", 4);
    if (end == NULL) {
        return REPLY_INCOMPLETE;
    }
    *out = (struct reply){.head_bytes = (size_t)(end - bytes) + 4};
    if (out->head_bytes < 16 || memcmp(bytes, "HTTP/1.1 ", 9) != 0) {
        return REPLY_BROKEN;
    }
    out->status = (bytes[9] - '0') * 100 + (bytes[10] - '0') * 10 + (bytes[11] - '0');

    bool has_length = false;
    const char *line = memchr(bytes, '\n', out->head_bytes);
    while (line != NULL && ++line < end) {
        const char *eol = memchr(line, '\r', (size_t)(end + 2 - line));
        const char *value;
        size_t line_len = (size_t)(eol - line);
        /* Only two names matter, and both begin with a C: most lines are left at their first letter. */
        if ((line[0] | 0x20) == 'c') {
            long value_len = value_of(line, line_len, "Content-Length", &value);
            if (value_len >= 0) {
                if (has_length || !read_length(value, value_len, &out->body_bytes)) {
                    return REPLY_BROKEN;
                }
                has_length = true;
            } else if (value_of(line, line_len, "Connection", &value) == 5 && strncasecmp(value, "close", 5) == 0) {
                out->closes = true;
            }
        }
        line = eol + 1;
    }
    if (out->status == 304 || out->status == 204 || out->status < 200) {
        out->body_bytes = 0;
        return REPLY_COMPLETE_HEAD;
    }
    return has_length ? REPLY_COMPLETE_HEAD : REPLY_BROKEN;
}

bool reply_header(const char *head, size_t head_bytes, const char *name, char *out, size_t out_bytes)
{
    const char *end = head + head_bytes - 2;
    const char *line = memchr(head, '\n', head_bytes);

    while (line != NULL && ++line < end) {
        const char *eol = memchr(line, '\r', (size_t)(end - line) + 2);
        const char *value;
        if (eol == NULL) {
            return false;
        }
        long len = value_of(line, (size_t)(eol - line), name, &value);
        if (len >= 0) {
            size_t copied = (size_t)len < out_bytes - 1 ? (size_t)len : out_bytes - 1;
            memcpy(out, value, copied);
            out[copied] = '\0';
            return true;
        }
        line = eol + 1;
    }
    return false;
}
