/* When it is quiet, what an answer means, when to try again. See push_rules.h. */
#include "api/push_rules.h"

#include "base/limits.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MIN INT64_C(1440)

int64_t push_rules_quiet_until(const struct push_wishes *w, int64_t now_ms)
{
    if (!w->quiet || w->from_min == w->to_min)
        return now_ms;
    int64_t local_min = now_ms / MINUTE_MS + w->zone_min;
    int64_t since_from = ((local_min - w->from_min) % DAY_MIN + DAY_MIN) % DAY_MIN;
    int64_t lasts = ((w->to_min - w->from_min) % DAY_MIN + DAY_MIN) % DAY_MIN;
    if (since_from >= lasts)
        return now_ms;
    return now_ms / MINUTE_MS * MINUTE_MS + (lasts - since_from) * MINUTE_MS;
}

enum push_fate push_rules_fate(int status)
{
    if (status >= 200 && status < 300)
        return PUSH_TAKEN;
    if (status == 404 || status == 410)
        return PUSH_GONE;
    if (status == 0 || status == 408 || status == 425 || status == 429 || status >= 500)
        return PUSH_LATER;
    return PUSH_REFUSED;
}

int64_t push_rules_wait_ms(int64_t tries, int64_t retry_after_s, uint32_t random)
{
    int64_t wait_ms = PUSH_AGAIN_MS;
    for (int64_t i = 1; i < tries && wait_ms < PUSH_AGAIN_MAX_MS; i++)
        wait_ms *= 2;
    if (wait_ms > PUSH_AGAIN_MAX_MS)
        wait_ms = PUSH_AGAIN_MAX_MS;
    wait_ms = wait_ms / 2 + (int64_t)(random % (uint32_t)(wait_ms / 2 + 1));
    int64_t asked_ms = retry_after_s > PUSH_RETRY_AFTER_MAX_S ? PUSH_RETRY_AFTER_MAX_S * INT64_C(1000)
                                                              : retry_after_s * 1000;
    return wait_ms > asked_ms ? wait_ms : asked_ms;
}
