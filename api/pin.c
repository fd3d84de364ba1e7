/*
 * Pins: a coach puts a post on top, and the team gets one notice of it.
 */
#include "api/pin.h"

#include <string.h>

#include "api/post.h"
#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/write.h"
#include "db/audit.h"
#include "db/notices.h"

#define EXCERPT_CHARS 120 /* of the first line */

struct pin {
    int64_t post_id;
    bool pinned;
};

const char *pin_link(struct arena *arena, int64_t post_id)
{
    return notices_post_link(arena, post_id);
}

static enum err announce(struct request *r, struct tx *tx, const struct post *post)
{
    struct user coach;
    enum err err = users_by_id(tx->db, tx->arena, r->caller.user_id, &coach);
    if (err != ERR_OK)
        return err;
    struct notice notice = {
        .kind = NOTICE_PIN,
        .team_id = post->team_id,
        .author_id = coach.id,
        .title = arena_printf(tx->arena, "%s%s pinned a post", coach.role == ROLE_COACH ? "Coach " : "", coach.name),
        .body = render_excerpt(tx->arena, post->body, EXCERPT_CHARS, "\n"),
        .link = pin_link(tx->arena, post->id),
    };
    int64_t id;
    if (notice.title == NULL || notice.body == NULL || notice.link == NULL)
        return ERR_NO_MEMORY;
    return notices_create(tx, &notice, &id);
}

static enum err run_pin(struct request *r, struct tx *tx)
{
    const struct pin *pin = r->state;
    struct post post = {0};
    bool changed = false;
    enum err err = post_living(tx->db, tx->arena, &r->caller, pin->post_id, &post, &tx->problem);
    if (err == ERR_OK && !caller_leads_team(&r->caller, post.team_id))
        return problem_set(&tx->problem, ERR_FORBIDDEN, "Only the coach of this team can pin a post.");
    if (err == ERR_OK)
        err = posts_pin(tx, pin->post_id, pin->pinned, &changed);
    if (err == ERR_OK && pin->pinned && changed)
        err = announce(r, tx, &post);
    const struct audit_entry entry = {.actor_id = r->caller.user_id,
                                      .action = pin->pinned ? "post.pin" : "post.unpin",
                                      .team_id = post.team_id,
                                      .subject = "post",
                                      .subject_id = post.id};
    if (err == ERR_OK && changed)
        err = audit_add(tx, &entry);
    return err == ERR_OK ? post_render_now(r, tx, pin->post_id, 200) : err;
}

static void set_pin(struct request *r, bool pinned)
{
    struct pin *pin = arena_alloc(r->arena, sizeof *pin);
    if (pin == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    pin->pinned = pinned;
    if (!request_path_id(r, 1, &pin->post_id))
        return;
    r->state = pin;
    request_write(r, run_pin, NULL);
}

void pin_put(struct request *r)
{
    set_pin(r, true);
}

void pin_delete(struct request *r)
{
    set_pin(r, false);
}
