/*
 * Figures of a measurement: latencies in a histogram, and series of one value per round.
 *
 * The histogram is log-linear (64 steps per power of two, so a percentile is right to 1.6 %) and never allocates.
 * No state of its own; one thread per object.
 */
#ifndef PORCHLIGHT_BENCH_FIGURES_H
#define PORCHLIGHT_BENCH_FIGURES_H

#include <stddef.h>
#include <stdint.h>

#define FIGURES_ROUNDS_MAX 32
#define FIGURES_STEPS 64
#define FIGURES_BUCKETS (FIGURES_STEPS * 40)
#define FIGURES_TEXT_BYTES 96

struct figures_histogram {
    uint64_t counts[FIGURES_BUCKETS]; /* nanoseconds */
    uint64_t total;
};

void figures_record(struct figures_histogram *h, uint64_t ns);
/* The value that `percent` of all values do not exceed, in nanoseconds; 0 when there are none. */
double figures_percentile(const struct figures_histogram *h, double percent);

struct figures_series {
    double values[FIGURES_ROUNDS_MAX];
    size_t count;
};

void figures_add(struct figures_series *s, double value); /* ignored beyond FIGURES_ROUNDS_MAX */
double figures_median(const struct figures_series *s);    /* 0 when empty */
double figures_min(const struct figures_series *s);
double figures_max(const struct figures_series *s);

/* One ratio per round, of values measured in the same round. */
void figures_ratio(const struct figures_series *over, const struct figures_series *under, struct figures_series *out);

/* "1.23 (1.10-1.31)" with the given number of decimals, thousands grouped by commas. */
const char *figures_text(const struct figures_series *s, int decimals, char out[static FIGURES_TEXT_BYTES]);

/* Seconds of a clock that only goes forward. */
uint64_t figures_now_ns(void);

#endif
