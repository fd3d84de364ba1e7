/*
 * The last hour, sample by sample. See samples.h.
 */
#include "api/samples.h"

#include <assert.h>

void samples_init(struct samples *s, int64_t now_ms)
{
    *s = (struct samples){.last.now_ms = now_ms};
    (void)pthread_mutex_init(&s->mutex, NULL);
}

void samples_clear(struct samples *s)
{
    (void)pthread_mutex_destroy(&s->mutex);
}

bool samples_due(const struct samples *s, int64_t now_ms)
{
    return now_ms - s->last.now_ms >= SAMPLE_EVERY_MS;
}

/* The bound of the bucket that holds the request of this rank; a bucket's bound is twice that of the one before. */
static int64_t percentile(const uint64_t *buckets, uint64_t total, unsigned percent)
{
    uint64_t below = 0;
    int64_t bound_tenths_ms = METRICS_BOUND_US / 100;
    if (total == 0)
        return -1;
    for (size_t i = 0; i < METRICS_BUCKETS - 1; i++, bound_tenths_ms *= 2) {
        below += buckets[i];
        if (below * 100 >= total * percent)
            break;
    }
    return bound_tenths_ms;
}

static struct sample compare(const struct samples_reading *before, const struct samples_reading *now)
{
    uint64_t buckets[METRICS_BUCKETS];
    uint64_t total = 0;
    int64_t polls = (int64_t)(now->totals.polls - before->totals.polls);
    int64_t took_ms = now->now_ms - before->now_ms;
    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        buckets[i] = now->totals.buckets[i] - before->totals.buckets[i];
        total += buckets[i];
    }
    return (struct sample){
        .at_ms = now->wall_ms,
        .here = now->here,
        .sockets = now->sockets,
        .polls_tenths = (polls * 10000 + took_ms / 2) / took_ms,
        .p50_tenths_ms = percentile(buckets, total, 50),
        .p99_tenths_ms = percentile(buckets, total, 99),
        .likes_flushed = (int64_t)(now->likes_flushed - before->likes_flushed),
        .stage = now->stage,
    };
}

void samples_add(struct samples *s, const struct samples_reading *reading)
{
    assert(reading->now_ms > s->last.now_ms);
    const struct sample sample = compare(&s->last, reading);
    s->last = *reading;
    (void)pthread_mutex_lock(&s->mutex);
    s->ring[s->count++ % SAMPLES_KEPT] = sample;
    (void)pthread_mutex_unlock(&s->mutex);
}

size_t samples_copy(struct samples *s, struct sample out[static SAMPLES_KEPT])
{
    (void)pthread_mutex_lock(&s->mutex);
    size_t count = s->count < SAMPLES_KEPT ? s->count : SAMPLES_KEPT;
    for (size_t i = 0; i < count; i++)
        out[i] = s->ring[(s->count - count + i) % SAMPLES_KEPT];
    (void)pthread_mutex_unlock(&s->mutex);
    return count;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

struct sample samples_fold(const struct sample *samples, size_t count)
{
    struct sample all = samples[0];
    for (size_t i = 1; i < count; i++) {
        const struct sample *it = &samples[i];
        all = (struct sample){
            .at_ms = most(all.at_ms, it->at_ms),
            .here = most(all.here, it->here),
            .sockets = most(all.sockets, it->sockets),
            .polls_tenths = most(all.polls_tenths, it->polls_tenths),
            .p50_tenths_ms = most(all.p50_tenths_ms, it->p50_tenths_ms),
            .p99_tenths_ms = most(all.p99_tenths_ms, it->p99_tenths_ms),
            .likes_flushed = all.likes_flushed + it->likes_flushed,
            .stage = it->stage > all.stage ? it->stage : all.stage,
        };
    }
    return all;
}
