/*
 * What happened in a team after a cursor: events from the log with the posts and notices they are about, like counts,
 * and the counters and channels in which something happened, as they stand.
 *
 * Several events of one post become one entry: a post that was made and edited is "created" once, as it is now; one
 * that was deleted is only named. So a client that applies an answer is where the team is, whatever it had.
 */
#ifndef PORCHLIGHT_API_CHANGES_H
#define PORCHLIGHT_API_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "db/channels.h"
#include "db/counters.h"
#include "db/heads.h"
#include "db/notices.h"
#include "db/posts.h"

struct request;

struct changes {
    int64_t seq;            /* everything up to here is in it */
    uint64_t likes_version; /* likewise for like counts */
    bool more;
    const struct post **created;
    size_t created_count;
    const struct post **changed;
    size_t changed_count;
    int64_t *deleted;
    size_t deleted_count;
    struct head_like *likes;
    size_t likes_count;
    struct notice *notices;
    size_t notices_count;
    struct counter *counters;
    size_t counters_count;
    struct channel *channels; /* with something new in them */
    size_t channels_count;
};

struct changes_query {
    int64_t team_id;
    struct team_head *head;
    int64_t since;
    uint64_t likes_since; /* UINT64_MAX: of another run; the newest CHANGES_LIKES_MAX are sent */
};

/* Reads what is newer; `out` comes with the head's numbers. Memory is the request's. */
enum err changes_collect(struct request *r, const struct changes_query *query, struct changes *out);

/* Appends the members "posts", "likes", "notices", "counters" and "channels" to an open object. */
void changes_write(struct json_writer *w, const struct request *r, const struct changes *c);

#endif
