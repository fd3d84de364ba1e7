/*
 * Which posts of a team's week a member would like to read first. Pure.
 *
 *   interest    the mean weight of the post's topics (db/member_state.h) in hundredths, rounded down; 100 without
 *               topics; and 50 more when one of them was asked for
 *   worth       100, and 10 for each like (50 of them count), and 200 when it is pinned
 *   freshness   100, less 10 for each whole day of its age, of which seven count
 *   score       interest x worth x freshness / 10,000, rounded down
 *
 * So an ordinary post of today has 100; ten likes double it, and so does a topic that weighs 2.0. The highest score
 * comes first, and of those that are equal the highest id, which is the newest. Integers: the same on every machine.
 */
#ifndef PORCHLIGHT_API_DIGEST_RANK_H
#define PORCHLIGHT_API_DIGEST_RANK_H

#include "db/member_state.h"
#include "db/posts.h"

struct digest_rank_for {
    const struct member_weights *weights;
    const char *const *asked; /* topics */
    size_t asked_count;
    int64_t now_ms;
};

int64_t digest_rank_score(const struct digest_rank_for *whom, const struct post_brief *post);

struct digest_ranked {
    int64_t id;
    int64_t score;
};

/* All of them, best first; `out` has room for `count`. */
void digest_rank(const struct digest_rank_for *whom, const struct post_brief *posts, size_t count,
                 struct digest_ranked *out);

#endif
