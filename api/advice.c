/*
 * Poll advice. See advice.h.
 */
#include "api/advice.h"

#include <assert.h>

#define CALM_PERCENT 60
#define STRETCH_MAX 4

unsigned advice_interval_s(unsigned base_s, unsigned load_percent, unsigned variant)
{
    assert(variant < ADVICE_VARIANTS && base_s > 0);
    if (load_percent > 100)
        load_percent = 100;
    uint64_t over = load_percent > CALM_PERCENT ? load_percent - CALM_PERCENT : 0;
    uint64_t stretched_ms = base_s * (1000 + over * (STRETCH_MAX - 1) * 1000 / (100 - CALM_PERCENT));
    uint64_t interval_ms = stretched_ms + stretched_ms * variant / (4 * (uint64_t)ADVICE_VARIANTS);
    return (unsigned)(interval_ms / 1000);
}

int64_t advice_expiry_ms(unsigned told_s)
{
    return (int64_t)told_s * 1500;
}
