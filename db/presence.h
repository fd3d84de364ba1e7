/*
 * Who is here now: people, not connections. The memory beside the durable state that answers GET /presence.
 *
 * A person is present in a team until a time that each heartbeat moves forward; leaving moves it back to the end of a
 * grace, so that a reload of the page changes nothing. Those who appear offline are in no set. A team's version moves
 * with every change of its answer, so that a reader may keep what it rendered. One lock a team, held for a look-up. Any
 * thread. Times are monotonic milliseconds. Nothing of this is stored: after a restart people are back with their next
 * poll.
 */
#ifndef PORCHLIGHT_DB_PRESENCE_H
#define PORCHLIGHT_DB_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct presence;
struct presence_team;

struct presence *presence_create(void);
void presence_free(struct presence *p); /* NULL is fine */

/* The team's set, made on first use; lives as long as `p`. NULL: no memory. */
struct presence_team *presence_team(struct presence *p, int64_t team_id);

struct presence_person {
    int64_t user_id;
    const char *coach_name; /* NULL: not a coach. Copied */
    bool appears_offline;
};

/* A heartbeat that holds until `expires_ms`. ERR_NO_MEMORY. */
enum err presence_heartbeat(struct presence_team *team, const struct presence_person *person, int64_t now_ms,
                            int64_t expires_ms);

/* Leaves at `at_ms`, unless a heartbeat comes before. */
void presence_leave(struct presence_team *team, int64_t user_id, int64_t at_ms);

/* Gone from every team, at once: disabled, or appears offline from now on. */
void presence_drop(struct presence *p, int64_t user_id);

/* Changes whenever count or coaches do. The people whose time is over at `now_ms` are gone before it is read. */
uint64_t presence_version(struct presence_team *team, int64_t now_ms);

struct presence_view {
    uint64_t version;
    size_t count;
    const char **coaches; /* names in the order in which they came; in the arena */
    size_t coaches_count;
};

/* ERR_NO_MEMORY. */
enum err presence_read(struct presence_team *team, int64_t now_ms, struct arena *arena, struct presence_view *out);

/* People present in any team (a member of two teams counts in each), and teams with somebody in them. For /metrics. */
void presence_totals(struct presence *p, int64_t now_ms, size_t *people, size_t *teams);

#endif
