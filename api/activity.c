/*
 * The list of members seen. See activity.h.
 */
#include "api/activity.h"

#include <string.h>

void activity_init(struct activity *a)
{
    (void)pthread_mutex_init(&a->mutex, NULL);
    a->count = 0;
}

void activity_clear(struct activity *a)
{
    (void)pthread_mutex_destroy(&a->mutex);
}

bool activity_note(struct activity *a, int64_t user_id)
{
    (void)pthread_mutex_lock(&a->mutex);
    bool room = a->count < ACTIVITY_WAITING_MAX;
    if (room)
        a->user_ids[a->count++] = user_id;
    (void)pthread_mutex_unlock(&a->mutex);
    return room;
}

size_t activity_take(struct activity *a, int64_t *out)
{
    (void)pthread_mutex_lock(&a->mutex);
    size_t count = a->count;
    memcpy(out, a->user_ids, count * sizeof *out);
    a->count = 0;
    (void)pthread_mutex_unlock(&a->mutex);
    return count;
}

void activity_note_daily(struct activity *a, struct activity_seen *seen, int64_t user_id, int64_t wall_ms)
{
    int64_t day = wall_ms / ACTIVITY_DAY_MS;
    if (seen->day != day)
        *seen = (struct activity_seen){.day = day};
    int64_t *place = &seen->user_ids[(uint64_t)user_id % ACTIVITY_SEEN_PLACES];
    if (*place == user_id)
        return;
    if (activity_note(a, user_id))
        *place = user_id;
}
