/*
 * The parts of a running server, wired once in api/serve.c and handed down. Every part says in its own header which
 * threads may call it; the few fields that change while threads run are atomic.
 */
#ifndef PORCHLIGHT_API_APP_H
#define PORCHLIGHT_API_APP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/activity.h"
#include "api/backups.h"
#include "api/helpers.h"
#include "api/keyring.h"
#include "api/options.h"
#include "api/samples.h"
#include "api/store.h"
#include "api/ticket.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/rate.h"
#include "base/shed.h"
#include "db/alarms.h"
#include "db/heads.h"
#include "db/mutes.h"
#include "db/presence.h"
#include "db/reach.h"
#include "db/writer.h"
#include "realtime/realtime.h"

struct pusher;

struct app {
    const struct options *options;
    const struct log *log;
    struct clock *clock;
    struct db_stats db_stats;    /* of porchlight.db */
    struct db_stats rooms_stats; /* of rooms.db */
    struct store_options store;  /* how to open one more read connection */

    struct writer *writer;  /* of porchlight.db */
    struct writer *rooms;   /* of rooms.db */
    struct db *rooms_reads; /* porchlight.db, on the rooms writer's thread */
    struct likes *likes;
    struct backups *backups;
    struct alarms *alarms;     /* of rooms.db */
    struct realtime *realtime; /* its module; NULL in a build without it */
    struct heads *heads;
    struct presence *presence;
    struct mutes *mutes;
    struct reach *reach;
    struct pusher *pusher;
    struct rate_table *rates;
    struct shed shed;
    struct ticket_table *tickets;
    struct helpers *helpers;
    struct activity activity;
    struct samples samples;
    struct keyring_holder keyrings;

    const char *origin;  /* of the public URL: what a cookie's request must come from */
    bool secure_cookies; /* the public URL is https */
    const char *cookie_name;
    int64_t started_ms; /* wall time */

    /* What was kept of a member is looked at again when either sum moved; auth_changed moves them. */
    _Atomic uint64_t auth_generation;              /* moves when any token, role, team or name may no longer hold */
    _Atomic uint32_t auth_members[AUTH_SLOTS + 1]; /* those of members, by a hash of the id; the last is everybody's */
    _Atomic bool flag_realtime;                    /* as it is stored */
    _Atomic bool members_new;                      /* perhaps some have no alarm yet: the housekeeper looks */
    _Atomic bool farewells;                        /* perhaps words of who has left are still there: likewise */
    _Atomic int digests_under_way;                 /* of our own: waiting for a helper, or at one */
    _Atomic bool likes_stale;                      /* much changed at once: the housekeeper reloads the like buffer */
    _Atomic int copies;                            /* of members' own data, in the making */
    _Atomic bool draining;                         /* SIGTERM came: answers say Connection: close */
};

#endif
