/*
 * The five measurements. Each prints its own table as it ends and notes its marks for the summary.
 */
#ifndef PORCHLIGHT_BENCH_MEASURE_H
#define PORCHLIGHT_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#include "community.h"

#define MEASURE_MARKS_MAX 16
#define MEASURE_PATH_BYTES 512

struct measure_mark {
    char text[160];
    bool met;
};

struct measure {
    const char *binary;                /* build/porchlight */
    const char *bare;                  /* build/bench/bare_mhd */
    const char *schema;                /* migrations/0001_community.sql */
    char folder[MEASURE_PATH_BYTES];   /* the run's own folder; the data folder is in it */
    int rounds;
    double seconds;                    /* of one figure in one round */
    int cpus;
    struct community community;
    struct measure_mark marks[MEASURE_MARKS_MAX];
    size_t marks_count;
};

/* 0, or -1 after saying what went wrong. All but the first need the bench's community in the data folder. */
int measure_idle(struct measure *m);     /* (d) memory and (e) cold start, on the demo community alone */
int measure_presence(struct measure *m); /* (a) polls against the bare library */
int measure_likes(struct measure *m);    /* (b) durable likes against one transaction per like */
int measure_tail(struct measure *m);     /* (c) p99 of polls with and without writers */

#endif
