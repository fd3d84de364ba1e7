/*
 * Likes: idempotent, answered with the count once they are durable. Whether that is in the posts database or in the
 * like buffer is realtime/likes.h's business.
 */
#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "realtime/likes.h"

/* A writer's thread. */
static void like_done(struct like_wish *wish, enum err err, const struct problem *problem)
{
    struct request *r = wish->owner;
    r->problem = *problem;
    r->problem.err = err;
    request_complete(r);
}

static void answer(struct request *r)
{
    const struct like_wish *wish = r->state;
    if (r->problem.err != ERR_OK) {
        request_fail(r, r->problem.err);
        return;
    }
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "postId");
    json_put_id(&w, wish->post_id);
    json_key(&w, "liked");
    json_put_bool(&w, wish->liked);
    json_key(&w, "count");
    json_put_int(&w, wish->count);
    json_object_end(&w);
    request_reply(r, 200);
}

static void set_like(struct request *r, bool liked)
{
    struct like_wish *wish = arena_zalloc(r->arena, sizeof *wish);
    if (wish == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    if (!request_path_id(r, 1, &wish->post_id))
        return;
    wish->user_id = r->caller.user_id;
    wish->liked = liked;
    wish->any_team = r->caller.role == ROLE_ADMIN;
    wish->teams = r->caller.teams;
    wish->teams_count = r->caller.teams_count;
    wish->done = like_done;
    wish->owner = r;
    r->state = wish;
    request_suspend(r, answer);
    if (likes_submit(r->app->likes, wish) != ERR_OK) {
        r->then = request_answer_busy;
        request_complete(r);
    }
}

void like_put(struct request *r)
{
    set_like(r, true);
}

void like_delete(struct request *r)
{
    set_like(r, false);
}
