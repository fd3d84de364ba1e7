/*
 * The inside of the realtime module: what its parts share. Not for api/.
 *
 *   hub ── reactors[n]   one loop each: its thread, its sockets, the rooms whose home it is
 *       ├─ directory     name -> room, for all threads (room.h)
 *       ├─ doors         who may come in (doors.h)
 *       └─ desk          SQL asked for by sockets, as jobs of the rooms writer (desk.h)
 */
#ifndef PORCHLIGHT_REALTIME_HUB_H
#define PORCHLIGHT_REALTIME_HUB_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/mailbox.h"
#include "realtime/io.h"
#include "realtime/message.h"
#include "realtime/realtime.h"
#include "realtime/stats.h"
#include "realtime/wheel.h"

struct directory;
struct doors;
struct packet;
struct reactor;
struct room;

struct realtime {
    struct realtime_options options;
    struct directory *directory;
    struct doors *doors;
    struct reactor *reactors; /* options.loops of them */
    struct hub_stats stats;
    _Atomic bool open;             /* sockets may be admitted */
    bool doubts;                   /* at a freeze: members that could not be looked at again; the next image does */
    _Atomic bool stopping;         /* the server ends: nothing starts, and who comes is sent away with 1012 */
    pthread_mutex_t switching;
    bool running; /* threads exist; under `switching` */
    bool watched; /* and did at the watchdog's last look; likewise */
};

/* Where a socket is: its member's id chooses the loop, the serial tells their sockets apart. */
struct address {
    int64_t user_id;
    uint32_t serial;
};

struct reactor *hub_reactor_of(struct realtime *rt, int64_t user_id);
struct reactor *hub_home_of(struct realtime *rt, const struct room *room);

/* A team's cursor as text, for messages; `text` has CURSOR_BYTES_MAX. */
void hub_cursor(const struct realtime *rt, int64_t seq, uint64_t likes, char *text);

#endif
