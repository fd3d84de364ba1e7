/*
 * The decisions of push that need nothing but numbers: when it is quiet, what an answer means, when to try again. Pure;
 * any thread.
 */
#ifndef PORCHLIGHT_API_PUSH_RULES_H
#define PORCHLIGHT_API_PUSH_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "db/pushes.h"

/*
 * When the quiet hours end that `now_ms` lies in; `now_ms` itself outside of them, or without any. They are minutes of
 * the member's own day, `zone_min` east of UTC; from 22:00 to 07:00 goes over midnight.
 */
int64_t push_rules_quiet_until(const struct push_wishes *wishes, int64_t now_ms);

enum push_fate {
    PUSH_TAKEN,   /* the push service has it */
    PUSH_GONE,    /* the device will never be reached again: RFC 8030, section 7.3 */
    PUSH_LATER,   /* trying again may help */
    PUSH_REFUSED, /* trying the same again will not */
};

/* What a push service's status means; 0: no answer came. */
enum push_fate push_rules_fate(int status);

/*
 * How long to wait after the try with this number (1: the first): PUSH_AGAIN_MS, doubled each time, at most
 * PUSH_AGAIN_MAX_MS, of which `random` chooses somewhere in the upper half; at least what the service asked for.
 */
int64_t push_rules_wait_ms(int64_t tries, int64_t retry_after_s, uint32_t random);

#endif
