/*
 * Likes: idempotent, answered with the count that is now durable.
 */
#include "api/post.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/write.h"

struct like {
    int64_t post_id;
    bool liked;
};

static enum err run_like(struct request *r, struct tx *tx)
{
    const struct like *like = r->state;
    struct post post;
    int64_t count;
    enum err err = post_living(tx->db, tx->arena, &r->caller, like->post_id, &post, &tx->problem);
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
