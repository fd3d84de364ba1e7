/*
 * Figures of the HTTP side, counted by each loop for itself and summed when somebody asks (GET /metrics).
 */
#ifndef PORCHLIGHT_API_METRICS_H
#define PORCHLIGHT_API_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define METRICS_ROUTES_MAX 96
#define METRICS_STATUSES 21
#define METRICS_BOUND_US 100 /* of the first bucket */
#define METRICS_BUCKETS 16   /* doubling: the last but one is 1.6 s; the last is everything */

struct metrics_route {
    _Atomic uint64_t statuses[METRICS_STATUSES];
    _Atomic uint64_t buckets[METRICS_BUCKETS];
    _Atomic uint64_t sum_us;
};

struct metrics_loop {
    struct metrics_route routes[METRICS_ROUTES_MAX]; /* by place in the table of routes; the last: no route */
};

/* The loop's thread, when a request has been answered. */
void metrics_count(struct metrics_loop *m, size_t route, int status, int64_t took_us);

/* Of all loops and routes, since the start. */
struct metrics_totals {
    uint64_t polls; /* of presence, changes and new posts */
    uint64_t buckets[METRICS_BUCKETS];
};

struct server;
void metrics_sum(struct server *s, struct metrics_totals *out);

#endif
