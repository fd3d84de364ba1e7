/*
 * The shapes of the contract (openapi.json) as JSON: one function a shape, used by every answer that carries it. Pure.
 */
#ifndef PORCHLIGHT_API_RENDER_H
#define PORCHLIGHT_API_RENDER_H

#include "base/json.h"
#include "db/notices.h"
#include "db/posts.h"
#include "db/teams.h"
#include "db/users.h"

void render_user(struct json_writer *w, const struct user *user, const struct membership *teams, size_t count);
void render_team(struct json_writer *w, const struct team *team);
void render_post(struct json_writer *w, const struct post *post);
void render_like(struct json_writer *w, int64_t post_id, int64_t count);
void render_notice(struct json_writer *w, const struct notice *notice);

/* The member "next" of a list: the id to go on from, or null when the page was not full. */
void render_next(struct json_writer *w, int64_t last_id, size_t count, size_t limit);

#endif
