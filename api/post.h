/*
 * What other resources need of posts: may the caller see it, and what does it look like now.
 */
#ifndef PORCHLIGHT_API_POST_H
#define PORCHLIGHT_API_POST_H

#include "api/auth.h"
#include "db/posts.h"

struct request;

/* ERR_NOT_FOUND, ERR_FORBIDDEN with a sentence. A deleted post is found, with `deleted` set. */
enum err post_visible(struct db *db, struct arena *arena, const struct caller *caller, int64_t id, struct post *out,
                      struct problem *problem);

/* The same, but a deleted post is ERR_NOT_FOUND. */
enum err post_living(struct db *db, struct arena *arena, const struct caller *caller, int64_t id, struct post *out,
                     struct problem *problem);

/* Renders the post as the transaction sees it, for the caller. The writer's thread. */
enum err post_render_now(struct request *r, struct tx *tx, int64_t id, int status);

#endif
