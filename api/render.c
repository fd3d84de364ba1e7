/*
 * Shapes as JSON. See render.h.
 */
#include "api/render.h"

#include <stdio.h>
#include <string.h>

static void named(struct json_writer *w, int64_t id, const char *name)
{
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, id);
    json_key(w, "name");
    json_put_string(w, name);
    json_object_end(w);
}

void render_user(struct json_writer *w, const struct user *user, const struct membership *teams, size_t count)
{
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, user->id);
    json_key(w, "username");
    json_put_string(w, user->username);
    json_key(w, "name");
    json_put_string(w, user->name);
    json_key(w, "role");
    json_put_string(w, role_name(user->role));
    json_key(w, "team");
    if (count > 0)
        named(w, teams[0].team_id, teams[0].team_name);
    else
        json_put_null(w);
    json_key(w, "teams");
    json_array_begin(w);
    for (size_t i = 0; i < count; i++)
        named(w, teams[i].team_id, teams[i].team_name);
    json_array_end(w);
    json_key(w, "appearOffline");
    json_put_bool(w, user->appear_offline);
    json_key(w, "createdAt");
    json_put_time(w, user->created_ms);
    json_object_end(w);
}

void render_account(struct json_writer *w, const struct user_row *user)
{
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, user->id);
    json_key(w, "username");
    json_put_string(w, user->username);
    json_key(w, "name");
    json_put_string(w, user->name);
    json_key(w, "role");
    json_put_string(w, role_name(user->role));
    json_key(w, "team");
    json_put_string(w, user->team);
    json_key(w, "disabled");
    json_put_bool(w, user->disabled);
    json_key(w, "createdAt");
    json_put_time(w, user->created_ms);
    json_object_end(w);
}

void render_team(struct json_writer *w, const struct team *team)
{
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, team->id);
    json_key(w, "name");
    json_put_string(w, team->name);
    json_key(w, "coach");
    named(w, team->id, team->coach_name);
    json_key(w, "memberCount");
    json_put_int(w, team->members);
    json_key(w, "createdAt");
    json_put_time(w, team->created_ms);
    json_object_end(w);
}

void render_invite(struct json_writer *w, const struct invite_row *invite)
{
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, invite->id);
    json_key(w, "team");
    named(w, invite->team_id, invite->team_name);
    json_key(w, "createdBy");
    named(w, invite->created_by, invite->creator_name);
    json_key(w, "maxUses");
    json_put_int(w, invite->uses_max);
    json_key(w, "usesLeft");
    json_put_int(w, invite->uses_left);
    json_key(w, "createdAt");
    json_put_time(w, invite->created_ms);
    json_key(w, "expiresAt");
    json_put_time(w, invite->expires_ms);
    json_object_end(w);
}

void render_backup(struct json_writer *w, const struct backups_file *file)
{
    json_object_begin(w);
    json_key(w, "name");
    json_put_string(w, file->name);
    json_key(w, "madeAt");
    json_put_time(w, file->made_ms);
    json_key(w, "bytes");
    json_put_int(w, file->bytes);
    json_object_end(w);
}

void render_topics(struct json_writer *w, const char *topics)
{
    json_array_begin(w);
    while (*topics != '\0') {
        size_t len = strcspn(topics, " ");
        json_put_text(w, topics, len);
        topics += len;
        topics += *topics == ' ';
    }
    json_array_end(w);
}

void render_post(struct json_writer *w, const struct post *post)
{
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, post->id);
    json_key(w, "teamId");
    json_put_id(w, post->team_id);
    json_key(w, "author");
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, post->author_id);
    json_key(w, "name");
    json_put_string(w, post->author_name);
    json_key(w, "role");
    json_put_string(w, role_name(post->author_role));
    json_object_end(w);
    json_key(w, "body");
    json_put_string(w, post->body);
    json_key(w, "topics");
    render_topics(w, post->topics);
    json_key(w, "hidden");
    json_put_string(w, hidden_name(post->hidden));
    json_key(w, "pinned");
    json_put_bool(w, post->pinned_ms != 0);
    json_key(w, "pinnedAt");
    json_put_time(w, post->pinned_ms);
    json_key(w, "liked");
    json_put_bool(w, post->liked);
    json_key(w, "count");
    json_put_int(w, post->likes);
    json_key(w, "createdAt");
    json_put_time(w, post->created_ms);
    json_key(w, "editedAt");
    json_put_time(w, post->edited_ms);
    json_object_end(w);
}

void render_like(struct json_writer *w, int64_t post_id, int64_t count)
{
    json_object_begin(w);
    json_key(w, "postId");
    json_put_id(w, post_id);
    json_key(w, "count");
    json_put_int(w, count);
    json_object_end(w);
}

void render_notice(struct json_writer *w, const struct notice *notice)
{
    json_object_begin(w);
    json_key(w, "id");
    json_put_id(w, notice->id);
    json_key(w, "kind");
    json_put_string(w, notice_kind_name(notice->kind));
    json_key(w, "teamId");
    json_put_id(w, notice->team_id);
    json_key(w, "title");
    json_put_string(w, notice->title);
    json_key(w, "body");
    json_put_string(w, notice->body);
    json_key(w, "link");
    json_put_string(w, notice->link);
    json_key(w, "createdAt");
    json_put_time(w, notice->created_ms);
    json_object_end(w);
}

const char *render_excerpt(struct arena *arena, const char *text, size_t chars, const char *until)
{
    size_t line = strcspn(text, until);
    size_t at = 0;
    for (size_t i = 0; at < line && i < chars; i++)
        do
            at++;
        while (at < line && ((unsigned char)text[at] & 0xc0) == 0x80);
    return arena_printf(arena, "%.*s%s", (int)at, text, text[at] == '\0' ? "" : "…");
}

void render_list_begin(struct json_writer *w)
{
    json_object_begin(w);
    json_key(w, "items");
    json_array_begin(w);
}

void render_list_end(struct json_writer *w, int64_t last_id, size_t count, size_t limit)
{
    json_array_end(w);
    json_key(w, "next");
    json_put_id(w, count == limit ? last_id : 0); /* 0 is written as null */
}
