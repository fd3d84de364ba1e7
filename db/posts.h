/*
 * Posts, their pins and their likes. Tables posts, likes.
 *
 * The truth about a like is its row (post, user); posts.likes is changed only by as many rows as were really added or
 * removed, in the same savepoint. A deleted post keeps its row without its words, so that its id and events stay valid.
 */
#ifndef PORCHLIGHT_DB_POSTS_H
#define PORCHLIGHT_DB_POSTS_H

#include "db/hidden.h"
#include "db/users.h"

struct post {
    int64_t id;
    int64_t team_id;
    int64_t author_id;
    const char *author_name;
    enum role author_role;
    const char *body;
    const char *topics; /* as stored: words separated by one space; "" for none */
    int64_t likes;
    bool liked; /* by the viewer */
    bool deleted;
    enum hidden hidden;
    int64_t pinned_ms; /* 0: not pinned */
    int64_t created_ms;
    int64_t edited_ms; /* 0: never */
};

struct posts_query {
    int64_t team_id;
    int64_t viewer_id; /* for `liked`; what is hidden is shown to its author */
    bool leads;        /* and to who leads the team */
    int64_t before_id; /* 0: from the newest */
    size_t limit;
    bool pinned_only; /* newest pin first; before_id is not used */
};

enum err posts_page(struct db *db, struct arena *arena, const struct posts_query *query, struct post **out,
                    size_t *count);
/* What ranks a post that is shown, without its words (db's count of likes). The newest `limit` of a team by id, those
   from before `since_ms` left out. */
struct post_brief {
    int64_t id;
    const char *topics;
    int64_t likes;
    bool pinned;
    int64_t created_ms;
};
enum err posts_briefs(struct db *db, struct arena *arena, int64_t team_id, int64_t since_ms, size_t limit,
                      struct post_brief **out, size_t *count);
/* ERR_NOT_FOUND for an unknown id; a deleted post is found, with `deleted` set. */
enum err posts_by_id(struct db *db, struct arena *arena, int64_t id, int64_t viewer_id, struct post *out);

/* ERR_NOT_FOUND also for a deleted or hidden post. For those who only have to know whether the caller may touch it. */
enum err posts_team_of(struct db *db, int64_t id, int64_t *team_id);

/* topics: words separated by one space, "" for none. created_ms 0: now; id 0: the next free one. */
struct post_new {
    int64_t id;
    int64_t team_id;
    int64_t author_id;
    const char *body;
    const char *topics;
    int64_t created_ms;
    int64_t edited_ms;
    int64_t pinned_ms;
    enum hidden hidden;
};
/* CHANGE_POST_CREATED; of one that is hidden from its beginning, CHANGE_POST_HIDDEN. */
enum err posts_create(struct tx *tx, const struct post_new *post, int64_t *id);

/* NULL leaves a part as it is. CHANGE_POST_EDITED. ERR_NOT_FOUND also for a deleted post. */
enum err posts_edit(struct tx *tx, int64_t id, const char *body, const char *topics);
/* Removes the words and the likes. CHANGE_POST_DELETED; nothing when it is deleted already. ERR_NOT_FOUND. */
enum err posts_delete(struct tx *tx, int64_t id);

/*
 * Hides it, or (HIDDEN_NOT) shows it again; likes and pin stay. CHANGE_POST_HIDDEN, CHANGE_POST_RESTORED; what nobody
 * had seen is new when it is shown: CHANGE_POST_CREATED with a number of its own. `changed`: it was not so before.
 * ERR_NOT_FOUND also for a deleted post.
 */
enum err posts_hide(struct tx *tx, int64_t id, enum hidden hidden, bool *changed);

/* `changed` says whether it was not so before; only then there is an event. ERR_CONFLICT for a hidden post and beyond
 * PINS_PER_TEAM_MAX. */
enum err posts_pin(struct tx *tx, int64_t id, bool pinned, bool *changed);

/* Idempotent. `count` is the number of likes afterwards. CHANGE_LIKES when a row changed. ERR_NOT_FOUND also for a
 * deleted post. */
enum err posts_like(struct tx *tx, int64_t post_id, int64_t user_id, bool liked, int64_t at_ms, int64_t *count);

/* The ids and creation numbers of a team's posts that are shown, highest number first (an import may give old ids new
   numbers), for the head (db/heads.h). */
struct post_mark {
    int64_t id;
    int64_t seq; /* of its CHANGE_POST_CREATED; 0 when that event is no longer kept */
};
enum err posts_marks(struct db *db, int64_t team_id, struct post_mark *out, size_t limit, size_t *count);

/* The newest posts of a team that are shown and their counts, newest first: what /changes sends when the like version
 * is of another boot. */
enum err posts_recent_likes(struct db *db, int64_t team_id, int64_t *post_ids, int64_t *counts, size_t limit,
                            size_t *count);

#endif
