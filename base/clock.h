/*
 * Time, from a clock that a test can move.
 *
 * Wall time is milliseconds since 1970-01-01T00:00:00Z; monotonic time has no meaning but its differences. An offset,
 * zero in life, is added to both, so that a test can let a minute pass; another, to wall time alone, is a clock that
 * somebody sets. Any thread.
 */
#ifndef PORCHLIGHT_BASE_CLOCK_H
#define PORCHLIGHT_BASE_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clock {
    _Atomic int64_t offset_ms;
    _Atomic int64_t wall_offset_ms; /* not kept over a hot restart: then it is set right again */
};

#define CLOCK_TEXT_BYTES 25 /* "2026-01-31T08:30:00.000Z" and its NUL */

int64_t clock_wall_ms(const struct clock *c);
int64_t clock_mono_ms(const struct clock *c);
void clock_advance(struct clock *c, int64_t ms);
void clock_set_wall(struct clock *c, int64_t by_ms); /* below 0: back */

/* RFC 3339, UTC, with milliseconds. */
void clock_format(int64_t wall_ms, char out[static CLOCK_TEXT_BYTES]);

/* Accepts RFC 3339 with any offset and 0 to 9 fraction digits; false when the text is not a time. */
bool clock_parse(const char *text, size_t len, int64_t *wall_ms);

/* "500ms", "90s", "5m", "1h", "7d" or plain seconds, as options take them; false when it is not a duration or below
 * zero. */
bool clock_parse_duration(const char *text, int64_t *ms);

#endif
