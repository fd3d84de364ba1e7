/*
 * Which members were seen today: collected from heartbeats, stored by the housekeeper in batches. For engagement
 * figures.
 *
 * A member is noted once per day and present stay, so the list stays short; when it is full, further notes are dropped
 * until it is taken. Lost on SIGKILL: at most what came since the last store. One mutex; any thread.
 */
#ifndef PORCHLIGHT_API_ACTIVITY_H
#define PORCHLIGHT_API_ACTIVITY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACTIVITY_DAY_MS 86400000

#define ACTIVITY_WAITING_MAX 4096

struct activity {
    pthread_mutex_t mutex;
    size_t count;
    int64_t user_ids[ACTIVITY_WAITING_MAX];
};

/* One loop's memory of whom it noted today. Another member in the same place only means noting twice. */
#define ACTIVITY_SEEN_PLACES 4096

struct activity_seen {
    int64_t day; /* since 1970-01-01, UTC */
    int64_t user_ids[ACTIVITY_SEEN_PLACES];
};

/* Notes a member unless this loop did so today. */
void activity_note_daily(struct activity *a, struct activity_seen *seen, int64_t user_id, int64_t wall_ms);

void activity_init(struct activity *a);
void activity_clear(struct activity *a);

/* false: the list is full, and nothing was noted. */
bool activity_note(struct activity *a, int64_t user_id);

/* Moves all notes to `out` (room for ACTIVITY_WAITING_MAX); returns how many. */
size_t activity_take(struct activity *a, int64_t *out);

#endif
