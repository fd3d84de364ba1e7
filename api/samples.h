/*
 * How the server did in the last hour: a ring of samples in memory, one every SAMPLE_EVERY_MS. One thread adds, the
 * first HTTP loop's; any may copy. Nothing of it is stored: a restart, hot or not, begins anew.
 *
 *      add -> | 4 | 5 | 1 | 2 | 3 |      when it is full, the newest takes the oldest one's place
 *                     ^ oldest
 */
#ifndef PORCHLIGHT_API_SAMPLES_H
#define PORCHLIGHT_API_SAMPLES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/metrics.h"
#include "base/limits.h"
#include "base/shed.h"

struct sample {
    int64_t at_ms; /* wall time of its end */
    int64_t here;
    int64_t sockets;
    int64_t polls_tenths; /* a second, in tenths */
    /* What half of the requests, and all but one in a hundred, took at most: the bound of their bucket, in tenths of a
       millisecond. -1: there was no request. */
    int64_t p50_tenths_ms;
    int64_t p99_tenths_ms;
    int64_t likes_flushed;
    enum shed_stage stage;
};

/* What is read off the server. Counters go on from its start; the ring makes differences of them. */
struct samples_reading {
    int64_t now_ms; /* monotonic */
    int64_t wall_ms;
    int64_t here;
    int64_t sockets;
    enum shed_stage stage;
    struct metrics_totals totals;
    uint64_t likes_flushed;
};

struct samples {
    struct samples_reading last; /* the adder's */
    pthread_mutex_t mutex;
    size_t count; /* ever added */
    struct sample ring[SAMPLES_KEPT];
};

void samples_init(struct samples *s, int64_t now_ms);
void samples_clear(struct samples *s);

/* Whether it is time for another; only then is there anything to read. The adder's thread, as is the next. */
bool samples_due(const struct samples *s, int64_t now_ms);
void samples_add(struct samples *s, const struct samples_reading *reading);

/* Oldest first; returns how many. */
size_t samples_copy(struct samples *s, struct sample out[static SAMPLES_KEPT]);

/* Several in one: the most of each, and all of the likes. `count` is 1 or more. */
struct sample samples_fold(const struct sample *samples, size_t count);

#endif
