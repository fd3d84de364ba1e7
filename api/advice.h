/*
 * How long a client should wait before it polls again (X-Poll-Interval). Pure; any thread.
 *
 * The interval grows from its base to four times that while a loop's load goes from 60 to 100 percent: polls thin out
 * before the server is overloaded. Sixteen variants, up to a quarter apart, keep clients from marching in step; a
 * variant is a whole shared answer, which is why there are not more.
 */
#ifndef PORCHLIGHT_API_ADVICE_H
#define PORCHLIGHT_API_ADVICE_H

#include <stdint.h>

#define ADVICE_VARIANTS 16

/* Whole seconds, at least 1. `load_percent` 0 to 100, `variant` 0 to ADVICE_VARIANTS - 1. */
unsigned advice_interval_s(unsigned base_s, unsigned load_percent, unsigned variant);

/* When a poller who was told to come back after `told_s` counts as gone: one and a half times that. */
int64_t advice_expiry_ms(unsigned told_s);

#endif
