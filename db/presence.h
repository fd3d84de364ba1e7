/*
 * Who is here now: people, not connections. The memory beside the durable state that answers GET /presence.
 *
 * A person is present in a team while a socket of theirs is open, or until a time that each heartbeat of a poll moves
 * forward. A device that leaves takes back the time that it was given itself, but for a grace, so that a reload of the
 * page changes nothing and a tablet that is put away does not carry off who reads on a phone. Those who appear
 * offline are in no set. A team's version moves with every change of its answer, so that a reader may keep what it
 * rendered. One lock a team, held for a look-up. Any thread. Times are monotonic milliseconds. Nothing of this is
 * stored: after a restart people are back with their next poll.
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

/* A heartbeat of a device that holds until `expires_ms`, or as long as an earlier one does: devices poll at intervals
   of their own, and one may ask for two things. `device` tells apart what polls for one person; 0: nobody knows, and
   nobody takes it back. Of more than PRESENCE_DEVICES_MAX the one that would hold shortest is forgotten.
   ERR_NO_MEMORY. */
enum err presence_heartbeat(struct presence_team *team, const struct presence_person *person, uint64_t device,
                            int64_t now_ms, int64_t expires_ms);

/* A polling device leaves at `at_ms`, unless a heartbeat of its own comes before. Who has a socket open, or polls from
   another device, stays. */
void presence_leave(struct presence_team *team, int64_t user_id, uint64_t device, int64_t at_ms);

/*
 * A socket of theirs is here, until it is detached with the stay that this returns. 0: there is nothing to detach,
 * since the person appears offline (and is counted nowhere from now on), or there is no memory.
 */
uint32_t presence_attach(struct presence_team *team, const struct presence_person *person, int64_t now_ms);

/*
 * The socket is gone. With their last one they leave at `leave_at_ms`, or later when a poll holds them; a return before
 * that changes nothing. A stay ends when the person goes, also by presence_drop: then its sockets count no more,
 * whoever came meanwhile, and detaching them is harmless, as is stay 0. One that shall count again is attached again.
 */
void presence_detach(struct presence_team *team, int64_t user_id, uint32_t stay, int64_t leave_at_ms);

/* Gone from every team, at once, whatever sockets they have: disabled, or appears offline from now on. */
void presence_drop(struct presence *p, int64_t user_id);
/* The same of one team, which they have left. */
void presence_drop_from(struct presence *p, int64_t team_id, int64_t user_id);

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

/* Who they are: at most `limit` of them, who came first comes first; in the arena. ERR_NO_MEMORY. */
enum err presence_people(struct presence_team *team, int64_t now_ms, struct arena *arena, size_t limit, int64_t **out,
                         size_t *count);

/*
 * Calls `changed` after a team's answer has changed, from the thread that changed it, without a lock held; once until
 * presence_watched is called for that team, however often it changes. Who calls that before reading misses nothing. Set
 * once, before threads use `p`.
 */
void presence_watch(struct presence *p, void (*changed)(void *arg, int64_t team_id), void *arg);
void presence_watched(struct presence_team *team);

/* Lets the people go whose time is over, in all teams: a watcher hears of it within a turn of the caller. Cheap when
   nobody's is. One thread: the housekeeper. */
void presence_expire(struct presence *p, int64_t now_ms);

/* Calls `each` for everything that holds somebody: each device that polls, and a grace (device 0), with the time that
   is left; sockets are their owners' business. For a hot restart, when nothing else runs. */
struct presence_kept {
    int64_t team_id;
    int64_t user_id;
    const char *coach_name; /* NULL: not a coach; borrowed */
    uint64_t device;
    int64_t left_ms;
};
void presence_each(struct presence *p, int64_t now_ms, void (*each)(void *arg, const struct presence_kept *kept),
                   void *arg);

/* People present in any team (a member of two teams counts in each), and teams with somebody in them. For /metrics. */
void presence_totals(struct presence *p, int64_t now_ms, size_t *people, size_t *teams);

#endif
