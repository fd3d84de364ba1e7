/* Stages of load. See shed.h. */
#include "base/shed.h"

#include "base/limits.h"

/* What asks for a stage. A long turn says less than a queue does: perhaps another process had the processor. */
static const struct shed_signals thresholds[SHED_STAGES] = {
    [SHED_ADVICE] = {.queue = WRITER_QUEUE_MAX / 8, .lag_ms = 250},
    [SHED_SMALL] = {.queue = WRITER_QUEUE_MAX / 4, .lag_ms = 1000},
    [SHED_SOCKETS] = {.queue = WRITER_QUEUE_MAX / 2, .lag_ms = 4000},
    [SHED_REQUESTS] = {.queue = WRITER_QUEUE_MAX * 3 / 4, .lag_ms = 15000},
};

static enum shed_stage wanted(const struct shed_signals *signals)
{
    enum shed_stage stage = SHED_REQUESTS;
    while (stage > SHED_NOTHING && signals->queue < thresholds[stage].queue &&
           signals->lag_ms < thresholds[stage].lag_ms)
        stage--;
    return stage;
}

static bool is_calm(enum shed_stage stage, const struct shed_signals *signals)
{
    return signals->queue < thresholds[stage].queue / 2 && signals->lag_ms < thresholds[stage].lag_ms / 2;
}

struct shed_state shed_decide(struct shed_state now, const struct shed_signals *signals, int64_t now_ms)
{
    enum shed_stage wants = wanted(signals);
    enum shed_stage twice = wants < now.wanted ? wants : now.wanted;
    now.wanted = wants;
    if (twice > now.stage) {
        now.stage = twice;
        now.calm_since_ms = -1;
    } else if (now.stage == SHED_NOTHING || !is_calm(now.stage, signals)) {
        now.calm_since_ms = -1;
    } else if (now.calm_since_ms < 0) {
        now.calm_since_ms = now_ms;
    } else if (now_ms - now.calm_since_ms >= SHED_CALM_MS) {
        now.stage--;
        now.calm_since_ms = now_ms;
    }
    return now;
}

void shed_init(struct shed *s, bool pretends)
{
    *s = (struct shed){.state.calm_since_ms = -1};
    atomic_store(&s->pretended_queue, pretends ? 0 : -1);
}

void shed_turned(struct shed *s, int64_t took_ms)
{
    int64_t longest = atomic_load_explicit(&s->lag_ms, memory_order_relaxed);
    while (took_ms > longest && !atomic_compare_exchange_weak(&s->lag_ms, &longest, took_ms))
        ;
}

bool shed_due(const struct shed *s, int64_t now_ms)
{
    return now_ms - s->looked_ms >= SHED_LOOK_MS;
}

bool shed_look(struct shed *s, int64_t queue, int64_t now_ms)
{
    int64_t pretended = atomic_load(&s->pretended_queue);
    const struct shed_signals signals = {
        .queue = pretended >= 0 ? pretended : queue,
        .lag_ms = pretended >= 0 ? 0 : atomic_exchange(&s->lag_ms, 0),
    };
    enum shed_stage before = s->state.stage;
    s->looked_ms = now_ms;
    s->state = shed_decide(s->state, &signals, now_ms);
    if (s->state.stage > before)
        atomic_fetch_add(&s->entered[s->state.stage], 1);
    atomic_store(&s->stage, (int)s->state.stage);
    return s->state.stage != before;
}

bool shed_tells_small(struct shed *s)
{
    return s == NULL || shed_stage(s) < SHED_SMALL || atomic_fetch_add(&s->small, 1) % SHED_ONE_OF == 0;
}

const char *shed_stage_name(enum shed_stage stage)
{
    static const char *const names[SHED_STAGES] = {"nothing", "advice", "small", "sockets", "requests"};
    return names[stage];
}
