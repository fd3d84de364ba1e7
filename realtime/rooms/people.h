/*
 * Who is in a channel: people, not sockets. Several devices are one person; who has left stays for the grace, and is
 * then told to have left; who appears offline is not in it.
 *
 * Hangs on its room. Sockets come and go on all loops, the room's home looks what has changed: one lock, held for no
 * longer than a look-up or a walk.
 */
#ifndef PORCHLIGHT_REALTIME_ROOMS_PEOPLE_H
#define PORCHLIGHT_REALTIME_ROOMS_PEOPLE_H

#include "base/arena.h"
#include "realtime/say.h"

struct attachment;
struct people;

struct people *people_create(void); /* NULL: no memory */
void people_free(struct people *p); /* NULL is fine */

/* A socket came or went. Whether there may be something to tell. */
bool people_enter(struct people *p, const struct attachment *who, int64_t now_ms);
bool people_leave(struct people *p, const struct attachment *who, int64_t gone_ms);

/* "online" or "away". false: they are not in it, or it was so before. */
bool people_set_away(struct people *p, int64_t user_id, bool away);

/* How many there are, and the first `limit` of them, in `arena`. false: no memory. */
bool people_list(struct people *p, struct arena *arena, size_t limit, struct say_person **out, size_t *count,
                 size_t *online);

/* What nobody has been told yet: who came, and who is gone for good at `now_ms` (INT64_MAX: whoever has left). Names
   are in `arena`; what does not fit is told as well as done. */
struct people_news {
    struct say_person *came;
    size_t came_count;
    struct say_person *left;
    size_t left_count;
    size_t online; /* now */
    bool leaving;  /* somebody's grace is running */
};
void people_news(struct people *p, struct arena *arena, int64_t now_ms, struct people_news *out);

#endif
