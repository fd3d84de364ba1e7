/*
 * The live numbers: what is read off the server for a sample, and all of it as one JSON object, the same for
 * GET /admin/numbers and for `porchlight numbers --json`:
 *
 *   {"every":10,"items":[{"at":...,"here":3,...},...],"days":[{"day":"2026-04-12","members":41},...]}
 */
#ifndef PORCHLIGHT_API_NUMBERS_H
#define PORCHLIGHT_API_NUMBERS_H

#include "api/samples.h"
#include "base/arena.h"
#include "base/buf.h"
#include "db/users.h"

struct loop;

struct numbers {
    const struct sample *samples; /* oldest first */
    size_t samples_count;
    struct engagement_day days[ENGAGEMENT_DAYS]; /* likewise */
};

/* Adds a sample when it is time. The first loop's thread, each turn. */
void numbers_sample(struct loop *loop);

/* `samples` NULL: no server runs, and there are days only. ERR_NO_MEMORY, ERR_STORAGE. */
enum err numbers_read(struct samples *samples, struct db *db, int64_t now_ms, struct arena *arena, struct numbers *out);

void numbers_write(const struct numbers *n, struct buf *out);

/* Tenths as they are read: "0.4". */
#define NUMBERS_TENTHS_BYTES 24
const char *numbers_tenths(int64_t tenths, char out[static NUMBERS_TENTHS_BYTES]);

#define NUMBERS_DAY_BYTES 11 /* "2026-04-12" and its NUL */
const char *numbers_day(int64_t day, char out[static NUMBERS_DAY_BYTES]);

#endif
