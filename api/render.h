/*
 * The shapes of the contract (openapi.json) as JSON: one function a shape, used by every answer that carries it. Pure.
 */
#ifndef PORCHLIGHT_API_RENDER_H
#define PORCHLIGHT_API_RENDER_H

#include "api/backups.h"
#include "base/json.h"
#include "db/notices.h"
#include "db/posts.h"
#include "db/teams.h"
#include "db/users.h"

void render_user(struct json_writer *w, const struct user *user, const struct membership *teams, size_t count);
void render_account(struct json_writer *w, const struct user_row *user);
void render_team(struct json_writer *w, const struct team *team);
void render_invite(struct json_writer *w, const struct invite_row *invite);
void render_backup(struct json_writer *w, const struct backups_file *file);
void render_post(struct json_writer *w, const struct post *post);
void render_like(struct json_writer *w, int64_t post_id, int64_t count);
void render_notice(struct json_writer *w, const struct notice *notice);

/* Words (with one blank between) as an array. */
void render_topics(struct json_writer *w, const char *topics);

/* The beginning of a text, `chars` at most, up to the first of the characters in `until`; cut between characters, with
   an ellipsis when there is more. NULL: no memory. */
const char *render_excerpt(struct arena *arena, const char *text, size_t chars, const char *until);

/*
 * A list {"items": [...], "next": ...}: begin, then each item, then end. The object stays open for what an endpoint
 * adds. `last_id` is where the next page goes on; `next` is null when this one was not full.
 */
void render_list_begin(struct json_writer *w);
void render_list_end(struct json_writer *w, int64_t last_id, size_t count, size_t limit);

#endif
