/* Where sockets and rooms live, and cursors as text. See hub.h. */
#include "realtime/hub.h"

#include <string.h>

#include "db/cursor.h"
#include "realtime/reactor.h"
#include "realtime/room.h"

struct reactor *hub_reactor_of(struct realtime *rt, int64_t user_id)
{
    uint64_t x = (uint64_t)user_id * UINT64_C(0xff51afd7ed558ccd);
    return &rt->reactors[(x >> 33) % rt->options.loops];
}

struct reactor *hub_home_of(struct realtime *rt, const struct room *room)
{
    return &rt->reactors[room->home];
}

void hub_cursor(const struct realtime *rt, int64_t seq, uint64_t likes, char *text)
{
    struct cursor c = {.seq = seq, .boot = heads_boot(rt->options.heads), .likes = likes};
    memcpy(c.epoch, heads_epoch(rt->options.heads), sizeof c.epoch);
    (void)cursor_format(&c, text);
}
