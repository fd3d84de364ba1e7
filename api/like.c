/*
 * Likes: idempotent, answered with the count that is now durable.
 */
#include "api/request.h"
#include "api/resources.h"
#include "api/write.h"
#include "db/posts.h"

struct like {
    int64_t post_id;
    bool liked;
};

static enum err run_like(struct request *r, struct tx *tx)
{
    const struct like *like = r->state;
    int64_t team_id;
    int64_t count;
    enum err err = posts_team_of(tx->db, like->post_id, &team_id);
    if (err == ERR_NOT_FOUND)
        return problem_set(&tx->problem, err, "There is no such post.");
    if (err == ERR_OK && !caller_in_team(&r->caller, team_id))
        return problem_set(&tx->problem, ERR_FORBIDDEN, "You are not in this team.");
    if (err == ERR_OK)
        err = posts_like(tx, like->post_id, r->caller.user_id, like->liked, tx->now_ms, &count);
    if (err != ERR_OK)
        return err;
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "postId");
    json_put_id(&w, like->post_id);
    json_key(&w, "liked");
    json_put_bool(&w, like->liked);
    json_key(&w, "count");
    json_put_int(&w, count);
    json_object_end(&w);
    r->status = 200;
    return ERR_OK;
}

static void set_like(struct request *r, bool liked)
{
    struct like *like = arena_alloc(r->arena, sizeof *like);
    if (like == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    like->liked = liked;
    if (!request_path_id(r, 1, &like->post_id))
        return;
    r->state = like;
    r->job.checks_first = true; /* whether the member may is known before the row is touched */
    request_write(r, run_like, NULL);
}

void like_put(struct request *r)
{
    set_like(r, true);
}

void like_delete(struct request *r)
{
    set_like(r, false);
}
