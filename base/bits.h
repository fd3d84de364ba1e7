/*
 * The first and the last bit of a word: what the compiler knows and C17 has no name for.
 */
#ifndef PORCHLIGHT_BASE_BITS_H
#define PORCHLIGHT_BASE_BITS_H

#include <stdint.h>

/* The number of a bit, from 0. `x` is not zero. */
static inline int bits_lowest(uint64_t x)
{
    return __builtin_ctzll(x);
}

static inline int bits_highest(uint64_t x)
{
    return 63 - __builtin_clzll(x);
}

#endif
