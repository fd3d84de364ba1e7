/*
 * Histogram and medians of the bench.
 *
 *   value   0..63          -> bucket = value
 *   value   2^e .. 2^(e+1) -> 64 buckets of equal width, for every e >= 6
 */
#include "figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEP_BITS 6
_Static_assert(FIGURES_STEPS == 1 << STEP_BITS, "the bucket arithmetic shifts by STEP_BITS");

uint64_t figures_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static size_t bucket_of(uint64_t ns)
{
    if (ns < FIGURES_STEPS) {
        return (size_t)ns;
    }
    unsigned exponent = 63U - (unsigned)__builtin_clzll(ns);
    size_t bucket = (size_t)(exponent - STEP_BITS + 1) * FIGURES_STEPS +
                    (size_t)((ns >> (exponent - STEP_BITS)) & (FIGURES_STEPS - 1));
    return bucket < FIGURES_BUCKETS ? bucket : FIGURES_BUCKETS - 1;
}

/* The largest value that falls into the bucket. */
static double bucket_value(size_t bucket)
{
    if (bucket < FIGURES_STEPS) {
        return (double)bucket;
    }
    unsigned shift = (unsigned)(bucket / FIGURES_STEPS) - 1;
    uint64_t step = (uint64_t)(bucket % FIGURES_STEPS) + FIGURES_STEPS + 1;
    return (double)((step << shift) - 1);
}

void figures_record(struct figures_histogram *h, uint64_t ns)
{
    h->counts[bucket_of(ns)]++;
    h->total++;
}

double figures_percentile(const struct figures_histogram *h, double percent)
{
    uint64_t wanted = (uint64_t)((double)h->total * percent / 100.0 + 0.5);
    uint64_t seen = 0;

    for (size_t i = 0; i < FIGURES_BUCKETS; i++) {
        seen += h->counts[i];
        if (h->counts[i] > 0 && seen >= wanted) {
            return bucket_value(i);
        }
    }
    return 0;
}

void figures_add(struct figures_series *s, double value)
{
    if (s->count < FIGURES_ROUNDS_MAX) {
        s->values[s->count++] = value;
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double figures_median(const struct figures_series *s)
{
    double sorted[FIGURES_ROUNDS_MAX];

    if (s->count == 0) {
        return 0;
    }
    memcpy(sorted, s->values, s->count * sizeof(sorted[0]));
    qsort(sorted, s->count, sizeof(sorted[0]), by_value);
    size_t middle = s->count / 2;
    return s->count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double figures_min(const struct figures_series *s)
{
    double least = s->count > 0 ? s->values[0] : 0;
    for (size_t i = 1; i < s->count; i++) {
        least = s->values[i] < least ? s->values[i] : least;
    }
    return least;
}

double figures_max(const struct figures_series *s)
{
    double most = s->count > 0 ? s->values[0] : 0;
    for (size_t i = 1; i < s->count; i++) {
        most = s->values[i] > most ? s->values[i] : most;
    }
    return most;
}

void figures_ratio(const struct figures_series *over, const struct figures_series *under, struct figures_series *out)
{
    *out = (struct figures_series){0};
    for (size_t i = 0; i < over->count && i < under->count; i++) {
        figures_add(out, under->values[i] > 0 ? over->values[i] / under->values[i] : 0);
    }
}

/* Commas between thousands: printf's own grouping needs a locale. */
static void group(double value, int decimals, char *out, size_t out_bytes)
{
    char digits[40];
    snprintf(digits, sizeof(digits), "%.*f", decimals, value);
    size_t whole = strcspn(digits, ".");
    size_t len = 0;

    for (size_t i = 0; digits[i] != '\0' && len + 2 < out_bytes; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0 && digits[i - 1] != '-') {
            out[len++] = ',';
        }
        out[len++] = digits[i];
    }
    out[len] = '\0';
}

const char *figures_text(const struct figures_series *s, int decimals, char out[static FIGURES_TEXT_BYTES])
{
    char median[30];
    char least[30];
    char most[30];

    group(figures_median(s), decimals, median, sizeof(median));
    group(figures_min(s), decimals, least, sizeof(least));
    group(figures_max(s), decimals, most, sizeof(most));
    snprintf(out, FIGURES_TEXT_BYTES, "%s (%s-%s)", median, least, most);
    return out;
}
