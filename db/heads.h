/*
 * The head of each team: its newest events, new posts and like counts, in memory beside the durable state, so that a
 * poll that finds nothing new asks no database. DESIGN sections 2 and 3.
 *
 * A head is loaded from the database on the team's first poll (heads_team, any thread with a read connection) and from
 * then on follows what the writer publishes (heads_publish, the writer's thread, after each commit). Applying a change
 * twice is harmless, so that loading and publishing may overlap. One lock a team. `version` may be read without it.
 */
#ifndef PORCHLIGHT_DB_HEADS_H
#define PORCHLIGHT_DB_HEADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "db/driver.h"
#include "db/events.h"
#include "db/tx.h"

struct heads;
struct team_head;

/* Takes epoch and bounds from the database; `boot` is a random number for this run of the server. */
enum err heads_create(struct db *db, uint32_t boot, struct heads **out);
void heads_free(struct heads *h); /* NULL is fine */

const char *heads_epoch(const struct heads *h);
uint32_t heads_boot(const struct heads *h);

/* The team's head, loaded when it is not; lives as long as `h`. ERR_NO_MEMORY, ERR_STORAGE. */
enum err heads_team(struct heads *h, struct db *db, int64_t team_id, struct team_head **out);

/* The team's head if it is loaded, otherwise NULL. Lock-free; any thread. */
struct team_head *heads_peek(struct heads *h, int64_t team_id);

/* The newest event of all that was published. */
int64_t heads_newest(const struct heads *h);

/* Moves with every change of seq or likes. Lock-free. 0: must be loaded again (call heads_team). */
uint64_t team_head_version(const struct team_head *t);

struct head_view {
    uint64_t version;
    int64_t seq;    /* newest event of the team or to everybody */
    uint64_t likes; /* version of the like counts */
};
void team_head_read(struct team_head *t, struct head_view *out);

/* Whether a client with these numbers can be told what it missed: nothing beyond the newest, nothing already pruned. */
bool team_head_reaches(struct team_head *t, int64_t since_seq);

/* The same for all teams together. Lock-free. */
bool heads_reach(const struct heads *h, int64_t since_seq);

/* Living posts whose creation is newer than `since_seq`, at most HEAD_POSTS_MAX. */
size_t team_head_new_posts(struct team_head *t, int64_t since_seq);

struct head_like {
    int64_t post_id;
    int64_t count;
};

/*
 * Posts whose like count changed after version `since`, oldest change first; `out` has room for HEAD_LIKES_MAX. false:
 * the head does not reach back so far, and posts_recent_likes has to be asked.
 */
bool team_head_likes_since(struct team_head *t, uint64_t since, struct head_like *out, size_t *count);

/* The newest count of a post that is remembered, and its version. false: none is. */
bool team_head_like(struct team_head *t, int64_t post_id, uint64_t *version, int64_t *count);

/* A writer's thread, after a commit, in order. The rooms writer publishes like counts while they are buffered. */
void heads_publish(struct heads *h, const struct change *changes, size_t count);

#endif
