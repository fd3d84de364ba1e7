/*
 * What the posts database does not say yet: absolute like counts of posts, and the wishes of members, in memory.
 *
 *      (post, 0)       -> the post's count               shards by post, one mutex each
 *      (post, member)  -> liked, 0 or 1
 *
 * One thread, the owner, changes it, in two steps: what a batch of writes would change is staged, seen by the owner
 * alone, and becomes visible with overlay_commit when the batch is durable, or is dropped with overlay_rollback. Any
 * thread reads what is visible. Without an entry, a reader pays one atomic load.
 *
 * Each entry has the round in which it was last staged, so that those which the database has caught up with can go.
 */
#ifndef PORCHLIGHT_REALTIME_OVERLAY_H
#define PORCHLIGHT_REALTIME_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct overlay;

enum err overlay_create(struct overlay **out); /* ERR_NO_MEMORY */
void overlay_free(struct overlay *o);          /* NULL is fine */

/* ---- any thread -------------------------------------------------------------------------------------------------- */

size_t overlay_size(const struct overlay *o);

struct overlay_view {
    bool has_count;
    bool has_liked;
    bool liked;
    int64_t count;
};
/* What is visible of a post and of one member's wish (0: nobody's). */
struct overlay_view overlay_view(const struct overlay *o, int64_t post_id, int64_t user_id);

/* ---- the owner --------------------------------------------------------------------------------------------------- */

struct overlay_found {
    int64_t value;
    int64_t round;
};
/* What is staged, or else what is visible. user_id 0: the count. */
bool overlay_find(const struct overlay *o, int64_t post_id, int64_t user_id, struct overlay_found *out);

/* ERR_NO_MEMORY: nothing is staged. */
enum err overlay_stage(struct overlay *o, int64_t post_id, int64_t user_id, int64_t value, int64_t round);
void overlay_stage_empty(struct overlay *o); /* everything hides; what is staged afterwards counts */

void overlay_commit(struct overlay *o);
void overlay_rollback(struct overlay *o);

/* Removes what was last staged in round `upto` or before, but for what is staged now. */
void overlay_sweep(struct overlay *o, int64_t upto);

#endif
