/*
 * Log lines. One line is rendered into a bounded buffer on the stack and written by one write(2). See log.h.
 */
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_BYTES 1024 /* longer lines are cut: a log is not a store */
#define CUT_BYTES 12

struct line {
    char bytes[LINE_BYTES];
    size_t len;
};

/* A closing brace and the line feed always fit. */
static size_t room(const struct line *line)
{
    return sizeof line->bytes - 2 - line->len;
}

static void put(struct line *line, const char *bytes, size_t len)
{
    if (len > room(line))
        len = room(line);
    memcpy(line->bytes + line->len, bytes, len);
    line->len += len;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static void put_quoted(struct line *line, const char *text)
{
    put_text(line, "\"");
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        char escape[8];
        if ((c & 0xc0) != 0x80 && room(line) < CUT_BYTES)
            break; /* between characters, with room for the longest one and the quote */
        if (c == '"' || c == '\\') {
            (void)snprintf(escape, sizeof escape, "\\%c", c);
            put_text(line, escape);
        } else if (c < 0x20 || c == 0x7f) {
            (void)snprintf(escape, sizeof escape, "\\u%04x", c);
            put_text(line, escape);
        } else {
            put(line, at, 1);
        }
    }
    put_text(line, "\"");
}

/* logfmt leaves quotes out where a value is one plain word. */
static bool is_plain(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || *text == '"' || *text == '=' || *text == '\\' ||
            (unsigned char)*text == 0x7f)
            return false;
    return true;
}

static void put_field(struct line *line, enum log_format format, const char *key, const char *text, int64_t number)
{
    char digits[24];
    if (room(line) < strlen(key) + sizeof digits + CUT_BYTES)
        return; /* a field is there whole, or cut within its text, or not at all */
    if (format == LOG_JSON) {
        put_text(line, line->len == 1 ? "\"" : ",\"");
        put_text(line, key);
        put_text(line, "\":");
    } else {
        put_text(line, line->len == 0 ? "" : " ");
        put_text(line, key);
        put_text(line, "=");
    }
    if (text == NULL) {
        (void)snprintf(digits, sizeof digits, "%lld", (long long)number);
        put_text(line, digits);
    } else if (format == LOG_LOGFMT && is_plain(text)) {
        put_text(line, text);
    } else {
        put_quoted(line, text);
    }
}

void log_write(const struct log *log, enum log_level level, const char *event, const struct log_field *fields,
               size_t count)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    if (log == NULL || level < log->level)
        return;
    struct line line = {.len = 0};
    char time[CLOCK_TEXT_BYTES];
    struct clock real = {0}; /* a log tells the true time, also where a test moved the clock */
    clock_format(clock_wall_ms(&real), time);
    if (log->format == LOG_JSON)
        put_text(&line, "{");
    put_field(&line, log->format, "time", time, 0);
    put_field(&line, log->format, "level", levels[level], 0);
    put_field(&line, log->format, "event", event, 0);
    for (size_t i = 0; i < count; i++)
        put_field(&line, log->format, fields[i].key,
                  !fields[i].is_text       ? NULL
                  : fields[i].text != NULL ? fields[i].text
                                           : "",
                  fields[i].number);
    if (log->format == LOG_JSON)
        line.bytes[line.len++] = '}';
    line.bytes[line.len++] = '\n';
    if (write(log->fd, line.bytes, line.len) < 0)
        return; /* nobody is left to tell */
}
