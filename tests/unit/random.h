/*
 * Random numbers for tests: the seed is printed, and TEST_SEED repeats a run. One struct per thread.
 */
#ifndef PORCHLIGHT_UNIT_RANDOM_H
#define PORCHLIGHT_UNIT_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct random {
    uint64_t state;
};

/* splitmix64 */
static inline uint64_t random_next(struct random *r)
{
    uint64_t x = r->state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* 0 to bound - 1 */
static inline size_t random_below(struct random *r, size_t bound)
{
    return (size_t)(random_next(r) % bound);
}

static inline struct random random_seeded(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = ((uint64_t)now.tv_sec ^ (uint64_t)now.tv_nsec << 8) & UINT32_MAX;
    const char *given = getenv("TEST_SEED");
    if (given != NULL)
        seed = strtoull(given, NULL, 10);
    print_message("seed %llu (repeat with TEST_SEED=%llu)\n", (unsigned long long)seed, (unsigned long long)seed);
    return (struct random){.state = seed};
}

#endif
